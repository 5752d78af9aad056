/* view_plan: a plan as a person reads it. */
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/loss.h"
#include "pare/propose.h"
#include "pare/str.h"

static const char *policy_label(const char *source)
{
	return arn_is_policy(source) ? arn_name(source) : source;
}

static const char *policy_kind(const char *source)
{
	if (!arn_is_policy(source))
		return "inline";
	return arn_is_aws_managed(source) ? "AWS-managed" : "customer-managed";
}

/* What becomes of one existing policy, from the steps of its slot. */
static const char *becomes(struct arena *a, const struct plan *p, const char *id)
{
	struct str_list names = {0};
	bool removed = false;
	const char *source = plan_slot(p, id);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->step[i];
		if (s->temporary || !str_equal(s->source_policy, source))
			continue;
		const struct action *x = &s->action;
		if (step_attaches(x->op))
			str_list_add(a, &names, arn_name(x->policy_arn));
		else if (step_puts(x->op))
			str_list_add(a, &names, x->policy_name);
		else if (step_removes(x->op))
			removed = true;
	}
	if (names.count == 0)
		return !removed ? "unchanged" : plan_undoes(p) != NULL ? "none" : "none: wholly unused";
	char *text = str_printf(a, "%s", names.item[0]);
	for (size_t i = 1; i < names.count; i++)
		text = str_printf(a, "%s + %s", text, names.item[i]);
	return text;
}

static void table_row(const struct context *c, const struct plan *p, const char *source, int width)
{
	struct arena *scratch = arena_new(NULL);
	const char *now = becomes(scratch, p, source);
	enum style s = str_equal(now, "unchanged") ? DIM : str_starts(now, "none") ? RED : YELLOW;
	say(c, PLAIN, "    %-*s  %-16s  ", width, policy_label(source), policy_kind(source));
	say(c, s, "%s", now);
	say(c, PLAIN, "\n");
	arena_free(scratch);
}

static bool replaces_something(const struct plan *p, const char *source)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (!p->step[i].temporary && step_removes(p->step[i].action.op) &&
		    str_equal(p->step[i].source_policy, source))
			return true;
	return false;
}

/* What a rollback brings back that nothing stood for. */
static void returning_rows(const struct context *c, const struct plan *p, int width)
{
	for (size_t i = 0; plan_undoes(p) != NULL && i < p->step_count; i++) {
		const struct step *s = &p->step[i];
		const struct action *x = &s->action;
		bool adds = step_attaches(x->op) || step_puts(x->op);
		if (!adds || s->temporary || replaces_something(p, s->source_policy))
			continue;
		const char *id = x->policy_arn != NULL ? x->policy_arn : x->policy_name;
		say(c, PLAIN, "    %-*s  %-16s  ", width, "none", policy_kind(id));
		say(c, GREEN, "%s\n", policy_label(id));
	}
}

static void loss_lines(const struct context *c, const struct loss *l)
{
	for (size_t i = 0; i < l->service_count; i++) {
		const struct loss_service *s = &l->service[i];
		if (s->removed.count == 0)
			continue;
		size_t all = s->kept.count + s->removed.count;
		if (s->kept.count == 0)
			say(c, PLAIN, "    %-24s loses all %zu actions\n", s->prefix, all);
		else
			say(c, PLAIN, "    %-24s keeps %zu of %zu actions\n", s->prefix, s->kept.count, all);
	}
}

static void gain_lines(const struct context *c, struct policy_set was, struct policy_set will,
		       struct arena *a)
{
	struct loss l = loss_of(a, will, was, c->catalog);
	for (size_t i = 0; i < l.service_count; i++) {
		const struct loss_service *s = &l.service[i];
		const char *names = "";
		if (s->removed.count == 0)
			continue;
		for (size_t k = 0; k < s->removed.count && k < 5; k++)
			names = str_printf(a, "%s%s%s", names, k > 0 ? ", " : "", s->removed.item[k]);
		say(c, PLAIN, "    %-24s gets %zu action%s: %s%s\n", s->prefix, s->removed.count,
		    s->removed.count == 1 ? "" : "s", names, s->removed.count > 5 ? ", …" : "");
	}
}

