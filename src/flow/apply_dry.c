#include "apply_machine.h"

#include <string.h>

#include "pare/str.h"

static const char *line_text(struct arena *a, const struct plan *p, const struct action *x)
{
	const char *op = step_op_name(x->op), *name = p->principal.name;
	const char *type = principal_type_name(p->principal.type);
	switch (x->op) {
	case STEP_CREATE_POLICY:
		return str_printf(a, "CreatePolicy name=%s path=%s document=%zu characters, sha256 %.12s",
				  x->policy_name, x->path, policy_size(x->document), x->document_sha256);
	case STEP_ATTACH_ROLE_POLICY:
	case STEP_ATTACH_USER_POLICY:
	case STEP_DETACH_ROLE_POLICY:
	case STEP_DETACH_USER_POLICY:
		return str_printf(a, "%s %s=%s policy=%s", op, type, name, x->policy_arn);
	case STEP_PUT_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
		return str_printf(a, "%s %s=%s name=%s document=%zu characters, sha256 %.12s", op, type,
				  name, x->policy_name, policy_size(x->document), x->document_sha256);
	case STEP_DELETE_ROLE_POLICY:
	case STEP_DELETE_USER_POLICY:
		return str_printf(a, "%s %s=%s name=%s", op, type, name, x->policy_name);
	case STEP_DELETE_POLICY:
		return str_printf(a, "%s policy=%s", op, x->policy_arn);
	default:
		return str_printf(a, "UpdateFindings finding=%s status=%s", x->finding,
				  x->op == STEP_ARCHIVE_FINDING ? "ARCHIVED" : "ACTIVE");
	}
}

static bool policy_exists(struct arena *a, const struct read_port *aws, const char *arn)
{
	struct call c = {.op = CALL_GET_POLICY, .arena = a, .policy_arn = arn};
	return read_one(aws, &c);
}

bool apply_dry(struct arena *a, const struct read_port *aws, const struct plan *plan,
	       struct dry_line **lines, size_t *count, struct err *e)
{
	size_t calls;
	struct states *s = states_of(a, plan);
	struct principal *live = observe_principal(a, aws, plan->principal.type, plan->principal.name, NULL,
						   &calls, e);
	if (live == NULL)
		return err_wrap(e, "plan '%s'", plan->id);
	if (!plan_identity_holds(plan, live, e) || !states_explain(s, live, e))
		return err_wrap(e, "plan '%s': %s '%s'", plan->id, principal_type_name(live->type), live->name);
	*lines = arena_array(a, plan->step_count, sizeof **lines);
	*count = plan->step_count;
	for (size_t k = 0; k < plan->step_count; k++) {
		const struct action *x = &plan->step[k].action;
		bool done = states_shows(s, plan, live, k);
		if (x->op == STEP_CREATE_POLICY)
			done = policy_exists(a, aws, x->policy_arn);
		(*lines)[k] = (struct dry_line){k + 1, line_text(a, plan, x), done};
	}
	return true;
}
