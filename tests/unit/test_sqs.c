/* The SQS client: URLs, requests as botocore signs them, answers, and what is sent again. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_env.h"
#include "pare/sqs.h"
#include "pare/str.h"
#include "server.h"

static int64_t virtual_ms = 1721680854000; /* 2024-07-22T20:40:54Z */
static int64_t now_ms(void *self)
{
	(void)self;
	return virtual_ms;
}
static void sleep_until(void *self, int64_t until_ms)
{
	(void)self;
	virtual_ms = until_ms > virtual_ms ? until_ms : virtual_ms;
}
static bool interrupted(void *self)
{
	(void)self;
	return false;
}
static const struct clock_port clock_port = {NULL, now_ms, sleep_until, interrupted};

static const char *region_of(struct arena *a, const char *url)
{
	const char *region;
	struct err e;
	if (!sqs_region(a, url, &region, &e))
		fail_msg("%s", e.message);
	return region;
}

static void urls(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	static const struct {
		const char *url, *region;
	} good[] = {
		{"https://sqs.eu-west-1.amazonaws.com/111122223333/pare-events", "eu-west-1"},
		{"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q", "cn-north-1"},
		{"https://sqs-fips.us-gov-west-1.api.aws/111122223333/q", "us-gov-west-1"},
		{"https://eu-west-1.queue.amazonaws.com/111122223333/q.fifo", "eu-west-1"},
		{"https://queue.amazonaws.com/111122223333/q", "us-east-1"},
		{"http://127.0.0.1:9324/111122223333/q", NULL},
		{"https://sqs.eu-west-1.amazonaws.com.evil.example/111122223333/q", NULL},
		{"http://sqs.eu-west-1.amazonaws.com/111122223333/q", NULL}, /* not over TLS: not AWS's */
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!str_equal(region_of(a, good[i].url), good[i].region))
			fail_msg("%s: %s", good[i].url, region_of(a, good[i].url));
	static const char *const bad[] = {
		"", "pare-events", "arn:aws:sqs:eu-west-1:111122223333:pare-events", "https://",
		"https:///111122223333/q", "https://sqs.eu-west-1.amazonaws.com/",
		"https://sqs.eu-west-1.amazonaws.com/1111/q", "https://sqs.eu-west-1.amazonaws.com/111122223333/",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q/r", "file:///111122223333/q",
		"https://user@sqs.eu-west-1.amazonaws.com/111122223333/q",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q?x=1",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q#x", "https://a b/111122223333/q"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *region;
		struct err e;
		if (sqs_region(a, bad[i], &region, &e))
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(e.kind, ERR_USAGE);
	}
	arena_free(a);
}

static void keys(void)
{
	aws_env_clear();
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
}

static struct credential_chain *chain(struct arena *a)
{
	const struct credential_setting s = {.region = "us-east-1", .clock = &clock_port};
	return credentials_open(a, &s);
}

