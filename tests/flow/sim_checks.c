/* sim_checks: W1–W5 on the model after every change, J1–J7 on the journals' bytes. */
#include <stdlib.h>
#include <string.h>

#include "pare/evaluate.h"
#include "pare/rollback.h"
#include "pare/str.h"
#include "sim_checks.h"

/* --- the truth, from the model itself --- */

/* Names are unique over roles and users in every scenario. */
static const struct role *true_role(const struct sim *s, const char *name)
{
	struct problem p;
	struct view v = view_now(s->sandbox, box_account(s->sandbox, SIM_ACCOUNT));
	const struct role *r = role_get(&v, PRINCIPAL_ROLE, name, &p);
	return r != NULL ? r : role_get(&v, PRINCIPAL_USER, name, &p);
}

static const struct document *default_document(const struct slot *policy)
{
	const struct managed *m = slot_now(policy);
	const struct policy_version *v = m != NULL ? policy_version_of(m, m->default_version) : NULL;
	return v != NULL ? v->document : NULL;
}

/* One line a policy, sorted: what a role holds, document for document. */
static const char *picture(struct arena *a, const struct role *r)
{
	struct str_list lines = {0};
	struct buf *b = buf_new(a, 16u * 1024 * 1024);
	if (r == NULL)
		return "no role";
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct document *d = default_document(r->attached[i]);
		const struct managed *m = slot_now(r->attached[i]);
		str_list_add(a, &lines,
			     str_printf(a, "attached %s %s", m->arn, policy_text_digest(a, d->text)));
	}
	for (size_t i = 0; i < r->inline_count; i++)
		str_list_add(a, &lines,
			     str_printf(a, "inline %s %s", r->inlines[i].name,
					policy_text_digest(a, r->inlines[i].document->text)));
	str_list_sort(&lines);
	for (size_t i = 0; i < lines.count; i++)
		buf_printf(b, "%s\n", lines.item[i]);
	return b->data;
}

static const char *policies_picture(struct sim *s, bool own)
{
	const struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	struct buf *b = buf_new(s->arena, 16u * 1024 * 1024);
	for (size_t i = 0; i < account->policies.count; i++) {
		const struct managed *m = slot_now(account->policies.slot[i]);
		if (m == NULL || str_starts(m->path, "/pare/") != own)
			continue;
		buf_printf(b, "%s %s\n", m->arn,
			   policy_text_digest(s->arena, default_document(account->policies.slot[i])->text));
	}
	return b->data;
}

/* --- W1 --- */

static enum answer role_allows(struct arena *a, const struct role *r, const char *action,
			       const char *resource)
{
	struct context_value ip = {.key = "aws:SourceIp"};
	struct policy_set set;
	str_list_add(a, &ip.values, "203.0.113.9");
	const struct witness request = {.action = action, .resource = resource, .context = &ip,
					.context_count = 1};
	set.policy = arena_array(a, r->attached_count + r->inline_count, sizeof(struct policy *));
	set.count = 0;
	for (size_t i = 0; i < r->attached_count; i++)
		set.policy[set.count++] = default_document(r->attached[i])->policy;
	for (size_t i = 0; i < r->inline_count; i++)
		set.policy[set.count++] = r->inlines[i].document->policy;
	return evaluate_allowed(set, &request, ARN_FLAT);
}

static void used_still_allowed(struct sim *s, const struct watched *w)
{
	struct arena *scratch = arena_new(NULL);
	const struct role *r = true_role(s, w->name);
	for (size_t i = 0; r != NULL && i < r->used.count; i++)
		if (role_allows(scratch, r, r->used.item[i], w->resource[i]) != ANSWER_YES)
			sim_fail(s, "W1: role '%s' cannot do %s on %s", w->name, r->used.item[i],
				 w->resource[i]);
	arena_free(scratch);
}

void checks_changed(struct sim *s)
{
	for (size_t i = 0; i < s->checks->count; i++)
		if (!s->checks->role[i].disturbed)
			used_still_allowed(s, &s->checks->role[i]);
}

