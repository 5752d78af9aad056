#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"
#include "pare/verify.h"
#include "pare/world.h"

static bool names(const struct run_entry *x, const char *word)
{
	return str_equal(x->finding, word) || str_equal(x->resource, word) ||
	       str_equal(x->plan_id, word) ||
	       (x->resource != NULL && str_equal_nocase(arn_name(x->resource), word));
}

static void print_verdicts(struct json_writer *w, const struct decision *d)
{
	json_key(w, "verdicts");
	json_open(w, '[');
	for (size_t i = 0; i < d->count; i++) {
		const struct verdict *v = &d->verdict[i];
		json_open(w, '{');
		json_member_text(w, "rule", v->rule);
		json_member_text(w, "verdict", verdict_name(v->kind));
		json_member_text(w, "reason", v->reason);
		json_member_text(w, "until", v->until);
		json_member_text(w, "owner", v->owner);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* Where the run's plans stand, and who has yet to approve; without the review repository, what this
 * machine knows of it. */
static bool read_standings(struct context *c, struct plan_status **out, size_t *count, struct err *e)
{
	struct review_port review, *r = NULL;
	struct approval_port approvals;
	struct forge_port forge;
	struct err gone;
	context_approvals(c, r, &forge, &approvals);
	if (c->config.repository.url != NULL) {
		if (context_review(c, &review, &gone) && review.fetch(review.self, &gone))
			r = &review;
		else
			note(c, "pare: %s; saying what this machine knows", gone.message);
	}
	return status_read(c->arena, &c->store, r, &approvals, &c->config, c->now_ms, out, count, e);
}

static const struct plan_status *standing_of(const struct plan_status *s, size_t count,
					     const struct plan *p)
{
	for (size_t i = 0; p != NULL && i < count; i++)
		if (str_equal(s[i].digest, p->digest))
			return &s[i];
	return NULL;
}

static void print_entry(struct json_writer *w, const struct run_entry *x, const struct plan *p,
			const struct plan_status *s)
{
	json_open(w, '{');
	json_member_text(w, "finding", x->finding);
	json_member_text(w, "resource", x->resource);
	json_member_text(w, "outcome", outcome_name(x->kind));
	json_member_text(w, "reason", x->reason);
	print_verdicts(w, &x->decision);
	json_member_list(w, "commands", &x->commands);
	json_key(w, "gates");
	json_open(w, '[');
	for (size_t i = 0; i < x->gate_count; i++) {
		json_open(w, '{');
		json_member_text(w, "gate", x->gate[i].name);
		json_member_text(w, "result", gate_result_name(x->gate[i].result));
		json_member_text(w, "evidence", x->gate[i].evidence);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_member_text(w, "plan", x->plan_id);
	json_member_text(w, "digest", x->plan_digest);
	json_member_text(w, "standing", s != NULL ? standing_name(s->standing) : NULL);
	json_member_text(w, "standingDetail", s != NULL ? s->detail : NULL);
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; p != NULL && i < p->step_count; i++)
		step_print(&p->step[i], w);
	json_close(w, ']');
	json_close(w, '}');
}

static void say_entry(struct context *c, const struct run_entry *x, const struct plan *p,
		      const struct plan_status *s)
{
	say(c, BOLD, "%s", x->resource != NULL ? arn_name(x->resource) : x->finding);
	say(c, PLAIN, "  %s: %s\n", outcome_name(x->kind), x->reason);
	say(c, PLAIN, "  finding %s (%s)\n", x->finding, x->finding_type);
	if (x->decision.count > 0)
		say(c, BOLD, "  rules, in order\n");
	view_decision(c, &x->decision, true);
	if (x->gate_count > 0)
		say(c, BOLD, "  gates\n");
	view_gates(c, x->gate, x->gate_count, true);
	if (x->commands.count > 0)
		say(c, BOLD, "  what a person would run\n");
	for (size_t i = 0; i < x->commands.count; i++)
		say(c, PLAIN, "    %s\n", x->commands.item[i]);
	if (p == NULL)
		return;
	if (s != NULL)
		say(c, PLAIN, "  %s, %zu/%zu steps%s%s\n", standing_name(s->standing), s->steps_done, s->step_count,
		    s->detail != NULL ? ": " : "", s->detail != NULL ? s->detail : "");
	say(c, BOLD, "  steps of plan %s\n", p->id);
	for (size_t i = 0; i < p->step_count; i++)
		say(c, PLAIN, "    %zu. %s\n", p->step[i].n,
		    step_sentence(c->arena, &p->step[i].action, p->principal.name));
}

/* Rollbacks are no finding's outcome: those drafted on this machine for a role, with their gates. */
static size_t explain_rollbacks(struct context *c, const char *word, struct json_writer *w,
				struct err *e)
{
	struct kept_plan *all;
	size_t count, found = 0;
	if (!kept_plans(c, &all, &count, e))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct plan *p = all[i].plan;
		if (plan_undoes(p) == NULL ||
		    (!str_equal_nocase(p->principal.name, word) && !str_equal(p->principal.arn, word) &&
		     !str_equal(p->id, word)))
			continue;
		found++;
		json_open(w, '{');
		json_member_text(w, "rollback", p->id);
		json_member_text(w, "scope", undo_scope_name(p->undo_scope));
		json_member_text(w, "undoes", plan_undoes(p));
		json_member_text(w, "reason", p->undoes_reason);
		json_member_bool(w, "allGatesPass", plan_all_pass(p));
		json_close(w, '}');
		if (c->o->json)
			continue;
		say(c, BOLD, "%s", p->principal.name);
		say(c, PLAIN, "  rollback %s: %s\n", p->id, p->undoes_reason);
		view_gates(c, p->gate, p->gate_count, true);
	}
	return found;
}

int command_explain(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	struct run_record *run;
	struct plan_status *standing = NULL;
	size_t standings = 0;
	if (o->words.count == 0) {
		err_set(&e, ERR_USAGE, "'pare explain': expected a role's name, a finding's or a plan's id behind it");
		complain(&e);
		return EXIT_USAGE;
	}
	if (!context_open(a, o, &c, &e) || !kept_run(&c, &run, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct json_writer w = json_page(a, 16u * 1024 * 1024);
	json_open(&w, '[');
	size_t found = 0;
	for (size_t i = 0; i < run->count; i++) {
		const struct run_entry *x = &run->entry[i];
		struct kept_plan k = {0};
		if (!names(x, o->words.item[0]))
			continue;
		found++;
		if (x->plan_id != NULL && !kept_plan_find(&c, x->plan_id, &k, &e)) {
			complain(&e);
			return exit_code_of(&e);
		}
		if (k.plan != NULL && standing == NULL && !read_standings(&c, &standing, &standings, &e)) {
			complain(&e);
			return exit_code_of(&e);
		}
		const struct plan_status *s = standing_of(standing, standings, k.plan);
		print_entry(&w, x, k.plan, s);
		if (!o->json)
			say_entry(&c, x, k.plan, s);
	}
	found += explain_rollbacks(&c, o->words.item[0], &w, &e);
	json_close(&w, ']');
	if (found == 0) {
		err_set(&e, ERR_NOT_FOUND,
			"explaining '%s': the last run (%s) saw no finding of this role or id: Access "
			"Analyzer calls nothing of it unused, or the run was filtered",
			o->words.item[0], run->created_at);
		complain(&e);
		return EXIT_FAILED;
	}
	if (o->json)
		say_json(&w);
	return EXIT_DONE;
}
