/* plan: a run: for each finding the rules, then a plan, its gates, and the caps over all plans. */
#include "handover.h"
#include "pare/draft.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/history.h"
#include "pare/loss.h"
#include "pare/str.h"
#include "pare/when.h"

struct maker {
	struct arena *arena;
	const struct draft_setting *setting;
	const struct rules_port *rules;
	const struct gathered *g;
	size_t planned; /* with all gates passed, so far */
};

static void end(struct outcome *o, enum outcome_kind kind, const char *reason)
{
	o->kind = kind;
	o->reason = reason;
}

/* Why the rules say no: false when they do not. */
static bool rules_decide(struct maker *m, struct outcome *o)
{
	const struct verdict *v = decision_deciding(&o->decision);
	if (v == NULL || v->kind == VERDICT_KEEP || v->kind == VERDICT_ARCHIVE)
		return false;
	const char *until = v->until != NULL ? str_printf(m->arena, " (until %s)", v->until) : "";
	const char *owner = v->owner != NULL ? str_printf(m->arena, " (owner %s)", v->owner) : "";
	end(o, v->kind == VERDICT_HOLD ? OUTCOME_HELD : OUTCOME_EXEMPT,
	    str_printf(m->arena, "rule %s: %s%s%s", v->rule, v->reason != NULL ? v->reason : "no reason",
		       until, owner));
	return true;
}

static size_t rest_of(size_t cap, size_t used)
{
	return cap > used ? cap - used : 0;
}

/* How many more plans there may be, by which limit, and how many it counts already. */
static size_t cap_of(const struct maker *m, const char **which, size_t *used)
{
	const struct config *c = m->setting->config;
	size_t here = m->setting->planned_here, before = m->setting->planned_before;
	size_t percent = m->g->state.count * (size_t)c->limits.percent / 100;
	size_t account = rest_of((size_t)c->limits.changes_per_account, here);
	size_t cap = rest_of((size_t)c->limits.changes_per_run, before);
	*which = "changes_per_run";
	*used = before;
	if (account < cap) {
		cap = account;
		*which = "changes_per_account";
		*used = here;
	}
	/* In a small account a percentage would allow nothing at all. */
	if (percent < 1)
		percent = 1;
	if (rest_of(percent, here) < cap) {
		cap = rest_of(percent, here);
		*which = "percent";
		*used = here;
	}
	return cap;
}

static void blast_radius(struct maker *m, struct plan *p)
{
	const char *which;
	size_t used, cap = cap_of(m, &which, &used);
	struct gate *g = &p->gate[p->gate_count++];
	g->name = "blast-radius";
	g->result = m->planned < cap ? GATE_PASS : GATE_FAIL;
	g->evidence = g->result == GATE_PASS
			      ? str_printf(m->arena, "change %zu of at most %zu", m->planned + 1, cap)
			      : str_printf(m->arena,
					   "the run has %zu changes already, limits.%s allows %zu: apply those first",
					   m->planned + used, which, cap + used);
}

static const char *first_obstacle(struct maker *m, const struct plan *p)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (p->gate[i].result != GATE_PASS)
			return str_printf(m->arena, "gate %s: %s", p->gate[i].name, p->gate[i].evidence);
	return "";
}

static bool count_loss(struct maker *m, struct outcome *o)
{
	struct arena *scratch = arena_new(NULL);
	struct policy_set was, will;
	struct err e;
	const struct principal *after = plan_outcome(scratch, o->plan, o->principal, &e);
	bool ok = after != NULL && principal_policies(scratch, o->principal, &was, &e) &&
		  principal_policies(scratch, after, &will, &e);
	if (ok) {
		o->loss = loss_of(m->arena, was, will, m->setting->catalog);
		o->loss.unknown_actions = (struct str_list){0}; /* borrowed from scratch */
		draft_impact(m->arena, &o->loss, o->plan);
	}
	arena_free(scratch);
	return ok;
}

/* The evidence for un-archiving is the receipt of the archive. */
static void archive_ended(struct maker *m, const struct gathered_item *item, struct plan *p)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (strcmp(p->gate[i].name, "fresh") == 0 && p->gate[i].result == GATE_PASS)
			p->gate[i].evidence = str_printf(
				m->arena, "plan %s archived it (receipt of %s) until %s, which has passed",
				item->archived_by->plan->id, item->archived_by->finished_at,
				history_until(item->archived_by->plan));
}

