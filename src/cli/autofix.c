#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/autofix.h"
#include "pare/str.h"
#include "pare/world.h"

/* Exit codes as of apply; what is proposed instead is done (0). */
struct job {
	struct context c;
	struct review_port review;
	struct approval_port approvals;
	struct forge_port forge;
	struct run run;
	struct autofix fix;
	struct kept_plan *kept; /* beside the items that autofix_sort was given */
	size_t kept_count;
	const char *caller_arn;
	struct aws *aws;
};

static bool wanted(const struct context *c, struct err *e)
{
	if (c->config.autofix.standing.count > 0)
		return true;
	return err_set(e, ERR_USAGE,
		       "'pare autofix': the configuration honours no standing approval; name them: autofix = { "
		       "standing = { \"name\" }, signers = \"file\" }");
}

static bool open_aws(struct job *j, struct err *e)
{
	struct context *c = &j->c;
	const char *analyzer = c->o->analyzer != NULL ? c->o->analyzer : c->config.analyzer;
	struct arn arn = {.region = NULL};
	if (analyzer != NULL && !arn_parse(c->arena, analyzer, &arn, e))
		return false;
	if (!context_aws(c, arn.region, &j->aws, e))
		return false;
	struct read_port reads = aws_read_port(j->aws);
	return context_caller(c, &reads, &j->caller_arn, &j->fix.account, e);
}

/* The run's plans whose gates all pass, as they were kept. */
static bool collect(struct job *j, struct proposal_item **out, size_t *count, struct err *e)
{
	struct arena *a = j->c.arena;
	j->kept = arena_array(a, j->run.count + 1, sizeof *j->kept);
	*out = arena_array(a, j->run.count + 1, sizeof **out);
	*count = 0;
	for (size_t i = 0; i < j->run.count; i++) {
		const struct outcome *o = &j->run.outcome[i];
		struct kept_plan *k = &j->kept[j->kept_count];
		if (o->kind != OUTCOME_PLANNED)
			continue;
		if (!kept_plan_find(&j->c, o->plan->id, k, e))
			return false;
		/* Tags and all else as it was read now. */
		(*out)[(*count)++] = (struct proposal_item){o->plan, o->principal, k->finding_json,
							    k->recommendation_json, {0}, j->c.o->ticket};
		j->kept_count++;
	}
	return true;
}

/* The first ones, where the command line allows fewer. */
static void keep_within(struct job *j)
{
	size_t chosen = 0;
	if (j->c.o->max_changes == 0)
		return;
	for (size_t i = 0; i < j->fix.count; i++) {
		struct autofix_item *x = &j->fix.item[i];
		if (x->under != NULL && ++chosen > (size_t)j->c.o->max_changes) {
			x->under = NULL;
			x->waits = true;
			x->why = "'--max-changes' leaves it for a later run";
		}
	}
}

static bool prepare(struct job *j, struct arena *a, const struct options *o, struct err *e)
{
	struct context *c = &j->c;
	struct proposal_item *item;
	size_t count;
	struct buf *json = buf_new(a, 256u * 1024 * 1024);
	if (!context_open(a, o, c, e) || !wanted(c, e) || !ticket_given(c, e) ||
	    !context_review(c, &j->review, e) || !context_forge(c, &j->review, &j->forge, e) || !make_run(c, &j->run, e) ||
	    !keep_run(c, &j->run, json, e) || !open_aws(j, e) || !collect(j, &item, &count, e))
		return false;
	approval_open(&c->config, &j->approvals);
	j->fix = (struct autofix){.arena = a, .review = &j->review, .store = &c->store,
				  .config = &c->config, .approvals = &j->approvals, .account = j->fix.account,
				  .principals_seen = j->run.principals_seen};
	if (!autofix_sort(&j->fix, item, count, c->now_ms, e))
		return false;
	keep_within(j);
	return true;
}

static void say_item(const struct context *c, const struct autofix_item *x)
{
	const struct plan *p = x->item.plan;
	if (x->under != NULL)
		say(c, GREEN, "covered   ");
	else
		say(c, YELLOW, x->waits ? "waits     " : "proposed  ");
	say(c, PLAIN, "%s  plan %s%s\n", p->principal.name, p->id, x->resumed ? " (begun before)" : "");
	say(c, DIM, "          %s%s\n", x->under != NULL ? "under standing approval " : "",
	    x->under != NULL ? x->under->name : x->why);
}

static void say_items(const struct job *j)
{
	const struct context *c = &j->c;
	for (size_t i = 0; i < j->fix.standing_count; i++)
		if (j->fix.standing[i].wrong != NULL)
			note(c, "pare: standing approval '%s' is not honoured: %s", j->fix.standing[i].name,
			     j->fix.standing[i].wrong);
	for (size_t i = 0; !c->o->json && i < j->fix.count; i++)
		say_item(c, &j->fix.item[i]);
	if (!c->o->json && j->fix.count == 0)
		say(c, PLAIN, "no plan whose gates all pass\n");
}

