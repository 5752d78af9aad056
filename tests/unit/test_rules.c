/* What rules say, and that nothing of one judgement reaches another. */
#include "rules_bench.h"

/* --- verdicts --- */

static void test_nothing_is_pass(void **state)
{
	const struct verdict *v = verdict_of(*state, "");
	assert_int_equal(v[0].kind, VERDICT_PASS);
	assert_string_equal(v[0].rule, "a");
	assert_int_equal(strlen(v[0].rule_sha256), 64);
	assert_null(v[0].reason);
	assert_false(v[0].failed);
}

static void test_pass_word(void **state)
{
	assert_int_equal(verdict_of(*state, "return pass()")->kind, VERDICT_PASS);
}

static void test_exempt_with_options(void **state)
{
	const struct verdict *v =
		verdict_of(*state, "return exempt('why', {until = '2027-06-30', owner = 'ops'})");
	assert_int_equal(v->kind, VERDICT_EXEMPT);
	assert_string_equal(v->reason, "why");
	assert_string_equal(v->until, "2027-06-30");
	assert_string_equal(v->owner, "ops");
}

static void test_archive(void **state)
{
	const struct verdict *v = verdict_of(*state, "return archive('why', {until = '2027-06-30'})");
	assert_int_equal(v->kind, VERDICT_ARCHIVE);
	assert_string_equal(v->until, "2027-06-30");
}

static void test_hold(void **state)
{
	const struct verdict *v = verdict_of(*state, "return hold('look')");
	assert_int_equal(v->kind, VERDICT_HOLD);
	assert_false(v->failed);
	assert_string_equal(v->reason, "look");
}

static void test_keep(void **state)
{
	const struct verdict *v = verdict_of(*state, "return keep({'s3:Get*', 'ec2:Start?nstances'}, 'why')");
	assert_int_equal(v->kind, VERDICT_KEEP);
	assert_int_equal(v->keep.count, 2);
	assert_string_equal(v->keep.item[0], "s3:Get*");
	assert_string_equal(v->keep.item[1], "ec2:Start?nstances");
}

/* The list is copied when the word is spoken. */
static void test_keep_cannot_change_behind(void **state)
{
	const struct verdict *v =
		verdict_of(*state, "local t = {'s3:Get*'} local v = keep(t, 'why') t[1] = 5 t[2] = 'x' return v");
	assert_int_equal(v->kind, VERDICT_KEEP);
	assert_int_equal(v->keep.count, 1);
}

static void test_malformed_until_is_a_hold(void **state)
{
	const struct verdict *v = verdict_of(*state, "return exempt('why', {until = '2027-02-30', owner = 'me'})");
	assert_int_equal(v->kind, VERDICT_HOLD);
	assert_false(v->failed);
	assert_says(v->reason, "2027-02-30");
	assert_says(v->reason, "no date");
	assert_string_equal(v->owner, "me");
}

static void test_texts_are_made_harmless(void **state)
{
	const struct verdict *v = verdict_of(*state, "return hold('a\\27[31mb\\xed\\xa0\\x80\\xffc')");
	assert_int_equal(v->kind, VERDICT_HOLD);
	assert_false(v->failed);
	assert_null(strchr(v->reason, '\033'));
	assert_says(v->reason, "a?[31mb");
}

/* --- nonsense --- */

static const struct {
	const char *body, *why;
} nonsense[] = {
	{"return 5", "returned a number"},
	{"return 'exempt'", "returned a string"},
	{"return {}", "returned a table"},
	{"return true", "returned a boolean"},
	{"return exempt", "returned a function"},
	{"return exempt()", "expected a reason"},
	{"return exempt('  ')", "expected a reason"},
	{"return exempt(5)", "expected a reason"},
	{"return exempt('x', 5)", "table of options"},
	{"return exempt('x', {untill = '2027-01-01'})", "unknown option 'untill'"},
	{"return exempt('x', {until = 20270101})", "until: expected text"},
	{"return exempt(('x'):rep(2000))", "more than 1000 bytes"},
	{"return exempt('a\\0b')", "NUL"},
	{"return keep({}, 'x')", "list of actions"},
	{"return keep('s3', 'x')", "such as s3:Get*"},
	{"return keep('*', 'x')", "such as s3:Get*"},
	{"return keep({'s3:Get*', 7}, 'x')", "such as s3:Get*"},
	{"return keep('s3:Get*')", "expected a reason"},
	{"local t = {} for i = 1, 1001 do t[i] = 's3:Get*' end return keep(t, 'x')", "more than 1000"},
	{"error('on purpose')", "a.lua:3: on purpose"},
	{"error({})", "without words"},
	{"error()", "failed"},
	{"return c.principal.nothing.there", "nil value"},
	{"return nowhere()", "nil value (global 'nowhere')"},
	{"rule { name = 'b', about = 'x', judge = function() end }", "not while judging"},
	{"return glob('*', nil)", "string expected"},
	{"return days_since('yesterday')", "no time"},
	{"return has_policy(c)", "expected a pattern"},
	{"return trusts_service(c, 5)", "expected a service principal"},
};

static void test_nonsense_is_a_hold(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
		b->port.self = NULL;
		assert_costs_itself(b, "", nonsense[i].body, nonsense[i].why);
	}
}

