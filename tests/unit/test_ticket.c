#include "test.h"

#include <string.h>

#include "pare/ticket.h"

static void patterns(void **state)
{
	static const char *const good[] = {"CHG%d+", "[A]", "%u%u+-%d+", "a.b", "x%+", "%w*"};
	static const char *const bad[] = {"", "+", "CHG%", "%x", "a++", "*a", "a b", "\x01", "\xc3\xbc",
					  "%d+?"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_null(ticket_pattern_wrong(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_non_null(ticket_pattern_wrong(bad[i]));
	char many[200];
	memset(many, 'a', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	assert_non_null(ticket_pattern_wrong(many));
}

static void matches(void **state)
{
	static const struct {
		const char *pattern, *id;
		bool yes;
	} cases[] = {
		{"CHG%d+", "CHG0030001", true}, {"CHG%d+", "CHG", false},	  {"CHG%d+", "CHG1x", false},
		{"CHG%d+", "xCHG1", false},	{"CHG%d+", "chg1", false},	  {"CHG%d+", "", false},
		{"%u%u+-%d+", "AB-1", true},	{"%u%u+-%d+", "A-1", false},	  {"%u+-?%d*", "PAY", true},
		{"%u+-?%d*", "PAY-77", true},	{"a.b", "axb", false},		  {"a.b", "a.b", true},
		{"a*a", "a", true},		{"a*a", "aaaa", true},		  {"a*a", "", false},
		{"%w+", "Ab1", true},		{"%a%l", "bB", false},		  {"x%+", "x+", true},
		{"a?a?a?aaa", "aaa", true},	{"a?a?a?aaa", "aaaaaaa", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (ticket_matches(cases[i].pattern, cases[i].id) != cases[i].yes)
			print_error("%s, %s\n", cases[i].pattern, cases[i].id);
		assert_int_equal(ticket_matches(cases[i].pattern, cases[i].id), cases[i].yes);
	}
	/* what would take a backtracking matcher for ever */
	assert_false(ticket_matches("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
				    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void ids(void **state)
{
	static const char *const bad[] = {"", "-x", "a b", "a\nb", "a`b", "@team", "a|b", "\xc3\xbc",
					  "12345678901234567890123456789012345678901234567890123456789012345"};
	(void)state;
	assert_true(ticket_valid("CHG0030001"));
	assert_true(ticket_valid("acme/ops#12"));
	assert_false(ticket_valid(NULL));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(ticket_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(patterns), cmocka_unit_test(matches),
					   cmocka_unit_test(ids)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
