/* gather: what both sources share: filters, order, and what cannot be used and why. */
#include "pare/gather.h"

#include <stdlib.h>
#include <string.h>

#include "handover.h"
#include "pare/arn.h"
#include "pare/str.h"

static int compare_items(const void *x, const void *y)
{
	const struct gathered_item *p = x, *q = y;
	const char *r = p->finding->resource != NULL ? p->finding->resource : "";
	const char *s = q->finding->resource != NULL ? q->finding->resource : "";
	int order = strcmp(r, s);
	return order != 0 ? order : strcmp(p->finding->id, q->finding->id);
}

static bool wanted(const struct finding *f, const struct gather_filter *filter)
{
	if (filter->accounts != NULL && filter->accounts->count > 0 &&
	    (f->owner_account == NULL || !str_list_has(filter->accounts, f->owner_account)))
		return false;
	if (filter->finding != NULL && strcmp(f->id, filter->finding) != 0)
		return false;
	if (filter->findings != NULL && !str_list_has(filter->findings, f->id))
		return false;
	if (!shard_has(filter->shard, f->resource) || (filter->known != NULL && filter->known(filter->self, f)))
		return false;
	if (filter->role_glob == NULL)
		return true;
	return f->resource != NULL && (str_glob(filter->role_glob, f->resource) ||
				       str_glob(filter->role_glob, arn_name(f->resource)));
}

static void unusable(struct gathered_item *x, enum outcome_kind kind, const char *why)
{
	if (x->unusable != NULL)
		return;
	x->unusable_kind = kind;
	x->unusable = why;
}

static void classify_finding(struct arena *a, struct gathered_item *x)
{
	const struct finding *f = x->finding;
	if (strcmp(f->status, "ACTIVE") != 0)
		unusable(x, OUTCOME_NOTHING, str_printf(a, "the finding is %s", f->status));
	if (f->error != NULL)
		unusable(x, OUTCOME_FAILED, str_printf(a, "Access Analyzer could not analyse it: %s", f->error));
	if (f->type != FINDING_UNUSED_PERMISSION && !hands_over(f->type))
		unusable(x, OUTCOME_UNSUPPORTED, handover_reason(a, f));
	if (f->resource == NULL)
		unusable(x, OUTCOME_FAILED, "the finding does not say which principal it is about");
	if (x->principal == NULL)
		unusable(x, OUTCOME_FAILED,
			 "the principal is not in the account state: deleted since, or the saved state is of "
			 "another account or moment");
	/* Of a whole role, key or password the summary says enough for a rule. */
	if (!f->detailed && !hands_over(f->type))
		unusable(x, OUTCOME_FAILED,
			 x->no_steps != NULL ? x->no_steps :
			 str_printf(a,
				    "the finding's details are missing: save them with 'aws accessanalyzer "
				    "get-finding-v2 --analyzer-arn ARN --id %s'",
				    f->id));
}

static void no_steps(struct gathered_item *x, enum outcome_kind kind, const char *why)
{
	if (x->no_steps != NULL)
		return;
	x->no_steps_kind = kind;
	x->no_steps = why;
}

static bool uses_not_action(const struct principal *p)
{
	for (size_t i = 0; i < p->attached_count; i++)
		if (p->attached[i].document != NULL && strstr(p->attached[i].document, "\"NotAction\"") != NULL)
			return true;
	for (size_t i = 0; i < p->inline_count; i++)
		if (strstr(p->inline_policy[i].document, "\"NotAction\"") != NULL)
			return true;
	return false;
}

