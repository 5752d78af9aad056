/* lua_child: the process that rules run in. It is given the files' texts and subjects over one
 * socket, and has nothing else: no files, no network, no new processes.
 *
 *   {"op":"load","file":{"path","text"}}     → {"ok":true,"rules":[{"name","about"}]}
 *   {"op":"judge","from":n,"eager":b,
 *    "subject":{…}}                          → {"ok":true,"rule":i,"kind":…} for each rule from n on,
 *                                              shortened to "pass i" where it passes;
 *                                              {"ok":false,"rule":i,"error":…,"spent":…} where one fails;
 *                                              several at once unless eager
 *   {"op":"tests","file":{"path","text"}}    → {"ok":true,"tests":[{"name","rule"}]}
 *   {"op":"test","n":n}                      → {"ok":true,"passed":…,"detail":…,"spent":…}
 *   or, when something went wrong,             {"ok":false,"error":"…"}
 *
 * C1 a rule's file runs anew, in globals of its own, for every judgement: no judgement finds
 *    anything that an earlier one left, in globals, in locals of the file, or in shared tables.
 * C2 rules are declared while a file is loaded and at no other time.
 * C3 after a budget was exceeded the process judges nothing more. */
#include <string.h>
#include <unistd.h>

#include "lua_private.h"
#include "pare/decision.h"
#include "pare/str.h"
#include "pare/when.h"

enum { REASON_MAX = 1000, NAME_MAX_BYTES = 64, BUNDLE_MS = 5 };

static const char captured_key, globals_key; /* addresses only */
static const char verdict_type[] = "verdict";

struct child *child_of(lua_State *L)
{
	struct child *c;
	memcpy(&c, lua_getextraspace(L), sizeof c);
	return c;
}

bool child_spent(const struct child *c)
{
	return c->limits.memory_hit || c->limits.instructions_hit;
}

/* --- what the prelude builds on --- */

static int host_glob(lua_State *L)
{
	lua_pushboolean(L, str_glob(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
	return 1;
}

static int host_is_time(lua_State *L)
{
	int64_t ms;
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	lua_pushboolean(L, strlen(text) == len && when_parse(text, &ms));
	return 1;
}

/* Whole days; nil where the time is not known. */
static int host_days_since(lua_State *L)
{
	int64_t ms;
	if (lua_isnoneornil(L, 1)) {
		lua_pushnil(L);
		return 1;
	}
	if (!when_parse(luaL_checkstring(L, 1), &ms))
		return luaL_error(L, "days_since: '%s' is no time", lua_tostring(L, 1));
	lua_pushinteger(L, (child_of(L)->now_ms - ms) / WHEN_DAY_MS);
	return 1;
}

/* kind, reason, until, owner, keep. A verdict is a userdata: nothing but this makes one. */
static int host_verdict(lua_State *L)
{
	static const char *const names[] = {"kind", "reason", "until", "owner", "keep"};
	lua_settop(L, 5);
	for (int i = 1; i <= 4; i++) {
		size_t len = 0;
		const char *text = lua_tolstring(L, i, &len);
		if (len > REASON_MAX)
			return luaL_error(L, "a verdict's %s: more than %d bytes", names[i - 1], REASON_MAX);
		if (text != NULL && strlen(text) != len)
			return luaL_error(L, "a verdict's %s: it holds a NUL byte", names[i - 1]);
	}
	lua_newuserdatauv(L, 0, 1);
	lua_newtable(L);
	for (int i = 0; i < 5; i++) {
		lua_pushvalue(L, i + 1);
		lua_setfield(L, -2, names[i]);
	}
	lua_setiuservalue(L, -2, 1);
	luaL_setmetatable(L, verdict_type);
	return 1;
}

/* --- declaring rules --- */

static int add_rule(lua_State *L, struct child *c, const char *name)
{
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name) || *name == '\0' ||
	    strlen(name) > NAME_MAX_BYTES)
		return luaL_error(L, "rule '%s': a name is made of a-z, 0-9, _ and -, at most %d", name,
				  NAME_MAX_BYTES);
	for (size_t i = 0; i < c->rule_count; i++)
		if (strcmp(c->rule[i].name, name) == 0)
			return luaL_error(L, "rule '%s' is there already, from %s", name, c->rule[i].file);
	if (c->rule_count == RULES_MAX)
		return luaL_error(L, "more than %d rules", RULES_MAX);
	c->rule[c->rule_count++] = (struct child_rule){
		.name = arena_strdup(c->arena, name),
		.about = str_printable(c->arena, lua_tostring(L, 3), false),
		.file = c->file,
		.chunk = LUA_NOREF,
	};
	return 0;
}

