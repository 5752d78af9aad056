/* Answers with botocore's reading of each: this program must read the same. */
#include "test.h"

#include "json_at.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/digest.h"
#include "pare/json.h"
#include "pare/str.h"
#include "pare/when.h"
#include "pare/xml.h"
#include "shared_data.h"
#include "tree_match.h"

/* --- this program's operations, field by field --- */

static void check_tags(const struct tag *tag, size_t count, const struct json *want)
{
	assert_int_equal(count, want != NULL ? want->count : 0);
	for (size_t i = 0; i < count; i++) {
		same("tag key", tag[i].key, json_text(json_at(want, i), "Key"));
		same("tag value", tag[i].value, json_text(json_at(want, i), "Value"));
	}
}

static void check_document(const char *got, const char *want)
{
	struct arena *a = arena_new(NULL);
	same("document", got, *want == '{' ? want : str_percent_decode(a, want));
	arena_free(a);
}

static void check_role(const struct call *c, const struct json *want)
{
	const struct principal *p = c->principal;
	assert_non_null(p);
	same("name", p->name, json_text(want, "RoleName"));
	same("path", p->path, json_text(want, "Path"));
	same("id", p->unique_id, json_text(want, "RoleId"));
	same("arn", p->arn, json_text(want, "Arn"));
	same_moment("created", p->created_at, json_text(want, "CreateDate"));
	same_moment("used", p->last_used_at,
		    json_text(json_get(want, "RoleLastUsed"), "LastUsedDate"));
	same("boundary", p->boundary,
	     json_text(json_get(want, "PermissionsBoundary"), "PermissionsBoundaryArn"));
	check_tags(p->tag, p->tag_count, json_get(want, "Tags"));
	check_document(p->trust, json_text(want, "AssumeRolePolicyDocument"));
	assert_int_equal(p->type, PRINCIPAL_ROLE);
	assert_non_null(strstr(p->arn, p->account));
}

static void check_policy(const struct call *c, const struct json *want)
{
	const struct managed_policy *m = c->policy;
	assert_non_null(m);
	same("arn", m->arn, json_text(want, "Arn"));
	same("name", m->name, json_text(want, "PolicyName"));
	same("version", m->default_version, json_text(want, "DefaultVersionId"));
	same_moment("updated", m->update_date, json_text(want, "UpdateDate"));
	same_number("attachments", m->attachment_count, json_get(want, "AttachmentCount"));
	same_number("bounds", m->boundary_count, json_get(want, "PermissionsBoundaryUsageCount"));
	assert_int_equal(m->attachable, json_bool(want, "IsAttachable", true));
	check_tags(m->tag, m->tag_count, json_get(want, "Tags"));
}

static void check_names(const struct call *c, const struct json *want, const char *name,
			const char *arn)
{
	assert_int_equal(c->names.count, want->count);
	for (size_t i = 0; i < want->count; i++) {
		const struct json *v = json_at(want, i);
		same("name", c->names.item[i], name != NULL ? json_text(v, name) : v->text);
		if (arn != NULL)
			same("arn", c->arns.item[i], json_text(v, arn));
	}
}

static void check_entities(const struct call *c, const struct json *want)
{
	static const char *const lists[][3] = {{"PolicyRoles", "RoleName", "role/"},
					       {"PolicyUsers", "UserName", "user/"},
					       {"PolicyGroups", "GroupName", "group/"}};
	struct arena *a = arena_new(NULL);
	size_t count = 0;
	for (size_t i = 0; i < 3; i++)
		for (const struct json *v = json_get(want, lists[i][0])->first; v != NULL;
		     v = v->next, count++)
			assert_true(str_list_has(&c->names, str_printf(a, "%s%s", lists[i][2],
								       json_text(v, lists[i][1]))));
	assert_int_equal(c->names.count, count);
	arena_free(a);
}

