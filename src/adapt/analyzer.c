/* analyzer: Access Analyzer over rest-json: one call to method, path, query and body, one JSON
 * answer back. */
#include <string.h>

#include "aws_private.h"
#include "pare/arn.h"
#include "pare/str.h"

static const char *encode(struct arena *a, const char *text)
{
	return str_percent_encode(a, text, NULL);
}

static const char *query_of(struct arena *a, const struct call *c)
{
	const char *token = c->marker != NULL ? str_printf(a, "&nextToken=%s", encode(a, c->marker))
					      : "";
	return str_printf(a, "analyzerArn=%s%s", encode(a, c->analyzer), token);
}

static void eq_filter(struct json_writer *w, const char *key, const char *value)
{
	if (value == NULL)
		return;
	json_key(w, key);
	json_open(w, '{');
	json_key(w, "eq");
	json_open(w, '[');
	json_put_text(w, value);
	json_close(w, ']');
	json_close(w, '}');
}

static void list_findings_body(const struct call *c, struct buf *body)
{
	struct json_writer w;
	json_start(&w, body, true);
	json_open(&w, '{');
	json_member_text(&w, "analyzerArn", c->analyzer);
	json_key(&w, "filter");
	json_open(&w, '{');
	eq_filter(&w, "findingType", c->finding_type);
	eq_filter(&w, "status", c->status != NULL ? c->status : "ACTIVE");
	json_close(&w, '}');
	if (c->marker != NULL)
		json_member_text(&w, "nextToken", c->marker);
	json_close(&w, '}');
}

static void update_body(const struct call *c, struct buf *body)
{
	struct json_writer w;
	json_start(&w, body, true);
	json_open(&w, '{');
	json_member_text(&w, "analyzerArn", c->analyzer);
	json_key(&w, "ids");
	json_open(&w, '[');
	json_put_text(&w, c->finding);
	json_close(&w, ']');
	json_member_text(&w, "status", c->status);
	json_close(&w, '}');
}

static void policy_body(const struct call *c, struct buf *body)
{
	struct json_writer w;
	bool check = c->op == CALL_CHECK_NO_NEW_ACCESS;
	json_start(&w, body, true);
	json_open(&w, '{');
	json_member_text(&w, check ? "newPolicyDocument" : "policyDocument", c->document);
	if (check)
		json_member_text(&w, "existingPolicyDocument", c->old_document);
	json_member_text(&w, "policyType", "IDENTITY_POLICY");
	json_close(&w, '}');
}

static bool of_policies(enum call_op op)
{
	return op == CALL_VALIDATE_POLICY || op == CALL_CHECK_NO_NEW_ACCESS;
}

static bool names_finding(enum call_op op)
{
	return op == CALL_GET_FINDING || op == CALL_GENERATE_RECOMMENDATION ||
	       op == CALL_GET_RECOMMENDATION || op == CALL_UPDATE_FINDING;
}

/* What may stand in a path: '.' and '..' would lead to another operation. */
static bool segment_valid(const char *text)
{
	return !str_empty(text) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strlen(text) <= 2048;
}

