/* Windows on the wall clock: daylight-saving changes, leap days, midnights, freezes. The zones' files
 * are the system's, compared with the C library's own reading of them; where they are absent, rules
 * are read from bytes made here. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pare/buf.h"
#include "pare/when.h"
#include "pare/window.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int64_t at(const char *text)
{
	int64_t ms;
	assert_true(when_parse(text, &ms));
	return ms;
}

static void put32(struct buf *b, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		buf_putc(b, (char)(v >> i & 255));
}

static void put_header(struct buf *b, uint32_t types)
{
	buf_put(b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	put32(b, 0);
	put32(b, 0);
	put32(b, 0);
	put32(b, 0);
	put32(b, types);
	put32(b, 4);
	for (uint32_t i = 0; i < types; i++)
		put32(b, 3600), buf_put(b, "\0\0", 2);
	buf_put(b, "LMT\0", 4);
}

/* A file with nothing but a rule for all years. */
static struct zone *zone_of(const char *rule)
{
	struct zone *z;
	struct err e;
	struct buf *b = buf_new(arena, 4096);
	put_header(b, 1);
	put_header(b, 1);
	buf_printf(b, "\n%s\n", rule);
	if (!timezone_parse(arena, b->data, b->len, "test", &z, &e)) {
		print_error("%s: %s\n", rule, e.message);
		return NULL;
	}
	return z;
}

static struct zone *berlin(void)
{
	struct zone *z = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_non_null(z);
	return z;
}

static struct window *window_of(const struct zone *z, const char *open, const char *freeze)
{
	struct window *w = arena_alloc(arena, sizeof *w);
	const char *zone;
	if (open != NULL) {
		w->span = arena_alloc(arena, sizeof *w->span);
		assert_null(window_span_parse(arena, open, w->span, &zone));
		w->span->zone = z;
		w->span_count = 1;
	}
	if (freeze != NULL) {
		w->freeze = arena_alloc(arena, sizeof *w->freeze);
		assert_null(window_freeze_parse(arena, freeze, w->freeze, &zone));
		w->freeze_count = 1;
	}
	return w;
}

static void open_at(const struct window *w, const char *time)
{
	if (!window_is_open(w, at(time)))
		print_error("shut at %s\n", time);
	assert_true(window_is_open(w, at(time)));
}

static void shut_at(const struct window *w, const char *time)
{
	if (window_is_open(w, at(time)))
		print_error("open at %s\n", time);
	assert_false(window_is_open(w, at(time)));
}

static void next_is(const struct window *w, const char *from, bool open, const char *expected)
{
	char text[WHEN_TEXT];
	int64_t ms = window_next(w, at(from), open, at(from) + 400ll * WHEN_DAY_MS);
	when_iso(ms, text);
	assert_string_equal(ms == INT64_MAX ? "never" : text, expected);
}

static void working_days(void **state)
{
	const struct window *w = window_of(berlin(), "Mon-Thu 09:00-16:00", NULL);
	(void)state;
	shut_at(w, "2026-11-25T07:59:59Z"); /* a Wednesday, winter: UTC+1 */
	open_at(w, "2026-11-25T08:00:00Z");
	open_at(w, "2026-11-25T14:59:59.999Z");
	shut_at(w, "2026-11-25T15:00:00Z");
	shut_at(w, "2026-11-27T09:00:00Z"); /* Friday */
	open_at(w, "2026-07-01T07:00:00Z"); /* summer: UTC+2 */
	shut_at(w, "2026-07-01T06:59:59Z");
	next_is(w, "2026-11-26T15:00:00Z", true, "2026-11-30T08:00:00Z"); /* Thursday to Monday */
	next_is(w, "2026-11-25T10:00:00Z", false, "2026-11-25T15:00:00Z");
	next_is(w, "2026-11-25T10:00:00Z", true, "2026-11-25T10:00:00Z");
}

