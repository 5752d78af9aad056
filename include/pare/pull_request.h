/* pull_request: a proposal on the forge: its text, found or opened, the older ones closed, and after
 * apply a comment with the result. */
#ifndef PARE_PULL_REQUEST_H
#define PARE_PULL_REQUEST_H

#include "pare/apply.h"
#include "pare/config.h"
#include "pare/port.h"
#include "pare/propose.h"

struct pull_report {
	const struct pull *pull; /* NULL: none was needed, the plans are merged */
	const char *done;        /* "opened", "updated", "unchanged", "merged already", "closed by somebody" */
	struct str_list notes;   /* what did not work and does not matter to the proposal */
};

/* What stands between the markers, of at most max bytes: what does not fit is said to be in the
 * plans' own plan.md, with links. *cut is how many plans are told of in a line only. forge NULL: no
 * links. */
char *pull_request_block(struct arena *a, const struct forge_port *forge,
			 const struct proposal_item *item, size_t count, const struct proposal *p,
			 size_t max, size_t *cut);
/* A body with the block put in: in the place of an earlier one, else behind what is there. */
char *pull_request_body(struct arena *a, const char *there, const char *block);

bool pull_request_open(struct arena *a, const struct forge_port *forge, const struct config *config,
		       const struct proposal_item *item, size_t count, const struct proposal *p,
		       struct pull_report *out, struct err *e);

/* Says on each plan's pull request what became of it. Failures go to notes: what was done in AWS is
 * done, and the receipts say so. */
void pull_request_comment(struct arena *a, const struct forge_port *forge,
			  const struct apply_report *report, size_t count, struct str_list *notes);

#endif
