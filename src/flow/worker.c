#include "pare/worker.h"

#include <string.h>

#include "claim.h"
#include "pare/checks.h"
#include "pare/draft.h"
#include "pare/gather.h"
#include "pare/history.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "worker_beat.h"

enum {
	LATER_FIRST_S = 60,	 /* and four times as long each time */
	LATER_MOST_S = 6 * 3600, /* SQS: at most 12 hours */
	LEFT_TRIES = 20,	 /* a queue without a dead-letter queue must not spin */
	LEFT_S = 900,
	CLAIM_TRIES = 5,
	PAUSE_FIRST_MS = 1000,
	PAUSE_MOST_MS = 60000,
	EVIDENCE_MAX_BYTES = 64 * 1024 * 1024,
};

struct round {
	struct arena *arena;
	const struct worker *w;
	struct beat beat;
	struct clock_port clock; /* with the beat */
	struct read_port aws; /* of the analyzer's account */
	struct part {         /* the findings of one account, and its AWS */
		struct gathered g;
		struct read_port aws;
		const char *caller_arn;
		bool reachable;
	} *part;
	size_t parts;
	struct history history;
	struct worked worked[QUEUE_BATCH];
	bool done[QUEUE_BATCH];
	size_t count;
	bool stop; /* no use to go on, and why */
	struct err why;
};

const char *work_result_name(enum work_result r)
{
	static const char *const names[] = {"proposed", "already-proposed", "needless",
					    "later",	"left",		    "given-back"};
	return names[r];
}

bool worker_transient(enum err_kind k)
{
	return k == ERR_THROTTLED || k == ERR_UNAVAILABLE || k == ERR_UNCERTAIN || k == ERR_CONFLICT;
}

static int64_t now(const struct worker *w)
{
	return w->clock->now_ms(w->clock->self);
}

static bool interrupted(const struct worker *w)
{
	return w->clock->interrupted(w->clock->self);
}

/* --- the end of messages --- */

static int later_s(int64_t tries)
{
	int s = LATER_FIRST_S;
	for (int64_t i = 1; i < tries && s < LATER_MOST_S; i++)
		s *= 4;
	return s < LATER_MOST_S ? s : LATER_MOST_S;
}

static int hidden_after(const struct worked *x)
{
	if (x->result == WORK_LATER)
		return later_s(x->message->tries);
	return x->result == WORK_LEFT && x->message->tries > LEFT_TRIES ? LEFT_S : 0;
}

static bool settles(enum work_result r)
{
	return r == WORK_PROPOSED || r == WORK_ALREADY || r == WORK_NEEDLESS;
}

/* Q1: the only place where messages are removed. */
static void end(struct round *r, const bool chosen[QUEUE_BATCH], const struct worked *how)
{
	const struct queue_port *q = r->w->queue;
	const struct queue_message *gone[QUEUE_BATCH];
	size_t count = 0;
	struct err e;
	for (size_t i = 0; i < r->count; i++)
		if (chosen[i] && !r->done[i])
			gone[count++] = r->worked[i].message;
	bool removed = count > 0 && settles(how->result) && q->remove(q->self, gone, count, &e);
	for (size_t i = 0; i < r->count; i++) {
		struct worked *x = &r->worked[i];
		if (!chosen[i] || r->done[i])
			continue;
		const struct worked was = *x;
		*x = *how;
		x->message = was.message;
		x->event = was.event;
		x->removed = removed;
		x->hidden_s = removed ? 0 : settles(how->result) ? r->w->hidden_s : hidden_after(x);
		r->done[i] = true;
		beat_drop(&r->beat, x->message);
		if (!settles(how->result)) /* where that fails it comes back by itself */
			q->hide(q->self, x->message, x->hidden_s, &e);
		r->w->desk->tell(r->w->desk->self, r->arena, x);
	}
}

static void end_one(struct round *r, size_t i, enum work_result result, const char *reason)
{
	bool chosen[QUEUE_BATCH] = {false};
	const struct worked how = {.result = result, .reason = reason};
	chosen[i] = true;
	end(r, chosen, &how);
}

static void end_finding(struct round *r, const char *finding, const struct worked *how)
{
	bool chosen[QUEUE_BATCH] = {false};
	for (size_t i = 0; i < r->count; i++)
		chosen[i] = r->worked[i].event != NULL &&
			    str_equal(r->worked[i].event->finding, finding);
	end(r, chosen, how);
}

static void end_rest(struct round *r, enum work_result result, const char *reason)
{
	bool chosen[QUEUE_BATCH] = {false};
	const struct worked how = {.result = result, .reason = reason};
	for (size_t i = 0; i < r->count; i++)
		chosen[i] = true;
	end(r, chosen, &how);
}

static void give_back(struct round *r)
{
	end_rest(r, WORK_GIVEN_BACK, "a signal asked to stop");
}