/* The resource on which a used action is allowed, so that W1 has something to ask for. */
static const char *resource_for(struct sim *s, const struct role *r, const char *action)
{
	static const char *const candidates[] = {"arn:aws:s3:::reports/2026/a.csv", "arn:aws:s3:::reports",
						 "arn:aws:sqs:eu-west-1:111122223333:jobs", "*"};
	for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
		if (role_allows(s->arena, r, action, candidates[i]) == ANSWER_YES)
			return candidates[i];
	sim_fail(s, "scenario %zu: '%s' uses %s and may not", s->schedule->scenario, r->name, action);
	return "*";
}

void checks_open(struct sim *s)
{
	struct checks *c = arena_alloc(s->arena, sizeof *c);
	const struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	const struct table *roles = &account->roles, *users = &account->users;
	s->checks = c;
	c->role = arena_array(s->arena, roles->count + users->count, sizeof *c->role);
	for (size_t i = 0; i < roles->count + users->count; i++) {
		const struct role *r = slot_now(i < roles->count ? roles->slot[i]
								 : users->slot[i - roles->count]);
		struct watched *w = &c->role[c->count++];
		w->type = r->type;
		w->name = r->name;
		w->before = picture(s->arena, r);
		w->resource = arena_array(s->arena, r->used.count, sizeof(char *));
		for (size_t k = 0; k < r->used.count; k++)
			w->resource[k] = resource_for(s, r, r->used.item[k]);
	}
	c->policies = policies_picture(s, false);
}

void checks_plan(struct sim *s, const struct plan *p)
{
	for (size_t i = 0; i < s->checks->count; i++)
		if (strcmp(s->checks->role[i].name, p->principal.name) == 0)
			s->checks->role[i].plan[s->checks->role[i].plan_count++] = p;
}

struct watched *checks_role(struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->checks->count; i++)
		if (strcmp(s->checks->role[i].name, name) == 0)
			return &s->checks->role[i];
	return NULL;
}

/* --- J1, J6 --- */

static const struct sim_file *journal_file(const struct disk *d, struct arena *a, const char *id)
{
	const char *name = str_printf(a, "journals/%s.jsonl", id);
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->file[i].name, name) == 0)
			return &d->file[i];
	return NULL;
}

static struct journal *journal_of(struct sim *s, struct arena *a, const struct disk *d, const char *id)
{
	struct err e;
	const struct sim_file *f = journal_file(d, a, id);
	struct journal *j = f != NULL ? journal_parse(a, f->bytes, f->len, f->name, &e) : NULL;
	if (f != NULL && j == NULL)
		sim_fail(s, "J4: %s", e.message);
	return j;
}

static bool carries_out(const struct plan *p, const struct action *x, const struct call *c)
{
	static const enum step_op ops[CALL_OP_COUNT] = {
		[CALL_CREATE_POLICY] = STEP_CREATE_POLICY,
		[CALL_ATTACH_ROLE_POLICY] = STEP_ATTACH_ROLE_POLICY,
		[CALL_DETACH_ROLE_POLICY] = STEP_DETACH_ROLE_POLICY,
		[CALL_PUT_ROLE_POLICY] = STEP_PUT_ROLE_POLICY,
		[CALL_DELETE_ROLE_POLICY] = STEP_DELETE_ROLE_POLICY,
		[CALL_ATTACH_USER_POLICY] = STEP_ATTACH_USER_POLICY,
		[CALL_DETACH_USER_POLICY] = STEP_DETACH_USER_POLICY,
		[CALL_PUT_USER_POLICY] = STEP_PUT_USER_POLICY,
		[CALL_DELETE_USER_POLICY] = STEP_DELETE_USER_POLICY,
		[CALL_DELETE_POLICY] = STEP_DELETE_POLICY,
	};
	if (c->op == CALL_UPDATE_FINDING)
		return str_equal(x->finding, c->finding) &&
		       x->op == (str_equal(c->status, "ARCHIVED") ? STEP_ARCHIVE_FINDING
								  : STEP_UNARCHIVE_FINDING);
	bool on_role = c->op != CALL_CREATE_POLICY && c->op != CALL_DELETE_POLICY;
	return x->op == ops[c->op] && (!on_role || str_equal(c->role, p->principal.name)) &&
	       (x->policy_arn == NULL || c->policy_arn == NULL || str_equal(x->policy_arn, c->policy_arn)) &&
	       str_equal(x->policy_name, c->policy_name);
}

