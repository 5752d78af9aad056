/* rollback_parts: what of a carried-out plan belongs together; private to src/flow/rollback*. */
#ifndef PARE_ROLLBACK_PARTS_H
#define PARE_ROLLBACK_PARTS_H

#include "apply_states.h"
#include "pare/rollback.h"

/* One policy that the plan took away or brought. */
struct part_member {
	const struct state_slot *slot; /* of the plan's states */
	const char *was, *became;      /* digests before and after the plan; one of them is NULL */
};

/* An existing policy with what replaced it: what one must stand for when the other goes. */
struct part {
	const char *source;
	struct part_member *gone, *came;
	size_t gone_count, came_count;
};

struct parts {
	struct states *states;
	struct part *part;
	size_t count;
};

struct parts *parts_of(struct arena *a, const struct plan *done);
/* The member that is this slot, or NULL. */
const struct part_member *parts_member(const struct parts *p, bool inlined, const char *id);

/* NULL, or what a digest means on a principal: "" not there. */
const char *live_digest(const struct principal *live, bool inlined, const char *id);

/* rollback_prove.c: the proofs of a rollback in part. Each is NULL when it holds at every step. */
struct part_proof {
	const char *wider;    /* something that was allowed neither before nor now */
	const char *beyond;   /* something more than now that the patterns do not match */
	const char *lost;     /* something that is allowed now */
	const char *unlike;   /* a grant whose resources and conditions stood nowhere before */
};
bool part_prove(struct arena *a, const struct catalog *catalog, const struct plan *back,
		const struct principal *before, const struct principal *now, struct part_proof *out,
		struct err *e);

#endif