/* 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00. */
static void clocks_change(void **state)
{
	const struct window *jump = window_of(berlin(), "Sun 02:15-02:45", NULL);
	const struct window *over = window_of(berlin(), "Sun 02:30-04:00", NULL);
	(void)state;
	next_is(jump, "2026-03-28T00:00:00Z", true, "2026-04-05T00:15:00Z"); /* never shown on the 29th */
	open_at(over, "2026-03-29T01:00:00Z");                                /* 03:00 summer time at once */
	shut_at(over, "2026-03-29T00:59:59Z");
	next_is(over, "2026-03-29T00:00:00Z", true, "2026-03-29T01:00:00Z");
	next_is(over, "2026-03-29T01:00:00Z", false, "2026-03-29T02:00:00Z");
	/* shown twice: open twice */
	open_at(jump, "2026-10-25T00:30:00Z");
	shut_at(jump, "2026-10-25T00:50:00Z");
	open_at(jump, "2026-10-25T01:30:00Z");
	next_is(jump, "2026-10-25T00:45:00Z", true, "2026-10-25T01:15:00Z");
	/* a day of 25 hours is as long as the wall clock says */
	const struct window *day = window_of(berlin(), "Sun 00:00-24:00", NULL);
	next_is(day, "2026-10-24T12:00:00Z", true, "2026-10-24T22:00:00Z");
	next_is(day, "2026-10-24T22:00:00Z", false, "2026-10-25T23:00:00Z");
}

static void over_midnight(void **state)
{
	const struct window *w = window_of(&zone_utc, "Fri 22:00-04:00", NULL);
	(void)state;
	shut_at(w, "2026-11-27T03:00:00Z"); /* Friday's morning belongs to Thursday */
	open_at(w, "2026-11-27T22:00:00Z");
	open_at(w, "2026-11-28T03:59:59Z");
	shut_at(w, "2026-11-28T04:00:00Z");
	shut_at(w, "2026-11-28T23:00:00Z");
	next_is(w, "2026-11-27T23:00:00Z", false, "2026-11-28T04:00:00Z");
	const struct window *week_end = window_of(&zone_utc, "Sun 23:00-01:00", NULL);
	open_at(week_end, "2026-11-30T00:30:00Z"); /* Monday */
	const struct window *around = window_of(&zone_utc, "Sat-Mon 10:00-11:00", NULL);
	open_at(around, "2026-11-29T10:00:00Z");
	open_at(around, "2026-11-30T10:00:00Z");
	shut_at(around, "2026-12-01T10:00:00Z");
	const struct window *whole = window_of(&zone_utc, "Mon-Sun 00:00-24:00", NULL);
	next_is(whole, "2026-11-25T00:00:00Z", false, "never");
}

static void leap_days(void **state)
{
	const struct window *w = window_of(&zone_utc, "Tue 00:00-24:00", NULL);
	const char *zone;
	struct window_freeze f;
	(void)state;
	open_at(w, "2028-02-29T12:00:00Z"); /* a Tuesday */
	const struct window *frozen = window_of(&zone_utc, NULL, "2028-02-29/2028-02-29");
	open_at(frozen, "2028-02-28T23:59:59Z");
	shut_at(frozen, "2028-02-29T00:00:00Z");
	shut_at(frozen, "2028-02-29T23:59:59Z");
	open_at(frozen, "2028-03-01T00:00:00Z");
	assert_non_null(window_freeze_parse(arena, "2027-02-29/2027-03-01", &f, &zone));
	assert_non_null(window_freeze_parse(arena, "2100-02-29/2100-03-01", &f, &zone));
}

static void freeze_wins(void **state)
{
	const struct window *w = window_of(berlin(), "Mon-Sun 00:00-24:00", "2026-12-18/2027-01-07");
	(void)state;
	open_at(w, "2026-12-17T22:59:59Z");
	shut_at(w, "2026-12-17T23:00:00Z"); /* the 18th begins in Berlin */
	shut_at(w, "2027-01-07T22:59:59Z"); /* the last day is frozen to its end */
	open_at(w, "2027-01-07T23:00:00Z");
	next_is(w, "2026-12-20T00:00:00Z", true, "2027-01-07T23:00:00Z");
	next_is(w, "2026-12-01T00:00:00Z", false, "2026-12-17T23:00:00Z");
	assert_string_equal(window_frozen(w, at("2026-12-24T12:00:00Z"))->text, "2026-12-18/2027-01-07");
	assert_null(window_frozen(w, at("2026-12-01T12:00:00Z")));
}

