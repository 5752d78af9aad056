/* sim: the scheduler, the actors, and AWS as they see it. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/str.h"

enum { STACK_BYTES = 512 * 1024 };

uint64_t sim_random(uint64_t seed, uint64_t stream, uint64_t index)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u ^ (stream + 1) * 0xbf58476d1ce4e5b9u ^
		     (index + 1) * 0x94d049bb133111ebu;
	for (int i = 0; i < 2; i++) {
		x ^= x >> 30;
		x *= 0xbf58476d1ce4e5b9u;
		x ^= x >> 27;
		x *= 0x94d049bb133111ebu;
		x ^= x >> 31;
	}
	return x;
}

void sim_fail(struct sim *s, const char *format, ...)
{
	char text[1024];
	va_list args;
	if (s->failure != NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	s->failure = str_printf(s->arena, "at %lld ms: %s", (long long)(s->now_ms % 1000000000), text);
	sim_trace(s, "BROKEN: %s", text);
}

void sim_trace(struct sim *s, const char *format, ...)
{
	va_list args;
	if (!s->trace)
		return;
	printf("%10lld  ", (long long)(s->now_ms % 1000000000));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* --- coroutines --- */

void actor_yield(struct actor *x)
{
	swapcontext(&x->context, &x->sim->scheduler);
}

static void die(struct actor *x)
{
	x->dead = true;
	x->disk->locked.count = 0; /* the system frees a dead process's locks */
	sim_trace(x->sim, "actor %zu is killed", x->number);
	actor_yield(x);
	abort();
}

static void sleep_ms(struct actor *x, int64_t ms)
{
	x->wake_ms = x->sim->now_ms + ms;
	actor_yield(x);
}

void actor_operation(struct actor *x, const char *what)
{
	struct sim *s = x->sim;
	uint64_t n = ++x->operations;
	s->operation_count++;
	sim_trace(s, "actor %zu op %llu: %s", x->number, (unsigned long long)n, what);
	for (size_t i = 0; x->first && !s->calm && i < s->schedule->count; i++) {
		const struct disturbance *d = &s->schedule->disturbance[i];
		if (d->at != n)
			continue;
		if (d->kind == KILLED)
			die(x);
		if (d->kind == SIGNALLED)
			x->interrupted = true;
		if (d->kind == DISK_FULL)
			x->disk->full = true;
		if (d->kind == REMOTE_DOWN)
			s->remote_down = d->length;
		if (d->kind == WINDOW_CLOSES)
			s->window_shut = true;
		if (d->kind == STOP_ORDERED) {
			remote_set(&s->remote, "refs/pare/stop", remote_resolve(&s->remote, "refs/heads/main"));
			s->stop_ms = s->now_ms;
		}
		if (d->kind == FROZEN) {
			sim_trace(s, "actor %zu stands still", x->number);
			sleep_ms(x, 2 * 60 * 60 * 1000);
		}
	}
}

/* --- time --- */

static int64_t clock_now(void *self)
{
	return ((struct actor *)self)->sim->now_ms;
}

static void clock_sleep(void *self, int64_t until_ms)
{
	struct actor *x = self;
	if (until_ms <= x->sim->now_ms)
		return;
	x->wake_ms = until_ms;
	actor_yield(x);
}

static bool clock_interrupted(void *self)
{
	return ((struct actor *)self)->interrupted;
}

struct clock_port sim_clock(struct actor *x)
{
	return (struct clock_port){x, clock_now, clock_sleep, clock_interrupted};
}

/* --- AWS --- */

static int fate_of(const struct sim *s, uint64_t number, bool writes)
{
	for (size_t i = 0; !s->calm && i < s->schedule->count; i++) {
		const struct disturbance *d = &s->schedule->disturbance[i];
		if (d->kind > CALLS_DENIED || number < d->at || number >= d->at + d->length)
			continue;
		if (d->kind != CALLS_DENIED || writes)
			return (int)d->kind;
	}
	return -1;
}

static void aws_start(void *self, struct call *c)
{
	struct actor *x = self;
	struct sim *s = x->sim;
	const struct schedule *k = s->schedule;
	actor_operation(x, call_name(c->op));
	uint64_t n = ++s->call_count;
	if (call_writes(c->op))
		checks_start(s, x, c);
	struct sim_call *y = calloc(1, sizeof *y);
	*y = (struct sim_call){.call = c, .actor = x, .number = n};
	uint64_t span = (uint64_t)(k->latency_ms > 0 ? k->latency_ms : 1);
	y->effect_ms = s->now_ms + (int64_t)(sim_random(k->seed, 1, n) % span);
	y->answer_ms = y->effect_ms + (int64_t)(sim_random(k->seed, 2, n) % span);
	y->fate = fate_of(s, n, call_writes(c->op));
	y->next = s->calls;
	s->calls = y;
}

static struct call *take_answered(struct actor *x)
{
	for (struct sim_call **at = &x->sim->calls; *at != NULL; at = &(*at)->next) {
		struct sim_call *y = *at;
		if (y->actor != x || !y->answered)
			continue;
		struct call *c = y->call;
		*at = y->next;
		free(y);
		return c;
	}
	return NULL;
}

