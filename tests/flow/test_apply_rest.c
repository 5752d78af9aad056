/* Plans that rest at the barrier make room (L4 of flow/apply.c), and what is known apart is asked at
 * once: roles that keep a narrower inline policy, before an AWS that answers after 50 ms on a clock
 * that only waiting moves. Counted are roles in work and calls under way; time is virtual. */
#include "apply_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/document.h"
#include "pare/sandbox.h"
#include "pare/str.h"
#include "sim.h"

enum { ROLES = 23, LATENCY_MS = 50, GAP_MS = 1000, CALLS = 256 };

#define OLD_TEXT "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"*\"}]}"
#define NEW_TEXT "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":\"*\"}]}"

struct role {
	struct plan plan;
	int64_t put_ms;      /* when "new" was put; 0: not */
	bool old_gone, asked;
	size_t looks;        /* GetRole since "new" was put, before "old" went */
	size_t calls;        /* under way */
	size_t lists;        /* of inline policies, so far */
};

struct scene {
	struct arena *a;
	struct clock_port clock;
	struct sent {
		struct call *call;
		int64_t due_ms;
	} sent[CALLS];
	size_t sent_count, calls_most, role_calls_most;
	int64_t shows_after_ms; /* reads lag so far behind */
	struct role role[ROLES];
	size_t asked, finished, fourth_after; /* roles finished when the fourth was asked for */
	size_t in_work_most, in_work_most_unseen; /* unseen: while no fourth or later role showed "new" */
	bool first_ahead; /* the first list of inline policies shows "new" already */
	size_t denied_from; /* "old" of these roles may not be deleted; 0: of none */
	struct approval approval[ROLES];
	struct apply_report report[ROLES];
};

static int64_t now(const struct scene *s)
{
	return s->clock.now_ms(s->clock.self);
}

static struct role *role_of(struct scene *s, const struct call *c)
{
	return &s->role[atoi(c->role + 1)];
}

static bool shows(const struct scene *s, const struct role *r)
{
	return r->put_ms != 0 && now(s) >= r->put_ms + s->shows_after_ms;
}

static void start(void *self, struct call *c)
{
	struct scene *s = self;
	struct role *r = role_of(s, c);
	assert_true(s->sent_count < CALLS);
	s->sent[s->sent_count++] = (struct sent){c, now(s) + LATENCY_MS};
	s->calls_most = s->sent_count > s->calls_most ? s->sent_count : s->calls_most;
	r->calls++;
	s->role_calls_most = r->calls > s->role_calls_most ? r->calls : s->role_calls_most;
	if (call_writes(c->op))
		assert_int_equal(r->calls, 1); /* what was read before is answered */
	if (!r->asked && ++s->asked == 4)
		s->fourth_after = s->finished;
	r->asked = true;
	size_t in_work = s->asked - s->finished;
	bool seen = false;
	for (size_t i = 3; i < ROLES; i++)
		seen = seen || shows(s, &s->role[i]);
	s->in_work_most = in_work > s->in_work_most ? in_work : s->in_work_most;
	if (!seen && in_work > s->in_work_most_unseen)
		s->in_work_most_unseen = in_work;
}

static void answer_read(struct scene *s, struct role *r, struct call *c)
{
	bool fresh = shows(s, r);
	c->ok = true;
	switch (c->op) {
	case CALL_GET_ROLE:
		r->looks += r->put_ms != 0 && fresh && !r->old_gone;
		answer_role(c, &r->plan);
		break;
	case CALL_LIST_ROLE_POLICIES:
		if (fresh)
			str_list_add(c->arena, &c->names, "new");
		if (r->lists++ == 0 && s->first_ahead)
			str_list_add(c->arena, &c->names, "new");
		if (!r->old_gone)
			str_list_add(c->arena, &c->names, "old");
		break;
	case CALL_GET_ROLE_POLICY:
		c->text = strcmp(c->policy_name, "new") == 0 ? NEW_TEXT : OLD_TEXT;
		break;
	default:
		assert_int_equal(c->op, CALL_LIST_ATTACHED_ROLE_POLICIES);
	}
}

