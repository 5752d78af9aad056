/* rollback: the steps of a carried-out plan, taken back in their reverse order. What the plan
 * removed last is given back first, so the role is never without what it had (W1). Where that order
 * does not fit the quotas any more, the orders of an ordinary plan are tried. */
#include "pare/rollback.h"

#include <ctype.h>
#include <string.h>

#include "pare/arn.h"
#include "pare/str.h"
#include "guard.h"
#include "rollback_draft.h"

enum { SCOPE_GATES = 10 };

const struct rollback_policy *roll_policy(const struct roll *r, const char *arn)
{
	for (size_t i = 0; i < r->ask->policies->count; i++)
		if (strcmp(r->ask->policies->item[i].arn, arn) == 0)
			return &r->ask->policies->item[i];
	return NULL;
}

const struct action *roll_creation(const struct roll *r, const char *arn)
{
	for (size_t i = 0; i < r->ask->done->step_count; i++) {
		const struct action *x = &r->ask->done->step[i].inverse;
		if (x->op == STEP_CREATE_POLICY && str_equal(x->policy_arn, arn))
			return x;
	}
	return NULL;
}

bool roll_as_left(const struct roll *r, const struct part_member *m)
{
	return str_equal(live_digest(r->ask->live, m->slot->inlined, m->slot->id), m->became);
}

const char *roll_unattachable(const struct roll *r, const struct part_member *m)
{
	const struct rollback_policy *now = roll_policy(r, m->slot->id);
	if (roll_creation(r, m->slot->id) != NULL)
		return NULL;
	if (now == NULL || now->gone)
		return "is gone: it cannot be attached again";
	return str_equal(now->document_sha256, m->was)
		       ? NULL
		       : "holds another document now: attaching it would not give back what was there";
}

/* --- the steps --- */

static bool was_done(const struct roll *r, size_t n)
{
	const struct receipt *x = r->ask->receipt;
	for (size_t i = 0; i < x->count; i++)
		if (x->step[i].n == n)
			return str_equal(x->step[i].result, "done") || str_equal(x->step[i].result, "already");
	return false;
}

static void push(struct roll *r, struct action action, struct action inverse, const char *source,
		 bool temporary)
{
	struct plan *p = r->plan;
	p->step[p->step_count] = (struct step){p->step_count + 1, action, inverse, source, temporary};
	p->step_count++;
}

/* Which plan made a policy is this one now; where it came from stays. */
static void retag(struct roll *r, struct action *x)
{
	struct tag *tag = arena_array(r->arena, x->tag_count, sizeof *tag);
	for (size_t i = 0; i < x->tag_count; i++) {
		tag[i] = x->tag[i];
		if (str_equal(tag[i].key, "pare:plan"))
			tag[i].value = r->plan->id;
	}
	x->tag = tag;
}

/* Re-attaching says what the policy holds, so that it can be proved and checked. */
static void push_inverse(struct roll *r, const struct step *from)
{
	struct action action = from->inverse;
	const struct rollback_policy *now =
		step_attaches(action.op) && roll_creation(r, action.policy_arn) == NULL
			? roll_policy(r, action.policy_arn)
			: NULL;
	if (now != NULL && !now->gone) {
		action.document = now->document;
		action.document_sha256 = now->document_sha256;
	}
	if (action.op == STEP_CREATE_POLICY)
		retag(r, &action);
	push(r, action, from->action, from->source_policy, from->temporary);
}

/* Of what the plan created, what this rollback takes off the role goes, too: also a policy that
 * another plan had made before: the last role that lets go of it removes it, and IAM refuses as long
 * as somebody uses it. */
static void push_deletions(struct roll *r)
{
	const struct plan *d = r->ask->done;
	size_t steps = r->plan->step_count;
	struct step *more = arena_array(r->arena, steps + d->step_count, sizeof *more);
	if (steps > 0)
		memcpy(more, r->plan->step, steps * sizeof *more);
	r->plan->step = more;
	for (size_t i = d->step_count; i > 0; i--) {
		const struct step *s = &d->step[i - 1];
		bool goes = r->plan->undo_scope == UNDO_WHOLE && was_done(r, s->n);
		for (size_t k = 0; k < steps && !goes; k++)
			goes = step_detaches(more[k].action.op) &&
			       str_equal(more[k].action.policy_arn, s->action.policy_arn);
		if (s->action.op == STEP_CREATE_POLICY && goes)
			push(r, s->inverse, s->action, s->source_policy, false);
	}
}