static void check_members(lua_State *L)
{
	for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
		const char *k = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a number";
		if (strcmp(k, "name") != 0 && strcmp(k, "about") != 0 && strcmp(k, "judge") != 0)
			luaL_error(L, "rule: unknown member '%s', expected name, about and judge", k);
	}
}

/* rule { name = …, about = …, judge = function(c) … end } */
static int declare_rule(lua_State *L)
{
	struct child *c = child_of(L);
	if (c->phase == CHILD_IDLE)
		return luaL_error(L, "rule: rules are declared at the top of a file, not while judging");
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	check_members(L);
	lua_getfield(L, 1, "name");
	lua_getfield(L, 1, "about");
	lua_getfield(L, 1, "judge");
	if (lua_type(L, 2) != LUA_TSTRING || lua_type(L, 3) != LUA_TSTRING || !lua_isfunction(L, 4))
		return luaL_error(L, "rule: expected name (text), about (text) and judge (function)");
	const char *name = lua_tostring(L, 2);
	if (c->phase == CHILD_LOADING)
		return add_rule(L, c, name);
	if (strcmp(name, c->rule[c->current].name) == 0)
		lua_rawsetp(L, LUA_REGISTRYINDEX, &captured_key);
	return 0;
}

/* --- starting, loading --- */

static int open_words(lua_State *L)
{
	static const luaL_Reg host[] = {{"glob", host_glob},
					{"is_time", host_is_time},
					{"days_since", host_days_since},
					{"verdict", host_verdict},
					{NULL, NULL}};
	luaL_newmetatable(L, verdict_type);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	luaL_newlib(L, host);
	lua_setglobal(L, "host");
	if (luaL_loadbufferx(L, lua_prelude, strlen(lua_prelude), "@prelude", "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	lua_pushnil(L);
	lua_setglobal(L, "host");
	lua_check_globals(L);
	lua_settop(L, 0);
	/* What every file's own globals stand on. */
	lua_newtable(L);
	lua_pushglobaltable(L);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
	if (luaL_loadbufferx(L, lua_test_defaults, strlen(lua_test_defaults), "@defaults", "t") != LUA_OK)
		return lua_error(L);
	child_of(L)->defaults = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

static bool start_lua(struct child *c, struct err *e)
{
	c->lua = lua_limited(&c->limits);
	if (c->lua == NULL)
		return err_set(e, ERR_LIMIT, "starting Lua");
	memcpy(lua_getextraspace(c->lua), &c, sizeof c);
	lua_pushcfunction(c->lua, open_words);
	return lua_run(c->lua, &c->limits, 0, 0, e);
}

/* C1: gives the chunk at the top globals of its own, over the shared words. */
static void give_globals(lua_State *L, const char *word, lua_CFunction f)
{
	lua_createtable(L, 0, 4);
	lua_pushcfunction(L, f);
	lua_setfield(L, -2, word);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key);
	lua_setmetatable(L, -2);
	lua_setupvalue(L, -2, 1);
}

bool child_load_file(struct child *c, const struct json *message, const char *word,
		     lua_CFunction declare, int *chunk, struct err *e)
{
	lua_State *L = c->lua;
	const struct json *f = json_get(message, "file");
	const char *path = json_text(f, "path"), *text = json_text(f, "text");
	if (path == NULL || text == NULL)
		return err_set(e, ERR_INPUT, "a file without path or text");
	lua_settop(L, 0);
	c->file = arena_strdup(c->arena, path);
	/* Errors name the file alone: the same on every machine. Loading adds the whole path. */
	const char *slash = strrchr(path, '/');
	if (!lua_load_text(L, c->arena, text, strlen(text), slash != NULL ? slash + 1 : path, e))
		return false;
	lua_pushvalue(L, -1);
	*chunk = luaL_ref(L, LUA_REGISTRYINDEX);
	give_globals(L, word, declare);
	c->phase = CHILD_LOADING;
	bool ok = lua_run(L, &c->limits, 0, 0, e);
	c->phase = CHILD_IDLE;
	return ok;
}

static void send_answers(struct child *c)
{
	if (c->bundle->len > 0 && !lua_send_bundle(&c->wire, c->bundle))
		_exit(1);
}

void child_answer(struct child *c)
{
	if (!buf_ok(c->out))
		_exit(1);
	lua_bundle(c->bundle, c->out);
	send_answers(c);
}

void child_answer_error(struct child *c, struct arena *a, const struct err *e)
{
	struct json_writer w;
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", false);
	json_member_text(&w, "error", str_printable(a, e->message, false));
	json_close(&w, '}');
	child_answer(c);
}

static void load(struct child *c, struct arena *a, const struct json *message)
{
	struct err e;
	struct json_writer w;
	size_t first = c->rule_count;
	int chunk;
	if (!child_load_file(c, message, "rule", declare_rule, &chunk, &e)) {
		child_answer_error(c, a, &e);
		return;
	}
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", true);
	json_key(&w, "rules");
	json_open(&w, '[');
	for (size_t i = first; i < c->rule_count; i++) {
		c->rule[i].chunk = chunk;
		json_open(&w, '{');
		json_member_text(&w, "name", c->rule[i].name);
		json_member_text(&w, "about", c->rule[i].about);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	child_answer(c);
}

/* --- judging --- */

/* subject → verdict or nil */
static int judge_protected(lua_State *L)
{
	struct child *c = child_of(L);
	const struct child_rule *r = &c->rule[c->current];
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &captured_key);
	c->phase = CHILD_CAPTURING;
	lua_rawgeti(L, LUA_REGISTRYINDEX, r->chunk);
	give_globals(L, "rule", declare_rule);
	lua_call(L, 0, 0);
	c->phase = CHILD_IDLE;
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &captured_key) != LUA_TFUNCTION)
		return luaL_error(L, "its file did not declare it again");
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	if (lua_isnil(L, -1) || luaL_testudata(L, -1, verdict_type) != NULL)
		return 1;
	return luaL_error(L, "judge returned a %s, expected a verdict (pass, keep, exempt, archive, hold) "
			     "or nothing", luaL_typename(L, -1));
}

