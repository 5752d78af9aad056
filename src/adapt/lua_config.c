/* lua_config: pare.lua, run without libraries and with a budget, read key by key.
 *
 * The file is Lua so that it can compute (a list from a loop, approval as a function); it has no
 * library, not even the strings' methods, and bounds on instructions, memory and time. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua_private.h"
#include "pare/arn.h"
#include "pare/config.h"
#include "pare/str.h"
#include "pare/when.h"

enum { CONFIG_MAX_BYTES = 1024 * 1024, CONFIG_TIMEOUT_MS = 2000, LIST_MAX = 10000 };

struct reading {
	struct arena *arena;
	lua_State *lua;
	const char *file, *folder;
	struct config *config;
	struct err *e;
};

/* --- what values look like --- */

/* Each checks one text and gives what was expected when it is wrong, else NULL. */

static const char *check_analyzer(struct reading *r, const char *text)
{
	struct arn arn;
	struct err bad;
	bool ok = arn_parse(r->arena, text, &arn, &bad) && strcmp(arn.service, "access-analyzer") == 0;
	return ok ? NULL : "an analyzer's ARN (arn:aws:access-analyzer:REGION:ACCOUNT:analyzer/NAME)";
}

static const char *check_forge(struct reading *r, const char *text)
{
	static const char *const forges[] = {"none", "github", "gitlab", "gitea"};
	(void)r;
	for (size_t i = 0; i < sizeof forges / sizeof forges[0]; i++)
		if (strcmp(forges[i], text) == 0)
			return NULL;
	return "\"none\", \"github\", \"gitlab\" or \"gitea\"";
}

/* git check-ref-format's rules, for one branch. */
static const char *check_branch(struct reading *r, const char *text)
{
	(void)r;
	size_t len = strlen(text);
	bool ok = len <= 200 && strpbrk(text, " ~^:?*[\\") == NULL && strstr(text, "..") == NULL &&
		  strstr(text, "//") == NULL && strstr(text, "@{") == NULL && strstr(text, "/.") == NULL &&
		  strchr("-/.", text[0]) == NULL && strchr("/.", text[len - 1]) == NULL &&
		  !str_ends(text, ".lock") && !str_starts(text, "pare/") && !str_starts(text, "refs/");
	return ok ? NULL : "the name of a branch that git allows, not one of pare's own (pare/…)";
}

/* Whoever writes a bare name protects nothing: it matches no ARN. */
static const char *check_arn_glob(struct reading *r, const char *text)
{
	(void)r;
	return str_starts(text, "arn:") || text[0] == '*'
		       ? NULL
		       : "globs over ARNs, such as \"arn:*:iam::*:role/break-glass-*\"";
}

static const char *check_role(struct reading *r, const char *text)
{
	(void)r;
	return iam_name_valid(text, 64) ? NULL : "a role's name, without path or ARN";
}

/* STS AssumeRole: 2 to 1224 characters of [\w+=,.@:/-]. */
static const char *check_external_id(struct reading *r, const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@:/-";
	(void)r;
	size_t len = strlen(text);
	return len >= 2 && len <= 1224 && strspn(text, allowed) == len
		       ? NULL
		       : "2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / -";
}

static const char *check_author(struct reading *r, const char *text)
{
	(void)r;
	const char *at = strchr(text, '@');
	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
			       strpbrk(text, " <>\"") == NULL
		       ? NULL
		       : "an e-mail address";
}

static const char *check_freeze(struct reading *r, const char *text)
{
	static const char expected[] = "date ranges such as \"2026-12-18/2027-01-07\"";
	int64_t from_ms, to_ms;
	const char *slash = strchr(text, '/');
	if (slash == NULL)
		return expected;
	const char *from = arena_copy(r->arena, text, (size_t)(slash - text));
	bool ok = strlen(from) == 10 && strlen(slash + 1) == 10 && when_parse(from, &from_ms) &&
		  when_parse(slash + 1, &to_ms) && from_ms <= to_ms;
	return ok ? NULL : expected;
}

static bool take_day(const char **at)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	for (size_t i = 0; i < 7; i++)
		if (str_starts(*at, days[i])) {
			*at += 3;
			return true;
		}
	return false;
}

static bool take_clock(const char **at, int *minutes)
{
	int h = 0, m = 0, used = 0;
	if (strspn(*at, "0123456789") != 2 || sscanf(*at, "%2d:%2d%n", &h, &m, &used) != 2 || used != 5 ||
	    h > 24 || m > 59 || (h == 24 && m > 0))
		return false;
	*at += used;
	*minutes = h * 60 + m;
	return true;
}

