/* details: everything in one list, page by page: roles, then customer-managed policies, then the
 * AWS-managed policies in use, then users. */
#include <string.h>

#include "model.h"
#include "pare/when.h"

const char *box_time(struct arena *a, int64_t ms)
{
	char text[WHEN_TEXT];
	when_iso(ms, text);
	return arena_strdup(a, text);
}

struct walk {
	const struct view *view;
	struct arena *arena;
	struct page *page;
	struct details *out;
	const char *last;
	bool full; /* one more than fits was seen */
};

static bool take(struct walk *w, char kind, const struct slot *slot)
{
	if (w->out->role_count + w->out->policy_count == w->page->max) {
		w->full = true;
		return false;
	}
	w->last = str_printf(w->arena, "%c/%s", kind, slot->key);
	return true;
}

static bool in_use(const struct view *v, const struct slot *slot)
{
	return policy_users(v, slot, false) > 0 || policy_users(v, slot, true) > 0;
}

static void walk_table(struct walk *w, char kind, const struct table *t)
{
	const char *after = w->page->after;
	if (w->full || (after != NULL && after[0] > kind))
		return;
	size_t i = table_after(t, after != NULL && after[0] == kind ? after + 2 : NULL);
	for (; i < t->count; i++) {
		const void *object = slot_at(t->slot[i], w->view->as_of_ms);
		if (object == NULL || (kind == 'c' && !in_use(w->view, t->slot[i])))
			continue;
		if (!take(w, kind, t->slot[i]))
			return;
		if (kind == 'a' || kind == 'd')
			w->out->role[w->out->role_count++] = object;
		else
			w->out->policy[w->out->policy_count++] = object;
	}
}

void details_page(const struct view *v, struct arena *a, int wanted, struct page *page,
		  struct details *out)
{
	struct walk w = {v, a, page, out, NULL, false};
	*out = (struct details){.role = arena_array(a, page->max, sizeof(struct role *)),
				.policy = arena_array(a, page->max, sizeof(struct managed *))};
	if (wanted & DETAILS_ROLES)
		walk_table(&w, 'a', &v->account->roles);
	if (wanted & DETAILS_LOCAL)
		walk_table(&w, 'b', &v->account->policies);
	if (wanted & DETAILS_AWS)
		walk_table(&w, 'c', &v->sandbox->aws_policies);
	if (wanted & DETAILS_USERS)
		walk_table(&w, 'd', &v->account->users);
	page_end(a, page, w.full ? w.last : NULL);
}

/* --- as the product's nouns --- */

void box_managed(const struct view *v, struct arena *a, const struct managed *m,
		 struct managed_policy *out)
{
	*out = (struct managed_policy){
		.arn = m->arn,
		.name = m->name,
		.default_version = version_name(a, m->default_version),
		.update_date = box_time(a, m->updated_ms),
		.attachment_count = (int64_t)policy_users(v, m->slot, false),
		.boundary_count = (int64_t)policy_users(v, m->slot, true),
		.attachable = m->attachable,
		.tag_count = m->tag_count,
		.tag = arena_array(a, m->tag_count, sizeof *out->tag),
	};
	if (m->tag_count > 0)
		memcpy(out->tag, m->tag, m->tag_count * sizeof *m->tag);
}

static void take_documents(const struct view *v, struct arena *a, const struct role *r,
			   struct principal *p)
{
	p->attached = arena_array(a, r->attached_count, sizeof *p->attached);
	p->inline_policy = arena_array(a, r->inline_count, sizeof *p->inline_policy);
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct managed *m = slot_at(r->attached[i], v->as_of_ms);
		if (m == NULL)
			continue;
		struct managed_policy *out = &p->attached[p->attached_count++];
		box_managed(v, a, m, out);
		out->document = policy_version_of(m, m->default_version)->document->text;
	}
	for (size_t i = 0; i < r->inline_count; i++)
		p->inline_policy[p->inline_count++] =
			(struct inline_policy){.name = r->inlines[i].name,
					       .document = r->inlines[i].document->text};
	principal_settle(a, p);
}

struct principal *box_principal(const struct view *v, struct arena *a, const struct role *r, bool whole)
{
	struct principal *p = arena_alloc(a, sizeof *p);
	p->type = r->type;
	p->partition = r->account->partition;
	p->account = r->account->id;
	p->arn = r->arn;
	p->name = r->name;
	p->path = r->path;
	p->unique_id = r->id;
	p->created_at = box_time(a, r->created_ms);
	p->last_used_at = r->last_used_ms != 0 ? box_time(a, r->last_used_ms) : NULL;
	p->trust = r->trust;
	p->groups = r->groups;
	p->boundary = r->boundary != NULL ? r->boundary->arn : NULL;
	p->tag_count = r->tag_count;
	p->tag = arena_array(a, r->tag_count, sizeof *p->tag);
	if (r->tag_count > 0)
		memcpy(p->tag, r->tag, r->tag_count * sizeof *r->tag);
	if (whole)
		take_documents(v, a, r, p);
	return p;
}

struct principal *sandbox_principal(struct sandbox *s, struct arena *a, enum principal_type type,
				    const char *name)
{
	struct problem ignored;
	for (size_t i = 0; i < s->account_count; i++) {
		struct view v = view_now(s, s->account[i]);
		const struct role *r = role_get(&v, type, name, &ignored);
		if (r != NULL)
			return box_principal(&v, a, r, true);
	}
	return NULL;
}

struct principal *sandbox_role(struct sandbox *s, struct arena *a, const char *role)
{
	return sandbox_principal(s, a, PRINCIPAL_ROLE, role);
}
