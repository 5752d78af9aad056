/* The client against a server that throttles, fails, disagrees about the time and loses
 * answers. Time is the test's own: no test waits. */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "aws_bench.h"

static struct call played(const struct script *script, bool write, size_t *requests,
			  int64_t *slept_ms)
{
	struct bench b;
	struct script copy = *script;
	bench_open(&b, play, &copy);
	struct call c = write ? detach(&b) : read_role(&b);
	ask(&b, &c);
	*requests = b.server.requests;
	*slept_ms = b.time.slept_ms;
	assert_int_equal(c.attempts, *requests);
	assert_int_equal(aws_exchanges(b.aws), *requests);
	assert_null(strstr(c.err.message, "SEKRIT"));
	bench_close(&b);
	c.arena = NULL;
	return c;
}

static void expect(const struct script *script, bool write, size_t requests, enum err_kind kind)
{
	size_t got;
	int64_t slept;
	struct call c = played(script, write, &got, &slept);
	if (c.ok != (kind == ERR_NONE) || got != requests || (!c.ok && c.err.kind != kind))
		fail_msg("%s after %zu requests (%s), wanted %s after %zu",
			 c.ok ? "ok" : err_kind_name(c.err.kind), got, c.err.message,
			 err_kind_name(kind), requests);
}

static void test_what_is_sent_again(void **state)
{
	(void)state;
	const struct script throttled_once = {
		{{400, "", ERROR_OF("Throttling")}, {200, "", LIST_OK}}, 2};
	const struct script throttled_write = {
		{{400, "", ERROR_OF("Throttling")}, {200, "", DETACH_OK}}, 2};
	const struct script raced = {
		{{409, "", ERROR_OF("ConcurrentModification")}, {200, "", DETACH_OK}}, 2};
	const struct script throttled = {{{400, "", ERROR_OF("Throttling")}}, 1};
	const struct script down = {{{503, "", ERROR_OF("ServiceUnavailable")}}, 1};
	const struct script failing = {{{500, "", ERROR_OF("ServiceFailure")}, {200, "", LIST_OK}},
				       2};
	const struct script lost = {{{0, "", ""}, {200, "", LIST_OK}}, 2};
	const struct script lost_write = {{{0, "", ""}, {200, "", DETACH_OK}}, 2};
	const struct script page = {{{502, "", "<html>bad gateway</html>"}}, 1};
	const struct script quota = {{{409, "", ERROR_OF("LimitExceeded")}, {200, "", DETACH_OK}},
				     2};
	const struct script denied = {{{403, "", ERROR_OF("AccessDenied")}}, 1};
	const struct script gone = {{{404, "", ERROR_OF("NoSuchEntity")}}, 1};
	const struct script rubbish = {{{200, "", "<html>"}}, 1};
	const struct script moved = {{{301, "Location: http://127.0.0.1:1/\r\n", ""}}, 1};
	expect(&throttled_once, false, 2, ERR_NONE);
	expect(&throttled_write, true, 2, ERR_NONE);
	expect(&raced, true, 2, ERR_NONE);
	expect(&throttled, false, 10, ERR_THROTTLED);
	expect(&throttled, true, 10, ERR_THROTTLED);
	expect(&down, false, 3, ERR_UNAVAILABLE);
	expect(&failing, false, 2, ERR_NONE);
	expect(&lost, false, 2, ERR_NONE);
	expect(&page, false, 3, ERR_UNAVAILABLE);
	/* C1: a write that may have happened is the caller's to look into. */
	expect(&down, true, 1, ERR_UNCERTAIN);
	expect(&failing, true, 1, ERR_UNCERTAIN);
	expect(&lost_write, true, 1, ERR_UNCERTAIN);
	expect(&page, true, 1, ERR_UNCERTAIN);
	expect(&rubbish, true, 1, ERR_UNCERTAIN);
	expect(&quota, true, 1, ERR_LIMIT);
	expect(&denied, false, 1, ERR_AUTH);
	expect(&gone, true, 1, ERR_NOT_FOUND);
	expect(&rubbish, false, 1, ERR_INPUT);
	expect(&moved, false, 1, ERR_INPUT);
}

