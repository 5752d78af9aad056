/* propose: plans become a branch of the review repository: an `observe` commit (live state as
 * found) and a `plan` commit (policies as they will be, the plans, their evidence). */
#ifndef PARE_PROPOSE_H
#define PARE_PROPOSE_H

#include "pare/config.h"
#include "pare/evidence.h"
#include "pare/outcome.h"
#include "pare/port.h"

struct proposal_item {
	const struct plan *plan;
	const struct principal *before;
	const char *finding_json;        /* evidence, canonical */
	const char *recommendation_json; /* evidence, canonical; NULL where none */
	struct document_list documents;  /* evidence beside those of `before`: of before a plan that this
					  * one takes back */
	const char *ticket;              /* valid (ticket.h), or NULL */
};

struct proposal {
	const char *account;
	const char *branch;   /* "pare/<account>/<digest12>" */
	const char *title;    /* for a pull request */
	const char *body;     /* Markdown, escaped */
	char commit[OID_HEX];
	bool existed;         /* the same proposal was there already */
	bool merged;          /* all its plans are on the protected branch: nothing is to be reviewed */
	size_t plan_count;
	/* Open branches with older plans for the same principals: for these alone, and for others, too. */
	struct str_list superseded, overlapping;
};

enum { PROPOSAL_MAX_PLANS = 50 };

/* One proposal for one account's plans (at most PROPOSAL_MAX_PLANS; the caller splits). */
bool propose(struct arena *a, const struct review_port *review, const struct config *config,
	     const struct proposal_item *item, size_t count, int64_t now_ms, struct proposal *out,
	     struct err *e);

/* What a plan's folder holds: plan.json, plan.md, its ticket, its evidence. */
bool proposal_files(struct arena *a, const struct proposal_item *item, struct review_file **files,
		    size_t *count, struct err *e);
/* The files of a principal in the review repository, by slot (design: one file per policy slot).
 * `plan` NULL: as observed; else as they will be after it. */
bool review_files(struct arena *a, const struct principal *before, const struct plan *plan,
		  struct review_file **files, size_t *count, struct err *e);
/* plan.md: the plan for a reader on a forge. Deterministic; text from AWS is escaped. */
void plan_markdown(struct arena *a, const struct plan *p, const struct principal *before,
		   struct buf *out);
/* Unified diff of two texts, three lines of context, without headers. "" when equal. */
char *text_diff(struct arena *a, const char *old_text, const char *new_text);
/* Names for paths: everything but [A-Za-z0-9_.=+@,-] becomes %XX, a leading '.' too. */
char *path_segment(struct arena *a, const char *name);

#endif
