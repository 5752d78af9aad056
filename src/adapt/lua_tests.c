/* lua_tests: rule tests, in the rules' process.
 *
 *   test "name" { rule = "backup", subject = { … }, expect = "exempt", reason = "part of it" } */
#include <string.h>

#include "lua_private.h"
#include "pare/decision.h"
#include "pare/str.h"
#include "pare/when.h"

static const char *const members[] = {"rule", "expect", "reason", "owner", "keep", "subject", "until"};
enum { MEMBERS = sizeof members / sizeof members[0] };

static bool expectable(const char *word)
{
	enum verdict_kind k;
	return strcmp(word, "error") == 0 || verdict_parse(word, &k);
}

static void check_test(lua_State *L)
{
	for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
		const char *k = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a number";
		size_t i = 0;
		while (i < MEMBERS && strcmp(members[i], k) != 0)
			i++;
		const char *near = i == MEMBERS ? str_nearest(k, members, MEMBERS) : NULL;
		if (near != NULL)
			luaL_error(L, "test: unknown member '%s', did you mean '%s'?", k, near);
		if (i == MEMBERS)
			luaL_error(L, "test: unknown member '%s'", k);
		bool table = strcmp(k, "subject") == 0 || strcmp(k, "keep") == 0;
		if (table ? !lua_istable(L, -1) : lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "test: '%s': expected %s", k, table ? "a table" : "text");
	}
}

/* test "name" { … } */
static int declare_test_table(lua_State *L)
{
	struct child *c = child_of(L);
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	check_test(L);
	lua_getfield(L, 1, "expect");
	lua_getfield(L, 1, "rule");
	if (lua_isnil(L, 2) || lua_isnil(L, 3))
		return luaL_error(L, "test: expected rule = \"name\" and expect = \"verdict\"");
	if (!expectable(lua_tostring(L, 2)))
		return luaL_error(L, "test: expect: expected pass, keep, exempt, archive, hold or error, got '%s'",
				  lua_tostring(L, 2));
	if (c->test_count == TESTS_MAX)
		return luaL_error(L, "more than %d tests", TESTS_MAX);
	struct child_test *t = &c->test[c->test_count++];
	t->file = c->file;
	t->name = str_printable(c->arena, lua_tostring(L, lua_upvalueindex(1)), false);
	t->rule = str_printable(c->arena, lua_tostring(L, 3), false);
	lua_settop(L, 1);
	t->table = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

static int declare_test(lua_State *L)
{
	if (child_of(L)->phase != CHILD_LOADING)
		return luaL_error(L, "test: tests are declared at the top of a file");
	luaL_checktype(L, 1, LUA_TSTRING);
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, declare_test_table, 1);
	return 1;
}

/* test's table → its subject, whole and frozen. Tests may share tables: each gets a copy. */
static int make_subject(lua_State *L)
{
	struct child *c = child_of(L);
	lua_rawgeti(L, LUA_REGISTRYINDEX, c->defaults);
	if (lua_getfield(L, 1, "subject") == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
	}
	lua_clone(L, false);
	lua_call(L, 1, 1);
	if (lua_getfield(L, -1, "now") != LUA_TSTRING || !when_parse(lua_tostring(L, -1), &c->now_ms))
		return luaL_error(L, "now: expected a time such as 2026-06-15T12:00:00Z");
	lua_pop(L, 1);
	lua_clone(L, true);
	return 1;
}

struct expectation {
	const char *rule, *expect, *reason, *owner, *until;
	struct str_list keep;
};

static const char *text_of(lua_State *L, struct arena *a, const char *name)
{
	lua_getfield(L, 1, name);
	const char *text = arena_strdup(a, lua_tostring(L, -1));
	lua_pop(L, 1);
	return text;
}

static void read_expectation(lua_State *L, struct arena *a, struct expectation *x)
{
	*x = (struct expectation){text_of(L, a, "rule"),  text_of(L, a, "expect"), text_of(L, a, "reason"),
				  text_of(L, a, "owner"), text_of(L, a, "until"),  {0}};
	lua_getfield(L, 1, "keep");
	for (lua_Integer i = 1; lua_istable(L, -1) && lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
		str_list_add(a, &x->keep, arena_strdup(a, lua_tostring(L, -1)));
		lua_pop(L, 1);
	}
	lua_settop(L, 1);
}