static bool make_plan(struct maker *m, const struct gathered_item *item, struct outcome *o,
		      struct err *e)
{
	const char *nothing;
	struct err why;
	o->plan = draft(m->arena, m->setting, m->g, item, &o->decision, &nothing, &why);
	if (o->plan == NULL) {
		if (nothing != NULL)
			end(o, nothing == item->no_steps ? item->no_steps_kind : OUTCOME_NOTHING, nothing);
		else
			end(o, OUTCOME_FAILED, arena_strdup(m->arena, why.message));
		return true;
	}
	count_loss(m, o);
	prove(m->arena, m->setting, o->plan, item->principal,
	      draft_unused(m->arena, m->setting, item, &o->decision),
	      draft_derives(item) ? NULL : item->recommendation, &m->g->quota);
	if (item->archived_by != NULL)
		archive_ended(m, item, o->plan);
	blast_radius(m, o->plan);
	bool pass = plan_all_pass(o->plan);
	m->planned += pass;
	end(o, pass ? OUTCOME_PLANNED : OUTCOME_BLOCKED,
	    !pass			? first_obstacle(m, o->plan)
	    : draft_derives(item) ? "planned by pare itself, since AWS makes no recommendation; every gate passes"
				  : "planned; every gate passes");
	return plan_seal(m->arena, o->plan, e);
}

/* Rules were asked anew: what archives it still lets it be. */
static bool stays_archived(struct maker *m, const struct gathered_item *item, struct outcome *o)
{
	const struct verdict *v = decision_deciding(&o->decision);
	if (item->archived_by == NULL || v == NULL || v->kind < VERDICT_EXEMPT)
		return false;
	end(o, OUTCOME_NOTHING,
	    str_printf(m->arena, "archived by plan %s until %s, which has passed, and it stays so: rule %s says %s",
		       item->archived_by->plan->id, history_until(item->archived_by->plan), v->rule,
		       verdict_name(v->kind)));
	return true;
}

static void link_to_past(struct maker *m, struct outcome *o)
{
	const struct past *x =
		m->g->history != NULL ? history_of(m->g->history, o->finding->resource) : NULL;
	if (x == NULL || o->finding->type != FINDING_UNUSED_PERMISSION)
		return;
	o->after_plan = x->plan->id;
	o->after_at = x->finished_at;
}

/* next: the item behind, or NULL. */
static bool make_outcome(struct maker *m, const struct gathered_item *item,
			 const struct gathered_item *next, struct outcome *o, struct err *e)
{
	o->finding = item->finding;
	o->recommendation = item->recommendation;
	o->principal = item->principal;
	link_to_past(m, o);
	if (item->unusable != NULL) {
		end(o, item->unusable_kind, item->unusable);
		return true;
	}
	if (!judge(m->arena, m->rules, m->g, item, m->setting->now_ms, &o->decision, e))
		return false;
	if (next != NULL)
		judge_ahead(m->rules, m->g, next, m->setting->now_ms);
	if (stays_archived(m, item, o) || rules_decide(m, o))
		return true;
	if (item->archived_by != NULL)
		return make_plan(m, item, o, e);
	if (item->no_steps != NULL && !item->derivable && o->decision.outcome != VERDICT_ARCHIVE) {
		end(o, item->no_steps_kind, item->no_steps);
		handover_commands(m->arena, item->finding, item->principal, &o->commands);
		return true;
	}
	return make_plan(m, item, o, e);
}

bool plan_run(struct arena *a, const struct draft_setting *s, const struct rules_port *rules,
	      const struct gathered *g, const struct progress_port *progress, struct run *out,
	      struct err *e)
{
	struct maker m = {a, s, rules, g, 0};
	char time[WHEN_TEXT];
	when_iso(s->now_ms, time);
	*out = (struct run){.analyzer = g->analyzer, .created_at = arena_strdup(a, time),
			    .principals_seen = g->state.count, .aws_calls = g->aws_calls};
	out->outcome = arena_array(a, g->count, sizeof *out->outcome);
	for (size_t i = 0; i < g->count; i++) {
		if (progress != NULL)
			progress->step(progress->self, "planning", i, g->count);
		const struct gathered_item *next = i + 1 < g->count ? &g->item[i + 1] : NULL;
		if (!make_outcome(&m, &g->item[i], next, &out->outcome[out->count++], e))
			return false;
	}
	return true;
}