bool analyzer_request(struct arena *a, const struct call *call, const char **method,
		      const char **path, const char **query, struct buf *body, struct err *e)
{
	*query = "";
	*method = "GET";
	if (call->op != CALL_LIST_ANALYZERS && !of_policies(call->op) && str_empty(call->analyzer))
		return err_set(e, ERR_USAGE, "%s: the analyzer's ARN is missing",
			       call_name(call->op));
	if (of_policies(call->op) &&
	    (str_empty(call->document) ||
	     (call->op == CALL_CHECK_NO_NEW_ACCESS && str_empty(call->old_document))))
		return err_set(e, ERR_USAGE, "%s: a policy document is missing", call_name(call->op));
	if (names_finding(call->op) && !segment_valid(call->finding))
		return err_set(e, ERR_USAGE,
			       "%s: finding id '%s': expected an id as Access Analyzer gives it",
			       call_name(call->op), call->finding != NULL ? call->finding : "");
	if (call->op == CALL_GET_ANALYZER && !segment_valid(arn_name(call->analyzer)))
		return err_set(e, ERR_USAGE, "%s: analyzer '%s': its ARN ends with no name",
			       call_name(call->op), call->analyzer);
	switch (call->op) {
	case CALL_LIST_ANALYZERS:
		*path = "/analyzer";
		*query = call->marker != NULL
				 ? str_printf(a, "nextToken=%s", encode(a, call->marker))
				 : "";
		return true;
	case CALL_GET_ANALYZER:
		/* The path takes the name, not the ARN. */
		*path = str_printf(a, "/analyzer/%s", encode(a, arn_name(call->analyzer)));
		return true;
	case CALL_VALIDATE_POLICY:
		*method = "POST";
		*path = "/policy/validation";
		*query = call->marker != NULL
				 ? str_printf(a, "nextToken=%s", encode(a, call->marker))
				 : "";
		policy_body(call, body);
		return true;
	case CALL_CHECK_NO_NEW_ACCESS:
		*method = "POST";
		*path = "/policy/check-no-new-access";
		policy_body(call, body);
		return true;
	case CALL_LIST_FINDINGS:
		*method = "POST";
		*path = "/findingv2";
		list_findings_body(call, body);
		return true;
	case CALL_GET_FINDING:
		*path = str_printf(a, "/findingv2/%s", encode(a, call->finding));
		*query = query_of(a, call);
		return true;
	case CALL_GENERATE_RECOMMENDATION:
		*method = "POST";
		*path = str_printf(a, "/recommendation/%s", encode(a, call->finding));
		*query = query_of(a, call);
		return true;
	case CALL_GET_RECOMMENDATION:
		*path = str_printf(a, "/recommendation/%s", encode(a, call->finding));
		*query = query_of(a, call);
		return true;
	case CALL_UPDATE_FINDING:
		if (!str_equal(call->status, "ARCHIVED") && !str_equal(call->status, "ACTIVE"))
			return err_set(e, ERR_USAGE,
				       "UpdateFindings: status '%s': expected ARCHIVED or ACTIVE",
				       call->status != NULL ? call->status : "");
		*method = "PUT";
		*path = "/finding";
		update_body(call, body);
		return true;
	default:
		return err_set(e, ERR_USAGE, "%s is no operation of Access Analyzer",
			       call_name(call->op));
	}
}

/* --- answers --- */

static void take_analyzer(struct call *c, const struct json *v, struct analyzer *out)
{
	int64_t age = 0;
	const struct json *unused = json_get(json_get(v, "configuration"), "unusedAccess");
	(void)c;
	out->arn = json_text(v, "arn");
	out->name = json_text(v, "name");
	out->type = json_text(v, "type");
	out->status = json_text(v, "status");
	out->status_reason = json_text(json_get(v, "statusReason"), "code");
	if (json_integer(json_get(unused, "unusedAccessAge"), &age) && age > 0 && age <= 3650)
		out->unused_access_age_days = (int)age;
}

static bool take_analyzers(struct call *c, const struct json *root)
{
	bool many = c->op == CALL_LIST_ANALYZERS;
	const struct json *list = many ? json_get(root, "analyzers") : NULL;
	const struct json *one = many ? NULL : json_get(root, "analyzer");
	size_t count = list != NULL ? list->count : 1;
	if (many && (list == NULL || list->type != JSON_ARRAY))
		return err_set(&c->err, ERR_INPUT,
			       "ListAnalyzers: the answer has no list 'analyzers'");
	if (!many && (one == NULL || one->type != JSON_OBJECT))
		return err_set(&c->err, ERR_INPUT, "GetAnalyzer: the answer has no 'analyzer'");
	c->analyzers = arena_array(c->arena, count, sizeof *c->analyzers);
	if (one != NULL)
		take_analyzer(c, one, &c->analyzers[c->analyzer_count++]);
	for (const struct json *v = list != NULL ? list->first : NULL; v != NULL; v = v->next)
		take_analyzer(c, v, &c->analyzers[c->analyzer_count++]);
	for (size_t i = 0; i < c->analyzer_count; i++)
		if (c->analyzers[i].arn == NULL || c->analyzers[i].type == NULL ||
		    c->analyzers[i].status == NULL)
			return err_set(&c->err, ERR_INPUT,
				       "%s: an analyzer without arn, type or status",
				       call_name(c->op));
	return true;
}