/* What stops one message stops the next one as well, unless it is about the finding or passes. */
static void failed(struct round *r, const struct err *e)
{
	if (r->stop || (e->kind != ERR_AUTH && e->kind != ERR_USAGE && e->kind != ERR_IO))
		return;
	r->stop = true;
	r->why = *e;
}

static void later(struct round *r, struct worked *how, const struct err *e)
{
	bool signalled = e->kind == ERR_INTERRUPTED || interrupted(r->w);
	how->result = signalled ? WORK_GIVEN_BACK : WORK_LATER;
	how->reason = arena_strdup(r->arena, e->message);
	failed(r, e);
}

/* --- a plan becomes a proposal --- */

static const char *print_finding(struct round *r, const struct finding *f)
{
	struct buf *b = buf_new(r->arena, EVIDENCE_MAX_BYTES);
	finding_print(f, b);
	return buf_ok(b) ? b->data : NULL;
}

static const char *print_recommendation(struct round *r, const struct recommendation *x)
{
	struct buf *b = buf_new(r->arena, EVIDENCE_MAX_BYTES);
	if (x == NULL)
		return NULL;
	recommendation_print(x, b);
	return buf_ok(b) ? b->data : NULL;
}

/* To the end, and again to the same end (K3). */
static bool carry_on(struct round *r, const struct outcome *o, struct plan *plan, struct claim *c,
		     struct worked *how, struct err *e)
{
	const struct worker *w = r->w;
	struct outcome kept = *o;
	const struct proposal_item item = {.plan = plan, .before = o->principal,
					   .finding_json = print_finding(r, o->finding),
					   .recommendation_json = print_recommendation(r, o->recommendation),
					   .ticket = w->ticket};
	struct proposal p;
	struct pull_report *pull = w->forge != NULL ? arena_alloc(r->arena, sizeof *pull) : NULL;
	kept.plan = plan;
	if (!w->desk->keep(w->desk->self, r->arena, &kept, e))
		return false;
	beat_now(&r->beat);
	if (!propose(r->arena, w->review, w->config, &item, 1, now(w), &p, e))
		return err_wrap(e, "proposing plan '%s'", plan->id);
	beat_now(&r->beat);
	if (pull != NULL && !pull_request_open(r->arena, w->forge, w->config, &item, 1, &p, pull, e))
		return err_wrap(e, "the branch '%s' is pushed, its pull request is not open", p.branch);
	/* Somebody who settled it in this moment did what we would. */
	if (!claim_settle(r->arena, w->review, p.branch, w->config->author, now(w), c, e) &&
	    e->kind != ERR_CONFLICT)
		return false;
	how->result = p.existed ? WORK_ALREADY : WORK_PROPOSED;
	how->reason = p.merged ? "its plan is merged already"
		      : p.existed ? "the same change is proposed already"
				  : "proposed";
	how->plan = plan;
	how->branch = p.branch;
	how->pull = pull;
	return true;
}

static bool already(struct round *r, const struct claim *c, struct worked *how, struct err *e)
{
	char oid[OID_HEX];
	const struct review_port *v = r->w->review;
	const char *ref = str_printf(r->arena, "refs/heads/%s", c->branch);
	if (!v->resolve(v->self, ref, oid, e))
		return false;
	how->result = WORK_ALREADY;
	how->plan = c->plan;
	how->branch = c->branch;
	how->reason = oid[0] != '\0'
			      ? "the same change is proposed already"
			      : str_printf(r->arena,
					   "the same change was proposed already, and its branch is gone: it is not "
					   "proposed again before %s",
					   c->plan->expires_at);
	return true;
}

/* *again: somebody else claimed the change in this moment. */
static bool try_propose(struct round *r, const struct outcome *o, struct worked *how, bool *again,
			struct err *e)
{
	const struct worker *w = r->w;
	struct claim c;
	struct plan *elsewhere;
	*again = false;
	beat_now(&r->beat);
	if (!w->review->fetch(w->review->self, e) ||
	    !claim_read(r->arena, w->review, o->plan, now(w), &c, e))
		return false;
	if (c.plan != NULL)
		return c.settled ? already(r, &c, how, e) : carry_on(r, o, c.plan, &c, how, e);
	if (!claim_elsewhere(r->arena, w->review, w->config->repository.branch, o->plan, now(w),
			     &elsewhere, e))
		return false;
	if (elsewhere != NULL) {
		how->result = WORK_ALREADY;
		how->plan = elsewhere;
		how->reason = "the same change is proposed, or merged, already";
		return true;
	}
	if (!claim_take(r->arena, w->review, o->plan, w->config->author, now(w), &c, e)) {
		*again = e->kind == ERR_CONFLICT;
		return false;
	}
	return carry_on(r, o, o->plan, &c, how, e);
}