static void reverse_steps(struct roll *r)
{
	const struct plan *d = r->ask->done;
	r->plan->step = arena_array(r->arena, d->step_count, sizeof *r->plan->step);
	r->plan->step_count = 0;
	for (size_t i = d->step_count; i > 0; i--)
		if (d->step[i - 1].inverse.op != STEP_DELETE_POLICY && was_done(r, d->step[i - 1].n))
			push_inverse(r, &d->step[i - 1]);
}

static void order_slots(struct roll *r, const struct slots *slots)
{
	slots_order(r->arena, slots, r->ask->live, r->plan->id, r->ask->quota, r->plan);
}

/* --- what the plan says of itself --- */

static const char *joined(struct arena *a, const struct str_list *list)
{
	const char *text = "";
	for (size_t i = 0; i < list->count; i++)
		text = str_printf(a, "%s%s%s", text, i > 0 ? ", " : "", list->item[i]);
	return text;
}

static void fill(struct roll *r)
{
	struct arena *a = r->arena;
	struct plan *p = r->plan;
	const struct plan *d = r->ask->done;
	const struct draft_setting *s = r->setting;
	*p = *d;
	p->decision = (struct decision){.rules_sha256 = d->decision.rules_sha256};
	p->undoes = d->digest;
	p->undo_scope = r->ask->scope;
	p->gives_back = r->ask->scope == UNDO_PART ? r->ask->patterns : (struct str_list){0};
	p->source.recommendation_sha256 = NULL;
	p->id = plan_id(a, s->now_ms, d->account, d->principal.name, d->principal.arn,
			str_printf(a, "%s %s %s", d->digest, undo_scope_name(p->undo_scope),
				   joined(a, &p->gives_back)));
	draft_stamp(a, s, p);
	p->step = NULL;
	p->step_count = 0;
	memset(&p->impact, 0, sizeof p->impact);
	draft_preconditions(a, r->ask->live, p);
}

static void fill_reason(struct roll *r)
{
	struct arena *a = r->arena;
	struct plan *p = r->plan;
	const char *id = r->ask->done->id;
	if (p->undo_scope == UNDO_WHOLE)
		p->undoes_reason = str_printf(a, "undoes plan %s", id);
	else if (p->undo_scope == UNDO_PART)
		p->undoes_reason = str_printf(a, "gives back %s of what plan %s took away",
					      joined(a, &p->gives_back), id);
	else
		p->undoes_reason = str_printf(a, "undoes, partially, plan %s: what nobody changed since", id);
	if (r->left.count > 0)
		p->undoes_reason = str_printf(a, "%s; left as it is: %s", p->undoes_reason, joined(a, &r->left));
}

static void fill_impact(struct roll *r)
{
	struct arena *scratch = arena_new(NULL);
	struct policy_set was, will;
	struct err e;
	const struct principal *after = plan_outcome(scratch, r->plan, r->ask->live, &e);
	if (after != NULL && principal_policies(scratch, r->ask->live, &was, &e) &&
	    principal_policies(scratch, after, &will, &e)) {
		/* A loss knows only what was there before: what comes back is the loss of the way back. */
		struct loss lost = loss_of(r->arena, was, will, r->setting->catalog);
		struct loss given = loss_of(scratch, will, was, r->setting->catalog);
		draft_impact(r->arena, &lost, r->plan);
		r->plan->impact.actions_after = (int64_t)given.actions_before;
	}
	arena_free(scratch);
}

/* --- the gates --- */

static void gate(struct roll *r, const char *name, const char *wrong, const char *good)
{
	struct plan *p = r->plan;
	p->gate[p->gate_count++] =
		(struct gate){name, wrong == NULL ? GATE_PASS : GATE_FAIL, wrong == NULL ? good : wrong};
}

static const char *invalid_document(struct roll *r)
{
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct action *x = &r->plan->step[i].action;
		struct err e;
		bool made = x->op == STEP_CREATE_POLICY || step_puts(x->op);
		if (made && policy_parse(r->arena, x->document, strlen(x->document), x->policy_name, &e) == NULL)
			return arena_strdup(r->arena, e.message);
	}
	return NULL;
}

static void gates_of_part(struct roll *r)
{
	struct part_proof proof = {0};
	struct err e;
	struct arena *a = r->arena;
	const char *back = joined(a, &r->plan->gives_back);
	struct principal *before = document_principal(a, r->ask->done, r->ask->documents, &e);
	if (before == NULL ||
	    !part_prove(a, r->setting->catalog, r->plan, before, r->ask->live, &proof, &e))
		proof.wider = proof.beyond = proof.lost = proof.unlike = arena_strdup(a, e.message);
	gate(r, "no-new-access", proof.wider != NULL ? proof.wider : proof.beyond,
	     str_printf(a, "proved at every step: nothing that was not allowed before plan %s or is now, and "
			   "nothing more than now but %s",
			r->ask->done->id, back));
	gate(r, "only-unused-lost", proof.lost, "proved at every step: nothing is lost of what is allowed now");
	gate(r, "conditions-kept", proof.unlike,
	     "each grant has the resources and conditions of a statement from before");
	gate(r, "grammar", invalid_document(r), "the new documents are valid");
}

