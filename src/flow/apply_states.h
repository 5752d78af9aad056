/* apply_states: what the principal looks like after each step of a plan, as digests per policy
 * slot; private to src/flow/apply*. */
#ifndef PARE_APPLY_STATES_H
#define PARE_APPLY_STATES_H

#include "pare/plan.h"

struct states {
	struct state_slot {
		bool inlined;
		const char *id;      /* ARN or inline policy's name */
		const char **value;  /* value[k]: document digest after k steps, NULL: not there */
	} *slot;
	size_t count;
	size_t steps;
};

struct states *states_of(struct arena *a, const struct plan *p);
/* Exactly as after k steps? */
bool states_match(const struct states *s, const struct principal *live, size_t k);
/* Is each policy as it is at some point of the plan, and nothing else there? An observation that
 * lags may mix points; anything else is somebody's edit, and the error names it (ERR_STALE). */
bool states_explain(const struct states *s, const struct principal *live, struct err *e);
/* The same of the policies that the plan touches alone: for undoing, which leaves all others be. */
bool states_explain_touched(const struct states *s, const struct principal *live, struct err *e);
const char *states_touched_difference(struct arena *a, const struct states *s,
				      const struct principal *live, size_t k);
/* Does step k leave its slot as it never was before? Then seeing it so is no old sight. */
bool states_new_at(const struct states *s, const struct plan *p, size_t k);
/* Does the live state show step k (0-based) in effect? Steps that touch no slot: false. */
bool states_shows(const struct states *s, const struct plan *p, const struct principal *live,
		  size_t k);
/* Do all additions up to step k stand, in the live state? */
const char *states_difference(struct arena *a, const struct states *s, const struct principal *live,
			      size_t k); /* NULL: none */

/* Does `back`, carried out, lead to exactly what stood before `done`? */
bool states_restore(struct arena *a, const struct plan *back, const struct plan *done);

#endif
