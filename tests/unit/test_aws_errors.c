/* Errors in every form they arrive in, and what each asks of its caller. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

static void kind(const char *code, long status, bool write, enum err_kind wanted)
{
	enum err_kind got = aws_error_kind(code, status, write);
	if (got != wanted)
		fail_msg("'%s' %ld %s: got %s, wanted %s", code, status, write ? "write" : "read",
			 err_kind_name(got), err_kind_name(wanted));
}

static void test_codes(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		long status;
		enum err_kind read, write;
	} cases[] = {
		{"LimitExceeded", 409, ERR_LIMIT, ERR_LIMIT},
		{"ServiceQuotaExceededException", 402, ERR_LIMIT, ERR_LIMIT},
		{"Throttling", 400, ERR_THROTTLED, ERR_THROTTLED},
		{"ThrottlingException", 429, ERR_THROTTLED, ERR_THROTTLED},
		{"ConcurrentModification", 409, ERR_THROTTLED, ERR_THROTTLED},
		{"NoSuchEntity", 404, ERR_NOT_FOUND, ERR_NOT_FOUND},
		{"NoSuchEntityException", 404, ERR_NOT_FOUND, ERR_NOT_FOUND},
		{"ResourceNotFoundException", 404, ERR_NOT_FOUND, ERR_NOT_FOUND},
		{"EntityAlreadyExists", 409, ERR_CONFLICT, ERR_CONFLICT},
		{"DeleteConflict", 409, ERR_CONFLICT, ERR_CONFLICT},
		{"MalformedPolicyDocument", 400, ERR_INPUT, ERR_INPUT},
		{"UnmodifiableEntity", 400, ERR_INPUT, ERR_INPUT},
		{"InvalidAction", 400, ERR_INPUT, ERR_INPUT},
		{"UnknownOperationException", 404, ERR_INPUT, ERR_INPUT},
		{"AccessDenied", 403, ERR_AUTH, ERR_AUTH},
		{"AccessDeniedException", 400, ERR_AUTH, ERR_AUTH},
		{"ExpiredToken", 403, ERR_AUTH, ERR_AUTH},
		{"ExpiredTokenException", 400, ERR_AUTH, ERR_AUTH},
		{"RequestExpired", 400, ERR_AUTH, ERR_AUTH},
		{"RegionDisabledException", 403, ERR_AUTH, ERR_AUTH},
		{"ServiceFailure", 500, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"InternalFailure", 500, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"ServiceUnavailable", 503, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"RequestTimeout", 400, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"UnprocessableEntityException", 422, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"IDPCommunicationError", 400, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		/* The code comes before the status. */
		{"AccessDenied", 500, ERR_AUTH, ERR_AUTH},
		{"Throttling", 503, ERR_THROTTLED, ERR_THROTTLED},
		{"NoSuchEntity", 500, ERR_NOT_FOUND, ERR_NOT_FOUND},
		/* Without a code that is known: by status, and never "gone" or "exists". */
		{"", 404, ERR_INPUT, ERR_INPUT},
		{"", 409, ERR_INPUT, ERR_INPUT},
		{"Whatever", 404, ERR_INPUT, ERR_INPUT},
		{"nosuchentity", 404, ERR_INPUT, ERR_INPUT},
		{"", 400, ERR_INPUT, ERR_INPUT},
		{"", 301, ERR_INPUT, ERR_INPUT},
		{"", 413, ERR_INPUT, ERR_INPUT},
		{"", 401, ERR_AUTH, ERR_AUTH},
		{"", 403, ERR_AUTH, ERR_AUTH},
		{"", 407, ERR_AUTH, ERR_AUTH},
		{"", 408, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"", 429, ERR_THROTTLED, ERR_THROTTLED},
		{"", 500, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"", 501, ERR_INPUT, ERR_INPUT},
		{"", 502, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"", 504, ERR_UNAVAILABLE, ERR_UNCERTAIN},
		{"Whatever", 599, ERR_UNAVAILABLE, ERR_UNCERTAIN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		kind(cases[i].code, cases[i].status, false, cases[i].read);
		kind(cases[i].code, cases[i].status, true, cases[i].write);
	}
}

