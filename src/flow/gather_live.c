/* gather_live: one analyzer's findings over the read port, several at once: per finding
 *
 *   DETAIL ─► GENERATE ─► WAIT ─► RECOMMEND ─► SETTLED
 *      └─ pages    └─ failed ─────────▲ └─ in progress: back to WAIT; pages
 */
#include <string.h>

#include "handover.h"
#include "pare/gather.h"
#include "pare/str.h"
#include "pare/when.h"

enum stage { STAGE_DETAIL, STAGE_GENERATE, STAGE_WAIT, STAGE_RECOMMEND, STAGE_SETTLED };

enum { AT_ONCE = 64 /* the port sends fewer */, POLL_LIMIT_MS = 5 * 60 * 1000 };

struct item {
	struct gathered_item *gathered;
	enum stage stage;
	bool asked;          /* its call is under way */
	int64_t due_ms;      /* WAIT: when to ask again */
	int64_t give_up_ms;
	size_t polls;
	struct recommendation *pages; /* recommendation read so far */
	struct call call;
};

struct live {
	struct arena *arena;
	const struct read_port *aws;
	const struct clock_port *clock;
	const struct progress_port *progress;
	const char *analyzer;
	struct gathered *g;
	struct item *item;
	size_t count, settled, under_way;
	struct err *e;
};

static int64_t now(const struct live *l)
{
	return l->clock->now_ms(l->clock->self);
}

static void report(const struct live *l, const char *activity, size_t done, size_t total)
{
	if (l->progress != NULL)
		l->progress->step(l->progress->self, activity, done, total);
}

static bool ask(struct live *l, struct call *c)
{
	c->arena = l->arena;
	l->g->aws_calls++;
	if (read_one(l->aws, c))
		return true;
	*l->e = c->err;
	return false;
}

static bool read_analyzer(struct live *l)
{
	struct call c = {.op = CALL_GET_ANALYZER, .analyzer = l->analyzer};
	if (!ask(l, &c))
		return err_wrap(l->e, "reading analyzer '%s'", l->analyzer);
	const struct analyzer *x = c.analyzer_count > 0 ? &c.analyzers[0] : NULL;
	if (x == NULL || !str_equal(x->status, "ACTIVE"))
		return err_set(l->e, ERR_REFUSED, "analyzer '%s' is %s%s%s, not ACTIVE", l->analyzer,
			       x != NULL ? x->status : "unreadable", x != NULL && x->status_reason ? ": " : "",
			       x != NULL && x->status_reason ? x->status_reason : "");
	if (strstr(x->type, "UNUSED_ACCESS") == NULL)
		return err_set(l->e, ERR_USAGE,
			       "analyzer '%s' is of type %s: expected one for unused access (ACCOUNT_UNUSED_ACCESS or "
			       "ORGANIZATION_UNUSED_ACCESS)",
			       l->analyzer, x->type);
	l->g->unused_access_age_days = x->unused_access_age_days;
	l->g->organization = str_starts(x->type, "ORGANIZATION");
	return true;
}

static bool list_findings(struct live *l)
{
	const char *marker = NULL;
	size_t cap = 0;
	do {
		struct call c = {.op = CALL_LIST_FINDINGS, .analyzer = l->analyzer, .marker = marker};
		report(l, "listing findings", l->g->count, 0);
		if (!ask(l, &c))
			return err_wrap(l->e, "listing findings");
		if (l->g->count + c.finding_count > cap) {
			cap = (l->g->count + c.finding_count) * 2;
			struct gathered_item *more = arena_array(l->arena, cap, sizeof *more);
			if (l->g->count > 0)
				memcpy(more, l->g->item, l->g->count * sizeof *more);
			l->g->item = more;
		}
		for (size_t i = 0; i < c.finding_count; i++)
			l->g->item[l->g->count++] = (struct gathered_item){.finding = c.findings[i]};
		marker = c.next_marker;
	} while (marker != NULL);
	return true;
}

