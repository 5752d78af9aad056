/* lua_config: pare.lua, run without libraries and with a budget, read key by key.
 *
 * The file is Lua so that it can compute (a list from a loop, approval as a function); it has no
 * library, not even the strings' methods, and bounds on instructions, memory and time. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config_values.h"
#include "lua_private.h"
#include "pare/arn.h"
#include "pare/config.h"
#include "pare/str.h"
#include "pare/window.h"

enum { CONFIG_TIMEOUT_MS = 2000, LIST_MAX = 10000 };

struct reading {
	struct arena *arena;
	lua_State *lua;
	const char *file, *folder;
	struct config *config;
	bool of_plan; /* reading what approval's function gave, not the file */
	struct err *e;
};

/* --- the keys --- */

struct config_key {
	const char *name;
	enum { KEY_TEXT, KEY_PATH, KEY_URL, KEY_COUNT, KEY_BOOL, KEY_LIST, KEY_PATHS, KEY_ON_FAILURE, KEY_CHECK,
	       KEY_TABLE, KEY_APPROVAL, KEY_OWNERS, KEY_WAVES } type;
	size_t offset;
	const char *(*check)(struct arena *a, const char *text); /* texts and lists: may be NULL */
	int least, most;                /* KEY_COUNT */
	const struct config_key *below; /* tables */
};

#define AT(member) .offset = offsetof(struct config, member)
static const struct config_key repository_keys[] = {
	{"url", KEY_URL, AT(repository.url)},
	{"branch", KEY_TEXT, AT(repository.branch), .check = check_branch},
	{"forge", KEY_TEXT, AT(repository.forge), .check = check_forge},
	{"api", KEY_TEXT, AT(repository.api), .check = check_api},
	{"project", KEY_TEXT, AT(repository.project), .check = check_project},
	{"credential_helper", KEY_LIST, AT(repository.credential_helper)},
	{"labels", KEY_LIST, AT(repository.labels), .check = check_label},
	{"reviewers", KEY_LIST, AT(repository.reviewers), .check = check_reviewer},
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
	{"source_identity", KEY_TEXT, AT(accounts.source_identity), .check = check_source_identity},
	{0}};
static const struct config_key limits_keys[] = {
	{"changes_per_run", KEY_COUNT, AT(limits.changes_per_run), .least = 0, .most = 100000},
	{"changes_per_account", KEY_COUNT, AT(limits.changes_per_account), .least = 0, .most = 100000},
	{"percent", KEY_COUNT, AT(limits.percent), .least = 0, .most = 100},
	{"recommendation_age_days", KEY_COUNT, AT(limits.recommendation_age_days), .least = 1, .most = 365},
	{"plan_valid_days", KEY_COUNT, AT(limits.plan_valid_days), .least = 1, .most = 365},
	{0}};
static const struct config_key checks_keys[] = {
	{"validate_policy", KEY_CHECK, AT(checks.validate_policy)},
	{"no_new_access", KEY_CHECK, AT(checks.no_new_access)},
	{"simulate", KEY_CHECK, AT(checks.simulate)},
	{"last_accessed", KEY_CHECK, AT(checks.last_accessed)},
	{0}};
static const struct config_key window_keys[] = {
	{"open", KEY_LIST, AT(window.open), .check = check_open},
	{"freeze", KEY_LIST, AT(window.freeze), .check = check_freeze},
	{"calendar", KEY_LIST, AT(window.calendar), .check = check_calendar},
	{0}};
static const struct config_key ticket_keys[] = {
	{"pattern", KEY_TEXT, AT(ticket.pattern), .check = check_ticket},
	{"required", KEY_BOOL, AT(ticket.required)},
	{0}};
static const struct config_key autofix_keys[] = {
	{"standing", KEY_LIST, AT(autofix.standing), .check = check_standing},
	{"signers", KEY_PATH, AT(autofix.signers)},
	{"revoked", KEY_PATH, AT(autofix.revoked)},
	{0}};
static const struct config_key top_keys[] = {
	{"analyzer", KEY_TEXT, AT(analyzer), .check = check_analyzer},
	{"regions", KEY_LIST, AT(regions), .check = check_region},
	{"rules", KEY_PATHS, AT(rules)},
	{"repository", KEY_TABLE, .below = repository_keys},
	{"approval", KEY_APPROVAL, .below = approval_keys},
	{"accounts", KEY_TABLE, .below = accounts_keys},
	{"limits", KEY_TABLE, .below = limits_keys},
	{"window", KEY_TABLE, .below = window_keys},
	{"checks", KEY_TABLE, .below = checks_keys},
	{"ticket", KEY_TABLE, .below = ticket_keys},
	{"autofix", KEY_TABLE, .below = autofix_keys},
	{"protect", KEY_LIST, AT(protect), .check = check_arn_glob},
	{"on_failure", KEY_ON_FAILURE, AT(on_failure)},
	{"author", KEY_TEXT, AT(author), .check = check_author},
	{"owners", KEY_OWNERS, AT(owners)},
	{"waves", KEY_WAVES, AT(wave)},
	{"pause", KEY_COUNT, AT(pause_s), .least = 0, .most = 86400},
	{"shared_blocks", KEY_BOOL, AT(shared_blocks)},
	{0}};
#undef AT
enum { KEYS_MAX = 32 };

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
	const char *expected = k->check != NULL ? k->check(r->arena, text) : NULL;
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
		const char *shape = k->check != NULL ? k->check(r->arena, text) : NULL;
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

static bool read_check(struct reading *r, const char *key, enum check_mode *out)
{
	static const char *const modes[] = {"off", "optional", "required"};
	const char *text = text_at_top(r);
	for (size_t i = 0; text != NULL && i < 3; i++)
		if (strcmp(text, modes[i]) == 0) {
			*out = (enum check_mode)i;
			return true;
		}
	return wrong(r, key, "\"off\", \"optional\" or \"required\"");
}

