/* The plain evaluator, rule by rule: each row is a condition, resource or statement and one
 * request, with the answer the IAM User Guide gives (or UNKNOWN where it gives none). */
#include "test.h"

#include "policies.h"

enum { ABSENT, ONE, LIST };

struct row {
	const char *condition; /* "operator", "key": values */
	const char *key;
	int shape;
	const char *value[3];
	enum answer expected;
};

static enum answer ask(struct arena *a, const char *statement, const struct witness *w,
		       enum arn_reading reading)
{
	const char *text = str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statement);
	return evaluate_allowed(policies_of_text(a, text, "row"), w, reading);
}

static const char *name_of(enum answer x)
{
	return x == ANSWER_YES ? "yes" : x == ANSWER_NO ? "no" : "unknown";
}

static enum answer ask_row(struct arena *a, const struct row *r)
{
	struct context_value v = {.key = r->key, .absent = r->shape == ABSENT, .multi = r->shape == LIST};
	struct witness w = {.action = "s3:GetObject", .resource = "*", .context = &v, .context_count = 1};
	for (size_t i = 0; i < 3 && r->value[i] != NULL; i++)
		str_list_add(a, &v.values, r->value[i]);
	const char *s = str_printf(a, "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\","
				      "\"Condition\":{%s}}", r->condition);
	return ask(a, s, &w, ARN_FLAT);
}

#define T "\"aws:PrincipalTag/t\":"
#define K "\"aws:TagKeys\":"
#define YES ANSWER_YES
#define NO ANSWER_NO
#define UNKNOWN ANSWER_UNKNOWN

