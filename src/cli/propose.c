#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pare/propose.h"
#include "pare/pull_request.h"
#include "pare/str.h"
#include "pare/ticket.h"

/* Named plans, or all of the last run that may be proposed. */
static bool choose(struct context *c, struct kept_plan **out, size_t *count, struct err *e)
{
	const struct str_list *words = &c->o->words;
	struct run_record *run;
	size_t n = 0;
	if (words->count > 0) {
		*out = arena_array(c->arena, words->count, sizeof **out);
		for (size_t i = 0; i < words->count; i++) {
			struct kept_plan *k = &(*out)[n++];
			if (!kept_plan_find(c, words->item[i], k, e))
				return false;
			if (!plan_all_pass(k->plan))
				return err_set(e, ERR_REFUSED,
					       "proposing plan '%s': not every gate passes; 'pare explain %s' says why",
					       k->plan->id, k->plan->principal.name);
		}
		*count = n;
		return true;
	}
	if (!kept_run(c, &run, e))
		return false;
	*out = arena_array(c->arena, run->count + 1, sizeof **out);
	for (size_t i = 0; i < run->count; i++)
		if (run->entry[i].kind == OUTCOME_PLANNED &&
		    !kept_plan_find(c, run->entry[i].plan_id, &(*out)[n++], e))
			return false;
	*count = n;
	return true;
}

/* A plan made before a review repository was named takes the one it is proposed to; its digest is
 * made anew, before anybody has seen it. */
static bool name_repository(struct context *c, struct kept_plan *k, struct err *e)
{
	if (c->config.repository.url == NULL || k->plan->repository[0] != '\0')
		return true;
	k->plan->repository = c->config.repository.url;
	k->plan->branch = c->config.repository.branch;
	return plan_seal(c->arena, k->plan, e);
}

static bool keep_proposed(struct context *c, const struct plan *p, struct err *e)
{
	return c->store.write(c->store.self,
			      str_printf(c->arena, "%s/plan.json", plan_folder(c->arena, p)), p->bytes, p->len,
			      e);
}

static int by_account(const void *x, const void *y)
{
	const struct kept_plan *p = x, *q = y;
	int order = strcmp(p->plan->account, q->plan->account);
	return order != 0 ? order : strcmp(p->plan->id, q->plan->id);
}

static void say_pull(const struct context *c, const struct pull_report *r)
{
	if (r->pull == NULL) {
		say(c, DIM, "  no pull request: the plans are merged already\n");
		return;
	}
	say(c, PLAIN, "  pull request %s: %s\n", r->done, r->pull->url);
	for (size_t i = 0; i < r->notes.count; i++)
		note(c, "%s", r->notes.item[i]);
}

static void say_proposal(const struct context *c, const struct proposal *p, const struct pull_report *r)
{
	say(c, p->existed ? DIM : GREEN, "%s", p->existed ? "already proposed" : "proposed");
	say(c, PLAIN, "  account %s: %zu plan%s on branch %s (%.12s)\n", p->account, p->plan_count,
	    p->plan_count == 1 ? "" : "s", p->branch, p->commit);
	if (r != NULL)
		say_pull(c, r);
	if (c->o->quiet || r != NULL)
		return;
	say(c, PLAIN, "\n");
	say(c, BOLD, "%s\n\n", p->title);
	say(c, PLAIN, "%s\n", p->body);
}

static void print_pull(struct json_writer *w, const struct pull_report *r)
{
	json_key(w, "pullRequest");
	if (r == NULL || r->pull == NULL) {
		json_put_null(w);
		return;
	}
	json_open(w, '{');
	json_member_integer(w, "number", r->pull->number);
	json_member_text(w, "url", r->pull->url);
	json_member_text(w, "done", r->done);
	json_member_list(w, "notes", &r->notes);
	json_close(w, '}');
}

