#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "pare/str.h"
#include "pare/verify.h"
#include "pare/when.h"

enum { STATUS_JOURNAL_MAX = 16 * 1024 * 1024 };

struct known_plan {
	const struct plan *plan;
	const char *wrong; /* why its file is no plan */
	bool kept, proposed, merged;
};

struct reader {
	struct arena *arena;
	const struct store_port *store;
	const struct review_port *review; /* or NULL */
	const struct config *config;
	int64_t now_ms;
	char tip[OID_HEX], log[OID_HEX];
	struct known_plan *known;
	size_t count, cap;
	struct receipt **receipt; /* beside known; NULL where none */
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
	if (r->count == r->cap) {
		size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
		struct known_plan *grown = arena_array(r->arena, cap, sizeof *grown);
		if (r->count > 0)
			memcpy(grown, r->known, r->count * sizeof *grown);
		r->known = grown;
		r->cap = cap;
	}
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
	out->detail = "begun and not ended: run 'pare apply' to go on";
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

static bool rolled_back(const struct reader *r, const char *digest)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->receipt[i] != NULL && str_equal(r->receipt[i]->result, "applied") &&
		    str_equal(plan_undoes(r->known[i].plan), digest))
			return true;
	return false;
}

static void from_receipt(const struct reader *r, size_t i, struct plan_status *out)
{
	const struct receipt *x = r->receipt[i];
	for (size_t k = 0; k < x->count; k++)
		out->steps_done += str_equal(x->step[k].result, "done") ||
				   str_equal(x->step[k].result, "already");
	out->detail = x->reason;
	if (str_equal(x->result, "applied")) {
		bool back = rolled_back(r, out->digest);
		out->standing = back ? STANDING_ROLLED_BACK : STANDING_APPLIED;
		out->detail = back ? "a later plan took it back"
				   : str_printf(r->arena, "%s by %s", x->finished_at, x->executor);
	} else {
		out->standing = str_equal(x->result, "undone") ? STANDING_UNDONE : STANDING_NEEDS_PERSON;
	}
}

static void not_begun(const struct reader *r, const struct known_plan *k, struct plan_status *out)
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
	} else if (k->merged) {
		out->standing = obstacle == NULL ? STANDING_APPROVED : STANDING_BLOCKED;
		out->detail = obstacle == NULL ? "next: pare apply" : obstacle;
	} else if (k->proposed) {
		out->standing = STANDING_PROPOSED;
		out->detail = "waiting for review and merge";
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

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct plan_status *)x)->id, ((const struct plan_status *)y)->id);
}

bool status_read(struct arena *a, const struct store_port *store, const struct review_port *review,
		 const struct config *config, int64_t now_ms, struct plan_status **out, size_t *count,
		 struct err *e)
{
	struct reader r = {.arena = a, .store = store, .review = review, .config = config,
			   .now_ms = now_ms};
	if (!read_store(&r, e) || (review != NULL && !read_review(&r, e)) || !read_receipts(&r, e))
		return err_wrap(e, "reading where the plans stand");
	*out = arena_array(a, r.count + 1, sizeof **out);
	*count = r.count;
	for (size_t i = 0; i < r.count; i++)
		judge_plan(&r, i, &(*out)[i]);
	qsort(*out, *count, sizeof **out, by_id);
	return true;
}