/* The intent to make a policy of the plan again, so that it can be attached. */
static bool remakes(const struct plan *p, const struct record *last, const struct call *c)
{
	bool known = false;
	for (size_t i = 0; i < p->step_count; i++)
		known = known || carries_out(p, &p->step[i].action, c) || carries_out(p, &p->step[i].inverse, c);
	return known && c->op == CALL_CREATE_POLICY && str_equal(last->detail, "CreatePolicy");
}

/* The journal's last whole line alone: its bytes are checked when the actor ends. */
static const struct record *last_record(struct arena *a, const struct disk *d, const char *id)
{
	static const char *const kinds[] = {[RECORD_INTENT] = "intent", [RECORD_UNDO_INTENT] = "undo-intent"};
	const struct sim_file *f = journal_file(d, a, id);
	const char *end = f != NULL && f->len > 0 ? memrchr(f->bytes, '\n', f->len) : NULL;
	const char *before = end != NULL && end > f->bytes
				     ? memrchr(f->bytes, '\n', (size_t)(end - f->bytes))
				     : NULL;
	const char *line = before != NULL ? before + 1 : f != NULL ? f->bytes : NULL;
	struct err e;
	int64_t step;
	const struct json *v = end != NULL ? json_parse(a, line, (size_t)(end - line), "line", &e) : NULL;
	if (v == NULL || !json_integer(json_get(v, "step"), &step))
		return NULL;
	struct record *r = arena_alloc(a, sizeof *r);
	r->step = (size_t)step;
	r->detail = json_text(v, "detail");
	r->kind = RECORD_END;
	for (int k = RECORD_INTENT; k <= RECORD_UNDO_INTENT; k++)
		if (kinds[k] != NULL && str_equal(kinds[k], json_text(v, "kind")))
			r->kind = (enum record_kind)k;
	return r;
}

static bool intended(struct sim *s, struct arena *a, const struct actor *x, const struct call *c)
{
	for (size_t i = 0; i < s->checks->count; i++)
		for (size_t k = 0; k < s->checks->role[i].plan_count; k++) {
			const struct plan *p = s->checks->role[i].plan[k];
			const struct record *last = last_record(a, x->disk, p->id);
			if (last == NULL || last->step < 1 || last->step > p->step_count)
				continue;
			const struct step *step = &p->step[last->step - 1];
			if (last->kind != RECORD_INTENT && last->kind != RECORD_UNDO_INTENT)
				continue;
			if (remakes(p, last, c))
				return true;
			if ((last->kind == RECORD_INTENT && carries_out(p, &step->action, c)) ||
			    (last->kind == RECORD_UNDO_INTENT && carries_out(p, &step->inverse, c)))
				return true;
		}
	return false;
}

static bool frozen(const struct sim *s)
{
	for (size_t i = 0; i < s->schedule->count; i++)
		if (s->schedule->disturbance[i].kind == FROZEN)
			return true;
	return false;
}

static const char *subject_of(const struct call *c)
{
	return c->policy_arn != NULL ? c->policy_arn : c->policy_name;
}

static void forget(struct str_list *list, const char *text)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->item[i], text) != 0)
			list->item[kept++] = list->item[i];
	list->count = kept;
}

