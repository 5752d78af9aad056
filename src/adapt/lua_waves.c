/* lua_waves: the configuration's waves = { { "111122223333", … }, … }. */
#include <string.h>

#include "lua_private.h"
#include "pare/arn.h"
#include "pare/config.h"
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

static bool taken(const struct config *c, const char *account)
{
	for (size_t i = 0; i <= c->wave_count; i++)
		if (str_list_has(&c->wave[i], account))
			return true;
	return false;
}

static bool read_wave(struct waves *w)
{
	lua_State *L = w->lua;
	struct config *c = w->config;
	size_t count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
	if (count == 0 || count > ACCOUNTS_MAX)
		return wrong(w, "a list of accounts such as { \"111122223333\" }");
	for (size_t i = 0; i < count; i++) {
		bool text = lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TSTRING;
		const char *account = text ? arena_strdup(w->arena, lua_tostring(L, -1)) : "";
		lua_pop(L, 1);
		if (!account_id_valid(account))
			return wrong(w, "accounts of twelve digits, as texts");
		if (taken(c, account))
			return wrong(w, str_printf(w->arena, "each account once, and %s stands twice", account));
		str_list_add(w->arena, &c->wave[c->wave_count], account);
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
