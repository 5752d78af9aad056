#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/recommendation.h"
#include "pare/str.h"
#include "shared_data.h"

static struct arena *a;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct recommendation *parse(const char *text, struct err *e)
{
	*e = (struct err){0};
	const struct json *v = json_parse(a, text, strlen(text), "x", e);
	return v != NULL ? recommendation_parse(a, v, "x", e) : NULL;
}

#define ROLE "arn:aws:iam::123456789012:role/IAMRole_IA2_Blog_EC2Role"
#define S3 "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

/* The shape of the output that AWS published: a managed pair, a detachment, an inline pair. */
static const char published[] =
	"{\"startedAt\":\"2024-07-22T20:40:54+00:00\",\"completedAt\":\"2024-07-22T20:40:58.413698+00:00\","
	"\"error\":null,\"nextToken\":null,\"resourceArn\":\"" ROLE "\","
	"\"recommendationType\":\"UNUSED_PERMISSION_RECOMMENDATION\",\"status\":\"SUCCEEDED\",\"recommendedSteps\":["
	"{\"unusedPermissionsRecommendedStep\":{\"policyUpdatedAt\":\"2023-12-06T15:48:19+00:00\","
	"\"recommendedAction\":\"DETACH_POLICY\",\"existingPolicyId\":\"arn:aws:iam::aws:policy/AmazonBedrockReadOnly\"}},"
	"{\"unusedPermissionsRecommendedStep\":{\"policyUpdatedAt\":\"2023-08-10T21:31:39+00:00\","
	"\"recommendedAction\":\"CREATE_POLICY\",\"recommendedPolicy\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\","
	"\"existingPolicyId\":\"" S3 "\"}},"
	"{\"unusedPermissionsRecommendedStep\":{\"policyUpdatedAt\":\"2023-08-10T21:31:39+00:00\","
	"\"recommendedAction\":\"DETACH_POLICY\",\"existingPolicyId\":\"" S3 "\"}},"
	"{\"unusedPermissionsRecommendedStep\":{\"recommendedAction\":\"CREATE_POLICY\","
	"\"recommendedPolicy\":\"{}\",\"existingPolicyId\":\"InlinePolicyListLambda\"}},"
	"{\"unusedPermissionsRecommendedStep\":{\"recommendedAction\":\"DETACH_POLICY\","
	"\"existingPolicyId\":\"InlinePolicyListLambda\"}}]}";

static void reads_what_aws_published(void **state)
{
	(void)state;
	struct err e;
	struct recommendation *r = parse(published, &e);
	assert_non_null(r);
	assert_int_equal(r->status, RECOMMENDATION_SUCCEEDED);
	assert_true(r->type_known);
	assert_string_equal(r->resource, ROLE);
	assert_null(r->error_code);
	assert_null(r->next_token);
	assert_int_equal(r->count, 5);
	assert_int_equal(r->step[0].action, RECOMMEND_DETACH_POLICY);
	assert_null(r->step[0].document);
	assert_int_equal(r->step[1].action, RECOMMEND_CREATE_POLICY);
	assert_string_equal(r->step[1].document, "{\"Version\":\"2012-10-17\"}");
	assert_string_equal(r->step[1].existing_policy_id, S3);
	assert_string_equal(r->step[3].existing_policy_id, "InlinePolicyListLambda");
	assert_null(r->step[3].policy_updated_at);
}

static void failed_and_unfinished(void **state)
{
	(void)state;
	struct err e;
	struct recommendation *r = parse(
		"{\"startedAt\":\"2000-01-01T00:00:00Z\",\"completedAt\":\"2000-01-01T00:00:01Z\",\"status\":\"FAILED\","
		"\"error\":{\"code\":\"SERVICE_ERROR\",\"message\":\"Service error. Please try again.\"},"
		"\"recommendationType\":\"UnusedPermissionRecommendation\",\"resourceArn\":\"" ROLE "\"}", &e);
	assert_int_equal(r->status, RECOMMENDATION_FAILED);
	assert_string_equal(r->error_code, "SERVICE_ERROR");
	assert_string_equal(r->error_message, "Service error. Please try again.");
	assert_int_equal(r->count, 0);
	r = parse("{\"status\":\"FAILED\",\"error\":{\"code\":\"SOMETHING_NEW\"},\"resourceArn\":\"" ROLE "\"}", &e);
	assert_string_equal(r->error_code, "SOMETHING_NEW");
	assert_null(r->error_message);
	assert_false(r->type_known);
	r = parse("{\"startedAt\":\"2000-01-01T00:00:00Z\",\"status\":\"IN_PROGRESS\",\"resourceArn\":\"" ROLE "\"}", &e);
	assert_int_equal(r->status, RECOMMENDATION_IN_PROGRESS);
	assert_null(r->completed_at);
}

static void types_are_known_however_spelled(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool known;
	} cases[] = {
		{"UnusedPermissionRecommendation", true}, {"UNUSED_PERMISSION_RECOMMENDATION", true},
		{"unused_permission_recommendation", true}, {"UnusedPermissionRecommendations", false},
		{"UnusedPermission", false}, {"", false}, {"UnusedAccessKeyRecommendation", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		struct recommendation *r = parse(str_printf(a, "{\"status\":\"SUCCEEDED\",\"resourceArn\":\"x\","
							    "\"recommendationType\":\"%s\"}", cases[i].text), &e);
		assert_true(r->type_known == cases[i].known);
		assert_string_equal(r->type_text, cases[i].text);
	}
}

