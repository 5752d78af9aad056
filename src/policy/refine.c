#include "pare/refine.h"

#include <stdint.h>
#include <string.h>

#include "glob.h"
#include "reglob.h"

struct refine {
	struct arena *arena;
	const struct unused *unused;
	const struct catalog *catalog;
	bool changed;
};

static bool service_whole(const struct unused *u, const char *prefix)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->service[i].whole && str_equal_nocase(u->service[i].namespace, prefix))
			return true;
	return false;
}

/* A finding that lists actions which the catalogue lacks was made by a newer one: among what it does
 * not know may be an action in use, which a list would lose. */
static bool catalogue_outdated(const struct refine *r, const struct catalog_service *known)
{
	for (size_t i = 0; i < r->unused->count; i++) {
		const struct unused_service *u = &r->unused->service[i];
		if (!str_equal_nocase(u->namespace, known->prefix))
			continue;
		for (size_t k = 0; k < u->actions.count; k++) {
			const char *full = str_printf(r->arena, "%s:%s", known->prefix, u->actions.item[k]);
			if (catalog_action(r->catalog, full) == NULL)
				return true;
		}
	}
	return false;
}

static bool inside(void *user, const char *pattern)
{
	return glob_within(pattern, user, true);
}

/* The wildcard without the unused actions: true when there were some. */
static bool narrow(struct refine *r, const char *pattern, const struct catalog_service *known,
		   struct str_list *out)
{
	bool some = false;
	bool *granted = arena_array(r->arena, known->action_count, sizeof *granted);
	for (size_t i = 0; i < known->action_count; i++) {
		bool matches = glob_action(pattern, known->action[i].full);
		bool unused = matches && unused_has(r->unused, known->action[i].full);
		granted[i] = matches && !unused;
		some = some || unused;
	}
	if (!some || catalogue_outdated(r, known))
		return false;
	struct reglob g = {.arena = r->arena, .service = known, .granted = granted,
			   .unused = r->unused, .words = true, .inside = inside,
			   .user = arena_strdup(r->arena, pattern)};
	reglob(&g, out);
	return true;
}

static void refine_action(struct refine *r, const char *pattern, struct str_list *out)
{
	const char *colon = strchr(pattern, ':');
	if (colon == NULL) { /* "*": over every service there is no list that fits; it stays */
		str_list_add(r->arena, out, pattern);
		return;
	}
	const char *prefix = arena_copy(r->arena, pattern, (size_t)(colon - pattern));
	bool wild = strpbrk(colon, "*?") != NULL;
	if (service_whole(r->unused, prefix) || (!wild && unused_has(r->unused, pattern))) {
		r->changed = true;
		return;
	}
	const struct catalog_service *known = wild ? catalog_service(r->catalog, prefix) : NULL;
	if (known != NULL && narrow(r, pattern, known, out))
		r->changed = true;
	else
		str_list_add(r->arena, out, pattern);
}

/* false: nothing is left of it. */
static bool refine_statement(struct refine *r, const struct statement *from, struct statement *to)
{
	*to = *from;
	if (from->effect == EFFECT_DENY || from->not_action || from->unknown != NULL)
		return true;
	to->actions = (struct str_list){0};
	for (size_t i = 0; i < from->actions.count; i++)
		refine_action(r, from->actions.item[i], &to->actions);
	return to->actions.count > 0;
}

struct policy *policy_refine(struct arena *a, const struct policy *p, const struct unused *unused,
			     const struct catalog *catalog)
{
	struct refine r = {a, unused, catalog, false};
	struct policy *out = arena_alloc(a, sizeof *out);
	*out = *p;
	out->id = NULL; /* an identity policy has none (IAM User Guide, "Id") */
	out->statements = arena_array(a, p->count, sizeof *out->statements);
	out->count = 0;
	for (size_t i = 0; i < p->count; i++) {
		struct statement *to = &out->statements[out->count];
		if (!refine_statement(&r, &p->statements[i], to))
			continue;
		to->index = out->count++;
		to->policy = out;
	}
	if (!r.changed)
		return (struct policy *)(uintptr_t)p;
	return out->count > 0 ? out : NULL;
}