void checks_effect(struct sim *s, const struct call *c)
{
	bool adds = c->op == CALL_ATTACH_ROLE_POLICY || c->op == CALL_PUT_ROLE_POLICY ||
		    c->op == CALL_ATTACH_USER_POLICY || c->op == CALL_PUT_USER_POLICY;
	bool removes = c->op == CALL_DETACH_ROLE_POLICY || c->op == CALL_DELETE_ROLE_POLICY ||
		       c->op == CALL_DETACH_USER_POLICY || c->op == CALL_DELETE_USER_POLICY;
	struct watched *w = adds || removes ? checks_role(s, c->role) : NULL;
	if (removes && w != NULL)
		forget(&w->standing, subject_of(c));
	/* Written again it stands since the first time. */
	if (!adds || (w != NULL && str_list_has(&w->standing, subject_of(c))))
		return;
	const struct role *r = true_role(s, c->role);
	if (w == NULL || r == NULL || r->slot->head->at_ms != s->now_ms)
		return;
	w->added_ms = s->now_ms;
	str_list_add(s->arena, &w->added, arena_strdup(s->arena, subject_of(c)));
	str_list_add(s->arena, &w->standing, arena_strdup(s->arena, subject_of(c)));
}

/* The barrier: what was added shows before anything that was there is removed. Where reads lag
 * steadily, that is the lag later. Undoing takes its own additions away at once. */
static void removed_too_soon(struct sim *s, const struct call *c)
{
	if (c->op != CALL_DETACH_ROLE_POLICY && c->op != CALL_DELETE_ROLE_POLICY &&
	    c->op != CALL_DETACH_USER_POLICY && c->op != CALL_DELETE_USER_POLICY)
		return;
	const struct watched *w = checks_role(s, c->role);
	if (!s->schedule->steady_lag || w == NULL || w->disturbed || w->added_ms == 0 ||
	    str_list_has(&w->added, subject_of(c)))
		return;
	if (s->now_ms < w->added_ms + s->schedule->lag_ms)
		sim_fail(s, "W1: %s on '%s' is sent %lld ms after an addition, and reads lag %lld ms",
			 call_name(c->op), c->role, (long long)(s->now_ms - w->added_ms),
			 (long long)s->schedule->lag_ms);
}

/* Where the remote can be reached and nobody stands still, an order is seen within seconds. */
static void stopped(struct sim *s, const struct call *c)
{
	enum { SEEN_WITHIN_MS = 5000 };
	if (s->stop_ms == 0 || s->now_ms - s->stop_ms <= SEEN_WITHIN_MS || frozen(s))
		return;
	for (size_t i = 0; i < s->schedule->count; i++)
		if (s->schedule->disturbance[i].kind == REMOTE_DOWN)
			return;
	sim_fail(s, "a stop was ordered %lld ms ago: %s was sent", (long long)(s->now_ms - s->stop_ms),
		 call_name(c->op));
}

void checks_start(struct sim *s, const struct actor *x, const struct call *c)
{
	struct arena *scratch = arena_new(NULL);
	stopped(s, c);
	removed_too_soon(s, c);
	if (!intended(s, scratch, x, c))
		sim_fail(s, "J1: %s was sent without a durable intent", call_name(c->op));
	for (const struct sim_call *y = s->calls; y != NULL; y = y->next)
		if (y->actor != x && !y->actor->dead && !y->answered && call_writes(y->call->op) && !frozen(s))
			sim_fail(s, "J6: two executors write at once: %s and %s", call_name(c->op),
				 call_name(y->call->op));
	arena_free(scratch);
}

/* --- J4, J5, J7 --- */

static void undone_in_order(struct sim *s, const struct plan *p, const struct journal *j)
{
	size_t next = 0, forward = 0;
	for (size_t i = 0; i < j->count; i++) {
		const struct record *r = &j->record[i];
		bool settled = str_equal(r->result, "done") || str_equal(r->result, "already");
		if (r->kind == RECORD_OUTCOME && settled) {
			if (r->step != forward + 1)
				sim_fail(s, "J5: plan '%s': step %zu settled after step %zu", p->id, r->step, forward);
			forward = r->step;
		}
		if (r->kind != RECORD_UNDO_OUTCOME || !settled)
			continue;
		if ((next != 0 && r->step != next) || (next == 0 && r->step < forward))
			sim_fail(s, "J5: plan '%s': step %zu undone out of order", p->id, r->step);
		next = r->step - 1;
		if (next == 0)
			next = SIZE_MAX; /* nothing may follow */
	}
}

