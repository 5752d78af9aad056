/* GetCalendarState over JSON 1.1: what is sent, what each answer means, and that nothing but OPEN is
 * open. */
#include "test.h"

#include "aws_env.h"
#include "pare/str.h"
#include "pare/world.h"
#include "server.h"

static int64_t now_ms;

static int64_t clock_now(void *self)
{
	(void)self;
	return now_ms;
}

static void clock_sleep(void *self, int64_t until_ms)
{
	(void)self;
	now_ms = until_ms;
}

static bool clock_interrupted(void *self)
{
	(void)self;
	return false;
}

static const struct clock_port fake_clock = {NULL, clock_now, clock_sleep, clock_interrupted};

struct answers {
	int status[4];
	const char *body[4];
};

static bool handle(struct server *s, int fd, size_t n, const char *request)
{
	const struct answers *x = s->user;
	(void)request;
	return server_answer(fd, x->status[n], "Content-Type: application/x-amz-json-1.1\r\n", x->body[n]);
}

static struct arena *a;
static struct err e;
static bool open_now;
static int64_t next_ms;
static char sent[8192];
static size_t requests;

static bool ask(const struct answers *x, const char *first, const char *second)
{
	struct server server;
	struct str_list names = {0};
	assert_true(server_start(&server, handle, (void *)(uintptr_t)x));
	aws_env_clear();
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_ENDPOINT_URL_SSM", str_printf(a, "http://127.0.0.1:%d", server.port), 1);
	str_list_add(a, &names, first);
	if (second != NULL)
		str_list_add(a, &names, second);
	struct calendar_port p = change_calendar(a, &fake_clock);
	open_now = true;
	bool ok = p.state(p.self, &names, &open_now, &next_ms, &e);
	requests = server.requests;
	snprintf(sent, sizeof sent, "%s", requests > 0 ? server.request[0] : "");
	server_stop(&server);
	return ok;
}

#define ONE "arn:aws:ssm:eu-west-1:111122223333:document/one"
#define TWO "arn:aws:ssm:eu-west-1:111122223333:document/two"
#define FAR "arn:aws:ssm:us-east-1:111122223333:document/far"

static int setup(void **state)
{
	(void)state;
	a = arena_new(NULL);
	now_ms = 1795507200000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void sends(void **state)
{
	const struct answers x = {{200}, {"{\"State\":\"OPEN\",\"AtTime\":\"2026-11-24T08:00:00Z\","
					  "\"NextTransitionTime\":\"2026-11-24T16:00:00Z\"}"}};
	(void)state;
	assert_true(ask(&x, ONE, TWO));
	assert_true(open_now);
	assert_int_equal(next_ms, 1795507200000 + 8 * 3600000ll);
	assert_int_equal(requests, 1);
	assert_non_null(strstr(sent, "POST / HTTP/1.1"));
	assert_non_null(strcasestr(sent, "x-amz-target: AmazonSSM.GetCalendarState"));
	assert_non_null(strcasestr(sent, "content-type: application/x-amz-json-1.1"));
	assert_non_null(strstr(sent, "/eu-west-1/ssm/aws4_request"));
	assert_non_null(strstr(sent, "{\"CalendarNames\":[\"" ONE "\",\"" TWO "\"]}"));
}

static void closed(void **state)
{
	const struct answers x = {{200}, {"{\"State\":\"CLOSED\"}"}};
	(void)state;
	assert_true(ask(&x, ONE, NULL));
	assert_false(open_now);
	assert_int_equal(next_ms, 0);
}

/* One exchange a region; open only if all are. */
static void two_regions(void **state)
{
	const struct answers x = {{200, 200}, {"{\"State\":\"OPEN\"}", "{\"State\":\"CLOSED\"}"}};
	const struct answers y = {{200, 200}, {"{\"State\":\"OPEN\"}", "{\"State\":\"OPEN\"}"}};
	(void)state;
	assert_true(ask(&x, ONE, FAR));
	assert_false(open_now);
	assert_int_equal(requests, 2);
	assert_true(ask(&y, ONE, FAR));
	assert_true(open_now);
}

static void no_answer_is_closed(void **state)
{
	static const struct {
		int status;
		const char *body, *says;
	} cases[] = {
		{200, "{\"State\":\"open\"}", "neither OPEN nor CLOSED"},
		{200, "{\"state\":\"OPEN\"}", "neither OPEN nor CLOSED"},
		{200, "{\"State\":\"OPEN\",\"State\":\"CLOSED\"}", "State"},
		{200, "{}", "neither"},
		{200, "", "GetCalendarState"},
		{200, "<html>", "GetCalendarState"},
		{400, "{\"__type\":\"com.amazonaws.ssm#InvalidDocument\",\"message\":\"no such document\"}",
		 "status 400: InvalidDocument: no such document"},
		{403, "{\"__type\":\"AccessDeniedException\",\"Message\":\"not authorized\"}",
		 "AccessDeniedException: not authorized"},
		{301, "", "status 301"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct answers x = {{cases[i].status}, {cases[i].body}};
		if (ask(&x, ONE, NULL) || open_now)
			fail_msg("'%s' was taken", cases[i].body);
		assert_int_equal(requests, 1);
		if (strstr(e.message, cases[i].says) == NULL)
			fail_msg("'%s' lacks '%s'", e.message, cases[i].says);
	}
}

static void tries_again(void **state)
{
	const struct answers x = {{503, 429, 200}, {"", "{}", "{\"State\":\"OPEN\"}"}};
	const struct answers y = {{500, 500, 500}, {"", "", ""}};
	(void)state;
	assert_true(ask(&x, ONE, NULL));
	assert_true(open_now);
	assert_int_equal(requests, 3);
	assert_false(ask(&y, ONE, NULL));
	assert_false(open_now);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_int_equal(requests, 3);
}

static void nobody_there(void **state)
{
	struct str_list names = {0};
	struct calendar_port p = change_calendar(a, &fake_clock);
	(void)state;
	aws_env_clear();
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_ENDPOINT_URL_SSM", str_printf(a, "http://127.0.0.1:%d", server_closed_port()), 1);
	str_list_add(a, &names, ONE);
	open_now = true;
	assert_false(p.state(p.self, &names, &open_now, &next_ms, &e));
	assert_false(open_now);
	unsetenv("AWS_ACCESS_KEY_ID");
	p = change_calendar(a, &fake_clock); /* credentials that served are kept */
	open_now = true;
	assert_false(p.state(p.self, &names, &open_now, &next_ms, &e));
	assert_false(open_now);
	assert_int_equal(e.kind, ERR_AUTH);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(sends), T(closed), T(two_regions), T(no_answer_is_closed),
					   T(tries_again), T(nobody_there)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
