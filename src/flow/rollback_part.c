/* rollback_part: gives back some actions. The document from before is narrowed again with the unused
 * actions less those that are wanted, as the rules' keep() does; where this would give more than is
 * wanted (a wildcard that spans services, an action the catalogue lacks), what stands now is kept and
 * the wanted grants of the old document are put beside it. Either is proved before it is used. */
#include <string.h>

#include "pare/arn.h"
#include "pare/contain.h"
#include "pare/refine.h"
#include "pare/str.h"
#include "rollback_draft.h"

struct giver {
	struct roll *roll;
	bool selected;
	const struct unused *unused; /* what the plan took away, less what is wanted */
	struct policy_set now;
	struct slots *out;
	size_t found; /* parts that grant something of what is wanted, and do not now */
	struct err *e;
};

/* What the plan took away, in the form of a finding's list. */
static struct unused *taken_away(struct arena *a, const struct str_list *removed)
{
	struct unused *u = arena_alloc(a, sizeof *u);
	u->service = arena_array(a, removed->count, sizeof *u->service);
	for (size_t i = 0; i < removed->count; i++) {
		const char *colon = strchr(removed->item[i], ':');
		if (colon == NULL)
			continue;
		const char *prefix = arena_copy(a, removed->item[i], (size_t)(colon - removed->item[i]));
		if (u->count == 0 || strcmp(u->service[u->count - 1].namespace, prefix) != 0)
			u->service[u->count++] = (struct unused_service){.namespace = prefix};
		str_list_add(a, &u->service[u->count - 1].actions, colon + 1);
	}
	return u;
}

static const struct policy *parsed(struct giver *g, const char *text, const char *what)
{
	return policy_parse(g->roll->arena, text, strlen(text), what, g->e);
}

static const char *compact(struct giver *g, const struct policy *p)
{
	struct buf *b = buf_new(g->roll->arena, 16 * DOCUMENT_READ_MAX_BYTES);
	policy_print_compact(p, b);
	return b->data;
}

/* Is all of this allowed already? */
static bool allowed_now(struct giver *g, const struct policy *p)
{
	struct proof_caps caps = proof_caps_default();
	struct arena *scratch = arena_new(NULL);
	struct policy_set one = {arena_alloc(scratch, sizeof(struct policy *)), 1};
	one.policy[0] = p;
	bool yes = prove_no_new_allow(scratch, g->now, one, g->roll->setting->catalog, &caps).verdict ==
		   PROOF_PROVED;
	arena_free(scratch);
	return yes;
}

static const struct policy *joined(struct arena *a, const struct policy *first,
				   const struct policy *second)
{
	struct policy *out = arena_alloc(a, sizeof *out);
	*out = *first;
	out->statements = arena_array(a, first->count + second->count, sizeof *out->statements);
	out->count = 0;
	for (size_t i = 0; i < first->count + second->count; i++) {
		struct statement *to = &out->statements[out->count];
		*to = i < first->count ? first->statements[i] : second->statements[i - first->count];
		to->policy = out;
		to->index = out->count++;
	}
	return out;
}

static const char *live_document(const struct roll *r, const struct part_member *m)
{
	const struct principal *live = r->ask->live;
	if (m->slot->inlined) {
		const struct inline_policy *x = principal_inline(live, m->slot->id);
		return x != NULL ? x->document : NULL;
	}
	const struct managed_policy *x = principal_attached(live, m->slot->id);
	return x != NULL ? x->document : NULL;
}

/* What is to stand for this policy from before; NULL with *e: it cannot be read. */
static const struct policy *wanted_document(struct giver *g, const struct part *p, size_t n,
					    const struct policy *old, const struct policy *selection)
{
	struct arena *a = g->roll->arena;
	const struct part_member *stands = n == 0 && p->came_count > 0 ? &p->came[0] : NULL;
	if (!g->selected) {
		const struct policy *narrowed = policy_refine(a, old, g->unused, g->roll->setting->catalog);
		return narrowed != NULL ? narrowed : selection;
	}
	if (stands == NULL || live_document(g->roll, stands) == NULL)
		return selection;
	const struct policy *now = parsed(g, live_document(g->roll, stands), stands->slot->id);
	return now != NULL ? joined(a, now, selection) : NULL;
}

static void set_document(struct slot *s, struct roll *r, const char *text, const char *old_id)
{
	size_t i = s->count++;
	const struct principal *live = r->ask->live;
	s->document[i] = text;
	s->sha256[i] = policy_text_digest(r->arena, text);
	s->name[i] = slot_new_name(r->arena, s->inlined ? old_id : arn_name(old_id), s->sha256[i]);
	s->arn[i] = str_printf(r->arena, "arn:%s:iam::%s:policy/pare/%s", live->partition, live->account,
			       s->name[i]);
}

/* All of it comes back: then the policy itself does, where it is still the same. */
static bool set_original(struct slot *s, struct roll *r, const struct part_member *m, const char *text)
{
	if (!str_equal(policy_text_digest(r->arena, text), m->was))
		return false;
	const struct rollback_policy *now = m->slot->inlined ? NULL : roll_policy(r, m->slot->id);
	if (!m->slot->inlined && (now == NULL || now->gone || !str_equal(now->document_sha256, m->was)))
		return false;
	if (m->slot->inlined && principal_inline(r->ask->live, m->slot->id) != NULL)
		return false;
	s->original = !m->slot->inlined;
	s->document[0] = m->slot->inlined ? text : now->document;
	s->sha256[0] = m->was;
	s->name[0] = m->slot->inlined ? m->slot->id : arn_name(m->slot->id);
	s->arn[0] = m->slot->id;
	s->count = 1;
	return true;
}

