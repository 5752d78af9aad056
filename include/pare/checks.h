/* checks: what AWS itself says of a plan, as further gates behind the ten: each is off, optional or
 * required in the configuration.
 *
 *   validate-policy     ValidatePolicy finds no error in any new document
 *   aws-no-new-access   CheckNoNewAccess: each new document is inside the one it replaces: a second
 *                       opinion beside pare's own proof (charged by AWS)
 *   simulate            SimulatePrincipalPolicy decides what the principal used lately, as far as IAM
 *                       tracks actions, the same with the old policies left out and the new ones in.
 *                       On resource "*" and without context, so it shows mistakes and proves nothing
 *   last-accessed       IAM saw no use of what the plan takes away since the finding was made
 *
 * What cannot be asked (AccessDenied, saved input, no answer) is unknown: it blocks where the check is
 * required; where it is optional the gate is left out, and that is said. A fail blocks in both. */
#ifndef PARE_CHECKS_H
#define PARE_CHECKS_H

#include "pare/config.h"
#include "pare/outcome.h"
#include "pare/port.h"

struct checks {
	const struct config *config;
	const struct read_port *aws; /* NULL: there is none to be asked */
	const struct clock_port *clock;
	const struct progress_port *progress; /* or NULL */
};

/* Of all plans of a run whose other gates pass; a plan that a check stops becomes blocked. Plans get
 * their digests anew. ERR_INTERRUPTED after a signal. */
bool checks_run(struct arena *a, const struct checks *s, struct run *run, struct err *e);

/* Right before a plan is carried out: false, ERR_STALE, when something it takes away was used since
 * the finding was made; ERR_REFUSED when that cannot be known and must be. */
bool checks_still_unused(struct arena *a, const struct checks *s, const struct plan *p, struct err *e);

/* checks_findings.c: are the findings that a plan archives or un-archives there to be changed? Asked
 * right before the plan is carried out, of the analyzer's own account. ERR_STALE: one is resolved. */
bool checks_findings(struct arena *a, const struct checks *s, const struct plan *p, struct err *e);

#endif
