#include "apply_machine.h"

#include <string.h>

#include "pare/str.h"
#include "pare/when.h"

enum { JOURNAL_MAX_BYTES = 16 * 1024 * 1024 };

static const char *time_text(struct machine *m)
{
	char text[WHEN_TEXT];
	when_exact(m->clock->now_ms(m->clock->self), text);
	return arena_strdup(m->arena, text);
}

/* J1, J4: the line is durable when this returns true; nothing is sent before. */
bool machine_record(struct machine *m, enum record_kind kind, size_t step, const char *result,
		    const char *detail, const char *request_id, struct err *e)
{
	struct record r = {.time = time_text(m), .kind = kind, .step = step, .result = result,
			   .detail = detail, .request_id = request_id};
	struct buf *b = buf_new(m->arena, 1 << 20);
	const char *head = record_print(m->arena, &r, m->head, m->seq + 1, b);
	if (!buf_ok(b) ||
	    !m->store->append(m->store->self, m->journal_name, m->journal_len, b->data, b->len, e))
		return err_wrap(e, "writing the journal of plan '%s'", m->plan->id);
	m->head = head;
	m->seq++;
	m->journal_len += b->len;
	return true;
}

/* A step that failed, or whose end is not known; why is kept for the report. */
static bool not_settled(struct machine *m, const struct record *r)
{
	bool uncertain = str_equal(r->result, "uncertain");
	if (!uncertain && !str_equal(r->result, "failed"))
		return false;
	m->doubtful = uncertain;
	m->tries = uncertain;
	m->barrier_passed = false; /* undoing may follow, and it has a barrier of its own */
	err_set(&m->why, ERR_REFUSED, "%s", r->detail != NULL ? r->detail : "a step failed");
	return true;
}

static void replay(struct machine *m, const struct record *r)
{
	size_t k = r->step - 1;
	bool in_plan = r->step >= 1 && r->step <= m->plan->step_count;
	switch (r->kind) {
	case RECORD_INTENT:
		m->tries = 1; /* J3: uncertain until its outcome is read */
		m->doubtful = true;
		if (in_plan && step_adds(m->plan->step[k].action.op))
			m->barrier_passed = false;
		break;
	case RECORD_BARRIER:
		m->barrier_passed = true;
		break;
	case RECORD_OUTCOME:
		if (not_settled(m, r) || !in_plan)
			break;
		m->doubtful = false;
		m->tries = 0;
		m->settled[k] = str_equal(r->result, "already") ? SETTLED_ALREADY : SETTLED_DONE;
		m->made[k] = m->settled[k] == SETTLED_DONE;
		m->request_id[k] = r->request_id;
		m->at = r->step;
		break;
	case RECORD_UNDO_INTENT:
		m->undoing = true;
		m->doubtful = true;
		m->tries = 1;
		if (in_plan) { /* it was done, or may have been; what is to be deleted was known as ours */
			m->made[k] = true;
			m->at = r->step;
			if (step_adds(m->plan->step[k].inverse.op))
				m->barrier_passed = false;
		}
		break;
	case RECORD_UNDO_OUTCOME:
		m->undoing = true;
		if (not_settled(m, r) || !in_plan)
			break;
		m->doubtful = false;
		m->tries = 0;
		m->settled[k] = SETTLED_UNDONE;
		m->at = r->step - 1;
		break;
	default:
		break;
	}
}

/* What an earlier process left. A journal that ends is not written to any more. */
bool machine_read_journal(struct machine *m, struct err *e)
{
	const char *bytes;
	size_t len;
	m->journal_name = str_printf(m->arena, "journals/%s.jsonl", m->plan->id);
	if (!m->store->read(m->store->self, m->arena, m->journal_name, JOURNAL_MAX_BYTES, &bytes, &len, e))
		return e->kind == ERR_NOT_FOUND;
	struct journal *j = journal_parse(m->arena, bytes, len, m->journal_name, e);
	if (j == NULL)
		return false;
	m->head = j->head;
	m->seq = j->count;
	m->journal_len = j->whole_len;
	if (j->count == 0)
		return true;
	if (j->record[0].kind != RECORD_BEGIN || !str_equal(j->record[0].detail, m->plan->digest))
		return err_set(e, ERR_REFUSED,
			       "journal '%s' belongs to other bytes of this plan; move it aside and look at the role",
			       m->journal_name);
	m->began = true;
	m->report->resumed = true;
	m->started_at = j->record[0].time;
	for (size_t i = 1; i < j->count; i++)
		replay(m, &j->record[i]);
	if (m->undoing && m->why.kind == ERR_NONE)
		err_set(&m->why, ERR_REFUSED, "an earlier run failed");
	const struct record *last = &j->record[j->count - 1];
	when_parse(last->time, &m->last_record_ms);
	if (last->kind == RECORD_END) {
		struct err why = {.kind = ERR_NONE};
		if (!str_equal(last->result, "applied"))
			err_set(&why, ERR_REFUSED, "%s", last->detail != NULL ? last->detail : last->result);
		machine_end(m, str_equal(last->result, "applied") ? APPLY_APPLIED : APPLY_UNDONE, &why);
	}
	return true;
}

