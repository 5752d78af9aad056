#include "cli.h"
#include "pare/arn.h"
#include "pare/str.h"

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

static void print_entry(struct json_writer *w, const struct run_entry *x, const struct plan *p)
{
	json_open(w, '{');
	json_member_text(w, "finding", x->finding);
	json_member_text(w, "resource", x->resource);
	json_member_text(w, "outcome", outcome_name(x->kind));
	json_member_text(w, "reason", x->reason);
	print_verdicts(w, &x->decision);
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
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; p != NULL && i < p->step_count; i++)
		step_print(&p->step[i], w);
	json_close(w, ']');
	json_close(w, '}');
}

static void say_entry(struct context *c, const struct run_entry *x, const struct plan *p)
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
	if (p == NULL)
		return;
	say(c, BOLD, "  steps of plan %s\n", p->id);
	for (size_t i = 0; i < p->step_count; i++)
		say(c, PLAIN, "    %zu. %s\n", p->step[i].n,
		    step_sentence(c->arena, &p->step[i].action, p->principal.name));
}

int command_explain(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	struct run_record *run;
	if (o->words.count == 0) {
		err_set(&e, ERR_USAGE, "'pare explain': expected a role's name or a finding's id behind it");
		complain(&e);
		return EXIT_USAGE;
	}
	if (!context_open(a, o, &c, &e) || !kept_run(&c, &run, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	struct buf *b = buf_new(a, 16u * 1024 * 1024);
	struct json_writer w;
	json_start(&w, b, false);
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
		print_entry(&w, x, k.plan);
		if (!o->json)
			say_entry(&c, x, k.plan);
	}
	json_close(&w, ']');
	buf_putc(b, '\n');
	if (found == 0) {
		err_set(&e, ERR_NOT_FOUND,
			"explaining '%s': the last run (%s) saw no finding of this role or id: Access "
			"Analyzer calls nothing of it unused, or the run was filtered",
			o->words.item[0], run->created_at);
		complain(&e);
		return EXIT_FAILED;
	}
	if (o->json)
		say_raw(b->data, b->len);
	return EXIT_DONE;
}
