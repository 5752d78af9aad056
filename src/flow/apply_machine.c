/* apply_machine: one plan, carried out by asking and answering; no I/O but the journal.
 *
 * Forward it goes from state 0 (the preconditions) to state n (the plan's outcome), undoing from
 * where it is back to state 0; undo is the exact reverse (J5). Before every write the whole role is
 * observed: what stands there must be explained by the plan alone, else it is somebody's edit and
 * nothing more is written (W5). Reads lag behind writes, so a read shows that something is there,
 * never that a write was taken back: what was written is undone by writing, whatever a read shows,
 * and only a write's own answer, or a read of what stood nowhere before, settles a step (J2, W2).
 * Every write is idempotent, so doing a step again that stands already changes nothing (W3).
 *
 *             ┌────────────── PAUSE ◄── not shown yet, uncertain, barrier ───┐
 *             ▼                                                              │
 *   start ► OBSERVE ─► explained? ─► uncertain write shown: next step ───────┤
 *             │            │no            │no                                │
 *             │            ▼              ▼                                  │
 *             │          stale     barrier before a removal: additions seen  │
 *             │                    k times in a row (W1)                     │
 *             │                           ▼                                  │
 *             │             guard, intent (J1) ─► WRITE ─► outcome (J2) ─────┘
 *             │                           ├─ exists: LOOK, LOOK_TEXT (whose is it?)
 *             │                           └─ failed: undo, or stop
 *             └─ all steps settled and state n seen: FINDING (is it as planned?): END (J7, W2)
 *   a rollback's AttachRolePolicy: KNOWN, KNOWN_TEXT (does it hold what was approved?), WRITE
 *   undoing CreatePolicy: LOOK_OWN (where its answer was lost), USERS, WRITE
 */
#include "apply_machine.h"

#include <string.h>

#include "pare/str.h"

enum { LOOKS_MIN = 12, SETTLE_GAPS = 10 };

int64_t machine_now(const struct machine *m)
{
	return m->clock->now_ms(m->clock->self);
}

void machine_pause(struct machine *m, int64_t ms)
{
	m->phase = PHASE_PAUSE;
	m->due_ms = machine_now(m) + ms;
}

/* Documents of the last observation serve the next one; the rest of it goes. */
static struct principal *carried_over(struct machine *m)
{
	struct arena *a = m->moment;
	const struct principal *last = m->last;
	if (last == NULL)
		return NULL;
	struct principal *p = arena_alloc(a, sizeof *p);
	p->attached = arena_array(a, last->attached_count, sizeof *p->attached);
	p->inline_policy = arena_array(a, last->inline_count, sizeof *p->inline_policy);
	for (size_t i = 0; i < last->attached_count; i++) {
		const struct managed_policy *x = &last->attached[i];
		p->attached[p->attached_count++] = (struct managed_policy){
			.arn = arena_strdup(a, x->arn),
			.default_version = arena_strdup(a, x->default_version),
			.document = arena_strdup(a, x->document),
			.document_sha256 = arena_strdup(a, x->document_sha256)};
	}
	for (size_t i = 0; i < last->inline_count; i++) {
		const struct inline_policy *x = &last->inline_policy[i];
		p->inline_policy[p->inline_count++] =
			(struct inline_policy){arena_strdup(a, x->name), arena_strdup(a, x->document),
					       arena_strdup(a, x->document_sha256)};
	}
	return p;
}

const char *machine_type(const struct machine *m)
{
	return principal_type_name(m->plan->principal.type);
}

void machine_observe(struct machine *m)
{
	struct arena *old = m->moment;
	m->moment = arena_new(m->arena);
	m->last = carried_over(m);
	if (old != NULL)
		arena_free(old);
	m->observe = observe_new(m->moment, m->plan->principal.type, m->plan->principal.name, m->last);
	m->rests = false;
	m->phase = PHASE_OBSERVE;
	m->looks++;
}

