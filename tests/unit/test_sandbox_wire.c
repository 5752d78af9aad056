/* The sandbox's protocols: what pare's own client asks, and what it reads back, without a socket. */
#include "test.h"

#include "sandbox_ask.h"
#include "pare/aws.h"
#include "pare/json.h"
#include "pare/xml.h"

#define ANALYZER "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access"
#define BLOG "IAMRole_IA2_Blog_EC2Role"
#define S3 "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

static struct wire_answer rest(struct world *w, const char *method, const char *path, const char *params,
			       const char *body)
{
	struct wire_request r = {.service = WIRE_ANALYZER, .method = method, .path = path, .body = body,
				 .body_len = strlen(body)};
	take_params(w, &r, params);
	return send_to(w, r);
}

static bool is_iam(enum call_op op)
{
	return op == CALL_GET_CALLER_IDENTITY || (op >= CALL_GET_ACCOUNT_DETAILS && op != CALL_UPDATE_FINDING);
}

/* A call, out and back through pare's own writer and reader. */
static struct call *ask(struct world *w, struct call c)
{
	struct call *x = arena_alloc(w->a, sizeof *x);
	struct buf *body = buf_new(w->a, 1 << 20);
	struct wire_answer answer;
	*x = c;
	x->arena = w->a;
	if (is_iam(c.op)) {
		assert_true(iam_request(w->a, x, body, &x->err));
		answer = query(w, c.op == CALL_GET_CALLER_IDENTITY ? WIRE_STS : WIRE_IAM, body->data);
		assert_string_equal(answer.content_type, "text/xml");
		iam_answer(x, answer.status, answer.body->data, answer.body->len);
		assert_string_equal(x->request_id, answer.request_id);
	} else {
		const char *method, *path, *params;
		assert_true(analyzer_request(w->a, x, &method, &path, &params, body, &x->err));
		answer = rest(w, method, path, params, body->data);
		assert_string_equal(answer.content_type, "application/json");
		analyzer_answer(x, answer.status, answer.error_type, answer.body->data, answer.body->len);
	}
	return x;
}

static struct call *direct(struct world *w, struct call c)
{
	struct call *x = arena_alloc(w->a, sizeof *x);
	*x = c;
	x->arena = w->a;
	sandbox_act(w->box, x);
	return x;
}

static void same(const char *x, const char *y)
{
	assert_true((x == NULL) == (y == NULL));
	if (x != NULL)
		assert_string_equal(x, y);
}

/* --- both doors say the same --- */

static const char *details_text(struct world *w, const struct call *c)
{
	struct account_state s = {0};
	struct err e;
	struct buf *b = buf_new(w->a, 1 << 24);
	assert_true(c->ok);
	assert_true(account_state_add(w->a, &s, c->account_details, "page", &e));
	assert_true(account_state_settle(w->a, &s, &e));
	for (size_t i = 0; i < s.count; i++)
		principal_print(s.principal[i], b);
	for (size_t i = 0; i < s.policy_count; i++)
		buf_printf(b, "%s %s %s %lld %lld\n%s\n", s.policy[i]->arn, s.policy[i]->default_version,
			   s.policy[i]->update_date, (long long)s.policy[i]->attachment_count,
			   (long long)s.policy[i]->boundary_count, s.policy[i]->document);
	return b->data;
}

