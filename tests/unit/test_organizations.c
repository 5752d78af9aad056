/* AWS Organizations over JSON 1.1: what is sent, pages (empty ones, too), what each refusal says, and
 * what is asked again. */
#include "test.h"

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "json_at.h"
#include "pare/json.h"
#include "pare/organization.h"
#include "pare/str.h"
#include "pare/when.h"
#include "server.h"
#include "shared_data.h"

enum { ANSWERS = 24 };

struct script {
	struct {
		int status;
		const char *body, *header;
	} answer[ANSWERS];
};

static struct arena *a;
static struct err e;
static int64_t clock_ms, slept_ms;
static bool stop;
static struct server server;
static const char *sent[ANSWERS];

static int64_t clock_now(void *self)
{
	(void)self;
	return clock_ms;
}

static void clock_sleep(void *self, int64_t until_ms)
{
	(void)self;
	slept_ms += until_ms - clock_ms;
	clock_ms = until_ms;
}

static bool clock_interrupted(void *self)
{
	(void)self;
	return stop;
}

static const struct clock_port fake_clock = {NULL, clock_now, clock_sleep, clock_interrupted};

static bool handle(struct server *s, int fd, size_t n, const char *request)
{
	const struct script *x = s->user;
	(void)request;
	if (n >= ANSWERS || x->answer[n].status == 0)
		return false;
	return server_answer(fd, x->answer[n].status,
			     x->answer[n].header != NULL ? x->answer[n].header
							 : "Content-Type: application/x-amz-json-1.1\r\n",
			     x->answer[n].body);
}

static struct organization_port open_port(const struct script *x)
{
	struct organization_port p;
	const struct credential_setting keys = {.clock = &fake_clock};
	assert_true(server_start(&server, handle, (void *)(uintptr_t)x));
	setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", str_printf(a, "http://127.0.0.1:%d", server.port), 1);
	if (!organizations_open(a, "eu-west-1", credentials_open(a, &keys), &fake_clock, &p, &e))
		fail_msg("%s", e.message);
	return p;
}

static void close_port(void)
{
	for (size_t i = 0; i < server.requests && i < ANSWERS; i++)
		sent[i] = arena_strdup(a, server.request[i]);
	server_stop(&server);
}

static bool ask_accounts(const struct script *x, struct member_account **out, size_t *count)
{
	struct organization_port p = open_port(x);
	bool ok = p.accounts(p.self, a, out, count, &e);
	close_port();
	return ok;
}