void machine_be_patient(struct machine *m)
{
	m->patience_ms = machine_now(m) + m->setting->observe_limit_ms;
	m->looks = 0;
}

/* Both time and looks: the clock may jump, and a process may stand still. */
bool machine_patient(const struct machine *m)
{
	size_t most = (size_t)(m->setting->observe_limit_ms / m->setting->observe_gap_ms) + LOOKS_MIN;
	return m->looks < LOOKS_MIN || (machine_now(m) < m->patience_ms && m->looks < most);
}

/* A call that an earlier process sent may still be on its way, and reads lag behind what another
 * machine did just now: nothing is decided before it has landed and shows. */
static bool waits_for_others(struct machine *m)
{
	int64_t sent_ms = m->last_record_ms;
	if (!m->began && !m->approval->started)
		return false;
	int64_t until = (m->began ? sent_ms : machine_now(m)) + SETTLE_GAPS * m->setting->observe_gap_ms;
	if (until <= machine_now(m) || until > machine_now(m) + SETTLE_GAPS * m->setting->observe_gap_ms)
		return false;
	m->phase = PHASE_PAUSE;
	m->due_ms = until;
	return true;
}

bool machine_start(struct machine *m, struct err *e)
{
	const struct plan *p = m->plan;
	m->settled = arena_array(m->arena, p->step_count, sizeof *m->settled);
	m->request_id = arena_array(m->arena, p->step_count, sizeof *m->request_id);
	m->made = arena_array(m->arena, p->step_count, sizeof *m->made);
	m->states = states_of(m->arena, p);
	machine_be_patient(m);
	if (!machine_read_journal(m, e))
		return false;
	if (m->phase != PHASE_ENDED && !waits_for_others(m))
		machine_observe(m);
	return true;
}

/* --- ends --- */

/* J7: called only when every step is settled. */
void machine_finish(struct machine *m, enum apply_result result, const char *word,
		    const struct err *why)
{
	struct err e;
	if (m->began && !machine_record(m, RECORD_END, 0, word,
					why->kind != ERR_NONE ? why->message : NULL, NULL, &e)) {
		machine_end(m, APPLY_PARTIAL, &e);
		return;
	}
	machine_end(m, result, why);
}

/* Without a journal nothing more may be sent: what is done stays, and a person is told. */
void machine_unwritable(struct machine *m, const struct err *e)
{
	bool touched = m->report->aws_writes > 0 || m->report->resumed;
	machine_end(m, touched ? APPLY_PARTIAL : APPLY_REFUSED, e);
}

/* The journal stays open: running again goes on from here. */
void machine_stop(struct machine *m, const struct err *why)
{
	struct err e = *why;
	err_wrap(&e, "stopped after %zu of %zu steps",
		 m->undoing ? m->plan->step_count - m->at : m->at, m->plan->step_count);
	machine_end(m, APPLY_INTERRUPTED, &e);
}

static bool anything_in_effect(const struct machine *m)
{
	return m->at > 0 || m->doubtful;
}

/* A failure on the way: undo (default), stop as configured, or, when nothing was done, refuse. */
void machine_fail(struct machine *m, const struct err *why)
{
	if (m->undoing) {
		struct err both = *why;
		err_wrap(&both, "undoing after '%.300s'", m->why.message);
		machine_end(m, APPLY_PARTIAL, &both);
		return;
	}
	m->why = *why;
	if (!anything_in_effect(m)) {
		machine_finish(m, m->began ? APPLY_UNDONE : APPLY_REFUSED, "undone", why);
		return;
	}
	if (m->setting->config->on_failure == ON_FAILURE_STOP) {
		machine_end(m, APPLY_PARTIAL, why);
		return;
	}
	m->at += m->doubtful; /* what may have happened is undone like what did */
	m->undoing = true;
	m->doubtful = false;
	m->tries = 0;
	m->good = 0;
	m->barrier_passed = false;
	machine_be_patient(m);
	machine_go_on(m);
}