/* In every zone that the windows name; a zone of its own only in that. */
static void freeze_in_zones(void **state)
{
	struct window *w = window_of(&zone_utc, "Mon-Sun 00:00-24:00", "2026-12-18/2026-12-18");
	struct window_span two[2] = {w->span[0], w->span[0]};
	(void)state;
	two[1].zone = zone_of("<+09>-9");
	w->span = two;
	w->span_count = 2;
	shut_at(w, "2026-12-17T15:00:00Z"); /* the 18th in +09 */
	shut_at(w, "2026-12-18T23:59:59Z"); /* still the 18th in UTC */
	open_at(w, "2026-12-19T00:00:00Z");
	w->freeze->zone = &zone_utc;
	open_at(w, "2026-12-17T15:00:00Z");
}

static void several_windows(void **state)
{
	struct window *w = window_of(&zone_utc, "Mon 09:00-10:00", NULL);
	struct window_span two[2] = {w->span[0], w->span[0]};
	const char *zone;
	(void)state;
	assert_null(window_span_parse(arena, "Mon 09:30-11:00", &two[1], &zone));
	w->span = two;
	w->span_count = 2;
	next_is(w, "2026-11-30T09:00:00Z", false, "2026-11-30T11:00:00Z"); /* one runs into the other */
}

static void texts(void **state)
{
	static const char *const good[] = {"Mon 09:00-10:00", "Mon,Wed,Fri 09:00-10:00 UTC",
					   "Mon-Thu,Sat 22:00-04:00 America/Argentina/Buenos_Aires",
					   "Sun 00:00-24:00 Etc/GMT+5"};
	static const char *const bad[] = {"", "Mon", "mon 09:00-10:00", "Mon 9:00-10:00", "Mon 09:00-10:60",
					  "Mon 09:00-24:01", "Mon 09:00 - 10:00", "Mon  09:00-10:00",
					  "Mon- 09:00-10:00", "Mon, 09:00-10:00", "Mon 09:00-10:00 ",
					  "Mon 09:00-10:00  UTC", "Mon 09:00-10:00 /UTC", "Mon 09:00-10:00 a b",
					  "Mon 09:00-10:00 ../UTC", "Mon 10:00-10:00", "Mon 24:00-02:00",
					  "Mon 00:00-00:00", "Monday 09:00-10:00"};
	static const char *const frozen[] = {"2026-12-18/2026-12-18", "2026-12-18/2027-01-07 Europe/Berlin"};
	static const char *const warm[] = {"", "2026-12-18", "2026-12-18/", "2026-12-18/2026-12-17",
					   "2026-12-18 2026-12-19", "2026-13-01/2026-13-02",
					   "2026-12-18/2026-12-19T00:00:00Z", "2026-12-18/2026-12-19 ",
					   "1969-12-18/2026-12-19", "26-12-18/26-12-19"};
	struct window_span s;
	struct window_freeze f;
	const char *zone;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_null(window_span_parse(arena, good[i], &s, &zone));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (window_span_parse(arena, bad[i], &s, &zone) == NULL)
			print_error("'%s' was taken\n", bad[i]);
		assert_non_null(window_span_parse(arena, bad[i], &s, &zone));
	}
	for (size_t i = 0; i < sizeof frozen / sizeof frozen[0]; i++)
		assert_null(window_freeze_parse(arena, frozen[i], &f, &zone));
	for (size_t i = 0; i < sizeof warm / sizeof warm[0]; i++)
		assert_non_null(window_freeze_parse(arena, warm[i], &f, &zone));
}

/* What is true minute by minute is what window_next says. */
static void next_agrees_with_every_minute(void **state)
{
	static const char *const spans[] = {"Mon-Fri 22:30-03:15", "Sat,Sun 01:30-02:30", "Wed 00:00-24:00"};
	(void)state;
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		const struct window *w = window_of(berlin(), spans[i], "2026-10-23/2026-10-24");
		int64_t from = at("2026-10-18T00:00:00Z"), to = at("2026-11-03T00:00:00Z");
		int64_t known = from - 1;
		bool state_known = window_is_open(w, from);
		for (int64_t ms = from; ms < to; ms += 60000) {
			if (ms > known) {
				state_known = window_is_open(w, ms);
				int64_t next = window_next(w, ms, !state_known, to);
				assert_true(next > ms);
				known = next - 1;
			}
			assert_int_equal(window_is_open(w, ms), state_known);
		}
	}
}