/* The rollback grants nothing that was not there before the plan it undoes: what it leads to is that
 * state, digest for digest. */
static void gates_of_states(struct roll *r)
{
	const char *wrong = rollback_wrong(r->arena, r->setting->catalog, r->plan, r->ask->done, NULL);
	const char *good =
		r->plan->undo_scope == UNDO_WHOLE
			? str_printf(r->arena, "the outcome is the state before plan %s, digest for digest",
				     r->ask->done->id)
			: str_printf(r->arena,
				     "each policy it touches is as plan %s left it and ends as it was before, digest "
				     "for digest",
				     r->ask->done->id);
	gate(r, "no-new-access", wrong, good);
	gate(r, "only-unused-lost", wrong, good);
	gate(r, "conditions-kept", wrong, good);
	gate(r, "grammar", NULL, "the documents were in force before");
}

static const char *users_text(struct roll *r, const struct rollback_policy *p)
{
	return p->bounded > 0 ? str_printf(r->arena, "%s%sit bounds %zu", joined(r->arena, &p->others),
					   p->others.count > 0 ? "; " : "", p->bounded)
			      : joined(r->arena, &p->others);
}

/* Policies that pare made and others use by now. */
static const char *shared_text(struct roll *r)
{
	const char *text = NULL;
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct action *x = &r->plan->step[i].action;
		const struct rollback_policy *p =
			x->op == STEP_DELETE_POLICY ? roll_policy(r, x->policy_arn) : NULL;
		if (p == NULL || (p->others.count == 0 && p->bounded == 0))
			continue;
		text = str_printf(r->arena, "%s%s'%s' is not deleted as long as others use it: %s",
				  text != NULL ? text : "", text != NULL ? "; " : "", p->arn, users_text(r, p));
	}
	return text != NULL ? text : "no policy that others use is touched";
}

static void fill_gates(struct roll *r)
{
	struct plan *p = r->plan;
	const struct config *config = r->setting->config;
	p->gate = arena_array(r->arena, SCOPE_GATES, sizeof *p->gate);
	p->gate_count = 0;
	if (p->undo_scope == UNDO_PART)
		gates_of_part(r);
	else
		gates_of_states(r);
	gate(r, "quota", quota_walk(r->arena, p, r->ask->live, r->ask->quota),
	     "inside IAM's quotas before, during and after the change");
	gate(r, "fresh", NULL, r->left.count == 0 ? "it is as the plan left it"
						  : "what it touches is as the plan left it");
	gate(r, "protected", protected_by(r->arena, config, r->setting->caller_arn, r->ask->live),
	     "nobody protects it");
	gate(r, "shared", NULL, shared_text(r));
	p->gate[p->gate_count++] = window_gate(r->arena, config, p, r->setting->now_ms);
	gate(r, "blast-radius", NULL, "one principal");
}

/* --- the three scopes --- */

static bool same_role(const struct roll *r, struct err *e)
{
	const struct principal *live = r->ask->live;
	const struct plan *d = r->ask->done;
	if (!str_equal(live->unique_id, d->principal.unique_id))
		return err_set(e, ERR_STALE,
			       "%s '%s' was deleted and made anew since (id %s, then %s): what the plan took away "
			       "belonged to another one",
			       principal_type_name(live->type), live->name, live->unique_id, d->principal.unique_id);
	if (!str_equal(r->ask->receipt->result, "applied"))
		return err_set(e, ERR_REFUSED, "its receipt says '%s', not 'applied'", r->ask->receipt->result);
	if (plan_archives_only(d) || !states_match(r->parts->states, live, 0))
		return true;
	return err_set(e, ERR_REFUSED, "%s '%s' is as it was before the plan: nothing to roll back",
		       principal_type_name(live->type), live->name);
}

static bool attachable(const struct roll *r, struct err *e)
{
	for (size_t i = 0; i < r->parts->count; i++) {
		const struct part *p = &r->parts->part[i];
		for (size_t k = 0; k < p->gone_count; k++) {
			const struct part_member *m = &p->gone[k];
			const char *cannot = m->slot->inlined ? NULL : roll_unattachable(r, m);
			if (cannot != NULL)
				return err_set(e, ERR_STALE,
					       "policy '%s' %s; '--action \"*\"' gives back what it granted then as a "
					       "policy of pare's own, '--untouched' everything else",
					       m->slot->id, cannot);
		}
	}
	return true;
}

