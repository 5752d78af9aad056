/* apply_decide: what to do next, given an observation of the role. */
#include "apply_machine.h"

#include "pare/str.h"

static bool begin(struct machine *m)
{
	struct err e;
	enum record_kind kind = m->began ? RECORD_RESUME : RECORD_BEGIN;
	if (!machine_record(m, kind, 0, NULL, m->plan->digest, NULL, &e)) {
		machine_unwritable(m, &e);
		return false;
	}
	m->began = true;
	m->begun_here = true;
	return true;
}

static bool finished(const struct machine *m)
{
	return m->undoing ? m->at == 0 : m->at == m->plan->step_count;
}

/* Undoing touches the plan's own policies only: what else a person changed meanwhile stays as it is
 * and does not keep us from it (W5). A plan that only archives touches none at all. */
static bool touched_only(const struct machine *m)
{
	return m->undoing || plan_archives_only(m->plan);
}

static const char *difference_from(const struct machine *m, const struct principal *live, size_t k)
{
	return touched_only(m) ? states_touched_difference(m->moment, m->states, live, k)
			  : states_difference(m->moment, m->states, live, k);
}

static bool explained(const struct machine *m, const struct principal *live, struct err *e)
{
	return touched_only(m) ? states_explain_touched(m->states, live, e)
			  : states_explain(m->states, live, e);
}

static bool additions_before(const struct machine *m, size_t step)
{
	if (m->undoing) {
		for (size_t i = step + 1; i < m->plan->step_count; i++)
			if (step_adds(m->plan->step[i].inverse.op) && m->settled[i] == SETTLED_UNDONE)
				return true;
		return false;
	}
	for (size_t i = 0; i < step; i++)
		if (step_adds(m->plan->step[i].action.op))
			return true;
	return false;
}

/* W1: before something is taken away, everything added so far was seen, several times in a row. */
static bool barrier_holds(struct machine *m, size_t step, const struct action *x,
			  const struct principal *live)
{
	struct err e;
	if (!step_removes(x->op) || x->op == STEP_DELETE_POLICY || m->barrier_passed ||
	    !additions_before(m, step))
		return true;
	const char *difference = difference_from(m, live, m->at);
	m->good = difference == NULL ? m->good + 1 : 0;
	if (m->good >= m->setting->observations) {
		if (!machine_record(m, RECORD_BARRIER, step + 1, NULL, NULL, NULL, &e)) {
			machine_unwritable(m, &e);
			return false;
		}
		m->barrier_passed = true;
		m->good = 0;
		return true;
	}
	if (difference != NULL && !machine_patient(m)) {
		err_set(&e, ERR_UNAVAILABLE, "the additions did not show within %lld s: %s",
			(long long)(m->setting->observe_limit_ms / 1000), difference);
		machine_fail(m, &e);
		return false;
	}
	m->rests = difference == NULL && !m->undoing;
	machine_pause(m, m->setting->observe_gap_ms);
	return false;
}

/* Nothing of it is this plan's doing. */
static bool found_so(const struct machine *m)
{
	for (size_t i = 0; i < m->plan->step_count; i++)
		if (m->settled[i] != SETTLED_ALREADY)
			return false;
	return true;
}

/* Does the step leave a finding in a state that can be read back? */
static bool leaves_finding(const struct machine *m, size_t step)
{
	enum step_op op = m->plan->step[step].action.op;
	return (op == STEP_ARCHIVE_FINDING || op == STEP_UNARCHIVE_FINDING) &&
	       (!m->undoing || m->settled[step] == SETTLED_UNDONE);
}

void machine_confirm(struct machine *m)
{
	struct err none = {.kind = ERR_NONE};
	while (m->confirmed < m->plan->step_count && !leaves_finding(m, m->confirmed))
		m->confirmed++;
	if (m->confirmed < m->plan->step_count) {
		const struct action *x = &m->plan->step[m->confirmed].action;
		m->call = (struct call){.op = CALL_GET_FINDING, .analyzer = x->analyzer, .finding = x->finding};
		m->phase = PHASE_FINDING;
	} else if (m->undoing) {
		machine_finish(m, APPLY_UNDONE, "undone", &m->why);
	} else {
		machine_finish(m, m->found_finished || found_so(m) ? APPLY_ALREADY : APPLY_APPLIED, "applied", &none);
	}
}

/* Everything is settled: the end is written when the world shows it (W2, J7). */
static void confirm_end(struct machine *m, const struct principal *live)
{
	struct err e;
	size_t target = m->undoing ? 0 : m->plan->step_count;
	const char *difference = difference_from(m, live, target);
	if (difference == NULL) {
		m->confirmed = 0;
		machine_confirm(m);
		return;
	}
	if (machine_patient(m)) {
		machine_pause(m, m->setting->observe_gap_ms);
		return;
	}
	err_set(&e, ERR_UNCERTAIN, "everything was carried out, but after %lld s %s",
		(long long)(m->setting->observe_limit_ms / 1000), difference);
	if (m->undoing)
		err_wrap(&e, "undoing after '%.300s'", m->why.message);
	machine_end(m, APPLY_PARTIAL, &e);
}