static bool take_findings(struct call *c, const struct json *root)
{
	const struct json *list = c->op == CALL_LIST_FINDINGS ? json_get(root, "findings") : NULL;
	if (c->op == CALL_LIST_FINDINGS && (list == NULL || list->type != JSON_ARRAY))
		return err_set(&c->err, ERR_INPUT, "ListFindingsV2: the answer has no 'findings'");
	size_t count = list != NULL ? list->count : 1;
	c->findings = arena_array(c->arena, count, sizeof *c->findings);
	const struct json *v = list != NULL ? list->first : root;
	for (size_t i = 0; i < count; i++, v = v->next) {
		struct finding *f = finding_parse(c->arena, v, call_name(c->op), &c->err);
		if (f == NULL)
			return false;
		if (c->op == CALL_GET_FINDING && !str_equal(f->id, c->finding))
			return err_set(&c->err, ERR_INPUT,
				       "GetFindingV2: asked for finding '%s', answered '%s'",
				       c->finding != NULL ? c->finding : "", f->id);
		f->analyzer = c->analyzer;
		c->findings[c->finding_count++] = f;
	}
	return true;
}

static bool take_issues(struct call *c, const struct json *root)
{
	const struct json *list = json_get(root, "findings");
	if (list == NULL || list->type != JSON_ARRAY)
		return err_set(&c->err, ERR_INPUT, "ValidatePolicy: the answer lacks findings");
	c->issue = arena_array(c->arena, list->count, sizeof *c->issue);
	for (const struct json *x = list->first; x != NULL; x = x->next) {
		const char *type = json_text(x, "findingType"), *code = json_text(x, "issueCode");
		if (type == NULL)
			return err_set(&c->err, ERR_INPUT, "ValidatePolicy: a finding lacks findingType");
		c->issue[c->issue_count++] = (struct policy_issue){type, code != NULL ? code : ""};
	}
	return true;
}

static bool take_check(struct call *c, const struct json *root)
{
	const char *result = json_text(root, "result");
	c->passed = str_equal(result, "PASS");
	return c->passed || str_equal(result, "FAIL") ||
	       err_set(&c->err, ERR_INPUT, "CheckNoNewAccess: result '%s': expected PASS or FAIL",
		       result != NULL ? str_printable(c->arena, result, false) : "");
}

static bool take_answer(struct call *c, const struct json *root)
{
	switch (c->op) {
	case CALL_LIST_ANALYZERS:
	case CALL_GET_ANALYZER:
		return take_analyzers(c, root);
	case CALL_LIST_FINDINGS:
	case CALL_GET_FINDING:
		return take_findings(c, root);
	case CALL_VALIDATE_POLICY:
		return take_issues(c, root);
	case CALL_CHECK_NO_NEW_ACCESS:
		return take_check(c, root);
	case CALL_GET_RECOMMENDATION:
		c->recommendation = recommendation_parse(c->arena, root, call_name(c->op), &c->err);
		if (c->recommendation != NULL)
			c->recommendation->finding_id = c->finding;
		return c->recommendation != NULL;
	default:
		return true;
	}
}

static bool empty_allowed(enum call_op op)
{
	return op == CALL_GENERATE_RECOMMENDATION || op == CALL_UPDATE_FINDING;
}

static bool take_error(struct call *c, long status, const char *header, const struct json *root,
		       const char *body)
{
	const char *code = aws_json_code(c->arena, header, root);
	const char *message = json_text(root, "message");
	if (message == NULL)
		message = json_text(root, "Message");
	if (*code == '\0' && message == NULL)
		return aws_error_unreadable(c, status, body);
	return aws_error_set(c, status, code, message != NULL ? message : "");
}

bool analyzer_answer(struct call *c, long status, const char *error_type_header, const char *body,
		     size_t len)
{
	struct err e;
	bool empty = strspn(body, " \t\r\n") == len;
	const struct json *root = empty ? NULL
					: json_parse(c->arena, body, len, call_name(c->op), &e);
	c->ok = false;
	c->next_marker = NULL;
	if (root != NULL && root->type != JSON_OBJECT)
		root = NULL;
	if (status / 100 != 2)
		return take_error(c, status, error_type_header, root, body);
	if (root == NULL && !(empty && empty_allowed(c->op)))
		return aws_error_unreadable(c, status, body);
	c->ok = root == NULL ||
		(take_answer(c, root) && aws_next_page(c, json_text(root, "nextToken")));
	return c->ok;
}
