/* The HTTP client against a server that does what servers, proxies and networks do. */
#include "http_fixture.h"

#include <signal.h>
#include <sys/wait.h>

/* --- well-behaved --- */

static bool hello(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)n;
	(void)request;
	return server_answer(fd, 200, "X-One:  a b \t\r\nx-amzn-RequestId: r\r\nX-Empty:\r\n",
			     "hello");
}

static void test_what_goes_over_the_wire(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	setting.user_agent = "pare/test";
	assert_true(server_start(&s, hello, NULL));
	struct http *h = client(a, &setting);
	struct http_header header[] = {{"host", "a.example"},
				       {"content-type", "application/json"},
				       {"x-empty", ""},
				       {"authorization", "AWS4 x"}};
	struct http_exchange x = get(a, &s, "/a/../b//c%2Fd?x=%20&y");
	assert_true(http_do(h, &x));
	assert_int_equal(x.status, 200);
	assert_string_equal(x.response, "hello");
	assert_int_equal(x.response_len, 5);
	assert_string_equal(http_response_header(&x, "x-one"), "a b");
	assert_string_equal(http_response_header(&x, "x-amzn-requestid"), "r");
	assert_string_equal(http_response_header(&x, "x-empty"), "");
	assert_null(http_response_header(&x, "x-two"));
	char wanted[512];
	snprintf(wanted, sizeof wanted,
		 "GET /a/../b//c%%2Fd?x=%%20&y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
		 "User-Agent: pare/test\r\n\r\n",
		 s.port);
	assert_string_equal(s.request[0], wanted);
	struct http_exchange post = get(a, &s, "/findingv2");
	post.method = "POST";
	post.header = header;
	post.header_count = 4;
	post.body = "{\"a\":1}";
	post.body_len = 7;
	assert_true(http_do(h, &post));
	assert_string_equal(
		s.request[1],
		"POST /findingv2 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: pare/test\r\n"
		"content-type: application/json\r\nx-empty:\r\nauthorization: AWS4 x\r\n"
		"Content-Length: 7\r\n\r\n{\"a\":1}");
	struct http_exchange empty = get(a, &s, "/recommendation/x");
	empty.method = "POST";
	assert_true(http_do(h, &empty));
	assert_non_null(strstr(s.request[2], "Content-Length: 0\r\n"));
	assert_null(strcasestr(s.request[2], "content-type"));
	struct http_exchange put = get(a, &s, "/finding");
	put.method = "PUT";
	put.body = "{}";
	put.body_len = 2;
	assert_true(http_do(h, &put));
	assert_true(str_starts(s.request[3], "PUT /finding HTTP/1.1\r\n"));
	char *big = arena_alloc(a, 40001);
	memset(big, 'x', 40000);
	struct http_exchange large = get(a, &s, "/");
	large.method = "POST";
	large.body = big;
	large.body_len = 40000;
	assert_true(http_do(h, &large)); /* no "Expect: 100-continue" to wait for */
	assert_null(strcasestr(s.request[4], "expect"));
	assert_int_equal(http_connections_opened(h), 1); /* all five over one connection */
	assert_int_equal(s.connections, 1);
	arena_free(a);
	server_stop(&s);
}