/* "Mon-Thu,Sat 09:00-16:00 Europe/Berlin"; the zone may be left out: UTC. */
static const char *check_open(struct reading *r, const char *text)
{
	static const char expected[] = "windows such as \"Mon-Thu 09:00-16:00 Europe/Berlin\"";
	static const char zone[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	(void)r;
	const char *at = text;
	int from, to;
	do {
		at += at != text;
		if (!take_day(&at))
			return expected;
		if (*at == '-' && (at++, !take_day(&at)))
			return expected;
	} while (*at == ',');
	if (*at++ != ' ' || !take_clock(&at, &from) || *at++ != '-' || !take_clock(&at, &to) || from >= to)
		return expected;
	if (*at == '\0')
		return NULL;
	return *at == ' ' && at[1] != '\0' && strspn(at + 1, zone) == strlen(at + 1) ? NULL : expected;
}

/* --- the keys --- */

struct config_key {
	const char *name;
	enum { KEY_TEXT, KEY_PATH, KEY_URL, KEY_COUNT, KEY_BOOL, KEY_LIST, KEY_PATHS, KEY_ON_FAILURE,
	       KEY_TABLE, KEY_APPROVAL } type;
	size_t offset;
	const char *(*check)(struct reading *r, const char *text); /* texts and lists: may be NULL */
	int least, most;                /* KEY_COUNT */
	const struct config_key *below; /* tables */
};

#define AT(member) .offset = offsetof(struct config, member)
static const struct config_key repository_keys[] = {
	{"url", KEY_URL, AT(repository.url)},
	{"branch", KEY_TEXT, AT(repository.branch), .check = check_branch},
	{"forge", KEY_TEXT, AT(repository.forge), .check = check_forge},
	{0}};
static const struct config_key approval_keys[] = {
	{"merged", KEY_BOOL, AT(approval.merged)},
	{"signatures", KEY_COUNT, AT(approval.signatures), .least = 0, .most = 100},
	{"reviews", KEY_COUNT, AT(approval.reviews), .least = 0, .most = 100},
	{"signers", KEY_PATH, AT(approval.signers)},
	{"revoked", KEY_PATH, AT(approval.revoked)},
	{0}};
static const struct config_key accounts_keys[] = {
	{"assume_role", KEY_TEXT, AT(accounts.assume_role), .check = check_role},
	{"external_id", KEY_TEXT, AT(accounts.external_id), .check = check_external_id},
	{0}};
static const struct config_key limits_keys[] = {
	{"changes_per_run", KEY_COUNT, AT(limits.changes_per_run), .least = 0, .most = 100000},
	{"changes_per_account", KEY_COUNT, AT(limits.changes_per_account), .least = 0, .most = 100000},
	{"percent", KEY_COUNT, AT(limits.percent), .least = 0, .most = 100},
	{"recommendation_age_days", KEY_COUNT, AT(limits.recommendation_age_days), .least = 1, .most = 365},
	{"plan_valid_days", KEY_COUNT, AT(limits.plan_valid_days), .least = 1, .most = 365},
	{0}};
static const struct config_key window_keys[] = {
	{"open", KEY_LIST, AT(window.open), .check = check_open},
	{"freeze", KEY_LIST, AT(window.freeze), .check = check_freeze},
	{0}};
static const struct config_key top_keys[] = {
	{"analyzer", KEY_TEXT, AT(analyzer), .check = check_analyzer},
	{"rules", KEY_PATHS, AT(rules)},
	{"repository", KEY_TABLE, .below = repository_keys},
	{"approval", KEY_APPROVAL, .below = approval_keys},
	{"accounts", KEY_TABLE, .below = accounts_keys},
	{"limits", KEY_TABLE, .below = limits_keys},
	{"window", KEY_TABLE, .below = window_keys},
	{"protect", KEY_LIST, AT(protect), .check = check_arn_glob},
	{"on_failure", KEY_ON_FAILURE, AT(on_failure)},
	{"author", KEY_TEXT, AT(author), .check = check_author},
	{"shared_blocks", KEY_BOOL, AT(shared_blocks)},
	{0}};
#undef AT
enum { KEYS_MAX = 16 };

/* --- reading --- */

static bool wrong(struct reading *r, const char *key, const char *expected)
{
	return err_set(r->e, ERR_USAGE, "'%s': key '%s': expected %s", r->file, key, expected);
}

static const char *absolute(struct reading *r, const char *path)
{
	return path[0] == '/' ? path : str_printf(r->arena, "%s/%s", r->folder, path);
}

/* The text at the top of the stack; NULL when it is none, or nothing a key can hold. */
static const char *text_at_top(struct reading *r)
{
	size_t len;
	if (lua_type(r->lua, -1) != LUA_TSTRING)
		return NULL;
	const char *text = lua_tolstring(r->lua, -1, &len);
	if (len == 0 || len > 4096 || strlen(text) != len)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return NULL;
	return arena_copy(r->arena, text, len);
}

static bool read_text(struct reading *r, const struct config_key *k, const char *key, const char **out)
{
	const char *text = text_at_top(r);
	if (text == NULL)
		return wrong(r, key, "text without control characters");
	const char *expected = k->check != NULL ? k->check(r, text) : NULL;
	if (expected != NULL)
		return wrong(r, key, expected);
	/* A path, not a URL or user@host:path: relative to the file. */
	bool path = k->type == KEY_PATH || (k->type == KEY_URL && strchr(text, ':') == NULL);
	*out = path ? absolute(r, text) : text;
	return true;
}

static bool read_list(struct reading *r, const struct config_key *k, const char *key,
		      struct str_list *out)
{
	static const char expected[] = "a list of texts: { \"…\", \"…\" }";
	lua_State *L = r->lua;
	if (!lua_istable(L, -1))
		return wrong(r, key, expected);
	size_t count = (size_t)lua_rawlen(L, -1), seen = 0;
	if (count > LIST_MAX)
		return wrong(r, key, "at most 10000 texts");
	*out = (struct str_list){0};
	for (size_t i = 1; i <= count; i++, lua_pop(L, 1)) {
		lua_rawgeti(L, -1, (lua_Integer)i);
		const char *text = text_at_top(r);
		if (text == NULL)
			return wrong(r, key, expected);
		const char *shape = k->check != NULL ? k->check(r, text) : NULL;
		if (shape != NULL)
			return wrong(r, key, shape);
		bool path = k->type == KEY_PATHS && strcmp(text, "shipped") != 0;
		str_list_add(r->arena, out, path ? absolute(r, text) : text);
	}
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		seen++;
	return seen == count || wrong(r, key, expected);
}

static bool read_count(struct reading *r, const struct config_key *k, const char *key, int *out)
{
	int whole;
	lua_Integer n = lua_tointegerx(r->lua, -1, &whole);
	if (lua_type(r->lua, -1) != LUA_TNUMBER || !whole || n < k->least || n > k->most)
		return wrong(r, key,
			     str_printf(r->arena, "a whole number from %d to %d", k->least, k->most));
	*out = (int)n;
	return true;
}

static bool read_on_failure(struct reading *r, const char *key, enum on_failure *out)
{
	const char *text = text_at_top(r);
	if (!str_equal(text, "undo") && !str_equal(text, "stop"))
		return wrong(r, key, "\"undo\" or \"stop\"");
	*out = strcmp(text, "undo") == 0 ? ON_FAILURE_UNDO : ON_FAILURE_STOP;
	return true;
}

static bool read_table(struct reading *r, const struct config_key *keys, const char *prefix);

static bool read_value(struct reading *r, const struct config_key *k, const char *key)
{
	lua_State *L = r->lua;
	void *at = (char *)r->config + k->offset;
	switch (k->type) {
	case KEY_TEXT:
	case KEY_PATH:
	case KEY_URL:
		return read_text(r, k, key, at);
	case KEY_COUNT:
		return read_count(r, k, key, at);
	case KEY_BOOL:
		if (!lua_isboolean(L, -1))
			return wrong(r, key, "true or false");
		*(bool *)at = lua_toboolean(L, -1);
		return true;
	case KEY_LIST:
	case KEY_PATHS:
		return read_list(r, k, key, at);
	case KEY_ON_FAILURE:
		return read_on_failure(r, key, at);
	case KEY_APPROVAL:
		if (lua_isfunction(L, -1)) {
			r->config->approval.by_function = true;
			return true;
		}
		if (!lua_istable(L, -1))
			return wrong(r, key, "a table { … } or a function of the plan");
		break;
	case KEY_TABLE:
		if (!lua_istable(L, -1))
			return wrong(r, key, "a table { … }");
		break;
	}
	return read_table(r, k->below, str_printf(r->arena, "%s.", key));
}

static size_t names_of(const struct config_key *keys, const char *names[KEYS_MAX])
{
	size_t count = 0;
	for (; keys[count].name != NULL; count++)
		names[count] = keys[count].name;
	return count;
}

/* Of several unknown keys the first by name, so that the same file gives the same error. */
static bool no_unknown(struct reading *r, const struct config_key *keys, const char *prefix)
{
	lua_State *L = r->lua;
	const char *names[KEYS_MAX], *unknown = NULL;
	size_t count = names_of(keys, names);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			return err_set(r->e, ERR_USAGE, "'%s': %s%s: expected names as keys, such as %s = …, not %s",
				       r->file, prefix[0] != '\0' ? "key " : "the table",
				       prefix, names[0],
				       lua_type(L, -2) == LUA_TNUMBER ? "a list" : luaL_typename(L, -2));
		const char *name = lua_tostring(L, -2);
		size_t i = 0;
		while (i < count && strcmp(names[i], name) != 0)
			i++;
		if (i == count && (unknown == NULL || strcmp(name, unknown) < 0))
			unknown = arena_strdup(r->arena, name);
	}
	if (unknown == NULL)
		return true;
	const char *near = str_nearest(unknown, names, count);
	return near != NULL ? err_set(r->e, ERR_USAGE, "'%s': unknown key '%s%s': did you mean '%s%s'?", r->file,
				      prefix, unknown, prefix, near)
			    : err_set(r->e, ERR_USAGE, "'%s': unknown key '%s%s'", r->file, prefix, unknown);
}