static void both_doors_agree_on_iam(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct call c = {.op = CALL_GET_CALLER_IDENTITY};
	struct call *x = ask(&w, c), *y = direct(&w, c);
	same(x->caller_arn, y->caller_arn);
	same(x->caller_account, y->caller_account);

	c = (struct call){.op = CALL_GET_ROLE, .role = BLOG};
	x = ask(&w, c), y = direct(&w, c);
	assert_true(x->ok && y->ok);
	same(x->principal->arn, y->principal->arn);
	same(x->principal->unique_id, y->principal->unique_id);
	same(x->principal->trust, y->principal->trust);
	same(x->principal->created_at, y->principal->created_at);
	same(x->principal->last_used_at, y->principal->last_used_at);
	assert_int_equal(x->principal->tag_count, y->principal->tag_count);

	c = (struct call){.op = CALL_LIST_ATTACHED_ROLE_POLICIES, .role = BLOG};
	x = ask(&w, c), y = direct(&w, c);
	assert_int_equal(x->arns.count, 2);
	for (size_t i = 0; i < 2; i++) {
		same(x->arns.item[i], y->arns.item[i]);
		same(x->names.item[i], y->names.item[i]);
	}

	c = (struct call){.op = CALL_GET_ROLE_POLICY, .role = BLOG, .policy_name = "InlinePolicyListLambda"};
	same(ask(&w, c)->text, direct(&w, c)->text);
	c = (struct call){.op = CALL_GET_POLICY, .policy_arn = S3};
	x = ask(&w, c), y = direct(&w, c);
	same(x->policy->default_version, "v3");
	same(y->policy->default_version, "v3");
	same(x->policy->update_date, y->policy->update_date);
	assert_int_equal(x->policy->attachment_count, 1);
	c = (struct call){.op = CALL_GET_POLICY_VERSION, .policy_arn = S3, .version = "v3"};
	same(ask(&w, c)->text, direct(&w, c)->text);
	c.version = "v1";
	same(ask(&w, c)->err.code, direct(&w, c)->err.code);

	c = (struct call){.op = CALL_GET_ACCOUNT_SUMMARY};
	x = ask(&w, c), y = direct(&w, c);
	assert_memory_equal(&x->summary, &y->summary, sizeof x->summary);
	assert_int_equal(x->summary.policies, 1);

	c = (struct call){.op = CALL_GET_ACCOUNT_DETAILS};
	same(details_text(&w, ask(&w, c)), details_text(&w, direct(&w, c)));
	c = (struct call){.op = CALL_LIST_ENTITIES_FOR_POLICY, .policy_arn = S3};
	same(ask(&w, c)->names.item[0], direct(&w, c)->names.item[0]);
	arena_free(w.a);
}

static const char *finding_text(struct world *w, const struct finding *f)
{
	struct buf *b = buf_new(w->a, 1 << 20);
	finding_print(f, b);
	return b->data;
}

static const char *recommendation_text(struct world *w, const struct recommendation *r)
{
	struct buf *b = buf_new(w->a, 1 << 20);
	recommendation_print(r, b);
	return b->data;
}

static void both_doors_agree_on_findings(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct call c = {.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER};
	struct call *x = ask(&w, c), *y = direct(&w, c);
	assert_int_equal(x->finding_count, 3);
	assert_int_equal(y->finding_count, 3);
	const char *id = NULL;
	for (size_t i = 0; i < 3; i++) {
		same(finding_text(&w, x->findings[i]), finding_text(&w, y->findings[i]));
		if (strstr(x->findings[i]->resource, BLOG) != NULL)
			id = x->findings[i]->id;
	}
	c = (struct call){.op = CALL_GET_FINDING, .analyzer = ANALYZER, .finding = id};
	same(finding_text(&w, ask(&w, c)->findings[0]), finding_text(&w, direct(&w, c)->findings[0]));

	c.op = CALL_GET_RECOMMENDATION;
	assert_string_equal(ask(&w, c)->err.code, "ResourceNotFoundException");
	c.op = CALL_GENERATE_RECOMMENDATION;
	assert_true(ask(&w, c)->ok);
	c.op = CALL_GET_RECOMMENDATION;
	x = ask(&w, c);
	assert_true(x->ok);
	assert_int_equal(x->recommendation->status, RECOMMENDATION_IN_PROGRESS);
	clock_virtual_advance(w.clock, 1000);
	x = ask(&w, c);
	assert_int_equal(x->recommendation->status, RECOMMENDATION_SUCCEEDED);
	assert_int_equal(x->recommendation->count, 5);
	same(recommendation_text(&w, x->recommendation), recommendation_text(&w, direct(&w, c)->recommendation));

	c = (struct call){.op = CALL_GET_ANALYZER, .analyzer = ANALYZER};
	assert_int_equal(ask(&w, c)->analyzers[0].unused_access_age_days, 90);
	c.op = CALL_LIST_ANALYZERS;
	assert_int_equal(ask(&w, c)->analyzer_count, 1);
	c = (struct call){.op = CALL_UPDATE_FINDING, .analyzer = ANALYZER, .finding = id, .status = "ARCHIVED"};
	assert_true(ask(&w, c)->ok);
	c = (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER};
	assert_int_equal(ask(&w, c)->finding_count, 2);
	c.status = "ARCHIVED";
	assert_int_equal(ask(&w, c)->finding_count, 1);
	arena_free(w.a);
}

