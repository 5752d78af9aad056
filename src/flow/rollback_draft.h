/* rollback_draft: a rollback being drafted; private to src/flow/rollback*. */
#ifndef PARE_ROLLBACK_DRAFT_H
#define PARE_ROLLBACK_DRAFT_H

#include "rollback_parts.h"
#include "slots.h"

struct roll {
	struct arena *arena;
	const struct draft_setting *setting;
	const struct rollback_ask *ask;
	const struct parts *parts;
	struct plan *plan;
	struct str_list left; /* what a person changed, or cannot be given back: sentences */
};

/* rollback.c */
const struct rollback_policy *roll_policy(const struct roll *r, const char *arn);
/* The step of the plan that made a policy which is to be attached again; or NULL. */
const struct action *roll_creation(const struct roll *r, const char *arn);
/* Why a managed policy from before cannot be attached again; NULL when it can. */
const char *roll_unattachable(const struct roll *r, const struct part_member *m);
bool roll_as_left(const struct roll *r, const struct part_member *m);

/* rollback_slots.c: what is to be done, policy by policy, for slots_order. */
bool roll_slots_untouched(struct roll *r, struct slots *out, struct err *e);
/* rollback_part.c: the same for a rollback in part; `selected`: derived by selection alone. */
bool roll_slots_part(struct roll *r, bool selected, struct slots *out, struct err *e);

#endif
