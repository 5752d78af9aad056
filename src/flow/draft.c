#include "pare/draft.h"

#include <string.h>

#include "pare/loss.h"
#include "pare/str.h"
#include "pare/when.h"
#include "slots.h"

void draft_stamp(struct arena *a, const struct draft_setting *s, struct plan *p)
{
	char time[WHEN_TEXT];
	p->repository = s->config->repository.url != NULL ? s->config->repository.url : "";
	p->branch = s->config->repository.branch;
	when_exact(s->now_ms, time);
	p->created_at = arena_strdup(a, time);
	when_iso(s->now_ms + (int64_t)s->config->limits.plan_valid_days * WHEN_DAY_MS, time);
	p->expires_at = arena_strdup(a, time);
	p->author = s->config->author;
}

static void fill_identity(struct arena *a, const struct draft_setting *s, const struct gathered *g,
			  const struct gathered_item *item, struct plan *p)
{
	const struct principal *x = item->principal;
	p->source.recommendation_sha256 =
		draft_derives(item) ? NULL : recommendation_sha256(a, item->recommendation);
	/* Several findings of one user may be archived at once. */
	p->id = plan_id(a, s->now_ms, x->account, x->name, x->arn,
			p->source.recommendation_sha256 != NULL ? p->source.recommendation_sha256
								: item->finding->id);
	draft_stamp(a, s, p);
	p->account = x->account;
	p->partition = x->partition;
	p->principal.type = x->type;
	p->principal.arn = x->arn;
	p->principal.name = x->name;
	p->principal.unique_id = x->unique_id;
	p->principal.path = x->path;
	p->source.analyzer = item->finding->analyzer != NULL ? item->finding->analyzer : g->analyzer;
	p->source.finding = item->finding->id;
	p->source.finding_updated_at = item->finding->updated_at;
}

void draft_preconditions(struct arena *a, const struct principal *x, struct plan *p)
{
	p->preconditions.attached = arena_array(a, x->attached_count, sizeof *p->preconditions.attached);
	for (size_t i = 0; i < x->attached_count; i++)
		p->preconditions.attached[i] = (struct precondition_attached){
			x->attached[i].arn, x->attached[i].default_version, x->attached[i].update_date,
			x->attached[i].document_sha256};
	p->preconditions.attached_count = x->attached_count;
	p->preconditions.inline_policy =
		arena_array(a, x->inline_count, sizeof *p->preconditions.inline_policy);
	for (size_t i = 0; i < x->inline_count; i++)
		p->preconditions.inline_policy[i] = (struct precondition_inline){
			x->inline_policy[i].name, x->inline_policy[i].document_sha256};
	p->preconditions.inline_count = x->inline_count;
	p->preconditions.boundary = x->boundary;
	p->preconditions.tags_sha256 = principal_tags_sha256(a, x);
}

void draft_impact(struct arena *a, const struct loss *l, struct plan *p)
{
	p->impact.actions_before = (int64_t)l->actions_before;
	p->impact.actions_after = (int64_t)l->actions_after;
	p->impact.actions_removed = (int64_t)l->actions_removed;
	p->impact.services_removed = l->services_removed;
	for (size_t i = 0; i < l->service_count; i++)
		for (size_t k = 0; k < l->service[i].removed.count; k++)
			str_list_add(a, &p->impact.removed, l->service[i].removed.item[k]);
	str_list_sort(&p->impact.removed);
}

static void archive(struct arena *a, const struct gathered_item *item, bool archives, struct plan *p)
{
	struct action there = {.op = archives ? STEP_ARCHIVE_FINDING : STEP_UNARCHIVE_FINDING, .finding = item->finding->id,
			       .analyzer = p->source.analyzer};
	struct action back = there;
	back.op = archives ? STEP_UNARCHIVE_FINDING : STEP_ARCHIVE_FINDING;
	p->step = arena_alloc(a, sizeof *p->step);
	p->step[0] = (struct step){1, there, back, NULL, false};
	p->step_count = 1;
}

struct plan *draft(struct arena *a, const struct draft_setting *s, const struct gathered *g,
		   const struct gathered_item *item, const struct decision *d,
		   const char **nothing, struct err *e)
{
	struct plan *p = arena_alloc(a, sizeof *p);
	struct slots slots;
	*nothing = NULL;
	p->decision = *d;
	fill_identity(a, s, g, item, p);
	draft_preconditions(a, item->principal, p);
	if (d->outcome == VERDICT_ARCHIVE || item->archived_by != NULL) {
		archive(a, item, item->archived_by == NULL, p);
		return p;
	}
	if (!slots_read(a, s, g, item, d, &slots, e))
		return NULL;
	if (slots.count == 0) {
		if (d->outcome == VERDICT_KEEP)
			*nothing = "the rules keep everything that could be taken away";
		else
			*nothing = item->no_steps != NULL
					   ? item->no_steps
					   : "the recommendation has no steps: every policy is in use";
		return NULL;
	}
	slots_order(a, &slots, item->principal, p->id, &g->quota, p);
	return p;
}
