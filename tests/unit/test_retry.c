/* When a call is sent again: the SDKs' numbers, settings and dates. */
#include "test.h"

#include "json_at.h"

#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

/* --- numbers --- */

static const struct json *vectors(struct arena *a)
{
	struct err e;
	size_t len = 0;
	char *text = shared_file("retry/retry-vectors.json", &len);
	if (text == NULL)
		return NULL;
	const struct json *v = json_parse(a, text, len, "retry-vectors.json", &e);
	free(text);
	assert_non_null(v);
	return v;
}

static int64_t ms_of(const struct json *seconds)
{
	return (int64_t)(strtod(seconds->text, NULL) * 1000 + 0.5);
}

static void check_delays(const struct json *list, const struct retry *r, enum retry_cause cause)
{
	unsigned attempt = 1;
	assert_true(list != NULL && list->count > 5);
	for (const struct json *d = list->first; d != NULL; d = d->next, attempt++) {
		assert_int_equal(retry_delay_ms(r, cause, attempt, UINT32_MAX), ms_of(d));
		assert_int_equal(retry_delay_ms(r, cause, attempt, 0), 0);
		int64_t half = retry_delay_ms(r, cause, attempt, UINT32_MAX / 2);
		assert_true(half >= ms_of(d) / 2 - 1 && half <= ms_of(d) / 2 + 1);
	}
}

static void check_after(const struct json *cases, const struct retry *r)
{
	for (const struct json *c = cases->first; c != NULL; c = c->next) {
		struct http_header header = {"x-amz-retry-after", json_text(c, "header")};
		struct http_exchange x = {.response_header = &header, .response_header_count = 1};
		assert_int_equal(retry_after_ms(r, &x, ms_of(json_get(c, "computed"))),
				 ms_of(json_get(c, "delay")));
	}
}

static void check_quota(const struct json *cases)
{
	for (const struct json *c = cases->first; c != NULL; c = c->next) {
		struct retry r = {.revised = true, .tokens = 500};
		int64_t start;
		int cost = 0;
		size_t i = 0;
		if (json_integer(json_get(c, "start"), &start))
			r.tokens = (int)start;
		for (const struct json *e = json_get(c, "events")->first; e != NULL;
		     e = e->next, i++) {
			int64_t wanted;
			if (str_starts(e->text, "acquire_throttling"))
				cost = retry_take(&r, RETRY_THROTTLED);
			else if (str_starts(e->text, "acquire_timeout"))
				cost = retry_take(&r, RETRY_TIMEOUT);
			else if (str_starts(e->text, "acquire"))
				cost = retry_take(&r, RETRY_TRANSIENT);
			else if (strcmp(e->text, "release_success") == 0)
				retry_give(&r, cost);
			else if (strcmp(e->text, "release_success_no_retry") == 0)
				retry_give(&r, 0);
			if (str_ends(e->text, "refused"))
				assert_int_equal(cost, 0);
			assert_true(json_integer(json_at(json_get(c, "capacity_after_each"), i),
						 &wanted));
			if (r.tokens != wanted)
				fail_msg("%s: %d tokens, wanted %d", json_text(c, "note"), r.tokens,
					 (int)wanted);
		}
	}
}

static void test_vectors(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = vectors(a);
	if (v == NULL) {
		printf("skipped: retry vectors: no shared data\n");
		arena_free(a);
		skip();
	}
	const struct json *classic = json_get(v, "standard_pre_2026"),
			  *revised = json_get(v, "standard_2026");
	struct retry old = {.tokens = 500}, new = {.revised = true, .tokens = 500};
	check_delays(json_get(classic, "backoff_with_random_1"), &old, RETRY_TRANSIENT);
	check_delays(json_get(classic, "backoff_with_random_1"), &old, RETRY_THROTTLED);
	check_delays(json_get(revised, "backoff_transient_with_random_1"), &new, RETRY_TRANSIENT);
	check_delays(json_get(revised, "backoff_throttling_with_random_1"), &new, RETRY_THROTTLED);
	check_after(json_get(revised, "x_amz_retry_after_ms_cases"), &new);
	check_quota(json_get(revised, "quota_cases"));
	arena_free(a);
}

