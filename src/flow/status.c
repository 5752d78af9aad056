#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "guard.h"
#include "pare/str.h"
#include "pare/verify.h"
#include "pare/when.h"

enum { STATUS_JOURNAL_MAX = 16 * 1024 * 1024 };

struct known_plan {
	const struct plan *plan;
	const char *wrong; /* why its file is no plan */
	bool kept, proposed, merged;
	const char *commit; /* the protected branch's tip, or the proposal's: where approvals are */
};

struct reader {
	struct arena *arena;
	const struct store_port *store;
	const struct review_port *review; /* or NULL */
	const struct approval_port *approvals;
	const struct config *config;
	int64_t now_ms;
	char tip[OID_HEX], log[OID_HEX];
	struct known_plan *known;
	size_t count, cap;
	struct receipt **receipt; /* beside known; NULL where none */
	struct approval_desk *desk;
	const char *desk_commit;
};

const char *standing_name(enum standing s)
{
	static const char *const names[] = {"drafted",	  "blocked",	"proposed", "approved",
					    "applying",	  "applied",	"rolled back", "undone",
					    "needs a person", "expired"};
	return names[s];
}

static struct known_plan *know(struct reader *r, const struct plan *p)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->known[i].plan->digest, p->digest) == 0 &&
		    strcmp(r->known[i].plan->id, p->id) == 0)
			return &r->known[i];
	r->known = arena_grow(r->arena, r->known, r->count, &r->cap, sizeof *r->known);
	r->known[r->count] = (struct known_plan){.plan = p};
	return &r->known[r->count++];
}

static bool read_store(struct reader *r, struct err *e)
{
	struct str_list names = {0};
	if (!r->store->list(r->store->self, r->arena, "accounts", &names, e))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		const char *account, *id, *bytes;
		size_t len;
		if (!plan_path_read(r->arena, names.item[i], &account, &id))
			continue;
		if (!r->store->read(r->store->self, r->arena, names.item[i], PLAN_MAX_BYTES, &bytes, &len, e))
			return false;
		struct plan *p = plan_parse(r->arena, bytes, len, names.item[i], e);
		if (p == NULL)
			return false;
		know(r, p)->kept = true;
	}
	return true;
}

static bool read_commit(struct reader *r, const char *commit, bool merged, struct err *e)
{
	struct str_list paths = {0};
	if (commit[0] == '\0')
		return true;
	if (!r->review->list(r->review->self, r->arena, commit, "accounts", &paths, e))
		return false;
	for (size_t i = 0; i < paths.count; i++) {
		const char *account, *id, *wrong;
		if (!plan_path_read(r->arena, paths.item[i], &account, &id))
			continue;
		const struct plan *p = plan_at(r->arena, r->review, commit, paths.item[i], &wrong);
		struct known_plan *k = know(r, p);
		k->wrong = wrong;
		k->proposed = true;
		k->merged = k->merged || merged;
		if (k->commit == NULL)
			k->commit = arena_strdup(r->arena, commit);
	}
	return true;
}

static bool read_review(struct reader *r, struct err *e)
{
	struct str_list refs = {0};
	const struct review_port *v = r->review;
	const char *branch = str_printf(r->arena, "refs/heads/%s", r->config->repository.branch);
	if (!v->resolve(v->self, branch, r->tip, e) ||
	    !v->resolve(v->self, "refs/heads/pare/log", r->log, e) || !read_commit(r, r->tip, true, e) ||
	    !v->refs(v->self, r->arena, "refs/heads/pare/", &refs, e))
		return false;
	for (size_t i = 0; i < refs.count; i++) {
		char oid[OID_HEX];
		if (str_equal(refs.item[i], "refs/heads/pare/log"))
			continue;
		if (!v->resolve(v->self, refs.item[i], oid, e) || !read_commit(r, oid, false, e))
			return false;
	}
	return true;
}

static bool read_receipts(struct reader *r, struct err *e)
{
	r->receipt = arena_array(r->arena, r->count + 1, sizeof(struct receipt *));
	for (size_t i = 0; r->review != NULL && i < r->count; i++)
		if (r->known[i].wrong == NULL &&
		    !receipt_find(r->arena, r->review, r->log, r->known[i].plan, &r->receipt[i], e))
			return false;
	return true;
}

/* Begun and not ended: how far, and what is not known. */
static const char *how_far(struct arena *a, const struct journal *j)
{
	bool undoing = false;
	const struct record *open = NULL; /* an intent without its outcome (J3) */
	for (size_t i = 0; i < j->count; i++) {
		const struct record *x = &j->record[i];
		undoing = undoing || x->kind == RECORD_UNDO_INTENT;
		if (x->kind == RECORD_INTENT || x->kind == RECORD_UNDO_INTENT)
			open = x;
		else if (x->kind == RECORD_OUTCOME || x->kind == RECORD_UNDO_OUTCOME)
			open = NULL;
	}
	const char *word = undoing ? "being undone" : "begun and not ended";
	if (open == NULL)
		return str_printf(a, "%s: run 'pare apply' to go on", word);
	return str_printf(a, "%s; %sstep %zu was sent or about to be, and may have happened: run 'pare apply' to go on",
			  word, undoing ? "the undoing of " : "", open->step);
}

