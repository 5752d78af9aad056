/* kept: plans in the state folder, each with what it was drafted from:
 * accounts/<account>/plans/<plan-id>/{plan.json,plan.md,before.json,evidence/…}, runs/latest.json. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "pare/when.h"

enum { KEPT_MAX_BYTES = 64 * 1024 * 1024 };

static bool write_file(struct context *c, const char *folder, const char *name, const char *bytes,
		       size_t len, struct err *e)
{
	return c->store.write(c->store.self, str_printf(c->arena, "%s/%s", folder, name), bytes, len, e);
}

static bool write_buf(struct context *c, const char *folder, const char *name,
		      const struct buf *b, struct err *e)
{
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "keeping '%s/%s': larger than %zu bytes", folder, name,
			       b->max);
	return write_file(c, folder, name, b->data, b->len, e);
}

/* Documents beyond those that before.json holds: a rollback's, of the plan it gives back from. */
static bool keep_documents(struct context *c, struct arena *scratch, const char *folder,
			   const struct document_list *more, struct err *e)
{
	for (size_t i = 0; more != NULL && i < more->count; i++) {
		const char *text = document_canonical(scratch, more->item[i].text);
		const char *name = document_path(scratch, folder, more->item[i].sha256);
		if (!c->store.write(c->store.self, name, text, strlen(text), e))
			return false;
	}
	return true;
}

/* plan.json last: a folder without it is no plan. */
bool keep_plan_of(struct context *c, const struct plan *p, const struct principal *before,
		  const struct finding *finding, const struct recommendation *r,
		  const struct document_list *more, struct err *e)
{
	c->kept.read = false;
	const char *folder = plan_folder(c->arena, p);
	struct arena *scratch = arena_new(c->arena);
	struct buf *b = buf_new(scratch, KEPT_MAX_BYTES);
	principal_print(before, b);
	bool ok = write_buf(c, folder, "before.json", b, e);
	buf_clear(b);
	plan_markdown(scratch, p, before, b);
	ok = ok && write_buf(c, folder, "plan.md", b, e);
	if (ok && finding != NULL) {
		buf_clear(b);
		finding_print(finding, b);
		ok = write_buf(c, folder, "evidence/finding.json", b, e);
	}
	if (ok && r != NULL) {
		buf_clear(b);
		recommendation_print(r, b);
		ok = write_buf(c, folder, "evidence/recommendation.json", b, e);
	}
	ok = ok && keep_documents(c, scratch, folder, more, e) &&
	     write_file(c, folder, "plan.json", p->bytes, p->len, e);
	arena_free(scratch);
	return ok || err_wrap(e, "keeping plan '%s'", p->id);
}

bool keep_plan(struct context *c, const struct outcome *o, struct err *e)
{
	return keep_plan_of(c, o->plan, o->principal, o->finding, o->recommendation, NULL, e);
}

static bool read_before(struct context *c, const char *folder, const struct plan *p,
			struct principal **out, struct err *e)
{
	const char *bytes;
	size_t len;
	const char *name = str_printf(c->arena, "%s/before.json", folder);
	if (!c->store.read(c->store.self, c->arena, name, KEPT_MAX_BYTES, &bytes, &len, e))
		return false;
	const struct json *page = json_parse(c->arena, bytes, len, name, e);
	struct account_state state = {0};
	if (page == NULL || !account_state_add(c->arena, &state, page, name, e) ||
	    !account_state_settle(c->arena, &state, e))
		return false;
	if (state.count != 1 || !str_equal(state.principal[0]->arn, p->principal.arn))
		return err_set(e, ERR_INPUT, "reading '%s': expected the one principal '%s'", name,
			       p->principal.arn);
	*out = state.principal[0];
	return true;
}

bool kept_documents(struct context *c, const struct plan *p, struct document_list *out,
		    struct err *e)
{
	struct str_list names = {0};
	struct principal *before;
	const char *own = plan_folder(c->arena, p);
	const char *folder = str_printf(c->arena, "%s/evidence/documents", own);
	if (read_before(c, own, p, &before, e))
		document_add_principal(c->arena, out, before);
	else if (e->kind != ERR_NOT_FOUND)
		return false;
	if (!c->store.list(c->store.self, c->arena, folder, &names, e))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		const char *bytes;
		size_t len;
		if (!c->store.read(c->store.self, c->arena, names.item[i], KEPT_MAX_BYTES, &bytes, &len, e) ||
		    !document_take(c->arena, out, names.item[i], bytes, e))
			return false;
	}
	return true;
}

