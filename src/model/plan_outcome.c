#include <string.h>

#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/plan.h"
#include "pare/str.h"

/* Where a plan carries the document of a managed policy: in its own CreatePolicy, or in an inverse. */
static const struct action *carrier_of(const struct plan *p, const char *arn)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (step_adds(p->step[i].action.op) && p->step[i].action.document != NULL &&
		    str_equal(p->step[i].action.policy_arn, arn))
			return &p->step[i].action;
	return NULL;
}

static bool attach(const struct plan *p, struct principal *x, const char *arn, struct err *e)
{
	const struct action *carrier = carrier_of(p, arn);
	if (principal_attached(x, arn) != NULL)
		return true;
	if (carrier == NULL)
		return err_set(e, ERR_INPUT, "plan '%s' attaches '%s' and does not say what is in it", p->id,
			       arn);
	x->attached[x->attached_count++] = (struct managed_policy){
		.arn = arn,
		.name = arn_name(arn),
		.default_version = "v1",
		.document = carrier->document,
		.document_sha256 = carrier->document_sha256,
		.attachment_count = -1,
		.boundary_count = -1,
		.attachable = true,
	};
	return true;
}

static void detach(struct principal *x, const char *arn)
{
	size_t kept = 0;
	for (size_t i = 0; i < x->attached_count; i++)
		if (strcmp(x->attached[i].arn, arn) != 0)
			x->attached[kept++] = x->attached[i];
	x->attached_count = kept;
}

static void delete_inline(struct principal *x, const char *name)
{
	size_t kept = 0;
	for (size_t i = 0; i < x->inline_count; i++)
		if (strcmp(x->inline_policy[i].name, name) != 0)
			x->inline_policy[kept++] = x->inline_policy[i];
	x->inline_count = kept;
}

static void put_inline(struct principal *x, const struct action *s)
{
	delete_inline(x, s->policy_name);
	x->inline_policy[x->inline_count++] = (struct inline_policy){
		.name = s->policy_name,
		.document = s->document,
		.document_sha256 = s->document_sha256,
	};
}

static bool carry_out(const struct plan *p, struct principal *x, const struct action *s,
		      struct err *e)
{
	switch (s->op) {
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
		return attach(p, x, s->policy_arn, e);
	case STEP_DETACH_ROLE_POLICY:
	case STEP_DETACH_USER_POLICY:
		detach(x, s->policy_arn);
		return true;
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		put_inline(x, s);
		return true;
	case STEP_DELETE_ROLE_POLICY:
	case STEP_DELETE_USER_POLICY:
		delete_inline(x, s->policy_name);
		return true;
	default:
		return true;
	}
}

struct principal *plan_outcome_after(struct arena *a, const struct plan *p,
				     const struct principal *now, size_t steps, struct err *e)
{
	struct principal *x = arena_alloc(a, sizeof *x);
	*x = *now;
	x->attached = arena_array(a, now->attached_count + p->step_count, sizeof *x->attached);
	x->inline_policy = arena_array(a, now->inline_count + p->step_count, sizeof *x->inline_policy);
	if (now->attached_count > 0)
		memcpy(x->attached, now->attached, now->attached_count * sizeof *x->attached);
	if (now->inline_count > 0)
		memcpy(x->inline_policy, now->inline_policy, now->inline_count * sizeof *x->inline_policy);
	for (size_t i = 0; i < p->step_count && i < steps; i++)
		if (!carry_out(p, x, &p->step[i].action, e))
			return NULL;
	principal_settle(a, x);
	return x;
}

struct principal *plan_outcome(struct arena *a, const struct plan *p, const struct principal *now,
			       struct err *e)
{
	return plan_outcome_after(a, p, now, p->step_count, e);
}

bool plan_identity_holds(const struct plan *p, const struct principal *live, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	bool tags = str_equal(principal_tags_sha256(scratch, live), p->preconditions.tags_sha256);
	arena_free(scratch);
	if (live->unique_id == NULL || !str_equal(live->unique_id, p->principal.unique_id))
		return err_set(e, ERR_STALE, "it was deleted and made anew (id %s, then %s)",
			       live->unique_id != NULL ? live->unique_id : "unknown", p->principal.unique_id);
	if (!str_equal(live->arn, p->principal.arn))
		return err_set(e, ERR_STALE, "its ARN is '%s' now",
			       live->arn != NULL ? live->arn : "unknown");
	if (!str_equal(live->boundary, p->preconditions.boundary))
		return err_set(e, ERR_STALE, "its permissions boundary changed since the plan was made");
	if (!tags)
		return err_set(e, ERR_STALE, "its tags changed since the plan was made; rules may see it "
			       "differently now");
	return true;
}