static bool calls_under_way(const struct actor *x)
{
	for (const struct sim_call *y = x->sim->calls; y != NULL; y = y->next)
		if (y->actor == x)
			return true;
	return false;
}

static struct call *aws_next(void *self, int64_t until_ms)
{
	struct actor *x = self;
	for (;;) {
		struct call *c = take_answered(x);
		if (c != NULL) {
			actor_operation(x, "an answer");
			return c;
		}
		if (x->sim->now_ms >= until_ms || !calls_under_way(x))
			return NULL;
		x->waits_for_call = true;
		x->wake_ms = until_ms;
		actor_yield(x);
		x->waits_for_call = false;
	}
}

struct write_port sim_aws(struct actor *x)
{
	return (struct write_port){x, aws_start, aws_next};
}

static bool nothing_happens(int fate)
{
	return fate == CALLS_THROTTLED || fate == CALLS_UNAVAILABLE || fate == CALLS_LOST_BEFORE ||
	       fate == CALLS_EXPIRED || fate == CALLS_DENIED;
}

static void fail_call(struct call *c, int fate)
{
	c->ok = false;
	switch (fate) {
	case CALLS_THROTTLED:
		err_set(&c->err, ERR_THROTTLED, "throttled");
		break;
	case CALLS_UNAVAILABLE:
		err_set(&c->err, ERR_UNAVAILABLE, "no connection");
		break;
	case CALLS_EXPIRED:
		err_set(&c->err, ERR_AUTH, "the security token is expired");
		snprintf(c->err.code, sizeof c->err.code, "ExpiredToken");
		break;
	case CALLS_DENIED:
		err_set(&c->err, ERR_AUTH, "not authorized");
		snprintf(c->err.code, sizeof c->err.code, "AccessDenied");
		break;
	default:
		err_set(&c->err, call_writes(c->op) ? ERR_UNCERTAIN : ERR_UNAVAILABLE, "the answer was lost");
	}
}

/* The call reaches AWS: a write takes effect now, a read sees an instant up to lag_ms ago. The
 * answer belongs to the actor's memory, so a dead one gets none. */
static void take_effect(struct sim *s, struct sim_call *y)
{
	const struct schedule *k = s->schedule;
	int64_t as_of = s->now_ms;
	bool writes = call_writes(y->call->op);
	if (!writes && k->lag_ms > 0)
		as_of -= k->steady_lag ? k->lag_ms
				       : (int64_t)(sim_random(k->seed, 3, y->number) % (uint64_t)k->lag_ms);
	y->effected = true;
	if (nothing_happens(y->fate))
		return;
	bool ok = sandbox_act_at(s->sandbox, y->call, as_of);
	sim_trace(s, "%s %s%s%s%s", writes ? "EFFECT" : "read", call_name(y->call->op),
		  y->call->policy_arn != NULL ? " " : "",
		  y->call->policy_arn != NULL ? y->call->policy_arn
		  : y->call->policy_name != NULL ? y->call->policy_name : "",
		  ok ? "" : str_printf(s->arena, ": %s", y->call->err.message));
	if (writes && ok) {
		checks_effect(s, y->call);
		checks_changed(s);
	}
}

void sim_land(struct sim *s, struct sim_call *y)
{
	if (!y->effected)
		take_effect(s, y);
}

/* --- the scheduler --- */

static bool calendar_state(void *self, const struct str_list *names, bool *open, int64_t *next_ms,
			   struct err *e)
{
	const struct actor *x = self;
	(void)names;
	(void)e;
	*open = !x->sim->window_shut;
	*next_ms = 0;
	return true;
}

static void run_actor(unsigned high, unsigned low)
{
	struct actor *x = (struct actor *)(((uintptr_t)high << 32) | (uintptr_t)low);
	struct sim *s = x->sim;
	const struct store_port store = sim_store(x);
	const struct review_port review = sim_review(x);
	const struct clock_port clock = sim_clock(x);
	const struct calendar_port calendar = {x, calendar_state};
	struct approval *approval;
	size_t count;
	char tip[OID_HEX];
	struct str_list digests = {0};
	struct session session = {
		.setting = {.config = &x->config,
			    .catalog = sim_catalog(),
			    .caller_arn = "arn:aws:iam::111122223333:user/executor",
			    .caller_account = "111122223333",
			    .concurrency = 4,
			    .observations = 3,
			    .observe_gap_ms = 1000,
			    .observe_limit_ms = 60000,
			    .max_failures = 3},
		.aws = sim_aws(x),
		.review = &review,
		.calendar = &calendar,
		.store = &store,
		.clock = &clock,
		.host = "machine",
	};
	x->ok = approvals_read(x->arena, &review, &store, &x->config, NULL, NULL, s->now_ms, &approval, &count,
			       tip, &x->err);
	for (size_t i = 0; x->ok && i < count; i++)
		if (approval[i].approved && !approval[i].finished)
			str_list_add(x->arena, &digests, approval[i].plan->digest);
	if (x->ok && digests.count > 0)
		x->ok = session_run(x->arena, &session, &digests, &x->report, &x->report_count, &x->err);
	x->done = true;
	actor_yield(x);
	abort();
}

