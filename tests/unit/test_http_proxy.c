/* Which requests go through a proxy of the environment; a request with a limit of its own. */
#include "http_fixture.h"

#include <signal.h>

static bool proxied(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)n;
	assert_true(str_starts(request, "GET http://192.0.2.1/"));
	return server_answer(fd, 200, "", "by the proxy");
}

/* HTTP_PROXY is read where libcurl would not; metadata's own addresses go past every proxy, as does
 * what says so. */
static void test_what_goes_through_a_proxy(void **state)
{
	(void)state;
	static const char *const past[] = {"http://169.254.169.254/", "http://169.254.170.2/",
					   "http://169.254.170.23/", "http://[fd00:ec2::254]/",
					   "http://[fd00:ec2::23]/"};
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	assert_true(server_start(&s, proxied, NULL));
	setenv("HTTP_PROXY", str_printf(a, "http://127.0.0.1:%d", s.port), 1);
	struct http *h = client(a, &setting);
	struct http_exchange x = get(a, &s, "/");
	x.url = "http://192.0.2.1/";
	x.timeout_ms = 5000;
	assert_true(http_do(h, &x));
	assert_string_equal(x.response, "by the proxy");
	setenv("NO_PROXY", "192.0.2.1", 1);
	x.timeout_ms = 100;
	assert_false(http_do(h, &x));
	unsetenv("NO_PROXY");
	setenv("REQUEST_METHOD", "GET", 1); /* below a web server it is a stranger's header */
	assert_false(http_do(h, &x));
	unsetenv("REQUEST_METHOD");
	x.direct = true;
	assert_false(http_do(h, &x));
	for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
		struct http_exchange m = get(a, &s, "/");
		m.url = past[i];
		m.timeout_ms = 1; /* whatever is there or not */
		http_do(h, &m);
	}
	assert_int_equal(s.requests, 1);
	unsetenv("HTTP_PROXY");
	arena_free(a);
	server_stop(&s);
}

static bool say_nothing(struct server *s, int fd, size_t n, const char *request)
{
	(void)n;
	(void)request;
	return server_hang(s, fd);
}

static void test_a_limit_of_its_own(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	assert_true(server_start(&s, say_nothing, NULL));
	struct http *h = client(a, &setting);
	struct http_exchange x = get(a, &s, "/");
	x.timeout_ms = 50;
	assert_false(http_do(h, &x));
	assert_true(x.timed_out);
	arena_free(a);
	server_stop(&s);
}

int main(void)
{
	static const char *const variables[] = {"http_proxy", "HTTP_PROXY",	  "all_proxy",
						"ALL_PROXY",  "REQUEST_METHOD", "no_proxy",
						"NO_PROXY"};
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_through_a_proxy),
		cmocka_unit_test(test_a_limit_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
