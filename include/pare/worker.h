/* worker: events from a queue become proposals. An event is a hint: its finding is read again, planned
 * as `plan` would and proposed as `propose` would.
 *
 *   Q1  A message is removed only when the proposal for its finding is there, or the finding, as AWS
 *       tells it now, needs none. Whatever ends in between, the message comes back.
 *   Q2  However often and in whatever order messages come, and however many workers take them, one
 *       change is proposed once (flow/claim.h).
 *   Q3  What is no event is never removed: the queue's own redrive policy moves it to its dead-letter
 *       queue. What failed comes back later each time, and ends there, too.
 *   Q4  While a message is worked on it is kept hidden from others.
 *   Q5  After a signal nothing new is begun, what is begun is ended or dropped, and what is left is
 *       given back at once. */
#ifndef PARE_WORKER_H
#define PARE_WORKER_H

#include "pare/catalog.h"
#include "pare/config.h"
#include "pare/event.h"
#include "pare/outcome.h"
#include "pare/port.h"
#include "pare/pull_request.h"

enum work_result {
	WORK_PROPOSED,
	WORK_ALREADY,    /* the same change is proposed, or merged, already */
	WORK_NEEDLESS,   /* the finding needs no proposal: gone, exempt, of another type … */
	WORK_LATER,      /* it failed, or a gate blocks: it comes back */
	WORK_LEFT,       /* it is no event for this worker: it is left to the dead-letter queue */
	WORK_GIVEN_BACK, /* a signal came first */
};
const char *work_result_name(enum work_result r); /* "proposed", "already-proposed" … */

struct worked { /* what became of one message */
	const struct queue_message *message;
	const struct event *event; /* NULL: it is none */
	enum work_result result;
	const char *reason; /* never NULL */
	const char *principal; /* ARN, as AWS says; or NULL */
	const struct plan *plan; /* that is proposed, or NULL */
	const char *branch;      /* that it is on, or NULL */
	const struct pull_report *pull; /* or NULL */
	bool removed;
	int hidden_s; /* not removed: when it comes back */
};

struct desk_port { /* what only the command has */
	void *self;
	/* A client of AWS for one round; account NULL: the analyzer's. */
	bool (*connect)(void *self, struct arena *a, const char *account, struct read_port *aws,
			const char **caller_arn, struct err *e);
	/* Into the state folder. */
	bool (*keep)(void *self, struct arena *a, const struct outcome *o, struct err *e);
	void (*tell)(void *self, struct arena *a, const struct worked *w);
};

struct worker {
	const struct config *config;
	const struct catalog *catalog;
	const char *analyzer; /* ARN; events of others are left */
	const char *ticket;   /* of every proposal, valid (ticket.h); or NULL */
	int wait_s;   /* for messages, 0 to 20 */
	int hidden_s; /* how long a message is hidden before it must be hidden anew: 1 to 43200 */
	const struct queue_port *queue;
	const struct clock_port *clock;
	const struct rules_port *rules;
	const struct review_port *review;
	const struct forge_port *forge; /* NULL: none */
	const struct desk_port *desk;
	const struct progress_port *progress; /* or NULL */
};

/* One batch. *received: how many messages there were. false: it is no use to go on with the next one
 * before a person has looked (or, for kinds that worker_transient knows, before a while). */
bool worker_round(struct arena *a, const struct worker *w, size_t *received, struct err *e);
/* Rounds until a signal comes; trouble that may pass is waited out (1, 2, 4 … 60 s). */
bool worker_run(struct arena *a, const struct worker *w, struct err *e);
bool worker_transient(enum err_kind k);

#endif