static void propose_plan(struct round *r, const struct outcome *o, struct worked *how)
{
	struct err e;
	bool again = false;
	for (size_t i = 0; i < CLAIM_TRIES && !interrupted(r->w); i++) {
		if (try_propose(r, o, how, &again, &e))
			return;
		if (!again)
			break;
	}
	if (again || interrupted(r->w))
		err_set(&e, interrupted(r->w) ? ERR_INTERRUPTED : ERR_CONFLICT,
			"proposing plan '%s': %s", o->plan->id,
			interrupted(r->w) ? "interrupted" : "somebody else claims the same change again and again");
	later(r, how, &e);
}

/* --- a finding --- */

/* Not among the active ones: what is it, then? */
static void not_listed(struct round *r, const char *finding, struct worked *how)
{
	struct call c = {.op = CALL_GET_FINDING, .arena = r->arena, .analyzer = r->w->analyzer,
			 .finding = finding};
	if (!read_one(&r->aws, &c)) {
		if (c.err.kind == ERR_NOT_FOUND) {
			how->result = WORK_NEEDLESS;
			how->reason = "the finding is gone";
		} else if (c.err.kind == ERR_INPUT) {
			how->result = WORK_LEFT;
			how->reason = arena_strdup(r->arena, c.err.message);
		} else {
			later(r, how, &c.err);
		}
		return;
	}
	how->principal = c.findings[0]->resource;
	how->result = strcmp(c.findings[0]->status, "ACTIVE") == 0 ? WORK_LATER : WORK_NEEDLESS;
	how->reason = how->result == WORK_LATER
			      ? "Access Analyzer does not list the finding yet"
			      : str_printf(r->arena, "the finding is %s", c.findings[0]->status);
}

static bool rule_failed(const struct outcome *o)
{
	const struct verdict *v = decision_deciding(&o->decision);
	return v != NULL && v->failed;
}

static void planned(struct round *r, const struct outcome *o, struct worked *how)
{
	how->reason = o->reason;
	switch (o->kind) {
	case OUTCOME_PLANNED:
		propose_plan(r, o, how);
		return;
	case OUTCOME_HELD:
		how->result = rule_failed(o) ? WORK_LATER : WORK_NEEDLESS;
		return;
	case OUTCOME_EXEMPT:
	case OUTCOME_NOTHING:
	case OUTCOME_UNSUPPORTED:
		how->result = WORK_NEEDLESS;
		return;
	case OUTCOME_BLOCKED:
	case OUTCOME_FAILED:
		break;
	}
	how->result = WORK_LATER;
}

/* One finding a run, so that the outcome does not depend on what else the batch holds. */
static bool plan_item(struct round *r, struct part *p, struct gathered_item *item, struct worked *how,
		      struct err *e)
{
	const struct draft_setting s = {.config = r->w->config, .catalog = r->w->catalog,
					.now_ms = now(r->w), .caller_arn = p->caller_arn};
	const struct checks checks = {r->w->config, p->reachable ? &p->aws : NULL, &r->clock,
				      r->w->progress};
	struct gathered one = p->g;
	struct run run;
	one.item = item;
	one.count = 1;
	how->principal = item->finding->resource;
	if (!plan_run(r->arena, &s, r->w->rules, &one, NULL, &run, e) ||
	    !checks_run(r->arena, &checks, &run, e))
		return false;
	planned(r, &run.outcome[0], how);
	return true;
}

static bool work_on(struct round *r, const char *finding, struct worked *how, struct err *e)
{
	for (size_t k = 0; k < r->parts; k++)
		for (size_t i = 0; i < r->part[k].g.count; i++)
			if (str_equal(r->part[k].g.item[i].finding->id, finding))
				return plan_item(r, &r->part[k], &r->part[k].g.item[i], how, e);
	not_listed(r, finding, how);
	return true;
}

/* --- a round --- */

static void read_events(struct round *r, const struct queue_message *message)
{
	struct err e;
	for (size_t i = 0; i < r->count; i++) {
		struct event *x = arena_alloc(r->arena, sizeof *x);
		r->worked[i] = (struct worked){.message = &message[i], .reason = ""};
		if (event_parse(r->arena, message[i].body, message[i].len, x, &e))
			r->worked[i].event = x;
		else
			end_one(r, i, WORK_LEFT, arena_strdup(r->arena, e.message));
	}
	for (size_t i = 0; i < r->count; i++) {
		const struct event *x = r->worked[i].event;
		if (r->done[i])
			continue;
		if (x->kind == EVENT_OTHER)
			end_one(r, i, WORK_NEEDLESS,
				str_printf(r->arena, "an event of type '%s' is about nothing that pare changes",
					   x->detail_type));
		else if (!str_equal(x->analyzer, r->w->analyzer))
			end_one(r, i, WORK_LEFT,
				str_printf(r->arena, "the event is of another analyzer, '%s'", x->analyzer));
	}
}