/* What another implementation of the same rules made of sixty answers. */
static void test_adaptive_rate(void **state)
{
	(void)state;
	static const struct {
		int64_t at_ms;
		bool throttled;
		double rate;
	} rows[] = {
		{200, false, 0.5000}, {300, false, 0.5000}, {600, false, 0.5000},
		{650, false, 0.5000}, {700, false, 0.5000}, {750, false, 0.5000},
		{950, false, 0.5000}, {1000, false, 0.5000}, {1100, false, 0.5324},
		{1150, false, 0.6083}, {1200, false, 0.6912}, {1500, false, 1.3500},
		{1800, true, 5.7344}, {1850, true, 4.0141}, {1950, false, 4.3123},
		{2000, false, 4.4476}, {2300, false, 5.0835}, {2350, false, 5.1630},
		{2400, false, 5.2358}, {2500, false, 5.3622}, {2550, false, 5.4165},
		{2850, false, 5.6362}, {2900, false, 5.6579}, {3000, false, 5.6912},
		{3050, false, 5.7034}, {3150, false, 5.7205}, {3350, false, 5.7336},
		{3650, false, 5.7365}, {3750, false, 5.7426}, {3800, false, 5.7480},
		{4000, true, 4.0236}, {4100, false, 4.3223}, {4150, false, 4.4578},
		{4250, false, 4.7024}, {4450, false, 5.0949}, {4500, false, 5.1746},
		{4550, false, 5.2476}, {4600, false, 5.3140}, {4700, false, 5.4288},
		{5000, false, 5.6491}, {5300, false, 5.7339}, {5500, true, 3.3958},
		{5800, true, 2.3771}, {6100, true, 1.6640}, {6300, false, 1.9618},
		{6500, false, 2.1625}, {6600, false, 2.2324}, {6700, false, 2.2851},
		{6800, false, 2.3232}, {6850, false, 2.3375}, {7050, false, 2.3698},
		{7350, false, 2.3771}, {7550, false, 2.3824}, {7850, false, 2.4392},
		{8050, false, 2.5375}, {8100, false, 2.5724}, {8150, false, 2.6120},
		{8450, false, 2.9657}, {8550, false, 3.1350}, {8750, false, 3.5651},
	};
	struct retry_rate r;
	rate_open(&r, 1000000);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		rate_answered(&r, rows[i].throttled, 1000000 + rows[i].at_ms);
		if (r.fill < rows[i].rate - 0.001 || r.fill > rows[i].rate + 0.001)
			fail_msg("answer %zu: %f a second, wanted %f", i, r.fill, rows[i].rate);
		assert_int_equal(r.on, i >= 12);
	}
}

static void test_adaptive_pace(void **state)
{
	(void)state;
	struct retry_rate r;
	int64_t now_ms = 5000, sent = 0;
	rate_open(&r, now_ms);
	for (; now_ms < 8000; now_ms += 10) { /* nothing holds a hundred a second back */
		assert_int_equal(rate_due_ms(&r, now_ms), now_ms);
		rate_sent(&r, now_ms);
		rate_answered(&r, false, now_ms);
	}
	rate_answered(&r, true, now_ms);
	assert_true(r.on && r.fill > 60 && r.fill < 75); /* 0.7 of it */
	while (rate_due_ms(&r, now_ms) == now_ms) /* what was saved up */
		rate_sent(&r, now_ms);
	for (int64_t end_ms = now_ms + 1000; now_ms < end_ms; sent++) {
		int64_t due_ms = rate_due_ms(&r, now_ms);
		assert_true(due_ms >= now_ms && due_ms < now_ms + 100);
		now_ms = due_ms;
		rate_sent(&r, now_ms);
	}
	if (sent <= 60 || sent >= 75)
		fail_msg("%d sent at %f a second", (int)sent, r.fill);
	int64_t back_ms = now_ms - 3600000; /* the clock is set back: no longer wait for that */
	assert_true(rate_due_ms(&r, back_ms) <= back_ms + 2000);
	for (int i = 0; i < 50; i++) { /* half a request a second is the least */
		now_ms += 1000;
		rate_answered(&r, true, now_ms);
	}
	assert_true(r.fill >= 0.5 && r.fill < 0.6);
	assert_true(rate_due_ms(&r, now_ms) <= now_ms + 2000);
}

