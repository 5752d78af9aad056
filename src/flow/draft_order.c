#include <string.h>

#include "pare/str.h"
#include "slots.h"

enum order { ADDITIONS_FIRST, UNUSED_FIRST, ONE_BY_ONE, BRIDGED, ORDER_COUNT };

struct writer {
	struct arena *arena;
	struct plan *plan;
	const char *plan_id;
	size_t cap;
};

/* Steps are written as for a role and become those of the principal's type here. */
static void push(struct writer *w, struct action action, struct action inverse, const char *source,
		 bool temporary)
{
	struct plan *p = w->plan;
	action.op = step_op_for(p->principal.type, action.op);
	inverse.op = step_op_for(p->principal.type, inverse.op);
	p->step = arena_grow(w->arena, p->step, p->step_count, &w->cap, sizeof *p->step);
	p->step[p->step_count] = (struct step){p->step_count + 1, action, inverse, source, temporary};
	p->step_count++;
}

static const char *source_of(const struct slot *s)
{
	return s->source != NULL ? s->source : s->id;
}

static bool created_already(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->step[i].action.op == STEP_CREATE_POLICY &&
		    str_equal(p->step[i].action.policy_arn, arn))
			return true;
	return false;
}

static void create(struct writer *w, const struct slot *s, size_t i)
{
	struct tag *tag = arena_array(w->arena, 2, sizeof *tag);
	if (s->original || created_already(w->plan, s->arn[i]))
		return;
	tag[0] = (struct tag){"pare:plan", w->plan_id};
	tag[1] = (struct tag){"pare:source-policy", source_of(s)};
	push(w,
	     (struct action){.op = STEP_CREATE_POLICY, .policy_arn = s->arn[i], .policy_name = s->name[i],
			     .path = "/pare/", .document = s->document[i],
			     .document_sha256 = s->sha256[i], .tag = tag, .tag_count = 2},
	     (struct action){.op = STEP_DELETE_POLICY, .policy_arn = s->arn[i],
			     .document_sha256 = s->sha256[i]},
	     source_of(s), false);
}

static bool attached_already(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (step_attaches(p->step[i].action.op) &&
		    str_equal(p->step[i].action.policy_arn, arn))
			return true;
	return false;
}

static void attach(struct writer *w, const struct slot *s, size_t i)
{
	if (attached_already(w->plan, s->arn[i]))
		return;
	/* What the plan does not create itself: it says what is in it, so that this can be proved. */
	const struct action there = {.op = STEP_ATTACH_ROLE_POLICY, .policy_arn = s->arn[i],
				     .document = s->original ? s->document[i] : NULL,
				     .document_sha256 = s->original ? s->sha256[i] : NULL};
	push(w, there, (struct action){.op = STEP_DETACH_ROLE_POLICY, .policy_arn = s->arn[i]},
	     source_of(s), false);
}

static void put(struct writer *w, const char *name, const char *document, const char *sha256,
		const char *source, bool temporary)
{
	const struct action there = {.op = STEP_PUT_ROLE_POLICY, .policy_name = name,
				     .document = document, .document_sha256 = sha256};
	struct action back = there;
	back.op = STEP_DELETE_ROLE_POLICY;
	push(w, there, back, source, temporary);
}

static void delete_inline(struct writer *w, const char *name, const char *document,
			  const char *sha256, const char *source, bool temporary)
{
	const struct action there = {.op = STEP_DELETE_ROLE_POLICY, .policy_name = name,
				     .document = document, .document_sha256 = sha256};
	struct action back = there;
	back.op = STEP_PUT_ROLE_POLICY;
	push(w, there, back, source, temporary);
}

static void add(struct writer *w, const struct slot *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->inlined) {
			put(w, s->name[i], s->document[i], s->sha256[i], source_of(s), false);
			continue;
		}
		create(w, s, i);
		attach(w, s, i);
	}
}

static void take_away(struct writer *w, const struct slot *s)
{
	if (!s->remove)
		return;
	if (s->inlined) {
		delete_inline(w, s->id, s->old_document, s->old_sha256, source_of(s), false);
		return;
	}
	push(w, (struct action){.op = STEP_DETACH_ROLE_POLICY, .policy_arn = s->id},
	     (struct action){.op = STEP_ATTACH_ROLE_POLICY, .policy_arn = s->id}, source_of(s), false);
}

