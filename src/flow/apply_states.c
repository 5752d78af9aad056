#include "apply_states.h"

#include <string.h>

#include "pare/str.h"

static struct state_slot *slot_for(struct arena *a, struct states *s, bool inlined, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slot[i].inlined == inlined && strcmp(s->slot[i].id, id) == 0)
			return &s->slot[i];
	struct state_slot *x = &s->slot[s->count++];
	x->inlined = inlined;
	x->id = id;
	x->value = arena_array(a, s->steps + 1, sizeof *x->value);
	return x;
}

/* The digest a policy has when the plan attaches it: of what it creates, or of what was recorded. */
static const char *digest_of(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->step[i].action.document_sha256 != NULL && step_adds(p->step[i].action.op) &&
		    str_equal(p->step[i].action.policy_arn, arn))
			return p->step[i].action.document_sha256;
	for (size_t i = 0; i < p->preconditions.attached_count; i++)
		if (strcmp(p->preconditions.attached[i].arn, arn) == 0)
			return p->preconditions.attached[i].document_sha256;
	return "unknown";
}

struct states *states_of(struct arena *a, const struct plan *p)
{
	struct states *s = arena_alloc(a, sizeof *s);
	s->steps = p->step_count;
	s->slot = arena_array(a,
			      p->preconditions.attached_count + p->preconditions.inline_count + p->step_count,
			      sizeof *s->slot);
	for (size_t i = 0; i < p->preconditions.attached_count; i++)
		slot_for(a, s, false, p->preconditions.attached[i].arn)->value[0] =
			p->preconditions.attached[i].document_sha256;
	for (size_t i = 0; i < p->preconditions.inline_count; i++)
		slot_for(a, s, true, p->preconditions.inline_policy[i].name)->value[0] =
			p->preconditions.inline_policy[i].document_sha256;
	for (size_t k = 0; k < p->step_count; k++) {
		const struct action *x = &p->step[k].action;
		for (size_t i = 0; i < s->count; i++)
			s->slot[i].value[k + 1] = s->slot[i].value[k];
		if (step_attaches(x->op))
			slot_for(a, s, false, x->policy_arn)->value[k + 1] = digest_of(p, x->policy_arn);
		else if (step_detaches(x->op))
			slot_for(a, s, false, x->policy_arn)->value[k + 1] = NULL;
		else if (step_puts(x->op))
			slot_for(a, s, true, x->policy_name)->value[k + 1] = x->document_sha256;
		else if (step_deletes_inline(x->op))
			slot_for(a, s, true, x->policy_name)->value[k + 1] = NULL;
	}
	return s;
}

static const char *live_value(const struct state_slot *x, const struct principal *live)
{
	if (x->inlined) {
		const struct inline_policy *p = principal_inline(live, x->id);
		return p != NULL ? p->document_sha256 : NULL;
	}
	const struct managed_policy *m = principal_attached(live, x->id);
	return m != NULL ? m->document_sha256 : NULL;
}

static bool known_slot(const struct states *s, bool inlined, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slot[i].inlined == inlined && strcmp(s->slot[i].id, id) == 0)
			return true;
	return false;
}

static bool nothing_else(const struct states *s, const struct principal *live, struct err *e)
{
	for (size_t i = 0; i < live->attached_count; i++)
		if (!known_slot(s, false, live->attached[i].arn))
			return err_set(e, ERR_STALE, "policy '%s' was attached since the plan was made",
				       live->attached[i].arn);
	for (size_t i = 0; i < live->inline_count; i++)
		if (!known_slot(s, true, live->inline_policy[i].name))
			return err_set(e, ERR_STALE, "inline policy '%s' was added since the plan was made",
				       live->inline_policy[i].name);
	return true;
}

bool states_match(const struct states *s, const struct principal *live, size_t k)
{
	struct err e;
	for (size_t i = 0; i < s->count; i++)
		if (!str_equal(live_value(&s->slot[i], live), s->slot[i].value[k]))
			return false;
	return nothing_else(s, live, &e);
}

static bool touched(const struct states *s, const struct state_slot *x)
{
	for (size_t k = 1; k <= s->steps; k++)
		if (!str_equal(x->value[0], x->value[k]))
			return true;
	return false;
}

