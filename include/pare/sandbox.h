/* sandbox: AWS accounts in memory: IAM, Access Analyzer, STS and the lists of Organizations, with AWS's
 * limits, error codes and habits. One model, two doors: HTTP (sandbox/http.c) and direct calls (the
 * ports of port.h, without Organizations) with a virtual clock for tests. */
#ifndef PARE_SANDBOX_H
#define PARE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "pare/buf.h"
#include "pare/catalog.h"
#include "pare/port.h"

struct sandbox;

struct sandbox_setting {
	int64_t latency_ms;  /* every answer */
	int64_t lag_ms;      /* reads see writes this much later */
	const char *faults;  /* see below; NULL none */
	const struct catalog *catalog; /* NULL: the embedded one */
	uint64_t seed;       /* of everything random: ids, faults, jitter */
	const char *state_file; /* read at start when it exists, written after every write; NULL */
	/* SigV4 at the HTTP door: known keys are read from the seed; default AKIDEXAMPLE /
	 * wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY in account 111122223333 */
};

/* Faults, decided call by call from the seed, separated by commas:
 *   throttle=P  refused as AWS does it (IAM and STS 400 Throttling, Organizations 400
 *               TooManyRequestsException, Access Analyzer 429 ThrottlingException); nothing happened
 *   5xx=P       an error of the service; of writes half happened all the same
 *   lost=P      it happened, but the connection ends before the answer
 *   cut=P       the connection ends, nothing happened
 *   nth=N:WHAT  call number N, once: before (cut), after (lost), throttle, kill-before, kill-after
 *   work=MS     how long Access Analyzer works on a recommendation (500)
 * P is a chance from 0 to 1. "throttle=0.1,lost=0.02,nth=7:after". */

/* Time comes from now_ms(clock_self): virtual in tests. */
struct sandbox *sandbox_new(struct arena *a, const struct sandbox_setting *s,
			    const struct clock_port *clock, struct err *e);
/* A seed file: JSON, the form of the state file, see examples/. Times are ISO 8601 or relative to
 * now ("-400d", "-3h"). What was read from the state file goes before: then a seed is ignored, and
 * so is sandbox_generate. */
bool sandbox_seed(struct sandbox *s, const char *text, size_t len, const char *what, struct err *e);
bool sandbox_generate(struct sandbox *s, size_t roles, uint64_t seed, struct err *e);
/* A role or user as a person reads it: attached policies and inline policies with their documents, then a
 * line "findings" and a line for each open finding, or for the last one that was resolved. */
void sandbox_show(struct sandbox *s, const char *role, struct buf *out);

/* Direct doors. */
struct read_port sandbox_read_port(struct sandbox *s);
struct write_port sandbox_write_port(struct sandbox *s);

/* A virtual clock: sleeping moves it forward, nothing else does; start_ms is its first instant. */
struct clock_port clock_virtual(struct arena *a, int64_t start_ms);
void clock_virtual_advance(const struct clock_port *c, int64_t by_ms);

/* For tests: act as a person would beside pare, without latency, lag or faults. */
bool sandbox_act(struct sandbox *s, struct call *call);
/* The same; a read sees the world as it was at an instant. */
bool sandbox_act_at(struct sandbox *s, struct call *call, int64_t as_of_ms);
/* The truth now, without lag: for invariants. NULL when there is no such role. */
struct principal *sandbox_role(struct sandbox *s, struct arena *a, const char *role);
struct principal *sandbox_principal(struct sandbox *s, struct arena *a, enum principal_type type,
				    const char *name);
/* Makes call number n (from 1, counted from now) fail: before its effect, after it, or cut. */
enum sandbox_fault { FAULT_NONE, FAULT_BEFORE, FAULT_AFTER, FAULT_THROTTLE, FAULT_KILL_BEFORE, FAULT_KILL_AFTER };
void sandbox_fail_nth(struct sandbox *s, size_t n, enum sandbox_fault fault);
size_t sandbox_calls(const struct sandbox *s);
/* After FAULT_KILL_*: the process is dead to the world: every further call is answered by
 * nothing (next gives NULL) until revived. */
bool sandbox_killed(const struct sandbox *s);
void sandbox_revive(struct sandbox *s);

/* The HTTP door: listens on a numeric address (port 0: any free one, told in *bound_port) and
 * serves from threads of its own until stopped; meanwhile nobody else may use s. NULL when it
 * cannot listen. Stopping does not wait for answers that are held back. */
struct sandbox_server;
struct sandbox_server *sandbox_serve(struct arena *a, struct sandbox *s, const char *host, int port,
				     int *bound_port, struct err *e);
void sandbox_server_stop(struct sandbox_server *server);

#endif