/* --- what is given can be read, not changed; nothing stays --- */

static void test_subject_is_read_only(void **state)
{
	static const char *const tries[] = {
		"c.x = 1", "c.principal.name = 'y'", "c.principal.tags.a = 'b'", "c.unused.services[1] = 's3'",
		"table.insert(c.unused.actions, 'x')", "table.sort(c.principal.attached)",
		"table.remove(c.unused.actions)", "table.move({1}, 1, 1, 1, c.unused.actions)",
		"string.find = 1", "math.huge = 1", "table.x = 1",
	};
	struct bench *b = *state;
	struct unused_service service = {.namespace = "s3", .whole = false};
	str_list_add(b->arena, &service.actions, "GetObject");
	b->unused = (struct unused){&service, 1};
	struct managed_policy attached[2] = {{.arn = "arn:aws:iam::aws:policy/B", .name = "B"},
					     {.arn = "arn:aws:iam::aws:policy/A", .name = "A"}};
	b->principal.attached = attached;
	b->principal.attached_count = 2;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		b->port.self = NULL;
		judge_body(b, "", tries[i]);
		const struct verdict *v = judged(b);
		if (!v->failed)
			fail_msg("'%s' was allowed", tries[i]);
	}
}

static void test_judgements_share_nothing(void **state)
{
	struct bench *b = *state;
	judge_body(b, "count = 0 local own = 0 local list = {}",
		   "count = count + 1 own = own + 1 list[#list + 1] = c\n"
		   "return hold(count .. ' ' .. own .. ' ' .. #list)");
	for (int i = 0; i < 3; i++)
		assert_string_equal(judged(b)->reason, "1 1 1");
}

static void test_files_share_nothing(void **state)
{
	struct bench *b = *state;
	file(b, "0.lua", "leak = 'there' function exempt() return nil end\n"
			 "rule { name = '0', about = 'x', judge = function() leak = 'there' end }");
	str_list_add(b->arena, &b->paths, b->folder);
	b->paths.count = 1;
	judge_body(b, "", "return hold(tostring(leak))");
	assert_true(b->port.judge(b->port.self, b->arena, &b->subject, &b->decision, &b->e));
	assert_string_equal(b->decision.verdict[1].reason, "nil");
	assert_int_equal(b->decision.verdict[2].kind, VERDICT_EXEMPT);
}

/* An early judgement that leaves much garbage must not make a later one fail. */
static void test_garbage_is_nobodys_fault(void **state)
{
	struct bench *b = *state;
	judge_body(b, "", "local s = ('x'):rep(25 * 1024 * 1024) return hold(#s .. '')");
	for (int i = 0; i < 5; i++) {
		const struct verdict *v = judged(b);
		assert_string_equal(v->reason, "26214400");
	}
}

static void test_pairs_has_one_order(void **state)
{
	struct bench *b = *state;
	struct tag tags[] = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
	b->principal.tag = tags;
	b->principal.tag_count = 3;
	judge_body(b, "",
		   "local out = {}\n"
		   "local own = { zulu = 1, alpha = 2, mike = 3, [2] = 'y', [1] = 'x', [10] = 'z', [1.5] = 'w' }\n"
		   "own[true] = 5\n"
		   "for k, v in pairs(own) do out[#out + 1] = tostring(k) if k == 1 then own.mike = nil end end\n"
		   "for k, v in pairs(c.principal.tags) do out[#out + 1] = k .. v end\n"
		   "return hold(table.concat(out, ' ') .. ' ' .. #c.unused.services)");
	assert_string_equal(judged(b)->reason, "1 1.5 2 10 alpha zulu true a1 b2 c3 0");
}

static void test_addresses_are_not_said(void **state)
{
	struct bench *b = *state;
	const struct verdict *v = verdict_of(b,
		"return hold(tostring(c) .. tostring(glob) .. tostring(hold('x')) .. tostring(nil) ..\n"
		"  tostring(1.5) .. tostring(true) .. ('%s %5.1f%% %q %d|%s'):format(c, 2.5, 'x', 7, {}))");
	assert_string_equal(v->reason, "tablefunctionuserdatanil1.5truetable   2.5% \"x\" 7|table");
	b->port.self = NULL;
	assert_costs_itself(b, "", "return hold(('%% %-8p'):format(c))", "no %p");
	b->port.self = NULL;
	assert_costs_itself(b, "", "return hold(('\\0%p'):format(c))", "NUL");
	b->port.self = NULL;
	assert_costs_itself(b, "", "return hold(('%'):format(c))", "invalid conversion");
	b->port.self = NULL;
	assert_costs_itself(b, "", "return hold(('%d'):format(c))", "number expected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_pass),
		T(test_pass_word),
		T(test_exempt_with_options),
		T(test_archive),
		T(test_hold),
		T(test_keep),
		T(test_keep_cannot_change_behind),
		T(test_malformed_until_is_a_hold),
		T(test_texts_are_made_harmless),
		T(test_nonsense_is_a_hold),
		T(test_subject_is_read_only),
		T(test_judgements_share_nothing),
		T(test_files_share_nothing),
		T(test_garbage_is_nobodys_fault),
		T(test_pairs_has_one_order),
		T(test_addresses_are_not_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