static void test_delays_and_limits(void **state)
{
	(void)state;
	const struct script later = {
		{{429, "Retry-After: 7\r\n", ERROR_OF("Throttling")}, {200, "", LIST_OK}}, 2};
	size_t requests;
	int64_t slept;
	assert_true(played(&later, false, &requests, &slept).ok);
	assert_true(slept >= 7000 && slept < 8000);
	const struct script throttled = {{{400, "", ERROR_OF("Throttling")}}, 1};
	played(&throttled, false, &requests, &slept);
	assert_true(slept > 0 && slept <= (1 + 2 + 4 + 8 + 16 + 4 * 20) * 1000);
}

static void test_static_credentials_are_not_renewed(void **state)
{
	(void)state;
	const struct script over = {{{403, "", ERROR_OF("ExpiredToken")}}, 1};
	expect(&over, false, 1, ERR_AUTH);
	expect(&over, true, 1, ERR_AUTH);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	struct bench b;
	struct err e;
	char url[64];
	const struct script unused = {{{200, "", ""}}, 1};
	bench_open(&b, play, (void *)&unused);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", server_closed_port());
	setenv("AWS_ENDPOINT_URL", url, 1);
	struct aws_setting s = {.region = "eu-west-1"};
	b.aws = aws_new(b.arena, &s, &b.clock, &e);
	assert_non_null(b.aws);
	struct call c = detach(&b);
	ask(&b, &c); /* a write, and safe to send again: nothing ever left */
	assert_int_equal(c.err.kind, ERR_UNAVAILABLE);
	assert_int_equal(c.attempts, 3);
	bench_close(&b);
}

/* --- clocks that differ --- */

struct skewed {
	int64_t theirs_ms; /* the server's clock: fixed */
	const char *code;
	bool aged;
	pthread_barrier_t *both; /* the first two requests wait for each other */
};

