/* receipt: what was done, committed to the review repository's log branch.
 * Schema pare.receipt/v1, canonical JSON. */
#ifndef PARE_RECEIPT_H
#define PARE_RECEIPT_H

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/plan.h"

struct receipt_step {
	size_t n;
	const char *op;
	const char *result; /* "done", "already", "undone", "failed", "not-started" */
	const char *request_id; /* or NULL */
};

struct receipt {
	const char *plan_id;
	const char *plan_digest;
	const char *account;
	const char *principal_arn;
	const char *result; /* "applied", "undone", "partial", "refused" */
	const char *reason; /* or NULL */
	const char *started_at, *finished_at;
	const char *executor;   /* caller ARN */
	const char *run;        /* the run it belongs to, "<yyyymmdd>T<hhmmss>Z-<account>-<ms>"; NULL in receipts
				 * of before there were runs */
	const char *tip;        /* commit on the protected branch the approval was read from */
	const char *journal_sha256; /* head of the journal's chain */
	struct receipt_step *step;
	size_t count;
	struct approval_note { /* how it was approved */
		const char *method; /* "merged", later "signature", "review" */
		const char *who, *detail;
	} *approval;
	size_t approval_count;
};

void receipt_print(const struct receipt *r, struct buf *out);
void receipt_print_approvals(const struct receipt *r, struct json_writer *w); /* one member */
struct receipt *receipt_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e);

#endif
