/* stop: the kill switch. Whoever may push to the review repository can stop every executor at its
 * next step: by any commit at refs/pare/stop, or by a file STOP on the protected branch. */
#ifndef PARE_STOP_H
#define PARE_STOP_H

#include "pare/config.h"
#include "pare/port.h"

struct stop {
	bool ordered;
	const char *by;     /* where the order stands and how it is lifted; NULL: none */
	const char *reason; /* the file's first line, printable; or NULL */
};

/* As last fetched. What stands there and cannot be read is an order, too. */
bool stop_read(struct arena *a, const struct review_port *review, const struct config *config,
	       struct stop *out, struct err *e);

#endif