static void rules(void **state)
{
	static const struct {
		const char *rule, *time;
		int minutes;
	} cases[] = {
		{"UTC0", "2026-06-01T00:00:00Z", 0},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -300},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -240},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -240},
		{"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -300},
		/* south of the equator the year begins in summer */
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 660},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z", 600},
		/* Ireland: winter is the exception */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 60},
		/* half an hour, and hours beyond a day */
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 660},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -120},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -60},
		/* a day of the year: J60 is March 1 always, 59 is February 29 in leap years */
		{"XXX0YYY,J60/0,J300/0", "2028-02-29T23:59:59Z", 0},
		{"XXX0YYY,J60/0,J300/0", "2028-03-01T00:00:00Z", 60},
		{"XXX0YYY,59/0,300/0", "2028-02-29T00:00:00Z", 60},
		{"XXX0YYY,59/0,300/0", "2027-02-28T23:59:59Z", 0},
	};
	static const char *const bad[] = {"X0", "CET", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
					  "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-25",
					  "CET-1CEST,J0,J300", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0x",
					  "<CET-1"};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zone *z = zone_of(cases[i].rule);
		assert_non_null(z);
		int64_t minutes = zone_offset_ms(z, at(cases[i].time)) / 60000;
		if (minutes != cases[i].minutes)
			print_error("%s at %s: %lld\n", cases[i].rule, cases[i].time, (long long)minutes);
		assert_int_equal(minutes, cases[i].minutes);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_null(zone_of(bad[i]));
}

static void damaged_files(void **state)
{
	struct buf *b = buf_new(arena, 4096);
	struct zone *z;
	struct err e;
	(void)state;
	put_header(b, 1);
	put_header(b, 1);
	buf_puts(b, "\nCET-1\n");
	assert_true(timezone_parse(arena, b->data, b->len, "x", &z, &e));
	for (size_t len = 0; len < b->len; len++)
		assert_false(timezone_parse(arena, b->data, len, "x", &z, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_false(timezone_load(arena, "No/Such", &z, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_false(timezone_load(arena, "../zoneinfo/UTC", &z, &e));
	assert_false(timezone_load(arena, "/etc/passwd", &z, &e));
	assert_false(timezone_load(arena, ".", &z, &e)); /* a folder */
	assert_true(timezone_load(arena, "UTC", &z, &e));
	assert_int_equal(zone_offset_ms(z, 0), 0);
}

/* The C library reads the same files; from 2025 to 2040 it must agree, three times a day. */
static void agrees_with_the_c_library(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
					    "Asia/Kathmandu", "Africa/Casablanca", "America/Sao_Paulo",
					    "Europe/Dublin", "Pacific/Chatham", "Asia/Tehran", "America/Nuuk"};
	size_t compared = 0;
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct zone *z;
		struct err e;
		if (!timezone_load(arena, names[i], &z, &e)) {
			printf("skipped: %s\n", e.message);
			continue;
		}
		setenv("TZ", names[i], 1);
		tzset();
		for (time_t t = 1735689600; t < 2208988800; t += 8 * 3600 - 7) {
			struct tm tm;
			localtime_r(&t, &tm);
			if (zone_offset_ms(z, (int64_t)t * 1000) != tm.tm_gmtoff * 1000)
				print_error("%s at %lld\n", names[i], (long long)t);
			assert_int_equal(zone_offset_ms(z, (int64_t)t * 1000), tm.tm_gmtoff * 1000);
		}
		compared++;
	}
	unsetenv("TZ");
	tzset();
	if (compared == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(working_days, setup, teardown),
		cmocka_unit_test_setup_teardown(clocks_change, setup, teardown),
		cmocka_unit_test_setup_teardown(over_midnight, setup, teardown),
		cmocka_unit_test_setup_teardown(leap_days, setup, teardown),
		cmocka_unit_test_setup_teardown(freeze_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(freeze_in_zones, setup, teardown),
		cmocka_unit_test_setup_teardown(several_windows, setup, teardown),
		cmocka_unit_test_setup_teardown(texts, setup, teardown),
		cmocka_unit_test_setup_teardown(next_agrees_with_every_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(rules, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
		cmocka_unit_test_setup_teardown(agrees_with_the_c_library, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