static const char *field(lua_State *L, struct arena *a, int table, const char *name)
{
	lua_getfield(L, table, name);
	const char *text = lua_isnil(L, -1) ? NULL : str_printable(a, lua_tostring(L, -1), false);
	lua_pop(L, 1);
	return text;
}

static void read_verdict(lua_State *L, struct arena *a, struct child_verdict *out)
{
	*out = (struct child_verdict){.kind = "pass"};
	if (lua_isnil(L, -1))
		return;
	lua_getiuservalue(L, -1, 1);
	int table = lua_gettop(L);
	out->kind = field(L, a, table, "kind");
	out->reason = field(L, a, table, "reason");
	out->until = field(L, a, table, "until");
	out->owner = field(L, a, table, "owner");
	lua_getfield(L, table, "keep");
	for (lua_Integer i = 1; lua_istable(L, -1) && lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
		str_list_add(a, &out->keep, arena_strdup(a, lua_tostring(L, -1)));
		lua_pop(L, 1);
	}
}

bool child_judge(struct child *c, struct arena *a, size_t rule, struct child_verdict *out,
		 struct err *e)
{
	lua_State *L = c->lua;
	int subject = lua_gettop(L);
	c->current = rule;
	lua_pushcfunction(L, judge_protected);
	lua_insert(L, subject);
	bool ok = lua_run(L, &c->limits, 1, 1, e);
	c->phase = CHILD_IDLE;
	if (ok)
		read_verdict(L, a, out);
	lua_settop(L, subject - 1);
	return ok;
}

/* To the bundle: sending each answer by itself would wake pare for each rule. */
static void add_answer(struct child *c)
{
	if (!buf_ok(c->out))
		_exit(1);
	lua_bundle(c->bundle, c->out);
}

