/* apply_gates: what the gates said when the plan was made, asked again of the live role. A plan that
 * was edited by hand and merged says of itself that every gate passed. */
#include "apply_machine.h"

#include "pare/contain.h"
#include "pare/draft.h"
#include "pare/str.h"

/* An ordinary plan attaches what it creates itself, nothing else. */
static bool attaches_own_only(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct action *x = &p->step[i].action;
		bool own = !step_attaches(x->op);
		for (size_t k = 0; k < i && !own; k++)
			own = p->step[k].action.op == STEP_CREATE_POLICY &&
			      str_equal(p->step[k].action.policy_arn, x->policy_arn);
		if (!own)
			return err_set(e, ERR_REFUSED, "step %zu attaches '%s', which the plan does not create",
				       i + 1, x->policy_arn);
	}
	return true;
}

static bool proof_holds(const struct proof *p, struct err *e)
{
	if (p->verdict == PROOF_PROVED)
		return true;
	return err_set(e, ERR_REFUSED, "gate no-new-access, asked again: %s: %s",
		       proof_verdict_name(p->verdict), p->reason);
}

static bool grants_nothing_new(struct machine *m, const struct principal *live, struct err *e)
{
	struct policy_set was, will;
	struct proof_caps caps = proof_caps_default();
	struct arena *scratch = arena_new(NULL);
	const struct catalog *catalog = m->setting->catalog;
	struct principal *after = plan_outcome(scratch, m->plan, live, e);
	bool ok = after != NULL && principal_policies(scratch, live, &was, e) &&
		  principal_policies(scratch, after, &will, e);
	if (ok) {
		struct proof allow = prove_no_new_allow(scratch, was, will, catalog, &caps);
		struct proof deny = prove_no_lost_deny(scratch, was, will, catalog, &caps);
		ok = proof_holds(&allow, e) && proof_holds(&deny, e);
	}
	arena_free(scratch);
	return ok;
}

bool gates_hold(struct machine *m, const struct principal *live, struct err *e)
{
	const struct plan *p = m->plan;
	const char *by = protected_by(m->moment, m->setting->config, m->setting->caller_arn, live);
	if (by != NULL)
		return err_set(e, ERR_REFUSED, "gate protected, asked again: %s", by);
	/* A rollback's outcome was compared with the plan it undoes when its approval was read. */
	if (plan_undoes(p) != NULL || plan_archives_only(p))
		return true;
	if (!attaches_own_only(p, e))
		return false;
	/* In the middle, too: until a policy is replaced it is there, and afterwards its replacement is,
	 * so what the plan leads to is inside what stands now, or somebody made the plan up. */
	return grants_nothing_new(m, live, e);
}
