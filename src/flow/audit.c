#include "pare/audit.h"

#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "pare/str.h"
#include "pare/when.h"

enum { AUDIT_RECEIPT_MAX = 1 << 20 };

struct auditor {
	struct arena *arena;
	const struct review_port *review;
	const struct config *config;
	char log[OID_HEX], tip[OID_HEX];
};

/* The plan where its approval was read: what became of the file later changes nothing. */
static const struct plan *plan_of(struct auditor *w, const struct receipt *r, const char **wrong)
{
	struct err e;
	bool follows = false;
	const char *path = str_printf(w->arena, "accounts/%s/plans/%s/plan.json", r->account, r->plan_id);
	*wrong = "the protected branch does not follow the commit that the receipt names";
	if (w->tip[0] == '\0' || !w->review->descends(w->review->self, w->tip, r->tip, &follows, &e) ||
	    !follows)
		return NULL;
	const struct plan *p = plan_at(w->arena, w->review, r->tip, path, wrong);
	if (*wrong == NULL && strcmp(p->digest, r->plan_digest) != 0)
		*wrong = "the plan at the commit that the receipt names is another one";
	return p;
}

static void describe_plan(struct auditor *w, struct audit_row *row)
{
	const char *wrong;
	const struct plan *p = plan_of(w, row->receipt, &wrong);
	if (wrong != NULL) {
		row->missing = wrong;
		return;
	}
	size_t passed = 0;
	for (size_t i = 0; i < p->gate_count; i++) {
		passed += p->gate[i].result == GATE_PASS;
		if (strcmp(p->gate[i].name, "window") == 0)
			row->window = p->gate[i].evidence;
	}
	row->plan = p;
	row->requester = p->author;
	row->gates = str_printf(w->arena, "%zu of %zu pass", passed, p->gate_count);
}

static bool read_receipt(struct auditor *w, const char *path, struct receipt **out, struct err *e)
{
	const char *bytes;
	size_t len;
	if (!w->review->read(w->review->self, w->arena, w->log, path, AUDIT_RECEIPT_MAX, &bytes, &len, e))
		return false;
	*out = receipt_parse(w->arena, bytes, len, path, e);
	return *out != NULL;
}

static int by_time(const void *x, const void *y)
{
	const struct audit_row *p = x, *q = y;
	int order = when_order(p->receipt->finished_at, q->receipt->finished_at);
	return order != 0 ? order : strcmp(p->receipt->plan_id, q->receipt->plan_id);
}

bool audit_read(struct arena *a, const struct review_port *review, const struct config *config,
		int64_t from_ms, int64_t to_ms, struct audit_row **out, size_t *count, struct err *e)
{
	struct auditor w = {.arena = a, .review = review, .config = config};
	struct str_list paths = {0};
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->resolve(review->self, branch, w.tip, e) ||
	    !review->resolve(review->self, "refs/heads/pare/log", w.log, e) ||
	    (w.log[0] != '\0' && !review->list(review->self, a, w.log, "receipts", &paths, e)))
		return err_wrap(e, "reading receipts");
	*out = arena_array(a, paths.count + 1, sizeof **out);
	*count = 0;
	for (size_t i = 0; i < paths.count; i++) {
		struct receipt *r;
		int64_t at;
		if (!read_receipt(&w, paths.item[i], &r, e))
			return err_wrap(e, "reading receipts");
		if (!when_parse(r->finished_at, &at))
			return err_set(e, ERR_INPUT, "reading receipts: '%s' does not say when it finished",
				       paths.item[i]);
		if (at < from_ms || (to_ms > 0 && at >= to_ms))
			continue;
		struct audit_row *row = &(*out)[(*count)++];
		*row = (struct audit_row){.receipt = r};
		describe_plan(&w, row);
	}
	if (*count > 1)
		qsort(*out, *count, sizeof **out, by_time);
	return true;
}