/* Names as keys, owners as values; sorted, so that the same file gives the same result. */
static bool read_owners(struct reading *r, const char *key)
{
	lua_State *L = r->lua;
	struct config *c = r->config;
	struct str_list of = {0};
	if (!lua_istable(L, -1))
		return wrong(r, key, "a table { [\"111122223333\"] = \"@acme/team\", … }");
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
		const char *owners = text_at_top(r);
		const char *expected = check_owned(name);
		if (expected == NULL)
			expected = owners == NULL || *owners == '\0' ? "text" : check_owners(owners);
		if (expected != NULL || of.count == LIST_MAX)
			return wrong(r, key, expected != NULL ? expected : "at most 10000 owners");
		str_list_add(r->arena, &of, arena_strdup(r->arena, name));
	}
	str_list_sort(&of);
	for (size_t i = 0; i < of.count; i++, lua_pop(L, 1)) {
		lua_pushstring(L, of.item[i]);
		lua_rawget(L, -2);
		str_list_add(r->arena, &c->owners.owner, text_at_top(r));
	}
	c->owners.of = of;
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
	case KEY_CHECK:
		return read_check(r, key, at);
	case KEY_ON_FAILURE:
		return read_on_failure(r, key, at);
	case KEY_OWNERS:
		return read_owners(r, key);
	case KEY_WAVES:
		return lua_read_waves(L, r->arena, r->file, r->config, r->e);
	case KEY_APPROVAL:
		if (lua_isfunction(L, -1) && !r->of_plan) {
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

/* Each text was checked when it was read. */
static void read_window(struct reading *r)
{
	struct config *c = r->config;
	const char *zone;
	if (c->window.open.count + c->window.freeze.count == 0)
		return;
	struct window *w = arena_alloc(r->arena, sizeof *w);
	w->span = arena_array(r->arena, c->window.open.count, sizeof *w->span);
	w->freeze = arena_array(r->arena, c->window.freeze.count, sizeof *w->freeze);
	for (; w->span_count < c->window.open.count; w->span_count++) {
		struct window_span *s = &w->span[w->span_count];
		window_span_parse(r->arena, c->window.open.item[w->span_count], s, &zone);
		config_zone(r->arena, zone, &s->zone);
	}
	for (; w->freeze_count < c->window.freeze.count; w->freeze_count++) {
		struct window_freeze *f = &w->freeze[w->freeze_count];
		window_freeze_parse(r->arena, c->window.freeze.item[w->freeze_count], f, &zone);
		config_zone(r->arena, zone, &f->zone);
	}
	c->window.read = w;
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
	if (c->autofix.standing.count > 0 && c->autofix.signers == NULL)
		return wrong(r, "autofix.signers",
			     "a file of people who may sign, because standing approvals are honoured");
	if (c->accounts.external_id != NULL && c->accounts.assume_role == NULL)
		return wrong(r, "accounts.assume_role", "a role's name, because an external_id is given");
	if (c->accounts.source_identity != NULL && c->accounts.assume_role == NULL)
		return wrong(r, "accounts.assume_role", "a role's name, because a source_identity is given");
	return true;
}

/* --- the file --- */

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
	const char *text = config_file_read(scratch, path, &len, e);
	lua_State *L = text != NULL ? lua_bare(&limits, LUA_CONFIG_MEMORY_MAX) : NULL;
	if (L == NULL) {
		arena_free(scratch);
		return text == NULL ? false : err_set(e, ERR_LIMIT, "starting Lua");
	}
	arena_defer(scratch, close_lua, L);
	struct reading r = {a, L, path, config_file_folder(a, path), c, false, e};
	bool ok = run_file(&r, text, len, &limits) && read_table(&r, top_keys, "") && check_together(&r);
	if (ok)
		read_window(&r);
	if (ok && c->approval.by_function) {
		c->approval.function = arena_alloc(a, sizeof *c->approval.function);
		*c->approval.function = (struct lua_approval){arena_copy(a, text, len), len, path, r.folder};
	}
	arena_free(scratch);
	c->file = path;
	return ok;
}

/* --- approval as a function of the plan: the file is run anew for every plan, so that no answer
 * can depend on what was asked before --- */

static bool call_function(struct reading *r, const struct lua_approval *f, struct lua_limits *limits,
			  lua_CFunction call, void *subject)
{
	if (!run_file(r, f->text, f->len, limits))
		return false;
	lua_getfield(r->lua, -1, "approval");
	lua_pushcfunction(r->lua, call);
	lua_insert(r->lua, -2);
	lua_pushlightuserdata(r->lua, subject);
	return lua_run(r->lua, limits, 2, 1, r->e);
}

bool lua_config_approval(struct arena *a, const struct lua_approval *f, lua_CFunction call,
			 void *subject, struct approval_terms *out, struct err *e)
{
	struct config c;
	struct lua_limits limits;
	lua_State *L = lua_bare(&limits, LUA_CONFIG_MEMORY_MAX);
	struct reading r = {a, L, f->file, f->folder, &c, true, e};
	if (L == NULL)
		return err_set(e, ERR_LIMIT, "starting Lua");
	config_default(a, &c);
	bool ok = call_function(&r, f, &limits, call, subject);
	if (ok && !lua_istable(L, -1))
		ok = wrong(&r, "approval", "a function that returns a table { … }");
	ok = ok && read_table(&r, approval_keys, "approval.") && check_together(&r);
	lua_close(L);
	*out = (struct approval_terms){c.approval.merged, c.approval.signatures, c.approval.reviews,
				       c.approval.signers, c.approval.revoked};
	return ok;
}
