/* lua_approval: what approval's function of pare.lua is given: the plan as its file holds it, with
 * its digest and how many steps there are of each kind; and glob(pattern, text), since it has no
 * library. */
#include "lua_private.h"
#include "pare/plan.h"
#include "pare/str.h"

enum { SUBJECT_MAX = 4 * PLAN_MAX_BYTES };

static void put_counts(struct json_writer *w, const struct plan *p)
{
	json_key(w, "counts");
	json_open(w, '{');
	for (int op = STEP_CREATE_POLICY; op <= STEP_DELETE_USER_POLICY; op++) {
		int64_t count = 0;
		for (size_t i = 0; i < p->step_count; i++)
			count += (int)p->step[i].action.op == op;
		json_member_integer(w, step_op_name((enum step_op)op), count);
	}
	json_close(w, '}');
}

static const struct json *subject_of(struct arena *a, const struct plan *p, struct err *e)
{
	struct json_writer w;
	struct buf *b = buf_new(a, SUBJECT_MAX);
	const struct json *file = json_parse(a, p->bytes, p->len, p->id, e);
	if (file == NULL)
		return NULL;
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "digest", p->digest);
	put_counts(&w, p);
	for (const struct json *v = file->first; v != NULL; v = v->next) {
		json_key(&w, v->key);
		json_put_value(&w, v);
	}
	json_close(&w, '}');
	return json_parse(a, b->data, b->len, p->id, e);
}

static int glob(lua_State *L)
{
	lua_pushboolean(L, str_glob(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
	return 1;
}

static int call(lua_State *L)
{
	const struct json *subject = lua_touserdata(L, 2);
	lua_settop(L, 1);
	lua_open_frozen(L);
	lua_push_json(L, subject);
	lua_pushcfunction(L, glob);
	lua_call(L, 2, 1);
	return 1;
}

bool lua_approval_terms(struct arena *a, const struct lua_approval *f, const struct plan *plan,
			struct approval_terms *out, struct err *e)
{
	struct arena *scratch = arena_new(a);
	const struct json *subject = subject_of(scratch, plan, e);
	bool ok = subject != NULL && lua_config_approval(a, f, call, (void *)subject, out, e);
	arena_free(scratch);
	return ok || err_wrap(e, "asking the configuration's approval function");
}