static void test_own_numbers(void **state)
{
	(void)state;
	struct retry r = {.tokens = 500};
	assert_int_equal(retry_delay_ms(&r, RETRY_TRANSIENT, 1, UINT32_MAX), 1000);
	assert_int_equal(retry_delay_ms(&r, RETRY_THROTTLED, 5, UINT32_MAX), 16000);
	assert_int_equal(retry_delay_ms(&r, RETRY_THROTTLED, 6, UINT32_MAX), 20000);
	assert_int_equal(retry_delay_ms(&r, RETRY_THROTTLED, 4000000000u, UINT32_MAX), 20000);
	assert_int_equal(retry_take(&r, RETRY_TRANSIENT), 5);
	assert_int_equal(retry_take(&r, RETRY_TIMEOUT), 10);
	assert_int_equal(r.tokens, 485);
	retry_give(&r, 10);
	retry_give(&r, 0);
	assert_int_equal(r.tokens, 496);
	retry_give(&r, 10);
	assert_int_equal(r.tokens, 500);
	for (int i = 0; i < 100; i++)
		assert_int_equal(retry_take(&r, RETRY_THROTTLED), 5);
	assert_int_equal(retry_take(&r, RETRY_THROTTLED), 0);
	static const struct {
		const char *value;
		int64_t wanted;
	} after[] = {{"2", 2000},
		     {"0", 700},
		     {"-5", 700},
		     {"", 700},
		     {"1.5", 700},
		     {"99999", 300000},
		     {"Wed, 21 Oct 2026 07:28:00 GMT", 700},
		     {"99999999999999999999", 700}};
	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		struct http_header header = {"retry-after", after[i].value};
		struct http_exchange x = {.response_header = &header, .response_header_count = 1};
		assert_int_equal(retry_after_ms(&r, &x, 700), after[i].wanted);
	}
}

static void test_settings(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct profile_set none = {0}, set = {0};
	struct retry r;
	struct err e;
	static const char config[] = "[default]\nmax_attempts = 7\nretry_mode = adaptive\n";
	static const char *const bad[] = {"0", "-1", "x", "1.5", "1000", "3 "};
	assert_true(profile_add(a, &set, config, strlen(config), "config", false, &e));
	aws_env_clear();
	assert_true(retry_setting(&none, 0, &r, &e));
	assert_int_equal(r.attempts, 3);
	assert_true(r.throttle_attempts > 3);
	assert_true(r.correct_skew);
	assert_false(r.revised);
	assert_true(retry_setting(&set, 0, &r, &e));
	assert_int_equal(r.attempts, 7);
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	assert_true(retry_setting(&set, 5, &r, &e));
	assert_int_equal(r.attempts, 1);
	assert_int_equal(r.throttle_attempts, 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		setenv("AWS_MAX_ATTEMPTS", bad[i], 1);
		assert_false(retry_setting(&set, 0, &r, &e));
		assert_int_equal(e.kind, ERR_USAGE);
	}
	aws_env_clear();
	setenv("AWS_RETRY_MODE", "forever", 1);
	assert_false(retry_setting(&none, 0, &r, &e));
	setenv("AWS_RETRY_MODE", "Standard", 1);
	setenv("AWS_NEW_RETRIES_2026", "true", 1);
	setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true", 1);
	assert_true(retry_setting(&none, 0, &r, &e));
	assert_true(r.revised);
	assert_false(r.correct_skew);
	aws_env_clear();
	arena_free(a);
}

static void test_http_dates(void **state)
{
	(void)state;
	int64_t ms;
	assert_true(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &ms));
	assert_int_equal(ms, 784111777000);
	static const char *const bad[] = {"",
					  "Sunday, 06-Nov-94 08:49:37 GMT",
					  "Sun Nov  6 08:49:37 1994",
					  "Sun, 06 Nov 1994 08:49:37 UTC",
					  "Sun, 06 Nov 1994 08:49:37 GMTx",
					  "Sun, 06 anF 1994 08:49:37 GMT",
					  "Sun, 06 Jan -994 08:49:37 GMT",
					  "Sun, 32 Nov 1994 08:49:37 GMT",
					  "Sun, 06 Nov 1994 28:49:37 GMT",
					  "Sun, -6 Nov 1994 08:49:37 GMT",
					  "1994-11-06T08:49:37Z"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (http_date_parse(bad[i], &ms))
			fail_msg("'%s' was read", bad[i]);
	assert_false(http_date_parse(NULL, &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_adaptive_rate),
		cmocka_unit_test(test_adaptive_pace),
		cmocka_unit_test(test_own_numbers),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_http_dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
