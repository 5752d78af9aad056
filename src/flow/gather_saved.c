/* gather_saved: AWS CLI output in any mix of files, recognised by shape. */
#include <string.h>

#include "pare/gather.h"
#include "pare/lookup.h"
#include "pare/str.h"

struct saved_recommendation {
	struct recommendation *recommendation;
	const char *name; /* the file it stood in */
};

struct saved {
	struct arena *arena;
	struct err *e;
	struct gathered *g;
	size_t item_cap;
	struct lookup *by_id, *by_resource; /* items; by resource: the first one of unused permissions */
	struct lookup *recommended;         /* recommendations by resource */
	struct saved_recommendation *recommendation;
	size_t count, cap;
	bool state_seen;
};

static struct gathered_item *find_item(struct saved *s, const char *id)
{
	size_t place;
	return lookup_find(s->by_id, id, strlen(id), &place) ? &s->g->item[place] : NULL;
}

static void push_item(struct saved *s, struct finding *f)
{
	struct gathered *g = s->g;
	g->item = arena_grow(s->arena, g->item, g->count, &s->item_cap, sizeof *g->item);
	lookup_add(s->by_id, f->id, g->count);
	if (f->type == FINDING_UNUSED_PERMISSION && f->resource != NULL)
		lookup_add(s->by_resource, f->resource, g->count);
	g->item[g->count++] = (struct gathered_item){.finding = f};
}

/* A summary and the details of one finding, or several pages of its details, become one. */
static bool add_finding(struct saved *s, const struct json *v, const char *what)
{
	struct finding *f = finding_parse(s->arena, v, what, s->e);
	if (f == NULL)
		return false;
	struct gathered_item *known = find_item(s, f->id);
	if (known == NULL) {
		push_item(s, f);
		return true;
	}
	if (!str_equal(known->finding->updated_at, f->updated_at))
		return err_set(s->e, ERR_INPUT,
			       "reading '%s': finding '%s' was saved twice, at different moments (%s and %s)", what,
			       f->id, known->finding->updated_at != NULL ? known->finding->updated_at : "?",
			       f->updated_at != NULL ? f->updated_at : "?");
	if (!known->finding->detailed)
		known->finding = f->detailed ? f : known->finding;
	else if (f->detailed)
		return finding_merge(s->arena, known->finding, f, s->e);
	return true;
}

static bool add_recommendation(struct saved *s, const struct json *v, const char *what)
{
	struct recommendation *r = recommendation_parse(s->arena, v, what, s->e);
	if (r == NULL)
		return false;
	size_t place;
	if (lookup_find(s->recommended, r->resource, strlen(r->resource), &place)) {
		const struct saved_recommendation *known = &s->recommendation[place];
		if (known->recommendation->next_token == NULL)
			return err_set(s->e, ERR_INPUT,
				       "reading '%s': a second recommendation for '%s' (the first is in '%s')", what,
				       r->resource, known->name);
		return recommendation_merge(s->arena, known->recommendation, r, s->e);
	}
	lookup_add(s->recommended, r->resource, s->count);
	s->recommendation = arena_grow(s->arena, s->recommendation, s->count, &s->cap, sizeof *s->recommendation);
	s->recommendation[s->count++] = (struct saved_recommendation){r, what};
	return true;
}

static bool add_value(struct saved *s, const struct json *v, const char *what)
{
	const struct json *findings = json_get(v, "findings");
	if (v->type == JSON_ARRAY) {
		for (const struct json *x = v->first; x != NULL; x = x->next)
			if (!add_value(s, x, what))
				return false;
		return true;
	}
	if (findings != NULL && findings->type == JSON_ARRAY)
		return add_value(s, findings, what);
	if (json_get(v, "RoleDetailList") != NULL || json_get(v, "UserDetailList") != NULL ||
	    json_get(v, "Policies") != NULL) {
		s->state_seen = true;
		return account_state_add(s->arena, &s->g->state, v, what, s->e);
	}
	if (json_get(v, "recommendationType") != NULL || json_get(v, "recommendedSteps") != NULL)
		return add_recommendation(s, v, what);
	if (json_get(v, "finding") != NULL)
		return add_value(s, json_get(v, "finding"), what);
	if (json_get(v, "id") != NULL && json_get(v, "resourceType") != NULL)
		return add_finding(s, v, what);
	return err_set(s->e, ERR_INPUT,
		       "reading '%s': not recognised: expected what aws accessanalyzer list-findings-v2, "
		       "get-finding-v2 or get-finding-recommendation, or aws iam "
		       "get-account-authorization-details prints",
		       what);
}