static void count_lines(const struct context *c, const struct plan *p, const struct principal *before)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	struct policy_set was, will;
	struct principal *after = plan_outcome(a, p, before, &e);
	if (after == NULL || !principal_policies(a, before, &was, &e) ||
	    !principal_policies(a, after, &will, &e)) {
		say(c, YELLOW, "    actions cannot be counted: %s\n", e.message);
		arena_free(a);
		return;
	}
	struct loss l = loss_of(a, was, will, c->catalog);
	loss_lines(c, &l);
	if (plan_undoes(p) != NULL)
		gain_lines(c, was, will, a);
	arena_free(a);
}

void view_plan_table(const struct context *c, const struct plan *p, const struct principal *before,
		     const struct loss *counted)
{
	int width = 15;
	for (size_t i = 0; i < before->attached_count; i++)
		if ((int)strlen(policy_label(before->attached[i].arn)) > width)
			width = (int)strlen(policy_label(before->attached[i].arn));
	for (size_t i = 0; i < before->inline_count; i++)
		if ((int)strlen(before->inline_policy[i].name) > width)
			width = (int)strlen(before->inline_policy[i].name);
	if (plan_archives_only(p)) {
		say(c, PLAIN, "    no policy changes; the finding is %s\n",
		    p->step[0].action.op == STEP_ARCHIVE_FINDING ? "archived" : "un-archived");
		return;
	}
	say(c, DIM, "    %-*s  %-16s  %s\n", width, "existing policy", "kind", "becomes");
	for (size_t i = 0; i < before->attached_count; i++)
		table_row(c, p, before->attached[i].arn, width);
	for (size_t i = 0; i < before->inline_count; i++)
		table_row(c, p, before->inline_policy[i].name, width);
	returning_rows(c, p, width);
	say(c, PLAIN, "    actions: %lld before, %lld after, ", (long long)p->impact.actions_before,
	    (long long)p->impact.actions_after);
	say(c, BOLD, "%lld removed\n", (long long)p->impact.actions_removed);
	if (counted != NULL)
		loss_lines(c, counted);
	else
		count_lines(c, p, before);
}

void view_gates(const struct context *c, const struct gate *gate, size_t count, bool all)
{
	size_t passed = 0;
	for (size_t i = 0; i < count; i++)
		passed += gate[i].result == GATE_PASS;
	if (passed == count && !all) {
		say(c, GREEN, "    all %zu gates pass\n", count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (gate[i].result == GATE_PASS && !all)
			continue;
		enum style s = gate[i].result == GATE_PASS   ? GREEN
			       : gate[i].result == GATE_FAIL ? RED
							     : YELLOW;
		say(c, PLAIN, "    %-17s ", gate[i].name);
		say(c, s, "%-8s", gate_result_name(gate[i].result));
		say(c, PLAIN, " %s\n", gate[i].evidence);
	}
}

void view_decision(const struct context *c, const struct decision *d, bool all)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct verdict *v = &d->verdict[i];
		if (v->kind == VERDICT_PASS && !all)
			continue;
		say(c, PLAIN, "    rule %-18s ", v->rule);
		say(c, v->kind == VERDICT_PASS ? DIM : YELLOW, "%s", verdict_name(v->kind));
		if (v->reason != NULL)
			say(c, PLAIN, ": %s", v->reason);
		if (v->until != NULL)
			say(c, PLAIN, " (until %s)", v->until);
		if (v->owner != NULL)
			say(c, PLAIN, " (owner %s)", v->owner);
		say(c, PLAIN, "\n");
	}
}