/* --- writes, exact texts --- */

static void documents_come_back_byte_for_byte(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	static const char text[] =
		"{ \"Version\":\"2012-10-17\",\n\t\"Statement\": [{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\","
		"\"Resource\":\"arn:aws:s3:::a b+c%20<&>'/\xc3\xa9*\"}]}";
	struct tag tag = {"pare:plan", "a<b>&\"c\""};
	struct call c = {.op = CALL_CREATE_POLICY, .policy_name = "P", .path = "/pare/", .document = text, .tag = &tag,
			 .tag_count = 1};
	struct call *x = ask(&w, c);
	assert_true(x->ok);
	same(x->policy->arn, "arn:aws:iam::111122223333:policy/pare/P");
	same(x->policy->tag[0].value, tag.value);
	c = (struct call){.op = CALL_GET_POLICY_VERSION, .policy_arn = x->policy->arn, .version = "v1"};
	same(ask(&w, c)->text, text);
	c = (struct call){.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "P", .document = text};
	assert_true(ask(&w, c)->ok);
	c.op = CALL_GET_ROLE_POLICY;
	same(ask(&w, c)->text, text);
	/* RFC 3986: everything but the unreserved is %XX, a space never '+'. */
	struct wire_answer raw =
		query(&w, WIRE_IAM, "Action=GetRolePolicy&Version=2010-05-08&RoleName=" BLOG "&PolicyName=P");
	assert_non_null(strstr(raw.body->data, "a%20b%2Bc%2520%3C%26%3E%27%2F%C3%A9%2A"));
	arena_free(w.a);
}

static void answers_have_aws_envelope(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct wire_answer x = query(&w, WIRE_IAM, "Action=DetachRolePolicy&Version=2010-05-08&RoleName=" BLOG
					    "&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAmazonS3ReadOnlyAccess");
	assert_int_equal(x.status, 200);
	assert_string_equal(x.body->data,
			    str_printf(w.a, "<DetachRolePolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n"
				       "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>\n"
				       "</DetachRolePolicyResponse>\n", x.request_id));
	x = query(&w, WIRE_IAM, "Action=GetRole&Version=2010-05-08&RoleName=a%26b");
	assert_int_equal(x.status, 400);
	x = query(&w, WIRE_IAM, "Action=GetRole&Version=2010-05-08&RoleName=nobody");
	struct err e;
	const struct xml *root = xml_parse(w.a, x.body->data, x.body->len, &e);
	assert_int_equal(x.status, 404);
	assert_string_equal(root->name, "ErrorResponse");
	assert_string_equal(xml_text(xml_child(root, "Error"), "Type"), "Sender");
	assert_string_equal(xml_text(xml_child(root, "Error"), "Code"), "NoSuchEntity");
	assert_string_equal(xml_text(root, "RequestId"), x.request_id);
	x = query(&w, WIRE_IAM, "Action=ListGroups&Version=2010-05-08");
	assert_non_null(strstr(x.body->data, "<Code>InvalidAction</Code>"));
	x = query(&w, WIRE_STS, "Action=GetCallerIdentity&Version=2011-06-15");
	assert_true(str_starts(x.body->data, "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"));
	arena_free(w.a);
}

/* --- pages --- */