static bool read_text(struct context *c, const char *folder, const char *file, const char **out,
		      struct err *e)
{
	size_t len;
	*out = NULL;
	const char *name = str_printf(c->arena, "%s/%s", folder, file);
	return c->store.read(c->store.self, c->arena, name, KEPT_MAX_BYTES, out, &len, e) ||
	       e->kind == ERR_NOT_FOUND;
}


static bool read_kept(struct context *c, const char *name, struct kept_plan *out, struct err *e)
{
	const char *bytes;
	size_t len;
	if (!c->store.read(c->store.self, c->arena, name, PLAN_MAX_BYTES, &bytes, &len, e))
		return false;
	out->plan = plan_parse(c->arena, bytes, len, name, e);
	if (out->plan == NULL)
		return false;
	const char *folder = plan_folder(c->arena, out->plan);
	if (!str_equal(name, str_printf(c->arena, "%s/plan.json", folder)))
		return err_set(e, ERR_INPUT, "reading '%s': it holds plan '%s', which belongs elsewhere",
			       name, out->plan->id);
	return read_before(c, folder, out->plan, &out->before, e) &&
	       read_text(c, folder, "evidence/finding.json", &out->finding_json, e) &&
	       read_text(c, folder, "evidence/recommendation.json", &out->recommendation_json, e);
}

static bool read_all(struct context *c, struct kept_plan **out, size_t *count, struct err *e)
{
	struct str_list names = {0};
	if (!c->store.list(c->store.self, c->arena, "accounts", &names, e))
		return false;
	*out = arena_array(c->arena, names.count + 1, sizeof **out);
	*count = 0;
	for (size_t i = 0; i < names.count; i++)
		if (str_ends(names.item[i], "/plan.json") &&
		    !read_kept(c, names.item[i], &(*out)[(*count)++], e))
			return false;
	return true;
}

/* Read once a command: looking many plans up must not read all of them each time. */
bool kept_plans(struct context *c, struct kept_plan **out, size_t *count, struct err *e)
{
	if (!c->kept.read && !read_all(c, &c->kept.plan, &c->kept.count, e))
		return false;
	c->kept.read = true;
	*out = c->kept.plan;
	*count = c->kept.count;
	return true;
}

static bool names_plan(const struct plan *p, const char *word)
{
	size_t len = strlen(word);
	return str_starts(p->id, word) || (len >= 8 && str_starts(p->digest, word)) ||
	       str_equal(p->principal.arn, word) || str_equal_nocase(p->principal.name, word);
}

bool kept_plan_find(struct context *c, const char *word, struct kept_plan *out, struct err *e)
{
	struct kept_plan *all;
	size_t count;
	if (!kept_plans(c, &all, &count, e))
		return false;
	const struct kept_plan *best = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!names_plan(all[i].plan, word))
			continue;
		if (best != NULL && !str_equal(best->plan->principal.arn, all[i].plan->principal.arn))
			return err_set(e, ERR_USAGE, "finding plan '%s': it fits both '%s' and '%s'", word,
				       best->plan->id, all[i].plan->id);
		if (best == NULL || when_order(all[i].plan->created_at, best->plan->created_at) >= 0)
			best = &all[i];
	}
	if (best == NULL)
		return err_set(e, ERR_NOT_FOUND,
			       "finding plan '%s': no plan in the state folder '%s' has this id, digest or "
			       "role; 'pare status' lists them",
			       word, c->state_dir);
	*out = *best;
	return true;
}

bool kept_run(struct context *c, struct run_record **out, struct err *e)
{
	const char *bytes;
	size_t len;
	if (!c->store.read(c->store.self, c->arena, "runs/latest.json", KEPT_MAX_BYTES, &bytes, &len, e)) {
		if (e->kind == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND,
				"reading the last run: there is none in '%s'; run 'pare plan' first",
				c->state_dir);
		return false;
	}
	*out = run_parse(c->arena, bytes, len, "runs/latest.json", e);
	return *out != NULL;
}
