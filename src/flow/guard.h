/* guard: what may stop the executor between two writes: a stop that somebody ordered, the change
 * window, the change calendar; private to src/flow.
 *
 * Between two writes every role holds all that its plan leaves it (W1), going forward or back: so that
 * is where a run stops, resumable. */
#ifndef PARE_GUARD_H
#define PARE_GUARD_H

#include "pare/config.h"
#include "pare/plan.h"
#include "pare/port.h"
#include "pare/stop.h"
#include "pare/window.h"

struct guard {
	struct arena *arena;
	const struct config *config;
	const struct review_port *review;
	const struct calendar_port *calendar; /* or NULL */
	int64_t stop_tried_ms, stop_seen_ms;  /* last look at the remote; last that succeeded */
	struct stop stop;
	bool asked;           /* the calendar, at asked_ms */
	int64_t asked_ms, calendar_next_ms;
	bool calendar_open;
	struct err calendar_err; /* kind ERR_NONE: it answered */
};

/* The remote was fetched just now. */
bool guard_start(struct guard *g, int64_t now_ms, struct err *e);
/* stop.c. Looks at most every few seconds; ERR_REFUSED: a stop is ordered; ERR_UNAVAILABLE: nobody can
 * tell, and this is no undoing. */
bool guard_stop(struct guard *g, bool undoing, int64_t now_ms, struct err *e);
/* window.c. ERR_REFUSED says when it goes on. A rollback and undoing may go on at any time. */
bool guard_window(struct guard *g, const struct plan *plan, bool undoing, int64_t now_ms,
		  struct err *e);

/* Gate `window` of a plan made now: passes when the window opens before the plan expires. */
struct gate window_gate(struct arena *a, const struct config *c, const struct plan *p, int64_t now_ms);
/* Why the plan has to wait, by the windows and freezes (not by the calendar): NULL when it has not. */
const char *window_obstacle(struct arena *a, const struct config *c, const struct plan *p,
			    int64_t now_ms);

#endif
