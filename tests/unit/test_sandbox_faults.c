/* The sandbox through its direct door: latency, lag, faults, the state file, generated accounts. */
#include "test.h"

#include "sandbox_world.h"

/* --- time, lag and faults --- */

static void answers_come_in_due_order_and_move_the_clock(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 7, .latency_ms = 100});
	struct call c[8];
	int64_t start = w.clock.now_ms(w.clock.self), last = start;
	for (int i = 0; i < 8; i++) {
		c[i] = (struct call){.op = CALL_GET_ROLE, .role = BLOG, .arena = w.a};
		w.read.start(w.read.self, &c[i]);
	}
	assert_null(w.read.next(w.read.self, start + 10));
	assert_int_equal(w.clock.now_ms(w.clock.self), start + 10);
	for (int i = 0; i < 8; i++) {
		assert_non_null(w.read.next(w.read.self, INT64_MAX));
		int64_t now = w.clock.now_ms(w.clock.self);
		assert_true(now >= last && now <= start + 150);
		last = now;
	}
	assert_true(last >= start + 50);
	assert_null(w.read.next(w.read.self, INT64_MAX)); /* none under way: at once */
	assert_int_equal(w.clock.now_ms(w.clock.self), last);
	arena_free(w.a);
}

static void reads_lag_behind_writes(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1, .lag_ms = 1000});
	struct call get = {.op = CALL_GET_ROLE_POLICY, .role = BLOG, .policy_name = "New"};
	struct call list = {.op = CALL_LIST_ROLE_POLICIES, .role = BLOG};
	clock_virtual_advance(&w.clock, 5000);
	ok(&w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "New", .document = DOC});
	assert_int_equal(sandbox_role(w.box, w.a, BLOG)->inline_count, 2); /* the truth */
	refused(&w, get, "NoSuchEntity", ERR_NOT_FOUND);
	assert_int_equal(ask(&w, list)->names.count, 1);
	clock_virtual_advance(&w.clock, 999);
	refused(&w, get, "NoSuchEntity", ERR_NOT_FOUND);
	clock_virtual_advance(&w.clock, 1);
	ok(&w, get);
	ok(&w, (struct call){.op = CALL_DELETE_ROLE_POLICY, .role = BLOG, .policy_name = "New"});
	ok(&w, get); /* still seen */
	clock_virtual_advance(&w.clock, 1000);
	refused(&w, get, "NoSuchEntity", ERR_NOT_FOUND);
	arena_free(w.a);
}

static size_t inlines(struct world *w)
{
	return sandbox_role(w->box, w->a, BLOG)->inline_count;
}

static void faults_before_and_after_the_effect(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct call put = {.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "New", .document = DOC};
	struct call get = {.op = CALL_GET_ROLE, .role = BLOG};
	sandbox_fail_nth(w.box, 2, FAULT_BEFORE);
	ok(&w, get);
	refused(&w, put, "", ERR_UNCERTAIN);
	assert_int_equal(inlines(&w), 1);
	sandbox_fail_nth(w.box, 1, FAULT_AFTER);
	refused(&w, put, "", ERR_UNCERTAIN);
	assert_int_equal(inlines(&w), 2);
	sandbox_fail_nth(w.box, 1, FAULT_BEFORE);
	refused(&w, get, "", ERR_UNAVAILABLE); /* reading twice harms nobody */
	sandbox_fail_nth(w.box, 1, FAULT_THROTTLE);
	put.policy_name = "Other";
	refused(&w, put, "Throttling", ERR_THROTTLED);
	assert_int_equal(inlines(&w), 2);
	ok(&w, put);
	assert_int_equal(sandbox_calls(w.box), 6);
	arena_free(w.a);
}

