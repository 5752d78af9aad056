#include "test.h"

#include <string.h>

#include "../../src/policy/grammar.h"

static void check(const char *operator, enum operator_family family, enum quantifier quantifier,
		  enum relation relation, const char *flags)
{
	struct operator_parts p = operator_parse(operator);
	char got[5] = "";
	if (p.negated)
		strcat(got, "n");
	if (p.like)
		strcat(got, "l");
	if (p.ignore_case)
		strcat(got, "i");
	if (p.if_exists)
		strcat(got, "e");
	if (p.family != family || p.quantifier != quantifier || p.relation != relation ||
	    strcmp(got, flags) != 0)
		fail_msg("%s: family %d quantifier %d relation %d flags '%s'", operator,(int)p.family,
			 (int)p.quantifier, (int)p.relation, got);
}

static void test_operators(void **state)
{
	(void)state;
	enum quantifier none = QUANTIFIER_NONE;
	check("StringEquals", FAMILY_STRING, none, EQUALS, "");
	check("StringNotEquals", FAMILY_STRING, none, EQUALS, "n");
	check("StringEqualsIgnoreCase", FAMILY_STRING, none, EQUALS, "i");
	check("StringNotEqualsIgnoreCase", FAMILY_STRING, none, EQUALS, "ni");
	check("StringEqualsIgnoreCaseIfExists", FAMILY_STRING, none, EQUALS, "ie");
	check("StringLike", FAMILY_STRING, none, EQUALS, "l");
	check("StringNotLikeIfExists", FAMILY_STRING, none, EQUALS, "nle");
	check("stringLIKE", FAMILY_STRING, none, EQUALS, "l");
	check("ForAllValues:StringEquals", FAMILY_STRING, QUANTIFIER_ALL, EQUALS, "");
	check("forAnyValue:stringnotlikeifexists", FAMILY_STRING, QUANTIFIER_ANY, EQUALS, "nle");
	check("ArnEquals", FAMILY_ARN, none, EQUALS, "l");
	check("ArnLike", FAMILY_ARN, none, EQUALS, "l");
	check("ArnNotEquals", FAMILY_ARN, none, EQUALS, "nl");
	check("ArnNotLikeIfExists", FAMILY_ARN, none, EQUALS, "nle");
	check("NumericEquals", FAMILY_NUMERIC, none, EQUALS, "");
	check("NumericNotEquals", FAMILY_NUMERIC, none, EQUALS, "n");
	check("NumericLessThan", FAMILY_NUMERIC, none, LESS, "");
	check("NumericLessThanEquals", FAMILY_NUMERIC, none, LESS_EQUALS, "");
	check("NumericGreaterThanIfExists", FAMILY_NUMERIC, none, GREATER, "e");
	check("NumericGreaterThanEquals", FAMILY_NUMERIC, none, GREATER_EQUALS, "");
	check("DateEquals", FAMILY_DATE, none, EQUALS, "");
	check("DateNotEquals", FAMILY_DATE, none, EQUALS, "n");
	check("DateLessThanEquals", FAMILY_DATE, none, LESS_EQUALS, "");
	check("DateGreaterThan", FAMILY_DATE, none, GREATER, "");
	check("IpAddress", FAMILY_IP, none, EQUALS, "");
	check("NotIpAddressIfExists", FAMILY_IP, none, EQUALS, "ne");
	check("Bool", FAMILY_BOOL, none, EQUALS, "");
	check("BoolIfExists", FAMILY_BOOL, none, EQUALS, "e");
	check("BinaryEquals", FAMILY_BINARY, none, EQUALS, "");
	check("Null", FAMILY_NULL, none, EQUALS, "");
}

static void test_no_operators(void **state)
{
	(void)state;
	static const char *const names[] = {
		"", "String", "StringEqual", "StringEqualsX", "StringEqualsIfExist", "IfExists", "NullIfExists",
		"ForAnyValue:Null", "ForAllValues:", "ForAnyValue:ForAnyValue:StringEquals", "NotBool", "IpAddress ",
		" Bool", "StringEqualsIfExistsIfExists", "ForSomeValue:StringEquals",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (operator_parse(names[i]).family != FAMILY_UNKNOWN)
			fail_msg("'%s' is taken for an operator", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_no_operators),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
