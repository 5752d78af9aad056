/* rollback_read: the plan's managed policies as they are now, and what a person changed since. */
#include <string.h>

#include "pare/arn.h"
#include "pare/document.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "rollback_draft.h"

static bool failed(const struct call *c, const char *arn, struct err *e)
{
	*e = c->err;
	return err_wrap(e, "reading policy '%s'", arn);
}

static bool read_document(struct arena *a, const struct read_port *aws, struct rollback_policy *p,
			  struct err *e)
{
	struct call c = {.op = CALL_GET_POLICY, .arena = a, .policy_arn = p->arn};
	if (!read_one(aws, &c)) {
		p->gone = c.err.kind == ERR_NOT_FOUND;
		return p->gone || failed(&c, p->arn, e);
	}
	struct call v = {.op = CALL_GET_POLICY_VERSION, .arena = a, .policy_arn = p->arn,
			 .version = c.policy->default_version};
	if (!read_one(aws, &v)) {
		p->gone = v.err.kind == ERR_NOT_FOUND;
		return p->gone || failed(&v, p->arn, e);
	}
	p->document = v.text;
	p->document_sha256 = policy_text_digest(a, v.text);
	return true;
}

/* Informs only: IAM itself refuses to delete what is in use. */
static void read_users(struct arena *a, const struct read_port *aws, const struct plan *done,
		       struct rollback_policy *p)
{
	const char *own = str_printf(a, "%s/%s", principal_type_name(done->principal.type),
				     done->principal.name),
		   *marker = NULL;
	do {
		struct call c = {.op = CALL_LIST_ENTITIES_FOR_POLICY, .arena = a, .policy_arn = p->arn,
				 .marker = marker};
		if (!read_one(aws, &c))
			return;
		for (size_t i = 0; i < c.names.count; i++)
			if (strcmp(c.names.item[i], own) != 0)
				str_list_add(a, &p->others, c.names.item[i]);
		p->bounded += c.boundary_users;
		marker = c.next_marker;
	} while (marker != NULL);
}

bool rollback_read(struct arena *a, const struct read_port *aws, const struct plan *done,
		   struct rollback_policies *out, struct err *e)
{
	*out = (struct rollback_policies){arena_array(a, done->step_count, sizeof *out->item), 0};
	for (size_t i = 0; i < done->step_count; i++) {
		const struct step *s = &done->step[i];
		bool back = step_attaches(s->inverse.op);
		bool own = s->inverse.op == STEP_DELETE_POLICY;
		if (!back && !own)
			continue;
		struct rollback_policy *p = &out->item[out->count++];
		p->arn = s->inverse.policy_arn;
		if (back && !read_document(a, aws, p, e))
			return false;
		if (own)
			read_users(a, aws, done, p);
	}
	return true;
}

/* --- three-way --- */

struct comparer {
	struct arena *arena;
	const struct rollback_ask *ask;
	const struct parts *parts;
	struct rollback_change *change;
	size_t count;
};

static const char *readable(struct arena *a, const char *text)
{
	return text != NULL ? document_canonical(a, text) : "";
}

/* The document the plan left in a slot, or took out of it. */
static const char *known_text(const struct comparer *c, const char *sha256)
{
	const struct plan *d = c->ask->done;
	for (size_t i = 0; sha256 != NULL && i < d->step_count; i++) {
		const struct action *both[] = {&d->step[i].action, &d->step[i].inverse};
		for (size_t k = 0; k < 2; k++)
			if (both[k]->document != NULL && str_equal(both[k]->document_sha256, sha256))
				return both[k]->document;
	}
	return sha256 != NULL && c->ask->documents != NULL ? document_find(c->ask->documents, sha256) : NULL;
}

static void differs(struct comparer *c, bool inlined, const char *id, const char *left,
		    const char *now_sha256, const char *now_text)
{
	const struct part_member *m = parts_member(c->parts, inlined, id);
	const char *left_text = known_text(c, left);
	bool shown = (left == NULL || left_text != NULL) && (now_sha256 == NULL || now_text != NULL);
	struct rollback_change *x = &c->change[c->count++];
	x->policy = id;
	x->inlined = inlined;
	x->what = now_sha256 == NULL			     ? "is gone"
		  : left != NULL			     ? "was changed"
		  : m != NULL && str_equal(m->was, now_sha256) ? "was put back"
							     : "was added";
	x->diff = shown ? text_diff(c->arena, readable(c->arena, left_text), readable(c->arena, now_text)) : "";
}

static const char *live_text(const struct principal *live, bool inlined, const char *id)
{
	const struct managed_policy *m = inlined ? NULL : principal_attached(live, id);
	const struct inline_policy *x = inlined ? principal_inline(live, id) : NULL;
	return m != NULL ? m->document : x != NULL ? x->document : NULL;
}

static bool in_states(const struct states *s, bool inlined, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slot[i].inlined == inlined && strcmp(s->slot[i].id, id) == 0)
			return true;
	return false;
}

size_t rollback_changes(struct arena *a, const struct rollback_ask *ask,
			struct rollback_change **out)
{
	struct comparer c = {.arena = a, .ask = ask, .parts = parts_of(a, ask->done)};
	const struct principal *live = ask->live;
	const struct states *s = c.parts->states;
	c.change = arena_array(a, s->count + live->attached_count + live->inline_count, sizeof *c.change);
	for (size_t i = 0; i < s->count; i++) {
		const struct state_slot *x = &s->slot[i];
		const char *now = live_digest(live, x->inlined, x->id), *left = x->value[s->steps];
		if (!str_equal(now, left))
			differs(&c, x->inlined, x->id, left, now, live_text(live, x->inlined, x->id));
	}
	for (size_t i = 0; i < live->attached_count; i++)
		if (!in_states(s, false, live->attached[i].arn))
			differs(&c, false, live->attached[i].arn, NULL, live->attached[i].document_sha256,
				live->attached[i].document);
	for (size_t i = 0; i < live->inline_count; i++)
		if (!in_states(s, true, live->inline_policy[i].name))
			differs(&c, true, live->inline_policy[i].name, NULL, live->inline_policy[i].document_sha256,
				live->inline_policy[i].document);
	*out = c.change;
	return c.count;
}
