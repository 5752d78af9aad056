/* apply: carries approved plans out: journaled, verified, reversible.
 *
 * One state machine per plan, without I/O of its own: it asks for calls and takes answers, so that
 * one loop drives many and a test drives it on a virtual clock. */
#ifndef PARE_APPLY_H
#define PARE_APPLY_H

#include "pare/approve.h"
#include "pare/catalog.h"
#include "pare/config.h"
#include "pare/journal.h"
#include "pare/port.h"
#include "pare/receipt.h"

enum apply_result {
	APPLY_APPLIED,     /* exactly as planned, read back */
	APPLY_ALREADY,     /* live state is already as planned; nothing was written */
	APPLY_UNDONE,      /* failed on the way, everything undone and read back */
	APPLY_REFUSED,     /* nothing was written: stale, protected, not approved … */
	APPLY_PARTIAL,     /* neither done nor undone: a person must look; run again to try further */
	APPLY_INTERRUPTED, /* a signal, the guard, or credentials that are over: run again to go on */
};
const char *apply_result_name(enum apply_result r);

struct apply_report {
	const struct plan *plan;
	enum apply_result result;
	struct err why; /* kind ERR_NONE when applied */
	struct receipt *receipt; /* NULL when refused or interrupted */
	size_t aws_calls, aws_writes;
	bool resumed;
	struct str_list left; /* ARNs of pare's own policies that others use: they stay */
};

/* Asked right before every write: is the account's lock still ours, the change window open, no stop
 * ordered? false says why; the run stops there, resumable. Undoing goes on where it may. */
struct guard_port {
	void *self;
	bool (*may_write)(void *self, const struct plan *plan, bool undoing, int64_t now_ms,
			  struct err *e);
};

struct apply_setting {
	const struct config *config;
	const struct catalog *catalog;
	const char *caller_arn, *caller_account;
	const char *tip;
	size_t concurrency;    /* plans at once, beside those that only rest at the barrier; at least 1 */
	size_t observations;   /* barrier: consecutive good read-backs; 3 unless told */
	int64_t observe_gap_ms;    /* between them; 1000 */
	int64_t observe_limit_ms;  /* give up after; 120000 */
	size_t max_failures;   /* circuit breaker: stop starting new plans; 3 */
	const struct guard_port *guard; /* or NULL */
};

/* Runs the plans; the caller holds the account's lock (lock.h). Journals go to store "journals/<plan-id>.jsonl". Returns false only when the
 * run as a whole could not start; each plan's end is in its report. */
bool apply_run(struct arena *a, const struct apply_setting *s, const struct write_port *aws,
	       const struct store_port *store, const struct clock_port *clock,
	       const struct progress_port *progress, const struct approval *approval, size_t count,
	       struct apply_report *report, struct err *e);

/* What would be called, in order, given live state: "would call: …" lines; reads only. */
struct dry_line {
	size_t n;
	const char *text;  /* "AttachRolePolicy role=… policy=…" */
	bool already_done; /* live state shows it done */
};
bool apply_dry(struct arena *a, const struct read_port *aws, const struct plan *plan,
	       struct dry_line **lines, size_t *count, struct err *e);

/* Publishes receipts and journals on pare/log and settles refs/pare/applied/<digest>. */
bool receipts_publish(struct arena *a, const struct review_port *review,
		      const struct store_port *store, const struct config *config,
		      const struct apply_report *report, size_t count, int64_t now_ms,
		      struct err *e);

#endif
