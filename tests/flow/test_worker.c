/* The worker: what becomes of every event; killed, interrupted and overtaken by another worker at every
 * operation. */
#include "worker_scene.h"

/* --- tests --- */

static void twice_and_in_any_order(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	s->backwards = true;
	put(s, event_of(s, s->finding, "ACTIVE"));
	put(s, event_of(s, s->finding, "RESOLVED"));
	put(s, event_of(s, s->finding, "ACTIVE"));
	assert_int_equal(one_round(s), 3);
	assert_int_equal(waiting(s), 0);
	assert_int_equal(s->told_count, 3);
	told(s, 0, WORK_PROPOSED, "proposed");
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_ALREADY, "proposed already");
	new_worker(s);
	pass_time(s, 3600);
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_ALREADY, "proposed already");
	assert_int_equal(waiting(s), 0);
	assert_int_equal(branches(s), 1);
	/* Once the plan has expired it is proposed anew. */
	pass_time(s, 8 * 86400);
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_PROPOSED, "proposed");
	assert_int_equal(branches(s), 2);
	end(s);
}

static void what_needs_none(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	s->verdict = VERDICT_EXEMPT;
	put(s, event_of(s, s->finding, "ACTIVE"));
	put(s, event_of(s, "00000000-0000-0000-0000-000000000000", "ACTIVE"));
	put(s, "{\"source\":\"aws.access-analyzer\",\"detail-type\":\"Access Analyzer Finding\",\"detail\":{}}");
	one_round(s);
	told(s, 0, WORK_NEEDLESS, "nothing that pare changes");
	told(s, 1, WORK_NEEDLESS, "said so");
	told(s, 2, WORK_NEEDLESS, "gone");
	assert_int_equal(waiting(s), 0);
	s->verdict = VERDICT_HOLD;
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_NEEDLESS, "said so");
	assert_int_equal(branches(s), 0);
	end(s);
}

static void poison_is_left(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	put(s, "not json");
	put(s, "{\"source\":\"aws.s3\"}");
	put(s, "{\"source\":\"aws.access-analyzer\",\"detail-type\":\"Unused Access Finding for IAM entities\","
	       "\"resources\":[\"arn:aws:access-analyzer:us-east-1:111122223333:analyzer/other\"],"
	       "\"detail\":{\"findingId\":\"f\"}}");
	put(s, event_of(s, s->finding, "ACTIVE"));
	for (int i = 0; i < DEAD_AFTER; i++) {
		assert_true(one_round(s) >= 3);
		told(s, 0, WORK_LEFT, "");
	}
	one_round(s);
	assert_int_equal(waiting(s), 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(s->item[i].dead && !s->item[i].removed);
	assert_true(s->item[3].removed);
	assert_int_equal(branches(s), 1);
	end(s);
}

static void trouble_comes_back_later(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	struct err e;
	size_t received;
	put(s, event_of(s, s->finding, "ACTIVE"));
	int64_t wait_s = 60;
	s->no_aws = true;
	for (int i = 0; i < 3; i++, wait_s *= 4) {
		struct arena *a = arena_new(b->arena);
		s->told_count = 0;
		assert_false(worker_round(a, &s->worker, &received, &e));
		assert_true(worker_transient(e.kind));
		told(s, 0, WORK_LATER, "does not answer");
		assert_int_equal(s->item[0].visible_ms - clock_now(s), wait_s * 1000);
		pass_time(s, wait_s);
	}
	s->unreachable = true;
	assert_false(worker_round(arena_new(b->arena), &s->worker, &received, &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_int_equal(waiting(s), 1);
	end(s);
}

static void blocked_comes_back(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	str_list_add(b->arena, &s->config.protect, "arn:*");
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_LATER, "gate protected");
	assert_int_equal(waiting(s), 1);
	assert_int_equal(branches(s), 0);
	end(s);
}

static void hidden_while_worked_on(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, "work=200000");
	s->watched = true;
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_PROPOSED, "proposed");
	assert_int_equal(s->item[0].tries, 1);
	end(s);
}

static void a_deleted_branch_stays_deleted(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	assert_int_equal(branches(s), 1);
	run_shell(b, NULL, "git -C %s for-each-ref --format='delete %%(refname)' refs/heads/pare | git -C %s update-ref --stdin",
		  b->remote, b->remote);
	s->deleted = true;
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_ALREADY, "its branch is gone");
	assert_int_equal(branches(s), 0);
	end(s);
}