/* What is not covered takes the ordinary road. What was begun does not: it is half done, and a person
 * has to look. */
static bool propose_rest(struct job *j, struct json_writer *w, struct err *e)
{
	struct context *c = &j->c;
	struct kept_plan *rest = arena_array(c->arena, j->fix.count + 1, sizeof *rest);
	size_t count = 0;
	for (size_t i = 0; i < j->fix.count; i++) {
		const struct autofix_item *x = &j->fix.item[i];
		if (x->under != NULL || x->waits || x->resumed)
			continue;
		for (size_t k = 0; k < j->kept_count; k++)
			if (str_equal(j->kept[k].plan->digest, x->item.plan->digest))
				rest[count++] = j->kept[k];
	}
	return propose_all(c, &j->review, &j->forge, rest, count, w, e);
}

static void print_items(const struct job *j, const struct apply_report *r, size_t count,
			struct json_writer *w)
{
	json_open(w, '[');
	for (size_t i = 0; i < j->fix.count; i++) {
		const struct autofix_item *x = &j->fix.item[i];
		const struct apply_report *got = NULL;
		for (size_t k = 0; k < count; k++)
			if (str_equal(r[k].plan->digest, x->item.plan->digest))
				got = &r[k];
		json_open(w, '{');
		json_member_text(w, "plan", x->item.plan->id);
		json_member_text(w, "digest", x->item.plan->digest);
		json_member_text(w, "principal", x->item.plan->principal.arn);
		json_member_text(w, "standing", x->under != NULL ? x->under->name : NULL);
		json_member_text(w, "why", got != NULL && got->why.kind != ERR_NONE ? got->why.message : x->why);
		json_member_text(w, "result", got != NULL ? apply_result_name(got->result) : NULL);
		json_member_bool(w, "waits", x->waits);
		json_member_bool(w, "resumed", x->resumed);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static size_t begun_and_refused(const struct job *j)
{
	size_t count = 0;
	for (size_t i = 0; i < j->fix.count; i++)
		count += j->fix.item[i].resumed && j->fix.item[i].under == NULL;
	return count;
}

static int carry_out(struct job *j, struct json_writer *w)
{
	struct context *c = &j->c;
	struct apply_report *report = NULL;
	struct str_list digests = {0};
	size_t count = 0;
	struct err e;
	bool ok = true;
	/* A copy for showing: the session asks anew and drops what may not run any more. */
	struct autofix shown = j->fix;
	shown.item = arena_array(c->arena, j->fix.count + 1, sizeof *shown.item);
	if (j->fix.count > 0)
		memcpy(shown.item, j->fix.item, j->fix.count * sizeof *shown.item);
	autofix_digests(&j->fix, &digests);
	if (digests.count > 0) {
		struct session s = executor_session(c, j->aws, &j->review, &j->approvals, j->caller_arn,
						    j->fix.account);
		struct approved_port approved = autofix_approved(&j->fix);
		s.approved = &approved;
		ok = autofix_record(&j->fix, c->now_ms, &e) &&
		     session_run(c->arena, &s, &digests, &report, &count, &e);
	}
	j->fix = shown;
	if (!c->o->json && count > 0)
		say_reports(c, report, count);
	json_key(w, "plans");
	print_items(j, report, count, w);
	if (!ok) {
		complain(&e);
		return count > 0 && worst(report, count) == EXIT_PERSON ? EXIT_PERSON : exit_code_of(&e);
	}
	return begun_and_refused(j) > 0 ? EXIT_PERSON : worst(report, count);
}

static int run(struct job *j)
{
	struct context *c = &j->c;
	struct json_writer w = json_page(c->arena, 64u * 1024 * 1024);
	struct err e;
	int code = EXIT_DONE;
	say_items(j);
	json_open(&w, '{');
	if (c->o->dry_run) {
		json_key(&w, "plans");
		print_items(j, NULL, 0, &w);
	} else {
		code = carry_out(j, &w);
		json_key(&w, "proposals");
		json_open(&w, '[');
		if (!propose_rest(j, &w, &e)) {
			complain(&e);
			code = code == EXIT_DONE ? exit_code_of(&e) : code;
		}
		json_close(&w, ']');
	}
	json_close(&w, '}');
	if (c->o->json)
		say_json(&w);
	else if (c->o->dry_run)
		say(c, PLAIN, "Dry run: nothing was recorded, proposed or changed.\n");
	return code;
}

int command_autofix(struct arena *a, const struct options *o)
{
	struct job j = {0};
	struct err e;
	if (prepare(&j, a, o, &e))
		return run(&j);
	complain(&e);
	return exit_code_of(&e);
}