static void test_hundred_at_once(void **state)
{
	(void)state;
	enum { COUNT = 100 };
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	assert_true(server_start(&s, hello, NULL));
	struct http *h = client(a, &setting);
	struct http_exchange x[COUNT];
	bool seen[COUNT] = {false};
	for (size_t i = 0; i < COUNT; i++) {
		x[i] = get(a, &s, str_printf(a, "/%zu", i));
		http_start(h, &x[i]);
	}
	for (size_t done = 0; done < COUNT; done++) {
		struct http_exchange *y = http_next(h, 20000);
		assert_non_null(y);
		assert_true(y->transport_ok);
		assert_false(seen[y - x]);
		seen[y - x] = true;
	}
	assert_null(http_next(h, 0));
	assert_int_equal(s.requests, COUNT);
	assert_true(s.connections <= setting.connections_per_host);
	/* A write finds room beside the kept connections, and leaves them. */
	struct http_exchange write = get(a, &s, "/write");
	write.method = "POST";
	write.once = true;
	size_t before = s.connections;
	assert_true(http_do(h, &write));
	assert_int_equal(s.connections, before + 1);
	/* One with a body, which cannot be sent again by itself, takes a kept one. */
	struct http_exchange body = get(a, &s, "/write");
	body.method = "POST";
	body.body = "Action=CreatePolicy";
	body.body_len = strlen(body.body);
	body.once = true;
	assert_true(http_do(h, &body));
	assert_int_equal(s.connections, before + 1);
	assert_non_null(strstr(s.request[s.requests - 1], "\r\n\r\nAction=CreatePolicy"));
	arena_free(a);
	server_stop(&s);
}

/* --- misbehaved --- */

enum fault {
	CUT_BEFORE,
	CUT_IN_HEADERS,
	CUT_IN_BODY,
	HANG,
	HANG_IN_BODY,
	OVERSIZE,
	OVERSIZE_CHUNKED,
	MANY_HEADERS,
	GARBAGE,
	REDIRECT,
	CONTINUE_FIRST,
	OLD_HTTP,
	TRAILERS,
};

static bool misbehave(struct server *s, int fd, size_t n, const char *request)
{
	(void)n;
	(void)request;
	switch (*(enum fault *)s->user) {
	case CUT_BEFORE:
		return false;
	case CUT_IN_HEADERS:
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Le");
		return false;
	case CUT_IN_BODY:
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half");
		return false;
	case HANG:
		return server_hang(s, fd);
	case HANG_IN_BODY:
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half");
		return server_hang(s, fd);
	case OVERSIZE:
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
		for (int i = 0; i < 300; i++)
			server_send(fd, "0123456789");
		return true;
	case OVERSIZE_CHUNKED:
		server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (int i = 0; i < 300; i++)
			server_send(fd, "a\r\n0123456789\r\n");
		server_send(fd, "0\r\n\r\n");
		return true;
	case MANY_HEADERS:
		server_send(fd, "HTTP/1.1 200 OK\r\n");
		for (int i = 0; i < 9000; i++)
			server_send(fd, "X-Header: 0123456789012345678901234567890123456789\r\n");
		server_send(fd, "Content-Length: 0\r\n\r\n");
		return true;
	case GARBAGE:
		server_send(fd, "\x16\x03\x01 this is no HTTP at all\r\n\r\n");
		return false;
	case REDIRECT:
		return server_answer(fd, 302, "Location: http://127.0.0.1:1/elsewhere\r\n",
				     "elsewhere");
	case CONTINUE_FIRST:
		server_send(fd, "HTTP/1.1 100 Continue\r\nX-Early: yes\r\n\r\n");
		return server_answer(fd, 200, "X-Late: yes\r\n", "ok");
	case TRAILERS:
		server_send(
			fd,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Last\r\n\r\n"
			"2\r\nok\r\n0\r\nX-Last: 1\r\n\r\n");
		return true;
	case OLD_HTTP:
		server_send(fd, "<html>0.9</html>");
		return false;
	}
	return false;
}

static struct http_exchange suffer(struct arena *a, enum fault fault, const char *method,
				   size_t *requests)
{
	struct server s;
	struct arena *own = arena_new(NULL);
	struct http_setting setting = http_setting_default();
	setting.total_timeout_ms = 300;
	setting.max_response_bytes = 1000;
	assert_true(server_start(&s, misbehave, &fault));
	struct http *h = client(own, &setting);
	struct http_exchange x = get(a, &s, "/");
	x.method = method;
	x.once = strcmp(method, "POST") == 0;
	http_do(h, &x);
	*requests = s.requests;
	arena_free(own);
	server_stop(&s);
	return x;
}