static bool same_list(const struct str_list *x, const struct str_list *y)
{
	bool same = x->count == y->count;
	for (size_t i = 0; same && i < x->count; i++)
		same = strcmp(x->item[i], y->item[i]) == 0;
	return same;
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "none";
}

/* NULL when it is as expected. A verdict whose end has passed is what the flow makes of it. */
static const char *compare(struct child *c, struct arena *a, const struct expectation *x,
			   const struct child_verdict *v)
{
	struct verdict settled = {.reason = v->reason, .until = v->until};
	struct decision d = {.verdict = &settled, .count = 1};
	if (!verdict_parse(v->kind, &settled.kind))
		return "a verdict of no known kind";
	decision_combine(&d, c->now_ms);
	if (strcmp(verdict_name(settled.kind), x->expect) != 0)
		return str_printf(a, "expected %s, got %s%s%s", x->expect, verdict_name(settled.kind),
				  settled.reason != NULL ? ": " : "",
				  settled.reason != NULL ? settled.reason : "");
	if (x->reason != NULL && (settled.reason == NULL || strstr(settled.reason, x->reason) == NULL))
		return str_printf(a, "expected a reason with '%s', got '%s'", x->reason,
				  or_none(settled.reason));
	if (x->until != NULL && !str_equal(x->until, v->until))
		return str_printf(a, "expected until %s, got %s", x->until, or_none(v->until));
	if (x->owner != NULL && !str_equal(x->owner, v->owner))
		return str_printf(a, "expected owner %s, got %s", x->owner, or_none(v->owner));
	if (x->keep.count > 0 && !same_list(&x->keep, &v->keep))
		return str_printf(a, "expected to keep %zu actions beginning with %s, got %zu beginning with %s",
				  x->keep.count, x->keep.item[0], v->keep.count,
				  v->keep.count > 0 ? v->keep.item[0] : "none");
	return NULL;
}

static const char *run_test(struct child *c, struct arena *a, const struct child_test *t)
{
	lua_State *L = c->lua;
	struct expectation x;
	struct child_verdict v;
	struct err e;
	size_t i = 0;
	lua_settop(L, 0);
	lua_rawgeti(L, LUA_REGISTRYINDEX, t->table);
	read_expectation(L, a, &x);
	while (i < c->rule_count && strcmp(c->rule[i].name, x.rule) != 0)
		i++;
	if (i == c->rule_count)
		return str_printf(a, "there is no rule '%s'", x.rule);
	lua_pushcfunction(L, make_subject);
	lua_insert(L, 1);
	if (!lua_run(L, &c->limits, 1, 1, &e))
		return str_printf(a, "its subject: %s", e.message);
	if (child_judge(c, a, i, &v, &e))
		return compare(c, a, &x, &v);
	if (strcmp(x.expect, "error") == 0 && (x.reason == NULL || strstr(e.message, x.reason) != NULL))
		return NULL;
	return arena_strdup(a, e.message);
}

void child_tests_message(struct child *c, struct arena *a, const struct json *message)
{
	struct err e;
	struct json_writer w;
	size_t first = c->test_count;
	int chunk;
	if (!child_load_file(c, message, "test", declare_test, &chunk, &e)) {
		child_answer_error(c, a, &e);
		return;
	}
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", true);
	json_key(&w, "tests");
	json_open(&w, '[');
	for (size_t i = first; i < c->test_count; i++) {
		json_open(&w, '{');
		json_member_text(&w, "name", c->test[i].name);
		json_member_text(&w, "rule", c->test[i].rule);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	child_answer(c);
}

void child_test_message(struct child *c, struct arena *a, const struct json *message)
{
	int64_t n = -1;
	struct json_writer w;
	json_integer(json_get(message, "n"), &n);
	const char *wrong = n >= 0 && (size_t)n < c->test_count ? run_test(c, a, &c->test[n])
								 : "there is no such test";
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", true);
	json_member_bool(&w, "passed", wrong == NULL);
	if (wrong != NULL)
		json_member_text(&w, "detail", str_printable(a, wrong, false));
	json_member_bool(&w, "spent", child_spent(c));
	json_close(&w, '}');
	child_answer(c);
}
