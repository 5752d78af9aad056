/* sim_checks: what is watched of each role and user. */
#ifndef PARE_SIM_CHECKS_H
#define PARE_SIM_CHECKS_H

#include "../../src/sandbox/model.h"
#include "sim.h"

#define SIM_ACCOUNT "111122223333"

struct watched {
	enum principal_type type;
	const char *name;
	const char *before;             /* picture of the role or user */
	struct principal *principal;    /* the same, as pare reads it */
	const char **resource;          /* beside the role's used actions */
	const struct plan *plan[4];     /* in the order of approval */
	size_t plan_count;
	int64_t added_ms;               /* when pare last added something to it */
	struct str_list added;          /* in this phase */
	struct str_list standing;       /* of these, what was not removed since */
	bool disturbed;                 /* a person changed what the plan is about */
	struct str_list kept;           /* lines of the picture that a person put there */
};
struct checks {
	struct watched *role;
	size_t count;
	const char *policies;           /* those that are not pare's */
	bool policies_disturbed;
};

void checks_open(struct sim *s);
void checks_plan(struct sim *s, const struct plan *p);
struct watched *checks_role(struct sim *s, const char *name);

#endif
