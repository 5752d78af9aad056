/* fit: a document that is too large becomes shorter without meaning anything else, then several.
 *
 * A wildcard that the old document did not hold grants whatever AWS names that way next year. So one
 * is written only inside a pattern that the old document granted with the same resources and
 * conditions; and wildcards of the document itself are never dropped, or they would lose such
 * actions. The caller proves the result. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fit_deal.h"
#include "glob.h"
#include "pare/refine.h"
#include "print.h"
#include "reglob.h"

struct fit {
	struct arena *arena;
	const struct fit_setting *setting;
	const char **old_frame; /* of the old document's statements */
};

/* --- what another pattern covers --- */

static bool wild(const char *pattern)
{
	return strpbrk(pattern, "*?") != NULL;
}

static int compare_places(const void *x, const void *y)
{
	const char *const *const *p = x, *const *const *q = y;
	int order = str_compare_nocase(**p, **q);
	return order != 0 ? order : (*p > *q) - (*p < *q);
}

/* Marks all but the first of the texts that differ only in case. */
static void mark_doubles(struct arena *a, const struct str_list *list, bool *gone)
{
	const char ***place = arena_array(a, list->count, sizeof *place);
	for (size_t i = 0; i < list->count; i++)
		place[i] = &list->item[i];
	if (list->count > 1)
		qsort(place, list->count, sizeof *place, compare_places);
	for (size_t i = 1; i < list->count; i++)
		gone[place[i] - list->item] = str_equal_nocase(*place[i], *place[i - 1]);
}

/* Only wildcards cover other texts. Of two that cover each other the first stays. */
static void mark_covered(const struct str_list *list, bool *gone)
{
	for (size_t w = 0; w < list->count; w++) {
		const char *y = list->item[w];
		if (gone[w] || !wild(y))
			continue;
		for (size_t i = 0; i < list->count; i++)
			if (i != w && !gone[i] && glob_within(list->item[i], y, true))
				gone[i] = i > w || !glob_within(y, list->item[i], true);
	}
}

static struct str_list without_covered(struct arena *a, const struct str_list *list)
{
	struct str_list out = {0};
	bool *gone = arena_array(a, list->count, sizeof *gone);
	mark_doubles(a, list, gone);
	mark_covered(list, gone);
	for (size_t i = 0; i < list->count; i++)
		if (!gone[i])
			str_list_add(a, &out, list->item[i]);
	return out;
}

/* Resources: only the same text twice, since readings of wildcards in ARNs differ. */
static struct str_list without_doubles(struct arena *a, const struct str_list *list)
{
	struct str_list out = {0};
	for (size_t i = 0; i < list->count; i++)
		if (!str_list_has(&out, list->item[i]))
			str_list_add(a, &out, list->item[i]);
	return out;
}

static struct policy *copy_of(struct arena *a, const struct policy *p)
{
	struct policy *out = arena_alloc(a, sizeof *out);
	*out = *p;
	out->id = NULL;
	out->statements = arena_array(a, p->count, sizeof *out->statements);
	for (size_t i = 0; i < p->count; i++) {
		out->statements[i] = p->statements[i];
		out->statements[i].policy = out;
	}
	return out;
}

static void drop_covered(struct fit *f, struct policy *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct statement *s = &p->statements[i];
		if (s->unknown != NULL)
			continue;
		s->actions = without_covered(f->arena, &s->actions);
		s->resources = without_doubles(f->arena, &s->resources);
	}
}

/* --- shorter wildcards --- */

static const char *frame_of(struct arena *a, const struct statement *s)
{
	struct statement bare = *s;
	bare.sid = NULL;
	bare.not_action = false;
	bare.actions = (struct str_list){0};
	return policy_statement_text(a, &bare);
}

static void add_wild(struct arena *a, struct str_list *out, const struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (wild(list->item[i]))
			str_list_add(a, out, list->item[i]);
}

/* The wildcards that a new one may lie inside: the statement's own, and those of the old document's
 * grants with the same resources and conditions. */
static struct str_list allowed_patterns(struct fit *f, const struct statement *s)
{
	struct str_list out = {0};
	const struct policy *old = f->setting->old;
	add_wild(f->arena, &out, &s->actions);
	if (old == NULL || old->version_2012 != s->policy->version_2012)
		return out;
	const char *frame = frame_of(f->arena, s);
	for (size_t i = 0; i < old->count; i++) {
		const struct statement *t = &old->statements[i];
		if (f->old_frame[i] == NULL)
			f->old_frame[i] = frame_of(f->arena, t);
		if (t->effect == EFFECT_ALLOW && !t->not_action && t->unknown == NULL &&
		    strcmp(f->old_frame[i], frame) == 0)
			add_wild(f->arena, &out, &t->actions);
	}
	return out;
}

