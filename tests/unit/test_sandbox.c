/* The sandbox through its direct door: the blog scenario, findings, limits and errors. */
#include "test.h"

#include "sandbox_world.h"

/* --- the blog scenario --- */

static void blog_findings_are_what_is_unused(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct finding *f = blog_finding(&w, NULL);
	assert_non_null(f);
	struct call *c = ask(&w, (struct call){.op = CALL_GET_FINDING, .analyzer = ANALYZER, .finding = f->id});
	assert_true(c->ok && c->finding_count == 1 && c->findings[0]->detailed);
	const struct unused *u = c->findings[0]->unused;
	assert_true(unused_has(u, "bedrock:ListFoundationModels"));
	assert_true(unused_has(u, "s3-object-lambda:GetObject"));
	assert_true(unused_has(u, "lambda:ListAliases"));
	assert_true(unused_has(u, "s3:GetBucketAcl"));
	assert_false(unused_has(u, "s3:GetObject"));
	assert_false(unused_has(u, "lambda:ListFunctions"));
	assert_false(unused_has(u, "s3:PutObject")); /* never granted */
	for (size_t i = 0; i < u->count; i++) {
		bool part = strcmp(u->service[i].namespace, "s3") == 0 || strcmp(u->service[i].namespace, "lambda") == 0;
		assert_int_equal(u->service[i].whole, !part);
	}
	arena_free(w.a);
}

static void blog_recommendation_has_aws_shape(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct recommendation *r = blog_recommendation(&w);
	assert_int_equal(r->status, RECOMMENDATION_SUCCEEDED);
	assert_int_equal(r->count, 5);
	static const struct {
		enum recommended_action action;
		const char *id, *updated;
	} expected[] = {
		{RECOMMEND_DETACH_POLICY, BEDROCK, "2023-12-06T15:48:19Z"},
		{RECOMMEND_CREATE_POLICY, S3, "2023-08-10T21:31:39Z"},
		{RECOMMEND_DETACH_POLICY, S3, "2023-08-10T21:31:39Z"},
		{RECOMMEND_CREATE_POLICY, "InlinePolicyListLambda", NULL},
		{RECOMMEND_DETACH_POLICY, "InlinePolicyListLambda", NULL},
	};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(r->step[i].action, expected[i].action);
		assert_string_equal(r->step[i].existing_policy_id, expected[i].id);
		if (expected[i].updated != NULL)
			assert_string_equal(r->step[i].policy_updated_at, expected[i].updated);
		else
			assert_null(r->step[i].policy_updated_at);
		assert_int_equal(r->step[i].document != NULL, expected[i].action == RECOMMEND_CREATE_POLICY);
	}
	/* The text that AWS published. */
	assert_string_equal(r->step[3].document,
			    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"InlinePolicyLambda\",\"Effect\":\"Allow\","
			    "\"Action\":[\"lambda:ListFunctions\",\"lambda:ListLayers\"],\"Resource\":\"*\",\"Condition\":{"
			    "\"NotIpAddress\":{\"aws:SourceIp\":\"1.100.150.200/32\"}}}]}");
	assert_non_null(strstr(r->step[1].document, "s3:GetObject"));
	assert_null(strstr(r->step[1].document, "s3-object-lambda"));
	arena_free(w.a);
}

static void findings_follow_the_world(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	const char *id = blog_finding(&w, NULL)->id;
	struct principal *before = sandbox_role(w.box, w.a, BLOG);
	remediate(&w);
	assert_null(blog_finding(&w, NULL));
	struct finding *f = blog_finding(&w, "RESOLVED");
	assert_non_null(f);
	assert_string_equal(f->id, id);
	refused(&w, (struct call){.op = CALL_GENERATE_RECOMMENDATION, .analyzer = ANALYZER, .finding = id},
		"ValidationException", ERR_INPUT);
	/* Put back: the same finding is open again. */
	ok(&w, (struct call){.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "InlinePolicyListLambda",
			     .document = before->inline_policy[0].document});
	ok(&w, (struct call){.op = CALL_ATTACH_ROLE_POLICY, .role = BLOG, .policy_arn = S3});
	ok(&w, (struct call){.op = CALL_ATTACH_ROLE_POLICY, .role = BLOG, .policy_arn = BEDROCK});
	f = blog_finding(&w, NULL);
	assert_non_null(f);
	assert_string_equal(f->id, id);
	/* Cleaned up in part: resolved, and a new one for the remainder. */
	ok(&w, (struct call){.op = CALL_DETACH_ROLE_POLICY, .role = BLOG, .policy_arn = BEDROCK});
	f = blog_finding(&w, NULL);
	assert_non_null(f);
	assert_string_not_equal(f->id, id);
	assert_string_equal(blog_finding(&w, "RESOLVED")->id, id);
	arena_free(w.a);
}