static void wherever_a_url_points_nothing_is_sent(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct queue_port q;
	struct err e;
	keys();
	assert_false(sqs_open(a, "http://127.0.0.1:1/111122223333/q", "us-east-1", chain(a), &clock_port, &q, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	assert_non_null(strstr(e.message, "AWS_ENDPOINT_URL_SQS"));
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1", 1);
	assert_false(sqs_open(a, "http://127.0.0.1:1/111122223333/q", "us-east-1", chain(a), &clock_port, &q, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	arena_free(a);
}

/* --- against a server --- */

struct script {
	const char *body[8];
	int status[8];
};

static bool from_script(struct server *s, int fd, size_t n, const char *request)
{
	const struct script *x = s->user;
	(void)request;
	if (n >= 8 || x->status[n] == 0)
		return false;
	return server_answer(fd, x->status[n], "Content-Type: application/x-amz-json-1.0\r\n", x->body[n]);
}

static struct queue_port opened(struct arena *a, struct server *s, struct script *x)
{
	struct queue_port q;
	struct err e;
	char url[64];
	keys();
	assert_true(server_start(s, from_script, x));
	snprintf(url, sizeof url, "http://127.0.0.1:%d", s->port);
	setenv("AWS_ENDPOINT_URL_SQS", url, 1);
	if (!sqs_open(a, "https://sqs.us-east-1.amazonaws.com/123456789012/pare-findings", "eu-west-1",
		      chain(a), &clock_port, &q, &e))
		fail_msg("%s", e.message);
	return q;
}

static void has(const char *request, const char *words)
{
	if (strcasestr(request, words) == NULL)
		fail_msg("the request lacks '%s':\n%s", words, request);
}

static void receives_hides_and_removes(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct script x = {{"{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r1\",\"Body\":\"hello \\u00e9\","
			    "\"Attributes\":{\"ApproximateReceiveCount\":\"3\"}},{\"MessageId\":\"m2\","
			    "\"ReceiptHandle\":\"r2\",\"Body\":\"\",\"Unknown\":1}]}",
			    "", "{\"Successful\":[{\"Id\":\"m0\"},{\"Id\":\"m1\"}],\"Failed\":[]}", "{}"},
			   {200, 200, 200, 200}};
	struct queue_port q = opened(a, &s, &x);
	struct queue_message *m;
	size_t count;
	struct err e;
	if (!q.receive(q.self, a, 20, 120, &m, &count, &e))
		fail_msg("%s", e.message);
	assert_int_equal(count, 2);
	assert_string_equal(m[0].id, "m1");
	assert_string_equal(m[0].body, "hello \xc3\xa9");
	assert_int_equal(m[0].tries, 3);
	assert_int_equal(m[1].tries, 0);
	assert_true(q.hide(q.self, &m[0], 0, &e));
	const struct queue_message *both[] = {&m[0], &m[1]};
	assert_true(q.remove(q.self, both, 2, &e));
	assert_true(q.receive(q.self, a, 0, 1, &m, &count, &e));
	assert_int_equal(count, 0);
	has(s.request[0], "POST / HTTP/1.1");
	has(s.request[0], "x-amz-target: AmazonSQS.ReceiveMessage");
	has(s.request[0], "content-type: application/x-amz-json-1.0");
	has(s.request[0], "/us-east-1/sqs/aws4_request"); /* the queue's region, not the caller's */
	has(s.request[0], "\"WaitTimeSeconds\":20");
	has(s.request[0], "\"VisibilityTimeout\":120");
	has(s.request[0], "\"QueueUrl\":\"https://sqs.us-east-1.amazonaws.com/123456789012/pare-findings\"");
	has(s.request[1], "AmazonSQS.ChangeMessageVisibility");
	has(s.request[1], "\"ReceiptHandle\":\"r1\",\"VisibilityTimeout\":0");
	has(s.request[2], "AmazonSQS.DeleteMessageBatch");
	has(s.request[2], "{\"Id\":\"m1\",\"ReceiptHandle\":\"r2\"}");
	server_stop(&s);
	arena_free(a);
}

static void a_half_done_removal_is_none(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct script x = {{"{\"Successful\":[],\"Failed\":[{\"Id\":\"m0\",\"SenderFault\":false,\"Code\":\"InternalError\"}]}"},
			   {200}};
	struct queue_port q = opened(a, &s, &x);
	const struct queue_message m = {.id = "m", .receipt = "r"}, *one = &m;
	struct err e;
	assert_false(q.remove(q.self, &one, 1, &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	server_stop(&s);
	arena_free(a);
}

static void passing_trouble_is_tried_again(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct script x = {{"{\"__type\":\"com.amazonaws.sqs#RequestThrottled\",\"message\":\"slow\"}", "<html>", "{}"},
			   {400, 503, 200}};
	struct queue_port q = opened(a, &s, &x);
	struct queue_message *m;
	size_t count;
	struct err e;
	if (!q.receive(q.self, a, 0, 1, &m, &count, &e))
		fail_msg("%s", e.message);
	assert_int_equal(s.requests, 3);
	server_stop(&s);
	arena_free(a);
}

static void other_trouble_is_told(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{400, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"no such\"}", ERR_NOT_FOUND, "no such"},
		{403, "{\"__type\":\"com.amazonaws.sqs#AccessDenied\"}", ERR_AUTH, "AccessDenied"},
		{400, "{\"__type\":\"com.amazonaws.sqs#KmsAccessDenied\"}", ERR_AUTH, "KmsAccessDenied"},
		{200, "<html>proxy</html>", ERR_UNAVAILABLE, "none of SQS's"},
		{200, "[]", ERR_UNAVAILABLE, "none of SQS's"},
		{200, "{\"Messages\":{}}", ERR_UNAVAILABLE, "at most 10"},
		{200, "{\"Messages\":[{\"MessageId\":\"m\",\"Body\":\"b\"}]}", ERR_UNAVAILABLE, "ReceiptHandle"},
		{200, "{\"Messages\":[1]}", ERR_UNAVAILABLE, "ReceiptHandle"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct queue_message *m;
		size_t count;
		struct err e;
		if (sqs_messages(a, cases[i].status, NULL, cases[i].body, strlen(cases[i].body), &m, &count, &e))
			fail_msg("%s is taken", cases[i].body);
		if (e.kind != cases[i].kind || strstr(e.message, cases[i].words) == NULL)
			fail_msg("%s: %s: %s", cases[i].body, err_kind_name(e.kind), e.message);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(wherever_a_url_points_nothing_is_sent),
		cmocka_unit_test(receives_hides_and_removes),
		cmocka_unit_test(a_half_done_removal_is_none),
		cmocka_unit_test(passing_trouble_is_tried_again),
		cmocka_unit_test(other_trouble_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
