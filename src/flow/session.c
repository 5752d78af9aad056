#include "pare/session.h"

#include "pare/str.h"

struct running {
	struct arena *arena;
	const struct session *session;
	struct lock lock;
};

/* Every write asks: is the lock still ours? Where somebody took it over, nothing more is written,
 * not even to undo: the other executor reads the role and goes on. */
static bool may_write(void *self, const struct plan *plan, bool undoing, int64_t now_ms,
		      struct err *e)
{
	struct running *r = self;
	(void)plan;
	(void)undoing;
	return lock_keep(r->arena, r->session->review, &r->lock, now_ms, e);
}

static bool approved_now(struct running *r, const struct str_list *digests, struct approval **out,
			 size_t *count, char tip[OID_HEX], struct err *e)
{
	const struct session *s = r->session;
	struct approval *all;
	size_t n, kept = 0;
	if (!approvals_read(r->arena, s->review, s->store, s->setting.config, s->setting.caller_account,
			    s->clock->now_ms(s->clock->self), &all, &n, tip, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].approved && !all[i].finished && str_list_has(digests, all[i].plan->digest))
			all[kept++] = all[i];
	*out = all;
	*count = kept;
	return true;
}

/* Marks first, so that a second machine sees the digest before the first write. */
static bool mark(struct running *r, const struct approval *approval, size_t count, const char *tip,
		 struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!approval[i].started &&
		    !applied_mark(r->arena, r->session->review, approval[i].plan->digest, tip, e))
			return err_wrap(e, "marking plan '%s' as started", approval[i].plan->id);
	return true;
}

static bool run_locked(struct running *r, const struct str_list *digests,
		       struct apply_report **report, size_t *count, struct err *e)
{
	const struct session *s = r->session;
	const struct guard_port guard = {r, may_write};
	struct apply_setting setting = s->setting;
	struct approval *approval;
	char tip[OID_HEX];
	size_t n;
	if (!approved_now(r, digests, &approval, &n, tip, e) || !mark(r, approval, n, tip, e))
		return false;
	setting.tip = tip;
	setting.guard = &guard;
	*report = arena_array(r->arena, n + 1, sizeof **report);
	if (!apply_run(r->arena, &setting, &s->aws, s->store, s->clock, s->progress, approval, n, *report,
		       e))
		return false;
	*count = n;
	if (receipts_publish(r->arena, s->review, s->store, s->setting.config, *report, n,
			     s->clock->now_ms(s->clock->self), e))
		return true;
	return err_wrap(e, "the changes are made and journaled, but the receipts are not published; run "
			   "'pare apply' again");
}

bool session_run(struct arena *a, const struct session *s, const struct str_list *digests,
		 struct apply_report **report, size_t *count, struct err *e)
{
	struct running r = {.arena = a, .session = s};
	struct err unlocking;
	*report = NULL;
	*count = 0;
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
