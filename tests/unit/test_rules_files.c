/* Rule files that do not load, and the subject a rule sees. */
#include "rules_bench.h"

/* --- files that do not load stop the run --- */

static void assert_refused(struct bench *b, const char *why)
{
	struct rules_port port;
	if (rules_open(b->arena, &b->paths, &port, &b->e))
		fail_msg("it loaded; expected: %s", why);
	assert_int_equal(b->e.kind, ERR_USAGE);
	assert_says(b->e.message, why);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"rule {\n  name = \n}", "x.lua:3:"},
		{"\n\nnowhere()", "x.lua:3:"},
		{"while true do end", "x.lua:1: used more than 10 million"},
		{"local t = {} while true do t[#t + 1] = ('x'):rep(99999) .. #t end", "64 MiB"},
		{"rule {}", "expected name"},
		{"rule 'x'", "table expected"},
		{"rule { name = 'a', about = 'x' }", "expected name"},
		{"rule { name = 'A b', about = 'x', judge = function() end }", "a name is made of"},
		{"rule { name = '', about = 'x', judge = function() end }", "a name is made of"},
		{"rule { name = 'a', about = 'x', juge = function() end }", "unknown member 'juge'"},
		{"rule { name = 7, about = 'x', judge = function() end }", "expected name"},
		{"for i = 1, 2 do rule { name = 'a', about = 'x', judge = function() end } end", "is there already"},
		{"for i = 1, 1001 do rule { name = 'a' .. i, about = 'x', judge = function() end } end",
		 "more than 1000"},
		{"os.exit(0)", "nil value (global 'os')"},
		{"local x = 1", "declares no rule"},
		{"", "declares no rule"},
		{"test 'x' {}", "global 'test'"},
		{"goto nowhere", "x.lua:1:"},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		file(b, "x.lua", bad[i].text);
		assert_refused(b, bad[i].why);
		assert_says(b->e.message, "x.lua");
	}
}

/* At the top of a file a pattern that never ends names its file, too. */
static void test_endless_file(void **state)
{
	struct bench *b = *state;
	file(b, "x.lua", "local x = (('a'):rep(1000000)):find('.-.-.-.-b')");
	assert_refused(b, "x.lua': it ran longer than 5 s");
}

static void test_bytecode(void **state)
{
	struct bench *b = *state;
	put(b, "x.lua", "\033LuaT\0\031\223\r\n\032\n", 12);
	assert_refused(b, "x.lua': expected Lua source");
	put(b, "x.lua", "\033Lua", 4);
	assert_refused(b, "expected Lua source");
	put(b, "x.lua", "rule\0", 5);
	assert_refused(b, "expected Lua source");
}

static void test_folders(void **state)
{
	struct bench *b = *state;
	assert_refused(b, "no *.lua file");
	file(b, "x.d.lua", "nonsense");
	file(b, ".hidden.lua", "nonsense");
	assert_refused(b, "no *.lua file");
	const char *nested = str_printf(b->arena, "%s/dir.lua", b->folder);
	assert_int_equal(mkdir(nested, 0700), 0);
	assert_refused(b, "dir.lua': expected a file");
	assert_int_equal(rmdir(nested), 0);
	assert_int_equal(mkfifo(nested, 0600), 0);
	assert_refused(b, "dir.lua': expected a file");
	assert_int_equal(unlink(nested), 0);
	assert_int_equal(symlink("/nowhere/at/all.lua", nested), 0);
	assert_refused(b, "dir.lua': No such file");
	b->paths.item[0] = "/nowhere/at/all";
	assert_refused(b, "'/nowhere/at/all': No such file");
	b->paths.count = 0;
	assert_refused(b, "no file or folder");
}

static void test_unreadable(void **state)
{
	struct bench *b = *state;
	file(b, "x.lua", "rule { name = 'a', about = 'x', judge = function() end }");
	assert_int_equal(chmod(b->folder, 0755), 0);
	assert_int_equal(chmod(str_printf(b->arena, "%s/x.lua", b->folder), 0), 0);
	bool super = geteuid() == 0; /* who reads everything */
	if (super)
		assert_int_equal(seteuid(65534), 0);
	struct rules_port port;
	bool opened = rules_open(b->arena, &b->paths, &port, &b->e);
	if (super)
		assert_int_equal(seteuid(0), 0);
	assert_false(opened);
	assert_says(b->e.message, "x.lua': Permission denied");
}

