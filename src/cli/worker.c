/* worker: see flow/worker.c. What only the command has: clients, the state folder, lines to print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pare/arn.h"
#include "pare/sqs.h"
#include "pare/str.h"
#include "pare/worker.h"
#include "pare/world.h"

enum { HIDDEN_S = 300, HIDDEN_MOST_S = 43200, WAIT_S = 20, ONCE_WAIT_S = 5, LINE_MAX_BYTES = 1048576 };

/* The context with another arena: what a round takes goes away with it. */
static struct context *for_round(const struct context *c, struct arena *a)
{
	struct context *mine = arena_alloc(a, sizeof *mine); /* clients keep its clock */
	*mine = *c;
	mine->arena = a;
	return mine;
}

static bool analyzer_region(struct context *c, const char **analyzer, const char **region,
			    struct err *e)
{
	struct arn arn;
	*analyzer = c->o->analyzer != NULL ? c->o->analyzer : c->config.analyzer;
	if (*analyzer == NULL)
		return err_set(e, ERR_USAGE, "finding the analyzer: give '--analyzer ARN' or set 'analyzer' in "
					     "pare.lua");
	if (!arn_parse(c->arena, *analyzer, &arn, e) || strcmp(arn.service, "access-analyzer") != 0)
		return err_set(e, ERR_USAGE, "option '--analyzer': expected an analyzer's ARN, got '%s'",
			       *analyzer);
	*region = arn.region;
	return true;
}

struct desk {
	struct context *c;
	struct accounts *accounts; /* of this round */
};

static bool connect_aws(void *self, struct arena *a, const char *account, struct read_port *out,
			const char **caller_arn, struct err *e)
{
	struct desk *d = self;
	struct account_access x;
	if (account == NULL) {
		struct context *c = for_round(d->c, a);
		const char *analyzer, *region;
		d->accounts = arena_alloc(a, sizeof *d->accounts);
		if (!analyzer_region(c, &analyzer, &region, e) ||
		    !accounts_open(c, region, d->accounts, e))
			return false;
		account_own(d->accounts, &x);
		if (!account_route(d->accounts, a, &x, "pare-worker", analyzer, e))
			return false;
	} else if (!account_open(d->accounts, a, account, "pare-worker", true, &x, e)) {
		return false;
	}
	*out = aws_read_port(x.aws);
	*caller_arn = x.caller_arn;
	return true;
}

static bool keep(void *self, struct arena *a, const struct outcome *o, struct err *e)
{
	const struct desk *d = self;
	return keep_plan(for_round(d->c, a), o, e);
}

static void print_json(const struct worked *w, struct json_writer *j)
{
	json_open(j, '{');
	json_member_text(j, "message", w->message->id);
	json_member_integer(j, "tries", w->message->tries);
	json_member_text(j, "result", work_result_name(w->result));
	json_member_text(j, "reason", w->reason);
	json_member_text(j, "finding", w->event != NULL ? w->event->finding : NULL);
	json_member_text(j, "principal", w->principal);
	json_member_text(j, "plan", w->plan != NULL ? w->plan->id : NULL);
	json_member_text(j, "digest", w->plan != NULL ? w->plan->digest : NULL);
	json_member_text(j, "branch", w->branch);
	json_member_text(j, "pullRequest", w->pull != NULL && w->pull->pull != NULL ? w->pull->pull->url : NULL);
	json_member_bool(j, "removed", w->removed);
	json_key(j, "hiddenSeconds");
	if (w->removed)
		json_put_null(j);
	else
		json_put_integer(j, w->hidden_s);
	json_close(j, '}');
}

static enum style style_of(enum work_result r)
{
	return r == WORK_PROPOSED ? GREEN : r == WORK_LATER || r == WORK_LEFT ? YELLOW : DIM;
}