static const struct row rows[] = {
	/* texts */
	{"\"StringEquals\":{" T "\"a\"}", "aws:principaltag/T", ONE, {"a"}, YES},
	{"\"StringEquals\":{" T "\"a\"}", "aws:PrincipalTag/t", ONE, {"A"}, NO},
	{"\"StringEquals\":{" T "[\"b\",\"a\"]}", "aws:PrincipalTag/t", ONE, {"a"}, YES},
	{"\"StringEquals\":{" T "\"a*\"}", "aws:PrincipalTag/t", ONE, {"ab"}, NO},
	{"\"StringEquals\":{" T "\"a${*}\"}", "aws:PrincipalTag/t", ONE, {"a*"}, YES},
	{"\"StringEquals\":{" T "\"a\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, NO},
	{"\"StringEquals\":{" T "\"a\"}", "aws:PrincipalTag/t", LIST, {"a", "b"}, UNKNOWN},
	{"\"StringNotEquals\":{" T "[\"b\",\"a\"]}", "aws:PrincipalTag/t", ONE, {"a"}, NO},
	{"\"StringNotEquals\":{" T "[\"b\",\"a\"]}", "aws:PrincipalTag/t", ONE, {"c"}, YES},
	{"\"StringNotEquals\":{" T "\"a\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"StringEqualsIfExists\":{" T "\"a\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"StringEqualsIfExists\":{" T "\"a\"}", "aws:PrincipalTag/t", ONE, {"b"}, NO},
	{"\"StringEqualsIgnoreCase\":{" T "\"Dev\"}", "aws:PrincipalTag/t", ONE, {"dEV"}, YES},
	{"\"StringEqualsIgnoreCase\":{" T "\"\u00e9\"}", "aws:PrincipalTag/t", ONE, {"\u00c9"}, UNKNOWN},
	{"\"StringNotEqualsIgnoreCase\":{" T "\"Dev\"}", "aws:PrincipalTag/t", ONE, {"dev"}, NO},
	{"\"StringLike\":{" T "\"a?c*\"}", "aws:PrincipalTag/t", ONE, {"abc"}, YES},
	{"\"StringLike\":{" T "\"a?c*\"}", "aws:PrincipalTag/t", ONE, {"ac"}, NO},
	{"\"StringLike\":{" T "\"*:*\"}", "aws:PrincipalTag/t", ONE, {"a:b:c"}, YES},
	{"\"StringLike\":{" T "\"?\"}", "aws:PrincipalTag/t", ONE, {"\u00e9"}, YES},
	{"\"StringLike\":{" T "\"?\"}", "aws:PrincipalTag/t", ONE, {"\u20ac"}, YES},
	{"\"StringLike\":{" T "\"${?}\"}", "aws:PrincipalTag/t", ONE, {"x"}, NO},
	{"\"StringNotLike\":{" T "\"a*\"}", "aws:PrincipalTag/t", ONE, {"b"}, YES},
	/* numbers and dates */
	{"\"NumericEquals\":{" T "\"10\"}", "aws:PrincipalTag/t", ONE, {"10.0"}, YES},
	{"\"NumericEquals\":{" T "10}", "aws:PrincipalTag/t", ONE, {"010"}, YES},
	{"\"NumericNotEquals\":{" T "\"10\"}", "aws:PrincipalTag/t", ONE, {"10.5"}, YES},
	{"\"NumericLessThan\":{" T "\"-1\"}", "aws:PrincipalTag/t", ONE, {"-1.5"}, YES},
	{"\"NumericLessThanEquals\":{" T "\"3\"}", "aws:PrincipalTag/t", ONE, {"3"}, YES},
	{"\"NumericGreaterThan\":{" T "\"3\"}", "aws:PrincipalTag/t", ONE, {"3"}, NO},
	{"\"NumericGreaterThanEquals\":{" T "\"3\"}", "aws:PrincipalTag/t", ONE, {"3.000000001"}, YES},
	{"\"NumericEquals\":{" T "\"1e1\"}", "aws:PrincipalTag/t", ONE, {"10"}, UNKNOWN},
	{"\"NumericEquals\":{" T "\"10\"}", "aws:PrincipalTag/t", ONE, {"ten"}, UNKNOWN},
	{"\"NumericEquals\":{" T "\"10\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, NO},
	{"\"DateEquals\":{" T "\"2030-01-01T00:00:00Z\"}", "aws:PrincipalTag/t", ONE,
	 {"2030-01-01T01:00:00+01:00"}, YES},
	{"\"DateLessThan\":{" T "\"2030-01-01T00:00:00Z\"}", "aws:PrincipalTag/t", ONE,
	 {"2029-12-31T23:59:59.999Z"}, YES},
	{"\"DateGreaterThan\":{" T "\"1893456000\"}", "aws:PrincipalTag/t", ONE,
	 {"2030-01-01T00:00:00Z"}, NO},
	{"\"DateGreaterThanEquals\":{" T "\"1893456000\"}", "aws:PrincipalTag/t", ONE,
	 {"2030-01-01T00:00:00Z"}, YES},
	{"\"DateNotEquals\":{" T "\"2030-01-01\"}", "aws:PrincipalTag/t", ONE, {"2030-01-01T00:00:00Z"}, NO},
	{"\"DateEquals\":{" T "\"2030\"}", "aws:PrincipalTag/t", ONE, {"2030-01-01T00:00:00Z"}, UNKNOWN},
	{"\"DateEquals\":{" T "\"soon\"}", "aws:PrincipalTag/t", ONE, {"2030-01-01T00:00:00Z"}, UNKNOWN},
	/* truth, bytes, addresses */
	{"\"Bool\":{" T "true}", "aws:PrincipalTag/t", ONE, {"TRUE"}, YES},
	{"\"Bool\":{" T "\"false\"}", "aws:PrincipalTag/t", ONE, {"true"}, NO},
	{"\"Bool\":{" T "\"false\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, NO},
	{"\"BoolIfExists\":{" T "\"false\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"Bool\":{" T "\"yes\"}", "aws:PrincipalTag/t", ONE, {"true"}, UNKNOWN},
	{"\"BinaryEquals\":{" T "\"QUJD\"}", "aws:PrincipalTag/t", ONE, {"QUJD"}, YES},
	{"\"BinaryEquals\":{" T "\"QUJD\"}", "aws:PrincipalTag/t", ONE, {"QUJE"}, NO},
	{"\"BinaryEquals\":{" T "\"QUI\"}", "aws:PrincipalTag/t", ONE, {"QUI="}, UNKNOWN},
	{"\"IpAddress\":{" T "\"10.0.0.0/8\"}", "aws:PrincipalTag/t", ONE, {"10.255.0.1"}, YES},
	{"\"IpAddress\":{" T "\"10.0.0.0/8\"}", "aws:PrincipalTag/t", ONE, {"11.0.0.1"}, NO},
	{"\"IpAddress\":{" T "\"10.0.0.7\"}", "aws:PrincipalTag/t", ONE, {"10.0.0.7"}, YES},
	{"\"IpAddress\":{" T "\"0.0.0.0/0\"}", "aws:PrincipalTag/t", ONE, {"2001:db8::1"}, NO},
	{"\"IpAddress\":{" T "\"2001:db8::/32\"}", "aws:PrincipalTag/t", ONE, {"2001:DB8:1::"}, YES},
	{"\"NotIpAddress\":{" T "\"10.0.0.0/8\"}", "aws:PrincipalTag/t", ONE, {"10.1.1.1"}, NO},
	{"\"NotIpAddress\":{" T "\"10.0.0.0/8\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"IpAddress\":{" T "\"10.0.0.1/8\"}", "aws:PrincipalTag/t", ONE, {"10.0.0.1"}, UNKNOWN},
	{"\"IpAddress\":{" T "\"10.0.0.0/33\"}", "aws:PrincipalTag/t", ONE, {"10.0.0.1"}, UNKNOWN},
	/* ARNs */
	{"\"ArnLike\":{" T "\"arn:aws:sns:*:1:t\"}", "aws:PrincipalTag/t", ONE, {"arn:aws:sns:x:1:t"}, YES},
	{"\"ArnEquals\":{" T "\"arn:aws:sns:*:1:t\"}", "aws:PrincipalTag/t", ONE, {"arn:aws:sns:x:1:t"}, YES},
	{"\"ArnLike\":{" T "\"arn:aws:sns:*:t\"}", "aws:PrincipalTag/t", ONE, {"arn:aws:sns:x:1:t"}, UNKNOWN},
	{"\"ArnLike\":{" T "\"arn:aws:*:1:t:u\"}", "aws:PrincipalTag/t", ONE, {"arn:aws:a:b:1:t:u"}, NO},
	{"\"ArnLike\":{" T "\"arn:aws:s:r:1:*\"}", "aws:PrincipalTag/t", ONE, {"arn:aws:s:r:1:a:b"}, YES},
	{"\"ArnNotLike\":{" T "\"arn:aws:s:r:1:*\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"ArnLike\":{" T "\"arn:aws:s:r:1:*\"}", "aws:PrincipalTag/t", ONE, {"text"}, NO},
	/* absence */
	{"\"Null\":{" T "\"true\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, YES},
	{"\"Null\":{" T "\"true\"}", "aws:PrincipalTag/t", ONE, {"x"}, NO},
	{"\"Null\":{" T "\"false\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, NO},
	{"\"Null\":{" T "\"false\"}", "aws:PrincipalTag/t", ONE, {"x"}, YES},
	{"\"Null\":{" T "[\"true\",\"false\"]}", "aws:PrincipalTag/t", ONE, {"x"}, YES},
	{"\"Null\":{" T "\"false\"}", "aws:PrincipalTag/t", ONE, {""}, UNKNOWN},
	{"\"Null\":{" K "\"false\"}", "aws:TagKeys", LIST, {NULL}, UNKNOWN},
	{"\"Null\":{" T "\"perhaps\"}", "aws:PrincipalTag/t", ABSENT, {NULL}, UNKNOWN},
	/* lists */
	{"\"ForAllValues:StringEquals\":{" K "[\"a\",\"b\"]}", "aws:TagKeys", LIST, {"a", "b"}, YES},
	{"\"ForAllValues:StringEquals\":{" K "[\"a\",\"b\"]}", "aws:TagKeys", LIST, {"a", "c"}, NO},
	{"\"ForAllValues:StringEquals\":{" K "\"a\"}", "aws:TagKeys", ABSENT, {NULL}, YES},
	{"\"ForAllValues:StringEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {NULL}, YES},
	{"\"ForAllValues:StringEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {""}, UNKNOWN},
	{"\"ForAllValues:StringEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"", "c"}, NO},
	{"\"ForAllValues:StringNotEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"b", "c"}, YES},
	{"\"ForAllValues:StringNotEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"b", "a"}, NO},
	{"\"ForAnyValue:StringEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"b", "a"}, YES},
	{"\"ForAnyValue:StringEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {NULL}, NO},
	{"\"ForAnyValue:StringEquals\":{" K "\"a\"}", "aws:TagKeys", ABSENT, {NULL}, NO},
	{"\"ForAnyValue:StringEqualsIfExists\":{" K "\"a\"}", "aws:TagKeys", ABSENT, {NULL}, NO},
	{"\"ForAllValues:StringEqualsIfExists\":{" K "\"a\"}", "aws:TagKeys", ABSENT, {NULL}, YES},
	{"\"ForAnyValue:StringNotEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"a"}, NO},
	{"\"ForAnyValue:StringNotEquals\":{" K "\"a\"}", "aws:TagKeys", LIST, {"a", "b"}, YES},
	{"\"ForAnyValue:StringLike\":{" K "\"a*\"}", "aws:TagKeys", ONE, {"ab"}, YES},
	/* what is not understood */
	{"\"StringSounds\":{" T "\"a\"}", "aws:PrincipalTag/t", ONE, {"a"}, UNKNOWN},
	{"\"StringEquals\":{" T "[]}", "aws:PrincipalTag/t", ONE, {"a"}, UNKNOWN},
	{"\"StringEquals\":{}", "aws:PrincipalTag/t", ONE, {"a"}, UNKNOWN},
	{"\"StringSounds\":{" T "\"a\"},\"StringEquals\":{" T "\"b\"}", "aws:PrincipalTag/t", ONE, {"a"}, NO},
	{"\"NumericEquals\":{" T "\"${aws:username}\"}", "aws:PrincipalTag/t", ONE, {"1"}, UNKNOWN},
};

static void test_conditions(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena *a = arena_new(NULL);
		enum answer got = ask_row(a, &rows[i]);
		if (got != rows[i].expected) {
			printf("{%s} with %s: %s, expected %s\n", rows[i].condition,
			       rows[i].value[0] != NULL ? rows[i].value[0] : "nothing", name_of(got),
			       name_of(rows[i].expected));
			wrong++;
		}
		arena_free(a);
	}
	assert_int_equal(wrong, 0);
}

/* A resource, a request's resource, and the answer in each reading. */
static const struct {
	const char *pattern, *resource;
	enum answer flat, segmented, hybrid, padded;
} resources[] = {
	{"*", "*", YES, YES, YES, YES},
	{"*", "arn:aws:s3:::b/k", YES, YES, YES, YES},
	{"arn:aws:s3:::*", "*", NO, NO, NO, NO},
	{"arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z", YES, YES, YES, YES},
	{"arn:aws:s3:::b/?", "arn:aws:s3:::b/xy", NO, NO, NO, NO},
	{"arn:aws:s3:::B", "arn:aws:s3:::b", NO, NO, NO, NO},
	{"arn:aws:sqs:*:1:q", "arn:aws:sqs:eu:1:q", YES, YES, YES, YES},
	{"arn:aws:sqs:*:q", "arn:aws:sqs:eu:1:q", YES, NO, YES, NO},
	{"arn:aws:sqs:*u:1:q", "arn:aws:sqs:eu:1:q", YES, YES, YES, YES},
	{"arn:aws:sqs:*q:1:q", "arn:aws:sqs:eu:1:q:1:q", YES, NO, NO, NO},
	{"arn:aws:sqs:e*:1:q", "arn:aws:sqs:eu:1:1:q", YES, NO, YES, NO},
	{"arn:aws:sqs:?:1:q", "arn:aws:sqs:::1:q", YES, NO, NO, NO},
	{"arn:aws:s3*", "arn:aws:s3:::b/k", YES, YES, YES, YES},
	{"arn:aws:s3", "arn:aws:s3:::b/k", NO, NO, NO, YES},
	{"arn:aws:sqs:eu:1", "arn:aws:sqs:eu:1:q", NO, NO, NO, YES},
	{"arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::al*/k", YES, YES, YES, YES},
	{"arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::alice/k", NO, NO, NO, NO},
	{"arn:aws:s3:::${AWS:UserName}", "arn:aws:s3:::al*", YES, YES, YES, YES},
	{"arn:aws:s3:::${aws:userid}", "arn:aws:s3:::x", NO, NO, NO, NO},
	{"arn:aws:s3:::${aws:userid, 'x'}", "arn:aws:s3:::x", YES, YES, YES, YES},
	{"arn:aws:s3:::${aws:username, 'x'}", "arn:aws:s3:::x", NO, NO, NO, NO},
	{"arn:aws:s3:::${*}${?}${$}", "arn:aws:s3:::*?$", YES, YES, YES, YES},
	{"arn:aws:s3:::${*}", "arn:aws:s3:::x", NO, NO, NO, NO},
	{"arn:aws:s3:::${aws:TagKeys}", "arn:aws:s3:::x", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
	{"arn:aws:s3:::${aws:username,x}", "arn:aws:s3:::x", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
};

static struct witness request(struct arena *a, const char *action, const char *resource)
{
	struct witness w = {.action = action, .resource = resource, .context_count = 2};
	w.context = arena_array(a, 2, sizeof *w.context);
	w.context[0].key = "aws:username";
	str_list_add(a, &w.context[0].values, "al*");
	w.context[1].key = "aws:TagKeys";
	w.context[1].multi = true;
	str_list_add(a, &w.context[1].values, "x");
	return w;
}

static void test_resources(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
		for (int r = 0; r < ARN_READING_COUNT; r++) {
			struct arena *a = arena_new(NULL);
			const enum answer expected[] = {resources[i].flat, resources[i].segmented,
							resources[i].hybrid, resources[i].padded};
			struct witness w = request(a, "s3:GetObject", resources[i].resource);
			enum answer not = expected[r] == UNKNOWN ? UNKNOWN : expected[r] == YES ? NO : YES;
			enum answer got = ask(a, str_printf(a, "{\"Effect\":\"Allow\",\"Action\":\"*\","
							       "\"Resource\":\"%s\"}", resources[i].pattern),
					      &w, (enum arn_reading)r);
			enum answer other = ask(a, str_printf(a, "{\"Effect\":\"Allow\",\"Action\":\"*\","
								 "\"NotResource\":\"%s\"}", resources[i].pattern),
						&w, (enum arn_reading)r);
			if (got != expected[r] || other != not) {
				printf("%s on %s, %s: %s and %s\n", resources[i].pattern, resources[i].resource,
				       arn_reading_name((enum arn_reading)r), name_of(got), name_of(other));
				wrong++;
			}
			arena_free(a);
		}
	assert_int_equal(wrong, 0);
}

static void test_statements(void **state)
{
	(void)state;
	static const struct {
		const char *document, *action;
		enum answer allowed, denied;
	} cases[] = {
		{"[{\"Effect\":\"Allow\",\"Action\":\"S3:get*\",\"Resource\":\"*\"}]", "s3:GetObject", YES, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":\"s3:Get?\",\"Resource\":\"*\"}]", "s3:GetObject", NO, NO},
		{"[{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}]", "s3:GetObject", YES, NO},
		{"[{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\",\"s3:*\"],\"Resource\":\"*\"}]", "s3:GetObject",
		 NO, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
		 "{\"Effect\":\"Deny\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}]", "s3:GetObject", NO, YES},
		{"[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]", "s3:GetObject", NO, YES},
		{"[]", "s3:GetObject", NO, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\"}]", "s3:GetObject", UNKNOWN, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[]}]", "s3:GetObject", UNKNOWN, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Action\":\"*\","
		 "\"Resource\":\"*\",\"Condition\":{\"Sounds\":{\"aws:username\":\"x\"}}}]", "s3:GetObject",
		 UNKNOWN, UNKNOWN},
		{"[{\"Effect\":\"Allow\",\"Action\":\"iam:*\",\"Resource\":\"*\",\"Condition\":"
		 "{\"Sounds\":{\"aws:username\":\"x\"}}}]", "s3:GetObject", NO, NO},
		/* an empty operator is not hidden by a short ARN, on whichever side it stands */
		{"[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Condition\":{\"StringEquals\":{}},"
		 "\"Resource\":[\"*\",\"arn:aws:s3\"]}]", "s3:GetObject", UNKNOWN, NO},
		{"[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[\"*\",\"arn:aws:s3\"],"
		 "\"Condition\":{\"StringEquals\":{}}}]", "s3:GetObject", UNKNOWN, NO},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct witness w = request(a, cases[i].action, "*");
		const char *text = str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":%s}",
					      cases[i].document);
		struct policy_set set = policies_of_text(a, text, "case");
		if (evaluate_allowed(set, &w, ARN_FLAT) != cases[i].allowed ||
		    evaluate_denied(set, &w, ARN_FLAT) != cases[i].denied)
			fail_msg("%s", cases[i].document);
		arena_free(a);
	}
}

/* Without Version 2012-10-17 "${…}" is text, and its wildcards are wildcards. */
static void test_version(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct policy_set old = policies_of_text(
		a, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
		   "{\"StringEquals\":{\"aws:userid\":\"${aws:username}\"}}}}", "old");
	struct witness w = request(a, "s3:GetObject", "*");
	w.context[1] = (struct context_value){.key = "aws:userid"};
	str_list_add(a, &w.context[1].values, "${aws:username}");
	assert_int_equal(evaluate_allowed(old, &w, ARN_FLAT), ANSWER_YES);
	w.context[1].values.item[0] = "al*";
	assert_int_equal(evaluate_allowed(old, &w, ARN_FLAT), ANSWER_NO);
	struct policy_set set = policies_of_text(
		a, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
		   "\"Resource\":\"arn:aws:s3:::${a*}\"}}", "old");
	w.resource = "arn:aws:s3:::${abc}";
	assert_int_equal(evaluate_allowed(set, &w, ARN_FLAT), ANSWER_YES);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
