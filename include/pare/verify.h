/* verify, status: where every plan stands, and whether the chain of digests holds. Reads the state
 * folder and the mirror only. */
#ifndef PARE_VERIFY_H
#define PARE_VERIFY_H

#include "pare/apply.h"

enum standing {
	STANDING_DRAFTED, STANDING_BLOCKED, STANDING_PROPOSED, STANDING_APPROVED, STANDING_APPLYING,
	STANDING_APPLIED, STANDING_ROLLED_BACK, STANDING_UNDONE, STANDING_NEEDS_PERSON,
	STANDING_EXPIRED,
};
const char *standing_name(enum standing s); /* "drafted" … "needs a person" */

struct plan_status {
	const char *id, *digest, *account, *principal_arn;
	enum standing standing;
	const char *detail; /* one sentence: what is missing or what to run next */
	const char *analyzer, *finding; /* the plan's source, or NULL */
	bool follows;       /* a plan about permissions: its finding is to become RESOLVED */
	const char *after_plan, *after_at; /* the applied plan of the same principal before it, or NULL */
	const char *run;    /* the run that carried it out, or NULL */
	size_t steps_done, step_count;
};

/* review NULL: the state folder alone. approvals as for approvals_read. Sorted by id. */
bool status_read(struct arena *a, const struct store_port *store, const struct review_port *review,
		 const struct approval_port *approvals, const struct config *config, int64_t now_ms,
		 struct plan_status **out, size_t *count, struct err *e);

struct verify_line {
	const char *subject;
	bool ok;
	const char *detail;
};
/* receipt → journal → plan → recommendation, for every receipt on pare/log; every mark of a plan has
 * its receipt, unchanged since; and the log follows what this state folder saw of it last. Links in
 * order: the first that is not ok is the one that broke. */
bool verify_chain(struct arena *a, const struct review_port *review, const struct store_port *store,
		  const struct config *config, struct verify_line **out, size_t *count, struct err *e);

#endif
