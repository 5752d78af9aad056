#include "test.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/call.h"
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

static void taken_apart(void **state)
{
	(void)state;
	struct arn x;
	struct err e;
	assert_true(arn_parse(a, "arn:aws-us-gov:access-analyzer:us-gov-west-1:111122223333:analyzer/a:b/c", &x, &e));
	assert_string_equal(x.partition, "aws-us-gov");
	assert_string_equal(x.service, "access-analyzer");
	assert_string_equal(x.region, "us-gov-west-1");
	assert_string_equal(x.account, "111122223333");
	assert_string_equal(x.resource, "analyzer/a:b/c");
	assert_true(arn_parse(a, "arn:aws:iam::aws:policy/job-function/Billing", &x, &e));
	assert_string_equal(x.region, "");
	assert_string_equal(x.account, "aws");
	static const char *const bad[] = {
		"", "arn", "arn:", "arn:aws", "arn:aws:iam", "arn:aws:iam::111122223333", "arn:aws:iam::111122223333:",
		"ARN:aws:iam::1:role/x", "arn::iam::111122223333:role/x", "arn:aws:::111122223333:role/x", " arn:aws:iam::1:role/x",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (arn_parse(a, bad[i], &x, &e))
			fail_msg("'%s' was accepted", bad[i]);
	assert_false(arn_parse(a, NULL, &x, &e));
}

static void policies(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool policy, aws;
	} cases[] = {
		{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", true, true},
		{"arn:aws:iam::aws:policy/service-role/AWSLambdaRole", true, true},
		{"arn:aws-cn:iam::aws:policy/X", true, true},
		{"arn:aws:iam::111122223333:policy/app/reader", true, false},
		{"arn:aws:iam::111122223333:policy/", false, false},
		{"arn:aws:iam::111122223333:policy", false, false},
		{"arn:aws:iam::11112222333:policy/x", false, false},
		{"arn:aws:iam::1111222233334:policy/x", false, false},
		{"arn:aws:iam::AWS:policy/x", false, false},
		{"arn:aws:iam:::policy/x", false, false},
		{"arn:aws:iam::111122223333:role/policy/x", false, false},
		{"arn:aws:s3::111122223333:policy/x", false, false},
		{"InlinePolicyListLambda", false, false},
		{"", false, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (arn_is_policy(cases[i].text) != cases[i].policy || arn_is_aws_managed(cases[i].text) != cases[i].aws)
			fail_msg("'%s'", cases[i].text);
	}
	assert_false(arn_is_policy(NULL));
	assert_false(arn_is_aws_managed(NULL));
}

static void names_and_paths(void **state)
{
	(void)state;
	static const char *const cases[][4] = {
		{"arn:aws:iam::111122223333:role/AppRole", "AppRole", "/", "role"},
		{"arn:aws:iam::111122223333:role/app/team/AppRole", "AppRole", "/app/team/", "role"},
		{"arn:aws:iam::111122223333:user/alice", "alice", "/", "user"},
		{"arn:aws:iam::aws:policy/service-role/X", "X", "/service-role/", "policy"},
		{"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", "/", "root"},
		{"no arn", "no arn", "/", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(arn_name(cases[i][0]), cases[i][1]);
		assert_string_equal(arn_path(a, cases[i][0]), cases[i][2]);
		assert_string_equal(arn_type(a, cases[i][0]), cases[i][3]);
	}
}

static void accounts_and_names(void **state)
{
	(void)state;
	assert_true(account_id_valid("000000000000"));
	assert_false(account_id_valid("11112222333"));
	assert_false(account_id_valid("1111222233334"));
	assert_false(account_id_valid("11112222333a"));
	assert_false(account_id_valid(""));
	assert_false(account_id_valid(NULL));
	assert_true(iam_name_valid("a_Z0+=,.@-", 128));
	assert_false(iam_name_valid("", 128));
	assert_false(iam_name_valid("a/b", 128));
	assert_false(iam_name_valid("a b", 128));
	assert_false(iam_name_valid("\xc3\xa9", 128));
	assert_true(iam_name_valid("abcd", 4));
	assert_false(iam_name_valid("abcde", 4));
}

static void calls_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < CALL_OP_COUNT; i++) {
		const char *name = call_name((enum call_op)i);
		assert_non_null(name);
		/* the writes are those that AWS's own prefixes say change something */
		static const char *const reading[] = {"Get", "List", "Generate", "Validate", "Check", "Simulate"};
		bool reads = false;
		for (size_t k = 0; k < sizeof reading / sizeof reading[0]; k++)
			reads = reads || str_starts(name, reading[k]);
		assert_true(call_writes((enum call_op)i) == !reads);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {TEST(taken_apart), TEST(policies), TEST(names_and_paths),
					   TEST(accounts_and_names), TEST(calls_have_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