static void killed_is_dead_until_revived(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1, .latency_ms = 10});
	struct call put = {.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "New", .document = DOC,
			   .arena = w.a};
	struct call pending = {.op = CALL_GET_ROLE, .role = BLOG, .arena = w.a}, after = pending;
	w.write.start(w.write.self, &pending);
	sandbox_fail_nth(w.box, 1, FAULT_KILL_BEFORE);
	w.write.start(w.write.self, &put);
	assert_true(sandbox_killed(w.box));
	assert_null(w.write.next(w.write.self, INT64_MAX));
	assert_int_equal(inlines(&w), 1);
	w.write.start(w.write.self, &put); /* from the grave */
	assert_null(w.write.next(w.write.self, INT64_MAX));
	assert_int_equal(inlines(&w), 1);
	sandbox_revive(w.box);
	assert_null(w.write.next(w.write.self, INT64_MAX)); /* what was under way is gone */
	sandbox_fail_nth(w.box, 1, FAULT_KILL_AFTER);
	w.write.start(w.write.self, &put);
	assert_null(w.write.next(w.write.self, INT64_MAX));
	assert_int_equal(inlines(&w), 2);
	sandbox_revive(w.box);
	w.write.start(w.write.self, &after);
	assert_ptr_equal(w.write.next(w.write.self, INT64_MAX), &after);
	assert_true(after.ok);
	arena_free(w.a);
}

static size_t count_kinds(uint64_t seed_value, const char *faults, size_t *throttled, size_t *uncertain,
			  uint64_t *trace)
{
	struct world w = blog_world((struct sandbox_setting){.seed = seed_value, .faults = faults});
	size_t fine = 0;
	*throttled = *uncertain = 0;
	*trace = 0;
	for (int i = 0; i < 400; i++) {
		struct call *c = ask(&w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "New",
						       .document = DOC});
		fine += c->ok;
		*throttled += !c->ok && c->err.kind == ERR_THROTTLED;
		*uncertain += !c->ok && c->err.kind == ERR_UNCERTAIN;
		*trace = *trace * 31 + (uint64_t)c->err.kind;
	}
	arena_free(w.a);
	return fine;
}

static void chances_come_from_the_seed(void **state)
{
	(void)state;
	size_t throttled, uncertain;
	uint64_t one, two, other;
	size_t fine = count_kinds(5, "throttle=0.2,5xx=0.1,lost=0.05,cut=0.05", &throttled, &uncertain, &one);
	assert_int_equal(fine + throttled + uncertain, 400);
	assert_true(throttled > 50 && throttled < 115);
	assert_true(uncertain > 45 && uncertain < 115);
	count_kinds(5, "throttle=0.2,5xx=0.1,lost=0.05,cut=0.05", &throttled, &uncertain, &two);
	count_kinds(6, "throttle=0.2,5xx=0.1,lost=0.05,cut=0.05", &throttled, &uncertain, &other);
	assert_true(one == two);
	assert_true(one != other);
}

static void bad_faults_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"throttle", "throttle=2", "throttle=-1", "throttle=nan", "slow=1", "nth=0:after",
					  "nth=3", "nth=3:never", "cut=0.1,,lost=0.1", "work=x", "throttle=0.1x"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct err e = {0};
		struct clock_port clock = clock_virtual(a, 0);
		struct sandbox_setting s = {.faults = bad[i]};
		if (sandbox_new(a, &s, &clock, &e) != NULL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.kind, ERR_USAGE);
		arena_free(a);
	}
}

/* --- state, seeds, generated accounts --- */

static void state_survives_a_restart(void **state)
{
	(void)state;
	char name[] = "/tmp/pare-test-sandbox-XXXXXX";
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	close(fd);
	unlink(name);
	struct world w = blog_world((struct sandbox_setting){.seed = 1, .state_file = name});
	const char *id = blog_finding(&w, NULL)->id;
	remediate(&w);
	struct buf *before = buf_new(w.a, 1 << 20), *after = buf_new(w.a, 1 << 20);
	sandbox_show(w.box, BLOG, before);
	assert_non_null(strstr(before->data, "\nfindings\n  RESOLVED UnusedPermission "));
	assert_non_null(strstr(before->data, id));
	struct world again = blog_world((struct sandbox_setting){.seed = 99, .state_file = name});
	sandbox_show(again.box, BLOG, after);
	assert_string_equal(before->data, after->data);
	struct call *c = ask(&again, (struct call){.op = CALL_GET_POLICY,
						   .policy_arn = "arn:aws:iam::111122223333:policy/pare/S3-recommended"});
	assert_true(c->ok);
	assert_int_equal(c->policy->attachment_count, 1);
	unlink(name);
	arena_free(again.a);
	arena_free(w.a);
}

