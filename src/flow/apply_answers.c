/* apply_answers: what an answer means for the plan being carried out. */
#include "apply_machine.h"

#include "pare/str.h"

enum { WRITE_TRIES = 6, REMAKE_TRIES = 5 };

/* Credentials that are over: nothing more can be sent, and nothing needs to be undone. */
static bool credentials_over(const struct err *e)
{
	static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
					    "UnrecognizedClientException", "RequestExpired"};
	if (e->kind != ERR_AUTH)
		return false;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (str_equal(e->code, codes[i]))
			return true;
	return e->code[0] == '\0';
}

static void stop_without_credentials(struct machine *m, const struct err *cause)
{
	struct err e = *cause;
	err_wrap(&e, "the credentials are over; get new ones and run 'pare apply' again to go on");
	machine_stop(m, &e);
}

static bool passing(const struct err *e)
{
	return e->kind == ERR_THROTTLED || e->kind == ERR_UNAVAILABLE || e->kind == ERR_UNCERTAIN;
}

/* Nobody answers, and has not for long: undoing would need AWS as much as going on does. */
static void stop_without_aws(struct machine *m, const struct err *cause)
{
	struct err e = *cause;
	err_wrap(&e, "AWS does not answer; run 'pare apply' again to go on when it does");
	machine_stop(m, &e);
}

/* Not there: it may be a read that lags, so it is asked again before it is believed. */
static void took_nothing(struct machine *m, struct err *e)
{
	if (machine_patient(m) && (m->observed_once || m->report->resumed)) {
		machine_pause(m, m->setting->observe_gap_ms);
		return;
	}
	err_set(e, ERR_STALE, "%s '%s' is gone", machine_type(m), m->plan->principal.name);
	if (!m->observed_once && !m->began) {
		machine_end(m, APPLY_REFUSED, e);
		return;
	}
	m->role_gone = true;
	machine_fail_gone(m, e);
}

void took_observation(struct machine *m)
{
	struct err e;
	struct principal *live = observe_result(m->observe, &e);
	if (live != NULL) {
		machine_decide(m, live);
	} else if (credentials_over(&e)) {
		stop_without_credentials(m, &e);
	} else if (observe_principal_missing(m->observe)) {
		took_nothing(m, &e);
	} else if ((passing(&e) || e.kind == ERR_NOT_FOUND) && machine_patient(m)) {
		/* A policy of a list that lags may be gone when it is read. */
		machine_pause(m, m->setting->observe_gap_ms);
	} else if (!m->observed_once && !m->began) {
		machine_end(m, APPLY_REFUSED, &e);
	} else if (passing(&e)) {
		stop_without_aws(m, &e);
	} else {
		machine_fail(m, &e);
	}
}

static void write_failed(struct machine *m, size_t step, const struct call *c)
{
	struct err e, why = c->err;
	enum record_kind kind = m->undoing ? RECORD_UNDO_OUTCOME : RECORD_OUTCOME;
	const char *word = m->doubtful ? "uncertain" : "failed";
	err_wrap(&why, "step %zu: %s", step + 1, call_name(c->op));
	if (!machine_record(m, kind, step + 1, word, why.message, c->request_id, &e)) {
		machine_unwritable(m, &e);
		return;
	}
	if (!m->undoing)
		m->settled[step] = SETTLED_FAILED;
	machine_fail(m, &why);
}

/* Creating and attaching overwrite nothing (W5): after an addition that AWS confirmed, the role need
 * not be observed again for another one. Inline policies are put over what has their name, and
 * removals wait for the barrier: before those it is. */
static bool adds_on(const struct machine *m, size_t step, enum settled how)
{
	if (m->undoing || how != SETTLED_DONE || m->at >= m->plan->step_count || m->last == NULL ||
	    !step_adds(m->plan->step[step].action.op))
		return false;
	enum step_op next = m->plan->step[m->at].action.op;
	return next == STEP_CREATE_POLICY || step_attaches(next);
}

static void settled(struct machine *m, size_t step, enum settled how, const char *request_id)
{
	if (!machine_settle(m, step, how, request_id))
		return;
	if (!adds_on(m, step, how)) {
		machine_go_on(m);
		return;
	}
	machine_begin(m, m->last);
}

/* May the write be sent again? A new policy is not everywhere yet when it is attached; others are
 * waited out. */
static bool again(struct machine *m, const struct action *x, const struct call *c)
{
	if (c->err.kind == ERR_NOT_FOUND && step_attaches(x->op))
		return machine_patient(m);
	return passing(&c->err) && m->tries < WRITE_TRIES;
}

static const struct action *creation_of(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct action *both[] = {&p->step[i].action, &p->step[i].inverse};
		for (size_t k = 0; k < 2; k++)
			if (both[k]->op == STEP_CREATE_POLICY && str_equal(both[k]->policy_arn, arn))
				return both[k];
	}
	return NULL;
}