static bool read_account(struct live *l)
{
	const char *marker = NULL;
	do {
		struct call c = {.op = CALL_GET_ACCOUNT_DETAILS, .marker = marker};
		report(l, "reading principals", l->g->state.count, 0);
		if (!ask(l, &c) || !account_state_add(l->arena, &l->g->state, c.account_details,
						      "GetAccountAuthorizationDetails", l->e))
			return err_wrap(l->e, "reading the account's principals");
		marker = c.next_marker;
	} while (marker != NULL);
	if (!account_state_settle(l->arena, &l->g->state, l->e))
		return false;
	struct call c = {.op = CALL_GET_ACCOUNT_SUMMARY};
	if (!ask(l, &c))
		return err_wrap(l->e, "reading the account's quotas");
	struct quota *q = &l->g->quota;
	*q = quota_default();
	if (c.summary.attached_per_role_quota > 0)
		q->attached_per_role = c.summary.attached_per_role_quota;
	if (c.summary.attached_per_user_quota > 0)
		q->attached_per_user = c.summary.attached_per_user_quota;
	if (c.summary.policies_quota > 0)
		q->policies_per_account = c.summary.policies_quota;
	if (c.summary.policy_size_quota > 0)
		q->managed_policy_size = c.summary.policy_size_quota;
	if (c.summary.role_policy_size_quota > 0)
		q->inline_total_role = c.summary.role_policy_size_quota;
	if (c.summary.user_policy_size_quota > 0)
		q->inline_total_user = c.summary.user_policy_size_quota;
	q->policies_in_use = c.summary.policies;
	return true;
}

/* --- one finding --- */

static void settle(struct live *l, struct item *x, const struct err *why)
{
	x->stage = STAGE_SETTLED;
	l->settled++;
	if (why == NULL)
		return;
	/* The finding stays in the run with what AWS said; no other finding is held up by it. */
	x->gathered->no_steps_kind = OUTCOME_FAILED;
	x->gathered->no_steps = arena_strdup(l->arena, why->message);
}

static void start(struct live *l, struct item *x)
{
	static const enum call_op ops[] = {
		[STAGE_DETAIL] = CALL_GET_FINDING,
		[STAGE_GENERATE] = CALL_GENERATE_RECOMMENDATION,
		[STAGE_WAIT] = CALL_GET_RECOMMENDATION,
		[STAGE_RECOMMEND] = CALL_GET_RECOMMENDATION,
	};
	const char *marker = x->call.next_marker;
	x->call = (struct call){.op = ops[x->stage], .arena = l->arena, .owner = x,
				.analyzer = l->analyzer, .finding = x->gathered->finding->id,
				.marker = marker};
	x->asked = true;
	l->under_way++;
	l->g->aws_calls++;
	l->aws->start(l->aws->self, &x->call);
}

/* 1, 2, 4, 5, 5 … seconds; Security Hub's documentation says typically within 20 s. */
static void wait_a_while(struct live *l, struct item *x)
{
	static const int64_t steps[] = {1000, 2000, 4000, 5000};
	size_t i = x->polls < 4 ? x->polls : 3;
	x->polls++;
	x->stage = STAGE_WAIT;
	x->due_ms = now(l) + steps[i];
}

static void took_details(struct live *l, struct item *x)
{
	struct err e;
	struct finding *f = x->call.findings[0];
	if (!x->gathered->finding->detailed) {
		x->gathered->finding = f;
	} else if (!finding_merge(l->arena, x->gathered->finding, f, &e)) {
		settle(l, x, &e);
		return;
	}
	if (x->call.next_marker != NULL)
		return;
	if (x->gathered->finding->type != FINDING_UNUSED_PERMISSION)
		settle(l, x, NULL); /* nothing to recommend */
	else
		x->stage = STAGE_GENERATE;
}

