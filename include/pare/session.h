/* session: one run of the executor over one account: the account's lock, the approvals as they are
 * then, the marks that tell other machines, the changes, the receipts, the lock given back. */
#ifndef PARE_SESSION_H
#define PARE_SESSION_H

#include "pare/apply.h"
#include "pare/lock.h"
#include "pare/window.h"

/* Whose word lets plans run: in place of approvals_read. Fetches. */
struct approved_port {
	void *self;
	bool (*read)(void *self, struct arena *a, int64_t now_ms, struct approval **out, size_t *count,
		     char tip[OID_HEX], struct err *e);
};

struct session {
	struct apply_setting setting; /* tip and guard are the session's own */
	struct write_port aws;
	const struct read_port *reads; /* to ask AWS about plans again (checks.h); NULL: it is not asked */
	const struct review_port *review;
	const struct approval_port *approvals; /* or NULL, as for approvals_read */
	const struct approved_port *approved; /* or NULL: what is on the protected branch */
	const struct calendar_port *calendar; /* or NULL: a configured calendar then counts as closed */
	const struct store_port *store;
	const struct clock_port *clock;
	const struct progress_port *progress; /* or NULL */
	const char *host; /* for people who find the account locked */
	const char *run;  /* id of a run over several accounts; NULL: one of its own */
};

/* "20261124T030923Z-111122223333-042": of the account whose credentials it began with. */
const char *session_run_id(struct arena *a, const char *account, int64_t now_ms);

/* Carries out the approved plans with these digests. The account is locked first, then the approvals
 * are read anew: what another executor finished meanwhile is left out. *report has *count entries,
 * also where false is returned after the changes (receipts not published, lock not given back): the
 * error says so. ERR_REFUSED when another executor has the account, a stop is ordered, or all that
 * could be begun has to wait for the change window. */
bool session_run(struct arena *a, const struct session *s, const struct str_list *digests,
		 struct apply_report **report, size_t *count, struct err *e);

#endif
