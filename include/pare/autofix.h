/* autofix: which plans a standing approval lets run unattended, judged like every approval: at
 * execution time, on what pare fetched itself, by the executor's own configuration.
 *
 * A1 only a standing approval that the configuration names is honoured, on the protected branch's tip,
 *    in canonical form, for this repository and branch, unexpired, signed by enough distinct people of
 *    the configuration's own list, now; A2 a plan runs only in the scope of one, all gates passed, in
 *    its caps; A3 what runs was drafted by this run, or begun by this machine: nothing is taken from
 *    pare/log but what it says was done; A4 the plan is on pare/log before its first write. */
#ifndef PARE_AUTOFIX_H
#define PARE_AUTOFIX_H

#include "pare/propose.h"
#include "pare/session.h"
#include "pare/standing.h"

struct standing_approval {
	const char *name;
	const struct standing *standing; /* NULL when it could not be read */
	struct str_list signers;         /* whose signatures count */
	const char *wrong;               /* why it is not honoured now; NULL: it is */
	size_t today;                    /* plans carried out under it within a day, by the receipts */
};

struct autofix_item {
	struct proposal_item item;
	const struct standing_approval *under; /* which one lets it run; NULL: none */
	const char *why;                       /* why none does, or why it has to wait */
	bool waits;                            /* in scope, and over a cap: for a later run */
	bool resumed;                          /* begun by an earlier run of this machine */
	bool recorded;                         /* by an earlier run that marked it and ended there */
	bool asked;                            /* its account's session asked for it */
	bool counted;                          /* carried out: its receipt is among those of today */
};

struct autofix {
	struct arena *arena;
	const struct review_port *review;
	const struct store_port *store;
	const struct config *config;
	const struct approval_port *approvals;
	struct str_list accounts; /* where plans begun before are looked for; empty: everywhere */
	const char *account;      /* whose session asks autofix_approved */
	size_t principals_seen; /* of all accounts: what percentages count against */
	char tip[OID_HEX], log[OID_HEX];
	struct standing_approval *standing;
	size_t standing_count;
	struct autofix_item *item;
	size_t count;
};

/* Fetches, reads the standing approvals, and sorts the items: under or why is set for each. Plans
 * that this machine began and did not end are put in front. ERR_REFUSED: a stop is ordered. */
bool autofix_sort(struct autofix *x, const struct proposal_item *item, size_t count, int64_t now_ms,
		  struct err *e);
/* A4: commits the plans that will run, with their evidence, to pare/log. */
bool autofix_record(struct autofix *x, int64_t now_ms, struct err *e);
/* For session_run, account by account (x->account): the digests of those that will run there; and
 * who approves them. Caps count over all accounts of the run. */
void autofix_digests(const struct autofix *x, const char *account, struct str_list *digests);
struct approved_port autofix_approved(struct autofix *x);

#endif
