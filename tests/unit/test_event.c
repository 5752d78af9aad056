/* Events as queues hold them: what is read from good ones, and that nothing else passes. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "pare/event.h"
#include "pare/shard.h"
#include "pare/str.h"

#define ANALYZER "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access"
#define DETAIL                                                                                      \
	"{\"findingId\":\"7101ef37-3933-4822-ae9a-f8b1185eeab6\",\"resource\":"                          \
	"\"arn:aws:iam::111122223333:role/App\",\"status\":\"ACTIVE\",\"version\":\"v1\",\"isDeleted\":false}"
#define EVENT(source, type, resources, detail)                                                      \
	"{\"version\":\"0\",\"source\":\"" source "\",\"detail-type\":\"" type "\",\"resources\":" resources   \
	",\"detail\":" detail "}"
#define UNUSED "Unused Access Finding for IAM entities"
#define GOOD EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", DETAIL)

static struct event good(struct arena *a, const char *text)
{
	struct event x;
	struct err e;
	if (!event_parse(a, text, strlen(text), &x, &e))
		fail_msg("%s: %s", text, e.message);
	return x;
}

static void bad(const char *text, const char *words)
{
	struct arena *a = arena_new(NULL);
	struct event x;
	struct err e;
	if (event_parse(a, text, strlen(text), &x, &e))
		fail_msg("taken: %s", text);
	assert_int_equal(e.kind, ERR_INPUT);
	if (strstr(e.message, words) == NULL)
		fail_msg("%s: %s, expected '%s'", text, e.message, words);
	arena_free(a);
}

static void read_raw(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct event x = good(a, GOOD);
	assert_int_equal(x.kind, EVENT_UNUSED_ACCESS);
	assert_string_equal(x.finding, "7101ef37-3933-4822-ae9a-f8b1185eeab6");
	assert_string_equal(x.analyzer, ANALYZER);
	assert_string_equal(x.resource, "arn:aws:iam::111122223333:role/App");
	assert_string_equal(x.status, "ACTIVE");
	assert_string_equal(x.version, "v1");
	arena_free(a);
}

static void read_wrapped(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct event x = good(a, "{\"Type\":\"Notification\",\"MessageId\":\"1\",\"Message\":"
				 "\"{\\\"source\\\":\\\"aws.access-analyzer\\\",\\\"detail-type\\\":\\\"" UNUSED
				 "\\\",\\\"resources\\\":[\\\"" ANALYZER "\\\"],\\\"detail\\\":{\\\"findingId\\\":\\\"f-1\\\"}}\"}");
	assert_int_equal(x.kind, EVENT_UNUSED_ACCESS);
	assert_string_equal(x.finding, "f-1");
	assert_null(x.resource);
	arena_free(a);
}

static void read_others(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct event x = good(a, EVENT("aws.access-analyzer", "Access Analyzer Finding", "[]", "{\"id\":\"x\"}"));
	assert_int_equal(x.kind, EVENT_OTHER);
	assert_null(x.finding);
	arena_free(a);
}

static void refuse_everything_else(void **state)
{
	(void)state;
	bad("", "the message");
	bad("null", "expected an object");
	bad("[]", "expected an object");
	bad("{}", "source is ''");
	bad("hello", "the message");
	bad(GOOD "x", "the message");
	bad("{\"source\":\"aws.access-analyzer\",\"source\":\"aws.access-analyzer\"}", "source");
	bad(EVENT("aws.s3", UNUSED, "[\"" ANALYZER "\"]", DETAIL), "source is 'aws.s3'");
	bad(EVENT("AWS.ACCESS-ANALYZER", UNUSED, "[\"" ANALYZER "\"]", DETAIL), "source is");
	bad("{\"source\":[\"aws.access-analyzer\"]}", "source is ''");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "[]"), "lacks detail");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{}"), "findingId");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{\"findingId\":7}"), "findingId");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{\"findingId\":\"\"}"), "findingId");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{\"findingId\":\"a/../b\"}"), "findingId");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{\"findingId\":\"a\\u001bb\"}"), "findingId");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"" ANALYZER "\"]", "{\"findingId\":\"a\\u0000b\"}"), "the message");
	bad(EVENT("aws.access-analyzer", UNUSED, "[]", DETAIL), "analyzer's ARN");
	bad(EVENT("aws.access-analyzer", UNUSED, "[7]", DETAIL), "analyzer's ARN");
	bad(EVENT("aws.access-analyzer", UNUSED, "{\"a\":\"" ANALYZER "\"}", DETAIL), "analyzer's ARN");
	bad(EVENT("aws.access-analyzer", UNUSED, "[\"arn:aws:s3:::bucket\"]", DETAIL), "analyzer's ARN");
	bad("{\"Type\":\"Notification\"}", "no Message");
	bad("{\"Type\":\"Notification\",\"Message\":\"\"}", "Message");
	bad("{\"Type\":\"Notification\",\"Message\":\"[]\"}", "expected an object");
	/* Wrapped once, not any number of times. */
	bad("{\"Type\":\"Notification\",\"Message\":\"{\\\"Type\\\":\\\"Notification\\\",\\\"Message\\\":\\\"{}\\\"}\"}",
	    "source is ''");
	bad("{\"Type\":\"SubscriptionConfirmation\",\"Message\":\"x\",\"SubscribeURL\":\"https://x\"}", "source is ''");
}