/* The new document stands inline while the old policy makes room for the new one. */
static void bridge(struct writer *w, const struct slot *s)
{
	for (size_t i = 0; i < s->count; i++) {
		create(w, s, i);
		put(w, str_printf(w->arena, "pare-bridge-%.8s", s->sha256[i]), s->document[i],
		    s->sha256[i], source_of(s), true);
	}
	take_away(w, s);
	for (size_t i = 0; i < s->count; i++)
		attach(w, s, i);
	for (size_t i = 0; i < s->count; i++)
		delete_inline(w, str_printf(w->arena, "pare-bridge-%.8s", s->sha256[i]), s->document[i],
			      s->sha256[i], source_of(s), true);
}

static void write_steps(struct writer *w, const struct slots *slots, enum order order)
{
	if (order != ADDITIONS_FIRST)
		for (size_t i = 0; i < slots->count; i++)
			if (slots->slot[i].count == 0 && !slots->slot[i].last)
				take_away(w, &slots->slot[i]);
	for (size_t i = 0; i < slots->count; i++) {
		const struct slot *s = &slots->slot[i];
		if (s->count == 0)
			continue;
		if (order == BRIDGED && !s->inlined) {
			bridge(w, s);
			continue;
		}
		add(w, s);
		if (order >= ONE_BY_ONE)
			take_away(w, s);
	}
	for (size_t i = 0; i < slots->count; i++)
		if (slots->slot[i].last ||
		    (order <= UNUSED_FIRST && (slots->slot[i].count > 0 || order == ADDITIONS_FIRST)))
			take_away(w, &slots->slot[i]);
}

const char *quota_walk(struct arena *a, const struct plan *plan, const struct principal *before,
		       const struct quota *quota)
{
	struct arena *scratch = arena_new(NULL);
	const char *missing = NULL;
	size_t created = 0;
	bool user = before->type == PRINCIPAL_USER;
	size_t attached_quota = quota_attached(quota, user), inline_quota = quota_inline(quota, user);
	struct err e;
	for (size_t n = 0; n <= plan->step_count && missing == NULL; n++) {
		const struct principal *x = plan_outcome_after(scratch, plan, before, n, &e);
		size_t inline_size = 0;
		if (x == NULL) {
			missing = arena_strdup(a, e.message);
			break;
		}
		for (size_t i = 0; i < x->inline_count; i++)
			inline_size += policy_size(x->inline_policy[i].document);
		if (n > 0 && plan->step[n - 1].action.op == STEP_CREATE_POLICY) {
			const struct action *c = &plan->step[n - 1].action;
			created++;
			if (policy_size(c->document) > quota->managed_policy_size)
				missing = str_printf(a, "policy '%s' has %zu characters, IAM takes %zu", c->policy_name,
						     policy_size(c->document), quota->managed_policy_size);
		}
		/* What was there before the plan is not the plan's doing. */
		if (missing == NULL && x->attached_count > attached_quota &&
		    x->attached_count > before->attached_count)
			missing = str_printf(a, "after step %zu %zu policies would be attached, the quota is %zu", n,
					     x->attached_count, attached_quota);
		if (missing == NULL && inline_size > inline_quota && n > 0)
			missing = str_printf(a, "after step %zu the inline policies would have %zu characters, the "
					     "quota is %zu", n, inline_size, inline_quota);
	}
	if (missing == NULL && quota->policies_in_use + created > quota->policies_per_account &&
	    created > 0)
		missing = str_printf(a, "the account has %zu policies and would need %zu more, the quota is %zu",
				     quota->policies_in_use, created, quota->policies_per_account);
	arena_free(scratch);
	return missing;
}

void slots_order(struct arena *a, const struct slots *slots, const struct principal *p,
		 const char *plan_id, const struct quota *quota, struct plan *plan)
{
	struct writer first = {a, plan, plan_id, 0};
	for (enum order order = ADDITIONS_FIRST; order < ORDER_COUNT; order++) {
		struct writer w = {a, plan, plan_id, 0};
		plan->step = NULL;
		plan->step_count = 0;
		write_steps(&w, slots, order);
		if (quota_walk(a, plan, p, quota) == NULL)
			return;
	}
	plan->step = NULL;
	plan->step_count = 0;
	write_steps(&first, slots, ADDITIONS_FIRST);
}