static void archive_and_reopen(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	const char *id = blog_finding(&w, NULL)->id;
	struct call c = {.op = CALL_UPDATE_FINDING, .analyzer = ANALYZER, .finding = id, .status = "ARCHIVED"};
	ok(&w, c);
	assert_null(blog_finding(&w, NULL));
	assert_non_null(blog_finding(&w, "ARCHIVED"));
	c.status = "ACTIVE";
	ok(&w, c);
	assert_non_null(blog_finding(&w, NULL));
	c.status = "RESOLVED";
	refused(&w, c, "ValidationException", ERR_INPUT);
	c.status = "ACTIVE";
	c.finding = "no-such";
	refused(&w, c, "ResourceNotFoundException", ERR_NOT_FOUND);
	arena_free(w.a);
}

static void no_recommendation_where_aws_has_none(void **state)
{
	(void)state;
	static const char text[] =
		"{\"schema\":\"pare.sandbox/v1\",\"analyzers\":[{\"arn\":\"" ANALYZER "\"}],\"policies\":["
		"{\"arn\":\"arn:aws:iam::111122223333:policy/All\",\"document\":{\"Version\":\"2012-10-17\",\"Statement\":"
		"{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}}},"
		"{\"arn\":\"arn:aws:iam::111122223333:policy/Some\",\"document\":{\"Version\":\"2012-10-17\",\"Statement\":"
		"{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"*\"}}}],"
		"\"roles\":["
		"{\"name\":\"NotAction\",\"trust\":{},\"createdAt\":\"-300d\",\"lastUsedAt\":\"-1d\",\"attached\":"
		"[\"arn:aws:iam::111122223333:policy/All\"],\"usedActions\":[\"s3:GetObject\"]},"
		"{\"name\":\"AWSReservedSSO_x\",\"path\":\"/aws-reserved/sso.amazonaws.com/\",\"trust\":{},"
		"\"createdAt\":\"-300d\",\"lastUsedAt\":\"-1d\",\"attached\":[\"arn:aws:iam::111122223333:policy/Some\"],"
		"\"usedActions\":[\"s3:GetObject\"]},"
		"{\"name\":\"Idle\",\"trust\":{},\"createdAt\":\"-300d\",\"attached\":[\"arn:aws:iam::111122223333:policy/Some\"]},"
		"{\"name\":\"Young\",\"trust\":{},\"createdAt\":\"-3d\",\"attached\":[\"arn:aws:iam::111122223333:policy/Some\"]},"
		"{\"name\":\"Linked\",\"path\":\"/aws-service-role/x.amazonaws.com/\",\"trust\":{},\"createdAt\":\"-300d\","
		"\"attached\":[\"arn:aws:iam::111122223333:policy/Some\"]}]}";
	struct world w = world_with((struct sandbox_setting){.seed = 3, .faults = "work=0"});
	seed(&w, text, strlen(text));
	struct call *c = ask(&w, (struct call){.op = CALL_LIST_FINDINGS, .analyzer = ANALYZER});
	assert_int_equal(c->finding_count, 3);
	for (size_t i = 0; i < 3; i++) {
		struct finding *f = c->findings[i];
		struct call x = {.op = CALL_GENERATE_RECOMMENDATION, .analyzer = ANALYZER, .finding = f->id};
		if (f->type == FINDING_UNUSED_ROLE) {
			assert_non_null(strstr(f->resource, "Idle"));
			refused(&w, x, "ValidationException", ERR_INPUT);
			continue;
		}
		ok(&w, x);
		x.op = CALL_GET_RECOMMENDATION;
		struct call *r = ask(&w, x);
		assert_true(r->ok);
		assert_int_equal(r->recommendation->status, RECOMMENDATION_FAILED);
		assert_non_null(r->recommendation->error_code);
		assert_int_equal(r->recommendation->count, 0);
	}
	refused(&w, (struct call){.op = CALL_GENERATE_RECOMMENDATION, .analyzer = ANALYZER, .finding = "!"},
		"ValidationException", ERR_INPUT);
	refused(&w, (struct call){.op = CALL_GET_RECOMMENDATION, .analyzer = ANALYZER, .finding = "!"},
		"ResourceNotFoundException", ERR_NOT_FOUND);
	struct call put = {.op = CALL_PUT_ROLE_POLICY, .role = "Linked", .policy_name = "x",
			   .document = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"};
	refused(&w, put, "UnmodifiableEntity", ERR_INPUT);
	arena_free(w.a);
}

/* --- limits and errors --- */

static char *big_document(struct arena *a, size_t size)
{
	struct buf *b = buf_new(a, 1 << 20);
	buf_puts(b, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":[\"arn:aws:s3:::");
	size_t rest = size - strlen("\"]}]}");
	while (b->len < rest)
		buf_putc(b, 'a');
	buf_puts(b, "\"]}]}");
	return arena_strdup(a, b->data);
}

static void policies_have_limits(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct call create = {.op = CALL_CREATE_POLICY, .policy_name = "P", .document = DOC};
	ok(&w, create);
	refused(&w, create, "EntityAlreadyExists", ERR_CONFLICT);
	create.policy_name = "p"; /* unique without case, whatever the path */
	create.path = "/other/";
	refused(&w, create, "EntityAlreadyExists", ERR_CONFLICT);
	create.policy_name = "with space";
	refused(&w, create, "ValidationError", ERR_INPUT);
	create.policy_name = "Q";
	create.path = "no-slash";
	refused(&w, create, "ValidationError", ERR_INPUT);
	create.path = NULL;
	create.document = "{";
	refused(&w, create, "MalformedPolicyDocument", ERR_INPUT);
	create.document = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}";
	refused(&w, create, "MalformedPolicyDocument", ERR_INPUT);
	create.document = "{\"Version\":\"2012-10-17\",\"Statement\":[]} \xe2\x82\xac";
	refused(&w, create, "ValidationError", ERR_INPUT);
	create.document = big_document(w.a, 6145);
	refused(&w, create, "LimitExceeded", ERR_LIMIT);
	create.document = str_printf(w.a, " \n%s \n", big_document(w.a, 6144)); /* white space is not counted */
	ok(&w, create);
	struct tag reserved = {"aws:x", "y"};
	struct call tagged = {.op = CALL_CREATE_POLICY, .policy_name = "T", .document = DOC, .tag = &reserved,
			      .tag_count = 1};
	refused(&w, tagged, "InvalidInput", ERR_INPUT);
	refused(&w, (struct call){.op = CALL_GET_POLICY, .policy_arn = "arn:aws:iam::111122223333:policy/None"},
		"NoSuchEntity", ERR_NOT_FOUND);
	refused(&w, (struct call){.op = CALL_GET_POLICY, .policy_arn = "arn:aws:iam::111122223333:role/Nothing"},
		"InvalidInput", ERR_INPUT);
	arena_free(w.a);
}

