/* sim: the executor against the sandbox's model on a virtual clock, everything from one seed.
 *
 * An actor is one run of `apply` on one machine: a coroutine whose ports hand control back to the
 * scheduler. Calls take effect and are answered as events; reads see the world as it was up to
 * lag_ms ago, each call at an instant of its own. A disturbance is one thing that goes wrong at one
 * call, port operation or instant; a schedule is a seed and its disturbances, so that it can be
 * replayed exactly and shortened. */
#ifndef PARE_SIM_H
#define PARE_SIM_H

#include <ucontext.h>

#include "pare/sandbox.h"
#include "pare/session.h"

/* Counter-based: the same (seed, stream, index) gives the same number, whatever else is drawn. */
uint64_t sim_random(uint64_t seed, uint64_t stream, uint64_t index);

enum disturbance_kind {
	/* at the Nth AWS call, for `length` calls */
	CALLS_THROTTLED,
	CALLS_UNAVAILABLE, /* nothing was sent */
	CALLS_LOST_BEFORE, /* sent, no answer, nothing happened */
	CALLS_LOST_AFTER,  /* sent, no answer, and it happened */
	CALLS_EXPIRED,     /* credentials are over */
	CALLS_DENIED,      /* writes only: AccessDenied */
	/* at the Nth port operation of the first actor */
	KILLED,
	SIGNALLED,
	FROZEN,            /* the process stands still for two hours */
	DISK_FULL,         /* from then on, until it is recovered */
	REMOTE_DOWN,       /* for `length` operations */
	WINDOW_CLOSES,     /* until it is recovered */
	STOP_ORDERED,      /* until it is recovered */
	/* at an instant, in ms */
	PERSON,
	SECOND_ACTOR,      /* another machine starts */
	DISTURBANCE_COUNT,
};
const char *disturbance_name(enum disturbance_kind k);

struct disturbance {
	enum disturbance_kind kind;
	uint64_t at, length, detail;
};

enum { DISTURBANCES_MAX = 8 };

struct schedule {
	uint64_t seed;
	size_t scenario;
	int64_t lag_ms, latency_ms;
	bool steady_lag;  /* every read is lag_ms old, else up to it */
	bool new_machine; /* the recovery has neither journal nor state folder */
	bool back;        /* afterwards the plans are rolled back under disturbances, too */
	bool part;        /* of each only one action is given back; then that is taken back again */
	struct disturbance disturbance[DISTURBANCES_MAX];
	size_t count;
};
struct schedule schedule_of(uint64_t seed);
void schedule_print(const struct schedule *s);

/* --- the disk of one machine --- */

struct sim_file {
	const char *name;
	char *bytes;
	size_t len;
};
struct disk {
	struct arena *arena;
	struct sim_file *file;
	size_t count, cap;
	struct str_list locked;
	bool full;
};

/* --- the review repository's remote: objects and references in memory --- */

struct sim_commit {
	char oid[OID_HEX];
	const char *parent;
	struct review_file *file; /* sorted by path */
	size_t count;
};
struct remote {
	struct arena *arena;
	struct sim_commit **commit;
	size_t count, cap;
	struct sim_ref {
		const char *name;
		char oid[OID_HEX];
	} *ref;
	size_t ref_count, ref_cap;
};
const struct sim_commit *remote_commit(const struct remote *r, const char *oid);
const char *remote_resolve(const struct remote *r, const char *ref); /* "" */
void remote_set(struct remote *r, const char *ref, const char *oid);
/* As a reviewer who merges: puts files on top of a branch. */
void remote_put(struct remote *r, const char *ref, const struct review_file *file, size_t count);

/* --- actors --- */

struct sim_call {
	struct call *call;
	struct actor *actor;
	uint64_t number;
	int64_t effect_ms, answer_ms;
	int fate; /* a disturbance_kind, or -1 */
	bool effected, answered;
	struct sim_call *next;
};

struct actor {
	struct sim *sim;
	struct arena *arena;
	struct disk *disk;
	ucontext_t context;
	char *stack;
	size_t number;
	bool first;        /* disturbances by operation count on this one */
	uint64_t operations;
	bool dead, done, waits_for_call, interrupted;
	int64_t wake_ms;
	struct sim_ref *seen; /* as last fetched */
	size_t seen_count;
	struct config config;
	/* its end */
	bool ok;
	struct err err;
	struct apply_report *report;
	size_t report_count;
};

enum { ACTORS_MAX = 8, DISKS = 4 };

struct sim {
	struct arena *arena;
	const struct schedule *schedule;
	int64_t now_ms;
	uint64_t started_ms;    /* of the phase that runs */
	struct clock_port clock;
	struct sandbox *sandbox;
	struct remote remote;
	struct sim_call *calls; /* under way */
	uint64_t call_count, operation_count;
	uint64_t remote_down;   /* operations left */
	bool window_shut;       /* says the change calendar */
	int64_t stop_ms;        /* when a stop was ordered, or 0 */
	bool calm;              /* recovery: nothing goes wrong any more */
	struct actor *actor[ACTORS_MAX];
	size_t actor_count;
	ucontext_t scheduler;
	struct arena *actors;   /* their memory */
	struct disk disk[DISKS];
	const char *failure;    /* the first broken invariant, or NULL */
	struct checks *checks;
	uint64_t events;
	size_t persons;         /* disturbances of this kind carried out */
	bool trace;
};

void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Hands control to the scheduler; comes back never when the actor is dead. */
void actor_yield(struct actor *x);
/* Counts a port operation: here it may be killed, signalled, frozen. */
void actor_operation(struct actor *x, const char *what);

struct write_port sim_aws(struct actor *x);
struct store_port sim_store(struct actor *x);
struct review_port sim_review(struct actor *x);
struct clock_port sim_clock(struct actor *x);

/* Starts a run of apply on machine `disk`. */
struct actor *actor_start(struct sim *s, struct disk *disk, bool first);
/* Until all actors are done or dead, or limit_ms. */
void sim_run(struct sim *s, int64_t limit_ms);
/* A call of a dead actor still reaches AWS when it was sent. */
void sim_land(struct sim *s, struct sim_call *y);

/* --- the world and what must hold in it (sim_world.c) --- */

enum { SCENARIO_COUNT = 11 };
#define SIM_START_MS 1795564800000 /* 2026-11-25T00:00:00Z */
const struct catalog *sim_catalog(void);
void world_config(struct sim *s, struct config *c);
/* Makes the account and its plans, puts the plans on the protected branch. */
bool world_build(struct sim *s, struct err *e);
/* Adds the rollbacks of what each role's newest applied plan did to the protected branch, or of one
 * action of it; how many. */
size_t world_roll_back(struct sim *s, bool part);
void world_person(struct sim *s, uint64_t detail);
/* Before a write leaves, after pare's own writes, after every change of the world, at the end. */
void checks_start(struct sim *s, const struct actor *x, const struct call *c);
void checks_effect(struct sim *s, const struct call *c);
void checks_changed(struct sim *s);
void checks_actor_end(struct sim *s, const struct actor *x);
void checks_end(struct sim *s);
bool world_settled(struct sim *s); /* nothing is left to apply */

/* One schedule from its beginning to its checks; NULL, or what broke (lives in a). */
const char *simulate(struct arena *a, const struct schedule *s, bool trace, uint64_t *events);
/* The shortest schedule that still fails. */
struct schedule schedule_reduce(const struct schedule *s);

#endif
