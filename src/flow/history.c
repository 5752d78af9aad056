#include "pare/history.h"

#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "pare/arn.h"
#include "pare/str.h"
#include "pare/when.h"

enum { HISTORY_RECEIPT_MAX = 1 << 20 };

struct reader {
	struct arena *arena;
	const struct review_port *review;
	char tip[OID_HEX], log[OID_HEX];
	struct history *out;
	bool *undone; /* beside out->past */
};

static bool read_one_receipt(struct reader *r, const char *path, struct err *e)
{
	const char *bytes, *wrong;
	size_t len;
	const struct review_port *v = r->review;
	if (!v->read(v->self, r->arena, r->log, path, HISTORY_RECEIPT_MAX, &bytes, &len, e))
		return false;
	const struct receipt *x = receipt_parse(r->arena, bytes, len, path, e);
	if (x == NULL)
		return false;
	if (!str_equal(x->result, "applied"))
		return true;
	const struct plan *p =
		plan_at(r->arena, v, r->tip,
			str_printf(r->arena, "accounts/%s/plans/%s/plan.json", x->account, x->plan_id), &wrong);
	if (wrong == NULL && strcmp(p->digest, x->plan_digest) == 0)
		r->out->past[r->out->count++] = (struct past){p, x->finished_at};
	return true;
}

static int by_time(const void *x, const void *y)
{
	const struct past *p = x, *q = y;
	int order = when_order(p->finished_at, q->finished_at);
	return order != 0 ? order : strcmp(p->plan->id, q->plan->id);
}

static const struct past *find(const struct history *h, const char *digest)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->past[i].plan->digest, digest) == 0)
			return &h->past[i];
	return NULL;
}

/* Newest first, so that a rollback that was taken back itself takes nothing back. */
static void drop_undone(struct reader *r)
{
	struct history *h = r->out;
	size_t kept = 0;
	r->undone = arena_array(r->arena, h->count, sizeof *r->undone);
	for (size_t i = h->count; i > 0; i--) {
		const struct plan *p = h->past[i - 1].plan;
		const struct past *done = plan_undoes(p) != NULL ? find(h, plan_undoes(p)) : NULL;
		if (done != NULL && !r->undone[i - 1] && p->undo_scope == UNDO_WHOLE)
			r->undone[done - h->past] = true;
	}
	for (size_t i = 0; i < h->count; i++)
		if (!r->undone[i])
			h->past[kept++] = h->past[i];
	h->count = kept;
}

bool history_read(struct arena *a, const struct review_port *review, const struct config *config,
		  struct history *out, struct err *e)
{
	struct reader r = {.arena = a, .review = review, .out = out};
	struct str_list paths = {0};
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	*out = (struct history){0};
	if (!review->resolve(review->self, branch, r.tip, e) ||
	    !review->resolve(review->self, "refs/heads/pare/log", r.log, e))
		return err_wrap(e, "reading what was done before");
	if (r.log[0] == '\0' || r.tip[0] == '\0')
		return true;
	if (!review->list(review->self, a, r.log, "receipts", &paths, e))
		return err_wrap(e, "reading what was done before");
	out->past = arena_array(a, paths.count + 1, sizeof *out->past);
	for (size_t i = 0; i < paths.count; i++)
		if (!read_one_receipt(&r, paths.item[i], e))
			return err_wrap(e, "reading what was done before");
	if (out->count > 1)
		qsort(out->past, out->count, sizeof *out->past, by_time);
	drop_undone(&r);
	return true;
}

const struct past *history_of(const struct history *h, const char *principal_arn)
{
	for (size_t i = h->count; i > 0; i--) {
		const struct plan *p = h->past[i - 1].plan;
		if (!plan_archives_only(p) && plan_undoes(p) == NULL &&
		    str_equal(p->principal.arn, principal_arn))
			return &h->past[i - 1];
	}
	return NULL;
}

const char *history_until(const struct plan *archived)
{
	if (archived->step_count != 1 || archived->step[0].action.op != STEP_ARCHIVE_FINDING)
		return NULL;
	for (size_t i = 0; i < archived->decision.count; i++)
		if (archived->decision.verdict[i].kind == VERDICT_ARCHIVE)
			return archived->decision.verdict[i].until;
	return NULL;
}

static bool ended(const struct past *x, const char *analyzer, int64_t now_ms)
{
	const char *until = history_until(x->plan);
	return until != NULL && str_equal(x->plan->source.analyzer, analyzer) &&
	       decision_until_passed(until, now_ms);
}

/* A newer plan about the same finding has the word. */
static bool newest(const struct history *h, size_t i)
{
	for (size_t k = i + 1; k < h->count; k++)
		if (plan_archives_only(h->past[k].plan) &&
		    str_equal(h->past[k].plan->source.finding, h->past[i].plan->source.finding))
			return false;
	return true;
}

static struct gathered_item *grow(struct arena *a, struct gathered *g)
{
	struct gathered_item *more = arena_array(a, g->count + 1, sizeof *more);
	if (g->count > 0)
		memcpy(more, g->item, g->count * sizeof *more);
	g->item = more;
	return &more[g->count++];
}

static bool read_archived(struct arena *a, const struct read_port *aws, const struct past *x,
			  struct finding **out, struct err *e)
{
	const char *marker = NULL;
	*out = NULL;
	do {
		struct call c = {.op = CALL_GET_FINDING, .arena = a, .analyzer = x->plan->source.analyzer,
				 .finding = x->plan->source.finding, .marker = marker};
		if (!read_one(aws, &c)) {
			*e = c.err;
			return c.err.kind == ERR_NOT_FOUND;
		}
		if (*out == NULL)
			*out = c.findings[0];
		else if (!finding_merge(a, *out, c.findings[0], e))
			return false;
		marker = c.next_marker;
	} while (marker != NULL);
	return true;
}

bool gather_ended(struct arena *a, const struct read_port *aws, const struct history *h,
		  const char *analyzer, int64_t now_ms, const struct gather_filter *filter,
		  struct gathered *g, struct err *e)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct past *x = &h->past[i];
		struct finding *f;
		bool here = g->account == NULL || str_equal(x->plan->account, g->account);
		if (!here || !ended(x, analyzer, now_ms) || !newest(h, i))
			continue;
		g->aws_calls++;
		if (!read_archived(a, aws, x, &f, e))
			return err_wrap(e, "reading finding '%s', archived until %s", x->plan->source.finding,
					history_until(x->plan));
		const struct principal *p =
			f != NULL ? account_state_find(&g->state, f->resource) : NULL;
		if (p == NULL || strcmp(f->status, "ARCHIVED") != 0)
			continue;
		f->analyzer = analyzer;
		*grow(a, g) = (struct gathered_item){.finding = f, .principal = p, .archived_by = x};
	}
	gather_filter_items(g, filter);
	return true;
}
