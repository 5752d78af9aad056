/* verify: every receipt on pare/log, link by link back to the bytes that AWS sent. */
#include "pare/verify.h"

#include <string.h>

#include "approval.h"
#include "pare/digest.h"
#include "pare/str.h"

enum { VERIFY_MAX = 16 * 1024 * 1024 };

struct walker {
	struct arena *arena;
	const struct review_port *review;
	const struct store_port *store;
	const struct config *config;
	char log[OID_HEX], tip[OID_HEX];
	struct verify_line *line;
	size_t count, cap;
	struct str_list digests; /* of plans that have a receipt */
};

struct blob {
	const char *bytes;
	size_t len;
};

static void put_link(struct walker *w, const char *subject, bool ok, const char *detail)
{
	if (w->count == w->cap) {
		struct verify_line *more = arena_array(w->arena, 2 * w->cap + 16, sizeof *more);
		if (w->count > 0)
			memcpy(more, w->line, w->count * sizeof *more);
		w->line = more;
		w->cap = 2 * w->cap + 16;
	}
	w->line[w->count++] = (struct verify_line){subject, ok, detail};
}

static bool get(struct walker *w, const char *commit, const char *path, struct blob *out,
		struct err *e)
{
	return w->review->read(w->review->self, w->arena, commit, path, VERIFY_MAX, &out->bytes,
			       &out->len, e);
}

static void check_journal(struct walker *w, const struct receipt *r, const char *subject)
{
	struct blob b;
	struct err e;
	const char *path = str_printf(w->arena, "journals/%s.jsonl", r->plan_id);
	struct journal *j = NULL;
	if (get(w, w->log, path, &b, &e))
		j = journal_parse(w->arena, b.bytes, b.len, path, &e);
	if (r->journal_sha256 == NULL) {
		put_link(w, subject, true,
			 "nothing was journaled: the role was as planned already");
	} else if (j == NULL) {
		put_link(w, subject, false, arena_strdup(w->arena, e.message));
	} else if (j->torn || !str_equal(j->head, r->journal_sha256)) {
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' is not the journal the receipt names", path));
	} else if (j->count == 0 || !str_equal(j->record[0].detail, r->plan_digest)) {
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' is the journal of another plan", path));
	} else if (j->record[j->count - 1].kind != RECORD_END ||
		   !str_equal(j->record[j->count - 1].result, r->result)) {
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' does not end as the receipt says: '%s'", path,
				    r->result));
	} else {
		put_link(w, subject, true,
			 str_printf(w->arena, "journal: %zu records, chained, of this plan",
				    j->count));
	}
}

static void check_recommendation(struct walker *w, const struct plan *p, const char *commit,
				 const char *subject)
{
	struct blob b;
	struct err e;
	const char *path =
		str_printf(w->arena, "%s/evidence/recommendation.json", plan_folder(w->arena, p));
	if (p->source.recommendation_sha256 == NULL)
		return;
	if (!get(w, commit, path, &b, &e))
		put_link(w, subject, false, arena_strdup(w->arena, e.message));
	else if (strcmp(sha256_hex(w->arena, b.bytes, b.len), p->source.recommendation_sha256) != 0)
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' is not the recommendation the plan names",
				    path));
	else
		put_link(w, subject, true, "recommendation: the bytes the plan names");
}

static void check_approvals(struct walker *w, const struct receipt *r, const char *subject)
{
	size_t signatures = 0;
	for (size_t i = 0; i < r->approval_count; i++) {
		if (!str_equal(r->approval[i].method, "signature"))
			continue;
		const char *wrong = approval_evidence(w->arena, w->review, r, &r->approval[i]);
		if (wrong != NULL)
			put_link(w, subject, false, wrong);
		else
			signatures++;
	}
	if (signatures > 0)
		put_link(w, subject, true,
			 str_printf(w->arena, "approval: %zu signature%s, as the receipt says", signatures,
				    signatures == 1 ? "" : "s"));
}

