#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/receipt.h"
#include "pare/str.h"

static struct arena *a;
static const char *text;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	struct receipt_step steps[] = {{1, "CreatePolicy", "done", "r-1"}, {2, "DetachRolePolicy", "already", NULL},
				       {3, "DeleteRolePolicy", "not-started", NULL}};
	struct approval_note notes[] = {{"merged", "Reviewer", "commit 0123"}, {"signature", NULL, NULL}};
	struct receipt r = {.plan_id = "20261124T030923Z-111122223333-AppRole-0123abcd", .plan_digest = "d1",
			    .account = "111122223333", .principal_arn = "arn:aws:iam::111122223333:role/AppRole",
			    .result = "partial", .reason = "step 3: \"x\" \xe2\x82\xac", .started_at = "2026-11-24T03:09:23Z",
			    .finished_at = "2026-11-24T03:10:23Z", .executor = "arn:aws:sts::111122223333:assumed-role/e/s",
			    .tip = "c0ffee", .journal_sha256 = "abc", .step = steps, .count = 3, .approval = notes,
			    .approval_count = 2};
	struct buf *b = buf_new(a, 1 << 20);
	receipt_print(&r, b);
	text = b->data;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void reads_what_was_printed(void **state)
{
	(void)state;
	struct err e = {0};
	struct receipt *r = receipt_parse(a, text, strlen(text), "x", &e);
	if (r == NULL)
		fail_msg("%s", e.message);
	assert_string_equal(r->result, "partial");
	assert_string_equal(r->reason, "step 3: \"x\" \xe2\x82\xac");
	assert_int_equal(r->count, 3);
	assert_string_equal(r->step[0].request_id, "r-1");
	assert_null(r->step[1].request_id);
	assert_string_equal(r->step[2].result, "not-started");
	assert_int_equal(r->approval_count, 2);
	assert_null(r->approval[1].who);
	struct buf *b = buf_new(a, 1 << 20);
	receipt_print(r, b);
	assert_string_equal(b->data, text);
}

/* Receipts of before there were runs stay what they were, byte for byte. */
static void the_run_is_optional(void **state)
{
	(void)state;
	struct err e = {0};
	struct receipt *r = receipt_parse(a, text, strlen(text), "x", &e);
	assert_non_null(r);
	assert_null(r->run);
	assert_null(strstr(text, "\"run\""));
	r->run = "20261124T030923Z-111122223333";
	struct buf *b = buf_new(a, 1 << 20);
	receipt_print(r, b);
	r = receipt_parse(a, b->data, b->len, "x", &e);
	if (r == NULL)
		fail_msg("%s", e.message);
	assert_string_equal(r->run, "20261124T030923Z-111122223333");
}

static void edits_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"pare.receipt/v1", "pare.receipt/v2", "expected schema"},
		{"\"planDigest\": \"d1\"", "\"planDigest\": null", "all its members"},
		{"\"planDigest\": \"d1\"", "\"planDigest\": 7", "all its members"},
		{"\"result\": \"partial\"", "\"result\": \"great\"", "unknown result 'great'"},
		{"\"result\": \"done\"", "\"result\": \"perhaps\"", "step 1: unknown result"},
		{"\"result\": \"done\"", "\"result\": null", "'op' and 'result'"},
		{"\"n\": 1", "\"n\": 0", "step's number"},
		{"\"n\": 1", "\"n\": 1.0", "step's number"},
		{"\"method\": \"merged\"", "\"method\": null", "approval's 'method'"},
		{"\"tip\": \"c0ffee\",\n", "", "canonical form"},
		{"\"tip\": \"c0ffee\"", "\"tip\":  \"c0ffee\"", "canonical form"},
		{"\"tip\": \"c0ffee\"", "\"tip\": \"c0ffee\", \"tipp\": 1", "did you mean 'tip'"},
		{"\"tip\": \"c0ffee\"", "\"tip\": \"c0ffee\", \"tip\": \"1\"", "stands twice"},
		{"\"steps\": [", "\"steps\": [1, ", "step's number"},
		{"\"approvals\": [", "\"approvals\": [[], ", "approval's 'method'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		const char *at = strstr(text, cases[i][0]);
		assert_non_null(at);
		const char *edited =
			str_printf(a, "%.*s%s%s", (int)(at - text), text, cases[i][1], at + strlen(cases[i][0]));
		if (receipt_parse(a, edited, strlen(edited), "file", &e) != NULL)
			fail_msg("'%s' was accepted", cases[i][1]);
		if (strstr(e.message, cases[i][2]) == NULL || strstr(e.message, "file") == NULL)
			fail_msg("'%s': %s", cases[i][1], e.message);
	}
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct err e;
	for (size_t len = 0; len < strlen(text); len++)
		assert_null(receipt_parse(a, text, len, "x", &e));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {TEST(reads_what_was_printed), TEST(the_run_is_optional),
					   TEST(edits_are_refused), TEST(every_cut_is_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
