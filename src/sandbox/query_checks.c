/* query_checks: SimulatePrincipalPolicy and the service last accessed details. */
#include <string.h>

#include "checks.h"
#include "query.h"

static bool generate(struct query *q)
{
	const struct role *r = role_of_arn(&q->read, query_get(q, "Arn"), q->p);
	if (r == NULL)
		return false;
	put_text(q, "JobId", job_of(q->a, r));
	return true;
}

static void put_service(struct query *q, const struct last_access *list, size_t count, size_t *at)
{
	const struct last_access *service = &list[*at];
	put_open(q, "member");
	put_text(q, "ServiceName", service->service);
	put_text(q, "ServiceNamespace", service->service);
	put_text(q, "LastAuthenticated", service->at);
	put_number(q, "TotalAuthenticatedEntities", service->at != NULL);
	put_open(q, "TrackedActionsLastAccessed");
	for (size_t i = 0; i < count; i++) {
		if (list[i].action == NULL || strcmp(list[i].service, service->service) != 0)
			continue;
		put_open(q, "member");
		put_text(q, "ActionName", list[i].action);
		put_text(q, "LastAccessedTime", list[i].at);
		put_close(q, "member");
	}
	put_close(q, "TrackedActionsLastAccessed");
	put_close(q, "member");
}

static bool get(struct query *q)
{
	struct last_access *list;
	const struct role *r = job_role(&q->read, q->a, query_get(q, "JobId"), q->p);
	if (r == NULL)
		return false;
	size_t count = role_accesses(q->s, q->a, r, &list);
	put_text(q, "JobStatus", "COMPLETED");
	put_text(q, "JobType", "ACTION_LEVEL");
	put_when(q, "JobCreationDate", box_now(q->s));
	put_open(q, "ServicesLastAccessed");
	for (size_t i = 0; i < count; i++)
		if (list[i].action == NULL)
			put_service(q, list, count, &i);
	put_close(q, "ServicesLastAccessed");
	put_when(q, "JobCompletionDate", box_now(q->s));
	put_bool(q, "IsTruncated", false);
	return true;
}

static void read_exclusions(struct query *q, struct simulation *x)
{
	for (size_t n = 1; n <= 256; n++) {
		const char *arn = query_get(q, str_printf(q->a, "PolicyExclusionList.member.%zu.PolicyArn", n));
		const char *name = query_get(
			q, str_printf(q->a, "PolicyExclusionList.member.%zu.InlinePolicyIdentifier.PolicyName", n));
		if (arn == NULL && name == NULL)
			return;
		if (arn != NULL)
			str_list_add(q->a, &x->without_arns, arn);
		if (name != NULL)
			str_list_add(q->a, &x->without_inline, name);
	}
}

static bool simulate(struct query *q)
{
	struct simulation x = {.principal = query_get(q, "PolicySourceArn")};
	struct str_list actions = {0};
	query_list(q, "PolicyInputList", &x.documents);
	query_list(q, "ActionNames", &actions);
	read_exclusions(q, &x);
	if (actions.count == 0)
		return problem_set(q->p, 400, "InvalidInput", "ActionNames is required.");
	if (!simulation_open(&q->read, q->a, &x, q->p))
		return false;
	put_open(q, "EvaluationResults");
	for (size_t i = 0; i < actions.count; i++) {
		put_open(q, "member");
		put_text(q, "EvalActionName", actions.item[i]);
		put_text(q, "EvalResourceName", "*");
		put_text(q, "EvalDecision", simulation_decide(&x, actions.item[i]));
		put_close(q, "member");
	}
	put_close(q, "EvaluationResults");
	put_bool(q, "IsTruncated", false);
	return true;
}

const struct query_op query_check_ops[] = {
	{.name = "GenerateServiceLastAccessedDetails", .run = generate},
	{.name = "GetServiceLastAccessedDetails", .run = get},
	{.name = "SimulatePrincipalPolicy", .run = simulate},
	{.name = NULL},
};