static void test_lost_answers_are_uncertain(void **state)
{
	(void)state;
	static const enum fault faults[] = {
		CUT_BEFORE, CUT_IN_HEADERS,   CUT_IN_BODY,  HANG,    HANG_IN_BODY,
		OVERSIZE,   OVERSIZE_CHUNKED, MANY_HEADERS, GARBAGE, OLD_HTTP};
	static const char *const methods[] = {"GET", "POST"};
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		for (size_t m = 0; m < 2; m++) {
			struct arena *a = arena_new(NULL);
			size_t requests;
			struct http_exchange x = suffer(a, faults[i], methods[m], &requests);
			if (x.transport_ok || x.err.kind != ERR_UNCERTAIN)
				fail_msg("fault %d: %s %s", faults[i], err_kind_name(x.err.kind),
					 x.err.message);
			assert_int_equal(requests, 1);
			assert_string_equal(x.response, ""); /* half an answer is none */
			assert_int_equal(x.oversize, faults[i] == OVERSIZE ||
							     faults[i] == OVERSIZE_CHUNKED ||
							     faults[i] == MANY_HEADERS);
			assert_int_equal(x.timed_out,
					 faults[i] == HANG || faults[i] == HANG_IN_BODY);
			arena_free(a);
		}
}

static void test_redirects_are_not_followed(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	size_t requests;
	struct http_exchange x = suffer(a, REDIRECT, "GET", &requests);
	assert_true(x.transport_ok);
	assert_int_equal(x.status, 302);
	assert_string_equal(x.response, "elsewhere");
	assert_int_equal(requests, 1);
	x = suffer(a, TRAILERS, "POST", &requests);
	assert_true(x.transport_ok);
	assert_string_equal(x.response, "ok");
	x = suffer(a, CONTINUE_FIRST, "POST", &requests);
	assert_true(x.transport_ok);
	assert_int_equal(x.status, 200);
	assert_null(http_response_header(&x, "x-early"));
	assert_string_equal(http_response_header(&x, "x-late"), "yes");
	arena_free(a);
}

/* Answers the first request and drops the connection at the second without a word: what a server
 * does that dies in the middle of a write. */
static bool die_on_second(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)request;
	return n == 0 && server_answer(fd, 200, "", "ok");
}

static void test_a_write_is_never_sent_twice(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	assert_true(server_start(&s, die_on_second, NULL));
	struct http *h = client(a, &setting);
	struct http_exchange first = get(a, &s, "/"), second = get(a, &s, "/");
	assert_true(http_do(h, &first));
	second.method = "POST";
	second.body = "Action=CreatePolicy";
	second.body_len = strlen(second.body);
	second.once = true;
	assert_false(http_do(h, &second));
	assert_int_equal(second.err.kind, ERR_UNCERTAIN);
	assert_non_null(strstr(second.err.message, "ended before the answer"));
	arena_free(a);
	server_stop(&s);
	assert_int_equal(s.requests, 2); /* also when everything that was on its way has come */
}

/* --- never sent --- */

static void never_sent(struct arena *a, struct http *h, const char *url, enum err_kind kind)
{
	struct http_exchange x = {
		.arena = a, .method = "POST", .url = url, .body = "x", .body_len = 1, .once = true};
	assert_false(http_do(h, &x));
	if (x.err.kind != kind)
		fail_msg("%s: %s: %s", url, err_kind_name(x.err.kind), x.err.message);
	assert_null(strstr(x.err.message, "secret"));
}

