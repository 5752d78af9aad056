/* apply: the loop that drives the machines: one thread, several plans at once.
 *
 * L1  The first plans are carried out and read back completely before more than they are under way
 *     (canary). What was refused, or stood there already, shows nothing and does not count.
 * L2  After max_failures plans that were undone or left partial nothing new is started (breaker), and
 *     after the first of them no more are under way than may fail still.
 * L3  Nothing new is started either when a plan stopped for what every other would stop for: AWS does
 *     not answer, the credentials are over, the lock is lost, the window closed.
 * L4  A plan that rests at the barrier makes room for another: calls are what is limited, and it has
 *     none. One that waits for anything else holds its place, and with those that rest no more than
 *     RESTING times as many are under way. */
#include "pare/apply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "apply_machine.h"
#include "pare/str.h"

enum { CANARIES = 3, SETTLE_MS = 30000, SHOWN = 4, RESTING = 4 };

const char *apply_result_name(enum apply_result r)
{
	static const char *const names[] = {"applied", "already so",  "undone",
					    "refused", "needs a person", "interrupted"};
	return names[r];
}

struct loop {
	const struct apply_setting *setting;
	const struct write_port *aws;
	const struct clock_port *clock;
	const struct progress_port *progress;
	struct machine *machine;
	struct shown {
		bool begun, undoing;
		size_t at;
	} *shown; /* beside machine */
	size_t count, started, ended, under_way, failures, carried_out;
	size_t first; /* those before it have ended */
	bool stopping;
	const struct err *halt; /* why nothing new is started (L3); NULL */
	int64_t stop_ms;
};

static int64_t now(const struct loop *l)
{
	return l->clock->now_ms(l->clock->self);
}

/* --- what people see --- */