static void ends_settled(struct sim *s, const struct plan *p, const struct journal *j)
{
	bool *in_effect;
	size_t count = 0;
	for (size_t i = 0; i < j->count; i++)
		if (j->record[i].kind == RECORD_END && i + 1 != j->count)
			sim_fail(s, "J7: plan '%s': records behind the end", p->id);
	if (j->count == 0 || j->record[j->count - 1].kind != RECORD_END)
		return;
	in_effect = calloc(p->step_count + 1, sizeof *in_effect);
	for (size_t i = 0; i < j->count; i++) {
		const struct record *r = &j->record[i];
		bool settled = str_equal(r->result, "done") || str_equal(r->result, "already");
		if (settled && r->kind == RECORD_OUTCOME)
			in_effect[r->step] = true;
		if (settled && r->kind == RECORD_UNDO_OUTCOME)
			in_effect[r->step] = false;
	}
	for (size_t i = 1; i <= p->step_count; i++)
		count += in_effect[i];
	free(in_effect);
	const char *end = j->record[j->count - 1].result;
	if (str_equal(end, "applied") ? count != p->step_count : count != 0)
		sim_fail(s, "J7: plan '%s' ends '%s' with %zu of %zu steps in effect", p->id, end, count,
			 p->step_count);
}

void checks_actor_end(struct sim *s, const struct actor *x)
{
	struct arena *scratch = arena_new(NULL);
	sim_trace(s, "actor %zu ends: %s", x->number, x->ok ? "ok" : x->err.message);
	for (size_t i = 0; i < x->report_count; i++)
		sim_trace(s, "  %s: %s %s", x->report[i].plan->principal.name,
			  apply_result_name(x->report[i].result),
			  x->report[i].why.kind != ERR_NONE ? x->report[i].why.message : "");
	for (size_t i = 0; i < s->checks->count; i++)
		for (size_t k = 0; k < s->checks->role[i].plan_count; k++) {
			const struct plan *p = s->checks->role[i].plan[k];
			struct journal *j = journal_of(s, scratch, x->disk, p->id);
			if (j == NULL)
				continue;
			undone_in_order(s, p, j);
			ends_settled(s, p, j);
		}
	arena_free(scratch);
}

/* --- W2–W5, at the end --- */

static const char *receipt_result(struct sim *s, const struct plan *p)
{
	struct err e;
	const struct sim_commit *log =
		remote_commit(&s->remote, remote_resolve(&s->remote, "refs/heads/pare/log"));
	const char *path = str_printf(s->arena, "receipts/%s/%s.json", p->account, p->id);
	for (size_t i = 0; log != NULL && i < log->count; i++) {
		if (strcmp(log->file[i].path, path) != 0)
			continue;
		const struct receipt *r = receipt_parse(s->arena, log->file[i].bytes, log->file[i].len, path, &e);
		return r != NULL ? r->result : "damaged";
	}
	return NULL;
}

static const char *expected_picture(struct sim *s, const struct principal *after)
{
	struct str_list lines = {0};
	struct buf *b = buf_new(s->arena, 16u * 1024 * 1024);
	for (size_t i = 0; i < after->attached_count; i++)
		str_list_add(s->arena, &lines,
			     str_printf(s->arena, "attached %s %s", after->attached[i].arn,
					after->attached[i].document_sha256));
	for (size_t i = 0; i < after->inline_count; i++)
		str_list_add(s->arena, &lines,
			     str_printf(s->arena, "inline %s %s", after->inline_policy[i].name,
					after->inline_policy[i].document_sha256));
	str_list_sort(&lines);
	for (size_t i = 0; i < lines.count; i++)
		buf_printf(b, "%s\n", lines.item[i]);
	return b->data;
}

