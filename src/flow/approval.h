/* approval: what approve and status both ask of the review repository; private to src/flow. */
#ifndef PARE_APPROVAL_H
#define PARE_APPROVAL_H

#include "pare/approve.h"

/* accounts/<account>/plans/<id>/plan.json taken apart; false when the path is none. */
bool plan_path_read(struct arena *a, const char *path, const char **account, const char **id);

/* The plan at a path of a commit. What cannot be read or parsed gives a plan of empty members with
 * its id, account and, where its bytes could be read, digest, and *wrong says why. */
struct plan *plan_at(struct arena *a, const struct review_port *review, const char *commit,
		     const char *path, const char **wrong);

/* Why this plan, merged, may not run now; NULL when it may. begun: it was begun in time, so its
 * expiry does not count any more. */
const char *plan_obstacle(struct arena *a, const struct config *config, const struct plan *p,
			  int64_t now_ms, bool begun);

/* The receipt for exactly these bytes on pare/log, or NULL with *e untouched when there is none;
 * damage is an error (ok=false). log "" means that there is no log yet. */
bool receipt_find(struct arena *a, const struct review_port *review, const char *log,
		  const struct plan *p, struct receipt **out, struct err *e);

/* Where the state folder keeps the tip of pare/log that was seen last; and whether a log ("" none)
 * follows it. *last NULL: none was seen yet. (receipts.c) */
const char *log_tip_name(struct arena *a, const char *url);
bool log_follows(struct arena *a, const struct review_port *review, const struct store_port *store,
		 const char *log, const char **last, bool *yes, struct err *e);

#endif