static void test_retry_vectors_classification(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t len = 0;
	char *text = shared_file("retry/retry-vectors.json", &len);
	if (text == NULL) {
		printf("skipped: retry classification: no shared data\n");
		arena_free(a);
		skip();
	}
	const struct json *v = json_get(json_parse(a, text, len, "retry", &e), "classification");
	free(text);
	assert_non_null(v);
	for (const struct json *c = json_get(v, "throttling_codes")->first; c != NULL; c = c->next)
		kind(c->text, 400, true, ERR_THROTTLED);
	for (const struct json *c = json_get(v, "transient_codes")->first; c != NULL; c = c->next) {
		const char *code = arena_copy(a, c->text, strcspn(c->text, "("));
		/* Docs and botocore differ over this one; as throttling it is retried all the
		 * same. */
		bool either = strcmp(code, "PriorRequestNotComplete") == 0;
		kind(code, 400, false, either ? ERR_THROTTLED : ERR_UNAVAILABLE);
	}
	for (const struct json *c = json_get(v, "transient_http")->first; c != NULL; c = c->next)
		kind("", strtol(c->text, NULL, 10), false, ERR_UNAVAILABLE);
	for (const struct json *c = json_get(v, "never_retry_for_iam")->first; c != NULL;
	     c = c->next) {
		const char *code = arena_copy(a, c->text, strcspn(c->text, " "));
		struct call call = {.op = CALL_ATTACH_ROLE_POLICY,
				    .err.kind = aws_error_kind(code, 409, true)};
		if (retry_cause_of(&call) != RETRY_NONE)
			fail_msg("'%s' would be retried", code);
	}
	arena_free(a);
}

