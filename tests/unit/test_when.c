#include "test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pare/when.h"

static void reads_what_aws_writes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01", 0},
		{"1970-01-01T00:00:00.001Z", 1},
		{"1970-01-01T00:00:00.9Z", 900},
		{"1970-01-01T00:00:00.1234567890123456789Z", 123},
		{"1970-01-01T00:00:00.000999Z", 0},
		{"1969-12-31T23:59:59.999Z", -1},
		{"2026-11-24T03:09:23Z", 1795489763000},
		{"2026-11-24T03:09:23+00:00", 1795489763000},
		{"2026-11-24T05:09:23+02:00", 1795489763000},
		{"2026-11-23T21:39:23-05:30", 1795489763000},
		{"2026-11-24T05:09:23+0200", 1795489763000},
		{"2026-11-24t03:09:23z", 1795489763000},
		{"2026-11-24 03:09:23Z", 1795489763000},
		{"2000-02-29T12:00:00Z", 951825600000},
		{"2024-02-29", 1709164800000},
		{"2100-02-28T23:59:59Z", 4107542399000},
		{"1600-02-29", -11670998400000},
		{"0001-01-01T00:00:00Z", -62135596800000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second is the next day's first */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ms = -7;
		if (!when_parse(cases[i].text, &ms) || ms != cases[i].ms)
			fail_msg("'%s': %lld", cases[i].text, (long long)ms);
	}
}

static void refuses_the_rest(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"", " ", "now", "2026", "2026-1-1", "2026-11", "2026-13-01", "2026-00-10", "2026-11-00", "2026-11-31",
		"2026-02-29", "2100-02-29", "1900-02-29", "2023-02-29", "26-11-24", "20261124", "2026/11/24",
		"2026-11-24T", "2026-11-24T03:09Z", "2026-11-24T03:09:23", "2026-11-24T24:00:00Z",
		"2026-11-24T03:60:00Z", "2026-11-24T03:09:61Z", "2026-11-24T03:09:23.Z", "2026-11-24T03:09:23,5Z",
		"2026-11-24T03:09:23+", "2026-11-24T03:09:23+2", "2026-11-24T03:09:23+24:00",
		"2026-11-24T03:09:23+02:60", "2026-11-24T03:09:23+02:", "2026-11-24T03:09:23ZZ",
		"2026-11-24T03:09:23Z ", " 2026-11-24T03:09:23Z", "2026-11-24T3:09:23Z", "-2026-11-24",
		"+002026-11-24", "2026-11-24X03:09:23Z", "2026-11-24Z", "1795489763", "2026-11-2\xd9\xa4",
	};
	int64_t ms;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (when_parse(cases[i], &ms))
			fail_msg("'%s' was taken for %lld", cases[i], (long long)ms);
	assert_false(when_parse(NULL, &ms));
}

static void writes_three_forms(void **state)
{
	(void)state;
	char text[WHEN_TEXT];
	when_iso(1795489763999, text);
	assert_string_equal(text, "2026-11-24T03:09:23Z");
	when_compact(1795489763999, text);
	assert_string_equal(text, "20261124T030923Z");
	when_date(1795489763999, text);
	assert_string_equal(text, "20261124");
	when_iso(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	when_iso(INT64_MAX, text); /* whatever it says, it fits */
	assert_true(strlen(text) < WHEN_TEXT);
	when_iso(INT64_MIN, text);
	assert_true(strlen(text) < WHEN_TEXT);
}

static void writes_and_orders_parts_of_a_second(void **state)
{
	(void)state;
	char text[WHEN_TEXT], later[WHEN_TEXT];
	when_exact(1795489763000, text);
	assert_string_equal(text, "2026-11-24T03:09:23Z");
	when_exact(1795489763050, later);
	assert_string_equal(later, "2026-11-24T03:09:23.050Z");
	assert_true(when_order(text, later) < 0); /* though 'Z' comes after '.' */
	assert_true(when_order(later, text) > 0);
	assert_int_equal(when_order(text, "2026-11-24T04:09:23+01:00"), 0);
	assert_true(when_order("", text) < 0); /* no instant: by the bytes */
	when_exact(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	when_exact(INT64_MIN, text);
	assert_true(strlen(text) < WHEN_TEXT);
}

/* Every day of 800 years, forth and back, beside the C library's own calendar. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -135000; day < 160000; day++) {
		char text[WHEN_TEXT], expected[WHEN_TEXT];
		time_t at = (time_t)(day * 86400 + 45296);
		struct tm tm;
		int64_t back;
		assert_non_null(gmtime_r(&at, &tm));
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
		when_iso((int64_t)at * 1000 + 5, text);
		if (strcmp(text, expected) != 0)
			fail_msg("%s, the C library says %s", text, expected);
		assert_true(when_parse(text, &back) && back == (int64_t)at * 1000);
	}
}

static void same_second(void **state)
{
	(void)state;
	assert_true(when_same_second(1000, 1999));
	assert_false(when_same_second(999, 1000));
	assert_true(when_same_second(-1, -1000));
	assert_false(when_same_second(-1001, -1000));
	assert_false(when_same_second(-1, 0));
	assert_true(when_same_second(0, 999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_aws_writes), cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(writes_three_forms), cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(same_second), cmocka_unit_test(writes_and_orders_parts_of_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
