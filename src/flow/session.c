#include "pare/session.h"

#include <string.h>

#include "guard.h"
#include "pare/checks.h"
#include "pare/str.h"
#include "pare/when.h"

struct running {
	struct arena *arena;
	const struct session *session;
	struct lock lock;
	struct guard guard;
	const char *run;
};

/* Every write asks: is the lock still ours? Where somebody took it over, nothing more is written,
 * not even to undo: the other executor reads the role and goes on. Then: is a stop ordered? It stops
 * undoing, too. Then the change window, which does not. */
static bool may_write(void *self, const struct plan *plan, bool undoing, int64_t now_ms,
		      struct err *e)
{
	struct running *r = self;
	return lock_keep(r->arena, r->session->review, &r->lock, now_ms, e) &&
	       guard_stop(&r->guard, undoing, now_ms, e) &&
	       guard_window(&r->guard, plan, undoing, now_ms, e);
}

static bool approved_now(struct running *r, const struct str_list *digests, struct approval **out,
			 size_t *count, char tip[OID_HEX], struct err *e)
{
	const struct session *s = r->session;
	struct approval *all;
	const struct plan *lost = NULL;
	const char *why = NULL;
	size_t n, kept = 0;
	const struct approved_port *p = s->approved;
	int64_t now_ms = s->clock->now_ms(s->clock->self);
	if (!(p != NULL ? p->read(p->self, r->arena, now_ms, &all, &n, tip, e)
			: approvals_read(r->arena, s->review, s->store, s->setting.config, s->approvals,
					 s->setting.caller_account, now_ms, &all, &n, tip, e)))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (all[i].finished || !str_list_has(digests, all[i].plan->digest))
			continue;
		if (all[i].approved) {
			all[kept++] = all[i];
			continue;
		}
		lost = all[i].plan;
		why = all[i].missing;
		if (s->progress != NULL)
			s->progress->note(s->progress->self,
					  str_printf(r->arena, "not applied: plan '%s': %s", lost->id, why));
	}
	*out = all;
	*count = kept;
	return kept > 0 || lost == NULL ||
	       err_set(e, ERR_REFUSED, "plan '%s' is approved no more: %s", lost->id, why);
}

static int64_t now(const struct running *r)
{
	return r->session->clock->now_ms(r->session->clock->self);
}

/* Nothing is begun that could not write its first step. What was begun goes on as far as it may:
 * its undoing waits for no window. */
static bool may_begin(struct running *r, struct approval *approval, size_t *count, struct err *e)
{
	const struct session *s = r->session;
	size_t kept = 0, all = *count;
	r->guard = (struct guard){.arena = r->arena, .config = s->setting.config, .review = s->review,
				  .calendar = s->calendar};
	if (!guard_start(&r->guard, now(r), e))
		return false;
	for (size_t i = 0; i < all; i++) {
		const struct plan *p = approval[i].plan;
		if (approval[i].started || guard_window(&r->guard, p, false, now(r), e))
			approval[kept++] = approval[i];
		else if (s->progress != NULL)
			s->progress->note(s->progress->self,
					  str_printf(r->arena, "not begun: plan %s: %s", p->id, e->message));
	}
	*count = kept;
	return kept > 0 || all == 0 || err_wrap(e, "nothing is begun");
}

/* Marks first, so that a second machine sees the digest before the first write. */
static bool mark(struct running *r, const struct approval *approval, size_t count, const char *tip,
		 struct err *e)
{
	struct review_move *mark = arena_array(r->arena, count + 1, sizeof *mark);
	size_t marks = 0;
	for (size_t i = 0; i < count; i++)
		if (!approval[i].started)
			mark[marks++] = (struct review_move){applied_ref(r->arena, approval[i].plan->digest), ""};
	return applied_marks(r->session->review, mark, marks, tip, e) ||
	       err_wrap(e, "marking plans as started");
}

/* What AWS says of the plans now. Not asked of one that was begun: it must come to its end. Refused
 * ones are taken out of the list and told of in the report. */
static size_t still_unused(struct running *r, struct approval *approval, size_t n,
			   struct apply_report *refused, size_t *refused_count)
{
	const struct session *s = r->session;
	const struct checks checks = {s->setting.config, s->reads, s->clock, s->progress};
	size_t kept = 0;
	*refused_count = 0;
	for (size_t i = 0; i < n; i++) {
		struct err why;
		bool fine = s->reads == NULL || approval[i].started ||
			    (checks_findings(r->arena, &checks, approval[i].plan, &why) &&
			     checks_still_unused(r->arena, &checks, approval[i].plan, &why));
		if (fine)
			approval[kept++] = approval[i];
		else
			refused[(*refused_count)++] = (struct apply_report){
				.plan = approval[i].plan, .result = APPLY_REFUSED, .why = why};
	}
	return kept;
}

static bool run_locked(struct running *r, const struct str_list *digests,
		       struct apply_report **report, size_t *count, struct err *e)
{
	const struct session *s = r->session;
	const struct guard_port guard = {r, may_write};
	struct apply_setting setting = s->setting;
	struct approval *approval;
	char tip[OID_HEX];
	struct apply_report *refused;
	size_t n, refused_count;
	if (!approved_now(r, digests, &approval, &n, tip, e) || !may_begin(r, approval, &n, e))
		return false;
	refused = arena_array(r->arena, n + 1, sizeof *refused);
	n = still_unused(r, approval, n, refused, &refused_count);
	if (!mark(r, approval, n, tip, e))
		return false;
	setting.tip = tip;
	setting.guard = &guard;
	*report = arena_array(r->arena, n + refused_count + 1, sizeof **report);
	if (!apply_run(r->arena, &setting, &s->aws, s->store, s->clock, s->progress, approval, n, *report,
		       e))
		return false;
	memcpy(*report + n, refused, refused_count * sizeof *refused);
	*count = n + refused_count;
	for (size_t i = 0; i < n; i++)
		if ((*report)[i].receipt != NULL)
			(*report)[i].receipt->run = r->run;
	if (receipts_publish(r->arena, s->review, s->store, s->setting.config, *report, n,
			     s->clock->now_ms(s->clock->self), e))
		return true;
	return err_wrap(e, "the changes are made and journaled, but the receipts are not published; run "
			   "'pare apply' again");
}

const char *session_run_id(struct arena *a, const char *account, int64_t now_ms)
{
	char started[WHEN_TEXT];
	when_compact(now_ms, started);
	return str_printf(a, "%s-%s-%03lld", started, account, (long long)(now_ms % 1000));
}

bool session_run(struct arena *a, const struct session *s, const struct str_list *digests,
		 struct apply_report **report, size_t *count, struct err *e)
{
	struct running r = {.arena = a, .session = s};
	struct err unlocking;
	*report = NULL;
	*count = 0;
	r.run = s->run != NULL ? s->run
			       : session_run_id(a, s->setting.caller_account, s->clock->now_ms(s->clock->self));
	if (!lock_take(a, s->review, s->store, s->host, s->setting.caller_account,
		       s->clock->now_ms(s->clock->self), &r.lock, e))
		return false;
	bool ok = run_locked(&r, digests, report, count, e);
	if (lock_release(s->review, s->store, &r.lock, &unlocking))
		return ok;
	if (ok)
		*e = unlocking;
	return false;
}
