/* lua_waves: the configuration's waves = { { "111122223333", "ou-…", { tag = "env=dev" }, … }, … }. */
#include <string.h>

#include "lua_private.h"
#include "pare/arn.h"
#include "pare/config.h"
#include "pare/organization.h"
#include "pare/str.h"

enum { WAVES_MAX = 1000, ACCOUNTS_MAX = 10000 };

struct waves {
	lua_State *lua;
	struct arena *arena;
	const char *file;
	struct config *config;
	struct err *e;
};

static bool wrong(struct waves *w, const char *expected)
{
	return err_set(w->e, ERR_USAGE, "'%s': key 'waves[%zu]': expected %s", w->file,
		       w->config->wave_count + 1, expected);
}

static bool add_once(struct waves *w, size_t list, const char *text)
{
	struct config *c = w->config;
	for (size_t i = 0; i <= c->wave_count; i++) {
		const struct str_list *lists[] = {&c->wave[i].account, &c->wave[i].unit, &c->wave[i].tag};
		if (str_list_has(lists[list], text))
			return wrong(w, str_printf(w->arena, "each %s once, and %s stands twice",
						   (const char *const[]){"account", "unit", "tag"}[list], text));
	}
	struct wave *here = &c->wave[c->wave_count];
	struct str_list *lists[] = {&here->account, &here->unit, &here->tag};
	str_list_add(w->arena, lists[list], text);
	return true;
}

/* { tag = "env=dev" } at the top of the stack. */
static bool read_tag(struct waves *w)
{
	lua_State *L = w->lua;
	bool text = lua_getfield(L, -1, "tag") == LUA_TSTRING;
	const char *pair = text ? arena_strdup(w->arena, lua_tostring(L, -1)) : NULL;
	size_t members = 0;
	lua_pop(L, 1);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		members++;
	if (members != 1 || !account_tag_valid(pair))
		return wrong(w, "a tag as { tag = \"KEY=VALUE\" }");
	return add_once(w, 2, pair);
}

static bool read_entry(struct waves *w)
{
	lua_State *L = w->lua;
	if (lua_istable(L, -1))
		return read_tag(w);
	const char *text = lua_type(L, -1) == LUA_TSTRING ? arena_strdup(w->arena, lua_tostring(L, -1)) : "";
	if (!account_id_valid(text) && !unit_id_valid(text))
		return wrong(w, "accounts of twelve digits, organizational units (ou-…, r-…), as texts, or "
				"{ tag = \"KEY=VALUE\" }");
	return add_once(w, account_id_valid(text) ? 0 : 1, text);
}

static bool read_wave(struct waves *w)
{
	lua_State *L = w->lua;
	size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
	if (count == 0 || count > ACCOUNTS_MAX)
		return wrong(w, "a list of accounts, units and tags such as { \"111122223333\", { tag = \"wave=canary\" } }");
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, -1, (lua_Integer)i + 1);
		bool ok = read_entry(w);
		lua_pop(L, 1);
		if (!ok)
			return false;
	}
	return true;
}

bool lua_read_waves(lua_State *L, struct arena *a, const char *file, struct config *c, struct err *e)
{
	struct waves w = {L, a, file, c, e};
	size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
	c->wave_count = 0;
	if (count == 0 || count > WAVES_MAX)
		return err_set(e, ERR_USAGE, "'%s': key 'waves': expected a list of 1 to %d lists of accounts", file,
			       WAVES_MAX);
	c->wave = arena_array(a, count + 1, sizeof *c->wave);
	for (; c->wave_count < count; c->wave_count++) {
		lua_rawgeti(L, -1, (lua_Integer)c->wave_count + 1);
		if (!read_wave(&w))
			return false;
		lua_pop(L, 1);
	}
	return true;
}