/* The principals of one account. Where it cannot be read its findings say why, and come back. */
static bool gather_part(struct round *r, struct part *p, const struct gather_filter *f, struct err *e)
{
	const struct worker *w = r->w;
	p->g.history = &r->history;
	p->reachable = true;
	if (p->g.account == NULL) {
		p->aws = r->aws;
		return gather_principals(r->arena, &p->aws, &r->clock, f, w->progress, &p->g, e);
	}
	p->reachable = w->desk->connect(w->desk->self, r->arena, p->g.account, &p->aws, &p->caller_arn, e);
	if (p->reachable) {
		p->aws = beat_aws(r->arena, &r->beat, p->aws);
		p->reachable =
			gather_principals(r->arena, &p->aws, &r->clock, f, w->progress, &p->g, e);
	}
	if (p->reachable)
		return true;
	if (e->kind == ERR_INTERRUPTED)
		return false;
	p->g.state = (struct account_state){0};
	gather_unreadable(r->arena, &p->g, e);
	return true;
}

static bool gather_round(struct round *r, struct err *e)
{
	const struct worker *w = r->w;
	struct str_list findings = {0};
	struct gathered all, *g = &all;
	const char *caller_arn;
	for (size_t i = 0; i < r->count; i++)
		if (!r->done[i])
			str_list_add(r->arena, &findings, r->worked[i].event->finding);
	const struct gather_filter f = {.findings = &findings};
	if (!w->desk->connect(w->desk->self, r->arena, NULL, &r->aws, &caller_arn, e))
		return false;
	r->aws = beat_aws(r->arena, &r->beat, r->aws);
	if (!w->review->fetch(w->review->self, e) ||
	    !history_read(r->arena, w->review, w->config, &r->history, e) ||
	    !gather_findings(r->arena, &r->aws, &r->clock, w->analyzer, &f, w->progress, &all, e))
		return false;
	r->parts = all.organization ? gather_split(r->arena, &all, &g) : 1;
	r->part = arena_array(r->arena, r->parts + 1, sizeof *r->part);
	for (size_t i = 0; i < r->parts; i++) {
		r->part[i] = (struct part){.g = g[i], .caller_arn = caller_arn};
		if (!gather_part(r, &r->part[i], &f, e))
			return false;
	}
	return true;
}

static bool any_left(const struct round *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->done[i])
			return true;
	return false;
}

static bool work_all(struct round *r, struct err *e)
{
	if (!any_left(r))
		return true;
	if (!gather_round(r, e))
		return false;
	for (size_t i = 0; i < r->count && !r->stop && !interrupted(r->w); i++) {
		struct worked how = {.result = WORK_LATER, .reason = ""};
		if (r->done[i])
			continue;
		if (!work_on(r, r->worked[i].event->finding, &how, e))
			return false;
		end_finding(r, r->worked[i].event->finding, &how);
	}
	if (r->stop)
		*e = r->why;
	return !r->stop;
}

bool worker_round(struct arena *a, const struct worker *w, size_t *received, struct err *e)
{
	struct queue_message *message;
	struct round r = {.arena = a, .w = w};
	*received = 0;
	if (!w->queue->receive(w->queue->self, a, w->wait_s, w->hidden_s, &message, &r.count, e))
		return false;
	*received = r.count;
	beat_open(&r.beat, w->queue, w->clock, w->hidden_s, message, r.count);
	r.clock = beat_clock(&r.beat);
	if (interrupted(w)) { /* before anything is read */
		for (size_t i = 0; i < r.count; i++)
			r.worked[i] = (struct worked){.message = &message[i]};
		give_back(&r);
		return true;
	}
	read_events(&r, message);
	bool ok = work_all(&r, e);
	if (interrupted(w)) {
		give_back(&r);
		return ok || e->kind == ERR_INTERRUPTED || worker_transient(e->kind);
	}
	if (!ok)
		end_rest(&r, WORK_LATER, arena_strdup(a, e->message));
	return ok;
}

bool worker_run(struct arena *a, const struct worker *w, struct err *e)
{
	int64_t pause_ms = PAUSE_FIRST_MS;
	while (!interrupted(w)) {
		struct arena *scratch = arena_new(a);
		size_t received;
		bool ok = worker_round(scratch, w, &received, e);
		arena_free(scratch);
		if (ok) {
			pause_ms = PAUSE_FIRST_MS;
			continue;
		}
		if (interrupted(w))
			return true;
		if (!worker_transient(e->kind))
			return false;
		if (w->progress != NULL)
			w->progress->note(w->progress->self, e->message);
		w->clock->sleep_until(w->clock->self, now(w) + pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
	}
	return true;
}