static void a_state_that_cannot_be_kept_is_said(void **state)
{
	(void)state;
	struct world w = world_with((struct sandbox_setting){.seed = 1, .state_file = "/nonexistent/folder/aws.json"});
	struct err e = {0};
	size_t len;
	char *text = slurp(w.a, "examples/blog/seed.json", &len);
	assert_false(sandbox_seed(w.box, text, len, "seed", &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "/nonexistent/folder/aws.json"));
	refused(&w, (struct call){.op = CALL_GET_ROLE, .role = BLOG}, "ServiceFailure", ERR_UNAVAILABLE);
	arena_free(w.a);
}

static void a_bad_seed_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"{}", "schema"},
		{"{\"schema\":\"pare.sandbox/v1\",\"rolls\":[]}", "roles"},
		{"{\"schema\":\"pare.sandbox/v1\",\"roles\":[{\"name\":\"R\",\"trust\":{},\"attached\":[\"arn:aws:iam::aws:policy/X\"]}]}",
		 "not among its policies"},
		{"{\"schema\":\"pare.sandbox/v1\",\"roles\":[{\"name\":\"R\",\"trust\":{},\"usedActions\":[\"s3:Nonsense\"]}]}",
		 "s3:Nonsense"},
		{"{\"schema\":\"pare.sandbox/v1\",\"roles\":[{\"name\":\"R\",\"trust\":{},\"createdAt\":\"yesterday\"}]}",
		 "yesterday"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct world w = world_with((struct sandbox_setting){.seed = 1});
		struct err e = {0};
		assert_false(sandbox_seed(w.box, bad[i].text, strlen(bad[i].text), "seed", &e));
		if (strstr(e.message, bad[i].words) == NULL)
			fail_msg("'%s' does not say '%s'", e.message, bad[i].words);
		arena_free(w.a);
	}
}

static void generated_accounts_are_worth_reading(void **state)
{
	(void)state;
	struct world w = world_with((struct sandbox_setting){.seed = 1, .faults = "work=0"});
	struct err e;
	assert_true(sandbox_generate(w.box, 300, 7, &e));
	size_t roles = 0, policies = 0, findings = 0, unused_roles = 0, steps = 0, detach_first = 0;
	const char *marker = NULL;
	do {
		struct call *c = ask(&w, (struct call){.op = CALL_GET_ACCOUNT_DETAILS, .marker = marker});
		assert_true(c->ok);
		roles += json_get(c->account_details, "RoleDetailList")->count;
		policies += json_get(c->account_details, "Policies")->count;
		marker = c->next_marker;
	} while (marker != NULL);
	assert_int_equal(roles, 300);
	assert_true(policies > 15);
	do {
		struct call *c = ask(&w, (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER, .marker = marker});
		assert_true(c->ok);
		findings += c->finding_count;
		for (size_t i = 0; i < c->finding_count; i++) {
			struct call x = {.op = CALL_GENERATE_RECOMMENDATION, .analyzer = ANALYZER,
					 .finding = c->findings[i]->id};
			if (c->findings[i]->type == FINDING_UNUSED_ROLE) {
				unused_roles++;
				continue;
			}
			ok(&w, x);
			x.op = CALL_GET_RECOMMENDATION;
			struct recommendation *r = ask(&w, x)->recommendation;
			assert_int_equal(r->status, RECOMMENDATION_SUCCEEDED);
			assert_true(r->count > 0);
			steps += r->count;
			for (size_t k = 0; k + 1 < r->count; k++)
				detach_first += r->step[k].action == RECOMMEND_DETACH_POLICY &&
						r->step[k + 1].action == RECOMMEND_CREATE_POLICY &&
						strcmp(r->step[k].existing_policy_id, r->step[k + 1].existing_policy_id) == 0;
		}
		marker = c->next_marker;
	} while (marker != NULL);
	assert_int_equal(unused_roles, 6);
	assert_true(findings > 200 && findings <= 300);
	assert_true(steps > findings);
	assert_true(detach_first > 10);
	arena_free(w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_in_due_order_and_move_the_clock),
		cmocka_unit_test(reads_lag_behind_writes),
		cmocka_unit_test(faults_before_and_after_the_effect),
		cmocka_unit_test(killed_is_dead_until_revived),
		cmocka_unit_test(chances_come_from_the_seed),
		cmocka_unit_test(bad_faults_are_refused),
		cmocka_unit_test(state_survives_a_restart),
		cmocka_unit_test(a_state_that_cannot_be_kept_is_said),
		cmocka_unit_test(a_bad_seed_is_named),
		cmocka_unit_test(generated_accounts_are_worth_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
