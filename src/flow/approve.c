#include "pare/approve.h"

#include <string.h>

#include "approval.h"
#include "guard.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/journal.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "pare/ticket.h"
#include "pare/when.h"

enum { RECEIPT_MAX = 1 << 20, JOURNAL_MAX = 16 * 1024 * 1024 };

struct reader {
	struct arena *arena;
	const struct review_port *review;
	const struct store_port *store;
	const struct config *config;
	int64_t now_ms;
	const char *tip;
	char log[OID_HEX];
	struct approval_desk *desk;
};

bool plan_path_read(struct arena *a, const char *path, const char **account, const char **id)
{
	*account = str_part(a, path, '/', 1, false);
	*id = str_part(a, path, '/', 3, false);
	return str_equal(str_part(a, path, '/', 0, false), "accounts") && *account != NULL &&
	       account_id_valid(*account) && str_equal(str_part(a, path, '/', 2, false), "plans") &&
	       !str_empty(*id) && str_equal(str_part(a, path, '/', 4, true), "plan.json");
}

static struct plan *empty_plan(struct arena *a, const char *account, const char *id)
{
	struct plan *p = arena_alloc(a, sizeof *p);
	p->id = id;
	p->account = account;
	p->digest = p->bytes = p->repository = p->branch = p->expires_at = p->created_at = "";
	p->principal.arn = p->principal.name = "";
	return p;
}

struct plan *plan_at(struct arena *a, const struct review_port *review, const char *commit,
		     const char *path, const char **wrong)
{
	const char *account, *id, *bytes;
	size_t len;
	struct err e;
	*wrong = NULL;
	plan_path_read(a, path, &account, &id);
	struct plan *empty = empty_plan(a, account, id);
	if (!review->read(review->self, a, commit, path, PLAN_MAX_BYTES, &bytes, &len, &e)) {
		*wrong = arena_strdup(a, e.message);
		return empty;
	}
	empty->digest = sha256_hex(a, bytes, len);
	struct plan *p = plan_parse(a, bytes, len, path, &e);
	if (p == NULL) {
		*wrong = arena_strdup(a, e.message);
		return empty;
	}
	if (strcmp(p->id, id) == 0 && strcmp(p->account, account) == 0)
		return p;
	*wrong = str_printf(a, "the file '%s' holds plan '%s' of account %s: it was moved or copied", path,
			    p->id, p->account);
	return empty;
}

const char *plan_obstacle(struct arena *a, const struct config *config, const struct plan *p,
			  int64_t now_ms, bool begun)
{
	int64_t expires;
	if (!str_equal(p->repository, config->repository.url))
		return str_printf(a, "it was made for repository '%s', and the configuration says '%s'",
				  p->repository, config->repository.url);
	if (!str_equal(p->branch, config->repository.branch))
		return str_printf(a, "it was made for branch '%s', and the configuration says '%s'", p->branch,
				  config->repository.branch);
	if (!when_parse(p->expires_at, &expires) || (now_ms >= expires && !begun))
		return str_printf(a, "it expired at %s; run 'pare plan' and propose again", p->expires_at);
	if (!plan_all_pass(p))
		return "not every gate of it passes";
	return NULL;
}

bool receipt_find(struct arena *a, const struct review_port *review, const char *log,
		  const struct plan *p, struct receipt **out, struct err *e)
{
	const char *bytes;
	size_t len;
	*out = NULL;
	if (log[0] == '\0')
		return true;
	const char *path = str_printf(a, "receipts/%s/%s.json", p->account, p->id);
	if (!review->read(review->self, a, log, path, RECEIPT_MAX, &bytes, &len, e))
		return e->kind == ERR_NOT_FOUND;
	struct receipt *r = receipt_parse(a, bytes, len, path, e);
	if (r == NULL)
		return false;
	if (strcmp(r->plan_digest, p->digest) == 0)
		*out = r;
	return true;
}

/* A rollback gives back what was there before a plan that was carried out, and nothing else: the
 * proofs of an ordinary plan do not apply to it. Documents that a rollback in part is proved with are
 * kept beside the two plans; their digests are checked as they are read. */
static const char *leads_back(struct reader *r, const struct plan *back, const struct plan *done,
			      const char *commit)
{
	struct receipt *receipt;
	struct document_list documents = {0};
	const struct catalog *catalog = NULL;
	struct err e;
	if (!receipt_find(r->arena, r->review, r->log, done, &receipt, &e))
		return arena_strdup(r->arena, e.message);
	if (receipt == NULL || !str_equal(receipt->result, "applied"))
		return str_printf(r->arena, "it rolls back plan '%s', which has no receipt that says it was applied",
				  done->id);
	if (back->undo_scope == UNDO_PART) {
		catalog = catalog_embedded(r->arena);
		if (!document_read_review(r->arena, r->review, r->tip, back, &documents, &e) ||
		    !document_read_review(r->arena, r->review, commit, done, &documents, &e))
			return arena_strdup(r->arena, e.message);
	}
	return rollback_wrong(r->arena, catalog, back, done, &documents);
}

