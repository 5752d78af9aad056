/* pace: how many requests may be under way at one service, and how often one may be sent. Pure: the
 * caller says what the time is and what was answered.
 *
 * Additive increase, multiplicative decrease, of two things:
 *   window  requests under way: one more for every window of good answers; times 0.7 when throttled,
 *           once a round trip.
 *   rate    requests a second: unlimited until the service throttles; then less by the part that was
 *           refused in the last second, or 0.8 of what was accepted where most was refused; 15 % of
 *           that more every second in which it is used up. So about one in seven is refused at the
 *           edge of what a service tolerates.
 * A service that says when to come back (Retry-After) is left alone until then. */
#ifndef PARE_PACE_H
#define PARE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACE_SLOTS = 10, PACE_SLOT_MS = 100 };

struct pace {
	double window, window_max;
	size_t under_way;
	double rate;       /* requests a second; 0 not limited */
	double step;       /* by which it grows every second */
	double tokens;     /* what of it is saved up */
	int64_t tokens_ms, grown_ms;
	int64_t hold_ms;   /* nothing is sent before */
	int64_t cut_ms;    /* last decrease of the window: what was sent before says nothing new */
	int64_t slowed_ms; /* last decrease of the rate */
	struct {
		int64_t number;
		unsigned accepted, refused;
	} slot[PACE_SLOTS]; /* the last second */
};

enum pace_answer { PACE_ACCEPTED, PACE_THROTTLED, PACE_NEITHER };

void pace_open(struct pace *p, size_t window_max, int64_t now_ms);
/* When the next request may be sent: now_ms or earlier: now; INT64_MAX: not before an answer. */
int64_t pace_due_ms(struct pace *p, int64_t now_ms);
void pace_sent(struct pace *p, int64_t now_ms);
/* hold_ms: how long the service asked to be left alone; 0 it did not. */
void pace_answered(struct pace *p, enum pace_answer answer, int64_t sent_ms, int64_t now_ms,
		   int64_t hold_ms);

#endif
