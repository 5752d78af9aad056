/* sim_schedule: schedules from seeds, carried out, and shortened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/str.h"
#include "sim_checks.h"

enum { HOUR_MS = 3600000 };

static const char *const names[DISTURBANCE_COUNT] = {
	"calls throttled", "calls unavailable", "calls lost before", "calls lost after", "calls expired",
	"calls denied",    "killed",	    "signalled",         "frozen",           "disk full",
	"remote down",     "window closes", "stop ordered", "person",	    "second actor"};

const char *disturbance_name(enum disturbance_kind k)
{
	return names[k];
}

struct schedule schedule_of(uint64_t seed)
{
	struct schedule s = {.seed = seed};
	uint64_t r = 0;
	s.scenario = sim_random(seed, 10, r++) % SCENARIO_COUNT;
	s.latency_ms = 1 + (int64_t)(sim_random(seed, 10, r++) % 400);
	s.lag_ms = sim_random(seed, 10, r++) % 2 == 0 ? 0 : (int64_t)(sim_random(seed, 10, r) % 8000);
	s.new_machine = sim_random(seed, 10, ++r) % 4 == 0;
	s.back = sim_random(seed, 10, ++r) % 3 == 0;
	s.part = s.back && sim_random(seed, 11, 0) % 2 == 0;
	s.steady_lag = sim_random(seed, 10, ++r) % 3 == 0;
	s.count = sim_random(seed, 10, ++r) % 5;
	for (size_t i = 0; i < s.count; i++) {
		struct disturbance *d = &s.disturbance[i];
		d->kind = (enum disturbance_kind)(sim_random(seed, 20 + i, 0) % DISTURBANCE_COUNT);
		d->length = 1 + sim_random(seed, 20 + i, 1) % 12;
		d->detail = sim_random(seed, 20 + i, 2) >> 8;
		d->at = 1 + sim_random(seed, 20 + i, 3) % (d->kind <= CALLS_DENIED ? 120 : 400);
		if (d->kind >= PERSON)
			d->at = sim_random(seed, 20 + i, 3) % 30000;
	}
	return s;
}

void schedule_print(const struct schedule *s)
{
	printf("seed %llu: scenario %zu, latency %lld ms, lag %lld ms%s%s%s\n", (unsigned long long)s->seed,
	       s->scenario, (long long)s->latency_ms, (long long)s->lag_ms,
	       s->steady_lag ? " steadily" : "", s->new_machine ? ", recovered on a new machine" : "", s->part ? ", rolled back in part" : s->back ? ", rolled back" : "");
	for (size_t i = 0; i < s->count; i++)
		printf("  %s at %llu, length %llu, detail %llu\n", disturbance_name(s->disturbance[i].kind),
		       (unsigned long long)s->disturbance[i].at, (unsigned long long)s->disturbance[i].length,
		       (unsigned long long)s->disturbance[i].detail);
}

/* Actors of a phase that is over; what they sent and was not answered goes nowhere. */
static void clear_actors(struct sim *s)
{
	while (s->calls != NULL) {
		struct sim_call *next = s->calls->next;
		free(s->calls);
		s->calls = next;
	}
	if (s->actors != NULL)
		arena_free(s->actors);
	s->actors = arena_new(s->arena);
	s->actor_count = 0;
}

static void let_calls_land(struct sim *s)
{
	s->now_ms += 1000;
	for (struct sim_call *y = s->calls; y != NULL; y = y->next)
		sim_land(s, y);
}

/* Everything is calm again: run until nothing is left to do. */
static void recover(struct sim *s)
{
	struct disk *disk = s->schedule->new_machine ? &s->disk[2] : &s->disk[0];
	s->calm = true;
	s->window_shut = false;
	s->stop_ms = 0;
	remote_set(&s->remote, "refs/pare/stop", "");
	for (size_t i = 0; i < DISKS; i++) {
		s->disk[i].full = false;
		s->disk[i].locked.count = 0;
	}
	for (int round = 0; round < 4 && s->failure == NULL && !world_settled(s); round++) {
		let_calls_land(s);
		clear_actors(s);
		s->now_ms += s->schedule->new_machine ? 2 * HOUR_MS : 60000;
		actor_start(s, disk, false);
		sim_run(s, 4 * HOUR_MS);
	}
	let_calls_land(s);
	clear_actors(s);
}

static void disturbed_run(struct sim *s)
{
	clear_actors(s);
	s->call_count = 0;
	s->calm = false;
	actor_start(s, &s->disk[0], true);
	sim_run(s, 12 * HOUR_MS);
	if (s->failure == NULL)
		recover(s);
}

static void run_phases(struct sim *s)
{
	if (!s->schedule->back) {
		disturbed_run(s);
		return;
	}
	clear_actors(s);
	recover(s); /* a calm first run */
	if (s->failure == NULL)
		checks_end(s);
	s->now_ms += HOUR_MS;
	if (s->failure == NULL && world_roll_back(s, s->schedule->part) > 0)
		disturbed_run(s);
	if (s->failure != NULL || !s->schedule->part || s->persons > 0)
		return;
	checks_end(s);
	s->now_ms += HOUR_MS;
	if (s->failure == NULL && world_roll_back(s, false) > 0)
		recover(s); /* what was given back is taken away again, or the plan itself is */
}

const char *simulate(struct arena *a, const struct schedule *schedule, bool trace, uint64_t *events)
{
	struct arena *own = arena_new(a);
	struct sim s = {.arena = own, .schedule = schedule, .now_ms = SIM_START_MS, .trace = trace};
	struct err e;
	s.remote.arena = own;
	for (size_t i = 0; i < DISKS; i++)
		s.disk[i].arena = own;
	if (!world_build(&s, &e))
		sim_fail(&s, "building the world: %s", e.message);
	else
		run_phases(&s);
	if (s.failure == NULL)
		checks_end(&s);
	clear_actors(&s);
	if (events != NULL)
		*events += s.events;
	const char *failure = s.failure != NULL ? arena_strdup(a, s.failure) : NULL;
	arena_free(own);
	return failure;
}

static bool still_fails(const struct schedule *s)
{
	struct arena *a = arena_new(NULL);
	bool fails = simulate(a, s, false, NULL) != NULL;
	arena_free(a);
	return fails;
}

static bool without(struct schedule *s, size_t i)
{
	struct schedule less = *s;
	memmove(&less.disturbance[i], &less.disturbance[i + 1],
		(less.count - i - 1) * sizeof less.disturbance[0]);
	less.count--;
	if (!still_fails(&less))
		return false;
	*s = less;
	return true;
}

struct schedule schedule_reduce(const struct schedule *from)
{
	struct schedule s = *from, less;
	for (size_t i = 0; i < s.count;)
		if (!without(&s, i))
			i++;
	for (size_t i = 0; i < s.count; i++) {
		less = s;
		less.disturbance[i].length = 1;
		if (still_fails(&less))
			s = less;
	}
	less = s;
	less.lag_ms = 0;
	if (still_fails(&less))
		s = less;
	less = s;
	less.latency_ms = 1;
	if (still_fails(&less))
		s = less;
	less = s;
	less.new_machine = false;
	if (still_fails(&less))
		s = less;
	less = s;
	less.part = false;
	if (still_fails(&less))
		s = less;
	less = s;
	less.back = less.part = false;
	if (still_fails(&less))
		s = less;
	return s;
}
