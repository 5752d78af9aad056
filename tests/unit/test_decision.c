/* Verdicts and what they come to together. */
#include "test.h"

#include <string.h>

#include "pare/decision.h"
#include "pare/when.h"

static int64_t at(const char *text)
{
	int64_t ms = 0;
	assert_true(when_parse(text, &ms));
	return ms;
}

static void test_names(void **state)
{
	static const char *const names[] = {"pass", "keep", "exempt", "archive", "hold"};
	enum verdict_kind k;
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_true(verdict_parse(names[i], &k));
		assert_int_equal(k, i);
		assert_string_equal(verdict_name(k), names[i]);
	}
	assert_false(verdict_parse("", &k));
	assert_false(verdict_parse("Pass", &k));
	assert_false(verdict_parse("holds", &k));
}

/* All 25 pairs, and the first of equals. */
static void test_strictest_wins(void **state)
{
	(void)state;
	for (int x = VERDICT_PASS; x <= VERDICT_HOLD; x++)
		for (int y = VERDICT_PASS; y <= VERDICT_HOLD; y++) {
			struct verdict v[] = {{.kind = (enum verdict_kind)x}, {.kind = (enum verdict_kind)y}};
			struct decision d = {.verdict = v, .count = 2};
			decision_combine(&d, 0);
			assert_int_equal(d.outcome, x > y ? x : y);
			const struct verdict *deciding = decision_deciding(&d);
			if (d.outcome == VERDICT_PASS)
				assert_null(deciding);
			else
				assert_ptr_equal(deciding, x >= y ? &v[0] : &v[1]);
		}
}

static void test_none(void **state)
{
	struct decision d = {.outcome = VERDICT_HOLD};
	(void)state;
	decision_combine(&d, 0);
	assert_int_equal(d.outcome, VERDICT_PASS);
	assert_null(decision_deciding(&d));
}

static enum verdict_kind with_until(const char *until, const char *now)
{
	struct verdict v[] = {{.kind = VERDICT_EXEMPT, .reason = "x", .until = until}};
	struct decision d = {.verdict = v, .count = 1};
	decision_combine(&d, at(now));
	assert_int_equal(v[0].kind, d.outcome);
	assert_ptr_equal(v[0].until, until);
	return d.outcome;
}

static void test_until(void **state)
{
	(void)state;
	assert_int_equal(with_until("2027-06-30", "2027-06-29T23:59:59Z"), VERDICT_EXEMPT);
	assert_int_equal(with_until("2027-06-30", "2027-06-30T23:59:59Z"), VERDICT_EXEMPT);
	assert_int_equal(with_until("2027-06-30", "2027-07-01T00:00:00Z"), VERDICT_PASS);
	assert_int_equal(with_until("2027-06-30T12:00:00Z", "2027-06-30T11:59:59Z"), VERDICT_EXEMPT);
	assert_int_equal(with_until("2027-06-30T12:00:00Z", "2027-06-30T12:00:00Z"), VERDICT_PASS);
	assert_int_equal(with_until("2027-06-30T12:00:00+02:00", "2027-06-30T10:00:00Z"), VERDICT_PASS);
	assert_int_equal(with_until("1999-01-01", "2027-06-30T10:00:00Z"), VERDICT_PASS);
}

static void test_until_that_is_no_time(void **state)
{
	static const char *const bad[] = {"", "soon", "2027-02-30", "2027-6-1", "2027-06-30 ", "2027-06-30T"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct verdict v[] = {{.kind = VERDICT_EXEMPT, .reason = "x", .until = bad[i]}};
		struct decision d = {.verdict = v, .count = 1};
		decision_combine(&d, 0);
		assert_int_equal(d.outcome, VERDICT_HOLD);
		assert_non_null(strstr(v[0].reason, "'until' is no date"));
	}
}

/* A verdict that has ended must not be named as the one that decides. */
static void test_ended_verdict_decides_nothing(void **state)
{
	struct verdict v[] = {{.rule = "old", .kind = VERDICT_EXEMPT, .until = "2020-01-01"},
			      {.rule = "new", .kind = VERDICT_EXEMPT, .until = "2030-01-01"}};
	struct decision d = {.verdict = v, .count = 2};
	(void)state;
	decision_combine(&d, at("2026-01-01T00:00:00Z"));
	assert_int_equal(d.outcome, VERDICT_EXEMPT);
	assert_string_equal(decision_deciding(&d)->rule, "new");
	assert_int_equal(v[0].kind, VERDICT_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_strictest_wins),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_until_that_is_no_time),
		cmocka_unit_test(test_ended_verdict_decides_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
