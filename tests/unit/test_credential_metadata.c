/* Containers and instances: what they are asked, and what they may answer. */
#include "test.h"

#include <signal.h>
#include <time.h>

#include "fake_sources.h"
#include "server.h"

/* --- containers --- */

static void test_container(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:80/c", 1);
	struct script s = {.url = {"http://127.0.0.1:80/c"}, .status = {200},
			   .text = {KEYS("ASIAPOD", "2009-01-01T01:00:00Z")}};
	use(&f, &s);
	found(&f, "ASIAPOD", "container");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "one", 1);
	found(&f, "ASIAPOD", "container");
	assert_string_equal(s.authorization, "one");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", fake_file(&f, "token", "Basic two"), 1);
	found(&f, "ASIAPOD", "container");
	assert_string_equal(s.authorization, "Basic two");
	fake_file(&f, "token", "three");
	found(&f, "ASIAPOD", "container");
	assert_string_equal(s.authorization, "three");
	fake_file(&f, "token", "four\n");
	refused(&f, "a token does not hold a line end");
	remove(getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
	refused(&f, "No such file");
	unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX: SEKRIT", 1);
	refused(&f, "a token does not hold a line end");
	unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	static const struct {
		long status;
		const char *text, *words;
		size_t asked;
	} bad[] = {{200, "SEKRIT", "is not JSON", 1},
		   {200, "[]", "expected a JSON object", 1},
		   {200, "{}", "has no 'AccessKeyId'", 1},
		   {200, KEYS("A", "2008-01-01T00:00:00Z"), "are over since", 1},
		   {302, "", "a redirect is not followed", 1},
		   {403, "{\"code\":\"AccessDenied\",\"message\":\"no\"}", "AccessDenied: no", 1},
		   {500, "", "status 500", 3},
		   {0, "", "nobody is there", 3}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct script b = {.url = {"http://127.0.0.1"}, .status = {bad[i].status},
				   .text = {bad[i].text}};
		use(&f, &b);
		refused(&f, bad[i].words);
		assert_int_equal(b.asked, bad[i].asked);
	}
	struct script none = {0};
	use(&f, &none);
	static const char *const urls[] = {
		"http://example.com/c",	     "http://127.0.0.1.example.com/c", "http://1270.0.0.1/c",
		"http://169.254.169.254/c",  "http://169.254.170.2.evil/c",    "ftp://127.0.0.1/c",
		"http://127.0.0.1@evil/c",   "http:///c",		       "//127.0.0.1/c",
		"http://[fd00:ec2::254]/c",  "http://[::1/c",		       "http://2130706433/c",
		"http://localhost.evil/c",   "http://127.1/c",		       "https://u:p@host/c",
		"http://127.0.0.1\\@evil/c", "http://127.0.0.1 /c",
	};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i], 1);
		refused(&f, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	}
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil/c", 1);
	refused(&f, "expected a path that starts with '/'");
	assert_int_equal(none.asked, 0);
	fake_close(&f);
}

/* --- instances --- */