/* What this machine's journal says; false when there is none. */
static bool read_journal(struct reader *r, const struct plan *p, struct plan_status *out)
{
	const char *bytes, *name = str_printf(r->arena, "journals/%s.jsonl", p->id);
	size_t len, done = 0;
	struct err e;
	if (!r->store->read(r->store->self, r->arena, name, STATUS_JOURNAL_MAX, &bytes, &len, &e)) {
		if (e.kind == ERR_NOT_FOUND)
			return false;
		out->standing = STANDING_NEEDS_PERSON;
		out->detail = arena_strdup(r->arena, e.message);
		return true;
	}
	struct journal *j = journal_parse(r->arena, bytes, len, name, &e);
	if (j == NULL) {
		out->standing = STANDING_NEEDS_PERSON;
		out->detail = arena_strdup(r->arena, e.message);
		return true;
	}
	if (j->count == 0)
		return false;
	for (size_t i = 0; i < j->count; i++) {
		const struct record *x = &j->record[i];
		done += x->kind == RECORD_OUTCOME && !str_equal(x->result, "failed");
		done -= x->kind == RECORD_UNDO_OUTCOME && !str_equal(x->result, "failed") && done > 0;
	}
	out->steps_done = done;
	const struct record *last = &j->record[j->count - 1];
	out->standing = STANDING_APPLYING;
	out->detail = how_far(r->arena, j);
	if (last->kind != RECORD_END)
		return true;
	out->standing = str_equal(last->result, "applied")  ? STANDING_APPLIED
			: str_equal(last->result, "undone") ? STANDING_UNDONE
							     : STANDING_NEEDS_PERSON;
	out->detail = last->detail;
	if (out->standing == STANDING_APPLIED)
		out->detail = "the receipt is not published yet: run 'pare apply' again";
	return true;
}

/* The applied plan that took this one back, wholly before in part; NULL when none did. */
static const struct plan *rolled_back_by(const struct reader *r, const char *digest)
{
	const struct plan *found = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct plan *p = r->known[i].plan;
		if (r->receipt[i] == NULL || !str_equal(r->receipt[i]->result, "applied") ||
		    !str_equal(plan_undoes(p), digest))
			continue;
		/* What took it back was taken back itself: then it did not. */
		const struct plan *undone = rolled_back_by(r, p->digest);
		if (undone != NULL && undone->undo_scope == UNDO_WHOLE)
			continue;
		if (found == NULL || p->undo_scope == UNDO_WHOLE)
			found = p;
	}
	return found;
}

static void took_back(const struct reader *r, const struct plan *back, struct plan_status *out)
{
	if (back->undo_scope == UNDO_WHOLE) {
		out->standing = STANDING_ROLLED_BACK;
		out->detail = str_printf(r->arena, "plan %s took it back", back->id);
	} else if (back->undo_scope == UNDO_UNTOUCHED) {
		out->detail = str_printf(r->arena, "%s; plan %s took back what nobody had changed since",
					 out->detail, back->id);
	} else {
		out->detail = str_printf(r->arena, "%s; plan %s gave back %s%s", out->detail, back->id,
					 back->gives_back.item[0],
					 back->gives_back.count > 1 ? " and more" : "");
	}
}

static void from_receipt(const struct reader *r, size_t i, struct plan_status *out)
{
	const struct receipt *x = r->receipt[i];
	for (size_t k = 0; k < x->count; k++)
		out->steps_done += str_equal(x->step[k].result, "done") ||
				   str_equal(x->step[k].result, "already");
	out->detail = x->reason;
	out->run = x->run;
	if (str_equal(x->result, "applied")) {
		const struct plan *back = rolled_back_by(r, out->digest);
		out->standing = STANDING_APPLIED;
		out->detail = str_printf(r->arena, "%s by %s", x->finished_at, x->executor);
		if (back != NULL)
			took_back(r, back, out);
	} else {
		out->standing = str_equal(x->result, "undone") ? STANDING_UNDONE : STANDING_NEEDS_PERSON;
	}
}

/* What is missing of the approvals that stand where the plan stands. */
static const char *unapproved(struct reader *r, const struct known_plan *k)
{
	struct approval_note *note;
	size_t count;
	struct err e;
	if (r->desk_commit == NULL || strcmp(r->desk_commit, k->commit) != 0) {
		if (!approval_desk_open(r->arena, r->review, r->config, r->approvals, k->commit, r->now_ms,
					&r->desk, &e))
			return arena_strdup(r->arena, e.message);
		r->desk_commit = k->commit;
	}
	return approval_missing(r->desk, k->plan,
				str_printf(r->arena, "%s/plan.json", plan_folder(r->arena, k->plan)), &note,
				&count);
}

