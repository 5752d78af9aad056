/* select: of a document, the grants of some actions only. */
#include <string.h>

#include "glob.h"
#include "pare/refine.h"

struct selection {
	struct arena *arena;
	const struct str_list *patterns;
	const struct catalog *catalog;
	struct str_list *out; /* of the statement at hand */
};

static void add_once(struct selection *s, const char *action)
{
	if (!str_list_has(s->out, action))
		str_list_add(s->arena, s->out, action);
}

static bool matches_any(const struct str_list *patterns, const char *action)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (glob_action(patterns->item[i], action))
			return true;
	return false;
}

/* The catalogue's actions that match the pattern and, as told, one or none of the others. */
static void add_known(struct selection *s, const char *pattern, const struct str_list *others, bool one)
{
	for (size_t i = 0; i < catalog_service_count(s->catalog); i++) {
		const struct catalog_service *known;
		const char *start = str_printf(s->arena, "%s:", catalog_prefix_at(s->catalog, i));
		if (glob_disjoint(pattern, str_printf(s->arena, "%s*", start), true))
			continue;
		known = catalog_service_at(s->catalog, i);
		for (size_t k = 0; k < known->action_count; k++)
			if (glob_action(pattern, known->action[k].full) &&
			    matches_any(others, known->action[k].full) == one)
				add_once(s, known->action[k].full);
	}
}

static void select_actions(struct selection *s, const struct statement *from)
{
	for (size_t i = 0; i < s->patterns->count; i++) {
		const char *wanted = s->patterns->item[i];
		bool overlaps = from->not_action;
		for (size_t k = 0; !from->not_action && k < from->actions.count; k++) {
			const char *granted = from->actions.item[k];
			if (glob_within(wanted, granted, true))
				add_once(s, wanted);
			else if (glob_within(granted, wanted, true))
				add_once(s, granted);
			else if (!glob_disjoint(wanted, granted, true))
				overlaps = true;
		}
		if (overlaps)
			add_known(s, wanted, &from->actions, !from->not_action);
	}
}

struct policy *policy_select(struct arena *a, const struct policy *p, const struct str_list *patterns,
			     const struct catalog *catalog)
{
	struct policy *out = arena_alloc(a, sizeof *out);
	*out = *p;
	out->id = NULL;
	out->statements = arena_array(a, p->count, sizeof *out->statements);
	out->count = 0;
	for (size_t i = 0; i < p->count; i++) {
		const struct statement *from = &p->statements[i];
		struct statement *to = &out->statements[out->count];
		struct selection s = {a, patterns, catalog, &to->actions};
		if (from->effect == EFFECT_DENY || from->unknown != NULL)
			continue;
		*to = *from;
		to->sid = NULL;
		to->not_action = false;
		to->actions = (struct str_list){0};
		select_actions(&s, from);
		if (to->actions.count == 0)
			continue;
		to->index = out->count++;
		to->policy = out;
	}
	return out->count > 0 ? out : NULL;
}