static void answer_write(struct scene *s, struct role *r, struct call *c)
{
	bool drops_old = c->op == CALL_DELETE_ROLE_POLICY && strcmp(c->policy_name, "old") == 0;
	c->ok = !drops_old || s->denied_from == 0 || (size_t)(r - s->role) < s->denied_from;
	if (!c->ok) {
		err_set(&c->err, ERR_AUTH, "told to fail");
		strcpy(c->err.code, "AccessDenied");
	} else if (c->op == CALL_PUT_ROLE_POLICY) {
		r->put_ms = now(s);
	} else if (drops_old) {
		assert_true(r->looks >= 3); /* W1 */
		r->old_gone = true;
	} else {
		assert_int_equal(c->op, CALL_DELETE_ROLE_POLICY);
		assert_true(s->denied_from > 0 && !r->old_gone);
		r->put_ms = 0;
	}
}

static struct call *next(void *self, int64_t until_ms)
{
	struct scene *s = self;
	if (s->sent_count == 0)
		return NULL;
	struct sent first = s->sent[0];
	if (first.due_ms > until_ms) {
		clock_virtual_advance(&s->clock, until_ms > now(s) ? until_ms - now(s) : 0);
		return NULL;
	}
	memmove(s->sent, s->sent + 1, --s->sent_count * sizeof first);
	if (first.due_ms > now(s))
		clock_virtual_advance(&s->clock, first.due_ms - now(s));
	struct role *r = role_of(s, first.call);
	first.call->attempts = 1;
	r->calls--;
	if (call_writes(first.call->op))
		answer_write(s, r, first.call);
	else
		answer_read(s, r, first.call);
	return first.call;
}

static void count_ends(void *self, const char *line)
{
	struct scene *s = self;
	s->finished += strstr(line, ": applied (") != NULL || strstr(line, ": undone (") != NULL ||
		       strstr(line, ": refused (") != NULL;
}

static void no_step(void *self, const char *activity, size_t done, size_t total)
{
	(void)self, (void)activity, (void)done, (void)total;
}

static void make_plan(struct scene *s, size_t i)
{
	struct plan *p = &s->role[i].plan;
	const char *old = policy_text_digest(s->a, OLD_TEXT), *new = policy_text_digest(s->a, NEW_TEXT);
	plan_of_role(s->a, p, i);
	p->preconditions.inline_policy = arena_alloc(s->a, sizeof *p->preconditions.inline_policy);
	*p->preconditions.inline_policy = (struct precondition_inline){"old", old};
	p->preconditions.inline_count = 1;
	const struct action put = {.op = STEP_PUT_ROLE_POLICY, .policy_name = "new", .document = NEW_TEXT,
				   .document_sha256 = new};
	const struct action drop = {.op = STEP_DELETE_ROLE_POLICY, .policy_name = "old"};
	struct action take_back = drop, put_back = put;
	take_back.policy_name = "new";
	put_back.policy_name = "old";
	put_back.document = OLD_TEXT;
	put_back.document_sha256 = old;
	p->step = arena_array(s->a, 2, sizeof *p->step);
	p->step[0] = (struct step){.n = 1, .action = put, .inverse = take_back};
	p->step[1] = (struct step){.n = 2, .action = drop, .inverse = put_back};
	p->step_count = 2;
	s->approval[i] = (struct approval){.plan = p, .approved = true};
}

static struct scene *opened(void)
{
	struct scene *s = calloc(1, sizeof *s);
	s->a = arena_new(NULL);
	s->clock = clock_virtual(s->a, 1795575600000);
	for (size_t i = 0; i < ROLES; i++)
		make_plan(s, i);
	return s;
}

