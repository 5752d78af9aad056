/* event: what Access Analyzer tells through EventBridge, as a message of a queue holds it: the event
 * itself, or wrapped once by SNS. Delivery is best-effort (missing, twice, in any order), and whoever
 * may write to the queue can write anything: an event is a hint to look at a finding, and nothing in
 * it decides anything. Shapes: IAM User Guide, "Monitoring with EventBridge". */
#ifndef PARE_EVENT_H
#define PARE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"

enum { EVENT_MAX_BYTES = 1048576 }; /* of an SQS message */

enum event_kind {
	EVENT_UNUSED_ACCESS, /* "Unused Access Finding for IAM entities": the finding is to be read */
	EVENT_OTHER,         /* another of Access Analyzer's events: about nothing that pare changes */
};

struct event {
	enum event_kind kind;
	const char *detail_type;
	/* Of EVENT_UNUSED_ACCESS: */
	const char *finding;  /* id: 1 to 128 of A-Z a-z 0-9 - _ . */
	const char *analyzer; /* its ARN */
	/* As the event says, for people only; NULL where it does not say: */
	const char *resource, *status, *version;
};

/* false, ERR_INPUT: it is no event of Access Analyzer. */
bool event_parse(struct arena *a, const char *body, size_t len, struct event *out, struct err *e);

#endif
