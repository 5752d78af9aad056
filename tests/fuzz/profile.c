/* Any bytes as a config or credentials file (the first byte says which): settings or an error that
 * names the line and holds nothing of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct arena *a = arena_new(NULL);
	struct profile_set set = {0};
	struct err e = {.kind = ERR_NONE};
	bool credentials = data[0] % 2 == 1;
	if (!profile_add(a, &set, (const char *)data + 1, size - 1, "file", credentials, &e) &&
	    (e.kind != ERR_USAGE || strlen(e.message) > 120))
		abort();
	for (size_t i = 0; i < set.count; i++) {
		const struct profile_section *s = &set.section[i];
		if (s->kind == NULL || s->name == NULL)
			abort();
		for (size_t k = 0; k < s->count; k++) {
			if (s->property[k].key[0] == '\0' || s->property[k].value == NULL)
				abort();
			profile_nested(a, &set, s->kind, s->name, s->property[k].key,
				       "endpoint_url");
		}
	}
	endpoint_configured(a, "iam", &set);
	arena_free(a);
	return 0;
}