static void took_recommendation(struct live *l, struct item *x)
{
	struct err e;
	struct recommendation *r = x->call.recommendation;
	if (r->status == RECOMMENDATION_IN_PROGRESS) {
		if (now(l) >= x->give_up_ms) {
			err_set(&e, ERR_UNAVAILABLE, "the recommendation was still in progress after 5 minutes");
			settle(l, x, &e);
			return;
		}
		x->call.next_marker = NULL;
		wait_a_while(l, x);
		return;
	}
	if (x->pages == NULL)
		x->pages = r;
	else if (!recommendation_merge(l->arena, x->pages, r, &e)) {
		settle(l, x, &e);
		return;
	}
	x->stage = STAGE_RECOMMEND;
	x->pages->next_token = x->call.next_marker;
	if (x->call.next_marker != NULL)
		return;
	x->gathered->recommendation = x->pages;
	settle(l, x, NULL);
}

static void took(struct live *l, struct item *x)
{
	x->asked = false;
	if (!x->call.ok) {
		/* A plain no to the recommendation is an answer; trouble on the way to it is none. */
		const struct err *why = &x->call.err;
		x->gathered->derivable = x->stage > STAGE_DETAIL &&
					 (why->kind == ERR_INPUT || why->kind == ERR_NOT_FOUND);
		settle(l, x, why);
		return;
	}
	if (x->stage == STAGE_DETAIL) {
		took_details(l, x);
	} else if (x->stage == STAGE_GENERATE) {
		x->call.next_marker = NULL;
		x->give_up_ms = now(l) + POLL_LIMIT_MS;
		wait_a_while(l, x);
	} else {
		took_recommendation(l, x);
	}
	report(l, "reading recommendations", l->settled, l->count);
}

/* Starts what is due; gives the next instant at which something falls due. */
static int64_t start_due(struct live *l)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < l->count && l->under_way < AT_ONCE; i++) {
		struct item *x = &l->item[i];
		if (x->stage == STAGE_SETTLED || x->asked)
			continue;
		if (x->stage == STAGE_WAIT && x->due_ms > now(l)) {
			next = x->due_ms < next ? x->due_ms : next;
			continue;
		}
		start(l, x);
	}
	return next;
}

static bool read_items(struct live *l)
{
	l->item = arena_array(l->arena, l->g->count, sizeof *l->item);
	for (size_t i = 0; i < l->g->count; i++) {
		const struct finding *f = l->g->item[i].finding;
		if ((f->type == FINDING_UNUSED_PERMISSION || hands_over(f->type)) && f->error == NULL)
			l->item[l->count++].gathered = &l->g->item[i];
	}
	while (l->settled < l->count) {
		if (l->clock->interrupted(l->clock->self))
			return err_set(l->e, ERR_INTERRUPTED, "gathering findings: interrupted");
		int64_t due = start_due(l);
		if (l->under_way == 0) {
			l->clock->sleep_until(l->clock->self, due);
			continue;
		}
		struct call *c = l->aws->next(l->aws->self, due);
		if (c == NULL)
			continue;
		l->under_way--;
		if (c->err.kind == ERR_AUTH && !c->ok) {
			*l->e = c->err;
			return err_wrap(l->e, "reading finding '%s'", c->finding);
		}
		took(l, c->owner);
	}
	return true;
}

bool gather_findings(struct arena *a, const struct read_port *aws, const struct clock_port *clock,
		     const char *analyzer, const struct gather_filter *filter,
		     const struct progress_port *progress, struct gathered *out, struct err *e)
{
	*out = (struct gathered){.analyzer = analyzer};
	struct live l = {.arena = a, .aws = aws, .clock = clock, .progress = progress,
			 .analyzer = analyzer, .g = out, .e = e};
	if (!read_analyzer(&l) || !list_findings(&l))
		return false;
	gather_filter_items(out, filter); /* what is not asked for costs no calls */
	if (!read_items(&l))
		return false;
	for (size_t i = 0; i < out->count; i++)
		out->item[i].finding->analyzer = analyzer;
	return true;
}

bool gather_principals(struct arena *a, const struct read_port *aws, const struct clock_port *clock,
		       const struct gather_filter *filter, const struct progress_port *progress,
		       struct gathered *out, struct err *e)
{
	struct live l = {.arena = a, .aws = aws, .clock = clock, .progress = progress,
			 .analyzer = out->analyzer, .g = out, .e = e};
	if (!read_account(&l))
		return false;
	gather_classify(a, out, filter);
	return true;
}