/* The page against botocore's, documents decoded. */
static void details_match(const struct json *got, const struct json *want)
{
	if (want->type == JSON_OBJECT) {
		for (const struct json *m = want->first; m != NULL; m = m->next) {
			if (strcmp(m->key, "ResponseMetadata") == 0 ||
			    strcmp(m->key, "IsTruncated") == 0 ||
			    (m->type == JSON_OBJECT && m->count == 0))
				continue;
			if (json_get(got, m->key) == NULL)
				same(m->key, "(absent)", "present");
			else
				details_match(json_get(got, m->key), m);
		}
	} else if (want->type == JSON_ARRAY) {
		assert_int_equal(got->type, JSON_ARRAY);
		assert_int_equal(got->count, want->count);
		for (size_t i = 0; i < want->count; i++)
			details_match(json_at(got, i), json_at(want, i));
	} else if (want->type == JSON_BOOL) {
		assert_int_equal(got->type, JSON_BOOL);
		assert_int_equal(got->boolean, want->boolean);
	} else if (want->type == JSON_NUMBER) {
		assert_int_equal(got->type, JSON_NUMBER);
		same(want->key, got->text, want->text);
	} else if (want->key != NULL && strstr(want->key, "Document") != NULL) {
		check_document(got->text, want->text);
	} else if (!is_moment(got, want)) {
		same(want->key, got->text, want->text);
	}
}

static void check_summary(const struct call *c, const struct json *map)
{
	same_number("Policies", (int64_t)c->summary.policies, json_get(map, "Policies"));
	same_number("PoliciesQuota", (int64_t)c->summary.policies_quota,
		    json_get(map, "PoliciesQuota"));
	same_number("AttachedPoliciesPerRoleQuota", (int64_t)c->summary.attached_per_role_quota,
		    json_get(map, "AttachedPoliciesPerRoleQuota"));
	same_number("PolicySizeQuota", (int64_t)c->summary.policy_size_quota,
		    json_get(map, "PolicySizeQuota"));
	same_number("RolePolicySizeQuota", (int64_t)c->summary.role_policy_size_quota,
		    json_get(map, "RolePolicySizeQuota"));
	same_number("VersionsPerPolicyQuota", (int64_t)c->summary.versions_quota,
		    json_get(map, "VersionsPerPolicyQuota"));
}

static void check_analyzer(const struct analyzer *x, const struct json *want)
{
	int64_t age = 0;
	same("arn", x->arn, json_text(want, "arn"));
	same("name", x->name, json_text(want, "name"));
	same("type", x->type, json_text(want, "type"));
	same("status", x->status, json_text(want, "status"));
	same("reason", x->status_reason, json_text(json_get(want, "statusReason"), "code"));
	json_integer(json_get(json_get(json_get(want, "configuration"), "unusedAccess"),
			      "unusedAccessAge"),
		     &age);
	assert_int_equal(x->unused_access_age_days, age);
}

static void check_finding(const struct finding *f, const struct json *want)
{
	same("id", f->id, json_text(want, "id"));
	same("type", f->type_text, json_text(want, "findingType"));
	same("status", f->status, json_text(want, "status"));
	same("resource", f->resource, json_text(want, "resource"));
	same("resource type", f->resource_type, json_text(want, "resourceType"));
	same("owner", f->owner_account, json_text(want, "resourceOwnerAccount"));
	same("error", f->error, json_text(want, "error"));
	same_moment("created", f->created_at, json_text(want, "createdAt"));
	same_moment("updated", f->updated_at, json_text(want, "updatedAt"));
	same_moment("analyzed", f->analyzed_at, json_text(want, "analyzedAt"));
	assert_int_equal(f->detailed, json_get(want, "findingDetails") != NULL);
}

static void check_step(const struct recommended_step *s, const struct json *want)
{
	const struct json *unknown = json_get(want, "SDK_UNKNOWN_MEMBER");
	const struct json *known = json_get(want, "unusedPermissionsRecommendedStep");
	if (unknown != NULL) {
		assert_int_equal(s->action, RECOMMEND_UNKNOWN);
		same("member", s->action_text, json_text(unknown, "name"));
		return;
	}
	same("action", s->action_text, json_text(known, "recommendedAction"));
	same("existing", s->existing_policy_id, json_text(known, "existingPolicyId"));
	same("document", s->document, json_text(known, "recommendedPolicy"));
	same_moment("policy updated", s->policy_updated_at, json_text(known, "policyUpdatedAt"));
}