/* Gives how long it took. */
static int64_t run(struct scene *s, size_t concurrency, size_t plans)
{
	struct err e;
	struct config config = {0};
	config_default(s->a, &config);
	const struct write_port aws = {s, start, next};
	const struct store_port store = {.self = s, .read = nothing_there, .append = taken};
	const struct progress_port progress = {s, no_step, count_ends};
	const struct apply_setting setting = {
		.config = &config, .catalog = sim_catalog(),
		.caller_arn = "arn:aws:iam::111122223333:user/x", .caller_account = "111122223333",
		.concurrency = concurrency, .observations = 3, .observe_gap_ms = GAP_MS,
		.observe_limit_ms = 120 * GAP_MS, .max_failures = 3,
		.tip = "0000000000000000000000000000000000000000"};
	int64_t from = now(s);
	if (!apply_run(s->a, &setting, &aws, &store, &s->clock, &progress, s->approval, plans, s->report, &e))
		fail_msg("%s", e.message);
	return now(s) - from;
}

static void all_applied(const struct scene *s, size_t plans)
{
	for (size_t i = 0; i < plans; i++) {
		if (s->report[i].result != APPLY_APPLIED)
			fail_msg("%zu: %s: %s", i, apply_result_name(s->report[i].result), s->report[i].why.message);
		assert_true(s->role[i].old_gone);
	}
}

static void closed(struct scene *s)
{
	arena_free(s->a);
	free(s);
}

/* One plan: five observations of two round trips (lists at once, then documents), two writes, and the
 * two gaps of the barrier. */
static void asks_at_once(void **state)
{
	(void)state;
	struct scene *s = opened();
	int64_t took = run(s, 1, 1);
	all_applied(s, 1);
	assert_int_equal(s->role_calls_most, 3);
	/* before the first write; three at the barrier; the end */
	assert_int_equal(took, 5 * 2 * LATENCY_MS + 2 * LATENCY_MS + 2 * GAP_MS);
	closed(s);
}

static void those_that_rest_make_room(void **state)
{
	static const size_t concurrencies[] = {1, 2, 4, 5};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t concurrency = concurrencies[i];
		struct scene *s = opened();
		int64_t took = run(s, concurrency, ROLES);
		all_applied(s, ROLES);
		assert_int_equal(s->fourth_after, 3); /* L1 */
		assert_true(s->in_work_most > concurrency);
		assert_true(s->in_work_most <= 4 * concurrency);
		/* Where those that rest held their places, their rests alone took as long. */
		size_t rounds = (ROLES - 3 + concurrency - 1) / concurrency;
		assert_true(took < (int64_t)(1 + rounds) * 2 * GAP_MS);
		closed(s);
	}
}

/* Not shown yet is no rest: it may be the beginning of what goes wrong for all. */
static void those_that_wait_to_be_shown_do_not(void **state)
{
	(void)state;
	struct scene *s = opened();
	s->shows_after_ms = 20000;
	run(s, 4, ROLES);
	all_applied(s, ROLES);
	assert_true(s->in_work_most_unseen <= 4);
	assert_true(s->in_work_most > 4);
	closed(s);
}

/* What fails for all after the canaries is met by those that were under way, and undone. */
static void breaker_stops_the_others(void **state)
{
	(void)state;
	struct scene *s = opened();
	s->denied_from = 3;
	run(s, 2, ROLES);
	assert_true(s->in_work_most <= 4 * 2);
	size_t begun = 0, undone = 0;
	for (size_t i = 0; i < ROLES; i++) {
		begun += s->role[i].asked;
		undone += s->report[i].result == APPLY_UNDONE;
		assert_true(i < 3 || (s->role[i].put_ms == 0 && !s->role[i].old_gone));
	}
	assert_true(begun <= 3 + 4 * 2);
	assert_int_equal(undone, begun - 3);
	closed(s);
}

/* A look that shows the role further than the next one does is forgotten: once it was believed, and the
 * first step was taken for done. */
static void a_look_is_forgotten_by_the_next(void **state)
{
	(void)state;
	struct scene *s = opened();
	s->first_ahead = true;
	run(s, 1, 1);
	all_applied(s, 1);
	assert_true(s->role[0].put_ms != 0);
	assert_int_equal(s->report[0].aws_writes, 2);
	closed(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_at_once),
		cmocka_unit_test(those_that_rest_make_room),
		cmocka_unit_test(those_that_wait_to_be_shown_do_not),
		cmocka_unit_test(breaker_stops_the_others),
		cmocka_unit_test(a_look_is_forgotten_by_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