static bool fill_documents(struct giver *g, struct slot *s, const struct part_member *m,
			   const struct policy *wanted, const struct policy *old)
{
	struct roll *r = g->roll;
	const struct quota *q = r->ask->quota;
	size_t max = q->managed_policy_size, count = 1;
	const char *text = compact(g, wanted);
	size_t room = 1 + q->attached_per_role;
	s->document = arena_array(r->arena, room, sizeof *s->document);
	s->sha256 = arena_array(r->arena, room, sizeof *s->sha256);
	s->name = arena_array(r->arena, room, sizeof *s->name);
	s->arn = arena_array(r->arena, room, sizeof *s->arn);
	if (set_original(s, r, m, text))
		return true;
	if (s->inlined || policy_size(text) <= max) {
		set_document(s, r, text, m->slot->id);
	} else {
		const struct fit_setting setting = {.old = old, .unused = g->unused,
						    .catalog = r->setting->catalog, .max_size = max,
						    .max_parts = q->attached_per_role};
		struct policy **part = policy_fit(r->arena, wanted, &setting, &count, g->e);
		if (part == NULL)
			return err_wrap(g->e, "giving back a part of policy '%s'", m->slot->id);
		for (size_t i = 0; i < count; i++)
			set_document(s, r, compact(g, part[i]), m->slot->id);
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->inlined && principal_inline(r->ask->live, s->name[i]) != NULL)
			return err_set(g->e, ERR_CONFLICT, "an inline policy '%s' is on '%s' already", s->name[i],
				       r->ask->live->name);
	return true;
}

static void take_away(struct giver *g, struct slot *s, const struct part_member *m)
{
	s->id = m->slot->id;
	s->remove = true;
	s->old_document = live_document(g->roll, m);
	s->old_sha256 = m->became;
}

/* A person's change of this part is in the way: named, and left where that is wanted. */
static bool touched(struct giver *g, const struct part *p, bool *skip)
{
	struct roll *r = g->roll;
	for (size_t i = 0; i < p->gone_count + p->came_count; i++) {
		const struct part_member *m = i < p->gone_count ? &p->gone[i] : &p->came[i - p->gone_count];
		if (roll_as_left(r, m))
			continue;
		*skip = true;
		if (!r->ask->leave_touched)
			return err_set(g->e, ERR_STALE,
				       "policy '%s' was changed since the plan was applied; '--untouched' leaves it as "
				       "it is",
				       m->slot->id);
		str_list_add(r->arena, &r->left,
			     str_printf(r->arena, "policy '%s' was changed since", m->slot->id));
	}
	return true;
}

static bool give_member(struct giver *g, const struct part *p, size_t n, bool *given)
{
	struct roll *r = g->roll;
	const struct part_member *m = &p->gone[n];
	const char *text = document_find(r->ask->documents, m->was);
	bool skip = false;
	if (text == NULL)
		return err_set(g->e, ERR_REFUSED,
			       "the document of policy '%s' from before the plan is kept neither in the review "
			       "repository nor in the state folder: it can only be rolled back as a whole",
			       m->slot->id);
	const struct policy *old = parsed(g, text, m->slot->id);
	if (old == NULL)
		return false;
	const struct policy *selection =
		policy_select(r->arena, old, &r->ask->patterns, r->setting->catalog);
	if (selection == NULL || allowed_now(g, selection))
		return true;
	g->found++;
	if (!touched(g, p, &skip) || skip)
		return !skip || r->ask->leave_touched;
	const struct policy *wanted = wanted_document(g, p, n, old, selection);
	if (wanted == NULL)
		return false;
	struct slot *s = &g->out->slot[g->out->count++];
	*s = (struct slot){.id = m->slot->id, .inlined = m->slot->inlined, .source = p->source};
	*given = true;
	return fill_documents(g, s, m, wanted, old);
}

static bool give_part(struct giver *g, const struct part *p)
{
	size_t start = g->out->count;
	bool first = false, any = false;
	for (size_t i = 0; i < p->gone_count; i++) {
		if (!give_member(g, p, i, &any))
			return false;
		first = first || (i == 0 && any);
	}
	/* What stands now goes only where the document from before was narrowed anew, or it was joined
	 * to the first that comes. */
	if (!any || p->came_count == 0 || (g->selected ? !first : p->gone_count > 1))
		return true;
	take_away(g, &g->out->slot[start], &p->came[0]);
	for (size_t i = 1; !g->selected && i < p->came_count; i++) {
		struct slot *s = &g->out->slot[g->out->count++];
		*s = (struct slot){.inlined = p->came[i].slot->inlined, .source = p->source, .last = true};
		take_away(g, s, &p->came[i]);
	}
	return true;
}

bool roll_slots_part(struct roll *r, bool selected, struct slots *out, struct err *e)
{
	struct arena *a = r->arena;
	struct giver g = {.roll = r, .selected = selected, .out = out, .e = e};
	g.unused = unused_without(a, taken_away(a, &r->ask->done->impact.removed), &r->ask->patterns,
				  r->setting->catalog);
	*out = (struct slots){arena_array(a, r->parts->states->count + 1, sizeof *out->slot), 0};
	r->left = (struct str_list){0};
	if (!principal_policies(a, r->ask->live, &g.now, e))
		return false;
	for (size_t i = 0; i < r->parts->count; i++)
		if (!give_part(&g, &r->parts->part[i]))
			return false;
	if (out->count > 0)
		return true;
	if (g.found > 0)
		return err_set(e, ERR_REFUSED, "what it would give back belongs to policies that were changed since");
	return err_set(e, ERR_REFUSED,
		       "the plan took nothing away that matches what is to be given back, or it is allowed now");
}
