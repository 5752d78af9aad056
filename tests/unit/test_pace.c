/* The pace on a virtual clock, against services of known capacity: none of it knows how pace counts. */
#include "test.h"

#include <string.h>

#include "pare/pace.h"

/* A service as AWS's throttles are described: a bucket of `burst` requests, refilled at `rate` a
 * second; an empty one refuses. Answers come after latency_ms. */
struct service {
	double rate, burst, tokens;
	int64_t latency_ms, filled_ms;
	size_t accepted, refused;
};

struct flight {
	int64_t sent_ms, back_ms;
	bool accepted;
};

enum { FLIGHTS = 64 };

static bool serve(struct service *s, int64_t now_ms)
{
	s->tokens += s->rate * (double)(now_ms - s->filled_ms) / 1000;
	if (s->tokens > s->burst)
		s->tokens = s->burst;
	s->filled_ms = now_ms;
	if (s->tokens < 1) {
		s->refused++;
		return false;
	}
	s->tokens -= 1;
	s->accepted++;
	return true;
}

/* As many requests as the pace allows, from one instant to another; the most that were under way. */
static size_t run(struct pace *p, struct service *s, int64_t from_ms, int64_t to_ms)
{
	struct flight flight[FLIGHTS];
	size_t count = 0, most = 0;
	for (int64_t t = from_ms; t < to_ms; t++) {
		for (size_t i = 0; i < count;) {
			if (flight[i].back_ms > t) {
				i++;
				continue;
			}
			pace_answered(p, flight[i].accepted ? PACE_ACCEPTED : PACE_THROTTLED, flight[i].sent_ms, t, 0);
			flight[i] = flight[--count];
		}
		while (pace_due_ms(p, t) <= t) {
			assert_true(count < FLIGHTS);
			pace_sent(p, t);
			flight[count++] = (struct flight){t, t + s->latency_ms, serve(s, t)};
		}
		most = count > most ? count : most;
	}
	for (size_t i = 0; i < count; i++)
		pace_answered(p, PACE_NEITHER, flight[i].sent_ms, to_ms, 0);
	return most;
}

static void test_unlimited_until_throttled(void **state)
{
	(void)state;
	struct pace p;
	struct service s = {.rate = 1e6, .burst = 1e6, .tokens = 1e6, .latency_ms = 10};
	pace_open(&p, 8, 0);
	assert_int_equal(run(&p, &s, 0, 1000), 8);
	assert_int_equal(s.accepted, 8 * 100);
	assert_true(p.rate == 0);
}

static void test_one_at_a_time(void **state)
{
	(void)state;
	struct pace p;
	struct service s = {.rate = 1e6, .burst = 1e6, .tokens = 1e6, .latency_ms = 10};
	pace_open(&p, 1, 0);
	assert_int_equal(run(&p, &s, 0, 1000), 1);
	assert_int_equal(s.accepted, 100);
	pace_open(&p, 0, 0);
	assert_int_equal(run(&p, &s, 0, 100), 1);
}

/* Whatever the account tolerates is found: most of it is used, little is refused. */
static void test_finds_what_is_tolerated(void **state)
{
	(void)state;
	static const double rates[] = {3, 10, 20, 100, 300};
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		struct pace p;
		struct service s = {.rate = rates[i], .burst = rates[i], .tokens = rates[i], .latency_ms = 20};
		pace_open(&p, 16, 0);
		run(&p, &s, 0, 10000);
		s.accepted = s.refused = 0;
		run(&p, &s, 10000, 40000);
		if ((double)s.accepted < 0.6 * 30 * rates[i] || (double)s.refused > (rates[i] < 10 ? 0.4 : 0.25) * (double)s.accepted)
			fail_msg("at %g a second: %zu accepted and %zu refused in 30 s", rates[i], s.accepted, s.refused);
	}
}