static void test_nothing_was_sent(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct http_setting setting = http_setting_default();
	setting.total_timeout_ms = 3000;
	struct http *h = client(a, &setting);
	never_sent(a, h, str_printf(a, "http://127.0.0.1:%d/", server_closed_port()),
		   ERR_UNAVAILABLE);
	never_sent(a, h, "http://name.invalid/", ERR_UNAVAILABLE);
	static const char *const bad[] = {"",
					  "x",
					  "ftp://127.0.0.1/",
					  "file:///etc/passwd",
					  "http://",
					  "http:///path",
					  "https://user:secret@127.0.0.1/",
					  "http://a b/",
					  "http://127.0.0.1/\r\nX: y",
					  "http://127.0.0.1\\@example/",
					  "HTTP://127.0.0.1/",
					  "http://127.0.0.1/\xc3\xa9"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		never_sent(a, h, bad[i], ERR_INPUT);
	struct http_header header[] = {{"x-token", "a\r\nX-Other: b"}};
	struct http_exchange x = {.arena = a,
				  .method = "GET",
				  .url = "http://127.0.0.1:1/",
				  .header = header,
				  .header_count = 1};
	assert_false(http_do(h, &x));
	assert_int_equal(x.err.kind, ERR_INPUT);
	assert_null(strstr(x.err.message, "X-Other"));
	/* The same exchange again, put right, forgets the old error. */
	header[0].value = "a";
	assert_false(http_do(h, &x));
	assert_int_equal(x.err.kind, ERR_UNAVAILABLE);
	arena_free(a);
}

/* Proxies of the environment are not for this machine's own addresses. */
static void test_loopback_goes_past_proxies(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	char proxy[64];
	assert_true(server_start(&s, hello, NULL));
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server_closed_port());
	setenv("http_proxy", proxy, 1);
	setenv("ALL_PROXY", proxy, 1);
	struct http *h = client(a, &setting);
	struct http_exchange x = get(a, &s, "/");
	assert_true(http_do(h, &x));
	struct http_exchange by_name = get(a, &s, "/");
	by_name.url = str_printf(a, "http://localhost:%d/", s.port);
	assert_true(http_do(h, &by_name));
	/* Others go through it: the proxy is not there, so nothing was sent. */
	struct http_exchange away = get(a, &s, "/");
	away.url = "http://192.0.2.1/";
	assert_false(http_do(h, &away));
	assert_int_equal(away.err.kind, ERR_UNAVAILABLE);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	arena_free(a);
	server_stop(&s);
}

static bool refuse_tunnel(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)n;
	assert_true(str_starts(request, "CONNECT aws.invalid:443 "));
	return server_answer(fd, 403, "", "not through here") && false;
}

static void test_a_proxy_that_refuses(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct server s;
	struct http_setting setting = http_setting_default();
	char proxy[64];
	assert_true(server_start(&s, refuse_tunnel, NULL));
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", s.port);
	setenv("HTTPS_PROXY", proxy, 1);
	struct http *h = client(a, &setting);
	never_sent(a, h, "https://aws.invalid/", ERR_UNAVAILABLE);
	assert_null(strstr(s.request[0], "Action"));
	unsetenv("HTTPS_PROXY");
	arena_free(a);
	server_stop(&s);
}

/* --- TLS --- */

static bool run(const char *command)
{
	return system(command) == 0;
}

struct tls_server {
	pid_t pid;
	int port;
};