/* A policy of ours to be attached is not there: it does not show yet, or another plan that shared it
 * was the last to let go of it and removed it. Then it is made again. */
static bool remake(struct machine *m, size_t step, const struct action *x, const struct call *c)
{
	struct err e;
	const struct action *creation = creation_of(m->plan, x->policy_arn);
	if (c->err.kind != ERR_NOT_FOUND || !step_attaches(x->op) || creation == NULL ||
	    m->tries != REMAKE_TRIES)
		return false;
	enum record_kind kind = m->undoing ? RECORD_UNDO_INTENT : RECORD_INTENT;
	if (!machine_record(m, kind, step + 1, NULL, step_op_name(creation->op), NULL, &e)) {
		machine_unwritable(m, &e);
		return true;
	}
	m->tries++;
	m->remaking = true;
	m->call = call_of(m->plan, creation);
	m->phase = PHASE_WRITE;
	return true;
}

static void took_remade(struct machine *m, struct call *c)
{
	size_t step;
	machine_action(m, &step);
	m->remaking = false;
	if (c->ok || c->err.kind == ERR_CONFLICT || passing(&c->err))
		machine_pause(m, m->setting->observe_gap_ms);
	else if (credentials_over(&c->err))
		stop_without_credentials(m, &c->err);
	else
		write_failed(m, step, c);
}

void took_write(struct machine *m, struct call *c)
{
	size_t step;
	const struct action *x = machine_action(m, &step);
	m->report->aws_writes++;
	if (m->remaking) {
		took_remade(m, c);
		return;
	}
	m->doubtful = m->doubtful || (!c->ok && c->err.kind == ERR_UNCERTAIN);
	if (c->ok) {
		bool so = m->shown && m->tries == 1;
		settled(m, step, so ? SETTLED_ALREADY : SETTLED_DONE, c->request_id);
		return;
	}
	if (credentials_over(&c->err)) {
		stop_without_credentials(m, &c->err);
		return;
	}
	if (c->err.kind == ERR_CONFLICT && x->op == STEP_CREATE_POLICY) {
		m->call = (struct call){.op = CALL_GET_POLICY, .policy_arn = x->policy_arn};
		m->phase = PHASE_LOOK;
		return;
	}
	bool gone = c->err.kind == ERR_NOT_FOUND && step_removes(x->op);
	bool in_use = c->err.kind == ERR_CONFLICT && x->op == STEP_DELETE_POLICY;
	if (gone || in_use) {
		if (in_use)
			str_list_add(m->arena, &m->report->left, x->policy_arn);
		/* Done by our own lost answer or by somebody else; or others use it: it stays. */
		settled(m, step, m->doubtful ? SETTLED_DONE : SETTLED_ALREADY, c->request_id);
		return;
	}
	if (remake(m, step, x, c))
		return;
	if (again(m, x, c))
		machine_pause(m, m->setting->observe_gap_ms * (int64_t)m->tries);
	else if (!m->doubtful && passing(&c->err))
		stop_without_aws(m, &c->err); /* nothing of this write happened */
	else
		write_failed(m, step, c);
}

/* A read about a policy failed: asked again while there is patience. */
static void ask_again(struct machine *m, size_t step, const struct call *c)
{
	if (credentials_over(&c->err))
		stop_without_credentials(m, &c->err);
	else if (passing(&c->err) && !machine_patient(m))
		stop_without_aws(m, &c->err);
	else if (c->err.kind == ERR_AUTH || !machine_patient(m))
		write_failed(m, step, c);
	else
		machine_pause(m, m->setting->observe_gap_ms);
}

/* The tag that CreatePolicy gave it says which plan made it. */
static bool made_here(const struct machine *m, const struct managed_policy *p)
{
	for (size_t i = 0; i < p->tag_count; i++)
		if (str_equal(p->tag[i].key, "pare:plan"))
			return str_equal(p->tag[i].value, m->plan->id);
	return false;
}

/* CreatePolicy said "exists": the same document under our own path is our policy, or one that
 * another plan shares with us. */
void took_look(struct machine *m, struct call *c)
{
	size_t step;
	const struct action *x = machine_action(m, &step);
	if (!c->ok) {
		ask_again(m, step, c);
		return;
	}
	if (m->phase == PHASE_LOOK) {
		m->made_here = made_here(m, c->policy);
		m->call = (struct call){.op = CALL_GET_POLICY_VERSION, .policy_arn = x->policy_arn,
					.version = c->policy->default_version};
		m->phase = PHASE_LOOK_TEXT;
		return;
	}
	if (str_equal(policy_text_digest(m->moment, c->text), x->document_sha256)) {
		settled(m, step, m->made_here ? SETTLED_DONE : SETTLED_ALREADY, NULL);
		return;
	}
	err_set(&c->err, ERR_CONFLICT, "policy '%s' exists already and holds something else", x->policy_arn);
	m->doubtful = false;
	write_failed(m, step, c);
}

