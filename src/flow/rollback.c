/* rollback: the steps of a carried-out plan, taken back in their reverse order. What the plan
 * removed last is given back first, so the role is never without what it had (W1). */
#include "pare/rollback.h"

#include <string.h>

#include "apply_states.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/str.h"
#include "pare/when.h"
#include "slots.h"

struct roll {
	struct arena *arena;
	const struct draft_setting *setting;
	const struct plan *done;
	const struct receipt *receipt;
	const struct principal *live;
	const struct rollback_documents *documents;
	struct plan *plan;
};

static bool was_done(const struct roll *r, size_t n)
{
	for (size_t i = 0; i < r->receipt->count; i++)
		if (r->receipt->step[i].n == n)
			return str_equal(r->receipt->step[i].result, "done") ||
			       str_equal(r->receipt->step[i].result, "already");
	return false;
}

static const struct rollback_document *document_of(const struct roll *r, const char *arn)
{
	for (size_t i = 0; i < r->documents->count; i++)
		if (strcmp(r->documents->item[i].arn, arn) == 0)
			return &r->documents->item[i];
	return NULL;
}

static void push(struct roll *r, const struct step *from, struct action action,
		 struct action inverse)
{
	struct plan *p = r->plan;
	p->step[p->step_count] =
		(struct step){p->step_count + 1, action, inverse, from->source_policy, from->temporary};
	p->step_count++;
}

/* Re-attaching says what the policy held, so that it can be proved and checked. */
static void push_inverse(struct roll *r, const struct step *from)
{
	struct action action = from->inverse;
	const struct rollback_document *d =
		action.op == STEP_ATTACH_ROLE_POLICY ? document_of(r, action.policy_arn) : NULL;
	if (d != NULL) {
		action.document = d->document;
		action.document_sha256 = d->document_sha256;
	}
	push(r, from, action, from->action);
}

/* Additions of the inverse first, in reverse order, then its removals, then deletions: the reverse
 * order of a plan that adds before it removes is that already; a bridge's is, too. */
static void write_steps(struct roll *r)
{
	const struct plan *d = r->done;
	r->plan->step = arena_array(r->arena, d->step_count, sizeof *r->plan->step);
	for (size_t i = d->step_count; i > 0; i--) {
		const struct step *s = &d->step[i - 1];
		if (s->inverse.op == STEP_DELETE_POLICY || !was_done(r, s->n))
			continue;
		push_inverse(r, s);
	}
	/* Also a policy that another plan had made before: the last role that lets go of it removes it,
	 * and IAM refuses as long as somebody uses it. */
	for (size_t i = d->step_count; i > 0; i--) {
		const struct step *s = &d->step[i - 1];
		if (s->inverse.op == STEP_DELETE_POLICY && was_done(r, s->n))
			push_inverse(r, s);
	}
}

static void fill(struct roll *r)
{
	char time[WHEN_TEXT];
	struct plan *p = r->plan;
	const struct plan *d = r->done;
	*p = *d;
	p->decision = (struct decision){.rules_sha256 = d->decision.rules_sha256};
	p->undoes = d->digest;
	p->undoes_reason = str_printf(r->arena, "undoes plan %s", d->id);
	p->source.recommendation_sha256 = NULL;
	p->id = plan_id(r->arena, r->setting->now_ms, d->account, d->principal.name, d->principal.arn,
			d->digest);
	p->repository = r->setting->config->repository.url != NULL ? r->setting->config->repository.url : "";
	p->branch = r->setting->config->repository.branch;
	when_iso(r->setting->now_ms, time);
	p->created_at = arena_strdup(r->arena, time);
	when_iso(r->setting->now_ms + (int64_t)r->setting->config->limits.plan_valid_days * WHEN_DAY_MS,
		 time);
	p->expires_at = arena_strdup(r->arena, time);
	p->author = r->setting->config->author;
	p->step = NULL;
	p->step_count = 0;
	memset(&p->impact, 0, sizeof p->impact);
	draft_preconditions(r->arena, r->live, p);
}

/* Three-way: what stands on the role now must be what the plan left there. */
static bool untouched_since(const struct roll *r, struct err *e)
{
	const struct states *s = states_of(r->arena, r->done);
	if (!str_equal(r->live->unique_id, r->done->principal.unique_id))
		return err_set(e, ERR_STALE, "role '%s' was deleted and made anew since", r->live->name);
	const char *difference = states_difference(r->arena, s, r->live, r->done->step_count);
	if (difference == NULL)
		return true;
	if (states_match(s, r->live, 0))
		return err_set(e, ERR_REFUSED, "role '%s' is as it was before the plan: nothing to roll back",
			       r->live->name);
	return err_set(e, ERR_STALE,
		       "role '%s' was changed since the plan was applied: %s; a rollback would overwrite that, so a "
		       "person must decide",
		       r->live->name, difference);
}