static const char *rollback_obstacle(struct reader *r, const struct plan *back, const char *commit,
				     const struct str_list *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		const char *account, *id, *wrong;
		if (!plan_path_read(r->arena, paths->item[i], &account, &id))
			continue;
		const struct plan *done = plan_at(r->arena, r->review, commit, paths->item[i], &wrong);
		if (wrong == NULL && strcmp(done->digest, plan_undoes(back)) == 0)
			return leads_back(r, back, done, commit);
	}
	/* What was carried out under a standing approval is recorded on the log. */
	struct str_list recorded = {0};
	struct err e;
	if (commit == r->tip && r->log[0] != '\0' &&
	    r->review->list(r->review->self, r->arena, r->log, "accounts", &recorded, &e))
		return rollback_obstacle(r, back, r->log, &recorded);
	return str_printf(r->arena, "the plan it rolls back, %s, is not on branch '%s'", plan_undoes(back),
			  r->config->repository.branch);
}

static const char *tip_name(struct reader *r)
{
	const char *text = str_printf(r->arena, "%s\n%s", r->config->repository.url,
				      r->config->repository.branch);
	return str_printf(r->arena, "tips/%.16s", sha256_hex(r->arena, text, strlen(text)));
}

/* A protected branch that was moved back or rewritten is not the branch people approved on. */
static bool tip_descends(struct reader *r, struct err *e)
{
	const char *last;
	size_t len;
	bool yes;
	if (!r->store->read(r->store->self, r->arena, tip_name(r), OID_HEX, &last, &len, e))
		return e->kind == ERR_NOT_FOUND;
	if (strcmp(last, r->tip) == 0)
		return true;
	if (!r->review->descends(r->review->self, r->tip, last, &yes, e))
		return err_wrap(e, "comparing branch '%s' with its last accepted tip %.12s",
				r->config->repository.branch, last);
	if (yes)
		return true;
	return err_set(e, ERR_REFUSED,
		       "branch '%s' is at %.12s, which does not follow %.12s, the tip accepted last: somebody "
		       "rewrote it; if that was meant, remove the file '%s' from the state folder",
		       r->config->repository.branch, r->tip, last, tip_name(r));
}

/* This machine's own journal says that it began while the approval held: what was begun is brought
 * to an end, whatever the hour. */
static bool begun_here(struct reader *r, const struct plan *p)
{
	const char *bytes, *name = str_printf(r->arena, "journals/%s.jsonl", p->id);
	size_t len;
	struct err e;
	if (!r->store->read(r->store->self, r->arena, name, JOURNAL_MAX, &bytes, &len, &e))
		return false;
	const struct journal *j = journal_parse(r->arena, bytes, len, name, &e);
	return j != NULL && j->count > 0 && j->record[0].kind == RECORD_BEGIN &&
	       str_equal(j->record[0].detail, p->digest);
}

const char *ticket_missing(struct arena *a, const struct review_port *review, const char *commit,
			   const struct config *config, struct approval *x)
{
	const char *bytes, *pattern = config->ticket.pattern;
	size_t len;
	struct err e;
	const char *path = str_printf(a, "%s/ticket", plan_folder(a, x->plan));
	if (!review->read(review->self, a, commit, path, 2 * TICKET_MAX, &bytes, &len, &e)) {
		if (e.kind != ERR_NOT_FOUND)
			return arena_strdup(a, e.message);
		return config->ticket.required ? "it carries no change ticket: 'pare propose --ticket ID'" : NULL;
	}
	if (len == 0 || bytes[len - 1] != '\n' || memchr(bytes, '\0', len) != NULL)
		return str_printf(a, "'%s' is no change ticket's id", path);
	const char *id = arena_copy(a, bytes, len - 1);
	if (!ticket_valid(id))
		return str_printf(a, "'%s' is no change ticket's id", path);
	if (pattern != NULL && !ticket_matches(pattern, id))
		return str_printf(a, "its change ticket '%s' does not match '%s'", id, pattern);
	struct approval_note *note = arena_array(a, x->note_count + 1, sizeof *note);
	if (x->note_count > 0)
		memcpy(note, x->note, x->note_count * sizeof *note);
	note[x->note_count++] = (struct approval_note){"ticket", id, pattern};
	x->note = note;
	return NULL;
}