/* Three-way: what stands on the role now must be what the plan left there. */
static bool draft_whole(struct roll *r, struct err *e)
{
	const struct states *s = r->parts->states;
	const char *difference = states_difference(r->arena, s, r->ask->live, s->steps);
	struct slots slots;
	if (difference != NULL)
		return err_set(e, ERR_STALE,
			       "%s '%s' was changed since the plan was applied: %s; a rollback would overwrite that; "
			       "'--untouched' takes back the rest",
			       principal_type_name(r->ask->live->type), r->ask->live->name, difference);
	if (!attachable(r, e))
		return false;
	reverse_steps(r);
	if (quota_walk(r->arena, r->plan, r->ask->live, r->ask->quota) == NULL ||
	    !roll_slots_untouched(r, &slots, e))
		return true;
	order_slots(r, &slots);
	if (quota_walk(r->arena, r->plan, r->ask->live, r->ask->quota) != NULL)
		reverse_steps(r); /* no order fits: the quota gate says what is missing */
	return true;
}

static bool draft_untouched(struct roll *r, struct err *e)
{
	const struct states *s = r->parts->states;
	struct slots slots;
	struct err whole;
	if (plan_archives_only(r->ask->done) ||
	    (states_difference(r->arena, s, r->ask->live, s->steps) == NULL && attachable(r, &whole))) {
		r->plan->undo_scope = UNDO_WHOLE;
		return draft_whole(r, e);
	}
	if (!roll_slots_untouched(r, &slots, e))
		return false;
	order_slots(r, &slots);
	return true;
}

static bool proved(struct roll *r, const struct principal *before)
{
	struct part_proof proof;
	struct err e;
	return part_prove(r->arena, r->setting->catalog, r->plan, before, r->ask->live, &proof, &e) &&
	       proof.wider == NULL && proof.beyond == NULL && proof.lost == NULL;
}

static bool draft_part(struct roll *r, struct err *e)
{
	struct slots slots;
	if (plan_archives_only(r->ask->done))
		return err_set(e, ERR_REFUSED, "it only archived a finding: there are no actions to give back");
	const struct principal *before =
		document_principal(r->arena, r->ask->done, r->ask->documents, e);
	if (before == NULL)
		return err_wrap(e, "giving back a part needs the documents of before");
	if (!roll_slots_part(r, false, &slots, e))
		return false;
	order_slots(r, &slots);
	if (proved(r, before))
		return true;
	if (!roll_slots_part(r, true, &slots, e))
		return false;
	order_slots(r, &slots);
	return true;
}

struct plan *rollback_draft(struct arena *a, const struct draft_setting *s,
			    const struct rollback_ask *ask, struct err *e)
{
	struct roll r = {.arena = a, .setting = s, .ask = ask, .parts = parts_of(a, ask->done),
			 .plan = arena_alloc(a, sizeof(struct plan))};
	fill(&r);
	bool ok = same_role(&r, e) && (ask->scope == UNDO_WHOLE	    ? draft_whole(&r, e)
				       : ask->scope == UNDO_UNTOUCHED ? draft_untouched(&r, e)
								      : draft_part(&r, e));
	if (!ok) {
		err_wrap(e, "rolling back plan '%s'", ask->done->id);
		return NULL;
	}
	if (r.plan->undo_scope == UNDO_WHOLE)
		r.left = (struct str_list){0};
	push_deletions(&r);
	fill_reason(&r);
	fill_impact(&r);
	fill_gates(&r);
	return plan_seal(a, r.plan, e) ? r.plan : NULL;
}

/* --- patterns --- */

static bool pattern_characters(const char *text, bool service)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && (service || (*c != '*' && *c != '?' && *c != ':')))
			return false;
	return *text != '\0';
}

bool rollback_pattern(struct arena *a, const char *service, const char *action, struct str_list *out,
		      struct err *e)
{
	if (service != NULL) {
		if (!pattern_characters(service, true))
			return err_set(e, ERR_USAGE, "service '%s': expected a prefix such as s3", service);
		str_list_add(a, out, str_printf(a, "%s:*", service));
		return true;
	}
	const char *colon = strchr(action, ':');
	bool one = colon != NULL && colon != action && colon[1] != '\0' && strchr(colon + 1, ':') == NULL;
	if (!pattern_characters(action, false) || (!one && strcmp(action, "*") != 0))
		return err_set(e, ERR_USAGE, "action '%s': expected service:Action, such as s3:ListBucket or s3:List*",
			       action);
	str_list_add(a, out, action);
	return true;
}
