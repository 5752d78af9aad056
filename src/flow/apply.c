/* apply: the loop that drives the machines: one thread, several plans at once. The first plans are
 * carried out completely before more are started (canary), and after too many failures nothing new
 * is started (breaker). */
#include "pare/apply.h"

#include <string.h>

#include "apply_machine.h"
#include "pare/str.h"

enum { CANARIES = 3, SETTLE_MS = 30000 };

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
	bool *asked; /* its call is under way */
	size_t count, started, ended, under_way, failures;
	bool stopping;
	int64_t stop_ms;
};

static int64_t now(const struct loop *l)
{
	return l->clock->now_ms(l->clock->self);
}

static void note_end(struct loop *l, const struct machine *m)
{
	const struct apply_report *r = m->report;
	l->ended++;
	if (r->result == APPLY_UNDONE || r->result == APPLY_PARTIAL)
		l->failures++;
	if (l->progress == NULL)
		return;
	struct arena *scratch = arena_new(NULL);
	l->progress->note(l->progress->self,
			  str_printf(scratch, "%s: %s (plan %s)", m->plan->principal.name,
				     apply_result_name(r->result), m->plan->id));
	arena_free(scratch);
}

static void refuse(struct loop *l, struct machine *m, const struct err *why)
{
	if (m->phase != PHASE_ENDED)
		machine_end(m, APPLY_REFUSED, why);
	note_end(l, m);
}

static bool may_start(const struct loop *l)
{
	size_t running = l->started - l->ended;
	if (l->started == l->count || l->stopping || l->failures >= l->setting->max_failures)
		return false;
	if (l->started >= CANARIES && l->ended < CANARIES)
		return false;
	return running < l->setting->concurrency;
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

/* Starts every call that a machine wants; gives the earliest end of a pause. */
static int64_t start_calls(struct loop *l)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < l->started; i++) {
		struct machine *m = &l->machine[i];
		if (m->phase == PHASE_ENDED || l->asked[i])
			continue;
		if (l->stopping) {
			machine_interrupt(m);
			note_end(l, m);
			continue;
		}
		struct call *c = machine_next(m);
		if (c == NULL) {
			due = m->due_ms < due ? m->due_ms : due;
			continue;
		}
		l->asked[i] = true;
		l->under_way++;
		l->aws->start(l->aws->self, c);
	}
	return due;
}

static void take_answer(struct loop *l, struct call *c)
{
	struct machine *m = c->owner;
	l->asked[m - l->machine] = false;
	l->under_way--;
	machine_answer(m, c);
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
	return l->started < l->count && !l->stopping && l->failures < l->setting->max_failures;
}

/* What was not started, or never answered. */
static void finish(struct loop *l)
{
	struct err e;
	for (size_t i = 0; i < l->count; i++) {
		struct machine *m = &l->machine[i];
		if (i < l->started && m->phase != PHASE_ENDED) {
			machine_interrupt(m);
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
	l.asked = arena_array(a, count, sizeof *l.asked);
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