static void note(const struct loop *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(const struct loop *l, const char *format, ...)
{
	char line[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (l->progress != NULL)
		l->progress->note(l->progress->self, line);
}

/* "ROLE 3/6, OTHER 1/4 and 12 more": what is under way, and how far the run is. */
static void show(const struct loop *l)
{
	if (l->progress == NULL)
		return;
	struct arena *scratch = arena_new(NULL);
	const char *text = "applying";
	size_t shown = 0, running = l->started - l->ended;
	for (size_t i = l->first; i < l->started && shown < SHOWN; i++) {
		const struct machine *m = &l->machine[i];
		if (m->phase == PHASE_ENDED)
			continue;
		text = str_printf(scratch, "%s%s %s%s step %zu/%zu", text, shown++ > 0 ? "," : ":",
				  m->undoing ? "undoing " : "", m->plan->principal.name, m->at, m->plan->step_count);
	}
	if (running > shown)
		text = str_printf(scratch, "%s and %zu more", text, running - shown);
	l->progress->step(l->progress->self, str_printf(scratch, "%s; plans done", text), l->ended, l->count);
	arena_free(scratch);
}

/* After an answer: says what changed with the machine. */
static void tell(struct loop *l, const struct machine *m)
{
	struct shown *s = &l->shown[m - l->machine];
	const char *name = m->plan->principal.name;
	if (m->begun_here && !s->begun) {
		s->begun = true;
		note(l, "%s: %s, %zu steps (plan %s)", name, m->report->resumed ? "resumed" : "begun",
		     m->plan->step_count, m->plan->id);
	}
	if (m->undoing && !s->undoing) {
		s->undoing = true;
		note(l, "%s: undoing: %s", name, m->why.message);
	}
	if (m->at != s->at) {
		s->at = m->at;
		show(l);
	}
}

/* Would every other plan stop for it as well? */
static bool concerns_all(const struct apply_report *r)
{
	if (r->result == APPLY_INTERRUPTED)
		return true;
	return r->result == APPLY_REFUSED &&
	       (r->why.kind == ERR_UNAVAILABLE || r->why.kind == ERR_THROTTLED || r->why.kind == ERR_UNCERTAIN);
}

static void note_end(struct loop *l, const struct machine *m)
{
	const struct apply_report *r = m->report;
	bool failed = r->result == APPLY_UNDONE || r->result == APPLY_PARTIAL;
	l->ended++;
	l->failures += failed;
	l->carried_out += failed || r->result == APPLY_APPLIED;
	note(l, "%s: %s (plan %s)%s%s", m->plan->principal.name, apply_result_name(r->result), m->plan->id,
	     r->why.kind != ERR_NONE ? ": " : "", r->why.kind != ERR_NONE ? r->why.message : "");
	size_t left = l->count - l->started;
	if (left > 0 && !l->stopping && l->halt == NULL && concerns_all(r)) {
		l->halt = &r->why;
		note(l, "the %zu plans left are not started: they would stop for the same reason", left);
	} else if (left > 0 && failed && l->failures == l->setting->max_failures) {
		note(l, "%zu plans failed: the %zu plans left are not started", l->failures, left);
	} else if (left > 0 && l->carried_out == CANARIES && l->failures == 0) {
		note(l, "the first %d plans are carried out and checked: going on with the %zu left", CANARIES, left);
	}
	show(l);
}

static void refuse(struct loop *l, struct machine *m, const struct err *why)
{
	if (m->phase != PHASE_ENDED)
		machine_end(m, APPLY_REFUSED, why);
	note_end(l, m);
}

static size_t resting(const struct loop *l)
{
	size_t count = 0;
	for (size_t i = l->first; i < l->started; i++)
		count += l->machine[i].phase == PHASE_PAUSE && l->machine[i].rests;
	return count;
}

static bool may_start(const struct loop *l)
{
	size_t running = l->started - l->ended, most = RESTING * l->setting->concurrency;
	if (l->started == l->count || l->stopping || l->halt != NULL ||
	    l->failures >= l->setting->max_failures)
		return false;
	/* Once something failed, no more are under way than may fail still. */
	if (l->failures > 0 && most > l->setting->max_failures - l->failures)
		most = l->setting->max_failures - l->failures;
	if (l->carried_out < CANARIES && most > CANARIES - l->carried_out)
		most = CANARIES - l->carried_out;
	return running < most && running - resting(l) < l->setting->concurrency;
}

static void start_machines(struct loop *l)
{
	while (may_start(l)) {
		struct machine *m = &l->machine[l->started++];
		struct err e;
		if (!machine_start(m, &e))
			refuse(l, m, &e);
		else if (m->phase == PHASE_ENDED)
			note_end(l, m);
	}
}

/* Starts every call that the machine wants; the end of its pause, where it makes one. */
static int64_t start_calls_of(struct loop *l, struct machine *m)
{
	struct call *c;
	while ((c = machine_next(m)) != NULL) {
		tell(l, m);
		l->under_way++;
		l->aws->start(l->aws->self, c);
	}
	tell(l, m);
	if (m->phase == PHASE_ENDED)
		note_end(l, m);
	return m->phase == PHASE_PAUSE ? m->due_ms : INT64_MAX;
}

/* Gives the earliest end of a pause. */
static int64_t start_calls(struct loop *l)
{
	int64_t due = INT64_MAX;
	for (size_t i = l->first; i < l->started; i++) {
		struct machine *m = &l->machine[i];
		if (m->phase == PHASE_ENDED) {
			l->first += i == l->first;
			continue;
		}
		if (!l->stopping) {
			int64_t own = start_calls_of(l, m);
			due = own < due ? own : due;
		} else if (m->asked == 0) {
			machine_interrupt(m);
			note_end(l, m);
		}
	}
	return due;
}

static void take_answer(struct loop *l, struct call *c)
{
	struct machine *m = c->owner;
	l->under_way--;
	machine_answer(m, c);
	tell(l, m);
	if (m->phase == PHASE_ENDED)
		note_end(l, m);
}

/* false: the world is gone; what is under way will never be answered. */
static bool turn(struct loop *l)
{
	if (!l->stopping && l->clock->interrupted(l->clock->self)) {
		l->stopping = true;
		l->stop_ms = now(l) + SETTLE_MS;
	}
	start_machines(l);
	int64_t due = start_calls(l);
	if (l->under_way == 0) {
		if (due != INT64_MAX)
			l->clock->sleep_until(l->clock->self, due);
		return true;
	}
	int64_t limit = l->stopping && l->stop_ms < due ? l->stop_ms : due;
	struct call *c = l->aws->next(l->aws->self, limit);
	if (c != NULL)
		take_answer(l, c);
	return c != NULL || now(l) >= limit || l->clock->interrupted(l->clock->self);
}

static bool more(const struct loop *l)
{
	if (l->ended < l->started)
		return !l->stopping || now(l) < l->stop_ms;
	return l->started < l->count && !l->stopping && l->halt == NULL && l->failures < l->setting->max_failures;
}

/* What was not started, or never answered. */
static void finish(struct loop *l)
{
	struct err e;
	for (size_t i = 0; i < l->count; i++) {
		struct machine *m = &l->machine[i];
		if (i < l->started && m->phase != PHASE_ENDED) {
			machine_interrupt(m);
		} else if (i >= l->started && l->halt != NULL) {
			err_set(&e, ERR_INTERRUPTED, "not started: another plan stopped: %.400s", l->halt->message);
			machine_end(m, APPLY_INTERRUPTED, &e);
		} else if (i >= l->started && l->failures >= l->setting->max_failures) {
			err_set(&e, ERR_REFUSED, "not started: %zu plans of this run failed; look at them first",
				l->failures);
			machine_end(m, APPLY_REFUSED, &e);
		} else if (i >= l->started) {
			err_set(&e, ERR_INTERRUPTED, "not started: interrupted");
			machine_end(m, APPLY_INTERRUPTED, &e);
		}
	}
}

bool apply_run(struct arena *a, const struct apply_setting *s, const struct write_port *aws,
	       const struct store_port *store, const struct clock_port *clock,
	       const struct progress_port *progress, const struct approval *approval, size_t count,
	       struct apply_report *report, struct err *e)
{
	struct loop l = {.setting = s, .aws = aws, .clock = clock, .progress = progress, .count = count};
	if (s->concurrency == 0 || s->observations == 0)
		return err_set(e, ERR_USAGE, "applying: concurrency and observations are at least 1");
	l.machine = arena_array(a, count, sizeof *l.machine);
	l.shown = arena_array(a, count, sizeof *l.shown);
	for (size_t i = 0; i < count; i++) {
		report[i] = (struct apply_report){.plan = approval[i].plan};
		l.machine[i] = (struct machine){.arena = a, .setting = s, .store = store, .clock = clock,
						.progress = progress, .approval = &approval[i],
						.plan = approval[i].plan, .report = &report[i]};
	}
	while (more(&l) && turn(&l))
		;
	finish(&l);
	return true;
}
