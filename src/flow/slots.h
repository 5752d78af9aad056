/* slots: the existing policies a recommendation is about, each with what becomes of it; private to
 * src/flow/draft*. */
#ifndef PARE_SLOTS_H
#define PARE_SLOTS_H

#include "pare/draft.h"

struct slot {
	const char *id;  /* the existing policy: ARN, or an inline policy's name */
	bool inlined;
	bool remove;   /* it goes */
	bool last;     /* nothing replaces it by itself: it goes when everything else is done */
	bool original; /* what replaces it is there already (managed) and only needs to be attached */
	const char *source; /* the slot its steps are shown under; NULL: its own id */
	const char *old_document, *old_sha256;
	const char **document; /* what replaces it: exact texts; none: wholly unused */
	const char **sha256;
	const char **name; /* new policy names */
	const char **arn;  /* new policy ARNs (managed) */
	size_t count;
};

struct slots {
	struct slot *slot;
	size_t count;
};

/* Pairs CREATE and DETACH by existing policy, whatever their order; where the rules keep something, or
 * AWS made no recommendation, the documents are derived anew by policy_refine; names the new
 * policies. */
bool slots_read(struct arena *a, const struct draft_setting *s, const struct gathered *g,
		const struct gathered_item *item, const struct decision *d, struct slots *out,
		struct err *e);

/* The name of what replaces a policy. */
const char *slot_new_name(struct arena *a, const char *old, const char *sha256);

/* Steps for the slots, in the first of the orders that stays inside the quotas at every instant:
 * additions first; wholly unused policies first; policy by policy; bridged by temporary inline
 * policies. When none fits, the first order, and the quota gate says what is missing. */
void slots_order(struct arena *a, const struct slots *slots, const struct principal *p,
		 const char *plan_id, const struct quota *quota, struct plan *plan);

/* NULL when the plan's steps stay inside the quotas at every instant, else what is missing. */
const char *quota_walk(struct arena *a, const struct plan *plan, const struct principal *before,
		       const struct quota *quota);

#endif
