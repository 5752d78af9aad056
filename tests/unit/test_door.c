/* The sandbox's door: whom a request is meant for, what is answered when it is refused, and
 * listening. Requests are signed by pare's own signer: here the two meet. */
#include "test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/sandbox/door.h"
#include "pare/http.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/when.h"

enum { START_S = 1772360100 }; /* 2026-03-01T10:15:00Z */

struct world {
	struct arena *arena;
	struct clock_port clock;
	struct sandbox *sandbox;
	const char *key, *secret, *token;
};

static int start(void **state)
{
	struct err e;
	struct sandbox_setting setting = {.seed = 1};
	struct arena *a = arena_new(NULL);
	struct world *w = arena_alloc(a, sizeof *w);
	w->arena = a;
	w->clock = clock_virtual(a, (int64_t)START_S * 1000);
	w->sandbox = sandbox_new(a, &setting, &w->clock, &e);
	w->key = "AKIDEXAMPLE";
	w->secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
	*state = w;
	return w->sandbox != NULL ? 0 : -1;
}

static int finish(void **state)
{
	struct world *w = *state;
	arena_free(w->arena);
	return 0;
}

struct ask {
	const char *method, *target, *content_type, *body;
	const char *service; /* of the scope; NULL: unsigned */
};

/* The headers of a signed request. */
static size_t sign(struct world *w, const struct ask *ask, struct http_header header[8])
{
	char date[WHEN_TEXT];
	size_t n = 0;
	int64_t now_ms = w->clock.now_ms(w->clock.self);
	const char *mark = strchr(ask->target, '?');
	when_compact(now_ms, date);
	header[n++] = (struct http_header){"Host", "localhost"};
	if (ask->content_type != NULL)
		header[n++] = (struct http_header){"Content-Type", ask->content_type};
	if (ask->service == NULL)
		return n;
	header[n++] = (struct http_header){"X-Amz-Date", arena_strdup(w->arena, date)};
	if (w->token != NULL)
		header[n++] = (struct http_header){"X-Amz-Security-Token", w->token};
	struct sigv4_request r = {
		.method = ask->method,
		.path = arena_copy(w->arena, ask->target, strcspn(ask->target, "?")),
		.query = mark != NULL ? mark + 1 : NULL,
		.header = header,
		.header_count = n,
		.body = ask->body,
		.body_len = strlen(ask->body),
		.region = "us-east-1",
		.service = ask->service,
		.now_ms = now_ms,
	};
	struct sigv4 s = sigv4_sign(w->arena, &r, w->key, w->secret);
	header[n++] = (struct http_header){"Authorization", s.authorization};
	return n;
}

static struct wire_answer answer_of(struct world *w, const struct ask *ask)
{
	struct http_header signed_ones[8];
	struct signature_header *header = arena_array(w->arena, 8, sizeof *header);
	size_t count = sign(w, ask, signed_ones);
	for (size_t i = 0; i < count; i++)
		header[i] = (struct signature_header){signed_ones[i].name, signed_ones[i].value};
	struct buf *body = buf_new(w->arena, DOOR_BODY_MAX);
	buf_puts(body, ask->body);
	struct door_request in = {
		.arena = w->arena,
		.method = ask->method,
		.target = ask->target,
		.header = header,
		.header_count = count,
		.body = body,
	};
	struct wire_answer out;
	door_answer(w->sandbox, &in, &out);
	return out;
}

static const char form[] = "application/x-www-form-urlencoded; charset=utf-8";
static const char caller[] = "Action=GetCallerIdentity&Version=2011-06-15";
static const char roles[] = "Action=ListRoles&Version=2010-05-08";

static void expect(struct world *w, const struct ask *ask, int status, const char *text)
{
	struct wire_answer out = answer_of(w, ask);
	const char *type = out.error_type != NULL ? out.error_type : "";
	if (out.status != status || (strstr(out.body->data, text) == NULL && strcmp(type, text) != 0))
		fail_msg("%s %s %s: got %d %s %s", ask->method, ask->target, ask->body, out.status, type,
			 out.body->data);
	assert_non_null(out.request_id);
	assert_true(*out.request_id != '\0');
	assert_non_null(out.content_type);
	assert_int_equal(out.fate, WIRE_SEND);
}