static void answer_failure(struct child *c, struct arena *a, size_t rule, const struct err *e)
{
	struct json_writer w;
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", false);
	json_member_integer(&w, "rule", (int64_t)rule);
	json_member_text(&w, "error", str_printable(a, e->message, false));
	json_member_bool(&w, "spent", child_spent(c));
	json_close(&w, '}');
	add_answer(c);
}

static void answer_verdict(struct child *c, size_t rule, const struct child_verdict *v)
{
	struct json_writer w;
	if (strcmp(v->kind, "pass") == 0) {
		buf_clear(c->out);
		buf_printf(c->out, "pass %zu", rule);
		add_answer(c);
		return;
	}
	buf_clear(c->out);
	json_start(&w, c->out, true);
	json_open(&w, '{');
	json_member_bool(&w, "ok", true);
	json_member_integer(&w, "rule", (int64_t)rule);
	json_member_text(&w, "kind", v->kind);
	if (v->reason != NULL)
		json_member_text(&w, "reason", v->reason);
	if (v->until != NULL)
		json_member_text(&w, "until", v->until);
	if (v->owner != NULL)
		json_member_text(&w, "owner", v->owner);
	if (v->keep.count > 0)
		json_member_list(&w, "keep", &v->keep);
	json_close(&w, '}');
	add_answer(c);
}

static int push_subject(lua_State *L)
{
	lua_push_json(L, lua_touserdata(L, 1));
	return 1;
}

static void judge(struct child *c, struct arena *a, const struct json *message)
{
	lua_State *L = c->lua;
	const struct json *subject = json_get(message, "subject");
	int64_t from;
	struct err e;
	if (!json_integer(json_get(message, "from"), &from) || from < 0 ||
	    !when_parse(json_text(subject, "now"), &c->now_ms))
		_exit(1);
	lua_settop(L, 0);
	lua_pushcfunction(L, push_subject);
	lua_pushlightuserdata(L, (void *)(uintptr_t)subject);
	bool ready = lua_run(L, &c->limits, 1, 1, &e);
	bool eager = json_bool(message, "eager", true);
	int64_t sent_ms = lua_clock_ms();
	for (size_t i = (size_t)from; i < c->rule_count; i++) {
		if (eager || lua_clock_ms() - sent_ms >= BUNDLE_MS) {
			send_answers(c);
			sent_ms = lua_clock_ms();
		}
		struct child_verdict v;
		if (ready)
			lua_pushvalue(L, 1);
		if (ready && child_judge(c, a, i, &v, &e))
			answer_verdict(c, i, &v);
		else
			answer_failure(c, a, i, &e);
		if (child_spent(c)) /* C3 */
			break;
	}
	send_answers(c);
	lua_settop(L, 0);
}

/* --- the process --- */

static bool obey(struct child *c, struct arena *a, const struct json *message)
{
	const char *op = json_text(message, "op");
	if (op == NULL)
		return false;
	if (strcmp(op, "load") == 0)
		load(c, a, message);
	else if (strcmp(op, "judge") == 0)
		judge(c, a, message);
	else if (strcmp(op, "tests") == 0)
		child_tests_message(c, a, message);
	else if (strcmp(op, "test") == 0)
		child_test_message(c, a, message);
	else
		return false;
	return true;
}

_Noreturn void lua_child(int fd)
{
	struct err e;
	/* Where the kernel has no filter, the other walls stand. */
	lua_walls(&fd, true);
	struct arena *whole = arena_new(NULL);
	struct child *c = arena_alloc(whole, sizeof *c);
	c->wire.fd = fd;
	c->arena = whole;
	c->out = buf_new(whole, LUA_ANSWER_MAX);
	c->bundle = buf_new(whole, 2 * LUA_ANSWER_MAX);
	if (!start_lua(c, &e))
		_exit(1);
	for (;;) {
		size_t len;
		bool late;
		struct arena *a = arena_new(c->arena);
		const char *text = lua_receive(a, &c->wire, LUA_MESSAGE_MAX, -1, &len, &late);
		if (text == NULL)
			_exit(0);
		if (!obey(c, a, json_parse(a, text, len, "message", &e)))
			_exit(1);
		arena_free(a);
	}
}
