#include <stdlib.h>
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
	struct accounts accounts;
	struct str_list chosen; /* accounts; empty: all */
	const char *run_id;
	/* over all accounts */
	struct reports reports;
	int failed; /* of an account that could not be worked on; 0 none */
	struct str_list troubled, trouble; /* such accounts, and beside each what it was */
};

static bool wanted(const struct context *c, struct err *e)
{
	if (c->config.autofix.standing.count > 0)
		return true;
	return err_set(e, ERR_USAGE,
		       "'pare autofix': the configuration honours no standing approval; name them: autofix = { "
		       "standing = { \"name\" }, signers = \"file\" }");
}

static bool open_accounts(struct job *j, struct err *e)
{
	struct context *c = &j->c;
	const char *analyzer = c->o->analyzer != NULL ? c->o->analyzer : c->config.analyzer;
	struct arn arn = {.region = NULL};
	if (c->o->all_analyzers)
		arn.region = region_of_all(c);
	else if (analyzer != NULL && !arn_parse(c->arena, analyzer, &arn, e))
		return false;
	return accounts_open(c, arn.region, &j->accounts, e) && accounts_choose(&j->accounts, &j->chosen, e);
}

/* Where plans that were begun before can be gone on with. */
static struct str_list reachable(struct job *j)
{
	struct str_list own = {0};
	if (j->chosen.count > 0)
		return j->chosen;
	if (j->c.config.accounts.assume_role == NULL)
		str_list_add(j->c.arena, &own, j->accounts.caller_account);
	return own;
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

/* Nobody can work in an account that is closed. */
static void leave_out_inactive(struct job *j)
{
	for (size_t i = 0; i < j->fix.count; i++) {
		struct autofix_item *x = &j->fix.item[i];
		const char *state = accounts_inactive(&j->accounts, x->item.plan->account);
		if (x->under == NULL || state == NULL)
			continue;
		x->under = NULL;
		x->waits = true;
		x->why = str_printf(j->c.arena, "account %s is %s in AWS Organizations", x->item.plan->account, state);
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
	    !keep_run(c, &j->run, json, e) || !open_accounts(j, e) || !collect(j, &item, &count, e))
		return false;
	approval_open(&c->config, &j->approvals);
	j->fix = (struct autofix){.arena = a, .review = &j->review, .store = &c->store,
				  .config = &c->config, .approvals = &j->approvals, .accounts = reachable(j),
				  .principals_seen = j->run.principals_seen};
	if (!autofix_sort(&j->fix, item, count, c->now_ms, e))
		return false;
	leave_out_inactive(j);
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

static const char *trouble_of(const struct job *j, const char *account)
{
	for (size_t i = 0; i < j->troubled.count; i++)
		if (strcmp(j->troubled.item[i], account) == 0)
			return j->trouble.item[i];
	return NULL;
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
		json_member_text(w, "account", x->item.plan->account);
		json_member_text(w, "principal", x->item.plan->principal.arn);
		json_member_text(w, "standing", x->under != NULL ? x->under->name : NULL);
		const char *why = got != NULL && got->why.kind != ERR_NONE ? got->why.message : x->why;
		if (got == NULL && x->under != NULL)
			why = trouble_of(j, x->item.plan->account);
		json_member_text(w, "why", why);
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

static bool open_account(struct job *j, struct arena *a, const char *account, struct account_access *out,
			 struct err *e)
{
	const struct autofix *x = &j->fix;
	const char *session = NULL;
	for (size_t i = 0; i < x->count && session == NULL; i++)
		if (x->item[i].under != NULL && str_equal(x->item[i].item.plan->account, account))
			session = str_printf(a, "pare-%.12s", x->item[i].item.plan->digest);
	if (!account_open(&j->accounts, a, account, session, false, out, e))
		return err_wrap(e, "account %s", account);
	for (size_t i = 0; i < x->count; i++)
		if (x->item[i].under != NULL && str_equal(x->item[i].item.plan->account, account) &&
		    !account_route_plan(&j->accounts, a, out, session, x->item[i].item.plan, e))
			return false;
	return true;
}

/* One account: its own keys, session and lock. Its trouble is its own. */
static bool work_in(void *self, const char *account)
{
	struct job *j = self;
	struct context *c = &j->c;
	struct arena *moment = arena_new(c->arena);
	struct apply_report *report = NULL;
	struct str_list digests = {0};
	struct account_access x;
	struct err e;
	size_t count = 0;
	autofix_digests(&j->fix, account, &digests);
	bool ok = open_account(j, moment, account, &x, &e);
	if (ok) {
		struct session s = executor_session(c, x.aws, &j->review, &j->approvals, x.caller_arn, account);
		struct approved_port approved = autofix_approved(&j->fix);
		s.approved = &approved;
		s.run = j->run_id;
		j->fix.account = account;
		ok = session_run(c->arena, &s, &digests, &report, &count, &e);
	}
	if (!ok) {
		complain(&e);
		j->failed = exit_code_of(&e);
		str_list_add(c->arena, &j->troubled, account);
		str_list_add(c->arena, &j->trouble, arena_strdup(c->arena, e.message));
	}
	reports_add(c->arena, &j->reports, report, count);
	arena_free(moment);
	return ok && worst(report, count) == EXIT_DONE;
}

static int by_wave(const void *x, const void *y, void *config)
{
	const char *const *a = x, *const *b = y;
	size_t v = account_wave(config, *a), w = account_wave(config, *b);
	return v != w ? (v < w ? -1 : 1) : strcmp(*a, *b);
}

/* Of the plans that will run, in the order of their waves. */
static bool accounts_of(struct job *j, struct str_list *out, struct err *e)
{
	*out = (struct str_list){0};
	for (size_t i = 0; i < j->fix.count; i++) {
		const char *account = j->fix.item[i].item.plan->account;
		if (j->fix.item[i].under != NULL && !str_list_has(out, account))
			str_list_add(j->c.arena, out, account);
	}
	if (!accounts_waves(&j->accounts, out, e))
		return false;
	if (out->count > 1)
		qsort_r(out->item, out->count, sizeof out->item[0], by_wave, &j->c.config);
	return true;
}

static void run_accounts(struct job *j, const struct str_list *accounts)
{
	struct context *c = &j->c;
	const char *why;
	j->run_id = session_run_id(c->arena, j->accounts.caller_account, c->clock.now_ms(c->clock.self));
	size_t begun = rollout(c, accounts, work_in, j, &why);
	if (begun == accounts->count)
		return;
	note(c, "%s: %zu accounts were not started; 'pare autofix' goes on with them",
	     why != NULL ? why : "interrupted", accounts->count - begun);
	if (why == NULL)
		j->failed = EXIT_INTERRUPTED;
}

static int carry_out(struct job *j, struct json_writer *w)
{
	struct context *c = &j->c;
	struct str_list accounts;
	struct err e;
	/* A copy for showing: the sessions ask anew and drop what may not run any more. */
	struct autofix shown = j->fix;
	shown.item = arena_array(c->arena, j->fix.count + 1, sizeof *shown.item);
	if (j->fix.count > 0)
		memcpy(shown.item, j->fix.item, j->fix.count * sizeof *shown.item);
	if (accounts_of(j, &accounts, &e) && autofix_record(&j->fix, c->now_ms, &e)) {
		run_accounts(j, &accounts);
	} else {
		complain(&e);
		j->failed = exit_code_of(&e);
	}
	j->fix = shown;
	if (!c->o->json && j->reports.count > 0)
		say_reports(c, j->reports.item, j->reports.count);
	json_key(w, "plans");
	print_items(j, j->reports.item, j->reports.count, w);
	int code = worst(j->reports.item, j->reports.count);
	if (begun_and_refused(j) > 0)
		return EXIT_PERSON;
	return code == EXIT_PERSON || j->failed == 0 ? code : j->failed;
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