/* Kept from one schedule to the next: actors are many and short. */
static char *sim_stack(size_t number)
{
	static char *stacks[ACTORS_MAX];
	if (stacks[number] == NULL)
		stacks[number] = malloc(STACK_BYTES);
	if (stacks[number] == NULL)
		abort();
	return stacks[number];
}

struct actor *actor_start(struct sim *s, struct disk *disk, bool first)
{
	struct actor *x = arena_alloc(s->actors, sizeof *x);
	x->sim = s;
	x->arena = arena_new(s->actors);
	x->disk = disk;
	x->number = s->actor_count;
	x->first = first;
	x->wake_ms = s->now_ms;
	x->stack = sim_stack(x->number);
	world_config(s, &x->config);
	getcontext(&x->context);
	x->context.uc_stack.ss_sp = x->stack;
	x->context.uc_stack.ss_size = STACK_BYTES;
	x->context.uc_link = NULL;
	uintptr_t p = (uintptr_t)x;
	makecontext(&x->context, (void (*)(void))run_actor, 2, (unsigned)(p >> 32),
		    (unsigned)(p & 0xffffffffu));
	s->actor[s->actor_count++] = x;
	sim_trace(s, "actor %zu starts", x->number);
	return x;
}

static bool runnable(const struct actor *x)
{
	if (x->dead || x->done)
		return false;
	if (x->wake_ms <= x->sim->now_ms)
		return true;
	for (const struct sim_call *y = x->sim->calls; x->waits_for_call && y != NULL; y = y->next)
		if (y->actor == x && y->answered)
			return true;
	return x->waits_for_call && x->interrupted;
}

static int64_t earlier(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

static int64_t next_instant(const struct sim *s, uint64_t next_timed)
{
	int64_t at = INT64_MAX;
	size_t alive = 0;
	for (size_t i = 0; i < s->actor_count; i++) {
		if (s->actor[i]->dead || s->actor[i]->done)
			continue;
		alive++;
		at = earlier(at, s->actor[i]->wake_ms);
	}
	if (alive == 0)
		return INT64_MAX;
	for (const struct sim_call *y = s->calls; y != NULL; y = y->next)
		if (!y->answered)
			at = earlier(at, y->effected ? y->answer_ms : y->effect_ms);
	return next_timed != UINT64_MAX ? earlier(at, (int64_t)next_timed) : at;
}

/* Calls of a dead actor still reach AWS when they were sent; what they say goes nowhere. */
static void do_calls(struct sim *s)
{
	for (struct sim_call *y = s->calls; y != NULL; y = y->next) {
		if (!y->effected && y->effect_ms <= s->now_ms)
			take_effect(s, y);
		if (y->effected && !y->answered && y->answer_ms <= s->now_ms) {
			y->answered = true;
			if (y->fate >= 0)
				fail_call(y->call, y->fate);
			s->events++;
		}
	}
}

static uint64_t next_timed(const struct sim *s, const bool *fired)
{
	uint64_t at = UINT64_MAX;
	for (size_t i = 0; !s->calm && i < s->schedule->count; i++) {
		const struct disturbance *d = &s->schedule->disturbance[i];
		if (d->kind >= PERSON && !fired[i] && s->started_ms + d->at < at)
			at = s->started_ms + d->at;
	}
	return at;
}

static void do_timed(struct sim *s, bool *fired)
{
	for (size_t i = 0; !s->calm && i < s->schedule->count; i++) {
		const struct disturbance *d = &s->schedule->disturbance[i];
		if (d->kind < PERSON || fired[i] || (int64_t)(s->started_ms + d->at) > s->now_ms)
			continue;
		fired[i] = true;
		if (d->kind == PERSON) {
			world_person(s, d->detail);
			s->persons++;
		} else if (s->actor_count < ACTORS_MAX) {
			actor_start(s, &s->disk[1], false);
		}
	}
}

void sim_run(struct sim *s, int64_t limit_ms)
{
	bool fired[DISTURBANCES_MAX] = {false};
	int64_t end = s->now_ms + limit_ms;
	s->started_ms = (uint64_t)s->now_ms;
	for (;;) {
		int64_t at = next_instant(s, next_timed(s, fired));
		if (at == INT64_MAX || s->failure != NULL)
			return;
		if (at > s->now_ms)
			s->now_ms = at;
		if (s->now_ms > end) {
			sim_fail(s, "still running after %lld s", (long long)(limit_ms / 1000));
			return;
		}
		do_timed(s, fired);
		do_calls(s);
		for (size_t i = 0; i < s->actor_count; i++) {
			struct actor *x = s->actor[i];
			if (!runnable(x))
				continue;
			x->wake_ms = INT64_MAX;
			swapcontext(&s->scheduler, &x->context);
			s->events++;
			if (x->done)
				checks_actor_end(s, x);
		}
	}
}
