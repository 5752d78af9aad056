/* session: one run of the executor over one account: the account's lock, the approvals as they are
 * then, the marks that tell other machines, the changes, the receipts, the lock given back. */
#ifndef PARE_SESSION_H
#define PARE_SESSION_H

#include "pare/apply.h"
#include "pare/lock.h"

struct session {
	struct apply_setting setting; /* tip and guard are the session's own */
	struct write_port aws;
	const struct review_port *review;
	const struct store_port *store;
	const struct clock_port *clock;
	const struct progress_port *progress; /* or NULL */
	const char *host; /* for people who find the account locked */
};

/* Carries out the approved plans with these digests. The account is locked first, then the approvals
 * are read anew: what another executor finished meanwhile is left out. *report has *count entries,
 * also where false is returned after the changes (receipts not published, lock not given back): the
 * error says so. ERR_REFUSED when another executor has the account. */
bool session_run(struct arena *a, const struct session *s, const struct str_list *digests,
		 struct apply_report **report, size_t *count, struct err *e);

#endif
