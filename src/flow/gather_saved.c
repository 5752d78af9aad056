/* gather_saved: AWS CLI output in any mix of files, recognised by shape. */
#include <string.h>

#include "pare/gather.h"
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
	struct saved_recommendation *recommendation;
	size_t count, cap;
	bool state_seen;
};

static struct gathered_item *find_item(struct saved *s, const char *id)
{
	for (size_t i = 0; i < s->g->count; i++)
		if (strcmp(s->g->item[i].finding->id, id) == 0)
			return &s->g->item[i];
	return NULL;
}

static void push_item(struct saved *s, struct finding *f)
{
	struct gathered *g = s->g;
	g->item = arena_grow(s->arena, g->item, g->count, &s->item_cap, sizeof *g->item);
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
	for (size_t i = 0; i < s->count; i++) {
		struct recommendation *known = s->recommendation[i].recommendation;
		if (strcmp(known->resource, r->resource) != 0)
			continue;
		if (known->next_token == NULL)
			return err_set(s->e, ERR_INPUT,
				       "reading '%s': a second recommendation for '%s' (the first is in '%s')", what,
				       r->resource, s->recommendation[i].name);
		return recommendation_merge(s->arena, known, r, s->e);
	}
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

/* By the id it carries, by a finding's id in its file's name, else by its resource. */
static bool belongs(const struct saved_recommendation *r, const struct finding *f)
{
	if (r->recommendation->finding_id != NULL)
		return strcmp(r->recommendation->finding_id, f->id) == 0;
	return strstr(r->name, f->id) != NULL;
}

static bool match(struct saved *s, struct saved_recommendation *r)
{
	struct gathered *g = s->g;
	struct gathered_item *found = NULL;
	for (size_t i = 0; i < g->count; i++)
		if (belongs(r, g->item[i].finding))
			found = &g->item[i];
	for (size_t i = 0; i < g->count && found == NULL; i++)
		if (g->item[i].finding->type == FINDING_UNUSED_PERMISSION &&
		    str_equal(g->item[i].finding->resource, r->recommendation->resource))
			found = &g->item[i];
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
	struct saved s = {.arena = a, .e = e, .g = out};
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