static void say_worked(const struct context *c, const struct worked *w)
{
	const char *about = w->principal != NULL ? w->principal
			    : w->event != NULL && w->event->finding != NULL ? w->event->finding
									    : w->message->id;
	say(c, style_of(w->result), "%-16s", work_result_name(w->result));
	say(c, PLAIN, "  %s  %s", about, w->reason);
	if (w->branch != NULL)
		say(c, PLAIN, "; branch %s", w->branch);
	if (w->pull != NULL && w->pull->pull != NULL)
		say(c, PLAIN, "; %s", w->pull->pull->url);
	if (!w->removed)
		say(c, PLAIN, "; the message comes back (try %lld%s)", (long long)w->message->tries,
		    w->result == WORK_LEFT ? "; left to the dead-letter queue" : "");
	say(c, PLAIN, "\n");
}

static void tell(void *self, struct arena *a, const struct worked *w)
{
	const struct context *c = ((const struct desk *)self)->c;
	if (c->o->json) {
		struct json_writer j;
		struct buf *b = buf_new(a, LINE_MAX_BYTES);
		json_start(&j, b, true);
		print_json(w, &j);
		buf_putc(b, '\n');
		say_raw(b->data, b->len);
	} else {
		say_worked(c, w);
	}
	fflush(stdout); /* a line an event, as it happens */
	for (size_t i = 0; w->pull != NULL && i < w->pull->notes.count; i++)
		note(c, "%s", w->pull->notes.item[i]);
}

static bool settings(struct context *c, struct worker *w, struct err *e)
{
	const struct options *o = c->o;
	if (o->queue == NULL)
		return err_set(e, ERR_USAGE, "finding the queue: give '--queue URL'");
	if (o->visibility > HIDDEN_MOST_S)
		return err_set(e, ERR_USAGE, "option '--visibility': expected seconds from 1 to %d, got '%lld'",
			       HIDDEN_MOST_S, (long long)o->visibility);
	w->hidden_s = o->visibility > 0 ? (int)o->visibility : HIDDEN_S;
	w->wait_s = o->once ? ONCE_WAIT_S : WAIT_S;
	return true;
}

static bool work(struct context *c, struct err *e)
{
	struct worker w = {.config = &c->config, .catalog = c->catalog, .clock = &c->clock,
			   .progress = &c->progress, .ticket = c->o->ticket};
	struct str_list paths = {0};
	struct rules_port rules;
	struct review_port review;
	struct forge_port forge;
	struct queue_port queue;
	struct desk mine = {.c = c};
	const struct desk_port desk = {&mine, connect_aws, keep, tell};
	const char *region, *from;
	size_t received;
	/* The rules first: their process must not inherit anything secret. */
	if (!settings(c, &w, e) || !ticket_given(c, e) || !analyzer_region(c, &w.analyzer, &region, e) ||
	    !context_rules(c, &paths, e) || !rules_open(c->arena, &paths, &rules, e) ||
	    !context_review(c, &review, e) || !context_forge(c, &review, &forge, e) ||
	    !region_find(c->arena, region, &region, &from, e))
		return false;
	const struct credential_setting keys = {.region = region, .clock = &c->clock,
						.progress = &c->progress};
	c->credentials = credentials_open(c->arena, &keys);
	if (!sqs_open(c->arena, c->o->queue, region, c->credentials, &c->clock, &queue, e))
		return false;
	w.rules = &rules;
	w.review = &review;
	w.forge = forge.self != NULL ? &forge : NULL;
	w.queue = &queue;
	w.desk = &desk;
	return c->o->once ? worker_round(c->arena, &w, &received, e) : worker_run(c->arena, &w, e);
}

/* A signal is how a worker ends: everything is settled or given back then, so 0. */
int command_worker(struct arena *a, const struct options *o)
{
	struct context c;
	struct err e;
	if (context_open(a, o, &c, &e) && work(&c, &e))
		return EXIT_DONE;
	complain(&e);
	return exit_code_of(&e);
}