/* Undoing a CreatePolicy whose answer was lost: is there a policy, and is it ours? */
void took_look_own(struct machine *m, struct call *c)
{
	size_t step;
	machine_action(m, &step);
	if (c->ok && !made_here(m, c->policy)) {
		settled(m, step, SETTLED_ALREADY, NULL);
		return;
	}
	if (c->ok) {
		m->made[step] = true;
		machine_go_on(m);
		return;
	}
	if (c->err.kind == ERR_NOT_FOUND && ++m->good >= 2 * m->setting->observations) {
		settled(m, step, SETTLED_ALREADY, NULL);
		return;
	}
	ask_again(m, step, c);
}

/* What a rollback attaches again: read right before, so that a document that was widened meanwhile is
 * not given to the role even for a moment. */
void took_known(struct machine *m, struct call *c)
{
	size_t step;
	const struct action *x = machine_action(m, &step);
	if (!c->ok && c->err.kind == ERR_NOT_FOUND) {
		err_set(&c->err, ERR_STALE, "step %zu: policy '%s' is gone: it cannot be attached again", step + 1,
			x->policy_arn);
		machine_fail(m, &c->err);
		return;
	}
	if (!c->ok) {
		ask_again(m, step, c);
		return;
	}
	if (m->phase == PHASE_KNOWN) {
		m->call = (struct call){.op = CALL_GET_POLICY_VERSION, .policy_arn = x->policy_arn,
					.version = c->policy->default_version};
		m->phase = PHASE_KNOWN_TEXT;
		return;
	}
	if (str_equal(policy_text_digest(m->moment, c->text), x->document_sha256)) {
		machine_write(m);
		return;
	}
	err_set(&c->err, ERR_STALE,
		"step %zu: policy '%s' was changed since the rollback was drafted: attaching it would give what "
		"nobody approved",
		step + 1, x->policy_arn);
	machine_fail(m, &c->err);
}

/* Undoing CreatePolicy: a policy that others use by now stays (W4). Not there yet says nothing: the
 * deletion itself does. */
void took_users(struct machine *m, struct call *c)
{
	size_t step;
	machine_action(m, &step);
	if (!c->ok && c->err.kind != ERR_NOT_FOUND) {
		ask_again(m, step, c);
		return;
	}
	if (c->ok && c->names.count + c->boundary_users > 0) {
		const char *own = str_printf(m->moment, "%s/%s", machine_type(m), m->plan->principal.name);
		bool only_own = c->boundary_users == 0 && c->names.count == 1 &&
				str_equal(c->names.item[0], own);
		if (only_own && !m->role_gone && machine_patient(m)) {
			machine_pause(m, m->setting->observe_gap_ms); /* our own detach does not show yet */
			return;
		}
		str_list_add(m->arena, &m->report->left, m->call.policy_arn);
		settled(m, step, SETTLED_ALREADY, NULL);
		return;
	}
	machine_write(m);
}

/* Resolved or gone: Access Analyzer itself has taken it out of the queue meanwhile. */
static bool stands(const struct machine *m, const struct call *c)
{
	const struct step *step = &m->plan->step[m->confirmed];
	const struct action *x = m->undoing ? &step->inverse : &step->action;
	const struct finding *f = c->ok && c->finding_count > 0 ? c->findings[0] : NULL;
	if (f == NULL)
		return !c->ok && c->err.kind == ERR_NOT_FOUND;
	return str_equal(f->status, x->op == STEP_ARCHIVE_FINDING ? "ARCHIVED" : "ACTIVE") ||
	       str_equal(f->status, "RESOLVED");
}

void took_finding(struct machine *m, struct call *c)
{
	struct err e;
	if (stands(m, c)) {
		m->confirmed++;
		machine_confirm(m);
		return;
	}
	if (!c->ok && credentials_over(&c->err)) {
		stop_without_credentials(m, &c->err);
		return;
	}
	if ((c->ok || passing(&c->err)) && machine_patient(m)) {
		machine_pause(m, m->setting->observe_gap_ms);
		return;
	}
	if (!c->ok && passing(&c->err)) {
		stop_without_aws(m, &c->err);
		return;
	}
	if (c->ok)
		err_set(&e, ERR_UNCERTAIN, "everything was carried out, but after %lld s finding '%s' is still %s",
			(long long)(m->setting->observe_limit_ms / 1000), c->finding,
			c->finding_count > 0 ? c->findings[0]->status : "unreadable");
	else
		e = c->err;
	if (!c->ok)
		err_wrap(&e, "everything was carried out, but finding '%s' cannot be read back", c->finding);
	if (m->undoing)
		err_wrap(&e, "undoing after '%.300s'", m->why.message);
	machine_end(m, APPLY_PARTIAL, &e);
}