static int setup(void **state)
{
	(void)state;
	a = arena_new(NULL);
	clock_ms = 1795507200000;
	slept_ms = 0;
	stop = false;
	aws_env_clear();
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* --- lists --- */

static void one_page(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[{\"Id\":\"111122223333\",\"Name\":\"dev\",\"Status\":\"ACTIVE\"},"
					"{\"Id\":\"444455556666\",\"State\":\"CLOSED\"}],\"NextToken\":null}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(count, 2);
	assert_string_equal(m[0].id, "111122223333");
	assert_string_equal(m[0].name, "dev");
	assert_string_equal(m[0].state, "ACTIVE");
	assert_string_equal(m[1].state, "CLOSED");
	assert_int_equal(server.requests, 1);
	assert_non_null(strcasestr(sent[0], "x-amz-target: AWSOrganizationsV20161128.ListAccounts\r\n"));
	assert_non_null(strcasestr(sent[0], "content-type: application/x-amz-json-1.1\r\n"));
	assert_non_null(strstr(sent[0], "/organizations/aws4_request"));
	assert_non_null(strstr(sent[0], "x-amz-target, Signature="));
	assert_non_null(strstr(sent[0], "\r\n\r\n{\"MaxResults\":20}"));
}

/* State is what Status was: where both stand, State is right. */
static void state_before_status(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[{\"Id\":\"111122223333\",\"Name\":\"a\\u0007b\","
					"\"Status\":\"ACTIVE\",\"State\":\"PENDING_CLOSURE\"}]}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_string_equal(m[0].state, "PENDING_CLOSURE");
	assert_string_equal(m[0].name, "a?b");
}

/* An empty page is no end, and neither is the first of several. */
static void empty_pages(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[],\"NextToken\":\"one\"}", NULL},
				  {200, "{\"NextToken\":\"two\"}", NULL},
				  {200, "{\"Accounts\":[{\"Id\":\"111122223333\",\"State\":\"ACTIVE\"}],\"NextToken\":\"three\"}", NULL},
				  {200, "{\"Accounts\":[],\"NextToken\":\"four\"}", NULL},
				  {200, "{\"Accounts\":[{\"Id\":\"444455556666\",\"State\":\"ACTIVE\"}]}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(count, 2);
	assert_string_equal(m[1].id, "444455556666");
	assert_int_equal(server.requests, 5);
	assert_null(strstr(sent[0], "NextToken"));
	assert_non_null(strstr(sent[1], "\"NextToken\":\"one\""));
	assert_non_null(strstr(sent[4], "\"NextToken\":\"four\""));
}

static void pages_without_end(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[],\"NextToken\":\"one\"}", NULL},
				  {200, "{\"Accounts\":[],\"NextToken\":\"one\"}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_false(ask_accounts(&x, &m, &count));
	assert_non_null(strstr(e.message, "the pages have no end"));
	assert_int_equal(server.requests, 2);
}

static void what_is_inside(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[{\"Id\":\"111122223333\",\"State\":\"ACTIVE\"}],\"NextToken\":\"n\"}", NULL},
				  {200, "{\"Accounts\":[{\"Id\":\"444455556666\",\"State\":\"SUSPENDED\"}]}", NULL},
				  {200, "{\"OrganizationalUnits\":[{\"Id\":\"ou-ab12-34cd56ef\",\"Name\":\"dev\"}]}", NULL}}};
	struct str_list accounts = {0}, units = {0};
	(void)state;
	struct organization_port p = open_port(&x);
	assert_true(p.inside(p.self, a, "r-ab12", &accounts, &units, &e));
	close_port();
	assert_int_equal(accounts.count, 2);
	assert_int_equal(units.count, 1);
	assert_string_equal(units.item[0], "ou-ab12-34cd56ef");
	assert_non_null(strstr(sent[0], ".ListAccountsForParent\r\n"));
	assert_non_null(strstr(sent[1], "{\"ParentId\":\"r-ab12\",\"MaxResults\":20,\"NextToken\":\"n\"}"));
	assert_non_null(strstr(sent[2], ".ListOrganizationalUnitsForParent\r\n"));
	assert_non_null(strstr(sent[2], "{\"ParentId\":\"r-ab12\",\"MaxResults\":20}"));
}

static void tags_of_an_account(void **state)
{
	const struct script x = {{{200, "{\"Tags\":[{\"Key\":\"env\",\"Value\":\"dev\"}],\"NextToken\":\"n\"}", NULL},
				  {200, "{\"Tags\":[{\"Key\":\"empty\",\"Value\":\"\"}]}", NULL}}};
	struct tag *tag;
	size_t count;
	(void)state;
	struct organization_port p = open_port(&x);
	assert_true(p.tags(p.self, a, "111122223333", &tag, &count, &e));
	close_port();
	assert_int_equal(count, 2);
	assert_string_equal(tag[0].value, "dev");
	assert_string_equal(tag[1].value, "");
	assert_non_null(strstr(sent[0], "{\"ResourceId\":\"111122223333\"}"));
}

/* --- what is refused --- */

static void refusals(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"You don't have permissions to access this resource.\"}",
		 ERR_AUTH, "You don't have permissions to access this resource; Organizations answers its management account"},
		{400, "{\"__type\":\"com.amazonaws.organizations#AccessDeniedException\"}", ERR_AUTH, "delegated administrators only"},
		{400, "{\"__type\":\"AWSOrganizationsNotInUseException\",\"Message\":\"Your account is not a member of an organization.\"}",
		 ERR_NOT_FOUND, "is in no organization: use those of an organization's management account"},
		{400, "{\"__type\":\"ParentNotFoundException\",\"Message\":\"You specified parent that doesn't exist.\"}",
		 ERR_NOT_FOUND, "this organization has no such unit"},
		{400, "{\"__type\":\"OrganizationalUnitNotFoundException\"}", ERR_NOT_FOUND, "this organization has no such unit"},
		{400, "{\"__type\":\"InvalidInputException\",\"Message\":\"You specified an invalid value.\",\"Reason\":\"INVALID_PATTERN\"}",
		 ERR_INPUT, "InvalidInputException: You specified an invalid value."},
		{400, "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token included in the request is invalid.\"}",
		 ERR_AUTH, "UnrecognizedClientException"},
		{404, "<html>\x1b[31mnot here</html>", ERR_INPUT, "HTTP status 404"},
		{200, "<html>hello</html>", ERR_INPUT, "none of Organizations'"},
		{200, "[]", ERR_INPUT, "none of Organizations'"},
		{200, "{\"Accounts\":{}}", ERR_INPUT, "the answer's 'Accounts' is not what it must be"},
		{200, "{\"Accounts\":[{\"Id\":\"12\",\"State\":\"ACTIVE\"}]}", ERR_INPUT, "the answer's 'Accounts'"},
		{200, "{\"Accounts\":[{\"Id\":\"111122223333\"}]}", ERR_INPUT, "the answer's 'Accounts'"},
		{200, "{\"Accounts\":[7]}", ERR_INPUT, "the answer's 'Accounts'"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct script x = {{{cases[i].status, cases[i].body, NULL}}};
		struct member_account *m;
		size_t count;
		assert_false(ask_accounts(&x, &m, &count));
		if (e.kind != cases[i].kind || strstr(e.message, cases[i].says) == NULL)
			fail_msg("%s: kind %d: %s", cases[i].body, (int)e.kind, e.message);
		assert_non_null(strstr(e.message, "asking AWS Organizations for its accounts: ListAccounts: "));
		assert_null(strchr(e.message, '\x1b'));
		assert_int_equal(server.requests, 1);
	}
	const struct script x = {{{200, "{\"Accounts\":[]}", NULL},
				  {200, "{\"OrganizationalUnits\":[{\"Id\":\"../etc\"}]}", NULL}}};
	struct str_list accounts = {0}, units = {0};
	struct organization_port p = open_port(&x);
	assert_false(p.inside(p.self, a, "r-ab12", &accounts, &units, &e));
	close_port();
	assert_non_null(strstr(e.message, "what is in 'r-ab12': ListOrganizationalUnitsForParent: "));
}

#define THROTTLED "{\"__type\":\"TooManyRequestsException\",\"Type\":\"RATE\",\"Message\":\"Slow down\"}"

static void throttling_is_waited_out(void **state)
{
	struct script x = {{{0}}};
	struct member_account *m;
	size_t count;
	(void)state;
	for (size_t i = 0; i < 9; i++) {
		x.answer[i].status = 400;
		x.answer[i].body = THROTTLED;
	}
	x.answer[8].header = "Retry-After: 7\r\n";
	x.answer[9].status = 200;
	x.answer[9].body = "{\"Accounts\":[]}";
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(count, 0);
	assert_int_equal(server.requests, 10);
	assert_true(slept_ms >= 7000);
}

static bool every_second(struct server *s, int fd, size_t n, const char *request)
{
	(void)s;
	(void)request;
	return n % 2 == 0 ? server_answer(fd, 400, "", THROTTLED) : server_answer(fd, 200, "", "{\"Tags\":[]}");
}

/* A large organization at the service's rate: what a retry took from the bucket comes back with its
 * success, so that the bucket never runs dry. */
static void throttled_all_along(void **state)
{
	const struct script none = {{{0}}};
	struct organization_port p = open_port(&none);
	(void)state;
	server.handle = every_second;
	for (size_t i = 0; i < 150; i++) {
		struct tag *tag;
		size_t count;
		if (!p.tags(p.self, a, "111122223333", &tag, &count, &e))
			fail_msg("account %zu: %s", i, e.message);
	}
	assert_int_equal(server.requests, 300);
	close_port();
}

static void throttling_has_an_end(void **state)
{
	struct script x = {{{0}}};
	struct member_account *m;
	size_t count;
	(void)state;
	for (size_t i = 0; i < ANSWERS; i++) {
		x.answer[i].status = 400;
		x.answer[i].body = THROTTLED;
	}
	assert_false(ask_accounts(&x, &m, &count));
	assert_int_equal(e.kind, ERR_THROTTLED);
	assert_int_equal(server.requests, 10);
	setenv("AWS_MAX_ATTEMPTS", "2", 1);
	assert_false(ask_accounts(&x, &m, &count));
	assert_int_equal(server.requests, 2);
}

/* A question that was lost is asked again; and it is no write of which nobody knows how it ended. */
static void lost_answers(void **state)
{
	const struct script x = {{{500, "{\"__type\":\"ServiceException\"}", NULL},
				  {503, "busy", NULL},
				  {200, "{\"Accounts\":[]}", NULL}}};
	const struct script gone = {{{0}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(server.requests, 3);
	assert_false(ask_accounts(&gone, &m, &count));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
}

static void interrupted(void **state)
{
	const struct script x = {{{200, "{\"Accounts\":[]}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	stop = true;
	assert_false(ask_accounts(&x, &m, &count));
	assert_int_equal(e.kind, ERR_INTERRUPTED);
	assert_int_equal(server.requests, 0);
}

/* AWS says by its Date how far our clock is off. */
static void clock_is_corrected(void **state)
{
	const struct script x = {{{400, "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}",
				   "Date: Tue, 24 Nov 2026 09:00:00 GMT\r\n"},
				  {200, "{\"Accounts\":[]}", NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(server.requests, 2);
	assert_non_null(strcasestr(sent[0], "x-amz-date: 20261124T080000Z"));
	assert_non_null(strcasestr(sent[1], "x-amz-date: 20261124T090000Z"));
}

/* --- against what botocore sends and reads --- */

static const struct json *golden(const char *file, const char *service_case, const struct json **whole)
{
	size_t len;
	char *text = shared_file(file, &len);
	if (text == NULL) {
		printf("skipped: %s: no shared data\n", file);
		arena_free(a);
		a = arena_new(NULL);
		skip();
	}
	*whole = json_parse(a, text, len, file, &e);
	free(text);
	for (const struct json *c = json_get(*whole, "cases")->first; c != NULL; c = c->next)
		if (str_equal(json_text(c, "name"), service_case))
			return c;
	fail_msg("%s has no case '%s'", file, service_case);
	return NULL;
}

static void golden_request(void **state)
{
	const struct json *whole, *c = golden("golden/requests.json", "organizations-list-accounts", &whole);
	const struct json *request = json_get(c, "request");
	const char *body = json_text(request, "body");
	struct credentials keys = {.access_key_id = "AKIDEXAMPLE",
				   .secret_access_key = arena_strdup(a, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
	struct aws_endpoint at;
	struct aws_message m;
	struct http_exchange x;
	int64_t then_ms;
	size_t wanted = 0;
	(void)state;
	assert_true(when_parse(json_text(whole, "clock"), &then_ms));
	assert_true(endpoint_resolve(a, "organizations", json_text(c, "client_region"), false, false, NULL, &at, &e));
	organizations_message(a, &at, "ListAccounts", body, strlen(body), &m);
	aws_sign(a, &m, &keys, then_ms, &x);
	assert_string_equal(x.method, json_text(request, "method"));
	assert_string_equal(x.url, json_text(request, "url"));
	assert_string_equal(x.body, body);
	for (const struct json *h = json_get(request, "headers")->first; h != NULL; h = h->next) {
		const char *got = NULL;
		if (str_equal_nocase(h->key, "Content-Length"))
			continue; /* libcurl counts it */
		wanted++;
		for (size_t i = 0; i < x.header_count; i++)
			if (str_equal_nocase(x.header[i].name, h->key))
				got = x.header[i].value;
		if (!str_equal(got, h->text))
			fail_msg("%s: got %s, wanted %s", h->key, got, h->text);
	}
	assert_int_equal(x.header_count, wanted + 1); /* and host */
}

static void golden_response(void **state)
{
	const struct json *whole, *c = golden("golden/responses.json", "organizations-ListAccounts", &whole);
	const struct json *parsed = json_get(json_get(c, "botocore_parsed"), "Accounts");
	const struct script x = {{{200, json_text(c, "body"), NULL}}};
	struct member_account *m;
	size_t count;
	(void)state;
	assert_true(ask_accounts(&x, &m, &count));
	assert_int_equal(count, parsed->count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(m[i].id, json_text(json_at(parsed, i), "Id"));
		assert_string_equal(m[i].name, json_text(json_at(parsed, i), "Name"));
		assert_string_equal(m[i].state, json_text(json_at(parsed, i), "State"));
	}
}

/* The endpoint of the partition, whatever the region; and what the environment says instead. */
static void endpoints(void **state)
{
	static const struct {
		const char *region, *url, *signs;
	} cases[] = {
		{"eu-west-1", "https://organizations.us-east-1.amazonaws.com", "us-east-1"},
		{"cn-north-1", "https://organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
		{"us-gov-east-1", "https://organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"eusc-de-east-1", "https://organizations.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
	};
	struct aws_endpoint at;
	struct profile_set none = {0};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(endpoint_of(a, "organizations", cases[i].region, &none, &at, &e));
		assert_string_equal(at.url, cases[i].url);
		assert_string_equal(at.signing_region, cases[i].signs);
		assert_string_equal(at.signing_name, "organizations");
	}
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
	assert_true(endpoint_of(a, "organizations", "eu-west-1", &none, &at, &e));
	assert_string_equal(at.url, "http://127.0.0.1:1");
	setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", "http://127.0.0.1:2", 1);
	assert_true(endpoint_of(a, "organizations", "eu-west-1", &none, &at, &e));
	assert_string_equal(at.url, "http://127.0.0.1:2");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_page), T(state_before_status), T(empty_pages), T(pages_without_end),
		T(what_is_inside), T(tags_of_an_account), T(refusals), T(throttling_is_waited_out),
		T(throttled_all_along), T(throttling_has_an_end), T(lost_answers), T(interrupted), T(clock_is_corrected),
		T(golden_request), T(golden_response), T(endpoints),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