static void check_recommendation(const struct call *c, const struct json *want)
{
	static const char *const status[] = {"SUCCEEDED", "IN_PROGRESS", "FAILED"};
	const struct recommendation *r = c->recommendation;
	const struct json *steps = json_get(want, "recommendedSteps");
	same("status", status[r->status], json_text(want, "status"));
	same("resource", r->resource, json_text(want, "resourceArn"));
	same("type", r->type_text, json_text(want, "recommendationType"));
	assert_true(r->type_known);
	same_moment("started", r->started_at, json_text(want, "startedAt"));
	same_moment("completed", r->completed_at, json_text(want, "completedAt"));
	same("error code", r->error_code, json_text(json_get(want, "error"), "code"));
	same("error message", r->error_message, json_text(json_get(want, "error"), "message"));
	assert_int_equal(r->count, steps != NULL ? steps->count : 0);
	for (size_t i = 0; i < r->count; i++)
		check_step(&r->step[i], json_at(steps, i));
}

static void check_fields(const struct call *c, const struct json *want)
{
	switch (c->op) {
	case CALL_GET_CALLER_IDENTITY:
		same("arn", c->caller_arn, json_text(want, "Arn"));
		same("account", c->caller_account, json_text(want, "Account"));
		break;
	case CALL_GET_ROLE:
		check_role(c, json_get(want, "Role"));
		break;
	case CALL_GET_POLICY:
	case CALL_CREATE_POLICY:
		check_policy(c, json_get(want, "Policy"));
		break;
	case CALL_GET_POLICY_VERSION:
		check_document(c->text, json_text(json_get(want, "PolicyVersion"), "Document"));
		break;
	case CALL_GET_ROLE_POLICY:
		check_document(c->text, json_text(want, "PolicyDocument"));
		break;
	case CALL_LIST_ROLE_POLICIES:
		check_names(c, json_get(want, "PolicyNames"), NULL, NULL);
		break;
	case CALL_LIST_ATTACHED_ROLE_POLICIES:
		check_names(c, json_get(want, "AttachedPolicies"), "PolicyName", "PolicyArn");
		break;
	case CALL_LIST_POLICY_VERSIONS:
		check_names(c, json_get(want, "Versions"), "VersionId", NULL);
		break;
	case CALL_LIST_ENTITIES_FOR_POLICY:
		check_entities(c, want);
		break;
	case CALL_GET_ACCOUNT_DETAILS:
		details_match(c->account_details, want);
		break;
	case CALL_GET_ACCOUNT_SUMMARY:
		check_summary(c, json_get(want, "SummaryMap"));
		break;
	case CALL_LIST_ANALYZERS:
		assert_int_equal(c->analyzer_count, json_get(want, "analyzers")->count);
		for (size_t i = 0; i < c->analyzer_count; i++)
			check_analyzer(&c->analyzers[i], json_at(json_get(want, "analyzers"), i));
		break;
	case CALL_GET_ANALYZER:
		check_analyzer(&c->analyzers[0], json_get(want, "analyzer"));
		break;
	case CALL_LIST_FINDINGS:
		assert_int_equal(c->finding_count, json_get(want, "findings")->count);
		for (size_t i = 0; i < c->finding_count; i++)
			check_finding(c->findings[i], json_at(json_get(want, "findings"), i));
		break;
	case CALL_GET_FINDING:
		check_finding(c->findings[0], want);
		break;
	case CALL_GET_RECOMMENDATION:
		check_recommendation(c, want);
		break;
	default:
		break; /* answers nothing */
	}
	const char *marker = json_text(want, "nextToken");
	if (marker == NULL)
		marker = json_bool(want, "IsTruncated", false) ? json_text(want, "Marker") : NULL;
	same("next page", c->next_marker, marker);
}

static enum call_op op_of(const char *name)
{
	for (enum call_op op = 0; op < CALL_OP_COUNT; op++)
		if (strcmp(call_name(op), name) == 0)
			return op;
	return CALL_OP_COUNT;
}