static bool check_date(struct server *s, int fd, size_t n, const char *request)
{
	const struct skewed *x = s->user;
	char theirs[32], headers[128];
	time_t seconds = (time_t)(x->theirs_ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(theirs, sizeof theirs, "%Y%m%dT%H%M", &tm);
	strftime(headers, sizeof headers, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	if (x->aged)
		strcat(headers, "Age: 5\r\n");
	if (x->both != NULL && n < 2)
		pthread_barrier_wait(x->both);
	const char *date = strcasestr(request, "x-amz-date: ") + strlen("x-amz-date: ");
	if (strncmp(date, theirs, strlen(theirs)) == 0)
		return server_answer(fd, 200, headers,
				     strstr(request, "Detach") != NULL ? DETACH_OK : LIST_OK);
	char body[256];
	snprintf(body, sizeof body, ERROR_OF("%s"), x->code);
	return server_answer(fd, 403, headers, body);
}

static void test_skew_is_corrected_once(void **state)
{
	(void)state;
	static const char *const codes[] = {"SignatureDoesNotMatch", "RequestTimeTooSkewed",
					    "RequestExpired"};
	static const int64_t apart[] = {3600000, -3600000, 1800000};
	for (size_t i = 0; i < 3; i++) {
		struct bench b;
		struct skewed x = {start_ms + apart[i], codes[i], false, NULL};
		bench_open(&b, check_date, &x);
		struct call c = detach(&b);
		ask(&b, &c);
		if (!c.ok)
			fail_msg("%s", c.err.message);
		assert_int_equal(c.attempts, 2);
		struct call d = read_role(&b); /* remembered */
		ask(&b, &d);
		assert_true(d.ok);
		assert_int_equal(d.attempts, 1);
		assert_int_equal(b.time.slept_ms, 0);
		bench_close(&b);
	}
}

/* Two requests under way when the clocks turn out to differ: both are put right. */
static void test_skew_of_two_at_once(void **state)
{
	(void)state;
	struct bench b;
	pthread_barrier_t both;
	pthread_barrier_init(&both, NULL, 2);
	struct skewed x = {start_ms + 3600000, "SignatureDoesNotMatch", false, &both};
	bench_open(&b, check_date, &x);
	struct write_port port = aws_write_port(b.aws);
	struct call c = read_role(&b), d = read_role(&b);
	port.start(port.self, &c);
	port.start(port.self, &d);
	assert_non_null(port.next(port.self, INT64_MAX));
	assert_non_null(port.next(port.self, INT64_MAX));
	assert_true(c.ok);
	assert_true(d.ok);
	bench_close(&b);
	pthread_barrier_destroy(&both);
}

enum { TOGETHER = 8, READS = 20 };

/* The first eight are answered when all of them are here. */
static bool eight_at_once(struct server *s, int fd, size_t n, const char *request)
{
	(void)request;
	if (n < TOGETHER)
		pthread_barrier_wait(s->user);
	return server_answer(fd, 200, "", LIST_OK);
}

/* A write waits for no reads: what was observed before it gets older meanwhile. */
static void test_writes_go_first(void **state)
{
	(void)state;
	struct bench b;
	pthread_barrier_t all;
	struct call read[READS], write;
	size_t among_first = 0;
	pthread_barrier_init(&all, NULL, TOGETHER);
	bench_open(&b, eight_at_once, &all);
	struct write_port port = aws_write_port(b.aws);
	for (size_t i = 0; i < READS; i++) {
		read[i] = read_role(&b);
		port.start(port.self, &read[i]);
	}
	write = detach(&b);
	port.start(port.self, &write);
	for (size_t i = 0; i < READS + 1; i++)
		assert_non_null(port.next(port.self, INT64_MAX));
	assert_null(port.next(port.self, INT64_MAX));
	assert_int_equal(b.server.requests, READS + 1);
	for (size_t i = 0; i < TOGETHER; i++)
		among_first += strstr(b.server.request[i], "DetachRolePolicy") != NULL;
	assert_int_equal(among_first, 1);
	bench_close(&b);
	pthread_barrier_destroy(&all);
}

enum { ALONE = TOGETHER };

static bool eight_one_eight(struct server *s, int fd, size_t n, const char *request)
{
	(void)request;
	if (n != ALONE)
		pthread_barrier_wait(s->user);
	return server_answer(fd, 200, "", LIST_OK);
}

/* Connections outlive a time with less to do. */
static void test_connections_are_kept(void **state)
{
	static const size_t rounds[] = {TOGETHER, 1, TOGETHER};
	(void)state;
	struct bench b;
	pthread_barrier_t all;
	struct call read[TOGETHER];
	pthread_barrier_init(&all, NULL, TOGETHER);
	bench_open(&b, eight_one_eight, &all);
	struct read_port port = aws_read_port(b.aws);
	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < rounds[k]; i++) {
			read[i] = read_role(&b);
			port.start(port.self, &read[i]);
		}
		for (size_t i = 0; i < rounds[k]; i++)
			assert_non_null(port.next(port.self, INT64_MAX));
	}
	assert_int_equal(b.server.requests, TOGETHER + 1 + TOGETHER);
	assert_int_equal(b.server.connections, TOGETHER);
	bench_close(&b);
	pthread_barrier_destroy(&all);
}

static void test_no_skew(void **state)
{
	(void)state;
	static const struct {
		int64_t apart_ms;
		const char *code;
		bool aged;
	} cases[] = {
		{120000, "SignatureDoesNotMatch", false}, /* a wrong secret: the clocks agree */
		{3600000, "SignatureDoesNotMatch", true}, /* a cached answer's date says nothing */
		{3600000, "ExpiredToken", false},
		{3600000, "NoSuchEntity", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench b;
		struct skewed x = {start_ms + cases[i].apart_ms, cases[i].code, cases[i].aged,
				   NULL};
		bench_open(&b, check_date, &x);
		struct call c = read_role(&b);
		ask(&b, &c);
		assert_false(c.ok);
		assert_int_equal(c.attempts, 1);
		bool over = strstr(c.err.message, "are over: renew them") != NULL;
		assert_int_equal(over, strcmp(cases[i].code, "ExpiredToken") == 0);
		bench_close(&b);
	}
	struct bench b;
	struct skewed x = {start_ms + 3600000, "SignatureDoesNotMatch", false, NULL};
	bench_open(&b, check_date, &x);
	x.theirs_ms = start_ms + 3600000;
	struct call c = read_role(&b);
	ask(&b, &c);
	assert_true(c.ok);
	x.theirs_ms +=
		7200000; /* a server whose clock runs away gets one more try a call, no more */
	x.code = "SignatureDoesNotMatch";
	struct call d = read_role(&b);
	ask(&b, &d);
	assert_true(d.attempts <= 2);
	bench_close(&b);
}

/* --- many calls --- */

static bool throttle_most(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)request;
	return n % 3 != 0 ? server_answer(fd, 400, "", ERROR_OF("Throttling"))
			  : server_answer(fd, 200, "", LIST_OK);
}

