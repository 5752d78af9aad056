/* Any bytes as a file of the AWS CLI's SSO cache: a token that a header can carry, or a refusal. */
#include "fuzz_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct sso_token t;
	struct err e;
	char *text = arena_copy(a, data, size);
	if (sso_token_parse(a, text, size, &t, &e)) {
		if (str_empty(t.access))
			abort();
		for (const char *c = t.access; *c != '\0'; c++)
			if (*c <= 0x20 || *c >= 0x7f)
				abort();
	} else if (e.kind != ERR_AUTH || strlen(e.message) > 100) {
		abort();
	}
	arena_free(a);
	return 0;
}
