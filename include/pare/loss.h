/* loss: what a change takes away, in actions people know, over the catalogue. */
#ifndef PARE_LOSS_H
#define PARE_LOSS_H

#include "pare/contain.h"

struct loss_service {
	const char *prefix;
	struct str_list kept;    /* actions still allowed somewhere, AWS's spelling, sorted */
	struct str_list removed; /* actions allowed before and nowhere after */
};

struct loss {
	size_t actions_before;
	size_t actions_after;
	size_t actions_removed;
	struct str_list services_removed; /* allowed before, nothing of it after */
	struct loss_service *service;     /* services allowed before, sorted by prefix */
	size_t service_count;
	struct str_list unknown_actions; /* literal actions of the policies the catalogue lacks */
};

/* An action counts as allowed when some Allow statement's action patterns match it and no
 * unconditional Deny on every resource covers it. */
struct loss loss_of(struct arena *a, struct policy_set before, struct policy_set after,
		    const struct catalog *catalog);

#endif