static void test_large_file(void **state)
{
	struct bench *b = *state;
	char *text = malloc(LUA_SOURCE_MAX + 1);
	memset(text, ' ', LUA_SOURCE_MAX + 1);
	put(b, "x.lua", text, LUA_SOURCE_MAX + 1);
	free(text);
	assert_refused(b, "at most 1048576 bytes");
}

static void test_same_name_in_two_files(void **state)
{
	struct bench *b = *state;
	file(b, "x.lua", "rule { name = 'a', about = 'x', judge = function() end }");
	file(b, "y.lua", "\nrule { name = 'a', about = 'x', judge = function() end }");
	assert_refused(b, "y.lua:2: rule 'a' is there already, from ");
	assert_says(b->e.message, "/x.lua");
}

static void test_until_reads_as_people_write_it(void **state)
{
	struct bench *b = *state;
	judge_body(b, "-- until = 1\nlocal s = 'until = 2' --[[ until = 3 ]]\n"
		      "local o = { owner = 'x', -- a comment\n  until = '2030-01-01' }",
		   "local i = 0 repeat i = i + 1 until i == 3\nlocal t = {until='2031-01-01'; until = o['until']}\n"
		   "return exempt(s .. [[ until = ]] .. i, t)");
	const struct verdict *v = judged(b);
	assert_string_equal(v->reason, "until = 2 until = 3");
	assert_string_equal(v->until, "2030-01-01");
}

static void test_byte_order_mark(void **state)
{
	struct bench *b = *state;
	judge_body(b, "\xef\xbb\xbf\r\n", "\r\nreturn hold('read')");
	/* The mark stands at the file's very beginning. */
	assert_string_equal(judged(b)->reason, "read");
}

/* --- the subject --- */

static void test_subject_is_whole(void **state)
{
	struct bench *b = *state;
	struct tag tags[] = {{"purpose", "web \"x\" \\ \n \xe2\x82\xac"}};
	struct managed_policy attached[] = {{.arn = "arn:aws:iam::aws:policy/Reader",
					     .name = "Reader",
					     .update_date = "2026-01-01T00:00:00Z"}};
	struct inline_policy in[] = {{.name = "Own", .document = "{}"}};
	struct unused_service services[] = {{.namespace = "s3", .whole = true}, {.namespace = "ec2"}};
	str_list_add(b->arena, &services[1].actions, "StartInstances");
	struct recommended_step steps[] = {{.action_text = "DETACH_POLICY", .existing_policy_id = "Own"}};
	struct recommendation r = {.completed_at = "2026-06-01T00:00:00Z", .step = steps, .count = 1};
	b->unused = (struct unused){services, 2};
	b->principal.tag = tags;
	b->principal.tag_count = 1;
	b->principal.attached = attached;
	b->principal.attached_count = 1;
	b->principal.inline_policy = in;
	b->principal.inline_count = 1;
	b->principal.boundary = "arn:aws:iam::111122223333:policy/Edge";
	b->principal.last_used_at = "2026-05-01T00:00:00Z";
	b->principal.trust = "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
			     "\"backup.amazonaws.com\"},\"Condition\":{\"x\":[null,1.5,true]}}}";
	b->finding.created_at = "2026-02-01T00:00:00Z";
	b->subject.recommendation = &r;
	judge_body(b, "",
		   "local p, f = c.principal, c.finding\n"
		   "return hold(table.concat({p.type, p.arn, p.account, p.name, p.path, p.boundary, p.created_at,\n"
		   "  p.last_used_at, p.tags.purpose, p.attached[1].name, p.attached[1].arn, p.attached[1].updated_at,\n"
		   "  p.inline[1].name, p.trust.Statement.Condition.x[1], tostring(p.trust.Statement.Condition.x[2]),\n"
		   "  f.id, f.type, f.status, f.resource, f.created_at, tostring(f.updated_at),\n"
		   "  c.account, c.analyzer.arn, c.analyzer.unused_access_age,\n"
		   "  c.unused.services[1], #c.unused.services, c.unused.actions[1], #c.unused.actions,\n"
		   "  c.recommendation.completed_at, c.recommendation.steps[1].action,\n"
		   "  c.recommendation.steps[1].policy, c.now, days_since(p.created_at), tostring(days_since(nil)),\n"
		   "  tostring(trusts_service(c, 'backup.amazonaws.com')), tostring(unused_service(c, 's3')),\n"
		   "  tostring(unused_service(c, 'ec2')), tostring(has_policy(c, 'Own')),\n"
		   "  tostring(has_policy(c, 'arn:*:policy/Reader'))}, '|'))");
	assert_string_equal(
		judged(b)->reason,
		"role|arn:aws:iam::111122223333:role/app/Example|111122223333|Example|/app/|"
		"arn:aws:iam::111122223333:policy/Edge|2020-01-01T00:00:00Z|2026-05-01T00:00:00Z|"
		"web \"x\" \\ ? \xe2\x82\xac|Reader|arn:aws:iam::aws:policy/Reader|2026-01-01T00:00:00Z|Own|1.5|true|"
		"f-1|UnusedPermission|ACTIVE|arn:aws:iam::111122223333:role/app/Example|2026-02-01T00:00:00Z|nil|"
		"111122223333|arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a|90|s3|1|"
		"ec2:StartInstances|1|2026-06-01T00:00:00Z|DETACH_POLICY|Own|2026-06-15T12:00:00Z|2357|nil|"
		"true|true|false|true|true");
}