static bool slots_explained(const struct states *s, const struct principal *live, bool touched_only,
			    struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct state_slot *x = &s->slot[i];
		const char *now = live_value(x, live);
		if (touched_only && !touched(s, x))
			continue;
		bool known = false;
		for (size_t k = 0; k <= s->steps && !known; k++)
			known = str_equal(now, x->value[k]);
		if (known)
			continue;
		const char *kind = x->inlined ? "inline policy" : "policy";
		return now == NULL ? err_set(e, ERR_STALE, "%s '%s' is gone since the plan was made", kind, x->id)
				   : err_set(e, ERR_STALE, "%s '%s' changed since the plan was made", kind, x->id);
	}
	return true;
}

bool states_explain(const struct states *s, const struct principal *live, struct err *e)
{
	return slots_explained(s, live, false, e) && nothing_else(s, live, e);
}

bool states_explain_touched(const struct states *s, const struct principal *live, struct err *e)
{
	return slots_explained(s, live, true, e);
}

/* NULL for a step that touches no slot of the principal. */
static const struct state_slot *slot_of_step(const struct states *s, const struct plan *p, size_t k)
{
	const struct action *x = &p->step[k].action;
	bool inlined = step_puts(x->op) || step_deletes_inline(x->op);
	if (!inlined && !step_attaches(x->op) && !step_detaches(x->op))
		return NULL;
	const char *id = inlined ? x->policy_name : x->policy_arn;
	for (size_t i = 0; i < s->count; i++)
		if (s->slot[i].inlined == inlined && strcmp(s->slot[i].id, id) == 0)
			return &s->slot[i];
	return NULL;
}

bool states_shows(const struct states *s, const struct plan *p, const struct principal *live,
		  size_t k)
{
	const struct state_slot *x = slot_of_step(s, p, k);
	return x != NULL && str_equal(live_value(x, live), x->value[k + 1]);
}

bool states_new_at(const struct states *s, const struct plan *p, size_t k)
{
	const struct state_slot *x = slot_of_step(s, p, k);
	/* A rollback puts back what stood there not long ago. */
	if (x == NULL || plan_undoes(p) != NULL)
		return false;
	for (size_t i = 0; i <= k; i++)
		if (str_equal(x->value[i], x->value[k + 1]))
			return false;
	return true;
}

static const char *slots_difference(struct arena *a, const struct states *s,
				    const struct principal *live, size_t k, bool touched_only)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct state_slot *x = &s->slot[i];
		const char *now = live_value(x, live);
		if (str_equal(now, x->value[k]) || (touched_only && !touched(s, x)))
			continue;
		return str_printf(a, "%s '%s' is %s", x->inlined ? "inline policy" : "policy", x->id,
				  now == NULL            ? "not there"
				  : x->value[k] == NULL ? "still there"
							: "different");
	}
	return NULL;
}

const char *states_difference(struct arena *a, const struct states *s, const struct principal *live,
			      size_t k)
{
	struct err e;
	const char *difference = slots_difference(a, s, live, k, false);
	if (difference != NULL || nothing_else(s, live, &e))
		return difference;
	return arena_strdup(a, e.message);
}

const char *states_touched_difference(struct arena *a, const struct states *s,
				      const struct principal *live, size_t k)
{
	return slots_difference(a, s, live, k, true);
}

static const char *value_at(const struct states *s, const struct state_slot *like, size_t k)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->slot[i].inlined == like->inlined && strcmp(s->slot[i].id, like->id) == 0)
			return s->slot[i].value[k];
	return NULL;
}

bool states_restore(struct arena *a, const struct plan *back, const struct plan *done)
{
	const struct states *after = states_of(a, back), *was = states_of(a, done);
	for (size_t i = 0; i < was->count; i++)
		if (!str_equal(was->slot[i].value[0], value_at(after, &was->slot[i], after->steps)))
			return false;
	for (size_t i = 0; i < after->count; i++)
		if (!str_equal(after->slot[i].value[after->steps], value_at(was, &after->slot[i], 0)))
			return false;
	return true;
}
