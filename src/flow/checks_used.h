/* checks_used: what IAM remembers of a principal's last use of its permissions, asked for once a plan.
 * Private to src/flow. */
#ifndef PARE_FLOW_CHECKS_USED_H
#define PARE_FLOW_CHECKS_USED_H

#include "pare/checks.h"

struct checker {
	struct arena *arena;
	const struct checks *checks;
	const struct plan *plan;
	const struct principal *before; /* NULL where it is not needed */
	bool asked, known;
	struct err why; /* not known */
	struct last_access *access;
	size_t count;
};

bool checker_ask(struct checker *k, struct call *c, struct err *e);
/* The same words for the same trouble: they stand in plans. */
const char *checker_why(struct checker *k, const struct err *e);
/* *used: the first thing that goes and was used since the finding was made; NULL: nothing. */
bool checker_used_since(struct checker *k, const char **used, struct err *e);
/* The tracked actions that were ever used and do not go. */
bool checker_kept(struct checker *k, struct str_list *actions, struct err *e);

#endif