static void print_proposal(struct json_writer *w, const struct proposal *p, const struct pull_report *r)
{
	json_open(w, '{');
	json_member_text(w, "account", p->account);
	json_member_text(w, "branch", p->branch);
	json_member_text(w, "commit", p->commit);
	json_member_bool(w, "existed", p->existed);
	json_member_integer(w, "plans", (int64_t)p->plan_count);
	json_member_text(w, "title", p->title);
	json_member_text(w, "body", p->body);
	print_pull(w, r);
	json_close(w, '}');
}

bool ticket_given(const struct context *c, struct err *e)
{
	const char *id = c->o->ticket, *pattern = c->config.ticket.pattern;
	if (id == NULL)
		return !c->config.ticket.required ||
		       err_set(e, ERR_USAGE, "the configuration requires a change ticket: give '--ticket ID'%s%s",
			       pattern != NULL ? ", which matches " : "", pattern != NULL ? pattern : "");
	if (!ticket_valid(id))
		return err_set(e, ERR_USAGE,
			       "option '--ticket': expected at most %d letters, digits and . _ : / # -, got '%s'",
			       TICKET_MAX, id);
	return pattern == NULL || ticket_matches(pattern, id) ||
	       err_set(e, ERR_USAGE, "option '--ticket': '%s' does not match the configuration's pattern '%s'", id,
		       pattern);
}

bool propose_all(struct context *c, const struct review_port *review, const struct forge_port *forge,
		 const struct kept_plan *k, size_t count, struct json_writer *w, struct err *e)
{
	for (size_t i = 0; i < count;) {
		struct proposal_item *item = arena_array(c->arena, PROPOSAL_MAX_PLANS, sizeof *item);
		struct proposal p = {0};
		size_t n = 0;
		const char *account = k[i].plan->account;
		while (i < count && n < PROPOSAL_MAX_PLANS && strcmp(k[i].plan->account, account) == 0) {
			item[n] = (struct proposal_item){k[i].plan, k[i].before, k[i].finding_json,
							 k[i].recommendation_json, {0}, c->o->ticket};
			if (!kept_documents(c, k[i].plan, &item[n].documents, e))
				return err_wrap(e, "proposing plan '%s'", k[i].plan->id);
			n++;
			i++;
		}
		c->progress.step(c->progress.self, "proposing", i, count);
		if (!propose(c->arena, review, &c->config, item, n, c->now_ms, &p, e))
			return err_wrap(e, "proposing %zu plans for account %s", n, account);
		for (size_t m = 0; m < n; m++)
			if (!keep_proposed(c, item[m].plan, e))
				return false;
		struct pull_report report, *r = forge->self != NULL ? &report : NULL;
		if (r != NULL && !pull_request_open(c->arena, forge, &c->config, item, n, &p, r, e))
			return err_wrap(e, "the branch '%s' is pushed; run again to go on", p.branch);
		print_proposal(w, &p, r);
		if (!c->o->json)
			say_proposal(c, &p, r);
	}
	return true;
}

int command_propose(struct arena *a, const struct options *o)
{
	struct context c;
	struct review_port review;
	struct forge_port forge;
	struct kept_plan *k;
	size_t count = 0;
	struct err e;
	if (!context_open(a, o, &c, &e) || !ticket_given(&c, &e) || !choose(&c, &k, &count, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	if (count == 0) {
		if (o->json)
			say_raw("[]\n", 3);
		else
			say(&c, PLAIN, "nothing to propose: the last run has no plan whose gates all pass\n");
		return EXIT_DONE;
	}
	for (size_t i = 0; i < count; i++)
		if (!name_repository(&c, &k[i], &e)) {
			complain(&e);
			return exit_code_of(&e);
		}
	qsort(k, count, sizeof *k, by_account);
	struct json_writer w = json_page(a, 64u * 1024 * 1024);
	json_open(&w, '[');
	/* The forge first: without a token nothing is pushed. */
	if (!context_review(&c, &review, &e) || !context_forge(&c, &review, &forge, &e) ||
	    !propose_all(&c, &review, &forge, k, count, &w, &e)) {
		complain(&e);
		return exit_code_of(&e);
	}
	json_close(&w, ']');
	if (o->json)
		say_json(&w);
	return EXIT_DONE;
}
