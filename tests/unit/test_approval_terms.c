/* The terms of approval: reviews of the forge, and a function of the plan in pare.lua. */
#include "approval_fixture.h"

/* --- reviews --- */

static bool three_reviews(void *self, struct arena *a, const struct plan *plan,
			  struct approval_note **notes, size_t *count, struct err *e)
{
	(void)plan;
	if (self == NULL)
		return err_set(e, ERR_UNAVAILABLE, "the forge is down");
	*notes = arena_array(a, 4, sizeof **notes);
	(*notes)[0] = (struct approval_note){"review", "alice@example.com", "on commit x"};
	(*notes)[1] = (struct approval_note){"review", "Alice@example.com", "on commit x"};
	(*notes)[2] = (struct approval_note){"review", "pare-bot@example.com", "on commit x"};
	(*notes)[3] = (struct approval_note){"review", NULL, "on commit x"};
	*count = 4;
	return true;
}

static const char *with_forge(struct bench *b, struct scene *s, const struct forge_port *forge)
{
	struct approval *all;
	size_t count;
	char oid[OID_HEX];
	approval_open(&s->config, &s->port);
	s->port.forge = forge;
	assert_ok(approvals_read(b->arena, &s->review, &b->store, &s->config, &s->port, ACCOUNT, 1795608000000, &all,
				 &count, oid, &b->e));
	assert_int_equal(count, 1);
	assert_true(all[0].approved == (all[0].missing == NULL));
	return all[0].missing;
}

static void test_reviews_come_from_the_forge(void **state)
{
	struct bench *b = *state;
	struct forge_port down = {.self = NULL, .reviews = three_reviews}, up = {.self = b, .reviews = three_reviews};
	NEED_BOTH();
	struct scene s = make_scene(b);
	s.config.approval.signatures = 0;
	s.config.approval.reviews = 1;
	assert_string_equal(with_forge(b, &s, NULL),
			    "reviews are asked for, and no forge is configured that could be asked for them");
	assert_string_equal(with_forge(b, &s, &down), "asking the forge for reviews: the forge is down");
	assert_null(with_forge(b, &s, &up));
	s.config.approval.reviews = 2;
	assert_string_equal(with_forge(b, &s, &up), "1 of 2 reviews: alice@example.com");
	s.config.approval.signatures = 1;
	assert_non_null(strstr(with_forge(b, &s, &up), "0 of 1 signatures: none yet; missing 1 of: alice"));
	assert_non_null(strstr(with_forge(b, &s, &up), "; 1 of 2 reviews: alice"));
}

/* One person who signs and reviews is one person; two who share the work are two. */
static void test_who_signs_and_reviews_counts_once(void **state)
{
	struct bench *b = *state;
	struct forge_port up = {.self = b, .reviews = three_reviews}; /* alice's review */
	NEED_BOTH();
	struct scene s = make_scene(b);
	s.config.approval.signatures = s.config.approval.reviews = 1;
	approve_as(b, &s, "alice");
	assert_string_equal(with_forge(b, &s, &up), "1 of 2 people: who signs and reviews counts once");
	approve_as(b, &s, "bob");
	assert_null(with_forge(b, &s, &up));
	/* under two names of one line, too; and an author who reviews under another name */
	run_shell(b, NULL, "cd %s/work && git rm -q approvals/team/alice*", b->dir);
	push_all(b);
	assert_null(with_forge(b, &s, &up));
	run_shell(b, NULL, "sed -i 's/^bob@/ALICE@example.com,bob@/' %s", allowed(b));
	assert_string_equal(with_forge(b, &s, &up), "1 of 2 people: who signs and reviews counts once");
	/* a reviewer whom no line names might be bob himself */
	run_shell(b, NULL, "sed -i '/alice@/Id' %s && echo \"bob@example.com $(cat %s/bob.pub)\" >>%s", allowed(b), b->dir,
		  allowed(b));
	assert_non_null(strstr(with_forge(b, &s, &up), "not counted: alice@example.com, whom no line"));
	run_shell(b, NULL, "echo \"alice@example.com $(cat %s/alice.pub)\" >>%s", b->dir, allowed(b));
	assert_null(with_forge(b, &s, &up));
	s.config.approval.signatures = 0;
	assert_null(with_forge(b, &s, &up));
	run_shell(b, NULL, "sed -i 's/^pare-bot@/alice@example.com,pare-bot@/' %s", allowed(b));
	assert_string_equal(with_forge(b, &s, &up), "0 of 1 reviews: none yet");
}

/* Without a port, as in a test: what needs one is not approved. */
static void test_no_port_approves_nothing_that_needs_one(void **state)
{
	struct bench *b = *state;
	struct approval *all;
	size_t count;
	char oid[OID_HEX];
	NEED_BOTH();
	struct scene s = make_scene(b);
	for (int i = 0; i < 3; i++) {
		s.config.approval.signatures = i == 0;
		s.config.approval.reviews = i == 1;
		s.config.approval.by_function = i == 2;
		assert_ok(approvals_read(b->arena, &s.review, &b->store, &s.config, NULL, ACCOUNT, 1795608000000, &all,
					 &count, oid, &b->e));
		assert_int_equal(count, 1);
		assert_false(all[0].approved);
	}
}

/* --- a function of the plan --- */

