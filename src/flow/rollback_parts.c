#include "rollback_parts.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/str.h"

const char *live_digest(const struct principal *live, bool inlined, const char *id)
{
	const struct managed_policy *m = inlined ? NULL : principal_attached(live, id);
	const struct inline_policy *x = inlined ? principal_inline(live, id) : NULL;
	return m != NULL ? m->document_sha256 : x != NULL ? x->document_sha256 : NULL;
}

/* The policy under which the plan shows what it did to a slot. */
static const char *source_of(const struct plan *done, const struct state_slot *slot)
{
	for (size_t i = 0; i < done->step_count; i++) {
		const struct step *s = &done->step[i];
		const char *id = slot->inlined ? s->action.policy_name : s->action.policy_arn;
		if (!s->temporary && s->source_policy != NULL && str_equal(id, slot->id))
			return s->source_policy;
	}
	return slot->id;
}

static struct part *part_at(struct arena *a, struct parts *p, const char *source)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->part[i].source, source) == 0)
			return &p->part[i];
	struct part *x = &p->part[p->count++];
	x->source = source;
	x->gone = arena_array(a, p->states->count, sizeof *x->gone);
	x->came = arena_array(a, p->states->count, sizeof *x->came);
	return x;
}

static const char *name_of(const struct state_slot *slot)
{
	return slot->inlined ? slot->id : arn_name(slot->id);
}

/* Two policies of one name (an AWS-managed and an own one, say) that were narrowed to the same
 * document share one replacement: it stands for both. */
static void join_sharing(struct arena *a, struct parts *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct part *lone = &p->part[i];
		if (lone->came_count > 0 || lone->gone_count != 1)
			continue;
		const char *base = policy_base_name(a, name_of(lone->gone[0].slot));
		for (size_t k = 0; k < p->count; k++) {
			struct part *other = &p->part[k];
			if (other->came_count == 0 || other->came[0].slot->inlined != lone->gone[0].slot->inlined ||
			    !str_starts(base, policy_base_name(a, name_of(other->came[0].slot))))
				continue;
			other->gone[other->gone_count++] = lone->gone[0];
			lone->gone_count = 0;
			break;
		}
	}
}

struct parts *parts_of(struct arena *a, const struct plan *done)
{
	struct parts *p = arena_alloc(a, sizeof *p);
	p->states = states_of(a, done);
	p->part = arena_array(a, p->states->count, sizeof *p->part);
	for (size_t i = 0; i < p->states->count; i++) {
		const struct state_slot *slot = &p->states->slot[i];
		const char *was = slot->value[0], *became = slot->value[p->states->steps];
		if (str_equal(was, became))
			continue;
		struct part *x = part_at(a, p, source_of(done, slot));
		const struct part_member member = {slot, was, became};
		if (was != NULL)
			x->gone[x->gone_count++] = member;
		else
			x->came[x->came_count++] = member;
	}
	join_sharing(a, p);
	return p;
}

const struct part_member *parts_member(const struct parts *p, bool inlined, const char *id)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct part *x = &p->part[i];
		for (size_t k = 0; k < x->gone_count; k++)
			if (x->gone[k].slot->inlined == inlined && strcmp(x->gone[k].slot->id, id) == 0)
				return &x->gone[k];
		for (size_t k = 0; k < x->came_count; k++)
			if (x->came[k].slot->inlined == inlined && strcmp(x->came[k].slot->id, id) == 0)
				return &x->came[k];
	}
	return NULL;
}
