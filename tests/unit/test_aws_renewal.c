/* The client with credentials that end, and in retry mode adaptive. */
#include "test.h"

#include <signal.h>

#include "aws_bench.h"

/* --- credentials that end --- */

/* Serves keys at /keys, KEY1 first; refuses KEY1 as expired, writes as well as reads. */
struct keeper {
	size_t served, refused, taken;
	bool always;
};

static bool keep(struct server *s, int fd, size_t n, const char *request)
{
	struct keeper *k = s->user;
	char text[256];
	(void)n;
	if (str_starts(request, "GET /keys")) {
		k->served++;
		snprintf(text, sizeof text,
			 "{\"AccessKeyId\":\"KEY%zu\",\"SecretAccessKey\":\"SEKRIT%zu\",\"Token\":"
			 "\"TOKEN%zu\",\"Expiration\":\"2026-11-24T05:00:00Z\"}",
			 k->served, k->served, k->served);
		return server_answer(fd, 200, "", text);
	}
	if (k->always || strstr(request, "Credential=KEY1/") != NULL) {
		k->refused++;
		return server_answer(fd, 403, "", ERROR_OF("ExpiredToken"));
	}
	k->taken++;
	assert_non_null(strstr(request, "x-amz-security-token: TOKEN2"));
	return server_answer(fd, 200, "", strstr(request, "Action=Detach") ? DETACH_OK : LIST_OK);
}

static void expiring_open(struct bench *b, struct keeper *k)
{
	char url[64];
	struct err e;
	bench_open(b, keep, k);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	snprintf(url, sizeof url, "http://127.0.0.1:%d/keys", b->server.port);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	struct aws_setting s = {.region = "eu-west-1"};
	b->aws = aws_new(b->arena, &s, &b->clock, &e);
	if (b->aws == NULL)
		fail_msg("%s", e.message);
}

static void test_expired_credentials_are_renewed_once(void **state)
{
	(void)state;
	struct bench b;
	struct keeper k = {0};
	expiring_open(&b, &k);
	struct call c = detach(&b);
	ask(&b, &c);
	if (!c.ok)
		fail_msg("%s", c.err.message);
	assert_int_equal(c.attempts, 2);
	assert_int_equal(k.served, 2);
	struct call next = read_role(&b);
	ask(&b, &next);
	assert_true(next.ok);
	assert_int_equal(next.attempts, 1);
	assert_int_equal(k.served, 2);
	bench_close(&b);
	/* Everything is refused: once more, and no further. */
	k = (struct keeper){.always = true};
	expiring_open(&b, &k);
	c = detach(&b);
	ask(&b, &c);
	assert_int_equal(c.err.kind, ERR_AUTH);
	assert_int_equal(k.refused, 2);
	assert_non_null(strstr(c.err.message, "(container) are over"));
	bench_close(&b);
}

static void test_expired_credentials_of_two_at_once(void **state)
{
	(void)state;
	struct bench b;
	struct keeper k = {0};
	expiring_open(&b, &k);
	struct call c[2] = {read_role(&b), read_role(&b)};
	struct read_port port = aws_read_port(b.aws);
	port.start(port.self, &c[0]);
	port.start(port.self, &c[1]);
	for (size_t i = 0; i < 2; i++)
		assert_non_null(port.next(port.self, INT64_MAX));
	assert_true(c[0].ok && c[1].ok);
	assert_int_equal(k.served, 2); /* the second finds them renewed */
	bench_close(&b);
}

/* Ahead of their end, by the clock alone. */
static void test_credentials_are_renewed_ahead(void **state)
{
	(void)state;
	struct bench b;
	struct keeper k = {0};
	expiring_open(&b, &k);
	b.time.now_ms += 100 * 60 * 1000; /* 04:49, and they end at 05:00 */
	struct call c = read_role(&b);
	ask(&b, &c);
	assert_true(c.ok);
	assert_int_equal(k.refused, 0);
	assert_int_equal(k.served, 2);
	bench_close(&b);
}

static void test_adaptive_mode(void **state)
{
	(void)state;
	struct bench b;
	struct err e;
	struct script s = {{{400, "", ERROR_OF("Throttling")}, {200, "", LIST_OK}}, 2};
	bench_open(&b, play, &s);
	setenv("AWS_RETRY_MODE", "adaptive", 1);
	struct aws_setting setting = {.region = "eu-west-1"};
	b.aws = aws_new(b.arena, &setting, &b.clock, &e);
	struct call c = read_role(&b);
	ask(&b, &c);
	assert_true(c.ok);
	assert_true(b.time.slept_ms >= 2000); /* half a request a second */
	int64_t start = b.time.now_ms;
	for (size_t i = 0; i < 4; i++) { /* and a little more with every good answer */
		c = read_role(&b);
		ask(&b, &c);
		assert_true(c.ok);
	}
	assert_true(b.time.now_ms - start >= 500);
	bench_close(&b);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expired_credentials_are_renewed_once),
		cmocka_unit_test(test_expired_credentials_of_two_at_once),
		cmocka_unit_test(test_credentials_are_renewed_ahead),
		cmocka_unit_test(test_adaptive_mode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