static void finds_the_service(void **state)
{
	const struct {
		struct ask ask;
		int status;
		const char *text;
	} cases[] = {
		{{"POST", "/", form, caller, "sts"}, 200, "GetCallerIdentityResult"},
		{{"POST", "/", form, roles, "iam"}, 200, "ListRolesResult"},
		{{"GET", "/?Action=ListRoles&Version=2010-05-08", NULL, "", "iam"}, 200, "ListRolesResult"},
		{{"GET", "/analyzer", NULL, "", "access-analyzer"}, 200, "analyzers"},
		{{"POST", "/", form, caller, "iam"}, 403, "correct service: 'sts'"},
		{{"POST", "/", form, roles, "sts"}, 403, "correct service: 'iam'"},
		{{"POST", "/", form, roles, "access-analyzer"}, 403, "correct service: 'iam'"},
		{{"POST", "/", form, roles, "s3"}, 403, "correct service: 'iam'"},
		{{"GET", "/analyzer", NULL, "", "iam"}, 403, "InvalidSignatureException"},
		{{"POST", "/", form, roles, NULL}, 403, "MissingAuthenticationToken<"},
		{{"GET", "/analyzer", NULL, "", NULL}, 403, "MissingAuthenticationTokenException"},
		{{"POST", "/", form, "Action=Nonsense&Version=2010-05-08", "iam"}, 400, "InvalidAction"},
		{{"POST", "/", form, "Action=%zz", "iam"}, 404, "MalformedQueryString"},
		{{"GET", "/analyzer?a=%zz", NULL, "", "access-analyzer"}, 400, "ValidationException"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(*state, &cases[i].ask, cases[i].status, cases[i].text);
}

static void refuses_what_is_too_large(void **state)
{
	struct world *w = *state;
	struct wire_answer out;
	struct door_request in = {
		.arena = w->arena,
		.method = "POST",
		.target = "/",
		.body = buf_new(w->arena, 16),
		.too_large = true,
	};
	door_answer(w->sandbox, &in, &out);
	assert_int_equal(out.status, 413);
	assert_non_null(strstr(out.body->data, "RequestEntityTooLarge"));
}

static const char *between(struct arena *a, const char *text, const char *name)
{
	const char *open = strstr(text, str_printf(a, "<%s>", name));
	assert_non_null(open);
	open += strlen(name) + 2;
	return arena_copy(a, open, strcspn(open, "<"));
}

static void sessions_expire(void **state)
{
	static const char trust[] =
		"Action=CreateRole&Version=2010-05-08&RoleName=Door&AssumeRolePolicyDocument="
		"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22"
		"%2C%22Principal%22%3A%7B%22AWS%22%3A%22111122223333%22%7D%2C%22Action%22%3A"
		"%22sts%3AAssumeRole%22%7D%5D%7D";
	static const char assume[] =
		"Action=AssumeRole&Version=2011-06-15&RoleSessionName=door&DurationSeconds=900&RoleArn="
		"arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FDoor";
	struct world *w = *state;
	struct ask create = {"POST", "/", form, trust, "iam"}, enter = {"POST", "/", form, assume, "sts"};
	struct ask sts = {"POST", "/", form, caller, "sts"}, iam = {"POST", "/", form, roles, "iam"};
	struct ask analyzer = {"GET", "/analyzer", NULL, "", "access-analyzer"};
	expect(w, &create, 200, "role/Door");
	struct wire_answer session = answer_of(w, &enter);
	if (session.status != 200)
		fail_msg("AssumeRole: %s", session.body->data);
	w->key = between(w->arena, session.body->data, "AccessKeyId");
	w->secret = between(w->arena, session.body->data, "SecretAccessKey");
	w->token = between(w->arena, session.body->data, "SessionToken");
	expect(w, &sts, 200, "assumed-role/Door/door");
	clock_virtual_advance(&w->clock, 890 * 1000);
	expect(w, &sts, 200, "assumed-role/Door/door");
	clock_virtual_advance(&w->clock, 20 * 1000);
	expect(w, &sts, 400, "ExpiredToken<");
	expect(w, &iam, 403, "ExpiredToken<");
	expect(w, &analyzer, 403, "ExpiredTokenException");
	w->token = NULL;
	expect(w, &sts, 403, "InvalidClientTokenId");
}

/* --- listening --- */

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void send_signed(struct world *w, int fd)
{
	struct ask ask = {"GET", "/analyzer", NULL, "", "access-analyzer"};
	struct http_header header[8];
	size_t count = sign(w, &ask, header);
	struct buf *b = buf_new(w->arena, 8192);
	buf_puts(b, "GET /analyzer HTTP/1.1\r\nConnection: close\r\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s: %s\r\n", header[i].name, header[i].value);
	buf_puts(b, "\r\n");
	assert_int_equal(send(fd, b->data, b->len, 0), b->len);
}

static const char *receive(struct world *w, int fd)
{
	char piece[4096];
	ssize_t got;
	struct buf *b = buf_new(w->arena, 1 << 20);
	while ((got = recv(fd, piece, sizeof piece, 0)) > 0)
		buf_put(b, piece, (size_t)got);
	close(fd);
	return b->data;
}

static void serves_and_stops(void **state)
{
	struct world *w = *state;
	struct err e;
	int port = 0, again = 0;
	struct sandbox_server *server = sandbox_serve(w->arena, w->sandbox, "127.0.0.1", 0, &port, &e);
	assert_non_null(server);
	assert_true(port > 0);
	int fd = connect_to(port);
	send_signed(w, fd);
	const char *got = receive(w, fd);
	assert_true(str_starts(got, "HTTP/1.1 200 "));
	assert_non_null(strstr(got, "Date: Sun, 01 Mar 2026 10:15:00 GMT\r\n")); /* the sandbox's clock */
	assert_non_null(strstr(got, "x-amzn-RequestId: "));

	assert_null(sandbox_serve(w->arena, w->sandbox, "127.0.0.1", port, &again, &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "Address already in use"));
	sandbox_server_stop(server);
	server = sandbox_serve(w->arena, w->sandbox, "127.0.0.1", port, &again, &e);
	assert_non_null(server);
	assert_int_equal(again, port);
	sandbox_server_stop(server);
}

static void refuses_bad_addresses(void **state)
{
	static const char *const hosts[] = {"", "localhost", "127.0.0.1:80", "256.0.0.1", "::g"};
	struct world *w = *state;
	struct err e;
	int port;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		assert_null(sandbox_serve(w->arena, w->sandbox, hosts[i], 0, &port, &e));
		assert_int_equal(e.kind, ERR_USAGE);
	}
	assert_null(sandbox_serve(w->arena, w->sandbox, "127.0.0.1", 65536, &port, &e));
	assert_null(sandbox_serve(w->arena, w->sandbox, "127.0.0.1", -1, &port, &e));
}

static int start_slow(void **state)
{
	struct err e;
	struct sandbox_setting setting = {.seed = 1, .latency_ms = 3600000};
	if (start(state) != 0)
		return -1;
	struct world *w = *state;
	w->sandbox = sandbox_new(w->arena, &setting, &w->clock, &e);
	return w->sandbox != NULL ? 0 : -1;
}

/* An answer held back for an hour does not hold back the end; it is sent or dropped. */
static void stops_while_answers_wait(void **state)
{
	struct world *w = *state;
	struct err e;
	int port = 0, fd[20];
	struct sandbox_server *server = sandbox_serve(w->arena, w->sandbox, "127.0.0.1", 0, &port, &e);
	assert_non_null(server);
	for (size_t i = 0; i < 20; i++) {
		fd[i] = connect_to(port);
		send_signed(w, fd[i]);
	}
	while (sandbox_calls(w->sandbox) < 20)
		usleep(1000);
	sandbox_server_stop(server);
	for (size_t i = 0; i < 20; i++)
		receive(w, fd[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_the_service, start, finish),
		cmocka_unit_test_setup_teardown(refuses_what_is_too_large, start, finish),
		cmocka_unit_test_setup_teardown(sessions_expire, start, finish),
		cmocka_unit_test_setup_teardown(serves_and_stops, start, finish),
		cmocka_unit_test_setup_teardown(refuses_bad_addresses, start, finish),
		cmocka_unit_test_setup_teardown(stops_while_answers_wait, start_slow, finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