static bool read_table(struct reading *r, const struct config_key *keys, const char *prefix)
{
	lua_State *L = r->lua;
	if (!lua_checkstack(L, 8))
		return wrong(r, prefix, "less depth");
	if (!no_unknown(r, keys, prefix))
		return false;
	for (; keys->name != NULL; keys++) {
		lua_pushstring(L, keys->name);
		if (lua_rawget(L, -2) != LUA_TNIL &&
		    !read_value(r, keys, str_printf(r->arena, "%s%s", prefix, keys->name)))
			return false;
		lua_pop(L, 1);
	}
	return true;
}

/* What one key alone cannot know. */
static bool check_together(struct reading *r)
{
	const struct config *c = r->config;
	if (c->approval.signatures > 0 && c->approval.signers == NULL)
		return wrong(r, "approval.signers", "a file of allowed signers, because signatures are asked for");
	if (!c->approval.by_function && !c->approval.merged && c->approval.signatures == 0 &&
	    c->approval.reviews == 0)
		return wrong(r, "approval", "merged, signatures or reviews: nothing would be approved by anyone");
	if (c->accounts.external_id != NULL && c->accounts.assume_role == NULL)
		return wrong(r, "accounts.assume_role", "a role's name, because an external_id is given");
	return true;
}

/* --- the file --- */