static void test_instance(void **state)
{
	(void)state;
	static const char path[] = "/latest/meta-data/iam/security-credentials/";
	struct fake f;
	fake_open(&f, "", "");
	struct script s = {.url = {"http://169.254.169.254/latest/api/token", path, "/r",
				   "/latest/api/token", "/r"},
			   .status = {200, 200, 401, 200, 200},
			   .text = {"TOKEN", "r\nother", "", "TOKEN2",
				    KEYS("ASIABOX", "2009-01-01T01:00:00Z")}};
	use(&f, &s);
	found(&f, "ASIABOX", "instance metadata, role 'r'");
	assert_int_equal(s.asked, 5);
	static const struct {
		long status[3];
		const char *text[3], *words;
		size_t asked;
	} bad[] = {
		{{0}, {""}, "nobody is there", 1},
		{{403}, {""}, "instance metadata is switched off here", 1},
		{{404}, {""}, "version 1, which is not used", 1},
		{{400}, {""}, "gives no token (status 400)", 1},
		{{302}, {""}, "gives no token (status 302)", 1},
		{{503}, {""}, "gives no token (status 503)", 3},
		{{200}, {"a\r\nb"}, "what it gives for a token is none", 1},
		{{200}, {""}, "what it gives for a token is none", 1},
		{{200, 404}, {"T", ""}, "the instance has no role", 2},
		{{200, 200}, {"T", ""}, "the instance has no role", 2},
		{{200, 0}, {"T", ""}, "nobody is there", 2},
		{{200, 200, 404}, {"T", "r", ""}, "asking for role 'r'", 3},
		{{200, 200, 200}, {"T", "r", "SEKRIT"}, "is not JSON", 3},
		{{200, 200, 200}, {"T", "r", "{\"Code\":\"AssumeRoleUnauthorizedAccess\","
		  "\"Message\":\"no trust\"}"}, "no trust", 3},
		{{200, 200, 200}, {"T", "r", "{}"}, "has no 'AccessKeyId'", 3},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct script b = {.url = {"token", path, path}};
		memcpy(b.status, bad[i].status, sizeof bad[i].status);
		memcpy(b.text, bad[i].text, sizeof bad[i].text);
		use(&f, &b);
		if (bad[i].status[0] == 503)
			b.url[1] = b.url[2] = NULL;
		refused(&f, bad[i].words);
		assert_int_equal(b.asked, bad[i].asked);
	}
	/* Past their end they serve: metadata renews late when it is in trouble. */
	struct script late = {.url = {"token", path, "/r"}, .status = {200, 200, 200},
			      .text = {"T", "r", KEYS("ASIABOX", "2008-12-31T00:00:00Z")}};
	use(&f, &late);
	found(&f, "ASIABOX", "instance metadata");
	struct script none = {0};
	use(&f, &none);
	static const char *const settings[][3] = {
		{"AWS_EC2_METADATA_DISABLED", "TRUE", "AWS_EC2_METADATA_DISABLED is set"},
		{"AWS_METADATA_SERVICE_TIMEOUT", "0", "expected a number from 1 to 60"},
		{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "many", "expected a number from 1 to 10"},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", "expected IPv4 or IPv6"},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "metadata", "expected http:// or https://"},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://a@b", "expected http:// or https://"},
	};
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		setenv(settings[i][0], settings[i][1], 1);
		refused(&f, settings[i][2]);
		unsetenv(settings[i][0]);
	}
	assert_int_equal(none.asked, 0);
	setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "4", 1);
	struct script patient = {.url = {"token"}};
	use(&f, &patient);
	refused(&f, "nobody is there");
	assert_int_equal(patient.asked, 4);
	fake_close(&f);
}

static bool say_nothing(struct server *s, int fd, size_t n, const char *request)
{
	(void)n;
	(void)request;
	return server_hang(s, fd);
}

/* Over a real connection, past a proxy: the second that it has is its own, and the only one. */
static void test_an_instance_that_hangs(void **state)
{
	(void)state;
	struct fake f;
	struct server s;
	struct timespec before, after;
	fake_open(&f, "", "");
	assert_true(server_start(&s, say_nothing, NULL));
	f.setting.exchange = NULL;
	setenv("http_proxy", str_printf(f.arena, "http://127.0.0.1:%d", server_closed_port()), 1);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT",
	       str_printf(f.arena, "http://127.0.0.1:%d", s.port), 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	refused(&f, "instance metadata: 'http://127.0.0.1:");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(s.requests, 1);
	assert_true(after.tv_sec - before.tv_sec <= 10); /* a busy machine's share */
	unsetenv("http_proxy");
	fake_close(&f);
	server_stop(&s);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_instance),
		cmocka_unit_test(test_an_instance_that_hangs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
