/* approval_evidence: from a receipt back to the signatures that it tells of. Whose keys they were is the
 * past's to say: lists of signers change, the bytes of a commit do not. */
#include <string.h>

#include "approval.h"
#include "pare/sshsig.h"
#include "pare/str.h"
#include "pare/sums.h"

/* "TYPE key SHA256:…, PATH at COMMIT, checked at TIME", as approval_policy.c writes it. */
static bool take_detail(struct arena *a, const char *detail, const char **print, const char **path)
{
	const char *key = strstr(detail, " key SHA256:"), *comma = key != NULL ? strstr(key, ", ") : NULL;
	const char *end = NULL;
	for (const char *at = comma; at != NULL && (at = strstr(at + 1, " at ")) != NULL;)
		if (str_starts(at - strlen(".sums"), ".sums at ") && end == NULL)
			end = at;
	if (end == NULL)
		return false;
	key += strlen(" key ");
	*print = arena_copy(a, key, (size_t)(comma - key));
	*path = arena_copy(a, comma + 2, (size_t)(end - comma - 2));
	return true;
}

const char *approval_evidence(struct arena *a, const struct review_port *review,
			      const struct receipt *r, const struct approval_note *note)
{
	const char *print, *path, *bytes, *armor;
	size_t len, armor_len;
	struct sums sums;
	struct ssh_key key;
	struct err e;
	const char *plan = str_printf(a, "accounts/%s/plans/%s/plan.json", r->account, r->plan_id);
	if (note->detail == NULL || !take_detail(a, note->detail, &print, &path))
		return str_printf(a, "the signature of %s: the receipt does not say where it stands", note->who);
	if (!review->read(review->self, a, r->tip, path, SUMS_MAX_BYTES, &bytes, &len, &e) ||
	    !sums_parse(a, bytes, len, &sums, &e) ||
	    !review->read(review->self, a, r->tip, str_printf(a, "%s.sig", path), SSHSIG_MAX, &armor, &armor_len, &e) ||
	    !sshsig_verify(a, armor, armor_len, APPROVAL_NAMESPACE, bytes, len, &key, &e))
		return str_printf(a, "the signature of %s: %s", note->who, e.message);
	if (strcmp(key.fingerprint, print) != 0)
		return str_printf(a, "'%s' is signed by key %s, and the receipt says %s", path, key.fingerprint, print);
	if (!str_equal(sums_find(&sums, plan), r->plan_digest))
		return str_printf(a, "'%s' does not name the plan's digest", path);
	return NULL;
}