/* Begun by hand, or on a machine whose journal is not here: where in the plan does the role stand?
 * false: not known yet, or nowhere; then the machine waits, or has ended. */
static bool locate(struct machine *m, const struct principal *live)
{
	struct err e;
	size_t k = 0, n = m->plan->step_count;
	if (plan_archives_only(m->plan))
		return true;
	while (k <= n && !states_match(m->states, live, k))
		k++;
	m->good = k == m->located ? m->good + 1 : 1;
	m->located = k;
	if (k == 0 || (k <= n && m->good >= m->setting->observations))
		return true;
	if (machine_patient(m)) {
		machine_pause(m, m->setting->observe_gap_ms);
		return false;
	}
	err_set(&e, ERR_STALE, "%s '%s' is neither as it was when the plan was made nor at any later point "
		"of it: %s", machine_type(m), live->name, states_difference(m->moment, m->states, live, 0));
	machine_end(m, APPLY_REFUSED, &e);
	return false;
}

static bool settle_located(struct machine *m)
{
	size_t k = m->located;
	m->found_finished = k == m->plan->step_count && k > 0;
	while (m->at < k)
		if (!machine_settle(m, m->at, SETTLED_ALREADY, NULL))
			return false;
	return true;
}

static bool check_first(struct machine *m, const struct principal *live)
{
	struct err e;
	if (!plan_identity_holds(m->plan, live, &e) ||
	    (!m->undoing && !gates_hold(m, live, &e))) {
		err_wrap(&e, "%s '%s'", machine_type(m), live->name);
		machine_fail(m, &e);
		return false;
	}
	return true;
}

/* An uncertain write that stands there now, where nothing of it stood before, was ours (J2). */
static bool shown_done(const struct machine *m, size_t step, const struct principal *live)
{
	return m->tries > 0 && !m->undoing && states_new_at(m->states, m->plan, step) &&
	       states_shows(m->states, m->plan, live, step);
}

void machine_begin(struct machine *m, const struct principal *live)
{
	size_t step;
	const struct action *x = machine_action(m, &step);
	m->shown = !m->undoing && states_shows(m->states, m->plan, live, step);
	/* What a rollback attaches again is somebody else's policy: it must hold what was approved. */
	if (!m->undoing && !m->shown && step_attaches(x->op) && x->document_sha256 != NULL) {
		m->call = (struct call){.op = CALL_GET_POLICY, .policy_arn = x->policy_arn};
		m->phase = PHASE_KNOWN;
		return;
	}
	machine_write(m);
}

static void next_step(struct machine *m, const struct principal *live)
{
	size_t step;
	const struct action *x = machine_action(m, &step);
	if (m->undoing && x->op == STEP_DELETE_POLICY && !m->made[step]) {
		m->call = (struct call){.op = CALL_GET_POLICY, .policy_arn = x->policy_arn};
		m->phase = PHASE_LOOK_OWN;
		return;
	}
	if (!barrier_holds(m, step, x, live))
		return;
	if (m->undoing && x->op == STEP_DELETE_POLICY) {
		m->call = (struct call){.op = CALL_LIST_ENTITIES_FOR_POLICY, .policy_arn = x->policy_arn};
		m->phase = PHASE_USERS;
		return;
	}
	machine_begin(m, live);
}

void machine_decide(struct machine *m, struct principal *live)
{
	struct err e;
	m->last = live;
	if (!str_equal(live->unique_id, m->plan->principal.unique_id) &&
	    (m->observed_once || m->began)) {
		m->role_gone = true;
		err_set(&e, ERR_STALE, "%s '%s' was deleted and made anew", machine_type(m), live->name);
		machine_fail_gone(m, &e);
		return;
	}
	if (!m->observed_once && !check_first(m, live))
		return;
	m->observed_once = true;
	if (!explained(m, live, &e)) {
		err_wrap(&e, "%s '%s'", machine_type(m), live->name);
		machine_fail(m, &e);
		return;
	}
	bool new_here = !m->began;
	if (new_here && !locate(m, live))
		return;
	if (!m->begun_here && !begin(m))
		return;
	if (new_here && !settle_located(m))
		return;
	size_t step;
	while (!m->undoing && !finished(m) && machine_action(m, &step) != NULL &&
	       shown_done(m, step, live))
		if (!machine_settle(m, step, SETTLED_DONE, NULL))
			return;
	if (finished(m))
		confirm_end(m, live);
	else
		next_step(m, live);
}

/* The role is gone: of what the plan did, only the policies it created are left to take back. */
void machine_undo_policies(struct machine *m)
{
	while (m->at > 0) {
		const struct action *x = &m->plan->step[m->at - 1].inverse;
		if (x->op == STEP_DELETE_POLICY) {
			next_step(m, NULL);
			return;
		}
		if (!machine_settle(m, m->at - 1, SETTLED_ALREADY, NULL))
			return;
	}
	machine_finish(m, APPLY_UNDONE, "undone", &m->why);
}

void machine_fail_gone(struct machine *m, const struct err *why)
{
	if (m->undoing) {
		m->why = *why;
		machine_undo_policies(m);
		return;
	}
	machine_fail(m, why);
}