static bool judge_one(struct reader *r, const struct str_list *paths, const char *path,
		      struct approval *x, struct err *e)
{
	struct receipt *receipt;
	char mark[OID_HEX];
	const char *wrong;
	x->plan = plan_at(r->arena, r->review, r->tip, path, &wrong);
	memcpy(x->tip, r->tip, OID_HEX);
	x->missing = wrong;
	if (wrong != NULL)
		return true;
	if (!receipt_find(r->arena, r->review, r->log, x->plan, &receipt, e))
		return false;
	x->finished = receipt != NULL && !str_equal(receipt->result, "partial");
	const char *ref = str_printf(r->arena, "refs/pare/applied/%s", x->plan->digest);
	if (!r->review->resolve(r->review->self, ref, mark, e))
		return false;
	x->started = mark[0] != '\0';
	x->missing = plan_obstacle(r->arena, r->config, x->plan, r->now_ms, begun_here(r, x->plan));
	if (x->missing == NULL && !x->finished && plan_undoes(x->plan) != NULL)
		x->missing = rollback_obstacle(r, x->plan, r->tip, paths);
	if (x->missing == NULL && !x->finished)
		x->missing = approval_missing(r->desk, x->plan, path, &x->note, &x->note_count);
	if (x->missing == NULL && !x->finished)
		x->missing = ticket_missing(r->arena, r->review, r->tip, r->config, x);
	if (x->missing == NULL && !x->finished && !x->started)
		x->missing = window_obstacle(r->arena, r->config, x->plan, r->now_ms);
	x->approved = x->missing == NULL;
	return true;
}

static bool read_all(struct reader *r, const char *account, struct approval **out, size_t *count,
		     struct err *e)
{
	struct str_list paths = {0};
	const char *folder = account != NULL ? str_printf(r->arena, "accounts/%s/plans", account)
					     : "accounts";
	if (!r->review->list(r->review->self, r->arena, r->tip, folder, &paths, e))
		return false;
	*out = arena_array(r->arena, paths.count + 1, sizeof **out);
	*count = 0;
	for (size_t i = 0; i < paths.count; i++) {
		const char *of, *id;
		if (plan_path_read(r->arena, paths.item[i], &of, &id) &&
		    !judge_one(r, &paths, paths.item[i], &(*out)[(*count)++], e))
			return false;
	}
	return true;
}

bool approvals_read(struct arena *a, const struct review_port *review,
		    const struct store_port *store, const struct config *config,
		    const struct approval_port *port, const char *account, int64_t now_ms,
		    struct approval **out, size_t *count, char tip[OID_HEX], struct err *e)
{
	struct reader r = {.arena = a, .review = review, .store = store, .config = config, .now_ms = now_ms,
			   .tip = tip};
	if (!review->fetch(review->self, e))
		return err_wrap(e, "reading approvals");
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->resolve(review->self, branch, tip, e) ||
	    !review->resolve(review->self, "refs/heads/pare/log", r.log, e))
		return err_wrap(e, "reading approvals");
	if (tip[0] == '\0')
		return err_set(e, ERR_REFUSED, "reading approvals: the review repository has no branch '%s'",
			       config->repository.branch);
	if (!tip_descends(&r, e) || !approval_desk_open(a, review, config, port, tip, now_ms, &r.desk, e) ||
	    !read_all(&r, account, out, count, e) ||
	    !store->write(store->self, tip_name(&r), tip, OID_HEX - 1, e))
		return err_wrap(e, "reading approvals");
	return true;
}

bool protected_tip(struct arena *a, const struct review_port *review, const struct store_port *store,
		   const struct config *config, char tip[OID_HEX], struct err *e)
{
	struct reader r = {.arena = a, .review = review, .store = store, .config = config, .tip = tip};
	const char *branch = str_printf(a, "refs/heads/%s", config->repository.branch);
	if (!review->fetch(review->self, e) || !review->resolve(review->self, branch, tip, e))
		return false;
	if (tip[0] == '\0')
		return err_set(e, ERR_REFUSED, "the review repository has no branch '%s'",
			       config->repository.branch);
	return tip_descends(&r, e) && store->write(store->self, tip_name(&r), tip, OID_HEX - 1, e);
}

bool plan_begun_here(struct arena *a, const struct store_port *store, const struct plan *p)
{
	struct reader r = {.arena = a, .store = store};
	return begun_here(&r, p);
}

const char *applied_ref(struct arena *a, const char *digest)
{
	return str_printf(a, "refs/pare/applied/%s", digest);
}

bool applied_marks(const struct review_port *review, const struct review_move *mark, size_t count,
		   const char *oid, struct err *e)
{
	if (review->publish_all != NULL)
		return count == 0 || review->publish_all(review->self, mark, count, oid, e);
	for (size_t i = 0; i < count; i++)
		if (!review->publish(review->self, mark[i].ref, mark[i].expected, oid, e))
			return false;
	return true;
}