/* What the role held before the plan with this digest. */
static const struct principal *held_before(const struct watched *w, const struct principal *const *held,
					   const char *digest)
{
	for (size_t k = 0; k < w->plan_count; k++)
		if (str_equal(w->plan[k]->digest, digest))
			return held[k];
	return NULL;
}

/* What the applied plans lead to, one after the other; a rollback of the whole to what was there
 * before the plan it undoes. NULL: as before all of them. */
static const struct principal *stands_at(struct sim *s, const struct watched *w, bool *settled)
{
	const struct principal *held[4], *x = w->principal;
	struct err e;
	*settled = true;
	for (size_t k = 0; k < w->plan_count; k++) {
		const char *result = receipt_result(s, w->plan[k]);
		bool applied = str_equal(result, "applied") || str_equal(result, "already so");
		held[k] = x;
		if (!applied && !str_equal(result, "undone"))
			*settled = false;
		if (!applied)
			continue;
		if (plan_undoes(w->plan[k]) != NULL && w->plan[k]->undo_scope == UNDO_WHOLE)
			x = held_before(w, held, plan_undoes(w->plan[k]));
		else
			x = plan_outcome(s->arena, w->plan[k], x, &e);
	}
	return x != w->principal ? x : NULL;
}

static void role_ends_right(struct sim *s, const struct watched *w)
{
	bool settled;
	const struct principal *x = stands_at(s, w, &settled);
	const char *now = picture(s->arena, true_role(s, w->name));
	if (w->disturbed)
		return;
	if (!settled) {
		sim_fail(s, "W3: role '%s': a plan has not come to its end", w->name);
		return;
	}
	const char *expected = x == NULL ? w->before : expected_picture(s, x);
	if (strcmp(now, expected) != 0)
		sim_fail(s, "W2: role '%s' is\n%sand should be\n%s", w->name, now, expected);
}

static void hands_off(struct sim *s, const struct watched *w)
{
	const struct role *r = true_role(s, w->name);
	for (size_t i = 0; r != NULL && i < w->kept.count; i++)
		if (strstr(picture(s->arena, r), w->kept.item[i]) == NULL)
			sim_fail(s, "W5: what a person put on role '%s' is gone: %s", w->name, w->kept.item[i]);
}

/* Two plans share this policy and one was undone: what it found there it leaves there. */
static bool shared_and_undone(struct sim *s, const char *arn)
{
	size_t makers = 0, undone = 0;
	for (size_t i = 0; i < s->checks->count; i++)
		for (size_t k = 0; k < s->checks->role[i].plan_count; k++) {
			const struct plan *p = s->checks->role[i].plan[k];
			for (size_t n = 0; n < p->step_count; n++) {
				if (p->step[n].action.op != STEP_CREATE_POLICY ||
				    !str_equal(p->step[n].action.policy_arn, arn))
					continue;
				makers++;
				undone += str_equal(receipt_result(s, p), "undone");
			}
		}
	return makers > 1 && undone > 0;
}

/* A policy that pare made and no role has is left over; unless a person had a hand in it. */
static void nothing_left_over(struct sim *s)
{
	const struct account *account = box_account(s->sandbox, SIM_ACCOUNT);
	const struct view v = view_now(s->sandbox, box_account(s->sandbox, SIM_ACCOUNT));
	for (size_t i = 0; i < account->policies.count && s->persons == 0; i++) {
		const struct managed *m = slot_now(account->policies.slot[i]);
		if (m != NULL && str_starts(m->path, "/pare/") &&
		    policy_users(&v, account->policies.slot[i], false) == 0 && !shared_and_undone(s, m->arn))
			sim_fail(s, "W2: policy '%s' is left over", m->arn);
	}
}

void checks_end(struct sim *s)
{
	for (size_t i = 0; i < s->checks->count; i++) {
		role_ends_right(s, &s->checks->role[i]);
		hands_off(s, &s->checks->role[i]);
	}
	nothing_left_over(s);
	if (strcmp(s->checks->policies, policies_picture(s, false)) != 0 && !s->checks->policies_disturbed)
		sim_fail(s, "W4: policies that are not pare's own changed");
}
