/* J4: any prefix of a valid journal reads as a prefix of its records; any other damage refuses. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/digest.h"
#include "pare/journal.h"
#include "pare/str.h"

static struct arena *a;
static struct buf *journal;
static size_t line_end[16]; /* offset behind each record */

enum { RECORDS = 8 };

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	journal = buf_new(a, 1 << 20);
	struct record records[RECORDS] = {
		{.time = "2026-11-24T03:09:23Z", .kind = RECORD_BEGIN, .detail = "digest"},
		{.time = "2026-11-24T03:09:24Z", .kind = RECORD_INTENT, .step = 1, .detail = "CreatePolicy"},
		{.time = "2026-11-24T03:09:25Z", .kind = RECORD_OUTCOME, .step = 1, .result = "done", .request_id = "r-1"},
		{.time = "2026-11-24T03:09:26Z", .kind = RECORD_BARRIER},
		{.time = "2026-11-24T03:09:27Z", .kind = RECORD_INTENT, .step = 2, .detail = "DetachRolePolicy"},
		{.time = "2026-11-24T03:09:28Z", .kind = RECORD_OUTCOME, .step = 2, .result = "failed",
		 .detail = "access denied: gr\xc3\xbc\xc3\x9f\" \\ \n\x01"},
		{.time = "2026-11-24T03:09:29Z", .kind = RECORD_UNDO_OUTCOME, .step = 1, .result = "done"},
		{.time = "2026-11-24T03:09:30Z", .kind = RECORD_END, .result = "undone"},
	};
	const char *head = NULL;
	for (size_t i = 0; i < RECORDS; i++) {
		head = record_print(a, &records[i], head, i + 1, journal);
		line_end[i] = journal->len;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* From a block of exactly that size. */
static struct journal *parse(struct arena *scratch, const char *text, size_t len, struct err *e)
{
	char *exact = malloc(len == 0 ? 1 : len);
	memcpy(exact, text, len);
	struct journal *j = journal_parse(scratch, exact, len, "x", e);
	free(exact);
	return j;
}

static void reads_what_was_written(void **state)
{
	(void)state;
	struct err e = {0};
	struct journal *j = parse(a, journal->data, journal->len, &e);
	if (j == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(j->count, RECORDS);
	assert_int_equal(j->whole_len, journal->len);
	assert_false(j->torn);
	assert_string_equal(j->record[2].request_id, "r-1");
	assert_string_equal(j->record[2].result, "done");
	assert_null(j->record[1].result);
	assert_int_equal(j->record[4].step, 2);
	assert_string_equal(j->record[5].detail, "access denied: gr\xc3\xbc\xc3\x9f\" \\ \n\x01");
	assert_string_equal(j->head, sha256_hex(a, journal->data + line_end[RECORDS - 2],
						line_end[RECORDS - 1] - line_end[RECORDS - 2]));
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(j->record[i].seq, i + 1);
	/* the chain: SHA-256 of the whole line before, its line feed included */
	assert_string_equal(j->record[0].previous, "0000000000000000000000000000000000000000000000000000000000000000");
	assert_string_equal(j->record[1].previous, sha256_hex(a, journal->data, line_end[0]));
	struct journal *empty = parse(a, "", 0, &e);
	assert_int_equal(empty->count, 0);
	assert_null(empty->head);
	assert_false(empty->torn);
}

static void every_prefix_reads_as_a_prefix(void **state)
{
	(void)state;
	for (size_t len = 0; len <= journal->len; len++) {
		struct arena *scratch = arena_new(NULL);
		struct err e = {0};
		size_t whole = 0;
		while (whole < RECORDS && line_end[whole] <= len)
			whole++;
		struct journal *j = parse(scratch, journal->data, len, &e);
		if (j == NULL)
			fail_msg("cut at %zu: %s", len, e.message);
		assert_int_equal(j->count, whole);
		assert_int_equal(j->whole_len, whole == 0 ? 0 : line_end[whole - 1]);
		assert_true(j->torn == (len != j->whole_len));
		arena_free(scratch);
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	(void)state;
	char *text = malloc(journal->len);
	for (size_t i = 0; i < journal->len; i++) {
		struct arena *scratch = arena_new(NULL);
		for (int bit = 0; bit < 8; bit++) {
			struct err e = {0};
			memcpy(text, journal->data, journal->len);
			text[i] = (char)((unsigned char)text[i] ^ (1u << bit));
			if (parse(scratch, text, journal->len, &e) != NULL)
				fail_msg("byte %zu, bit %d: accepted", i, bit);
			assert_int_equal(e.kind, ERR_INPUT);
		}
		arena_free(scratch);
	}
	free(text);
}

static void every_lost_or_doubled_byte_is_refused(void **state)
{
	(void)state;
	char *text = malloc(journal->len + 1);
	for (size_t i = 0; i + 1 < journal->len; i++) {
		struct arena *scratch = arena_new(NULL);
		struct err e;
		memcpy(text, journal->data, i);
		memcpy(text + i, journal->data + i + 1, journal->len - i - 1);
		if (parse(scratch, text, journal->len - 1, &e) != NULL)
			fail_msg("without byte %zu: accepted", i);
		memcpy(text, journal->data, i + 1);
		memcpy(text + i + 1, journal->data + i, journal->len - i);
		if (parse(scratch, text, journal->len + 1, &e) != NULL)
			fail_msg("byte %zu twice: accepted", i);
		arena_free(scratch);
	}
	free(text);
}

/* Whole lines lost, doubled, swapped or inserted. */
static void lines_stay_in_their_order(void **state)
{
	(void)state;
	struct err e;
	for (size_t i = 0; i < RECORDS; i++) {
		size_t from = i == 0 ? 0 : line_end[i - 1];
		const char *text;
		if (i + 1 < RECORDS) {
			text = str_printf(a, "%.*s%s", (int)from, journal->data, journal->data + line_end[i]);
			assert_null(parse(a, text, strlen(text), &e));
			text = str_printf(a, "%.*s%.*s%.*s%s", (int)from, journal->data, (int)(line_end[i + 1] - line_end[i]),
					  journal->data + line_end[i], (int)(line_end[i] - from), journal->data + from,
					  journal->data + line_end[i + 1]);
			assert_null(parse(a, text, strlen(text), &e));
		}
		text = str_printf(a, "%.*s%s", (int)line_end[i], journal->data, journal->data + from);
		assert_null(parse(a, text, strlen(text), &e));
		text = str_printf(a, "%.*s\n%s", (int)from, journal->data, journal->data + from);
		assert_null(parse(a, text, strlen(text), &e));
	}
	/* the beginning of another journal */
	assert_null(parse(a, journal->data + line_end[0], journal->len - line_end[0], &e));
}

/* A line of another author, with a right chain but in another form. */
static void other_forms_are_refused(void **state)
{
	(void)state;
	struct err e;
	static const char *const lines[] = {
		"\n", "{}\n", "[]\n", "null\n", "x\n", "{\"seq\":1}\n",
		"{\"seq\":1,\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"time\":\"t\","
		"\"kind\":\"begin\",\"step\":0,\"result\":null,\"detail\":null,\"requestId\":null}\n",
		"{\"seq\":1,\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"time\":\"t\","
		"\"kind\":\"begin\",\"step\":-1,\"result\":null,\"detail\":null,\"requestId\":null,\"check\":\"\"}\n",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_null(parse(a, lines[i], strlen(lines[i]), &e));
	assert_non_null(strstr(e.message, "record 1 is damaged"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(reads_what_was_written), TEST(every_prefix_reads_as_a_prefix), TEST(every_flipped_bit_is_refused),
		TEST(every_lost_or_doubled_byte_is_refused), TEST(lines_stay_in_their_order),
		TEST(other_forms_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