static const char *by_function(struct bench *b, struct scene *s, const char *function)
{
	const char *file = str_printf(b->arena, "%s/pare.lua", b->dir);
	const char *text = str_printf(b->arena, "return { repository = { url = \"%s\" }, approval = %s }", b->remote,
				      function);
	spit(b, file, text, strlen(text));
	config_default(b->arena, &s->config);
	assert_ok(config_read(b->arena, file, &s->config, &b->e));
	assert_true(s->config.approval.by_function);
	const struct approval *x = read_at(b, s, NOW);
	if (x == NULL)
		fail_msg("%s", b->e.message);
	assert_true(x->approved == (x->missing == NULL));
	return x->missing;
}

static void test_a_function_sees_the_plan(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	assert_null(by_function(b, &s, "function(plan) return { merged = true } end"));
	assert_non_null(strstr(by_function(b, &s, "function(plan) return { signatures = 2, signers = \"allowed\" } end"),
			       "0 of 2 signatures"));
	/* each comparison that fails asks for a signature more */
	assert_null(by_function(b, &s,
		"function(plan, glob)\n"
		"  local n = 0\n"
		"  local function need(ok) if not ok then n = n + 1 end end\n"
		"  need(plan.account == \"111122223333\")\n"
		"  need(plan.principal.name == \"AppRole\" and plan.principal.path == \"/\")\n"
		"  need(glob(\"arn:*:role/App*\", plan.principal.arn) and not glob(\"*prod*\", plan.principal.name))\n"
		"  need(#plan.steps == 4 and plan.steps[1].op == \"CreatePolicy\")\n"
		"  need(plan.counts.DetachRolePolicy == 1 and plan.counts.ArchiveFinding == 0)\n"
		"  need(plan.impact.actionsRemoved == 3)\n"
		"  need(#plan.digest == 64 and #plan.preconditions.tagsSha256 == 64)\n"
		"  need(plan.gates[1].result == \"pass\" and plan.nothing == nil)\n"
		"  return { signatures = n, signers = \"allowed\" }\n"
		"end"));
	approve_as(b, &s, "alice");
	assert_null(by_function(b, &s, "function(plan) return { signatures = 1, signers = \"allowed\" } end"));
	assert_non_null(strstr(by_function(b, &s, "function(plan) return { signatures = 1, signers = \"none\" } end"),
			       "the allowed signers: reading"));
}

static void test_a_hostile_function_approves_nothing(void **state)
{
	static const struct {
		const char *function, *words;
	} bad[] = {
		{"function() end", "a function that returns a table"},
		{"function() return true end", "a function that returns a table"},
		{"function() return \"merged\" end", "a function that returns a table"},
		{"function() return function() return { merged = true } end end", "a function that returns a table"},
		{"function() return { merged = false } end", "expected merged, signatures or reviews"},
		{"function() return { merge = true } end", "did you mean 'approval.merged'"},
		{"function() return { merged = \"yes\" } end", "expected true or false"},
		{"function() return { signatures = 1 } end", "a file of allowed signers"},
		{"function() return { signatures = 0.5 } end", "a whole number"},
		{"function() return { signatures = -1 } end", "a whole number"},
		{"function() return { true } end", "expected names as keys"},
		{"function(p) return { merged = p.impact.actionsRemoved.x } end", "asking the configuration's approval"},
		{"function(p) return { merged = p.none.x } end", "asking the configuration's approval"},
		{"function(p) p.account = \"x\" return { merged = true } end", "can be read, not changed"},
		{"function() while true do end end", "instructions"},
		{"function() local t = {} for i = 1, 100000000 do t[i] = {} end end", "asking the configuration's approval"},
		{"function() local s = \"x\" while true do s = s .. s end end", "memory"},
		{"function() local function f() return f() + 1 end return f() end", "memory"},
		{"function() return os.exit(0) end", "os"},
		{"function() return io.open(\"x\") end", "io"},
		{"function() return load(\"return {}\")() end", "load"},
		{"function(_, glob) return glob() end", "asking the configuration's approval"},
		{"function(_, glob) return glob({}, 1) end", "asking the configuration's approval"},
		{"function() error(\"no\") end", "error"},
	};
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *said = by_function(b, &s, bad[i].function);
		if (said == NULL || strstr(said, bad[i].words) == NULL)
			fail_msg("'%s': %s", bad[i].function, said != NULL ? said : "approved");
	}
}

/* Nothing of one plan's answer is left for the next. */
static void test_a_function_starts_anew_for_every_plan(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	static const char once[] = "(function() local asked = false return function() if asked then return { merged = true } "
				   "end asked = true return { signatures = 3, signers = \"allowed\" } end end)()";
	for (int i = 0; i < 3; i++)
		assert_non_null(strstr(by_function(b, &s, once), "0 of 3 signatures"));
	struct approval_terms t;
	for (int i = 0; i < 3; i++) {
		assert_ok(s.port.terms(s.port.self, b->arena, s.plan, &t, &b->e));
		assert_int_equal(t.signatures, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reviews_come_from_the_forge),
		TEST(test_who_signs_and_reviews_counts_once),
		TEST(test_no_port_approves_nothing_that_needs_one),
		TEST(test_a_function_sees_the_plan),
		TEST(test_a_hostile_function_approves_nothing),
		TEST(test_a_function_starts_anew_for_every_plan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