static void pages_join_without_gap_or_repeat(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct str_list seen = {0};
	const char *marker = NULL;
	size_t pages = 0;
	do {
		struct wire_answer x = query(
			&w, WIRE_IAM,
			str_printf(w.a, "Action=GetAccountAuthorizationDetails&Version=2010-05-08&MaxItems=2%s%s",
				   marker != NULL ? "&Marker=" : "",
				   marker != NULL ? str_percent_encode(w.a, marker, NULL) : ""));
		struct err e;
		const struct xml *root = xml_parse(w.a, x.body->data, x.body->len, &e);
		const struct xml *r = xml_child(root, "GetAccountAuthorizationDetailsResult");
		const struct xml *roles = xml_child(r, "RoleDetailList"), *policies = xml_child(r, "Policies");
		for (const struct xml *v = roles->first; v != NULL; v = v->next)
			str_list_add(w.a, &seen, xml_text(v, "RoleName"));
		for (const struct xml *v = policies->first; v != NULL; v = v->next)
			str_list_add(w.a, &seen, xml_text(v, "PolicyName"));
		bool more = strcmp(xml_text(r, "IsTruncated"), "true") == 0;
		marker = xml_text(r, "Marker");
		assert_int_equal(more, marker != NULL);
		pages++;
	} while (marker != NULL);
	assert_int_equal(pages, 4);
	assert_int_equal(seen.count, 7);
	str_list_sort(&seen);
	assert_int_equal(seen.count, 7);
	struct wire_answer x = query(&w, WIRE_IAM, "Action=ListRoles&Version=2010-05-08&Marker=bm9uc2Vuc2U%3D");
	assert_int_equal(x.status, 400);
	x = query(&w, WIRE_IAM, "Action=ListRoles&Version=2010-05-08&MaxItems=1001");
	assert_non_null(strstr(x.body->data, "<Code>ValidationError</Code>"));
	arena_free(w.a);
}

static void findings_come_in_pages_and_by_filter(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	const char *token = NULL;
	size_t seen = 0, pages = 0;
	do {
		struct err e;
		const char *body = str_printf(w.a, "{\"analyzerArn\":\"" ANALYZER "\",\"maxResults\":1%s%s%s}",
					      token != NULL ? ",\"nextToken\":\"" : "", token != NULL ? token : "",
					      token != NULL ? "\"" : "");
		struct wire_answer x = rest(&w, "POST", "/findingv2", "", body);
		const struct json *root = json_parse(w.a, x.body->data, x.body->len, "answer", &e);
		assert_int_equal(x.status, 200);
		seen += json_get(root, "findings")->count;
		token = json_text(root, "nextToken");
		pages++;
	} while (token != NULL);
	assert_int_equal(seen, 3);
	assert_int_equal(pages, 3);
	static const struct {
		const char *filter;
		size_t count;
	} filters[] = {
		{"{\"resource\":{\"contains\":[\"Blog\",\"Month\"]}}", 2},
		{"{\"resource\":{\"contains\":[\"Blog\"]},\"status\":{\"neq\":[\"ACTIVE\"]}}", 0},
		{"{\"findingType\":{\"eq\":[\"UnusedIAMRole\"]}}", 0},
		{"{\"resourceOwnerAccount\":{\"eq\":[\"111122223333\"]}}", 3},
	};
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		struct err e;
		struct wire_answer x = rest(&w, "POST", "/findingv2", "",
					    str_printf(w.a, "{\"analyzerArn\":\"" ANALYZER "\",\"filter\":%s}",
						       filters[i].filter));
		const struct json *root = json_parse(w.a, x.body->data, x.body->len, "answer", &e);
		assert_int_equal(json_get(root, "findings")->count, filters[i].count);
	}
	struct wire_answer x = rest(&w, "POST", "/findingv2", "",
				    "{\"analyzerArn\":\"" ANALYZER "\",\"filter\":{\"colour\":{\"eq\":[\"x\"]}}}");
	assert_int_equal(x.status, 400);
	assert_string_equal(x.error_type, "ValidationException");
	x = rest(&w, "POST", "/findingv2", "", "{\"analyzerArn\":\"" ANALYZER "x\"}");
	assert_int_equal(x.status, 404);
	x = rest(&w, "POST", "/findingv2", "", "{");
	assert_int_equal(x.status, 400);
	x = rest(&w, "GET", "/no/such", "", "");
	assert_int_equal(x.status, 404);
	arena_free(w.a);
}

static void validate_policy_names_the_place(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct err e;
	struct wire_answer x = rest(&w, "POST", "/policy/validation", "",
				    "{\"policyType\":\"IDENTITY_POLICY\",\"policyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\n"
				    "\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3*:x\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}");
	const struct json *f = json_get(json_parse(w.a, x.body->data, x.body->len, "answer", &e), "findings");
	assert_int_equal(f->count, 1);
	assert_string_equal(json_text(f->first, "findingType"), "ERROR");
	const struct json *start =
		json_get(json_get(json_get(f->first, "locations")->first, "span"), "start");
	int64_t line, offset;
	assert_true(json_integer(json_get(start, "line"), &line));
	assert_true(json_integer(json_get(start, "offset"), &offset));
	assert_int_equal(line, 2);
	assert_int_equal(offset, 25 + 40); /* the opening quote of "s3*:x" */
	arena_free(w.a);
}

