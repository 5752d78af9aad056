/* observe: one role's live state read role by role, for the moment of execution: GetRole, attached
 * policies with their documents, inline policies. A machine: ask, answer, until done. */
#ifndef PARE_OBSERVE_H
#define PARE_OBSERVE_H

#include "pare/call.h"
#include "pare/port.h"

struct observe;

/* Reads role `name`; documents of managed policies known by (arn, version) in `known` (may be NULL)
 * are not fetched again: versions are immutable. */
struct observe *observe_new(struct arena *a, const char *role, const struct principal *known);
/* The next call to make, or NULL: finished (then observe_result), or failed. */
struct call *observe_ask(struct observe *o);
bool observe_finished(const struct observe *o); /* nothing is left to ask */
void observe_answer(struct observe *o, struct call *answered);
bool observe_role_missing(const struct observe *o); /* AWS said so of the role itself */
/* After the end: the principal, or NULL with the error (ERR_NOT_FOUND: the role is gone). */
struct principal *observe_result(struct observe *o, struct err *e);

/* All of it at once over a port. */
struct principal *observe_role(struct arena *a, const struct read_port *aws, const char *role,
			       const struct principal *known, size_t *calls, struct err *e);

#endif