static void forged_claims_are_refused(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, NULL);
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	run_shell(b, NULL, "cd %s && tree=$(git mktree </dev/null) && c=$(git commit-tree -m x $tree) && "
			   "for r in $(git for-each-ref --format='%%(refname)' refs/pare/proposals); do git update-ref $r $c; done",
		  b->remote);
	put(s, event_of(s, s->finding, "ACTIVE"));
	one_round(s);
	told(s, 0, WORK_LATER, "reading the claim");
	assert_int_equal(waiting(s), 1);
	assert_int_equal(branches(s), 1);
	end(s);
}

/* Everything that was proposed is thrown away; the next run starts from nothing. */
static void clean(struct scene *s)
{
	struct bench *b = s->bench;
	run_shell(b, NULL,
		  "git -C %s for-each-ref --format='delete %%(refname)' refs/heads/pare refs/pare | git -C %s "
		  "update-ref --stdin",
		  b->remote, b->remote);
	s->count = 0;
	pass_time(s, 100);
	new_worker(s);
	put(s, event_of(s, s->finding, "ACTIVE"));
	put(s, event_of(s, s->finding, "ACTIVE"));
}

static void kill_now(struct scene *s)
{
	longjmp(s->killed, 1);
}

static void killed_anywhere(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, "work=1");
	volatile size_t n = 0;
	volatile bool ended = false;
	while (!ended) {
		n++;
		clean(s);
		s->at = n;
		s->then = kill_now;
		if (setjmp(s->killed) == 0) {
			one_round(s);
			ended = s->operations < n;
		}
		new_worker(s); /* on another machine */
		pass_time(s, HIDDEN_S + 1);
		drain(s);
		if (branches(s) != 1)
			fail_msg("killed at operation %zu: %zu branches", n, branches(s));
		assert_true(s->item[0].removed && s->item[1].removed);
	}
	assert_true(n > 20);
	end(s);
}

static void signal_now(struct scene *s)
{
	s->signalled = true;
}

static void signalled_anywhere(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, "work=1");
	size_t n = 0;
	bool ended = false;
	while (!ended) {
		n++;
		clean(s);
		s->at = n;
		s->then = signal_now;
		one_round(s);
		ended = s->operations < n;
		for (size_t i = 0; i < s->count; i++) /* Q5 */
			assert_true(s->item[i].removed || s->item[i].visible_ms <= clock_now(s));
		new_worker(s);
		drain(s);
		if (branches(s) != 1)
			fail_msg("signalled at operation %zu: %zu branches", n, branches(s));
	}
	end(s);
}

/* A second worker does its whole round in the midst of the first one's. */
static void overtake_now(struct scene *s)
{
	struct review_port mine = s->plain;
	struct bench *b = s->bench;
	size_t received;
	struct err e;
	if (s->inside_aws)
		return; /* the model has one door for both */
	const char *folder = str_printf(b->arena, "%s/other%zu", b->dir, s->states++);
	run_shell(b, NULL, "mkdir -p %s", folder);
	assert_ok(git_open(b->arena, b->remote, folder, &s->plain, &b->e));
	s->then = NULL;
	put(s, event_of(s, s->finding, "ACTIVE"));
	pass_time(s, 2);
	if (!worker_round(arena_new(b->arena), &s->worker, &received, &e))
		fail_msg("%s", e.message);
	s->plain = mine;
}

static void overtaken_anywhere(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct scene *s = scene(b, "work=1");
	size_t n = 0;
	bool ended = false;
	while (!ended) {
		n++;
		clean(s);
		s->at = n;
		s->then = overtake_now;
		one_round(s);
		ended = s->operations < n;
		s->then = NULL;
		pass_time(s, HIDDEN_S + 1);
		drain(s);
		if (branches(s) != 1)
			fail_msg("overtaken at operation %zu: %zu branches", n, branches(s));
	}
	end(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(twice_and_in_any_order),	TEST(what_needs_none),
		TEST(poison_is_left),		TEST(trouble_comes_back_later),
		TEST(blocked_comes_back),	TEST(hidden_while_worked_on),
		TEST(a_deleted_branch_stays_deleted), TEST(forged_claims_are_refused),
		TEST(killed_anywhere),		TEST(signalled_anywhere),
		TEST(overtaken_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
