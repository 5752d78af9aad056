#include "pare/loss.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glob.h"

/* A statement as one service sees it: the actions it lists that may name one of the service's. */
struct view {
	const struct statement *statement;
	struct str_list actions;
};

struct views {
	struct view *view;
	size_t count;
};

/* Its prefix is this one, or has a wildcard. */
static bool may_name(const char *pattern, const char *prefix, size_t len)
{
	return strncasecmp(pattern, prefix, len) == 0 ? pattern[len] == ':' || pattern[len] == '*' ||
								pattern[len] == '?'
						      : strcspn(pattern, "*?") < strcspn(pattern, ":");
}

static bool denies_everywhere(const struct statement *s)
{
	return s->effect == EFFECT_DENY && s->condition_count == 0 && !s->not_resource &&
	       str_list_has(&s->resources, "*");
}

static struct views views_of(struct arena *a, struct policy_set set, const char *prefix)
{
	struct views v = {0};
	size_t len = strlen(prefix), cap = 0;
	for (size_t p = 0; p < set.count; p++)
		cap += set.policy[p]->count;
	v.view = arena_array(a, cap, sizeof *v.view);
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			struct view *x = &v.view[v.count];
			x->statement = &set.policy[p]->statements[i];
			if (x->statement->effect == EFFECT_DENY && !denies_everywhere(x->statement))
				continue;
			for (size_t k = 0; k < x->statement->actions.count; k++)
				if (may_name(x->statement->actions.item[k], prefix, len))
					str_list_add(a, &x->actions, x->statement->actions.item[k]);
			v.count += x->actions.count > 0 || x->statement->not_action;
		}
	return v;
}

static bool names(const struct view *v, const char *action)
{
	bool listed = false;
	for (size_t i = 0; i < v->actions.count && !listed; i++)
		listed = glob_action(v->actions.item[i], action);
	return listed != v->statement->not_action;
}

static bool allowed(const struct views *v, const char *action)
{
	bool yes = false;
	for (size_t i = 0; i < v->count; i++) {
		const struct view *x = &v->view[i];
		bool allow = x->statement->effect == EFFECT_ALLOW;
		if ((allow && yes) || !names(x, action))
			continue;
		if (!allow)
			return false;
		yes = true;
	}
	return yes;
}

static int by_prefix(const void *x, const void *y)
{
	const struct catalog_service *const *p = x, *const *q = y;
	return strcmp((*p)->prefix, (*q)->prefix);
}

struct reached {
	const struct catalog_service **service; /* sorted, each once */
	size_t count;
};

static struct reached reach_all(struct arena *a, const struct catalog *catalog)
{
	struct reached r = {.count = catalog_service_count(catalog)};
	r.service = arena_array(a, r.count, sizeof *r.service);
	for (size_t i = 0; i < r.count; i++)
		r.service[i] = catalog_service_at(catalog, i);
	return r;
}

static void reach(struct arena *a, struct reached *r, size_t *cap, const struct catalog *catalog,
		  const char *action)
{
	const char *prefix = arena_copy(a, action, strcspn(action, ":"));
	const struct catalog_service *s = action[strlen(prefix)] == ':' ? catalog_service(catalog, prefix) : NULL;
	if (s == NULL)
		return;
	r->service = arena_grow(a, r->service, r->count, cap, sizeof *r->service);
	r->service[r->count++] = s;
}

/* Services an Allow can reach: by prefix, or all for "*" and NotAction. */
static struct reached reached_by(struct arena *a, struct policy_set set, const struct catalog *catalog)
{
	struct reached r = {0};
	size_t cap = 0, kept = 0;
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			if (s->effect != EFFECT_ALLOW)
				continue;
			if (s->not_action || str_list_has(&s->actions, "*"))
				return reach_all(a, catalog);
			for (size_t k = 0; k < s->actions.count; k++)
				reach(a, &r, &cap, catalog, s->actions.item[k]);
		}
	if (r.count > 1)
		qsort(r.service, r.count, sizeof *r.service, by_prefix);
	for (size_t i = 0; i < r.count; i++)
		if (kept == 0 || r.service[i] != r.service[kept - 1])
			r.service[kept++] = r.service[i];
	r.count = kept;
	return r;
}

static void count_service(struct arena *a, struct arena *scratch, struct policy_set before,
			  struct policy_set after, const struct catalog_service *known, struct loss *out)
{
	struct loss_service s = {.prefix = known->prefix};
	const struct views was = views_of(scratch, before, known->prefix);
	const struct views will = views_of(scratch, after, known->prefix);
	for (size_t i = 0; i < known->action_count; i++) {
		const char *action = known->action[i].full;
		if (allowed(&was, action))
			str_list_add(a, allowed(&will, action) ? &s.kept : &s.removed, action);
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
	struct arena *scratch = arena_new(NULL);
	const struct reached r = reached_by(scratch, before, catalog);
	out.service = arena_array(a, r.count, sizeof *out.service);
	for (size_t i = 0; i < r.count; i++)
		count_service(a, scratch, before, after, r.service[i], &out);
	find_unknown(a, before, catalog, &out);
	arena_free(scratch);
	return out;
}