static bool inside(void *user, const char *pattern)
{
	const struct str_list *allowed = user;
	for (size_t i = 0; i < allowed->count; i++)
		if (glob_within(pattern, allowed->item[i], true))
			return true;
	return false;
}

static void add_wildcards(struct fit *f, const struct statement *s, struct str_list *allowed,
			  const struct catalog_service *known, bool words, struct str_list *out)
{
	bool *granted = arena_array(f->arena, known->action_count, sizeof *granted);
	size_t len = strlen(known->prefix);
	for (size_t k = 0; k < s->actions.count; k++) {
		const char *pattern = s->actions.item[k];
		if (strncasecmp(pattern, known->prefix, len) != 0 || pattern[len] != ':')
			continue;
		for (size_t i = 0; i < known->action_count; i++)
			granted[i] = granted[i] || glob_action(pattern, known->action[i].full);
	}
	struct reglob g = {.arena = f->arena, .service = known, .granted = granted,
			   .unused = f->setting->unused, .words = words, .inside = inside,
			   .user = allowed};
	reglob(&g, out);
}

/* Everything the statement names stays in the list until something shorter covers it. */
static void shorten(struct fit *f, struct statement *s, bool words)
{
	struct str_list allowed = allowed_patterns(f, s), list = {0}, seen = {0};
	for (size_t i = 0; i < s->actions.count; i++) {
		const char *colon = strchr(s->actions.item[i], ':');
		if (colon == NULL)
			continue;
		const char *prefix = str_lower(f->arena, arena_copy(f->arena, s->actions.item[i],
								    (size_t)(colon - s->actions.item[i])));
		const struct catalog_service *known = catalog_service(f->setting->catalog, prefix);
		if (known == NULL || str_list_has(&seen, prefix))
			continue;
		str_list_add(f->arena, &seen, prefix);
		add_wildcards(f, s, &allowed, known, words, &list);
	}
	for (size_t i = 0; i < list.count; i++)
		if (strchr(list.item[i], '*') != NULL)
			str_list_add(f->arena, &s->actions, list.item[i]);
	s->actions = without_covered(f->arena, &s->actions);
}

static struct policy *with_wildcards(struct fit *f, const struct policy *p, bool words)
{
	struct policy *out = copy_of(f->arena, p);
	for (size_t i = 0; i < out->count; i++) {
		struct statement *s = &out->statements[i];
		if (s->effect != EFFECT_ALLOW || s->not_action || s->unknown != NULL)
			continue;
		struct str_list own = {0};
		for (size_t k = 0; k < s->actions.count; k++)
			str_list_add(f->arena, &own, s->actions.item[k]);
		s->actions = own;
		shorten(f, s, words);
	}
	return out;
}

static struct policy *without_sids(struct fit *f, const struct policy *p)
{
	struct policy *out = copy_of(f->arena, p);
	for (size_t i = 0; i < out->count; i++)
		out->statements[i].sid = NULL;
	return out;
}

static struct policy **one(struct arena *a, const struct policy *p, size_t *count)
{
	struct policy **part = arena_array(a, 1, sizeof(struct policy *));
	part[0] = copy_of(a, p);
	part[0]->id = p->id;
	*count = 1;
	return part;
}

struct policy **policy_fit(struct arena *a, const struct policy *p, const struct fit_setting *s,
			   size_t *count, struct err *e)
{
	struct fit f = {a, s, arena_array(a, s->old != NULL ? s->old->count : 0, sizeof(char *))};
	if (fit_size(p) <= s->max_size)
		return one(a, p, count);
	struct policy *shorter = copy_of(a, p);
	drop_covered(&f, shorter);
	for (int words = 1; words >= 0 && fit_size(shorter) > s->max_size; words--)
		shorter = with_wildcards(&f, shorter, words == 1);
	if (fit_size(shorter) <= s->max_size)
		return one(a, shorter, count);
	struct policy *bare = without_sids(&f, shorter);
	if (fit_size(bare) <= s->max_size)
		return one(a, bare, count);
	/* Sids go only where that saves a document. */
	size_t named_count = 0;
	struct policy **named = fit_deal(a, shorter, s->max_size, &named_count, e);
	struct policy **part = fit_deal(a, bare, s->max_size, count, e);
	if (named != NULL && (part == NULL || named_count <= *count)) {
		part = named;
		*count = named_count;
	}
	if (part != NULL && *count > s->max_parts) {
		err_set(e, ERR_LIMIT,
			"fitting policy '%s' into %zu characters a document: it takes %zu documents, and there is "
			"room for %zu",
			p->source, s->max_size, *count, s->max_parts);
		return NULL;
	}
	return part;
}