static const char *read_whole(struct arena *a, const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		err_set(e, ERR_USAGE, "reading the configuration '%s': %s", path, strerror(errno));
		return NULL;
	}
	char *text = arena_alloc(a, CONFIG_MAX_BYTES + 1);
	*len = fread(text, 1, CONFIG_MAX_BYTES + 1, f);
	int why = ferror(f) ? errno : 0;
	fclose(f);
	if (why == 0 && *len <= CONFIG_MAX_BYTES)
		return text;
	if (why != 0)
		err_set(e, ERR_USAGE, "reading the configuration '%s': %s", path, strerror(why));
	else
		err_set(e, ERR_USAGE, "reading the configuration '%s': larger than %d bytes", path,
			CONFIG_MAX_BYTES);
	return NULL;
}

static const char *folder_of(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	char *folder = arena_strdup(a, real != NULL ? real : path);
	free(real);
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		return ".";
	*slash = '\0';
	return folder;
}

static bool run_file(struct reading *r, const char *text, size_t len, struct lua_limits *limits)
{
	lua_State *L = r->lua;
	limits->deadline_ms = lua_clock_ms() + CONFIG_TIMEOUT_MS;
	bool ok = lua_load_text(L, r->arena, text, len, r->file, r->e);
	/* From here on the room is for reading what the file made: nothing of it runs again. */
	limits->memory_max *= 2;
	if (ok) {
		lua_newtable(L); /* globals: none */
		lua_setupvalue(L, -2, 1);
		limits->memory_max /= 2;
		ok = lua_run(L, limits, 0, 1, r->e);
		limits->memory_max *= 2;
	}
	if (!ok) {
		err_wrap(r->e, "reading the configuration '%s'", r->file);
		r->e->kind = ERR_USAGE;
		return false;
	}
	return lua_istable(L, -1) ||
	       err_set(r->e, ERR_USAGE, "'%s': expected 'return { … }'", r->file);
}

static void close_lua(void *lua)
{
	lua_close(lua);
}

bool config_read(struct arena *a, const char *path, struct config *c, struct err *e)
{
	struct lua_limits limits;
	size_t len;
	struct arena *scratch = arena_new(NULL);
	const char *text = read_whole(scratch, path, &len, e);
	lua_State *L = text != NULL ? lua_bare(&limits, LUA_CONFIG_MEMORY_MAX) : NULL;
	if (L == NULL) {
		arena_free(scratch);
		return text == NULL ? false : err_set(e, ERR_LIMIT, "starting Lua");
	}
	arena_defer(scratch, close_lua, L);
	struct reading r = {a, L, path, folder_of(a, path), c, e};
	bool ok = run_file(&r, text, len, &limits) && read_table(&r, top_keys, "") && check_together(&r);
	arena_free(scratch);
	c->file = path;
	return ok;
}
