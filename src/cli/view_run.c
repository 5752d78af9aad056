/* view_run: what `pare plan` says: each plan, then everything that is not planned and why. */
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"

static const char *subject(const struct outcome *o)
{
	return o->finding->resource != NULL ? arn_name(o->finding->resource) : o->finding->id;
}

static void view_outcome_plan(const struct context *c, const struct outcome *o)
{
	say(c, BOLD, "%s %s", principal_type_name(o->plan->principal.type), o->plan->principal.name);
	say(c, PLAIN, "  account %s  plan %s\n", o->plan->account, o->plan->id);
	if (o->after_plan != NULL)
		say(c, PLAIN, "    after plan %s of %s\n", o->after_plan, o->after_at);
	/* None counted: the table says why. */
	view_plan_table(c, o->plan, o->principal, o->loss.service_count > 0 ? &o->loss : NULL);
	view_decision(c, &o->decision, false);
	view_gates(c, o->plan->gate, o->plan->gate_count, false);
	if (o->kind == OUTCOME_BLOCKED)
		say(c, RED, "    blocked: %s\n", o->reason);
	say(c, PLAIN, "\n");
}

static size_t view_kind(const struct context *c, const struct run *r, enum outcome_kind kind,
			const char *title)
{
	size_t seen = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct outcome *o = &r->outcome[i];
		if (o->kind != kind)
			continue;
		if (seen++ == 0)
			say(c, BOLD, "%s\n", title);
		say(c, PLAIN, "  %-40s %s\n", subject(o), o->reason);
		if (o->after_plan != NULL)
			say(c, DIM, "  %-40s after plan %s of %s\n", "", o->after_plan, o->after_at);
		for (size_t k = 0; k < o->commands.count; k++)
			say(c, DIM, "    $ %s\n", o->commands.item[k]);
	}
	if (seen > 0)
		say(c, PLAIN, "\n");
	return seen;
}

static void totals(const struct context *c, const struct run *r)
{
	size_t planned = 0, blocked = 0;
	long long removed = 0;
	for (size_t i = 0; i < r->count; i++) {
		planned += r->outcome[i].kind == OUTCOME_PLANNED;
		blocked += r->outcome[i].kind == OUTCOME_BLOCKED;
		if (r->outcome[i].kind == OUTCOME_PLANNED)
			removed += r->outcome[i].plan->impact.actions_removed;
	}
	say(c, BOLD, "%zu finding%s: %zu planned", r->count, r->count == 1 ? "" : "s", planned);
	say(c, PLAIN, " (%lld actions removed), %zu blocked, %zu not planned", removed, blocked,
	    r->count - planned - blocked);
	if (r->aws_calls > 0)
		say(c, PLAIN, "; %zu AWS calls", r->aws_calls);
	say(c, PLAIN, "\n");
	if (planned > 0)
		say(c, PLAIN, "Nothing was changed. Next: pare show ROLE, then pare propose --repo URL\n");
	else
		say(c, PLAIN, "Nothing was changed, and there is nothing to propose.\n");
}

/* Most findings first. */
static void view_accounts(const struct context *c, const struct run *r)
{
	size_t failed = 0;
	if (r->account_count == 0)
		return;
	say(c, BOLD, "account       findings  planned  actions removed\n");
	for (size_t i = 0; i < r->account_count; i++) {
		const struct run_account *x = &r->account[i];
		say(c, PLAIN, "%-12s  %8zu  %7zu  %15lld", x->account, x->findings, x->planned,
		    (long long)x->removed);
		if (x->failed != NULL)
			say(c, RED, "  failed: %s", x->failed);
		say(c, PLAIN, "\n");
		failed += x->failed != NULL;
	}
	say(c, PLAIN, "%zu accounts, %zu of them could not be read\n\n", r->account_count, failed);
}

/* As they were asked. */
static void view_sources(const struct context *c, const struct run *r)
{
	size_t failed = 0;
	if (r->source_count == 0)
		return;
	for (size_t i = 0; i < r->source_count; i++) {
		const struct run_source *x = &r->source[i];
		say(c, PLAIN, "%s", x->analyzer != NULL ? x->analyzer : str_printf(c->arena, "region %s", x->region));
		if (x->failed != NULL)
			say(c, RED, "  failed: %s\n", x->failed);
		else if (x->analyzer != NULL)
			say(c, PLAIN, "  %zu finding%s\n", x->findings, x->findings == 1 ? "" : "s");
		else
			say(c, PLAIN, "  no active analyzer for unused access\n");
		failed += x->failed != NULL;
	}
	say(c, failed > 0 ? YELLOW : PLAIN, "%zu analyzers and regions asked, %zu of them could not be read\n\n",
	    r->source_count, failed);
}

void view_run(const struct context *c, const struct run *r)
{
	if (r->analyzer != NULL)
		say(c, DIM, "analyzer %s\n\n", r->analyzer);
	for (size_t i = 0; i < r->count; i++)
		if (r->outcome[i].plan != NULL)
			view_outcome_plan(c, &r->outcome[i]);
	view_kind(c, r, OUTCOME_EXEMPT, "exempt");
	view_kind(c, r, OUTCOME_HELD, "held: a person must look");
	view_kind(c, r, OUTCOME_FAILED, "failed");
	view_kind(c, r, OUTCOME_UNSUPPORTED, "not for pare");
	view_kind(c, r, OUTCOME_NOTHING, "nothing to do");
	view_sources(c, r);
	view_accounts(c, r);
	totals(c, r);
}