/* --- STS and faults --- */

static void assumed_roles_sign_until_they_expire(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct err e;
	const char *trust = str_percent_encode(w.a, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
					       "\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:root\"},\"Action\":\"sts:AssumeRole\","
					       "\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"42\"}}}]}", NULL);
	struct wire_answer x = query(&w, WIRE_IAM, str_printf(w.a, "Action=CreateRole&RoleName=X&AssumeRolePolicyDocument=%s",
							      trust));
	assert_int_equal(x.status, 200);
	static const char assume[] =
		"Action=AssumeRole&RoleSessionName=s1&DurationSeconds=900&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FX";
	assert_int_equal(query(&w, WIRE_STS, assume).status, 403);
	x = query(&w, WIRE_STS, str_printf(w.a, "%s&ExternalId=42", assume));
	assert_int_equal(x.status, 200);
	const struct xml *root = xml_parse(w.a, x.body->data, x.body->len, &e);
	const struct xml *c = xml_child(xml_child(root, "AssumeRoleResult"), "Credentials");
	const struct wire_key *key = wire_key(w.box, xml_text(c, "AccessKeyId"));
	assert_non_null(key);
	assert_string_equal(key->secret, xml_text(c, "SecretAccessKey"));
	assert_string_equal(key->session_token, xml_text(c, "SessionToken"));
	assert_string_equal(key->caller_arn, "arn:aws:sts::111122223333:assumed-role/X/s1");
	assert_int_equal(key->expires_ms, wire_now_ms(w.box) + 900000);
	assert_null(wire_key(w.box, "AKIDUNKNOWN"));
	assert_null(wire_key(w.box, "AKIDEXAMPLE")->session_token);
	arena_free(w.a);
}

static void faults_speak_each_protocol(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	static const char get[] = "Action=GetRole&RoleName=" BLOG;
	sandbox_fail_nth(w.box, 1, FAULT_THROTTLE);
	struct wire_answer x = query(&w, WIRE_IAM, get);
	assert_int_equal(x.status, 400);
	assert_non_null(strstr(x.body->data, "<Code>Throttling</Code>"));
	sandbox_fail_nth(w.box, 1, FAULT_THROTTLE);
	x = rest(&w, "GET", "/analyzer", "", "");
	assert_int_equal(x.status, 429);
	assert_string_equal(x.error_type, "ThrottlingException");
	static const char put[] = "Action=PutRolePolicy&RoleName=" BLOG
				  "&PolicyName=N&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A"
				  "%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
	sandbox_fail_nth(w.box, 1, FAULT_BEFORE);
	assert_int_equal(query(&w, WIRE_IAM, put).fate, WIRE_CUT);
	assert_int_equal(sandbox_role(w.box, w.a, BLOG)->inline_count, 1);
	sandbox_fail_nth(w.box, 1, FAULT_AFTER);
	assert_int_equal(query(&w, WIRE_IAM, put).fate, WIRE_CUT);
	assert_int_equal(sandbox_role(w.box, w.a, BLOG)->inline_count, 2);
	assert_int_equal(query(&w, WIRE_IAM, get).fate, WIRE_SEND);
	wire_error(w.box, WIRE_ANALYZER, w.a, 403, "InvalidSignatureException", "no", &x);
	assert_string_equal(x.error_type, "InvalidSignatureException");
	assert_non_null(strstr(x.body->data, "\"message\":\"no\""));
	arena_free(w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_doors_agree_on_iam),
		cmocka_unit_test(both_doors_agree_on_findings),
		cmocka_unit_test(documents_come_back_byte_for_byte),
		cmocka_unit_test(answers_have_aws_envelope),
		cmocka_unit_test(pages_join_without_gap_or_repeat),
		cmocka_unit_test(findings_come_in_pages_and_by_filter),
		cmocka_unit_test(validate_policy_names_the_place),
		cmocka_unit_test(assumed_roles_sign_until_they_expire),
		cmocka_unit_test(faults_speak_each_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
