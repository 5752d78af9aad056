/* rollback: the inverse of what a receipt says was done, drafted as a plan that takes the same
 * road: reviewed, approved, applied. Three-way: what a person changed since is never overwritten;
 * it is named and refused. */
#ifndef PARE_ROLLBACK_H
#define PARE_ROLLBACK_H

#include "pare/draft.h"
#include "pare/plan.h"
#include "pare/receipt.h"

struct rollback_document { /* a managed policy that the plan detached, as it is now */
	const char *arn, *document, *document_sha256;
};
struct rollback_documents {
	struct rollback_document *item;
	size_t count;
};
/* Reads them; one that is gone is left out. */
bool rollback_read(struct arena *a, const struct read_port *aws, const struct plan *done,
		   struct rollback_documents *out, struct err *e);

/* `done` is the applied plan, `live` the principal now. Gates are filled; the plan is sealed. */
struct plan *rollback_draft(struct arena *a, const struct draft_setting *s, const struct plan *done,
			    const struct receipt *receipt, const struct principal *live,
			    const struct rollback_documents *documents, const struct quota *quota,
			    struct err *e);

#endif