static void refuse_long_ids_and_messages(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct event x;
	struct err e;
	char id[200];
	memset(id, 'a', sizeof id);
	id[128] = '\0';
	const char *form = "{\"source\":\"aws.access-analyzer\",\"detail-type\":\"" UNUSED
			   "\",\"resources\":[\"" ANALYZER "\"],\"detail\":{\"findingId\":\"%s\"}}";
	good(a, str_printf(a, form, id));
	id[128] = 'a';
	id[129] = '\0';
	bad(str_printf(a, form, id), "findingId");
	char *large = arena_alloc(a, EVENT_MAX_BYTES + 2);
	memset(large, ' ', EVENT_MAX_BYTES + 1);
	assert_false(event_parse(a, large, EVENT_MAX_BYTES + 1, &x, &e));
	assert_non_null(strstr(e.message, "larger"));
	arena_free(a);
}

static void shard_each_principal_once(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 17; count++) {
		size_t held[17] = {0};
		for (int i = 0; i < 2000; i++) {
			char arn[80];
			size_t owners = 0;
			snprintf(arn, sizeof arn, "arn:aws:iam::111122223333:role/app/Role%d", i);
			for (size_t k = 0; k < count; k++) {
				bool mine = shard_has((struct shard){k, count}, arn);
				owners += mine;
				held[k] += mine;
			}
			assert_int_equal(owners, 1);
		}
		for (size_t k = 0; k < count; k++) /* none is much larger than the others */
			assert_in_range(held[k], 2000 / count / 2, 2 * (2000 / count) + 1);
	}
	assert_true(shard_has((struct shard){0, 0}, "anything"));
	assert_true(shard_has((struct shard){0, 4}, NULL));
	assert_false(shard_has((struct shard){1, 4}, NULL));
}

/* printf %s ARN | sha256sum, its first 16 digits modulo 7 and 100: what other runs, other versions and
 * other machines compute, too. */
static void shard_as_ever(void **state)
{
	(void)state;
	assert_true(shard_has((struct shard){2, 7}, "arn:aws:iam::111122223333:role/App"));
	assert_true(shard_has((struct shard){18, 100}, "arn:aws:iam::111122223333:role/App"));
}

static void shard_texts(void **state)
{
	(void)state;
	struct shard s;
	struct err e;
	assert_true(shard_parse("0/1", &s, &e));
	assert_true(shard_parse("9999/10000", &s, &e));
	assert_int_equal(s.index, 9999);
	assert_int_equal(s.count, 10000);
	static const char *const wrong[] = {"",	   "/",	  "1",	 "1/",	"/1",  "1/1",	"4/4",	"-1/4", "0/0",
					    "0/-1", " 0/1", "0/1 ", "0x0/1", "0/10001", "0//1", "0/1/2", "+0/1",
					    "99999999999999999999/99999999999999999999", "0.0/1"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (shard_parse(wrong[i], &s, &e))
			fail_msg("'%s' is taken", wrong[i]);
		assert_int_equal(e.kind, ERR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_raw),
		cmocka_unit_test(read_wrapped),
		cmocka_unit_test(read_others),
		cmocka_unit_test(refuse_everything_else),
		cmocka_unit_test(refuse_long_ids_and_messages),
		cmocka_unit_test(shard_each_principal_once),
		cmocka_unit_test(shard_as_ever),
		cmocka_unit_test(shard_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
