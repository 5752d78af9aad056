/* A list of signers that is taken gives every line at least one name, and the same people however it
 * is read: nobody counts by a line that is refused, and names on one line are one person. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/allowed_signers.h"
#include "pare/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int true_here)
{
	if (!true_here)
		abort();
}

static void check(struct arena *a, const struct signers *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *why;
		const struct signer *x = &s->item[i];
		need(x->names.count > 0 && x->line > 0 && x->person < s->count);
		for (size_t k = 0; k < x->names.count; k++)
			need(signers_is(s, x->person, x->names.item[k]) && x->names.item[k][0] != '\0');
		if (x->key.fingerprint == NULL) {
			need(x->refused != NULL);
			continue;
		}
		const struct signer *found = signers_find(a, s, NULL, &x->key, 1795608000000, &why);
		need(found == NULL || (found->refused == NULL && found->person == x->person));
		struct revoked_keys revoked = {(struct ssh_key *)&x->key, 1};
		need(signers_find(a, s, &revoked, &x->key, 1795608000000, &why) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(NULL);
	struct signers s;
	struct revoked_keys r;
	struct err e;
	const char *text = arena_copy(a, data, size);
	if (signers_parse(a, text, size, "fuzz", APPROVAL_NAMESPACE, &s, &e))
		check(a, &s);
	else
		need(e.message[0] != '\0');
	(void)revoked_parse(a, text, size, "fuzz", &r, &e);
	arena_free(a);
	return 0;
}
