/* lua_values: what crosses into Lua, read-only; and pairs() in one order.
 *
 * A frozen table is an empty-looking one that holds the real table under a key no Lua code can
 * name. next, rawget, rawset and getmetatable are not among the words of a rule. */
#include <stdlib.h>
#include <string.h>

#include "lua_private.h"

enum { DEPTH_MAX = 64 };

static const char real_key, frozen_key; /* addresses only */

/* The real table behind the one at index, or the table itself; false when it is no table. */
static bool push_real(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (!lua_istable(L, index))
		return false;
	if (lua_rawgetp(L, index, &real_key) != LUA_TNIL)
		return true;
	lua_pop(L, 1);
	lua_pushvalue(L, index);
	return true;
}

static int frozen_index(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	push_real(L, 1);
	lua_insert(L, 2);
	lua_rawget(L, 2);
	return 1;
}

static int frozen_newindex(lua_State *L)
{
	return luaL_error(L, "what a rule is given can be read, not changed");
}

static int frozen_len(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	push_real(L, 1);
	lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
	return 1;
}

void lua_open_frozen(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, frozen_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, frozen_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, frozen_len);
	lua_setfield(L, -2, "__len");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &frozen_key);
}

/* Puts an empty-looking table in the place of the one at the top. */
static void wrap(lua_State *L)
{
	lua_createtable(L, 0, 1);
	lua_insert(L, -2);
	lua_rawsetp(L, -2, &real_key);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &frozen_key);
	lua_setmetatable(L, -2);
}

static void copy(lua_State *L, bool frozen, int depth)
{
	if (!lua_istable(L, -1))
		return;
	if (depth == DEPTH_MAX)
		luaL_error(L, "tables nested more than %d deep, or within themselves", DEPTH_MAX);
	luaL_checkstack(L, 8, "too deep");
	push_real(L, -1);
	lua_remove(L, -2);
	int from = lua_gettop(L);
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, from) != 0;) {
		copy(L, frozen, depth + 1);
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, from + 1);
	}
	lua_remove(L, from);
	if (frozen)
		wrap(L);
}

void lua_clone(lua_State *L, bool frozen)
{
	copy(L, frozen, 0);
}

static void push_number(lua_State *L, const struct json *v)
{
	int64_t n;
	if (json_integer(v, &n))
		lua_pushinteger(L, n);
	else
		lua_pushnumber(L, strtod(v->text, NULL));
}

void lua_push_json(lua_State *L, const struct json *v)
{
	luaL_checkstack(L, 8, "too deep");
	switch (v->type) {
	case JSON_NULL:
		lua_pushnil(L);
		return;
	case JSON_BOOL:
		lua_pushboolean(L, v->boolean);
		return;
	case JSON_NUMBER:
		push_number(L, v);
		return;
	case JSON_STRING:
		lua_pushstring(L, v->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	lua_Integer n = 0;
	bool object = v->type == JSON_OBJECT;
	int size = v->count < 100000 ? (int)v->count : 0;
	lua_createtable(L, object ? 0 : size, object ? size : 0);
	for (const struct json *x = v->first; x != NULL; x = x->next) {
		lua_push_json(L, x);
		if (object)
			lua_setfield(L, -2, x->key);
		else if (x->type != JSON_NULL)
			lua_rawseti(L, -2, ++n);
		else
			lua_pop(L, 1);
	}
	wrap(L);
}

/* --- pairs: Lua's own order of texts changes from run to run, and the same input must give the
 * same plan --- */

struct key {
	enum { KEY_NUMBER, KEY_STRING, KEY_OTHER } rank;
	const char *text; /* the table of keys holds it */
	size_t len;
	lua_Number number;
	lua_Integer at;
};

static int compare_keys(const void *x, const void *y)
{
	const struct key *p = x, *q = y;
	if (p->rank != q->rank)
		return p->rank < q->rank ? -1 : 1;
	if (p->rank == KEY_NUMBER && p->number != q->number)
		return p->number < q->number ? -1 : 1;
	if (p->rank == KEY_STRING) {
		int order = memcmp(p->text, q->text, p->len < q->len ? p->len : q->len);
		if (order != 0)
			return order;
		if (p->len != q->len)
			return p->len < q->len ? -1 : 1;
	}
	return (p->at > q->at) - (p->at < q->at);
}

static void read_key(lua_State *L, lua_Integer at, struct key *out)
{
	*out = (struct key){.rank = KEY_OTHER, .at = at};
	if (lua_type(L, -1) == LUA_TNUMBER) {
		out->rank = KEY_NUMBER;
		out->number = lua_tonumber(L, -1);
	} else if (lua_type(L, -1) == LUA_TSTRING) {
		out->rank = KEY_STRING;
		out->text = lua_tolstring(L, -1, &out->len);
	}
}

/* The keys of the table at the top replace it, as a list. */
static lua_Integer list_keys(lua_State *L)
{
	int from = lua_gettop(L);
	lua_Integer count = 0;
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, from) != 0; lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		lua_rawseti(L, from + 1, ++count);
	}
	lua_remove(L, from);
	return count;
}

static void sort_keys(lua_State *L, lua_Integer count)
{
	int keys = lua_gettop(L);
	struct key *key = lua_newuserdatauv(L, (size_t)count * sizeof *key, 0);
	bool sorted = true;
	for (lua_Integer i = 0; i < count; i++) {
		lua_rawgeti(L, keys, i + 1);
		read_key(L, i + 1, &key[i]);
		lua_pop(L, 1);
		sorted = sorted && (i == 0 || compare_keys(&key[i - 1], &key[i]) < 0);
	}
	if (!sorted) {
		qsort(key, (size_t)count, sizeof *key, compare_keys);
		lua_createtable(L, count < 1000000 ? (int)count : 0, 0);
		for (lua_Integer i = 0; i < count; i++) {
			lua_rawgeti(L, keys, key[i].at);
			lua_rawseti(L, -2, i + 1);
		}
		lua_replace(L, keys);
	}
	lua_settop(L, keys);
}

static int next_pair(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	for (;;) {
		lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;
		lua_pushinteger(L, i);
		lua_replace(L, lua_upvalueindex(2));
		if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_gettable(L, 1) != LUA_TNIL) /* else it was removed meanwhile */
			return 2;
		lua_settop(L, 1);
	}
}

int lua_ordered_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	push_real(L, 1);
	sort_keys(L, list_keys(L));
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_pair, 2);
	lua_pushvalue(L, 1);
	return 2;
}