static void classify_recommendation(struct arena *a, struct gathered_item *x)
{
	const struct recommendation *r = x->recommendation;
	if (r == NULL || r->status == RECOMMENDATION_NONE) {
		const char *why = principal_aws_owned(x->principal);
		if (why == NULL && uses_not_action(x->principal))
			why = "a policy uses NotAction: Access Analyzer makes no recommendation then";
		if (why == NULL)
			why = str_printf(a,
					 "there is no recommendation for it: 'aws accessanalyzer "
					 "generate-finding-recommendation --analyzer-arn ARN --id %s', then "
					 "get-finding-recommendation",
					 x->finding->id);
		bool asked_in_vain = x->no_steps == NULL || x->derivable;
		x->derivable = asked_in_vain && principal_aws_owned(x->principal) == NULL &&
			       x->finding->unused->count > 0;
		no_steps(x, OUTCOME_UNSUPPORTED, why);
		return;
	}
	if (r->status == RECOMMENDATION_FAILED)
		no_steps(x, OUTCOME_FAILED,
			 str_printf(a, "Access Analyzer's recommendation failed: %s: %s",
				    r->error_code != NULL ? r->error_code : "no code",
				    r->error_message != NULL ? r->error_message : "no message"));
	if (r->status == RECOMMENDATION_IN_PROGRESS)
		no_steps(x, OUTCOME_FAILED, "the recommendation is still in progress: ask for it again later");
	if (!r->type_known)
		no_steps(x, OUTCOME_UNSUPPORTED,
			 str_printf(a, "a recommendation of type '%s' is not understood",
				    r->type_text != NULL ? r->type_text : ""));
	if (r->next_token != NULL)
		no_steps(x, OUTCOME_FAILED, "the recommendation is incomplete: a page is missing (nextToken)");
	if (strcmp(r->resource, x->finding->resource) != 0)
		no_steps(x, OUTCOME_FAILED,
			 str_printf(a, "the recommendation is for another principal, '%s'", r->resource));
	for (size_t i = 0; i < r->count; i++)
		if (r->step[i].action == RECOMMEND_UNKNOWN)
			no_steps(x, OUTCOME_UNSUPPORTED,
				 str_printf(a, "step %zu of the recommendation, '%s', is not understood", i + 1,
					    r->step[i].action_text));
}

/* Two live findings about one principal would be two plans that fight. */
static void classify_pairs(struct arena *a, struct gathered *g)
{
	for (size_t i = 1; i < g->count; i++) {
		struct gathered_item *x = &g->item[i - 1], *y = &g->item[i];
		if (x->finding->type != FINDING_UNUSED_PERMISSION ||
		    y->finding->type != FINDING_UNUSED_PERMISSION || x->finding->resource == NULL ||
		    !str_equal(x->finding->resource, y->finding->resource) ||
		    strcmp(x->finding->status, "ACTIVE") != 0 || strcmp(y->finding->status, "ACTIVE") != 0)
			continue;
		const char *why = str_printf(a, "two active findings are about this principal: '%s' and '%s'",
					     x->finding->id, y->finding->id);
		if (x->unusable == NULL)
			unusable(x, OUTCOME_FAILED, why);
		unusable(y, OUTCOME_FAILED, why);
	}
}

void gather_filter_items(struct gathered *g, const struct gather_filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < g->count; i++)
		if (wanted(g->item[i].finding, filter))
			g->item[kept++] = g->item[i];
	g->count = kept;
	if (g->count > 1)
		qsort(g->item, g->count, sizeof *g->item, compare_items);
	if (filter->limit > 0 && g->count > filter->limit)
		g->count = filter->limit;
}

void gather_classify(struct arena *a, struct gathered *g, const struct gather_filter *filter)
{
	gather_filter_items(g, filter);
	for (size_t i = 0; i < g->count; i++) {
		struct gathered_item *x = &g->item[i];
		x->principal = account_state_find(&g->state, x->finding->resource);
		classify_finding(a, x);
		if (x->unusable == NULL && hands_over(x->finding->type))
			no_steps(x, OUTCOME_UNSUPPORTED, handover_reason(a, x->finding));
		else if (x->unusable == NULL)
			classify_recommendation(a, x);
	}
	classify_pairs(a, g);
}