char *step_sentence(struct arena *a, const struct action *x, const char *principal)
{
	const char *op = step_op_name(x->op);
	switch (x->op) {
	case STEP_CREATE_POLICY:
		return str_printf(a, "%s %s%s", op, x->path, x->policy_name);
	case STEP_DELETE_POLICY:
		return str_printf(a, "%s %s", op, x->policy_arn);
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
		return str_printf(a, "%s %s to %s", op, x->policy_arn, principal);
	case STEP_DETACH_ROLE_POLICY:
	case STEP_DETACH_USER_POLICY:
		return str_printf(a, "%s %s from %s", op, x->policy_arn, principal);
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		return str_printf(a, "%s %s on %s", op, x->policy_name, principal);
	case STEP_DELETE_ROLE_POLICY:
	case STEP_DELETE_USER_POLICY:
		return str_printf(a, "%s %s of %s", op, x->policy_name, principal);
	default:
		return str_printf(a, "%s %s", op, x->finding);
	}
}

static void view_steps(const struct context *c, const struct plan *p)
{
	say(c, BOLD, "  steps, in order, and how each is undone\n");
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->step[i];
		enum style style = step_adds(s->action.op)      ? GREEN
				   : step_removes(s->action.op) ? RED
								: PLAIN;
		say(c, PLAIN, "    %zu. ", s->n);
		say(c, style, "%s", step_sentence(a, &s->action, p->principal.name));
		say(c, PLAIN, "%s\n", s->temporary ? "  (bridge, temporary)" : "");
		say(c, DIM, "       undone by %s\n", step_sentence(a, &s->inverse, p->principal.name));
	}
	arena_free(a);
}

static const char *bytes_at(const struct review_file *file, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(file[i].path, path))
			return file[i].bytes;
	return NULL;
}

static void view_diff(const struct context *c, struct arena *a, const char *path, const char *was,
		      const char *will)
{
	if ((was == NULL && will == NULL) ||
	    (strstr(path, "/inline/") == NULL && strstr(path, "/managed/") == NULL))
		return;
	const char *diff = text_diff(a, was != NULL ? was : "", will != NULL ? will : "");
	if (*diff == '\0')
		return;
	say(c, BOLD, "  %s\n", strrchr(path, '/') + 1);
	say_diff(c, diff, "    ");
}

/* The review files before and after are the per-policy diff people see on a forge, too. */
static void view_diffs(const struct context *c, const struct plan *p, const struct principal *before)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	struct review_file *was, *will;
	size_t was_count, will_count;
	if (!review_files(a, before, NULL, &was, &was_count, &e) ||
	    !review_files(a, before, p, &will, &will_count, &e)) {
		say(c, YELLOW, "    no diff: %s\n", e.message);
		arena_free(a);
		return;
	}
	for (size_t i = 0; i < was_count; i++)
		view_diff(c, a, was[i].path, was[i].bytes, bytes_at(will, will_count, was[i].path));
	for (size_t i = 0; i < will_count; i++)
		if (bytes_at(was, was_count, will[i].path) == NULL)
			view_diff(c, a, will[i].path, NULL, will[i].bytes);
	arena_free(a);
}

void view_plan(const struct context *c, const struct plan *p, const struct principal *before)
{
	say(c, BOLD, "%s %s", principal_type_name(p->principal.type), p->principal.name);
	say(c, PLAIN, "  account %s\n", p->account);
	say(c, PLAIN, "  plan     %s\n  digest   %s\n", p->id, p->digest);
	say(c, PLAIN, "  finding  %s\n", p->source.finding);
	say(c, PLAIN, "  made     %s, expires %s\n", p->created_at, p->expires_at);
	if (plan_undoes(p) != NULL)
		say(c, PLAIN, "  undoes   %s\n  that is  %s\n", plan_undoes(p), p->undoes_reason);
	say(c, PLAIN, "\n");
	view_plan_table(c, p, before, NULL);
	say(c, PLAIN, "\n");
	view_diffs(c, p, before);
	say(c, PLAIN, "\n");
	view_steps(c, p);
	say(c, BOLD, "\n  gates\n");
	view_gates(c, p->gate, p->gate_count, true);
	if (p->decision.count > 0)
		say(c, BOLD, "\n  rules\n");
	view_decision(c, &p->decision, true);
}