/* One file may hold several documents back to back. */
static bool add_text(struct saved *s, const struct saved_text *t)
{
	size_t at = 0;
	bool any = false;
	while (at < t->len) {
		size_t end;
		if (strspn(t->text + at, " \t\r\n") == t->len - at)
			break;
		const struct json *v =
			json_parse_next(s->arena, t->text + at, t->len - at, &end, t->name, s->e);
		if (v == NULL || !add_value(s, v, t->name))
			return false;
		at += end;
		any = true;
	}
	if (!any)
		return err_set(s->e, ERR_INPUT, "reading '%s': it is empty", t->name);
	return true;
}

/* A file's name that holds a finding's id: of the usual length at any place, else by looking for all. */
static struct gathered_item *named_in(struct saved *s, const char *name)
{
	enum { UUID = 36 };
	size_t place, len = strlen(name);
	for (size_t at = 0; at + UUID <= len; at++)
		if (lookup_find(s->by_id, name + at, UUID, &place))
			return &s->g->item[place];
	for (size_t i = 0; i < s->g->count; i++)
		if (strlen(s->g->item[i].finding->id) != UUID && strstr(name, s->g->item[i].finding->id) != NULL)
			return &s->g->item[i];
	return NULL;
}

/* By the id it carries, by a finding's id in its file's name, else by its resource. */
static struct gathered_item *item_of(struct saved *s, const struct saved_recommendation *r)
{
	size_t place;
	const char *id = r->recommendation->finding_id, *resource = r->recommendation->resource;
	struct gathered_item *found = id != NULL ? find_item(s, id) : named_in(s, r->name);
	if (found == NULL && lookup_find(s->by_resource, resource, strlen(resource), &place))
		found = &s->g->item[place];
	return found;
}

static bool match(struct saved *s, struct saved_recommendation *r)
{
	struct gathered_item *found = item_of(s, r);
	if (found == NULL)
		return err_set(s->e, ERR_INPUT,
			       "reading '%s': a recommendation for '%s', of which no finding was given", r->name,
			       r->recommendation->resource);
	if (found->recommendation != NULL)
		return err_set(s->e, ERR_INPUT, "reading '%s': finding '%s' has two recommendations", r->name,
			       found->finding->id);
	found->recommendation = r->recommendation;
	return true;
}

bool gather_saved(struct arena *a, const struct saved_text *finding_texts, size_t finding_count,
		  const struct saved_text *state_texts, size_t state_count,
		  const struct gather_filter *filter, struct gathered *out, struct err *e)
{
	struct saved s = {.arena = a, .e = e, .g = out, .by_id = lookup_new(a), .by_resource = lookup_new(a),
			  .recommended = lookup_new(a)};
	*out = (struct gathered){.quota = quota_default()};
	for (size_t i = 0; i < finding_count; i++)
		if (!add_text(&s, &finding_texts[i]))
			return false;
	for (size_t i = 0; i < state_count; i++)
		if (!add_text(&s, &state_texts[i]))
			return false;
	if (out->count == 0)
		return err_set(e, ERR_INPUT, "reading saved findings: there is no finding in the files given");
	if (!s.state_seen)
		return err_set(e, ERR_USAGE,
			       "reading saved findings: the account's state is missing: save it with 'aws iam "
			       "get-account-authorization-details' and give it with '--account-state FILE'");
	for (size_t i = 0; i < s.count; i++)
		if (!match(&s, &s.recommendation[i]))
			return false;
	if (!account_state_settle(a, &out->state, e))
		return false;
	for (size_t i = 0; i < out->count && out->analyzer == NULL; i++)
		out->analyzer = out->item[i].finding->analyzer;
	for (size_t i = 0; i < out->state.policy_count; i++)
		out->quota.policies_in_use += strstr(out->state.policy[i]->arn, "::aws:policy/") == NULL;
	gather_classify(a, out, filter);
	return true;
}
