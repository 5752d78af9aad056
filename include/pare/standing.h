/* standing: a signed, scoped, expiring statement that lets a class of plans run unattended.
 *
 * File standing/<name>.json of the review repository, schema pare.standing/v1, canonical JSON (json.h):
 * parse and print give the same bytes, anything else is refused. Its signatures (ssh-keygen -Y sign,
 * namespace standing-approval@pare) are over these bytes. */
#ifndef PARE_STANDING_H
#define PARE_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/plan.h"
#include "pare/str.h"

#define STANDING_NAMESPACE "standing-approval@pare"
enum { STANDING_MAX_BYTES = 65536 };

struct standing {
	const char *name;
	const char *repository, *branch; /* it holds for no others */
	struct str_list accounts;        /* sorted */
	struct str_list roles;           /* globs over path and name: "/app/Web-*" */
	struct tag *tag;                 /* each must be on the role with this value; sorted */
	size_t tag_count;
	struct str_list steps;           /* kinds that a plan may consist of; sorted */
	const char *rules_sha256;        /* the rules it was thought of with */
	struct str_list gates;           /* must be in the plan, and pass; sorted */
	int64_t per_run, per_day, percent;
	const char *expires_at;
	int64_t signers;                 /* distinct people; at least 1 */

	const char *digest; /* SHA-256 of the file's bytes; not in the file */
};

struct standing *standing_parse(struct arena *a, const char *bytes, size_t len, const char *what,
				struct err *e);
void standing_print(const struct standing *s, struct buf *out);
bool standing_name_valid(const char *name); /* letters, digits, '-' and '_' */

/* What a step does, in the words of a scope; NULL where there is none:
 *   detach-unused-aws-managed, detach-unused-customer-managed, delete-unused-inline
 *   replace-aws-managed, replace-customer-managed, replace-inline
 *   archive-finding */
const char *standing_step_kind(const struct plan *p, size_t step);

/* Why the plan is outside the scope, or NULL. role: as it was read when the plan was drafted; NULL:
 * its tags were judged before, and the plan's own precondition holds them. Caps, signatures and
 * expiry are not asked here. */
const char *standing_outside(struct arena *a, const struct standing *s, const struct plan *p,
			     const struct principal *role);

#endif