static void not_begun(struct reader *r, const struct known_plan *k, struct plan_status *out)
{
	const char *obstacle = plan_obstacle(r->arena, r->config, k->plan, r->now_ms, false);
	int64_t expires;
	bool expired = when_parse(k->plan->expires_at, &expires) && r->now_ms >= expires;
	if (k->wrong != NULL || !plan_all_pass(k->plan)) {
		out->standing = STANDING_BLOCKED;
		out->detail = k->wrong;
		for (size_t g = 0; k->wrong == NULL && g < k->plan->gate_count; g++)
			if (k->plan->gate[g].result != GATE_PASS && out->detail == NULL)
				out->detail = str_printf(r->arena, "gate %s: %s", k->plan->gate[g].name,
							 k->plan->gate[g].evidence);
	} else if (expired) {
		out->standing = STANDING_EXPIRED;
		out->detail = "run 'pare plan' again";
	} else if (k->merged && obstacle != NULL) {
		out->standing = STANDING_BLOCKED;
		out->detail = obstacle;
	} else if (k->merged) {
		const char *missing = unapproved(r, k);
		out->standing = missing == NULL ? STANDING_APPROVED : STANDING_PROPOSED;
		const char *waits = window_obstacle(r->arena, r->config, k->plan, r->now_ms);
		out->detail = missing != NULL ? str_printf(r->arena, "merged; %s", missing)
			      : waits != NULL ? str_printf(r->arena, "waits: %s", waits)
					      : "next: pare apply";
	} else if (k->proposed) {
		const char *missing = unapproved(r, k);
		out->standing = STANDING_PROPOSED;
		out->detail = missing == NULL ? "waiting for review and merge"
					      : str_printf(r->arena, "waiting for merge and approval: %s", missing);
	} else {
		out->standing = STANDING_DRAFTED;
		out->detail = "next: pare propose";
	}
}

static void judge_plan(struct reader *r, size_t i, struct plan_status *out)
{
	const struct known_plan *k = &r->known[i];
	struct err e;
	char mark[OID_HEX] = "";
	*out = (struct plan_status){.id = k->plan->id,
				    .digest = k->plan->digest,
				    .account = k->plan->account,
				    .principal_arn = k->plan->principal.arn,
				    .analyzer = k->plan->source.analyzer,
				    .finding = k->plan->source.finding,
				    .follows = k->wrong == NULL && !plan_archives_only(k->plan) &&
					       plan_undoes(k->plan) == NULL,
				    .step_count = k->plan->step_count};
	if (r->receipt[i] != NULL) {
		from_receipt(r, i, out);
		return;
	}
	if (k->wrong == NULL && read_journal(r, k->plan, out))
		return;
	const char *ref = str_printf(r->arena, "refs/pare/applied/%s", k->plan->digest);
	if (r->review != NULL && k->wrong == NULL &&
	    r->review->resolve(r->review->self, ref, mark, &e) && mark[0] != '\0') {
		out->standing = STANDING_APPLYING;
		out->detail = "begun elsewhere and not ended: 'pare apply' goes on from what the role shows";
		return;
	}
	not_begun(r, k, out);
}

/* What came back after an earlier plan is told together with it. */
static void link_to_past(struct reader *r, size_t i, struct plan_status *out)
{
	const struct receipt *before = NULL;
	for (size_t k = 0; k < r->count && out->follows; k++) {
		const struct plan *p = r->known[k].plan;
		const struct receipt *x = r->receipt[k];
		if (k == i || x == NULL || !str_equal(x->result, "applied") || r->known[k].wrong != NULL ||
		    plan_archives_only(p) || plan_undoes(p) != NULL ||
		    !str_equal(p->principal.arn, out->principal_arn) ||
		    when_order(x->finished_at, r->known[i].plan->created_at) > 0)
			continue;
		if (before == NULL || when_order(x->finished_at, before->finished_at) > 0)
			before = x;
	}
	out->after_plan = before != NULL ? before->plan_id : NULL;
	out->after_at = before != NULL ? before->finished_at : NULL;
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct plan_status *)x)->id, ((const struct plan_status *)y)->id);
}

bool status_read(struct arena *a, const struct store_port *store, const struct review_port *review,
		 const struct approval_port *approvals, const struct config *config, int64_t now_ms,
		 struct plan_status **out, size_t *count, struct err *e)
{
	struct reader r = {.arena = a, .store = store, .review = review, .approvals = approvals,
			   .config = config, .now_ms = now_ms};
	if (!read_store(&r, e) || (review != NULL && !read_review(&r, e)) || !read_receipts(&r, e))
		return err_wrap(e, "reading where the plans stand");
	*out = arena_array(a, r.count + 1, sizeof **out);
	*count = r.count;
	for (size_t i = 0; i < r.count; i++) {
		judge_plan(&r, i, &(*out)[i]);
		link_to_past(&r, i, &(*out)[i]);
	}
	qsort(*out, *count, sizeof **out, by_id);
	return true;
}