static void test_missing_members_are_nil(void **state)
{
	struct bench *b = *state;
	b->subject.analyzer = NULL;
	b->subject.unused_access_age_days = 0;
	const struct verdict *v = verdict_of(b,
		"return hold(tostring(c.principal.trust) .. tostring(c.analyzer.arn) ..\n"
		"  tostring(c.analyzer.unused_access_age) .. tostring(c.principal.tags.x) ..\n"
		"  #c.recommendation.steps .. #c.principal.attached)");
	assert_string_equal(v->reason, "nilnilnilnil00");
}

/* A trust policy that rules cannot see must not look like one that trusts nobody. */
static void test_half_a_subject_is_held(void **state)
{
	struct bench *b = *state;
	b->principal.trust = "{\"Statement\":[";
	const struct verdict *v = verdict_of(b, "");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(v[i].kind, VERDICT_HOLD);
		assert_true(v[i].failed);
		assert_says(v[i].reason, "trust policy");
	}
	struct buf *deep = buf_new(b->arena, 4096);
	for (int i = 0; i < 60; i++)
		buf_puts(deep, "[");
	for (int i = 0; i < 60; i++)
		buf_puts(deep, "]");
	b->principal.trust = deep->data;
	v = judged(b);
	assert_says(v[0].reason, "nested");
	struct tag twice[] = {{"a", "1"}, {"a", "2"}};
	b->principal.trust = NULL;
	b->principal.tag = twice;
	b->principal.tag_count = 2;
	assert_says(judged(b)[0].reason, "tag 'a' is there twice");
	b->principal.tag_count = 1;
	assert_int_equal(judged(b)[0].kind, VERDICT_PASS);
}

static void test_large_subject(void **state)
{
	struct bench *b = *state;
	struct unused_service *s = arena_array(b->arena, 1, sizeof *s);
	s->namespace = "s3";
	for (int i = 0; i < 20000; i++)
		str_list_add(b->arena, &s->actions, str_printf(b->arena, "Action%d", i));
	b->unused = (struct unused){s, 1};
	assert_string_equal(verdict_of(b, "return hold('' .. #c.unused.actions)")->reason, "20000");
	char *large = arena_alloc(b->arena, LUA_MESSAGE_MAX + 1);
	memset(large, 'x', LUA_MESSAGE_MAX);
	str_list_add(b->arena, &s->actions, large);
	assert_says(judged(b)[0].reason, "larger than 16 MiB");
	s->actions.count = 1;
	assert_string_equal(judged(b)[0].reason, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bad_files),
		T(test_endless_file),
		T(test_bytecode),
		T(test_folders),
		T(test_unreadable),
		T(test_large_file),
		T(test_same_name_in_two_files),
		T(test_until_reads_as_people_write_it),
		T(test_byte_order_mark),
		T(test_subject_is_whole),
		T(test_missing_members_are_nil),
		T(test_half_a_subject_is_held),
		T(test_large_subject),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