static void test_throttled_crowd_gets_through(void **state)
{
	(void)state;
	enum { COUNT = 60 };
	struct bench b;
	struct call c[COUNT];
	bench_open(&b, throttle_most, NULL);
	struct read_port port = aws_read_port(b.aws);
	for (size_t i = 0; i < COUNT; i++) {
		c[i] = read_role(&b);
		port.start(port.self, &c[i]);
	}
	size_t ok = 0;
	for (size_t i = 0; i < COUNT; i++) {
		struct call *x = port.next(port.self, INT64_MAX);
		assert_non_null(x);
		ok += x->ok;
	}
	assert_null(port.next(port.self, INT64_MAX));
	assert_true(b.server.connections <= 8);
	assert_true(ok >= COUNT / 2);
	bench_close(&b);
}

static bool always_down(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)n;
	(void)request;
	return server_answer(fd, 503, "", ERROR_OF("ServiceUnavailable"));
}

/* 500 tokens at 5 a retry: after 100 retries calls fail at once. */
static void test_bucket_runs_dry(void **state)
{
	(void)state;
	enum { COUNT = 80 };
	struct bench b;
	bench_open(&b, always_down, NULL);
	for (size_t i = 0; i < COUNT; i++) {
		struct call c = read_role(&b);
		ask(&b, &c);
		assert_int_equal(c.err.kind, ERR_UNAVAILABLE);
		assert_int_equal(c.attempts, i < 50 ? 3 : 1);
	}
	assert_int_equal(b.server.requests, 50 * 3 + 30);
	bench_close(&b);
}

static bool every_second_fails(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)request;
	return n % 2 == 0 ? server_answer(fd, 500, "", ERROR_OF("ServiceFailure"))
			  : server_answer(fd, 200, "", LIST_OK);
}

/* What a retry cost comes back when it helped: a service that stumbles never empties the bucket. */
static void test_bucket_refills(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, every_second_fails, NULL);
	for (size_t i = 0; i < 150; i++) {
		struct call c = read_role(&b);
		ask(&b, &c);
		assert_true(c.ok);
		assert_int_equal(c.attempts, 2);
	}
	assert_non_null(strstr(b.server.request[0], "\r\nUser-Agent: pare/"));
	assert_int_equal(b.server.connections, 1);
	assert_int_equal(aws_connections(b.aws), 1);
	bench_close(&b);
}

static bool endless(struct server *s, int fd, size_t n, const char *request)
{
	static char piece[1 << 20];
	(void)s;
	(void)n;
	(void)request;
	memset(piece, ' ', sizeof piece - 1);
	server_send(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 40; i++)
		server_send(fd, piece);
	return false;
}

/* Too large once is too large again: a read is not repeated, a write may have happened. */
static void test_answers_past_the_ceiling(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, endless, NULL);
	struct call c = read_role(&b), d = detach(&b);
	ask(&b, &c);
	assert_int_equal(c.err.kind, ERR_LIMIT);
	assert_int_equal(c.attempts, 1);
	ask(&b, &d);
	assert_int_equal(d.err.kind, ERR_UNCERTAIN);
	assert_int_equal(d.attempts, 1);
	bench_close(&b);
}

/* --- signals, ports, time --- */

static bool interrupt_then_throttle(struct server *s, int fd, size_t n, const char *request)
{
	(void)n;
	(void)request;
	((struct virtual_clock *)s->user)->interrupted = true;
	return server_answer(fd, 400, "", ERROR_OF("Throttling"));
}