void machine_go_on(struct machine *m)
{
	if (m->role_gone)
		machine_undo_policies(m);
	else
		machine_observe(m);
}

const struct action *machine_action(const struct machine *m, size_t *step)
{
	*step = m->undoing ? m->at - 1 : m->at;
	return m->undoing ? &m->plan->step[*step].inverse : &m->plan->step[*step].action;
}

bool machine_settle(struct machine *m, size_t step, enum settled how, const char *request_id)
{
	struct err e;
	enum record_kind kind = m->undoing ? RECORD_UNDO_OUTCOME : RECORD_OUTCOME;
	const char *word = how == SETTLED_ALREADY ? "already" : "done";
	if (!machine_record(m, kind, step + 1, word, NULL, request_id, &e)) {
		machine_unwritable(m, &e);
		return false;
	}
	m->settled[step] = m->undoing ? SETTLED_UNDONE : how;
	if (!m->undoing) {
		m->made[step] = how == SETTLED_DONE;
		m->request_id[step] = request_id != NULL ? arena_strdup(m->arena, request_id) : NULL;
	}
	m->at = m->undoing ? step : step + 1;
	m->tries = 0;
	m->good = 0;
	m->doubtful = false;
	machine_be_patient(m);
	return true;
}

void machine_write(struct machine *m)
{
	struct err e;
	size_t step;
	const struct action *x = machine_action(m, &step);
	const struct guard_port *g = m->setting->guard;
	enum record_kind kind = m->undoing ? RECORD_UNDO_INTENT : RECORD_INTENT;
	if (g != NULL && !g->may_write(g->self, m->plan, m->undoing, machine_now(m), &e)) {
		machine_stop(m, &e);
		return;
	}
	if (!machine_record(m, kind, step + 1, NULL, step_op_name(x->op), NULL, &e)) {
		machine_unwritable(m, &e);
		return;
	}
	if (step_adds(x->op))
		m->barrier_passed = false;
	m->call = call_of(m->plan, x);
	m->phase = PHASE_WRITE;
	m->tries++;
}

/* --- asking and answering --- */

struct call *machine_next(struct machine *m)
{
	if (m->phase == PHASE_PAUSE && machine_now(m) >= m->due_ms)
		machine_go_on(m);
	if (m->phase == PHASE_PAUSE || m->phase == PHASE_ENDED)
		return NULL;
	struct call *c = m->phase == PHASE_OBSERVE ? observe_ask(m->observe) : m->asked == 0 ? &m->call : NULL;
	if (c == NULL)
		return NULL;
	m->asked++;
	if (c->arena == NULL)
		c->arena = m->moment;
	c->owner = m;
	return c;
}

void machine_answer(struct machine *m, struct call *c)
{
	m->asked--;
	m->report->aws_calls += c->attempts > 0 ? c->attempts : 1;
	switch (m->phase) {
	case PHASE_OBSERVE:
		observe_answer(m->observe, c);
		if (observe_finished(m->observe))
			took_observation(m);
		return;
	case PHASE_WRITE:
		took_write(m, c);
		return;
	case PHASE_LOOK:
	case PHASE_LOOK_TEXT:
		took_look(m, c);
		return;
	case PHASE_LOOK_OWN:
		took_look_own(m, c);
		return;
	case PHASE_KNOWN:
	case PHASE_KNOWN_TEXT:
		took_known(m, c);
		return;
	case PHASE_FINDING:
		took_finding(m, c);
		return;
	case PHASE_USERS:
		took_users(m, c);
		return;
	default:
		return;
	}
}

void machine_interrupt(struct machine *m)
{
	struct err e;
	err_set(&e, ERR_INTERRUPTED, "interrupted; run 'pare apply' again to go on");
	machine_stop(m, &e);
}
