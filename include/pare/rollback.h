/* rollback: the inverse of what a receipt says was done, drafted as a plan that takes the same
 * road: reviewed, approved, applied. Three-way: what a person changed since is never overwritten; it
 * is named and shown, and the rollback refused or drafted without it. */
#ifndef PARE_ROLLBACK_H
#define PARE_ROLLBACK_H

#include "pare/catalog.h"
#include "pare/draft.h"
#include "pare/evidence.h"
#include "pare/plan.h"
#include "pare/receipt.h"

struct rollback_policy { /* a managed policy of the plan, as it is now */
	const char *arn;
	bool gone;
	const char *document, *document_sha256; /* of the default version; NULL when gone */
	struct str_list others; /* "role/Name", "user/Name": who else uses one that the plan created */
	size_t bounded;         /* how many entities it bounds */
};
struct rollback_policies {
	struct rollback_policy *item;
	size_t count;
};
/* Reads the managed policies that the plan took away or created. Who uses those it created is left
 * out where the credentials may not ask. */
bool rollback_read(struct arena *a, const struct read_port *aws, const struct plan *done,
		   struct rollback_policies *out, struct err *e);

struct rollback_ask {
	const struct plan *done;         /* the applied plan */
	const struct receipt *receipt;
	const struct principal *live;    /* the principal now */
	const struct rollback_policies *policies;
	const struct document_list *documents; /* of before `done`; only a rollback in part needs them */
	const struct quota *quota;
	enum undo_scope scope;
	struct str_list patterns; /* UNDO_PART: "s3:ListBucket", "s3:*" */
	bool leave_touched;       /* UNDO_PART, too: leave what a person changed */
};

/* The plan, its gates filled, sealed. NULL with ERR_STALE where a person's change is in the way
 * (rollback_changes says which), ERR_REFUSED where there is nothing to take back. A rollback of the
 * untouched that finds nothing touched is one of the whole. */
struct plan *rollback_draft(struct arena *a, const struct draft_setting *s,
			    const struct rollback_ask *ask, struct err *e);

/* What differs on the principal from what the plan left there. */
struct rollback_change {
	const char *policy; /* ARN, or inline policy's name */
	bool inlined;
	const char *what;   /* "was added", "is gone", "was changed", "was put back" */
	const char *diff;   /* unified diff from what the plan left to what is there; "" where unknown */
};
size_t rollback_changes(struct arena *a, const struct rollback_ask *ask,
			struct rollback_change **out);

/* Does the rollback lead back as it says, giving at no step more than was there before or is there
 * now? NULL: it does; else why not. The plan's own word counts for nothing: `done` is what was
 * carried out, `documents` are checked by their digests, `back` is refused whatever its gates say. */
const char *rollback_wrong(struct arena *a, const struct catalog *catalog, const struct plan *back,
			   const struct plan *done, const struct document_list *documents);

/* "s3", "s3:ListBucket", "s3:List*" as a pattern of actions: "s3:*" for a service alone. */
bool rollback_pattern(struct arena *a, const char *service, const char *action, struct str_list *out,
		      struct err *e);

#endif
