#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lua_private.h"
#include "pare/str.h"

enum { HOOK_EVERY = 1000, GARBAGE_MAX = 4 * 1024 * 1024 };

static void *limited_alloc(void *self, void *block, size_t old_size, size_t new_size)
{
	struct lua_limits *l = self;
	size_t old = block != NULL ? old_size : 0;
	if (new_size == 0) {
		l->memory -= old;
		free(block);
		return NULL;
	}
	if (new_size > old && (l->memory > l->memory_max || new_size - old > l->memory_max - l->memory)) {
		l->memory_hit = true;
		return NULL;
	}
	void *grown = realloc(block, new_size);
	if (grown != NULL)
		l->memory = l->memory - old + new_size;
	return grown;
}

/* Names the line that was running; nothing of a rule can catch it. */
static void stop_here(lua_State *L, lua_Debug *where, const char *why)
{
	if (lua_getinfo(L, "Sl", where) != 0 && where->currentline > 0)
		lua_pushfstring(L, "%s:%d: %s", where->short_src, where->currentline, why);
	else
		lua_pushstring(L, why);
	lua_error(L);
}

static void count_down(lua_State *L, lua_Debug *where)
{
	void *self;
	lua_getallocf(L, &self);
	struct lua_limits *l = self;
	l->instructions -= HOOK_EVERY;
	if (l->instructions <= 0) {
		l->instructions_hit = true;
		stop_here(L, where, "used more than 10 million instructions");
	}
	if (l->deadline_ms != 0 && lua_clock_ms() > l->deadline_ms)
		stop_here(L, where, "ran longer than 2 s");
}

/* What rules may say. Left out on purpose: whatever reaches outside, loads code, touches metatables
 * or the tables behind frozen ones, catches errors, or answers differently from run to run. */
static const char *const base_words[] = {"assert", "error", "ipairs", "select", "tonumber", "tostring",
					 "type", "_VERSION", NULL};
static const char *const string_words[] = {"byte", "char", "find", "format", "gmatch", "gsub", "len",
					   "lower", "match", "rep", "reverse", "sub", "upper", NULL};
static const char *const table_words[] = {"concat", "insert", "move", "pack", "remove", "sort",
					  "unpack", NULL};
static const char *const math_words[] = {"abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger",
					 "min", "mininteger", "modf", "sqrt", "tointeger", "type", "ult",
					 NULL};

const char *const lua_allowed[] = {"_VERSION", "archive", "assert", "days_since", "error", "exempt",
				   "glob", "has_policy", "hold", "ipairs", "keep", "math", "pairs",
				   "pass", "select", "string", "table", "tonumber", "tostring",
				   "trusts_oidc", "trusts_service", "type", "unused_service", NULL};

static bool allowed(const char *name)
{
	size_t i = 0;
	while (lua_allowed[i] != NULL && strcmp(lua_allowed[i], name) != 0)
		i++;
	return lua_allowed[i] != NULL;
}

int lua_check_globals(lua_State *L)
{
	lua_pushglobaltable(L);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		if (lua_type(L, -2) != LUA_TSTRING || !allowed(lua_tostring(L, -2)))
			return luaL_error(L, "a global that is not on the list of allowed ones");
	return 0;
}

/* Leaves a table with the allowed members of the library that `open` gives. */
static void push_only(lua_State *L, lua_CFunction open, const char *name, const char *const *words)
{
	lua_pushcfunction(L, open);
	lua_pushstring(L, name);
	lua_call(L, 1, 1);
	lua_newtable(L);
	for (; *words != NULL; words++) {
		lua_getfield(L, -2, *words);
		lua_setfield(L, -2, *words);
	}
	lua_remove(L, -2);
}

static bool has_address(lua_State *L, int index)
{
	int type = lua_type(L, index);
	return type != LUA_TNIL && type != LUA_TBOOLEAN && type != LUA_TNUMBER && type != LUA_TSTRING;
}

/* Addresses differ from run to run, and the same input must give the same plan: tables and functions
 * are called by their type. */
static int steady_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	if (has_address(L, 1))
		lua_pushstring(L, luaL_typename(L, 1));
	else
		luaL_tolstring(L, 1, NULL);
	return 1;
}

static int steady_format(lua_State *L)
{
	size_t len;
	const char *format = luaL_checklstring(L, 1, &len);
	if (strlen(format) != len)
		return luaL_error(L, "format: it holds a NUL byte");
	for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
		at += 1 + strspn(at + 1, "-+ #0123456789.");
		if (*at == 'p')
			return luaL_error(L, "format: there is no %%p: addresses differ from run to run");
		at += *at != '\0';
	}
	for (int i = 2; i <= lua_gettop(L); i++)
		if (has_address(L, i)) {
			lua_pushstring(L, luaL_typename(L, i));
			lua_replace(L, i);
		}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

/* luaopen_string gives strings their methods; they go through the same short list. */
static void open_strings(lua_State *L)
{
	push_only(L, luaopen_string, LUA_STRLIBNAME, string_words);
	lua_getfield(L, -1, "format");
	lua_pushcclosure(L, steady_format, 1);
	lua_setfield(L, -2, "format");
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 2);
}

static void set_frozen(lua_State *L, const char *name)
{
	lua_clone(L, true);
	lua_setglobal(L, name);
}

static int open_all(lua_State *L)
{
	lua_open_frozen(L);
	/* luaopen_base fills the table of globals: it is replaced by a short one. */
	push_only(L, luaopen_base, LUA_GNAME, base_words);
	lua_pushcfunction(L, lua_ordered_pairs);
	lua_setfield(L, -2, "pairs");
	lua_pushcfunction(L, steady_tostring);
	lua_setfield(L, -2, "tostring");
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	push_only(L, luaopen_table, LUA_TABLIBNAME, table_words);
	set_frozen(L, LUA_TABLIBNAME);
	push_only(L, luaopen_math, LUA_MATHLIBNAME, math_words);
	set_frozen(L, LUA_MATHLIBNAME);
	open_strings(L);
	set_frozen(L, LUA_STRLIBNAME);
	return 0;
}

