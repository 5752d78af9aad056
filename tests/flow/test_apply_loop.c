/* The loop over many plans (L1–L3 of flow/apply.c), with plans that only archive, against an AWS that
 * fails as told: who is begun when, and what becomes of those that are not. */
#include "apply_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/sandbox.h"
#include "pare/str.h"

enum { PLANS = 12 };

struct bench {
	struct arena *a;
	struct clock_port clock;
	struct call *queue[PLANS * 3]; /* an observation asks for three things at once */
	size_t queued;
	/* what the world does, by the plan's number */
	enum err_kind reads[PLANS], writes[PLANS], looks[PLANS]; /* ERR_NONE: answers; looks: at findings */
	const char *status[PLANS]; /* of the finding; NULL: ACTIVE */
	int64_t shows_ms[PLANS];   /* how long after the write it shows */
	int64_t written_ms[PLANS];
	size_t written, written_before_fourth; /* archived when the fourth plan was first asked for */
	bool asked[PLANS];
	size_t asked_count;
	struct plan plan[PLANS];
	struct approval approval[PLANS];
	struct apply_report report[PLANS];
	char notes[16384];
};

static size_t number_of(const char *text) /* "R7", "F7" */
{
	return (size_t)atoi(text + 1);
}

static void start(void *self, struct call *c)
{
	struct bench *b = self;
	b->queue[b->queued++] = c;
}

static void fail_with(struct call *c, enum err_kind kind)
{
	err_set(&c->err, kind, "told to fail");
	if (kind == ERR_AUTH)
		strcpy(c->err.code, "AccessDenied");
}

static struct call *next(void *self, int64_t until_ms)
{
	struct bench *b = self;
	(void)until_ms;
	if (b->queued == 0)
		return NULL;
	struct call *c = b->queue[0];
	memmove(b->queue, b->queue + 1, --b->queued * sizeof c);
	clock_virtual_advance(&b->clock, 20);
	size_t n = number_of(c->finding != NULL ? c->finding : c->role);
	int64_t at_ms = b->clock.now_ms(b->clock.self);
	if (!b->asked[n]) {
		b->asked[n] = true;
		if (++b->asked_count == 4)
			b->written_before_fourth = b->written;
	}
	enum err_kind kind = c->op == CALL_UPDATE_FINDING ? b->writes[n]
			     : c->op == CALL_GET_FINDING  ? b->looks[n]
							  : b->reads[n];
	c->attempts = 1;
	c->ok = kind == ERR_NONE;
	if (!c->ok) {
		fail_with(c, kind);
	} else if (c->op == CALL_GET_ROLE) {
		answer_role(c, &b->plan[n]);
	}
	if (c->op == CALL_GET_FINDING && c->ok) {
		struct finding *f = arena_alloc(c->arena, sizeof *f);
		bool shows = b->status[n] != NULL && at_ms >= b->written_ms[n] + b->shows_ms[n];
		f->status = shows ? b->status[n] : "ACTIVE";
		c->findings = arena_array(c->arena, 1, sizeof *c->findings);
		c->findings[c->finding_count++] = f;
	}
	if (c->op == CALL_UPDATE_FINDING && c->ok) {
		b->written++;
		b->written_ms[n] = at_ms;
		if (b->status[n] == NULL)
			b->status[n] = c->status;
	}
	return c;
}

static void note(void *self, const char *line)
{
	struct bench *b = self;
	size_t have = strlen(b->notes);
	snprintf(b->notes + have, sizeof b->notes - have, "%s\n", line);
}

static void no_step(void *self, const char *activity, size_t done, size_t total)
{
	(void)self;
	assert_true(done <= total);
	assert_true(str_starts(activity, "applying"));
}

static void make_plan(struct bench *b, size_t i)
{
	struct plan *p = &b->plan[i];
	plan_of_role(b->a, p, i);
	p->step = arena_alloc(b->a, sizeof *p->step);
	const char *finding = str_printf(b->a, "F%zu", i);
	*p->step = (struct step){.n = 1,
				 .action = {.op = STEP_ARCHIVE_FINDING, .finding = finding, .analyzer = "A"},
				 .inverse = {.op = STEP_UNARCHIVE_FINDING, .finding = finding, .analyzer = "A"}};
	p->step_count = 1;
	b->approval[i] = (struct approval){.plan = p, .approved = true};
}

static struct bench *opened(void)
{
	struct bench *b = calloc(1, sizeof *b);
	b->a = arena_new(NULL);
	b->clock = clock_virtual(b->a, 1795575600000);
	for (size_t i = 0; i < PLANS; i++)
		make_plan(b, i);
	return b;
}

static void run(struct bench *b, size_t concurrency)
{
	struct err e;
	struct config config = {0};
	config_default(b->a, &config);
	const struct write_port aws = {b, start, next};
	const struct store_port store = {.self = b, .read = nothing_there, .append = taken};
	const struct progress_port progress = {b, no_step, note};
	const struct apply_setting setting = {.config = &config, .caller_arn = "arn:aws:iam::111122223333:user/x",
					      .caller_account = "111122223333", .concurrency = concurrency,
					      .observations = 3, .observe_gap_ms = 100, .observe_limit_ms = 12000,
					      .max_failures = 3, .tip = "0000000000000000000000000000000000000000"};
	if (!apply_run(b->a, &setting, &aws, &store, &b->clock, &progress, b->approval, PLANS, b->report, &e))
		fail_msg("%s", e.message);
}