static const struct approval_note *by_standing(const struct receipt *r)
{
	for (size_t i = 0; i < r->approval_count; i++)
		if (str_equal(r->approval[i].method, "standing"))
			return &r->approval[i];
	return NULL;
}

/* The bytes whose digest the receipt names stood on the branch then. */
static bool check_standing(struct walker *w, const struct receipt *r, const char *subject)
{
	const struct approval_note *n = by_standing(r);
	struct blob b;
	struct err e;
	const char *path = str_printf(w->arena, "standing/%s.json", n->who != NULL ? n->who : "");
	if (!get(w, r->tip, path, &b, &e)) {
		put_link(w, subject, false, arena_strdup(w->arena, e.message));
		return false;
	}
	const char *words = str_printf(w->arena, "sha256 %s ", sha256_hex(w->arena, b.bytes, b.len));
	bool same = n->detail != NULL && str_starts(n->detail, words);
	put_link(w, subject, same,
		 same ? str_printf(w->arena, "standing approval '%s': the bytes the receipt names", n->who)
		      : str_printf(w->arena, "'%s' is not the standing approval that the receipt names", path));
	return same;
}

static void check_plan(struct walker *w, const struct receipt *r, const char *subject)
{
	struct err e;
	bool yes = false;
	struct blob b;
	const char *path =
		str_printf(w->arena, "accounts/%s/plans/%s/plan.json", r->account, r->plan_id);
	if (r->tip == NULL || !w->review->descends(w->review->self, w->tip, r->tip, &yes, &e) ||
	    !yes) {
		put_link(w, subject, false,
			 str_printf(w->arena,
				    "branch '%s' does not follow the commit it was approved on",
				    w->config->repository.branch));
		return;
	}
	put_link(w, subject, true,
		 str_printf(w->arena, "approved on %.12s, which the branch follows", r->tip));
	/* Under a standing approval the plan itself is on the log, and its permission on the branch. */
	const char *from = r->tip;
	if (by_standing(r) != NULL) {
		if (!check_standing(w, r, subject))
			return;
		from = w->log;
	}
	if (!get(w, from, path, &b, &e)) {
		put_link(w, subject, false, arena_strdup(w->arena, e.message));
		return;
	}
	if (strcmp(sha256_hex(w->arena, b.bytes, b.len), r->plan_digest) != 0) {
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' has another digest than the receipt names",
				    path));
		return;
	}
	struct plan *p = plan_parse(w->arena, b.bytes, b.len, path, &e);
	if (p == NULL) {
		put_link(w, subject, false, arena_strdup(w->arena, e.message));
		return;
	}
	if (strcmp(p->id, r->plan_id) != 0 || strcmp(p->account, r->account) != 0 ||
	    strcmp(p->principal.arn, r->principal_arn) != 0) {
		put_link(w, subject, false,
			 str_printf(w->arena, "'%s' is for another principal than the receipt",
				    path));
		return;
	}
	put_link(w, subject, true, str_printf(w->arena, "plan: digest %.12s", p->digest));
	check_approvals(w, r, subject);
	check_recommendation(w, p, from, subject);
}

static bool follows(struct walker *w, const char *commit, const char *ancestor)
{
	bool yes = false;
	struct err e;
	return commit[0] != '\0' &&
	       w->review->descends(w->review->self, commit, ancestor, &yes, &e) && yes;
}

/* The mark was moved to the commit that brought the receipt. */
static void check_mark(struct walker *w, const struct receipt *r, const char *subject,
		       const struct blob *now)
{
	char oid[OID_HEX];
	struct err e;
	struct blob then;
	const char *ref = str_printf(w->arena, "refs/pare/applied/%s", r->plan_digest);
	if (!w->review->resolve(w->review->self, ref, oid, &e) || oid[0] == '\0') {
		put_link(w, subject, false, str_printf(w->arena, "the ref '%s' is gone", ref));
	} else if (follows(w, w->log, oid)) {
		bool same = get(w, oid, subject, &then, &e) && then.len == now->len &&
			    memcmp(then.bytes, now->bytes, now->len) == 0;
		put_link(w, subject, same,
			 same ? "marked, and unchanged since"
			      : "the receipt was changed after it was published");
	} else if (follows(w, w->tip, oid)) {
		put_link(w, subject, true, "marked as begun");
	} else {
		put_link(w, subject, false,
			 str_printf(w->arena,
				    "pare/log does not follow %.12s, which the mark names: it was "
				    "rewritten",
				    oid));
	}
}

