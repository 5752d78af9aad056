#include <string.h>

#include "checks.h"
#include "direct.h"

static bool validate(const struct view *v, struct call *c)
{
	struct err e;
	(void)v;
	c->issue = arena_array(c->arena, 1, sizeof *c->issue);
	if (policy_parse(c->arena, c->document, strlen(c->document), "policy", &e) == NULL)
		c->issue[c->issue_count++] = (struct policy_issue){"ERROR", "JSON_SYNTAX_ERROR"};
	else if (policy_size(c->document) > POLICY_SIZE_MAX)
		c->issue[c->issue_count++] =
			(struct policy_issue){"WARNING", "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"};
	return true;
}

static bool simulate(const struct view *v, struct call *c, struct problem *p)
{
	struct simulation x = {.principal = c->principal_arn, .documents = c->documents,
			       .without_arns = c->without_arns, .without_inline = c->without_inline};
	if (!simulation_open(v, c->arena, &x, p))
		return false;
	c->simulated = arena_array(c->arena, c->actions.count, sizeof *c->simulated);
	for (size_t i = 0; i < c->actions.count; i++)
		c->simulated[c->simulated_count++] = (struct simulated){
			c->actions.item[i], simulation_decide(&x, c->actions.item[i])};
	return true;
}

bool direct_check(const struct view *v, struct call *c, struct problem *p)
{
	const struct role *r;
	switch (c->op) {
	case CALL_VALIDATE_POLICY:
		return validate(v, c);
	case CALL_CHECK_NO_NEW_ACCESS:
		return check_no_new_access(v->sandbox, c->arena, c->document, c->old_document, &c->passed, p);
	case CALL_SIMULATE_PRINCIPAL_POLICY:
		return simulate(v, c, p);
	case CALL_GENERATE_LAST_ACCESSED:
		r = role_of_arn(v, c->principal_arn, p);
		c->started_job = r != NULL ? job_of(c->arena, r) : NULL;
		return r != NULL;
	default:
		r = job_role(v, c->arena, c->job, p);
		c->job_status = "COMPLETED";
		c->access_count = r != NULL ? role_accesses(v->sandbox, c->arena, r, &c->access) : 0;
		return r != NULL;
	}
}
