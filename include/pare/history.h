/* history: what was carried out before, from the receipts on pare/log and the plans on the protected
 * branch: so that a finding that comes back is known, and an archive ends when its rule said. */
#ifndef PARE_HISTORY_H
#define PARE_HISTORY_H

#include "pare/gather.h"
#include "pare/plan.h"
#include "pare/receipt.h"

struct past { /* one applied plan that stands: not taken back wholly */
	const struct plan *plan;
	const char *finished_at;
};

struct history {
	struct past *past; /* oldest first */
	size_t count;
};

/* As last fetched; without a log there is no history. A receipt whose plan is not on the protected
 * branch with the same digest is left out: nothing is concluded from it. */
bool history_read(struct arena *a, const struct review_port *review, const struct config *config,
		  struct history *out, struct err *e);

/* The newest plan that changed this principal's policies; NULL: none. */
const struct past *history_of(const struct history *h, const char *principal_arn);

/* When the rule that archived ends it: the verdict's `until`, or NULL (for good, or no archive). */
const char *history_until(const struct plan *archived);

/* Adds to g the findings that a plan archived whose rule's `until` has passed and that still are
 * ARCHIVED: rules are asked anew, and where they do not archive it still, it is un-archived. Each is
 * one read; a finding that is gone is left out. */
bool gather_ended(struct arena *a, const struct read_port *aws, const struct history *h,
		  const char *analyzer, int64_t now_ms, const struct gather_filter *filter,
		  struct gathered *g, struct err *e);

#endif
