/* audit: one row per change that was carried out: what an auditor samples. Read from pare/log and
 * the protected branch alone, so that it says the same on every machine. */
#ifndef PARE_AUDIT_H
#define PARE_AUDIT_H

#include "pare/config.h"
#include "pare/port.h"
#include "pare/receipt.h"

struct audit_row {
	const struct receipt *receipt;
	const struct plan *plan; /* as it was approved; NULL: see missing */
	const char *missing;     /* why there is no plan that fits the receipt, or NULL */
	const char *requester;   /* the plan's author, or NULL */
	const char *gates;       /* "10 of 10 pass", or NULL */
	const char *window;      /* evidence of the gate window, or NULL */
};

/* Receipts that finished in from_ms ≤ time < to_ms (to_ms 0: no end), oldest first. */
bool audit_read(struct arena *a, const struct review_port *review, const struct config *config,
		int64_t from_ms, int64_t to_ms, struct audit_row **out, size_t *count,
		struct err *e);

#endif