static void test_after_a_signal_nothing_is_sent(void **state)
{
	(void)state;
	enum { COUNT = 20 };
	struct bench b;
	struct call c[COUNT];
	bench_open(&b, interrupt_then_throttle, &b.time);
	struct write_port port = aws_write_port(b.aws);
	for (size_t i = 0; i < COUNT; i++) {
		c[i] = detach(&b);
		port.start(port.self, &c[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		assert_non_null(port.next(port.self, INT64_MAX));
	assert_null(port.next(port.self, INT64_MAX));
	size_t sent = 0;
	for (size_t i = 0; i < COUNT; i++) {
		assert_false(c[i].ok);
		assert_int_equal(c[i].err.kind,
				 c[i].attempts > 0 ? ERR_THROTTLED : ERR_UNAVAILABLE);
		sent += c[i].attempts;
	}
	assert_int_equal(sent, b.server.requests);
	assert_true(sent <= 8);
	assert_int_equal(b.time.slept_ms, 0);
	bench_close(&b);
}

static void test_a_reader_cannot_write(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct bench b;
		const struct script unused = {{{200, "", ""}}, 1};
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		bench_open(&b, play, (void *)&unused);
		struct read_port port = aws_read_port(b.aws);
		struct call c = detach(&b);
		port.start(port.self, &c);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static bool hang(struct server *s, int fd, size_t n, const char *request)
{
	(void)n;
	(void)request;
	return server_hang(s, fd);
}

static void test_waiting_ends_in_time(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, hang, NULL);
	struct write_port port = aws_write_port(b.aws);
	struct call c = read_role(&b);
	port.start(port.self, &c);
	assert_null(port.next(port.self, b.time.now_ms)); /* not answered yet, and not waited for */
	assert_int_equal(c.attempts, 1);
	bench_close(&b); /* an arena that goes takes what is under way with it */
}

static void test_settings_that_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"AWS_USE_FIPS_ENDPOINT", "yes"},    {"AWS_USE_DUALSTACK_ENDPOINT", "1"},
		{"AWS_MAX_ATTEMPTS", "many"},	     {"AWS_CA_BUNDLE", "/nonexistent/bundle.pem"},
		{"AWS_USE_FIPS_ENDPOINT", "true"}, /* beside a custom endpoint */
		{"AWS_ENDPOINT_URL", "127.0.0.1:1"}, {"AWS_ENDPOINT_URL_STS", "https://u:p@x"},
	};
	struct virtual_clock time = {.now_ms = start_ms};
	struct clock_port clock = {&time, clock_now, clock_sleep, clock_interrupted};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct aws_setting s = {.region = "eu-west-1"};
		struct err e;
		aws_env_clear();
		setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
		setenv("AWS_SECRET_ACCESS_KEY", "SEKRIT", 1);
		setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
		assert_non_null(aws_new(a, &s, &clock, &e));
		setenv(cases[i][0], cases[i][1], 1);
		if (aws_new(a, &s, &clock, &e) != NULL)
			fail_msg("%s=%s was taken", cases[i][0], cases[i][1]);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_non_null(strstr(e.message, i < 4 ? cases[i][0] : "endpoint"));
		arena_free(a);
	}
	aws_env_clear();
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent_again),
		cmocka_unit_test(test_delays_and_limits),
		cmocka_unit_test(test_static_credentials_are_not_renewed),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_skew_is_corrected_once),
		cmocka_unit_test(test_skew_of_two_at_once),
		cmocka_unit_test(test_writes_go_first),
		cmocka_unit_test(test_connections_are_kept),
		cmocka_unit_test(test_no_skew),
		cmocka_unit_test(test_throttled_crowd_gets_through),
		cmocka_unit_test(test_bucket_runs_dry),
		cmocka_unit_test(test_bucket_refills),
		cmocka_unit_test(test_answers_past_the_ceiling),
		cmocka_unit_test(test_after_a_signal_nothing_is_sent),
		cmocka_unit_test(test_a_reader_cannot_write),
		cmocka_unit_test(test_waiting_ends_in_time),
		cmocka_unit_test(test_settings_that_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
