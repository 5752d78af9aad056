/* observe: one role's or user's live state, for the moment of execution: GetRole or GetUser, attached
 * policies with their documents, inline policies. A machine: ask, answer, until done; several calls may
 * be under way at once. */
#ifndef PARE_OBSERVE_H
#define PARE_OBSERVE_H

#include "pare/call.h"
#include "pare/port.h"

struct observe;

/* Reads the role or user `name`; documents of managed policies known by (arn, version) in `known` (may be NULL)
 * are not fetched again: versions are immutable. */
struct observe *observe_new(struct arena *a, enum principal_type type, const char *name,
			    const struct principal *known);
/* The next call to make; NULL: finished (then observe_result), or an answer must come first. */
struct call *observe_ask(struct observe *o);
bool observe_finished(const struct observe *o); /* nothing is left to ask or to be answered */
void observe_answer(struct observe *o, struct call *answered);
bool observe_principal_missing(const struct observe *o); /* AWS said so of the role or user itself */
/* After the end: the principal, or NULL with the error (ERR_NOT_FOUND: it is gone). */
struct principal *observe_result(struct observe *o, struct err *e);

/* All of it at once over a port. */
struct principal *observe_principal(struct arena *a, const struct read_port *aws,
				    enum principal_type type, const char *name,
				    const struct principal *known, size_t *calls, struct err *e);

#endif