static size_t ended(const struct bench *b, enum apply_result result)
{
	size_t count = 0;
	for (size_t i = 0; i < PLANS; i++)
		count += b->report[i].result == result;
	return count;
}

static void closed(struct bench *b)
{
	arena_free(b->a);
	free(b);
}

static void said(const struct bench *b, const char *text)
{
	if (strstr(b->notes, text) == NULL)
		fail_msg("'%s' is not in:\n%s", text, b->notes);
}

static void canaries_go_first(void **state)
{
	(void)state;
	static const size_t concurrencies[] = {1, 2, 8, 64};
	for (size_t i = 0; i < 4; i++) {
		struct bench *b = opened();
		run(b, concurrencies[i]);
		assert_int_equal(ended(b, APPLY_APPLIED), PLANS);
		assert_true(b->written_before_fourth >= 3);
		said(b, "the first 3 plans are carried out and checked: going on with the");
		closed(b);
	}
}

/* What was refused has shown nothing: three others are the canaries. */
static void refused_plans_are_no_canaries(void **state)
{
	(void)state;
	struct bench *b = opened();
	for (size_t i = 0; i < 3; i++)
		b->plan[i].principal.unique_id = "AROAOTHER";
	run(b, 8);
	assert_int_equal(ended(b, APPLY_REFUSED), 3);
	assert_int_equal(ended(b, APPLY_APPLIED), PLANS - 3);
	/* The first three are only asked for; the next three, one by one or together, are canaries. */
	said(b, "going on with the 6 left");
	closed(b);
}

static void breaker_stops_after_three(void **state)
{
	(void)state;
	struct bench *b = opened();
	for (size_t i = 0; i < PLANS; i++)
		b->writes[i] = i == 1 ? ERR_NONE : ERR_AUTH;
	run(b, 8);
	assert_int_equal(ended(b, APPLY_UNDONE), 3);
	assert_int_equal(ended(b, APPLY_APPLIED), 1);
	assert_int_equal(ended(b, APPLY_REFUSED), PLANS - 1 - ended(b, APPLY_UNDONE));
	assert_non_null(strstr(b->report[PLANS - 1].why.message, "plans of this run failed"));
	said(b, "plans left are not started");
	closed(b);
}

static void two_failures_are_not_three(void **state)
{
	(void)state;
	struct bench *b = opened();
	b->writes[0] = b->writes[5] = ERR_AUTH;
	run(b, 8);
	assert_int_equal(ended(b, APPLY_UNDONE), 2);
	assert_int_equal(ended(b, APPLY_APPLIED), PLANS - 2);
	closed(b);
}

/* AWS gone for one is AWS gone for all: the others are not tried one after the other. */
static void what_concerns_all_stops_all(void **state)
{
	static const enum err_kind kinds[] = {ERR_UNAVAILABLE, ERR_THROTTLED};
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct bench *b = opened();
		for (size_t i = 0; i < PLANS; i++)
			b->reads[i] = kinds[k];
		run(b, 8);
		assert_int_equal(b->asked_count, 3);
		assert_int_equal(ended(b, APPLY_INTERRUPTED) + ended(b, APPLY_REFUSED), PLANS);
		assert_int_equal(b->report[PLANS - 1].result, APPLY_INTERRUPTED);
		assert_non_null(strstr(b->report[PLANS - 1].why.message, "not started: another plan stopped"));
		said(b, "they would stop for the same reason");
		closed(b);
	}
	/* In the middle: the write cannot be sent. Nothing is undone. */
	struct bench *b = opened();
	for (size_t i = 3; i < PLANS; i++)
		b->writes[i] = ERR_UNAVAILABLE;
	run(b, 4);
	assert_int_equal(ended(b, APPLY_APPLIED), 3);
	assert_int_equal(ended(b, APPLY_INTERRUPTED), PLANS - 3);
	assert_true(b->asked_count <= 3 + 4);
	closed(b);
}

/* A finding is read back like everything else. */
static void findings_are_read_back(void **state)
{
	(void)state;
	struct bench *b = opened();
	b->shows_ms[0] = 3000;
	b->status[1] = "RESOLVED"; /* whatever is written */
	b->looks[2] = ERR_NOT_FOUND;
	b->shows_ms[4] = 1000000;
	b->looks[5] = ERR_AUTH;
	run(b, 2);
	assert_int_equal(ended(b, APPLY_APPLIED), PLANS - 2);
	assert_int_equal(b->report[4].result, APPLY_PARTIAL);
	assert_non_null(strstr(b->report[4].why.message, "finding 'F4' is still ACTIVE"));
	assert_int_equal(b->report[5].result, APPLY_PARTIAL);
	assert_non_null(strstr(b->report[5].why.message, "finding 'F5' cannot be read back"));
	closed(b);
	b = opened();
	b->looks[0] = ERR_UNAVAILABLE;
	run(b, 1);
	assert_int_equal(b->report[0].result, APPLY_INTERRUPTED);
	assert_non_null(strstr(b->report[0].why.message, "AWS does not answer"));
	closed(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_read_back),
		cmocka_unit_test(canaries_go_first),
		cmocka_unit_test(refused_plans_are_no_canaries),
		cmocka_unit_test(breaker_stops_after_three),
		cmocka_unit_test(two_failures_are_not_three),
		cmocka_unit_test(what_concerns_all_stops_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
