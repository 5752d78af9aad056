#include "pare/follow.h"

#include <string.h>

#include "pare/str.h"
#include "pare/when.h"

enum { FOLLOWED_MAX = 1 << 16 };

static const char *file_name(struct arena *a, const char *plan_id)
{
	return str_printf(a, "findings/%s.json", plan_id);
}

bool follow_known(struct arena *a, const struct store_port *store, const char *plan_id,
		  struct followed **out, struct err *e)
{
	const char *bytes, *name = file_name(a, plan_id);
	size_t len;
	*out = NULL;
	if (!store->read(store->self, a, name, FOLLOWED_MAX, &bytes, &len, e))
		return e->kind == ERR_NOT_FOUND;
	const struct json *v = json_parse(a, bytes, len, name, e);
	if (v == NULL)
		return false;
	struct followed *f = arena_alloc(a, sizeof *f);
	f->status = json_text(v, "status");
	f->updated_at = json_text(v, "updatedAt");
	f->checked_at = json_text(v, "checkedAt");
	f->remainder = json_text(v, "remainder");
	if (f->status == NULL || f->checked_at == NULL)
		return err_set(e, ERR_INPUT, "reading '%s': expected 'status' and 'checkedAt'; delete the file",
			       name);
	*out = f;
	return true;
}

static bool keep(struct arena *a, const struct store_port *store, const struct plan_status *p,
		 const struct followed *f, struct err *e)
{
	struct buf *b = buf_new(a, FOLLOWED_MAX);
	struct json_writer w;
	json_start(&w, b, false);
	json_open(&w, '{');
	json_member_text(&w, "schema", "pare.followed/v1");
	json_member_text(&w, "plan", p->id);
	json_member_text(&w, "finding", p->finding);
	json_member_text(&w, "status", f->status);
	json_member_text(&w, "updatedAt", f->updated_at);
	json_member_text(&w, "checkedAt", f->checked_at);
	json_member_text(&w, "remainder", f->remainder);
	json_close(&w, '}');
	buf_putc(b, '\n');
	return store->write(store->self, file_name(a, p->id), b->data, b->len, e);
}

/* Applied, about permissions, and of an analyzer that can be asked. */
static bool followable(const struct plan_status *p)
{
	return p->standing == STANDING_APPLIED && p->finding != NULL && p->analyzer != NULL &&
	       p->follows;
}

/* --- one analyzer's open findings, listed once --- */

struct open_findings {
	const char *analyzer;
	struct finding **finding;
	size_t count;
	bool ok;
	struct err err;
};

static void list_open(struct arena *a, const struct read_port *aws, struct open_findings *o)
{
	const char *marker = NULL;
	size_t cap = 0;
	do {
		struct call c = {.op = CALL_LIST_FINDINGS, .arena = a, .analyzer = o->analyzer,
				 .finding_type = "UnusedPermission", .marker = marker};
		if (!read_one(aws, &c)) {
			o->err = c.err;
			return;
		}
		if (o->count + c.finding_count > cap) {
			cap = 2 * (o->count + c.finding_count);
			struct finding **more = arena_array(a, cap, sizeof(struct finding *));
			if (o->count > 0)
				memcpy(more, o->finding, o->count * sizeof(struct finding *));
			o->finding = more;
		}
		for (size_t i = 0; i < c.finding_count; i++)
			o->finding[o->count++] = c.findings[i];
		marker = c.next_marker;
	} while (marker != NULL);
	o->ok = true;
}

static struct open_findings *open_of(struct arena *a, const struct read_port *aws,
				     struct open_findings *all, size_t *count, const char *analyzer)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(all[i].analyzer, analyzer) == 0)
			return &all[i];
	struct open_findings *o = &all[(*count)++];
	*o = (struct open_findings){.analyzer = analyzer};
	list_open(a, aws, o);
	return o;
}

static bool ask(struct arena *a, const struct read_port *aws, const struct open_findings *o,
		const struct plan_status *p, struct followed *out, struct err *e)
{
	const struct finding *own = NULL;
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->finding[i]->id, p->finding) == 0)
			own = o->finding[i];
		else if (str_equal(o->finding[i]->resource, p->principal_arn))
			out->remainder = o->finding[i]->id;
	}
	if (own == NULL) {
		struct call c = {.op = CALL_GET_FINDING, .arena = a, .analyzer = o->analyzer,
				 .finding = p->finding};
		if (!read_one(aws, &c)) {
			*e = c.err;
			out->status = "GONE";
			return c.err.kind == ERR_NOT_FOUND;
		}
		own = c.findings[0];
	}
	out->status = own->status;
	out->updated_at = own->updated_at;
	return true;
}

static bool resolved(const char *status)
{
	return str_equal(status, "RESOLVED") || str_equal(status, "GONE");
}

bool follow_refresh(struct arena *a, const struct read_port *aws, const struct store_port *store,
		    const struct plan_status *plan, size_t count, int64_t now_ms, size_t *open,
		    size_t *failed, struct err *e)
{
	struct open_findings *all = arena_array(a, count + 1, sizeof *all);
	size_t analyzers = 0;
	char now[WHEN_TEXT];
	when_iso(now_ms, now);
	*open = *failed = 0;
	for (size_t i = 0; i < count; i++) {
		const struct plan_status *p = &plan[i];
		struct followed *known, f = {.checked_at = now};
		struct err why;
		if (!followable(p))
			continue;
		if (!follow_known(a, store, p->id, &known, e))
			return false;
		if (known != NULL && resolved(known->status))
			continue;
		const struct open_findings *o = open_of(a, aws, all, &analyzers, p->analyzer);
		bool ok = o->ok && ask(a, aws, o, p, &f, &why);
		if (!ok) {
			if ((*failed)++ == 0)
				*e = o->ok ? why : o->err;
			++*open;
			continue;
		}
		*open += !resolved(f.status);
		if (!keep(a, store, p, &f, e))
			return false;
	}
	return true;
}
