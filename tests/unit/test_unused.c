#include "test.h"

#include <string.h>

#include "narrow.h"
#include "pare/catalog.h"

static const struct catalog *catalog;
static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	catalog = catalog_embedded(arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void test_has(void **state)
{
	(void)state;
	const struct unused *u = unused_of(arena, "[\"s3\",\"ec2:RunInstances\",\"ec2:StopInstances\"]");
	assert_int_equal(u->count, 2);
	assert_true(unused_has(u, "s3:GetObject"));
	assert_true(unused_has(u, "S3:whatever"));
	assert_true(unused_has(u, "EC2:runinstances"));
	assert_false(unused_has(u, "ec2:StartInstances"));
	assert_false(unused_has(u, "s3x:GetObject"));
	assert_false(unused_has(u, "s:GetObject"));
	assert_false(unused_has(u, "s3"));
	assert_false(unused_has(u, ""));
	assert_false(unused_has(u, "ec2:"));
}

/* What get-finding-v2 prints, and its list alone. Details of other findings are passed over. */
static void test_shapes(void **state)
{
	(void)state;
	const char *list = "[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"s3\",\"lastAccessed\":"
			   "\"2026-01-01T00:00:00Z\",\"actions\":[{\"action\":\"GetObject\"},{\"action\":"
			   "\"s3:PutObject\",\"lastAccessed\":\"x\"}]}},{\"unusedPermissionDetails\":{"
			   "\"serviceNamespace\":\"SQS\"}},{\"unusedPermissionDetails\":{\"serviceNamespace\":"
			   "\"ec2\",\"actions\":null}},{\"serviceNamespace\":\"sns\",\"actions\":[]},"
			   "{\"unusedIamRoleDetails\":{}}]";
	const struct unused *u = unused_of(arena, list);
	assert_true(unused_has(u, "s3:GetObject") && unused_has(u, "s3:PutObject"));
	assert_false(unused_has(u, "s3:ListBucket"));
	assert_true(unused_has(u, "sqs:SendMessage") && unused_has(u, "ec2:X"));
	assert_false(unused_has(u, "sns:Publish")); /* an empty list is no whole service */
	u = unused_of(arena, str_printf(arena, "{\"id\":\"x\",\"findingDetails\":%s}", list));
	assert_true(unused_has(u, "s3:PutObject"));
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"7", "expected a list"},
		{"{}", "findingDetails"},
		{"{\"findingDetails\":{}}", "findingDetails"},
		{"[7]", "service:Action"},
		{"[{\"unusedPermissionDetails\":{}}]", "without serviceNamespace"},
		{"[{\"serviceNamespace\":\"s3\",\"actions\":{}}]", "'actions' to be a list"},
		{"[{\"serviceNamespace\":\"s3\",\"actions\":[{}]}]", "without its name"},
		{"[{\"serviceNamespace\":\"s3\",\"actions\":[\"\"]}]", "without its name"},
		/* another service's action under this one would be taken from this one */
		{"[{\"serviceNamespace\":\"s3\",\"actions\":[\"ec2:GetObject\"]}]", "stands under service 's3'"},
		/* a pattern matches nothing here, and somebody meant something by it */
		{"[\"s3:*\"]", "name of one action"},
		{"[\"s3:Get?\"]", "name of one action"},
		{"[\"s3:\"]", "name of one action"},
		{"[\"s3:a:b\"]", "name of one action"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct err e = {.kind = ERR_NONE};
		const struct json *v = json_parse(arena, bad[i].text, strlen(bad[i].text), "u", &e);
		assert_null(unused_parse(arena, v, "u", &e));
		if (e.kind != ERR_INPUT || strstr(e.message, bad[i].words) == NULL)
			fail_msg("%s: %s", bad[i].text, e.message);
	}
}

static const struct unused *without(const char *list, const char *pattern)
{
	struct str_list patterns = {0};
	str_list_add(arena, &patterns, pattern);
	return unused_without(arena, unused_of(arena, list), &patterns, catalog);
}

static void test_without(void **state)
{
	(void)state;
	const struct unused *u = without("[\"s3:GetObject\",\"s3:PutObject\",\"ec2\"]", "s3:get*");
	assert_false(unused_has(u, "s3:GetObject"));
	assert_true(unused_has(u, "s3:PutObject") && unused_has(u, "ec2:X"));
	/* a whole service of which something is kept becomes the list of the rest */
	u = without("[\"sqs\"]", "sqs:SendMessage");
	assert_int_equal(u->count, 1);
	assert_false(u->service[0].whole);
	assert_int_equal(u->service[0].actions.count, catalog_service(catalog, "sqs")->action_count - 1);
	assert_false(unused_has(u, "sqs:SendMessage"));
	assert_true(unused_has(u, "sqs:DeleteQueue"));
	assert_false(unused_has(u, "sqs:NotKnownYet"));
	/* nothing of a service left */
	assert_int_equal(without("[\"sqs\"]", "sqs:*")->count, 0);
	assert_int_equal(without("[\"sqs\",\"s3:A\"]", "*")->count, 0);
	assert_int_equal(without("[\"sqs\",\"s3:A\"]", "*:*")->count, 0);
	/* patterns whose wildcard stands in the service */
	u = without("[\"sqs\",\"s3:DescribeJob\",\"s3:GetObject\"]", "*:Describe*");
	assert_false(unused_has(u, "s3:DescribeJob"));
	assert_true(unused_has(u, "s3:GetObject") && unused_has(u, "sqs:SendMessage"));
	u = without("[\"s3:GetObject\"]", "s3*Object");
	assert_int_equal(u->count, 0);
	u = without("[\"s3:GetObject\"]", "s?:GetObject");
	assert_int_equal(u->count, 0);
	/* a service that the catalogue lacks: what is kept cannot be told apart, so all of it is */
	assert_int_equal(without("[\"zz\"]", "zz:A")->count, 0);
	assert_int_equal(without("[\"zz\"]", "sqs:A")->count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_without),
	};
	return cmocka_run_group_tests(tests, start, end);
}