static const char *settled_name(enum settled s)
{
	static const char *const names[] = {"not-started", "done", "already", "undone", "failed"};
	return names[s];
}

static struct receipt *make_receipt(struct machine *m, const char *result, const struct err *why)
{
	struct receipt *r = arena_alloc(m->arena, sizeof *r);
	*r = (struct receipt){
		.plan_id = m->plan->id,
		.plan_digest = m->plan->digest,
		.account = m->plan->account,
		.principal_arn = m->plan->principal.arn,
		.result = result,
		.reason = why->kind != ERR_NONE ? arena_strdup(m->arena, why->message) : NULL,
		.started_at = m->started_at != NULL ? m->started_at : time_text(m),
		.finished_at = time_text(m),
		.executor = m->setting->caller_arn,
		.tip = m->setting->tip,
		.journal_sha256 = m->head,
		.count = m->plan->step_count,
		.approval = m->approval->note,
		.approval_count = m->approval->note_count,
	};
	r->step = arena_array(m->arena, r->count, sizeof *r->step);
	for (size_t i = 0; i < r->count; i++)
		r->step[i] = (struct receipt_step){i + 1, step_op_name(m->plan->step[i].action.op),
						   settled_name(m->settled[i]), m->request_id[i]};
	return r;
}

void machine_end(struct machine *m, enum apply_result result, const struct err *why)
{
	static const char *const names[] = {
		[APPLY_APPLIED] = "applied", [APPLY_ALREADY] = "applied",     [APPLY_UNDONE] = "undone",
		[APPLY_REFUSED] = "refused", [APPLY_PARTIAL] = "partial", [APPLY_INTERRUPTED] = NULL,
	};
	m->phase = PHASE_ENDED;
	m->report->result = result;
	m->report->why = *why;
	if (result != APPLY_INTERRUPTED && result != APPLY_REFUSED)
		m->report->receipt = make_receipt(m, names[result], why);
}

struct call call_of(const struct plan *p, const struct action *x)
{
	struct call c = {
		.role = p->principal.name,
		.policy_arn = x->policy_arn,
		.policy_name = x->policy_name,
		.path = x->path,
		.document = x->document,
		.tag = x->tag,
		.tag_count = x->tag_count,
		.finding = x->finding,
		.analyzer = x->analyzer,
	};
	bool user = step_op_for_user(x->op);
	switch (x->op) {
	case STEP_CREATE_POLICY:
		c.op = CALL_CREATE_POLICY;
		break;
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
		c.op = user ? CALL_ATTACH_USER_POLICY : CALL_ATTACH_ROLE_POLICY;
		c.document = NULL;
		break;
	case STEP_DETACH_ROLE_POLICY:
	case STEP_DETACH_USER_POLICY:
		c.op = user ? CALL_DETACH_USER_POLICY : CALL_DETACH_ROLE_POLICY;
		break;
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		c.op = user ? CALL_PUT_USER_POLICY : CALL_PUT_ROLE_POLICY;
		break;
	case STEP_DELETE_ROLE_POLICY:
	case STEP_DELETE_USER_POLICY:
		c.op = user ? CALL_DELETE_USER_POLICY : CALL_DELETE_ROLE_POLICY;
		c.document = NULL;
		break;
	case STEP_DELETE_POLICY:
		c.op = CALL_DELETE_POLICY;
		break;
	case STEP_ARCHIVE_FINDING:
		c.op = CALL_UPDATE_FINDING;
		c.status = "ARCHIVED";
		break;
	case STEP_UNARCHIVE_FINDING:
		c.op = CALL_UPDATE_FINDING;
		c.status = "ACTIVE";
		break;
	case STEP_OP_COUNT:
		c.op = CALL_OP_COUNT;
		break;
	}
	return c;
}