static void check_receipt(struct walker *w, const char *path)
{
	struct blob b;
	struct err e;
	struct receipt *r = NULL;
	if (get(w, w->log, path, &b, &e))
		r = receipt_parse(w->arena, b.bytes, b.len, path, &e);
	if (r == NULL) {
		put_link(w, path, false, arena_strdup(w->arena, e.message));
		return;
	}
	const char *own = str_printf(w->arena, "receipts/%s/%s.json", r->account, r->plan_id);
	if (strcmp(own, path) != 0) {
		put_link(w, path, false,
			 str_printf(w->arena, "it is the receipt of plan '%s'", r->plan_id));
		return;
	}
	str_list_add(w->arena, &w->digests, r->plan_digest);
	put_link(w, path, true, str_printf(w->arena, "receipt: %s, %s", r->result, r->finished_at));
	check_journal(w, r, path);
	check_plan(w, r, path);
	check_mark(w, r, path, &b);
}

/* What was begun has a receipt, or is under way, or somebody took the receipt away. */
static bool check_marks(struct walker *w, struct err *e)
{
	static const char prefix[] = "refs/pare/applied/";
	struct str_list refs = {0};
	if (!w->review->refs(w->review->self, w->arena, prefix, &refs, e))
		return false;
	for (size_t i = 0; i < refs.count; i++) {
		char oid[OID_HEX];
		if (str_list_has(&w->digests, refs.item[i] + strlen(prefix)))
			continue;
		if (!w->review->resolve(w->review->self, refs.item[i], oid, e))
			return false;
		put_link(w, refs.item[i], false,
			 follows(w, w->tip, oid) ? "begun, and there is no receipt: it is under "
						   "way, or 'pare apply' goes on with it"
						 : "its receipt is gone from pare/log");
	}
	return true;
}

static bool check_log(struct walker *w, struct err *e)
{
	const char *last;
	bool yes;
	if (!log_follows(w->arena, w->review, w->store, w->log, &last, &yes, e))
		return false;
	if (!yes)
		put_link(w, "pare/log", false,
			 str_printf(w->arena,
				    "it does not follow %.12s, its tip when this state folder saw "
				    "it last: it "
				    "was rewritten or removed",
				    last));
	else if (w->log[0] != '\0')
		put_link(
			w, "pare/log", true,
			str_printf(w->arena, "at %.12s, which follows what was seen last", w->log));
	return !yes || w->log[0] == '\0' ||
	       w->store->write(w->store->self, log_tip_name(w->arena, w->review->url), w->log,
			       OID_HEX - 1, e);
}

bool verify_chain(struct arena *a, const struct review_port *review, const struct store_port *store,
		  const struct config *config, struct verify_line **out, size_t *count,
		  struct err *e)
{
	struct walker w = {.arena = a, .review = review, .store = store, .config = config};
	struct str_list paths = {0};
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->resolve(review->self, branch, w.tip, e) ||
	    !review->resolve(review->self, "refs/heads/pare/log", w.log, e) || !check_log(&w, e) ||
	    (w.log[0] != '\0' && !review->list(review->self, a, w.log, "receipts", &paths, e)))
		return err_wrap(e, "verifying");
	for (size_t i = 0; i < paths.count; i++)
		check_receipt(&w, paths.item[i]);
	if (!check_marks(&w, e))
		return err_wrap(e, "verifying");
	*out = w.line;
	*count = w.count;
	return true;
}
