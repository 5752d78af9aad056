/* journal: what the executor is doing, durable before it does it. One JSON object a line.
 *
 * J1 the intent is durable before the first byte of the request leaves.
 * J2 an outcome comes from an observed answer or a read-back, never a guess.
 * J3 an intent without outcome is uncertain: resume reads the target first.
 * J4 append-only and hash-chained: every record carries the SHA-256 of the line before, and a check of
 *    its own line. A torn last line (no line feed) is dropped; damage anywhere else refuses to run.
 * J5 undo is the exact reverse of what was done.
 * J6 one executor per account.
 * J7 the end is written only when every step is settled. */
#ifndef PARE_JOURNAL_H
#define PARE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"

enum record_kind {
	RECORD_BEGIN,   /* plan digest, account, caller, tip; first record, once */
	RECORD_RESUME,  /* a later process took over */
	RECORD_INTENT,  /* about to write step n */
	RECORD_OUTCOME, /* step n: done | already | failed | uncertain (given up, may have happened) */
	RECORD_BARRIER, /* the additions were observed k times in a row */
	RECORD_UNDO_INTENT,
	RECORD_UNDO_OUTCOME,
	RECORD_END, /* applied | undone */
};

struct record {
	uint64_t seq;         /* from 1 */
	const char *previous; /* SHA-256 of the line before; 64 zeros for the first */
	const char *time;     /* ISO */
	enum record_kind kind;
	size_t step;          /* 0 where none */
	const char *result;   /* outcome and end: the word; else NULL */
	const char *detail;   /* plan digest with begin; op with intent; message with failures */
	const char *request_id; /* or NULL */
};

struct journal {
	struct record *record;
	size_t count;
	size_t whole_len;  /* bytes that hold whole records: where to go on writing */
	bool torn;         /* a torn last line was dropped */
	const char *head;  /* SHA-256 of the last whole line */
};

/* Appends the line for r, whose seq and previous are filled from the chain so far (head may be
 * NULL for the first); gives the line's own SHA-256. */
char *record_print(struct arena *a, struct record *r, const char *head, uint64_t seq,
		   struct buf *out);
/* Any prefix of a valid journal reads as a prefix of its records; any other damage is refused. */
struct journal *journal_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e);

#endif
