#include "test.h"

#include <string.h>

#include "pare/arena.h"
#include "pare/finding.h"
#include "pare/str.h"

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

static struct finding *parse(const char *text, struct err *e)
{
	*e = (struct err){0};
	const struct json *v = json_parse(a, text, strlen(text), "x", e);
	return v != NULL ? finding_parse(a, v, "x", e) : NULL;
}

#define SCALARS \
	"\"analyzedAt\":\"2024-02-16T18:17:47.888000+00:00\",\"createdAt\":\"2024-02-01T21:17:24.710000+00:00\"," \
	"\"id\":\"597f3bc2-3adc-4c18-9879-5c4b23485e46\",\"resource\":\"arn:aws:iam::111122223333:role/App\"," \
	"\"resourceType\":\"AWS::IAM::Role\",\"resourceOwnerAccount\":\"111122223333\",\"status\":\"ACTIVE\"," \
	"\"updatedAt\":\"2024-02-02T21:17:24.710000+00:00\",\"findingType\":\"UnusedPermission\""

static void a_summary(void **state)
{
	(void)state;
	struct err e;
	struct finding *f = parse("{" SCALARS "}", &e);
	assert_non_null(f);
	assert_int_equal(f->type, FINDING_UNUSED_PERMISSION);
	assert_string_equal(f->resource, "arn:aws:iam::111122223333:role/App");
	assert_string_equal(f->owner_account, "111122223333");
	assert_false(f->detailed);
	assert_non_null(f->unused);
	assert_int_equal(f->unused->count, 0);
	assert_null(f->error);
}

static void details(void **state)
{
	(void)state;
	struct err e;
	struct finding *f = parse(
		"{" SCALARS ",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"lambda\","
		"\"lastAccessed\":\"2024-01-01T00:00:00Z\",\"actions\":[{\"action\":\"ListAliases\"},"
		"{\"action\":\"ListLayers\",\"lastAccessed\":\"2023-01-01T00:00:00Z\"}]}},"
		"{\"unusedPermissionDetails\":{\"serviceNamespace\":\"bedrock\"}}]}", &e);
	assert_non_null(f);
	assert_true(f->detailed);
	assert_true(unused_has(f->unused, "lambda:ListAliases"));
	assert_true(unused_has(f->unused, "LAMBDA:listlayers"));
	assert_false(unused_has(f->unused, "lambda:ListFunctions"));
	assert_true(unused_has(f->unused, "bedrock:InvokeModel"));
	assert_false(unused_has(f->unused, "bedrock"));
	assert_false(unused_has(f->unused, "s3:GetObject"));
}

static void types(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum finding_type type;
	} cases[] = {
		{"UnusedPermission", FINDING_UNUSED_PERMISSION}, {"UnusedIAMRole", FINDING_UNUSED_ROLE},
		{"UnusedIAMUserAccessKey", FINDING_UNUSED_ACCESS_KEY}, {"UnusedIAMUserPassword", FINDING_UNUSED_PASSWORD},
		{"ExternalAccess", FINDING_OTHER}, {"InternalAccess", FINDING_OTHER}, {"UnusedSomethingNew", FINDING_OTHER},
		{"unusedpermission", FINDING_OTHER},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		struct finding *f = parse(str_printf(a, "{\"id\":\"f\",\"status\":\"SOMETHING\",\"findingType\":\"%s\"}",
						     cases[i].text), &e);
		assert_int_equal(f->type, cases[i].type);
		assert_string_equal(f->type_text, cases[i].text);
		assert_string_equal(f->status, "SOMETHING");
	}
	struct err e;
	struct finding *f = parse("{\"id\":\"f\",\"status\":\"ACTIVE\"}", &e);
	assert_int_equal(f->type, FINDING_OTHER);
	assert_string_equal(f->type_text, "unknown");
	/* details of another type are not ours to read, and no error */
	f = parse("{\"id\":\"f\",\"status\":\"ACTIVE\",\"findingType\":\"ExternalAccess\",\"error\":\"ACCESS_DENIED\","
		  "\"findingDetails\":[{\"externalAccessDetails\":{\"condition\":{}}}]}", &e);
	assert_non_null(f);
	assert_int_equal(f->unused->count, 0);
	assert_string_equal(f->error, "ACCESS_DENIED");
}

static void bad_input_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"[]", "7", "{}", "{\"id\":\"\"}", "{\"id\":1,\"status\":\"ACTIVE\"}", "{\"id\":\"f\"}",
		"{\"id\":\"f\",\"status\":null}",
		"{\"id\":\"f\",\"status\":\"ACTIVE\",\"findingDetails\":[{\"unusedPermissionDetails\":{}}]}",
		"{\"id\":\"f\",\"status\":\"ACTIVE\",\"findingDetails\":[7]}",
		"{\"id\":\"f\",\"status\":\"ACTIVE\",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"s3\",\"actions\":{}}}]}",
		"{\"id\":\"f\",\"status\":\"ACTIVE\",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"s3\",\"actions\":[{}]}}]}",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		if (parse(cases[i], &e) != NULL)
			fail_msg("%s was accepted", cases[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static void pages_are_joined(void **state)
{
	(void)state;
	struct err e;
	struct finding *f = parse("{" SCALARS ",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\","
				  "\"actions\":[{\"action\":\"DeleteMessage\"}]}}]}", &e);
	struct finding *page = parse("{" SCALARS ",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\","
				     "\"actions\":[{\"action\":\"PurgeQueue\"}]}},{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sns\"}}]}", &e);
	assert_true(finding_merge(a, f, page, &e));
	assert_true(unused_has(f->unused, "sqs:DeleteMessage"));
	assert_true(unused_has(f->unused, "sqs:PurgeQueue"));
	assert_false(unused_has(f->unused, "sqs:SendMessage"));
	assert_true(unused_has(f->unused, "sns:Publish"));
	page->id = "another";
	assert_false(finding_merge(a, f, page, &e));
	page->id = f->id;
	page->updated_at = "2025-01-01T00:00:00Z";
	assert_false(finding_merge(a, f, page, &e));
	assert_int_equal(e.kind, ERR_STALE);
}

static void evidence_reads_back(void **state)
{
	(void)state;
	struct err e;
	struct finding *f = parse("{" SCALARS ",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\","
				  "\"lastAccessed\":\"t\",\"actions\":[{\"action\":\"A\"},{\"action\":\"B\"}]}},"
				  "{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sns\"}}]}", &e);
	struct buf *b = buf_new(a, 1 << 20), *again = buf_new(a, 1 << 20);
	finding_print(f, b);
	struct finding *back = parse(b->data, &e);
	assert_non_null(back);
	finding_print(back, again);
	assert_string_equal(b->data, again->data);
	assert_true(unused_has(back->unused, "sns:Anything"));
	assert_true(unused_has(back->unused, "sqs:B"));
	/* a list of no actions is not the whole service */
	f = parse("{" SCALARS ",\"findingDetails\":[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\",\"actions\":[]}}]}", &e);
	assert_false(unused_has(f->unused, "sqs:A"));
	buf_clear(b);
	finding_print(f, b);
	assert_false(unused_has(parse(b->data, &e)->unused, "sqs:A"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_summary), TEST(details), TEST(types), TEST(bad_input_is_refused), TEST(pages_are_joined),
		TEST(evidence_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