static void what_is_unknown_is_kept(void **state)
{
	(void)state;
	struct err e;
	struct recommendation *r = parse(
		"{\"status\":\"SUCCEEDED\",\"resourceArn\":\"x\",\"new\":1,\"recommendedSteps\":["
		"{\"unusedPermissionsRecommendedStep\":{\"recommendedAction\":\"EDIT_POLICY\",\"existingPolicyId\":\"p\"}},"
		"{\"someNewStep\":{\"a\":1}},{\"unusedPermissionsRecommendedStep\":{}},{},1,null,[],"
		"{\"unusedPermissionsRecommendedStep\":7},{\"unusedPermissionsRecommendedStep\":{\"recommendedAction\":\"create_policy\"}}]}",
		&e);
	assert_non_null(r);
	assert_int_equal(r->count, 9);
	for (size_t i = 0; i < r->count; i++) {
		assert_int_equal(r->step[i].action, RECOMMEND_UNKNOWN);
		assert_non_null(r->step[i].action_text);
	}
	assert_string_equal(r->step[0].action_text, "EDIT_POLICY");
	assert_string_equal(r->step[0].existing_policy_id, "p");
	assert_string_equal(r->step[1].action_text, "someNewStep");
}

static void bad_input_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"[]", "1", "{}", "{\"status\":\"SUCCEEDED\"}", "{\"resourceArn\":\"x\"}",
		"{\"status\":\"DONE\",\"resourceArn\":\"x\"}", "{\"status\":1,\"resourceArn\":\"x\"}",
		"{\"status\":\"SUCCEEDED\",\"resourceArn\":null}",
		"{\"status\":\"SUCCEEDED\",\"resourceArn\":\"x\",\"recommendedSteps\":{}}",
		"{\"status\":\"SUCCEEDED\",\"resourceArn\":\"x\",\"recommendedSteps\":\"no\"}",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		if (parse(cases[i], &e) != NULL)
			fail_msg("%s was accepted", cases[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

#define PAGE(resource, status, started, token, id)                                                             \
	"{\"status\":\"" status "\",\"resourceArn\":\"" resource "\",\"startedAt\":\"" started "\",\"nextToken\":" token \
	",\"recommendedSteps\":[{\"unusedPermissionsRecommendedStep\":{\"recommendedAction\":\"DETACH_POLICY\"," \
	"\"existingPolicyId\":\"" id "\"}}]}"

static void pages_are_joined(void **state)
{
	(void)state;
	struct err e;
	struct recommendation *r = parse(PAGE("x", "SUCCEEDED", "t", "\"more\"", "one"), &e);
	assert_string_equal(r->next_token, "more");
	assert_true(recommendation_merge(a, r, parse(PAGE("x", "SUCCEEDED", "t", "\"\"", "two"), &e), &e));
	assert_int_equal(r->count, 2);
	assert_string_equal(r->step[0].existing_policy_id, "one");
	assert_string_equal(r->step[1].existing_policy_id, "two");
	assert_null(r->next_token); /* an empty token ends the list, too */
	/* pages that are not of one recommendation */
	assert_false(recommendation_merge(a, r, parse(PAGE("y", "SUCCEEDED", "t", "null", "z"), &e), &e));
	assert_false(recommendation_merge(a, r, parse(PAGE("x", "FAILED", "t", "null", "z"), &e), &e));
	assert_false(recommendation_merge(a, r, parse(PAGE("x", "SUCCEEDED", "later", "null", "z"), &e), &e));
	assert_int_equal(r->count, 2);
}

static void evidence_reads_back(void **state)
{
	(void)state;
	struct err e;
	struct recommendation *r = parse(published, &e);
	struct buf *b = buf_new(a, 1 << 20), *again = buf_new(a, 1 << 20);
	recommendation_print(r, b);
	struct recommendation *back = parse(b->data, &e);
	assert_non_null(back);
	recommendation_print(back, again);
	assert_string_equal(b->data, again->data);
	assert_null(strstr(b->data, "nextToken"));
	assert_string_equal(recommendation_sha256(a, r), recommendation_sha256(a, back));
	r->step[1].document = "{}";
	assert_string_not_equal(recommendation_sha256(a, r), recommendation_sha256(a, back));
}

static void reads_awss_own_examples(void **state)
{
	(void)state;
	size_t len = 0;
	struct err e;
	char *text = shared_file("models/accessanalyzer/2019-11-01/examples-aws-sdk-js-v2.json", &len);
	if (text == NULL) {
		puts("skipped: no shared data: AWS's examples of GetFindingRecommendation");
		skip();
	}
	const struct json *root = json_parse(a, text, len, "examples", &e);
	assert_non_null(root);
	const struct json *list = json_get(json_get(root, "examples"), "GetFindingRecommendation");
	size_t read = 0;
	for (const struct json *x = list->first; x != NULL; x = x->next) {
		if (json_get(x, "output") == NULL)
			continue;
		struct recommendation *r = recommendation_parse(a, json_get(x, "output"), "example", &e);
		assert_non_null(r);
		assert_true(r->type_known);
		assert_string_equal(r->resource, "arn:aws:iam::111122223333:role/test");
		read++;
	}
	assert_int_equal(read, 3);
	free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(reads_what_aws_published), TEST(failed_and_unfinished), TEST(types_are_known_however_spelled),
		TEST(what_is_unknown_is_kept), TEST(bad_input_is_refused), TEST(pages_are_joined),
		TEST(evidence_reads_back), TEST(reads_awss_own_examples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