/* What each code of the recorded errors asks its caller to do. */
static enum err_kind kind_of(const char *code, bool write)
{
	static const struct {
		const char *code;
		enum err_kind kind;
	} kinds[] = {
		{"NoSuchEntity", ERR_NOT_FOUND},
		{"ResourceNotFoundException", ERR_NOT_FOUND},
		{"EntityAlreadyExists", ERR_CONFLICT},
		{"DeleteConflict", ERR_CONFLICT},
		{"LimitExceeded", ERR_LIMIT},
		{"MalformedPolicyDocument", ERR_INPUT},
		{"UnmodifiableEntity", ERR_INPUT},
		{"ValidationError", ERR_INPUT},
		{"ValidationException", ERR_INPUT},
		{"ConcurrentModification", ERR_THROTTLED},
		{"Throttling", ERR_THROTTLED},
		{"ThrottlingException", ERR_THROTTLED},
		{"AccessDenied", ERR_AUTH},
		{"AccessDeniedException", ERR_AUTH},
		{"InvalidClientTokenId", ERR_AUTH},
		{"ExpiredToken", ERR_AUTH},
		{"ExpiredTokenException", ERR_AUTH},
		{"SignatureDoesNotMatch", ERR_AUTH},
		{"InvalidSignatureException", ERR_AUTH},
		{"ServiceFailure", ERR_UNAVAILABLE},
		{"InternalServerException", ERR_UNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].code, code) == 0)
			return kinds[i].kind == ERR_UNAVAILABLE && write ? ERR_UNCERTAIN
									 : kinds[i].kind;
	fail_msg("%s: no expectation for code '%s'", current, code);
	return ERR_NONE;
}

static void check_error(const struct call *c, const struct json *want, bool known)
{
	const struct json *error = json_get(want, "Error");
	assert_false(c->ok);
	same("code", c->err.code, json_text(error, "Code"));
	same("request id", c->request_id,
	     json_text(json_get(want, "ResponseMetadata"), "RequestId"));
	same("request id", c->err.request_id,
	     json_text(json_get(want, "ResponseMetadata"), "RequestId"));
	assert_non_null(strstr(c->err.message, json_text(error, "Message")));
	if (known)
		assert_int_equal(c->err.kind, kind_of(c->err.code, call_writes(c->op)));
}

static const char *header_of(const struct json *headers, const char *name)
{
	for (const struct json *h = headers != NULL ? headers->first : NULL; h != NULL; h = h->next)
		if (str_equal_nocase(h->key, name))
			return h->text;
	return NULL;
}

static void one_of_ours(struct arena *a, const struct json *x, enum call_op op)
{
	const struct json *want = json_get(x, "botocore_parsed"), *headers = json_get(x, "headers");
	const char *body = json_text(x, "body");
	struct call c = {.op = op, .arena = a, .finding = json_text(want, "id")};
	int64_t status;
	struct http_header header[16];
	size_t count = 0;
	assert_true(json_integer(json_get(x, "status"), &status));
	for (const struct json *h = headers->first; h != NULL; h = h->next)
		header[count++] = (struct http_header){str_lower(a, h->key), h->text};
	const struct http_exchange exchange = {.transport_ok = true,
					       .status = (long)status,
					       .response = body,
					       .response_len = strlen(body),
					       .response_header = header,
					       .response_header_count = count};
	aws_answer(&c, &exchange);
	if (status / 100 != 2) {
		check_error(&c, want, true);
		return;
	}
	if (!c.ok)
		fail_msg("%s: %s", current, c.err.message);
	same("request id", c.request_id, header_of(headers, "x-amzn-RequestId"));
	check_fields(&c, want);
}