static bool documents_unchanged(const struct roll *r, struct err *e)
{
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct action *x = &r->plan->step[i].action;
		if (x->op != STEP_ATTACH_ROLE_POLICY)
			continue;
		const char *then = NULL;
		for (size_t k = 0; k < r->done->preconditions.attached_count; k++)
			if (strcmp(r->done->preconditions.attached[k].arn, x->policy_arn) == 0)
				then = r->done->preconditions.attached[k].document_sha256;
		if (x->document == NULL)
			return err_set(e, ERR_STALE, "policy '%s' is gone: it cannot be attached again",
				       x->policy_arn);
		if (then != NULL && !str_equal(then, x->document_sha256))
			return err_set(e, ERR_STALE,
				       "policy '%s' was changed since the plan was applied: attaching it would not "
				       "give back what was there",
				       x->policy_arn);
	}
	return true;
}

static void add_gate(struct plan *p, const char *name, enum gate_result result, const char *evidence)
{
	p->gate[p->gate_count++] = (struct gate){name, result, evidence};
}

/* The rollback grants nothing that was not there before the plan it undoes: its outcome is that
 * state, digest for digest, and the live state adds nothing to it. */
static void fill_gates(struct roll *r, const struct quota *quota)
{
	struct plan *p = r->plan;
	const struct states *s = states_of(r->arena, r->done);
	struct err e;
	struct principal *after = plan_outcome(r->arena, p, r->live, &e);
	const char *difference = after == NULL ? arena_strdup(r->arena, e.message)
					       : states_difference(r->arena, s, after, 0);
	enum gate_result same = difference == NULL ? GATE_PASS : GATE_FAIL;
	const char *evidence =
		difference == NULL
			? str_printf(r->arena, "the outcome is the state before plan %s, digest for digest",
				     r->done->id)
			: difference;
	const char *missing = quota_walk(r->arena, p, r->live, quota);
	p->gate = arena_array(r->arena, 10, sizeof *p->gate);
	p->gate_count = 0;
	add_gate(p, "no-new-access", same, evidence);
	add_gate(p, "only-unused-lost", same, evidence);
	add_gate(p, "conditions-kept", same, evidence);
	add_gate(p, "grammar", GATE_PASS, "the documents were in force before");
	add_gate(p, "quota", missing == NULL ? GATE_PASS : GATE_FAIL,
		 missing == NULL ? "inside IAM's quotas before, during and after the change" : missing);
	add_gate(p, "fresh", GATE_PASS, "the role is as the plan left it");
	const char *owned = protected_by(r->arena, r->setting->config, r->setting->caller_arn, r->live);
	add_gate(p, "protected", owned == NULL ? GATE_PASS : GATE_FAIL,
		 owned == NULL ? "nobody protects it" : owned);
	add_gate(p, "shared", GATE_PASS, "no policy that others use is touched");
	add_gate(p, "window", r->setting->config->window.open.count + r->setting->config->window.freeze.count == 0
				      ? GATE_PASS
				      : GATE_UNKNOWN,
		 r->setting->config->window.open.count + r->setting->config->window.freeze.count == 0
			 ? "no change window is configured"
			 : "a change window is configured, and this version cannot judge windows yet");
	add_gate(p, "blast-radius", GATE_PASS, "one principal");
}

struct plan *rollback_draft(struct arena *a, const struct draft_setting *s, const struct plan *done,
			    const struct receipt *receipt, const struct principal *live,
			    const struct rollback_documents *documents, const struct quota *quota,
			    struct err *e)
{
	struct roll r = {a, s, done, receipt, live, documents, arena_alloc(a, sizeof(struct plan))};
	if (!untouched_since(&r, e)) {
		err_wrap(e, "rolling back plan '%s'", done->id);
		return NULL;
	}
	fill(&r);
	write_steps(&r);
	if (!documents_unchanged(&r, e)) {
		err_wrap(e, "rolling back plan '%s'", done->id);
		return NULL;
	}
	fill_gates(&r, quota);
	return plan_seal(a, r.plan, e) ? r.plan : NULL;
}

/* What the policies to be attached again hold now. */
bool rollback_read(struct arena *a, const struct read_port *aws, const struct plan *done,
		   struct rollback_documents *out, struct err *e)
{
	*out = (struct rollback_documents){arena_array(a, done->step_count, sizeof *out->item), 0};
	for (size_t i = 0; i < done->step_count; i++) {
		const struct action *x = &done->step[i].inverse;
		if (x->op != STEP_ATTACH_ROLE_POLICY)
			continue;
		struct call c = {.op = CALL_GET_POLICY, .arena = a, .policy_arn = x->policy_arn};
		if (!read_one(aws, &c)) {
			if (c.err.kind == ERR_NOT_FOUND)
				continue;
			*e = c.err;
			return err_wrap(e, "reading policy '%s'", x->policy_arn);
		}
		struct call v = {.op = CALL_GET_POLICY_VERSION, .arena = a, .policy_arn = x->policy_arn,
				 .version = c.policy->default_version};
		if (!read_one(aws, &v)) {
			*e = v.err;
			return err_wrap(e, "reading policy '%s'", x->policy_arn);
		}
		out->item[out->count++] = (struct rollback_document){
			x->policy_arn, v.text, policy_text_digest(a, v.text)};
	}
	return true;
}
