/* rollback_slots: what of the plan nobody touched since goes back, policy by policy. What was there
 * comes back first; what stood in its place goes when all of it is back. */
#include <string.h>

#include "pare/arn.h"
#include "pare/str.h"
#include "rollback_draft.h"

static const char *inline_document(const struct roll *r, const char *name)
{
	for (size_t i = 0; i < r->ask->done->step_count; i++) {
		const struct action *x = &r->ask->done->step[i].action;
		if (step_deletes_inline(x->op) && str_equal(x->policy_name, name))
			return x->document;
	}
	return NULL;
}

static struct slot *add_slot(struct roll *r, struct slots *out, const struct part *p, const char *id,
			     bool inlined)
{
	struct slot *s = &out->slot[out->count++];
	*s = (struct slot){.id = id, .inlined = inlined, .source = p->source};
	s->document = arena_array(r->arena, 1, sizeof *s->document);
	s->sha256 = arena_array(r->arena, 1, sizeof *s->sha256);
	s->name = arena_array(r->arena, 1, sizeof *s->name);
	s->arn = arena_array(r->arena, 1, sizeof *s->arn);
	return s;
}

static void comes_back(struct roll *r, struct slots *out, const struct part *p,
		       const struct part_member *m)
{
	const char *id = m->slot->id;
	struct slot *s = add_slot(r, out, p, id, m->slot->inlined);
	const struct action *creation = m->slot->inlined ? NULL : roll_creation(r, id);
	s->count = 1;
	s->sha256[0] = m->was;
	s->name[0] = m->slot->inlined ? id : arn_name(id);
	s->arn[0] = id;
	if (m->slot->inlined) {
		s->document[0] = inline_document(r, id);
	} else if (creation != NULL) {
		s->document[0] = creation->document;
	} else {
		s->document[0] = roll_policy(r, id)->document;
		s->original = true;
	}
}

static void removes(struct roll *r, struct slot *s, const struct part_member *m)
{
	const struct inline_policy *x = m->slot->inlined ? principal_inline(r->ask->live, m->slot->id) : NULL;
	s->id = m->slot->id;
	s->remove = true;
	s->old_sha256 = m->became;
	s->old_document = x != NULL ? x->document : NULL;
}

static void note_left(struct roll *r, const struct part_member *m, const char *why)
{
	str_list_add(r->arena, &r->left,
		     str_printf(r->arena, "%s '%s' %s", m->slot->inlined ? "inline policy" : "policy",
				m->slot->id, why));
}

static bool back_already(const struct roll *r, const struct part_member *m)
{
	return str_equal(live_digest(r->ask->live, m->slot->inlined, m->slot->id), m->was);
}

static void one_part(struct roll *r, const struct part *p, struct slots *out)
{
	size_t start = out->count;
	bool complete = true;
	for (size_t i = 0; i < p->gone_count; i++) {
		const struct part_member *m = &p->gone[i];
		const char *cannot = m->slot->inlined ? NULL : roll_unattachable(r, m);
		if (back_already(r, m))
			continue;
		if (!roll_as_left(r, m))
			note_left(r, m, "was changed since");
		else if (cannot != NULL)
			note_left(r, m, cannot);
		else
			comes_back(r, out, p, m);
		complete = complete && roll_as_left(r, m) && cannot == NULL;
	}
	/* The last of what comes back makes room by itself for what goes with it. */
	struct slot *carrier = out->count > start ? &out->slot[out->count - 1] : NULL;
	for (size_t i = 0; i < p->came_count; i++) {
		const struct part_member *m = &p->came[i];
		if (!roll_as_left(r, m)) {
			note_left(r, m, live_digest(r->ask->live, m->slot->inlined, m->slot->id) != NULL
						? "was changed since"
						: "was taken away since");
		} else if (!complete) {
			note_left(r, m, "stays, since what it stands for does not come back");
		} else if (carrier != NULL && !carrier->remove) {
			removes(r, carrier, m);
		} else {
			struct slot *s = add_slot(r, out, p, m->slot->id, m->slot->inlined);
			removes(r, s, m);
			s->last = true;
		}
	}
}

bool roll_slots_untouched(struct roll *r, struct slots *out, struct err *e)
{
	*out = (struct slots){arena_array(r->arena, r->parts->states->count + 1, sizeof *out->slot), 0};
	for (size_t i = 0; i < r->parts->count; i++)
		one_part(r, &r->parts->part[i], out);
	if (out->count > 0)
		return true;
	return err_set(e, ERR_REFUSED,
		       "nothing of it is as the plan left it, so nothing can be taken back without "
		       "overwriting what a person did");
}