static void attachments_have_limits(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	const char *arn = NULL;
	for (int i = 0; i < 9; i++) {
		const char *name = str_printf(w.a, "P%d", i);
		arn = str_printf(w.a, "arn:aws:iam::111122223333:policy/%s", name);
		ok(&w, (struct call){.op = CALL_CREATE_POLICY, .policy_name = name, .document = DOC});
		struct call at = {.op = CALL_ATTACH_ROLE_POLICY, .role = BLOG, .policy_arn = arn};
		if (i < 8)
			ok(&w, at);
		else
			refused(&w, at, "LimitExceeded", ERR_LIMIT); /* 2 + 8 */
	}
	struct call again = {.op = CALL_ATTACH_ROLE_POLICY, .role = BLOG, .policy_arn = S3};
	ok(&w, again); /* attached already: nothing happens */
	refused(&w, (struct call){.op = CALL_DETACH_ROLE_POLICY, .role = BLOG, .policy_arn = arn}, "NoSuchEntity",
		ERR_NOT_FOUND);
	refused(&w, (struct call){.op = CALL_DELETE_POLICY, .policy_arn = "arn:aws:iam::111122223333:policy/P0"},
		"DeleteConflict", ERR_CONFLICT);
	ok(&w, (struct call){.op = CALL_DELETE_POLICY, .policy_arn = arn});
	refused(&w, (struct call){.op = CALL_DELETE_POLICY, .policy_arn = arn}, "NoSuchEntity", ERR_NOT_FOUND);
	again.policy_arn = arn;
	refused(&w, again, "NoSuchEntity", ERR_NOT_FOUND);
	again.role = "nobody";
	refused(&w, again, "NoSuchEntity", ERR_NOT_FOUND);
	arena_free(w.a);
}

static void inline_policies_share_a_limit(void **state)
{
	(void)state;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	struct principal *p = sandbox_role(w.box, w.a, BLOG);
	size_t rest = 10240 - policy_size(p->inline_policy[0].document);
	struct call put = {.op = CALL_PUT_ROLE_POLICY, .role = BLOG, .policy_name = "Big",
			   .document = big_document(w.a, rest + 1)};
	refused(&w, put, "LimitExceeded", ERR_LIMIT);
	put.document = big_document(w.a, rest);
	ok(&w, put);
	ok(&w, put); /* replacing does not count twice */
	refused(&w, (struct call){.op = CALL_DELETE_ROLE_POLICY, .role = BLOG, .policy_name = "none"},
		"NoSuchEntity", ERR_NOT_FOUND);
	ok(&w, (struct call){.op = CALL_DELETE_ROLE_POLICY, .role = BLOG, .policy_name = "Big"});
	arena_free(w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blog_findings_are_what_is_unused),
		cmocka_unit_test(blog_recommendation_has_aws_shape),
		cmocka_unit_test(findings_follow_the_world),
		cmocka_unit_test(archive_and_reopen),
		cmocka_unit_test(no_recommendation_where_aws_has_none),
		cmocka_unit_test(policies_have_limits),
		cmocka_unit_test(attachments_have_limits),
		cmocka_unit_test(inline_policies_share_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