static bool tls_start(struct tls_server *t, const char *dir, const char *cert, const char *key)
{
	char port[16], cert_path[256], key_path[256];
	t->port = server_closed_port();
	snprintf(port, sizeof port, "127.0.0.1:%d", t->port);
	snprintf(cert_path, sizeof cert_path, "%s/%s", dir, cert);
	snprintf(key_path, sizeof key_path, "%s/%s", dir, key);
	t->pid = fork();
	if (t->pid == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		execlp("openssl", "openssl", "s_server", "-accept", port, "-cert", cert_path,
		       "-key", key_path, "-www", "-quiet", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && t->pid > 0; i++) { /* until it listens */
		struct sockaddr_in at = {.sin_family = AF_INET,
					 .sin_port = htons((uint16_t)t->port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		bool up = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
		close(fd);
		if (up)
			return true;
		poll(NULL, 0, 20);
	}
	return false;
}

static void tls_stop(struct tls_server *t)
{
	kill(t->pid, SIGTERM);
	waitpid(t->pid, NULL, 0);
}

static bool tls_ask(const struct tls_server *t, const char *host, const char *bundle, struct err *e)
{
	struct arena *a = arena_new(NULL);
	struct http_setting setting = http_setting_default();
	setting.ca_bundle = bundle;
	struct http *h = client(a, &setting);
	struct http_exchange x = {
		.arena = a, .method = "GET", .url = str_printf(a, "https://%s:%d/", host, t->port)};
	bool ok = http_do(h, &x);
	*e = x.err;
	arena_free(a);
	return ok;
}

static void test_tls(void **state)
{
	(void)state;
	char dir[] = "/tmp/pare-tls-XXXXXX", command[4096], bundle[128], other[128];
	if (mkdtemp(dir) == NULL || !run("openssl version >/dev/null 2>&1")) {
		printf("skipped: TLS: no openssl command\n");
		skip();
	}
	snprintf(command, sizeof command,
		 "cd %s && exec 2>/dev/null && "
		 "new() { openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "
		 "/CN=$1; } && "
		 "for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key "
		 "-out $ca.pem "
		 "-subj /CN=$ca -days 30 -addext basicConstraints=critical,CA:TRUE || exit 1; done "
		 "&& "
		 "new good && new old && printf 'subjectAltName=IP:127.0.0.1\\n' >ip.ext && "
		 "printf 'subjectAltName=DNS:example.invalid\\n' >name.ext && "
		 "openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 "
		 "-extfile ip.ext -out good.pem && "
		 "openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 "
		 "-extfile name.ext -out wrong.pem && "
		 "mkdir demo && touch demo/index && echo 01 >demo/serial && "
		 "printf "
		 "'[ca]\\ndefault_ca=d\\n[d]\\ndatabase=demo/index\\nserial=demo/"
		 "serial\\nnew_certs_dir=demo\\n"
		 "default_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >ca.cnf && "
		 "openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in old.csr -out "
		 "old.pem -notext "
		 "-startdate 20200101000000Z -enddate 20200201000000Z -extfile ip.ext",
		 dir);
	if (!run(command)) {
		printf("skipped: TLS: this openssl does not make the certificates\n");
		skip();
	}
	snprintf(bundle, sizeof bundle, "%s/ca.pem", dir);
	snprintf(other, sizeof other, "%s/other.pem", dir);
	struct tls_server t;
	struct err e;
	assert_true(tls_start(&t, dir, "good.pem", "good.key"));
	assert_true(tls_ask(&t, "127.0.0.1", bundle, &e));
	assert_false(tls_ask(&t, "127.0.0.1", NULL, &e)); /* an authority of its own */
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_false(tls_ask(&t, "127.0.0.1", other, &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_false(tls_ask(&t, "localhost", bundle, &e)); /* another name */
	assert_false(tls_ask(&t, "127.0.0.1", "/nonexistent.pem", &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	tls_stop(&t);
	assert_true(tls_start(&t, dir, "wrong.pem", "good.key"));
	assert_false(tls_ask(&t, "127.0.0.1", bundle, &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	tls_stop(&t);
	assert_true(tls_start(&t, dir, "old.pem", "old.key"));
	assert_false(tls_ask(&t, "127.0.0.1", bundle, &e));
	assert_non_null(strstr(e.message, "expired"));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	tls_stop(&t);
	assert_true(tls_start(&t, dir, "other.pem", "other.key")); /* signs itself */
	assert_false(tls_ask(&t, "127.0.0.1", bundle, &e));
	tls_stop(&t);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_true(run(command));
}

int main(void)
{
	static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "REQUEST_METHOD", "https_proxy", "HTTPS_PROXY",
						"all_proxy",  "ALL_PROXY",   "no_proxy",
						"NO_PROXY"};
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_over_the_wire),
		cmocka_unit_test(test_hundred_at_once),
		cmocka_unit_test(test_lost_answers_are_uncertain),
		cmocka_unit_test(test_redirects_are_not_followed),
		cmocka_unit_test(test_a_write_is_never_sent_twice),
		cmocka_unit_test(test_nothing_was_sent),
		cmocka_unit_test(test_loopback_goes_past_proxies),
		cmocka_unit_test(test_a_proxy_that_refuses),
		cmocka_unit_test(test_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