/* Operations that this program lacks: what its parsers make of them. */
static void one_of_others(struct arena *a, const struct json *x)
{
	const struct json *want = json_get(x, "botocore_parsed");
	const char *body = json_text(x, "body"), *code = json_text(json_get(want, "Error"), "Code");
	int64_t status;
	struct err e;
	assert_true(json_integer(json_get(x, "status"), &status));
	bool query = strcmp(json_text(x, "service"), "iam") == 0 ||
		     strcmp(json_text(x, "service"), "sts") == 0;
	if (code != NULL) {
		struct call c = {.op = query ? CALL_GET_ROLE : CALL_LIST_FINDINGS, .arena = a};
		c.request_id = arena_strdup(a,
					    header_of(json_get(x, "headers"), "x-amzn-RequestId"));
		if (query)
			iam_answer(&c, (long)status, body, strlen(body));
		else
			analyzer_answer(&c, (long)status, NULL, body, strlen(body));
		if (json_text(json_get(want, "Error"), "QueryErrorCode") != NULL)
			same("code", c.err.code,
			     json_text(json_get(want, "Error"), "QueryErrorCode"));
		else
			check_error(&c, want, false);
		return;
	}
	if (query) {
		const struct xml *root = xml_parse(a, body, strlen(body), &e);
		assert_non_null(root);
		const struct xml *result = xml_child(
			root, str_printf(a, "%sResult", json_text(x, "operation")));
		if (result != NULL)
			xml_matches(result, want);
		return;
	}
	const struct json *got = *body == '\0' ? NULL
					       : json_parse(a, body, strlen(body), current, &e);
	if (got != NULL)
		json_matches(got, want);
	else
		assert_int_equal(*body, '\0');
}

static void test_golden_responses(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t len, ours = 0, others = 0;
	char *text = shared_file("golden/responses.json", &len);
	if (text == NULL) {
		printf("skipped: golden responses: no shared data\n");
		arena_free(a);
		skip();
	}
	const struct json *golden = json_parse(a, text, len, "golden/responses.json", &e);
	free(text);
	assert_non_null(golden);
	for (const struct json *x = json_get(golden, "cases")->first; x != NULL; x = x->next) {
		struct arena *one = arena_new(a);
		current = json_text(x, "name");
		enum call_op op = op_of(json_text(x, "operation"));
		if (op != CALL_OP_COUNT) {
			one_of_ours(one, x, op);
			ours++;
		} else {
			one_of_others(one, x);
			others++;
		}
		arena_free(one);
	}
	printf("golden responses: %zu of this program's operations field by field, %zu of others\n",
	       ours, others);
	assert_int_equal(ours + others, 91);
	assert_true(ours >= 60);
	arena_free(a);
}

/* --- recorded bodies --- */

static char *read_pair(const char *folder, const char *name, const char *ending, size_t *len)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
	return shared_file(path, len);
}

static void one_recorded(const char *folder, const char *name, bool error)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t xml_len, json_len;
	char *body = read_pair(folder, name, ".xml", &xml_len);
	char *wanted = read_pair(folder, name, ".json", &json_len);
	assert_non_null(body);
	assert_non_null(wanted);
	current = name;
	const struct json *want = json_parse(a, wanted, json_len, name, &e);
	if (want == NULL)
		fail_msg("%s", e.message);
	if (error) {
		struct call c = {.op = CALL_GET_ROLE, .arena = a};
		iam_answer(&c, 400, body, xml_len);
		check_error(&c, want, false);
	} else {
		const struct xml *root = xml_parse(a, body, xml_len, &e);
		if (root == NULL)
			fail_msg("%s: %s", name, e.message);
		const struct xml *result = root->first;
		while (result != NULL && !str_ends(result->name, "Result"))
			result = result->next;
		if (result != NULL)
			xml_matches(result, want);
		same("request id", xml_text(xml_child(root, "ResponseMetadata"), "RequestId"),
		     json_text(json_get(want, "ResponseMetadata"), "RequestId"));
	}
	free(body);
	free(wanted);
	arena_free(a);
}

static size_t recorded(const char *below, bool error)
{
	char path[4096];
	size_t count = 0;
	snprintf(path, sizeof path, "%s/%s", shared_data(), below);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	for (struct dirent *x; (x = readdir(dir)) != NULL;) {
		char name[256];
		if (!str_ends(x->d_name, ".xml"))
			continue;
		snprintf(name, sizeof name, "%.*s", (int)strlen(x->d_name) - 4, x->d_name);
		one_recorded(below, name, error);
		count++;
	}
	closedir(dir);
	return count;
}

static void test_recorded_bodies(void **state)
{
	(void)state;
	if (shared_data() == NULL) {
		printf("skipped: recorded XML bodies: no shared data\n");
		skip();
	}
	assert_int_equal(recorded("responses/botocore-xml/responses", false), 16);
	assert_int_equal(recorded("responses/botocore-xml/errors", true), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_responses),
		cmocka_unit_test(test_recorded_bodies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
