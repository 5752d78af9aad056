/* follow: the findings of applied plans, asked again of Access Analyzer until they are RESOLVED. What
 * was learnt stays in the state folder, so that `status` shows it without network. */
#ifndef PARE_FOLLOW_H
#define PARE_FOLLOW_H

#include "pare/port.h"
#include "pare/verify.h"

struct followed {
	const char *status;     /* ACTIVE, ARCHIVED, RESOLVED; GONE: Access Analyzer knows it no more */
	const char *updated_at; /* as AWS wrote it, or NULL */
	const char *checked_at;
	const char *remainder;  /* id of an ACTIVE finding about the same principal that came since, or NULL */
};

/* What is known of the plan's finding; NULL where it was never asked. */
bool follow_known(struct arena *a, const struct store_port *store, const char *plan_id,
		  struct followed **out, struct err *e);

/* Asks about every applied plan of these whose finding is not known to be resolved, and keeps the
 * answers. One analyzer's trouble does not stop the others: *failed counts what could not be asked, and
 * the error is the first. *open: how many are still not resolved. */
bool follow_refresh(struct arena *a, const struct read_port *aws, const struct store_port *store,
		    const struct plan_status *plan, size_t count, int64_t now_ms, size_t *open,
		    size_t *failed, struct err *e);

#endif
