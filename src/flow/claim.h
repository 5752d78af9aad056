/* claim: one proposal for one change, however many ask for it at the same time. Private to src/flow.
 *
 * A plan's name and digest hold the moment it was made, so two workers that draft the same change draft
 * two plans, on two branches that do not get into each other's way. What they have in common is the
 * change itself: the claim's reference refs/pare/proposals/<key> is named by it, and the first to
 * create it decides which plan is proposed.
 *
 *   K1  A branch is pushed only for the plan that the claim on the remote holds.
 *   K2  A claim moves by compare-and-swap only: from nothing or an expired one to a plan, and once
 *       from that plan to settled.
 *   K3  Whoever finds a claim that is not settled carries its plan on to the end: its proposer may be
 *       dead, and doing it twice gives the same branch.
 *   K4  A settled claim is not carried on: a reviewer who has deleted the branch does not get it back
 *       until the plan has expired. */
#ifndef PARE_FLOW_CLAIM_H
#define PARE_FLOW_CLAIM_H

#include "pare/plan.h"
#include "pare/port.h"

struct claim {
	const char *ref;
	char oid[OID_HEX];  /* "": there is none */
	struct plan *plan;  /* that it holds; NULL: none, or one that has expired */
	bool settled;
	const char *branch; /* settled: that it was proposed on */
};

/* SHA-256 of what is to be done to which principal in which state, without times and names made
 * of them. */
char *claim_key(struct arena *a, const struct plan *p);
/* Of this change, as last fetched. */
bool claim_read(struct arena *a, const struct review_port *review, const struct plan *p,
		int64_t now_ms, struct claim *out, struct err *e);
/* Claims the change for the plan: ERR_CONFLICT when somebody else did. */
bool claim_take(struct arena *a, const struct review_port *review, const struct plan *p,
		const char *author, int64_t now_ms, struct claim *c, struct err *e);
bool claim_settle(struct arena *a, const struct review_port *review, const char *branch,
		  const char *author, int64_t now_ms, struct claim *c, struct err *e);
/* A plan for the same change that somebody proposed without a claim, on an open branch or merged,
 * and not expired; NULL: none. */
bool claim_elsewhere(struct arena *a, const struct review_port *review, const char *target,
		     const struct plan *p, int64_t now_ms, struct plan **out, struct err *e);

#endif
