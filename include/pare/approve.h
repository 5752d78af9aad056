/* approve: may this plan run now? Judged at execution time on what pare fetched itself. */
#ifndef PARE_APPROVE_H
#define PARE_APPROVE_H

#include "pare/config.h"
#include "pare/plan.h"
#include "pare/port.h"
#include "pare/receipt.h"

struct approval {
	struct plan *plan; /* as read from the protected branch's tip */
	char tip[OID_HEX];
	bool approved;
	bool finished;     /* a receipt says it was applied (or undone) already */
	bool started;      /* refs/pare/applied/<digest> exists, not finished: resume */
	const char *missing; /* why not, and from whom; NULL when approved */
	struct approval_note *note;
	size_t note_count;
};

/* Fetches once, checks that the tip descends from the last accepted one (kept in the store under
 * tips/), and lists every plan on the tip with its approval. account NULL: all accounts. */
bool approvals_read(struct arena *a, const struct review_port *review,
		    const struct store_port *store, const struct config *config,
		    const char *account, int64_t now_ms, struct approval **out, size_t *count,
		    char tip[OID_HEX], struct err *e);

/* Creates refs/pare/applied/<digest> before the first write, so that a second runner sees the plan
 * as started even if this machine dies. ERR_CONFLICT when it exists. */
bool applied_mark(struct arena *a, const struct review_port *review, const char *digest,
		  const char *tip, struct err *e);

#endif
