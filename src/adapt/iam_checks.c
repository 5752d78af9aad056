/* iam_checks: SimulatePrincipalPolicy and the service last accessed details, to a form and back. */
#include <string.h>

#include "aws_private.h"
#include "pare/arn.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/xml.h"

static void put_list(struct arena *a, struct buf *body, const char *name, const struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		iam_put_pair(a, body, str_printf(a, "%s.member.%zu", name, i + 1), list->item[i]);
}

/* Each entry has exactly one member. */
static void put_exclusions(struct arena *a, struct buf *body, const struct call *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->without_arns.count; i++)
		iam_put_pair(a, body, str_printf(a, "PolicyExclusionList.member.%zu.PolicyArn", ++n),
			     c->without_arns.item[i]);
	for (size_t i = 0; i < c->without_inline.count; i++) {
		const char *at = str_printf(a, "PolicyExclusionList.member.%zu.InlinePolicyIdentifier", ++n);
		iam_put_pair(a, body, str_printf(a, "%s.PolicyName", at), c->without_inline.item[i]);
		iam_put_pair(a, body, str_printf(a, "%s.AttachmentType", at),
			     arn_type(a, c->principal_arn));
		iam_put_pair(a, body, str_printf(a, "%s.AttachmentName", at), arn_name(c->principal_arn));
	}
}

bool iam_check_request(struct arena *a, const struct call *c, struct buf *body, const char **missing)
{
	switch (c->op) {
	case CALL_SIMULATE_PRINCIPAL_POLICY:
		if (str_empty(c->principal_arn)) {
			*missing = "PolicySourceArn";
			return true;
		}
		if (c->actions.count == 0)
			*missing = "ActionNames";
		iam_put_pair(a, body, "PolicySourceArn", c->principal_arn);
		put_list(a, body, "ActionNames", &c->actions);
		put_list(a, body, "PolicyInputList", &c->documents);
		put_exclusions(a, body, c);
		iam_put_pair(a, body, "Marker", c->marker);
		return true;
	case CALL_GENERATE_LAST_ACCESSED:
		if (str_empty(c->principal_arn))
			*missing = "Arn";
		iam_put_pair(a, body, "Arn", c->principal_arn);
		iam_put_pair(a, body, "Granularity", "ACTION_LEVEL");
		return true;
	case CALL_GET_LAST_ACCESSED:
		if (str_empty(c->job))
			*missing = "JobId";
		iam_put_pair(a, body, "JobId", c->job);
		iam_put_pair(a, body, "Marker", c->marker);
		return true;
	default:
		return false;
	}
}

/* --- answers --- */

static bool lacks(struct call *c, const char *what)
{
	return err_set(&c->err, ERR_INPUT, "%s: the answer lacks %s", call_name(c->op), what);
}

static size_t members(const struct xml *list)
{
	size_t count = 0;
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next)
		count++;
	return count;
}

static bool take_decisions(struct call *c, const struct xml *list)
{
	c->simulated = arena_array(c->arena, members(list), sizeof *c->simulated);
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		const char *action = xml_text(x, "EvalActionName"), *decision = xml_text(x, "EvalDecision");
		if (str_empty(action) || str_empty(decision))
			return lacks(c, "EvalActionName or EvalDecision");
		c->simulated[c->simulated_count++] = (struct simulated){
			arena_strdup(c->arena, action), arena_strdup(c->arena, decision)};
	}
	return true;
}

/* A time that cannot be read is not the same as none. */
static bool time_of(struct call *c, const char *text, const char **out)
{
	int64_t ms;
	*out = NULL;
	if (str_empty(text))
		return true;
	if (!when_parse(text, &ms))
		return lacks(c, "a readable time of last access");
	*out = arena_strdup(c->arena, text);
	return true;
}

static bool take_actions(struct call *c, const char *service, const struct xml *list)
{
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		struct last_access *to = &c->access[c->access_count++];
		if (str_empty(xml_text(x, "ActionName")))
			return lacks(c, "ActionName");
		*to = (struct last_access){service, arena_strdup(c->arena, xml_text(x, "ActionName")), NULL};
		if (!time_of(c, xml_text(x, "LastAccessedTime"), &to->at))
			return false;
	}
	return true;
}

static bool take_accesses(struct call *c, const struct xml *list)
{
	size_t room = members(list);
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next)
		room += members(xml_child(x, "TrackedActionsLastAccessed"));
	c->access = arena_array(c->arena, room, sizeof *c->access);
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		if (str_empty(xml_text(x, "ServiceNamespace")))
			return lacks(c, "ServiceNamespace");
		const char *service = arena_strdup(c->arena, xml_text(x, "ServiceNamespace"));
		struct last_access *to = &c->access[c->access_count++];
		*to = (struct last_access){service, NULL, NULL};
		if (!time_of(c, xml_text(x, "LastAuthenticated"), &to->at) ||
		    !take_actions(c, service, xml_child(x, "TrackedActionsLastAccessed")))
			return false;
	}
	return true;
}

bool iam_check_answer(struct call *c, const struct xml *result)
{
	switch (c->op) {
	case CALL_SIMULATE_PRINCIPAL_POLICY:
		return take_decisions(c, xml_child(result, "EvaluationResults"));
	case CALL_GENERATE_LAST_ACCESSED:
		if (str_empty(xml_text(result, "JobId")))
			return lacks(c, "JobId");
		c->started_job = arena_strdup(c->arena, xml_text(result, "JobId"));
		return true;
	default:
		if (str_empty(xml_text(result, "JobStatus")))
			return lacks(c, "JobStatus");
		c->job_status = arena_strdup(c->arena, xml_text(result, "JobStatus"));
		return take_accesses(c, xml_child(result, "ServicesLastAccessed"));
	}
}
