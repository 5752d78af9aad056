#include "pare/loss.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glob.h"

static bool statement_names(const struct statement *s, const char *action)
{
	bool listed = false;
	for (size_t i = 0; i < s->actions.count && !listed; i++)
		listed = glob_action(s->actions.item[i], action);
	return listed != s->not_action;
}

static bool denies_everywhere(const struct statement *s)
{
	return s->effect == EFFECT_DENY && s->condition_count == 0 && !s->not_resource &&
	       str_list_has(&s->resources, "*");
}

static bool allowed(struct policy_set set, const char *action)
{
	bool yes = false;
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			if (s->effect == EFFECT_ALLOW && !yes)
				yes = statement_names(s, action);
			else if (denies_everywhere(s) && statement_names(s, action))
				return false;
		}
	return yes;
}

/* Services an Allow can reach: by prefix, or all for "*" and NotAction. */
static bool reaches(struct policy_set set, const char *prefix)
{
	size_t len = strlen(prefix);
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			if (s->effect != EFFECT_ALLOW)
				continue;
			if (s->not_action)
				return true;
			for (size_t k = 0; k < s->actions.count; k++) {
				const char *x = s->actions.item[k];
				if (strcmp(x, "*") == 0 || (strncasecmp(x, prefix, len) == 0 && x[len] == ':'))
					return true;
			}
		}
	return false;
}

static void count_service(struct arena *a, struct policy_set before, struct policy_set after,
			  const struct catalog_service *known, struct loss *out)
{
	struct loss_service s = {.prefix = known->prefix};
	for (size_t i = 0; i < known->action_count; i++) {
		const char *action = known->action[i].full;
		if (!allowed(before, action))
			continue;
		str_list_add(a, allowed(after, action) ? &s.kept : &s.removed, action);
	}
	if (s.kept.count + s.removed.count == 0)
		return;
	out->actions_before += s.kept.count + s.removed.count;
	out->actions_after += s.kept.count;
	out->actions_removed += s.removed.count;
	if (s.kept.count == 0)
		str_list_add(a, &out->services_removed, s.prefix);
	out->service[out->service_count++] = s;
}

static void find_unknown(struct arena *a, struct policy_set set, const struct catalog *catalog,
			 struct loss *out)
{
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			for (size_t k = 0; s->effect == EFFECT_ALLOW && !s->not_action && k < s->actions.count;
			     k++)
				if (strpbrk(s->actions.item[k], "*?") == NULL &&
				    catalog_action(catalog, s->actions.item[k]) == NULL)
					str_list_add(a, &out->unknown_actions, s->actions.item[k]);
		}
	str_list_sort(&out->unknown_actions);
}

struct loss loss_of(struct arena *a, struct policy_set before, struct policy_set after,
		    const struct catalog *catalog)
{
	struct loss out = {0};
	size_t count = catalog_service_count(catalog), reached = 0;
	for (size_t i = 0; i < count; i++)
		reached += reaches(before, catalog_prefix_at(catalog, i));
	out.service = arena_array(a, reached, sizeof *out.service);
	for (size_t i = 0; i < count; i++) {
		const char *prefix = catalog_prefix_at(catalog, i);
		if (reaches(before, prefix))
			count_service(a, before, after, catalog_service_at(catalog, i), &out);
	}
	find_unknown(a, before, catalog, &out);
	return out;
}