/* An account that others begin to use: the pace gives way within seconds, and comes back after. */
static void test_follows_changes(void **state)
{
	(void)state;
	struct pace p;
	struct service s = {.rate = 100, .burst = 20, .latency_ms = 20};
	pace_open(&p, 16, 0);
	run(&p, &s, 0, 10000);
	s.rate = 10;
	run(&p, &s, 10000, 15000);
	s.accepted = s.refused = 0;
	run(&p, &s, 15000, 25000);
	assert_true(s.refused <= s.accepted / 2);
	s.rate = 100;
	run(&p, &s, 25000, 85000);
	s.accepted = 0;
	run(&p, &s, 85000, 95000);
	assert_true(s.accepted > 500);
}

/* Many refusals of one moment are one piece of news. */
static void test_one_burst_is_one_cut(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 10, 0);
	for (int i = 0; i < 10; i++)
		pace_sent(&p, 100);
	assert_true(pace_due_ms(&p, 100) == INT64_MAX);
	for (int i = 0; i < 10; i++)
		pace_answered(&p, PACE_THROTTLED, 100, 120, 0);
	assert_true(p.window > 6.9 && p.window < 7.1);
	double rate = p.rate;
	assert_true(rate >= 0.5);
	pace_sent(&p, 130);
	pace_answered(&p, PACE_THROTTLED, 130, 150, 0);
	assert_true(p.window > 4.8 && p.window < 5);
	assert_true(p.rate == rate); /* too early to tell what the slower rate does */
}

static void test_never_stops_for_good(void **state)
{
	(void)state;
	struct pace p;
	struct service s = {.rate = 0, .burst = 0, .latency_ms = 5};
	pace_open(&p, 8, 0);
	run(&p, &s, 0, 60000);
	assert_true(p.window >= 1);
	assert_true(s.refused >= 20 && s.refused <= 200);
}

static void test_told_to_wait(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 8, 0);
	pace_sent(&p, 0);
	pace_answered(&p, PACE_THROTTLED, 0, 10, 7000);
	assert_true(pace_due_ms(&p, 10) >= 7010);
	assert_true(pace_due_ms(&p, 7009) > 7009);
	assert_true(pace_due_ms(&p, 7010) <= 7010);
	pace_sent(&p, 7010);
	pace_answered(&p, PACE_THROTTLED, 7010, 7020, INT64_MAX);
	assert_true(pace_due_ms(&p, 7020) <= 7020 + 300000);
	/* A good answer may also ask for rest. */
	pace_open(&p, 8, 0);
	pace_sent(&p, 0);
	pace_answered(&p, PACE_ACCEPTED, 0, 10, 500);
	assert_int_equal(pace_due_ms(&p, 10), 510);
}

/* The clock is the machine's: somebody may set it. */
static void test_clock_set_back(void **state)
{
	(void)state;
	struct pace p;
	struct service s = {.rate = 20, .burst = 20, .latency_ms = 20};
	int64_t day = 24 * 3600 * 1000;
	pace_open(&p, 8, 2 * day);
	s.filled_ms = 2 * day;
	run(&p, &s, 2 * day, 2 * day + 5000);
	pace_sent(&p, 2 * day + 5000);
	pace_answered(&p, PACE_THROTTLED, 2 * day + 5000, 2 * day + 5000, 60000);
	s = (struct service){.rate = 20, .burst = 20, .latency_ms = 20, .filled_ms = day};
	run(&p, &s, day, day + 10000);
	assert_true(s.accepted > 50);
	assert_true(p.under_way == 0);
}

static void test_errors_of_the_way_say_nothing(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 4, 0);
	for (int64_t t = 0; t < 100; t++) {
		pace_sent(&p, t);
		pace_answered(&p, PACE_NEITHER, t, t, 0);
	}
	assert_true(p.window == 4 && p.rate == 0 && p.under_way == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unlimited_until_throttled),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_finds_what_is_tolerated),
		cmocka_unit_test(test_follows_changes),
		cmocka_unit_test(test_one_burst_is_one_cut),
		cmocka_unit_test(test_never_stops_for_good),
		cmocka_unit_test(test_told_to_wait),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_errors_of_the_way_say_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