lua_State *lua_bare(struct lua_limits *limits, size_t memory_max)
{
	*limits = (struct lua_limits){.instructions = LUA_INSTRUCTIONS_MAX, .memory_max = memory_max};
	lua_State *L = lua_newstate(limited_alloc, limits);
	if (L != NULL)
		lua_sethook(L, count_down, LUA_MASKCOUNT, HOOK_EVERY);
	return L;
}

lua_State *lua_limited(struct lua_limits *limits)
{
	lua_State *L = lua_bare(limits, LUA_MEMORY_MAX);
	if (L == NULL)
		return NULL;
	lua_pushcfunction(L, open_all);
	if (lua_pcall(L, 0, 0, 0) == LUA_OK)
		return L;
	lua_close(L);
	return NULL;
}

/* What an earlier run left behind must not make this one fail: string buffers do not collect it. */
static void refill(lua_State *L, struct lua_limits *limits)
{
	limits->instructions = LUA_INSTRUCTIONS_MAX;
	limits->instructions_hit = false;
	limits->memory_hit = false;
	if (limits->memory > GARBAGE_MAX && limits->memory > limits->memory_max / 4)
		lua_gc(L, LUA_GCCOLLECT);
}

bool lua_run(lua_State *L, struct lua_limits *limits, int nargs, int nresults, struct err *e)
{
	refill(L, limits);
	int status = lua_pcall(L, nargs, nresults, 0);
	if (status == LUA_OK)
		return true;
	const char *words = lua_tostring(L, -1);
	/* A failed allocation that a collection made good is no failure. */
	limits->memory_hit = limits->memory_hit &&
			     (status == LUA_ERRMEM || (words != NULL && strstr(words, "not enough memory")));
	if (limits->memory_hit)
		err_set(e, ERR_INPUT, "used more than %d MiB of memory", (int)(limits->memory_max >> 20));
	else
		err_set(e, ERR_INPUT, "%s", words != NULL ? words : "failed without words");
	lua_pop(L, 1);
	return false;
}

/* --- source --- */

/* Length of the comment, string or long bracket that starts here; 0 when none does. */
static size_t opaque(const char *s, const char *end)
{
	const char *at = s;
	if (*at == '\'' || *at == '"') {
		for (at++; at < end && *at != *s && *at != '\n'; at++)
			if (*at == '\\' && at + 1 < end)
				at++;
		return (size_t)(at < end ? at + 1 - s : at - s);
	}
	bool comment = end - at >= 2 && at[0] == '-' && at[1] == '-';
	if (comment)
		at += 2;
	if (at < end && *at == '[') {
		size_t level = 0;
		const char *open = at + 1;
		while (open < end && *open == '=') {
			open++;
			level++;
		}
		if (open < end && *open == '[') {
			for (at = open + 1; at < end; at++) {
				size_t k = 0;
				if (*at != ']')
					continue;
				while (at + 1 + k < end && at[1 + k] == '=')
					k++;
				if (k == level && at + 1 + k < end && at[1 + k] == ']')
					return (size_t)(at + k + 2 - s);
			}
			return (size_t)(end - s);
		}
	}
	if (!comment)
		return 0;
	while (at < end && *at != '\n')
		at++;
	return (size_t)(at - s);
}

static bool assigns(const char *s, const char *end)
{
	while (s < end && isspace((unsigned char)*s))
		s++;
	return s < end && *s == '=' && (s + 1 == end || s[1] != '=');
}

static bool begins_member(char before)
{
	return before == '{' || before == ',' || before == ';';
}

static struct buf *readable(struct arena *a, const char *text, size_t len)
{
	struct buf *out = buf_new(a, 4 * (size_t)LUA_SOURCE_MAX);
	const char *end = text + len;
	char before = '\0'; /* the last character that means something */
	for (const char *s = text; s < end;) {
		size_t skip = opaque(s, end);
		if (skip == 0 && (isalpha((unsigned char)*s) || *s == '_')) {
			while (s + skip < end && (isalnum((unsigned char)s[skip]) || s[skip] == '_'))
				skip++;
			if (skip == 5 && memcmp(s, "until", 5) == 0 && begins_member(before) &&
			    assigns(s + 5, end)) {
				buf_puts(out, "[\"until\"]");
				s += 5;
				continue;
			}
		}
		bool comment = skip > 1 && s[0] == '-' && s[1] == '-';
		if (skip == 0)
			skip = 1;
		if (!comment && !isspace((unsigned char)*s))
			before = s[skip - 1];
		buf_put(out, s, skip);
		s += skip;
	}
	return out;
}

bool lua_load_text(lua_State *L, struct arena *a, const char *text, size_t len, const char *name,
		   struct err *e)
{
	if (len > LUA_SOURCE_MAX)
		return err_set(e, ERR_LIMIT, "'%s': larger than %d bytes", name, LUA_SOURCE_MAX);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* editors on Windows begin files so */
		text += 3;
		len -= 3;
	}
	struct arena *scratch = arena_new(a);
	struct buf *source = readable(scratch, text, len);
	const char *chunk = str_printf(scratch, "@%s", name);
	bool ok = luaL_loadbufferx(L, source->data, source->len, chunk, "t") == LUA_OK;
	arena_free(scratch);
	if (ok)
		return true;
	err_set(e, ERR_USAGE, "%s", lua_tostring(L, -1));
	lua_pop(L, 1);
	return false;
}
