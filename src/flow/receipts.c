/* receipts: what was done goes to the append-only branch pare/log, with the journal that shows it.
 * Then the plan's mark, refs/pare/applied/<digest>, moves to the commit that holds the receipt, so
 * that a log rewritten later no longer fits it; and the state folder keeps the log's tip. */
#include <string.h>

#include "approval.h"
#include "pare/apply.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { LOG_TRIES = 30, JOURNAL_MAX = 16 * 1024 * 1024, RECEIPT_MAX = 1 << 20 };

struct publisher {
	struct arena *arena;
	const struct review_port *review;
	const struct store_port *store;
	const struct config *config;
	int64_t now_ms;
	struct review_file *file;
	size_t count, receipts;
	char log[OID_HEX];
};

static bool add_one(struct publisher *p, const struct receipt *r, struct err *e)
{
	struct buf *b = buf_new(p->arena, RECEIPT_MAX);
	const char *journal;
	size_t len;
	const char *name = str_printf(p->arena, "journals/%s.jsonl", r->plan_id);
	receipt_print(r, b);
	if (!buf_ok(b))
		return err_set(e, ERR_LIMIT, "the receipt of plan '%s' is larger than %d bytes",
			       r->plan_id, RECEIPT_MAX);
	p->file[p->count++] = (struct review_file){
		str_printf(p->arena, "receipts/%s/%s.json", r->account, r->plan_id), b->data,
		b->len};
	p->receipts++;
	if (r->journal_sha256 == NULL) /* it was as planned already */
		return true;
	if (!p->store->read(p->store->self, p->arena, name, JOURNAL_MAX, &journal, &len, e))
		return false;
	p->file[p->count++] = (struct review_file){name, journal, len};
	return true;
}

/* Others append, too: look again and put ours on top. */
static bool append(struct publisher *p, struct err *e)
{
	static const char ref[] = "refs/heads/pare/log";
	const struct review_port *r = p->review;
	for (int tries = 0; tries < LOG_TRIES; tries++) {
		char there[OID_HEX];
		if (!r->fetch(r->self, e) || !r->resolve(r->self, ref, there, e) ||
		    !r->commit(r->self, there, p->file, p->count,
			       str_printf(p->arena, "receipts: %zu plan%s\n", p->receipts,
					  p->receipts == 1 ? "" : "s"),
			       p->config->author, p->now_ms, p->log, e))
			return false;
		if (strcmp(p->log, there) == 0 || r->publish(r->self, ref, there, p->log, e))
			return true;
		if (e->kind != ERR_CONFLICT)
			return false;
	}
	return false;
}

static bool settled(struct publisher *p, const struct review_file *receipt, const char *mark)
{
	struct err e;
	bool yes;
	const char *bytes;
	size_t len;
	const struct review_port *r = p->review;
	return mark[0] != '\0' && r->descends(r->self, p->log, mark, &yes, &e) && yes &&
	       r->read(r->self, p->arena, mark, receipt->path, RECEIPT_MAX, &bytes, &len, &e) &&
	       len == receipt->len && memcmp(bytes, receipt->bytes, len) == 0;
}

/* Those marks that do not stand on their receipts yet. */
static bool settle(struct publisher *p, const struct apply_report *report, size_t count, struct err *e)
{
	const struct review_port *r = p->review;
	struct review_move *mark = arena_array(p->arena, p->receipts, sizeof *mark);
	size_t marks = 0;
	for (size_t i = 0, k = 0; i < count; i++) {
		const struct receipt *x = report[i].receipt;
		if (x == NULL)
			continue;
		const struct review_file *file = &p->file[k];
		char *at = arena_alloc(p->arena, OID_HEX);
		const char *ref = applied_ref(p->arena, x->plan_digest);
		k += x->journal_sha256 != NULL ? 2 : 1;
		if (!r->resolve(r->self, ref, at, e))
			return false;
		if (!settled(p, file, at))
			mark[marks++] = (struct review_move){ref, at};
	}
	return applied_marks(r, mark, marks, p->log, e) ||
	       err_wrap(e, "the receipts are published, and the marks of their plans could not be moved to them");
}

const char *log_tip_name(struct arena *a, const char *url)
{
	return str_printf(a, "tips/log-%.16s", sha256_hex(a, url, strlen(url)));
}

bool log_follows(struct arena *a, const struct review_port *review, const struct store_port *store,
		 const char *log, const char **last, bool *yes, struct err *e)
{
	size_t len;
	*yes = true;
	*last = NULL;
	if (!store->read(store->self, a, log_tip_name(a, review->url), OID_HEX, last, &len, e))
		return e->kind == ERR_NOT_FOUND;
	*yes = false;
	return log[0] == '\0' || review->descends(review->self, log, *last, yes, e);
}

bool receipts_publish(struct arena *a, const struct review_port *review,
		      const struct store_port *store, const struct config *config,
		      const struct apply_report *report, size_t count, int64_t now_ms,
		      struct err *e)
{
	struct publisher p = {
		.arena = a, .review = review, .store = store, .config = config, .now_ms = now_ms};
	const char *last;
	bool follows;
	p.file = arena_array(a, 2 * count + 1, sizeof *p.file);
	for (size_t i = 0; i < count; i++)
		if (report[i].receipt != NULL && !add_one(&p, report[i].receipt, e))
			return err_wrap(e, "publishing receipts");
	if (p.count == 0)
		return true;
	if (!append(&p, e))
		return err_wrap(e, "publishing receipts");
	if (!settle(&p, report, count, e))
		return false;
	/* A log that was rewritten keeps its witness: 'pare verify' tells of it. */
	return log_follows(a, review, store, p.log, &last, &follows, e) &&
	       (!follows ||
		store->write(store->self, log_tip_name(a, review->url), p.log, OID_HEX - 1, e));
}