static struct call answered(struct arena *a, enum call_op op, long status, const char *header,
			    const char *body)
{
	struct call c = {.op = op, .arena = a};
	bool aa = op == CALL_LIST_FINDINGS || op == CALL_UPDATE_FINDING;
	if (aa)
		assert_false(analyzer_answer(&c, status, header, body, strlen(body)));
	else
		assert_false(iam_answer(&c, status, body, strlen(body)));
	return c;
}

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		enum call_op op;
		long status;
		const char *header, *body, *code;
		enum err_kind kind;
		const char *words;
	} cases[] = {
		/* rest-json */
		{CALL_LIST_FINDINGS, 400, "ValidationException", "{\"message\":\"m1\"}",
		 "ValidationException", ERR_INPUT, "m1"},
		{CALL_LIST_FINDINGS, 400, "ValidationException:http://x/#y", "{\"Message\":\"m2\"}",
		 "ValidationException", ERR_INPUT, "m2"},
		{CALL_LIST_FINDINGS, 400, "com.amazon#ThrottlingException:", "",
		 "ThrottlingException", ERR_THROTTLED, "Throttling"},
		{CALL_LIST_FINDINGS, 400, NULL,
		 "{\"code\":\"a.b#ValidationException:x\",\"__type\":\"Other\"}",
		 "ValidationException", ERR_INPUT, "Validation"},
		{CALL_LIST_FINDINGS, 404, NULL,
		 "{\"__type\":\"x#ResourceNotFoundException\",\"message\":null}",
		 "ResourceNotFoundException", ERR_NOT_FOUND, "Resource"},
		{CALL_LIST_FINDINGS, 500, NULL, "{\"message\":\"only words\"}", "", ERR_UNAVAILABLE,
		 "only words"},
		{CALL_LIST_FINDINGS, 400, NULL, "{\"code\":7}", "", ERR_INPUT, "HTTP status 400"},
		{CALL_LIST_FINDINGS, 400, NULL, "[1]", "", ERR_INPUT, "HTTP status 400"},
		{CALL_LIST_FINDINGS, 403, "AccessDeniedException", "<html>",
		 "AccessDeniedException", ERR_AUTH, "AccessDenied"},
		{CALL_UPDATE_FINDING, 500, "InternalServerException", "{}",
		 "InternalServerException", ERR_UNCERTAIN, "Internal"},
		/* query */
		{CALL_GET_ROLE, 404, NULL,
		 "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>m</Message></Error></"
		 "ErrorResponse>",
		 "NoSuchEntity", ERR_NOT_FOUND, "NoSuchEntity: m"},
		{CALL_GET_ROLE, 404, NULL, "<Error><Code>NoSuchEntity</Code></Error>",
		 "NoSuchEntity", ERR_NOT_FOUND, "NoSuchEntity"},
		{CALL_GET_ROLE, 400, NULL,
		 "<Response><Errors><Error><Code>Throttling</Code><Message>m</Message></Error></"
		 "Errors><RequestID>r</RequestID></Response>",
		 "Throttling", ERR_THROTTLED, "m"},
		{CALL_GET_ROLE, 400, NULL,
		 "<ErrorResponse><Error><Code>\n Throttling \n</Code></Error></ErrorResponse>",
		 "Throttling", ERR_THROTTLED, "Throttling"},
		/* proxies, emulators, nothing */
		{CALL_DETACH_ROLE_POLICY, 404, NULL, "<!doctype html><title>404 Not Found</title>",
		 "", ERR_INPUT, "none of AWS's"},
		{CALL_DETACH_ROLE_POLICY, 404, NULL, "", "", ERR_INPUT, "an empty answer"},
		{CALL_DETACH_ROLE_POLICY, 404, NULL, "<html><body>Error</body></html>", "",
		 ERR_INPUT, "none of AWS's"},
		{CALL_DETACH_ROLE_POLICY, 502, NULL, "<html>Bad Gateway</html>", "", ERR_UNCERTAIN,
		 "Bad Gateway"},
		{CALL_GET_ROLE, 502, NULL, "<html>Bad Gateway</html>", "", ERR_UNAVAILABLE,
		 "Bad Gateway"},
		{CALL_GET_ROLE, 302, NULL, "", "", ERR_INPUT, "empty"},
		{CALL_GET_ROLE, 301, NULL, "moved", "", ERR_INPUT,
		 "redirect, which is not followed"},
		{CALL_GET_ROLE, 407, NULL, "proxy wants a login", "", ERR_AUTH,
		 "proxy wants a login"},
		{CALL_GET_ROLE, 501, NULL, "<html>not implemented</html>", "", ERR_INPUT,
		 "without this operation"},
		/* codes that are no codes */
		{CALL_GET_ROLE, 400, NULL, "<Error><Code>\x1b[31mred</Code></Error>", "", ERR_INPUT,
		 "HTTP status 400"},
		{CALL_GET_ROLE, 400, NULL, "<Error><Code>no such thing</Code></Error>", "no",
		 ERR_INPUT, "GetRole"},
		{CALL_LIST_FINDINGS, 400, "a b", "{\"message\":\"m\"}", "", ERR_INPUT, "m"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct call c = answered(a, cases[i].op, cases[i].status, cases[i].header,
					 cases[i].body);
		if (strcmp(c.err.code, cases[i].code) != 0 || c.err.kind != cases[i].kind ||
		    strstr(c.err.message, cases[i].words) == NULL)
			fail_msg("%ld '%s': code '%s', kind %s, message '%s'", cases[i].status,
				 cases[i].body, c.err.code, err_kind_name(c.err.kind),
				 c.err.message);
		arena_free(a);
	}
}

static void test_long_and_hostile_texts(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	char body[8192];
	memset(body, 'A', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	struct call c = answered(a, CALL_GET_ROLE, 500, NULL, body);
	assert_true(strlen(c.err.message) < 400);
	c = answered(a, CALL_LIST_FINDINGS, 400, body, "{}");
	assert_string_equal(c.err.code, "");
	c = answered(a, CALL_GET_ROLE, 500, NULL,
		     "a\x1b]0;title\x07"
		     "b\xe2\x80\xae"
		     "c");
	for (const char *x = c.err.message; *x != '\0'; x++)
		assert_true((unsigned char)*x >= 0x20);
	assert_null(strstr(c.err.message, "\xe2\x80\xae"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_retry_vectors_classification),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_long_and_hostile_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
