#include "test.h"

#include "json_at.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/json_scan.h"
#include "pare/arena.h"
#include "pare/json.h"
#include "pare/str.h"

static struct arena *a;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* In a block of its own, so that a read past the end is seen by the sanitizer. */
static const struct json *parse_bytes(const char *text, size_t len, struct err *e)
{
	char *exact = malloc(len == 0 ? 1 : len);
	assert_non_null(exact);
	memcpy(exact, text, len);
	const struct json *v = json_parse(a, exact, len, "x", e);
	free(exact);
	return v;
}

static const struct json *parse(const char *text, struct err *e)
{
	return parse_bytes(text, strlen(text), e);
}

static const char *printed(const struct json *v, bool compact)
{
	struct buf *b = buf_new(a, 1 << 20);
	json_print(v, b, compact);
	assert_true(buf_ok(b));
	return b->data;
}

static void accepts_what_rfc_8259_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *compact;
	} cases[] = {
		{"null", "null"},
		{" true ", "true"},
		{"\t\r\n false\n", "false"},
		{"0", "0"},
		{"-0", "-0"},
		{"-1.5e+10", "-1.5e+10"},
		{"1E400", "1E400"},
		{"123456789012345678901234567890", "123456789012345678901234567890"},
		{"\"\"", "\"\""},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\""},
		{"\"\\u0041\\u00e9\\u20AC\"", "\"A\\u00e9\\u20ac\""},
		{"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\\u00e9\\u20ac\\ud83d\\ude00\""},
		{"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
		{"\"\x7f\"", "\"\\u007f\""},
		{"\"\xf4\x8f\xbf\xbf\"", "\"\\udbff\\udfff\""},
		{"[]", "[]"},
		{"[ ]", "[]"},
		{"{}", "{}"},
		{"[1,[2,{\"a\":[]}],\"x\"]", "[1,[2,{\"a\":[]}],\"x\"]"},
		{"{\"\":0}", "{\"\":0}"},
		{"{\"a\":1,\"A\":2,\"a \":3}", "{\"a\":1,\"A\":2,\"a \":3}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		const struct json *v = parse(cases[i].text, &e);
		if (v == NULL)
			fail_msg("'%s' was refused: %s", cases[i].text, e.message);
		assert_string_equal(printed(v, true), cases[i].compact);
	}
}

static void refuses_what_is_no_json(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"", " ", "nul", "nulll", "NULL", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1",
		"1e", "1e+", "0x10", "1 2", "1,", "'a'", "\"", "\"a", "\"\\\"", "\"\\x41\"", "\"\\u12\"",
		"\"\\u123g\"", "\"\\u\"", "\"\\\"", "\"a\nb\"", "\"a\tb\"", "\"a\x01" "b\"", "[", "]", "[1", "[1,", "[1,]",
		"[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}",
		"{a:1}", "{'a':1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "[]]", "{}{}", "[1]x",
		"// c\n1", "/* c */ 1", "1 // c", "[1]\v", "\v1", "\f1", "\xc2\xa0" "1", "[\xa0]",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		if (parse(cases[i], &e) != NULL)
			fail_msg("'%s' was accepted", cases[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_non_null(strstr(e.message, "parsing 'x': "));
	}
}

static void refuses_a_nul_inside(void **state)
{
	(void)state;
	struct err e;
	assert_null(parse_bytes("1\0", 2, &e));
	assert_null(parse_bytes("\0001", 2, &e));
	assert_null(parse_bytes("\"a\0b\"", 5, &e));
	assert_null(parse_bytes("[1,\0]", 5, &e));
	assert_null(parse_bytes("\"\\\0\"", 4, &e));
	assert_null(parse("\"\\u0000\"", &e));
	assert_non_null(strstr(e.message, "no \\u0000"));
	assert_null(parse("{\"\\u0000\":1}", &e));
}

static void refuses_what_is_no_utf8(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2" "a", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
		"\xe2\x82" "a", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xf0\x9f\x98",
		"\\ud800", "\\udfff", "\\ud800\\ud800", "\\ud800x", "\\ud800\\n", "\\ud800\\u0041", "\\udc00\\ud800",
		"\\ud83d\\u", "\\ud83d\\ude0",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		char text[64];
		snprintf(text, sizeof text, "\"%s\"", cases[i]);
		if (parse(text, &e) != NULL)
			fail_msg("case %zu was accepted", i);
		snprintf(text, sizeof text, "{\"%s\":1}", cases[i]);
		if (parse(text, &e) != NULL)
			fail_msg("case %zu was accepted as a key", i);
	}
	struct err e;
	assert_null(parse("\xef\xbb\xbf{}", &e)); /* byte order mark */
	assert_null(parse("\xff\xfe{\0}\0", &e));
	/* cut in the middle of a sequence at the very end of the bytes */
	assert_null(parse_bytes("\"\xf0\x9f\x98", 4, &e));
	assert_null(parse_bytes("\"\\u00", 5, &e));
	assert_null(parse_bytes("\"\\ud83d\\u", 9, &e));
}

static void refuses_duplicate_keys(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}",
		"[{\"x\":{\"y\":[{\"k\":1,\"k\":null}]}}]", "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
	};
	struct err e;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_null(parse(cases[i], &e));
		assert_non_null(strstr(e.message, "stands twice"));
	}
	assert_null(parse("{\n \"Effect\": \"Deny\",\n \"Effect\": \"Allow\"}", &e));
	assert_non_null(strstr(e.message, "line 3, column 12: member 'Effect'"));
	assert_non_null(parse("{\"a\":{\"a\":{\"a\":1}}}", &e));
	assert_non_null(parse("[{\"a\":1},{\"a\":1}]", &e));
}

static void nesting_has_a_limit(void **state)
{
	(void)state;
	char text[4096];
	struct err e;
	for (size_t depth = 62; depth <= 67; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_true((parse_bytes(text, 2 * depth, &e) != NULL) == (depth <= JSON_MAX_DEPTH));
	}
	assert_non_null(strstr(e.message, "64 levels"));
	/* the deepest that is read can be written again */
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	const struct json *v = parse_bytes(text, 128, &e);
	assert_int_equal(strlen(printed(v, true)), 128);
	/* a mebibyte of brackets ends early, not in a stack overflow */
	size_t len = 1 << 20;
	char *deep = malloc(len);
	memset(deep, '[', len);
	assert_null(json_parse(a, deep, len, "x", &e));
	for (size_t i = 0; i + 5 <= len; i += 5)
		memcpy(deep + i, "{\"a\":", 5);
	assert_null(json_parse(a, deep, len, "x", &e));
	free(deep);
}

static void values_know_where_they_stood(void **state)
{
	(void)state;
	struct err e;
	const char *text = "{ \"a\" : [1, \"\\u00e9x\",{}],\n\t\"b\": -2.50 }";
	const struct json *v = parse(text, &e), *list = json_get(v, "a"), *b = json_get(v, "b");
	assert_int_equal(v->offset, 0);
	assert_int_equal(v->length, strlen(text));
	assert_memory_equal(text + list->offset, "[1, \"\\u00e9x\",{}]", list->length);
	assert_int_equal(list->count, 3);
	assert_memory_equal(text + json_at(list, 1)->offset, "\"\\u00e9x\"", json_at(list, 1)->length);
	assert_string_equal(json_at(list, 1)->text, "\xc3\xa9x");
	assert_memory_equal(text + json_at(list, 2)->offset, "{}", 2);
	assert_string_equal(b->text, "-2.50");
	size_t line, column;
	json_position(text, b->offset, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 7);
	assert_null(json_at(list, 3));
	assert_null(json_at(b, 0));
	assert_null(json_at(NULL, 0));
}

static void errors_name_line_and_column(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where;
	} cases[] = {
		{"", "line 1, column 1: expected a value"},
		{"{\n  \"a\": tru\n}", "line 2, column 8: expected a value"},
		{"[1,\n2,\n]", "line 3, column 1: expected a value"},
		{"{\"a\":1}\n\nx", "line 3, column 1: expected nothing behind the value"},
		{"{\"a\" 1}", "line 1, column 6: expected ':'"},
		{"[1 2]", "line 1, column 4: expected ',' or ']'"},
		{"{\"a\":1 2}", "line 1, column 8: expected ',' or '}'"},
		{"\"a\\q\"", "line 1, column 4: expected a known escape"},
		{"\"abc", "line 1, column 5: expected a closing double quote"},
		{"{a", "line 1, column 2: expected a string in double quotes"},
		{"\"\xff\"", "line 1, column 2: expected valid UTF-8"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		assert_null(parse(cases[i].text, &e));
		if (strstr(e.message, cases[i].where) == NULL)
			fail_msg("'%s': %s", cases[i].text, e.message);
	}
}

static void numbers_stay_as_written(void **state)
{
	(void)state;
	struct err e;
	int64_t n;
	static const struct {
		const char *text;
		bool fits;
		int64_t value;
	} cases[] = {
		{"0", true, 0}, {"-0", true, 0}, {"42", true, 42}, {"-17", true, -17},
		{"9223372036854775807", true, INT64_MAX}, {"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0}, {"-9223372036854775809", false, 0},
		{"123456789012345678901234567890", false, 0}, {"1.0", false, 0}, {"1e3", false, 0}, {"1E3", false, 0},
		{"\"7\"", false, 0}, {"true", false, 0}, {"null", false, 0}, {"[7]", false, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct json *v = parse(cases[i].text, &e);
		assert_non_null(v);
		n = 99;
		assert_true(json_integer(v, &n) == cases[i].fits);
		if (cases[i].fits)
			assert_true(n == cases[i].value);
	}
	assert_false(json_integer(NULL, &n));
	/* however long, one way or the other: never torn */
	for (size_t len = 55; len < 80; len++) {
		char text[128];
		text[0] = '[';
		memset(text + 1, '7', len);
		memcpy(text + 1 + len, ",1]", 4);
		const struct json *v = parse(text, &e);
		assert_true((v != NULL) == (len <= 60));
		if (v != NULL)
			assert_int_equal(strlen(json_at(v, 0)->text), len);
		else
			assert_non_null(strstr(e.message, "a number of at most 60 characters"));
	}
}

static void look_ups_are_exact(void **state)
{
	(void)state;
	struct err e;
	const struct json *v = parse("{\"Effect\":\"Allow\",\"n\":1,\"t\":true,\"z\":null}", &e);
	assert_string_equal(json_text(v, "Effect"), "Allow");
	assert_null(json_get(v, "effect"));
	assert_null(json_get(v, "Effec"));
	assert_null(json_text(v, "n"));
	assert_null(json_text(v, "z"));
	assert_non_null(json_get(v, "z"));
	assert_true(json_bool(v, "t", false));
	assert_true(json_bool(v, "n", true));
	assert_false(json_bool(v, "none", false));
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(json_get(v, "n"), "a"));
	assert_null(json_get(parse("[1]", &e), "a"));
}

static void unknown_members_are_named(void **state)
{
	(void)state;
	static const char *const allowed[] = {"schema", "steps"};
	struct err e;
	assert_true(json_only(parse("{\"steps\":1}", &e), allowed, 2, "the plan", &e));
	assert_true(json_only(parse("{}", &e), allowed, 2, "the plan", &e));
	assert_false(json_only(parse("{\"step\":1}", &e), allowed, 2, "the plan", &e));
	assert_string_equal(e.message, "reading the plan: unknown member 'step': did you mean 'steps'?");
	assert_false(json_only(parse("{\"zzzzzzzzzzzzzz\":1}", &e), allowed, 2, "the plan", &e));
	assert_string_equal(e.message, "reading the plan: unknown member 'zzzzzzzzzzzzzz'");
	assert_false(json_only(parse("[]", &e), allowed, 2, "the plan", &e));
	assert_false(json_only(NULL, allowed, 2, "the plan", &e));
	assert_false(json_only(parse("{\"Steps\":1}", &e), allowed, 2, "the plan", &e));
}

static void several_values_in_one_text(void **state)
{
	(void)state;
	struct err e;
	const char *text = "{\"a\":1}\n[2] 3\n";
	size_t at = 0, end;
	static const char *const expected[] = {"{\"a\":1}", "[2]", "3"};
	for (size_t i = 0; i < 3; i++) {
		const struct json *v = json_parse_next(a, text + at, strlen(text + at), &end, "x", &e);
		assert_non_null(v);
		assert_string_equal(printed(v, true), expected[i]);
		at += end;
	}
	assert_null(json_parse_next(a, text + at, strlen(text + at), &end, "x", &e));
}

static void canonical_form_is_a_fixed_point(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"{\"b\":[],\"a\":{},\"c\":[1,{\"d\":null,\"e\":[true,false]}],\"f\":\"\xc3\xa9\\n\\u0001\"}",
		"[[[[]]],{\"a\":{\"b\":{}}}]", "\"x\"", "[\"\xf0\x9f\x98\x80\"]",
	};
	struct err e;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int compact = 0; compact < 2; compact++) {
			const char *once = printed(parse(cases[i], &e), compact);
			const char *twice = printed(parse(once, &e), compact);
			assert_string_equal(once, twice);
			for (const char *c = once; *c != '\0'; c++)
				assert_true((*c >= 0x20 && *c < 0x7f) || *c == '\n');
		}
	}
	assert_string_equal(printed(parse(cases[0], &e), false),
			    "{\n  \"b\": [],\n  \"a\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": null,\n"
			    "      \"e\": [\n        true,\n        false\n      ]\n    }\n  ],\n"
			    "  \"f\": \"\\u00e9\\n\\u0001\"\n}");
}

static void whatever_is_written_can_be_read(void **state)
{
	(void)state;
	/* texts that never passed the parser: names from files, answers, configuration */
	static const struct {
		const char *text, *read_back;
	} cases[] = {
		{"a\xff" "b", "a\xef\xbf\xbd" "b"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf7\xbf\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\x01\x1f\x7f\"\\/", "\x01\x1f\x7f\"\\/"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct json_writer w;
		struct err e;
		struct buf *b = buf_new(a, 1000);
		json_start(&w, b, false);
		json_put_text(&w, cases[i].text);
		const struct json *v = parse(b->data, &e);
		if (v == NULL)
			fail_msg("case %zu cannot be read: %s", i, e.message);
		assert_string_equal(v->text, cases[i].read_back);
	}
}

static void writing_by_hand(void **state)
{
	(void)state;
	struct json_writer w;
	struct buf *b = buf_new(a, 1000);
	json_start(&w, b, true);
	json_open(&w, '{');
	json_member_text(&w, "t", "x");
	json_member_text(&w, "n", NULL);
	json_member_integer(&w, "i", INT64_MIN);
	json_member_bool(&w, "b", true);
	json_key(&w, "l");
	json_open(&w, '[');
	json_put_integer(&w, 1);
	json_put_null(&w);
	json_open(&w, '{');
	json_close(&w, '}');
	json_close(&w, ']');
	const char *texts[] = {"x", NULL};
	json_member_list(&w, "s", &(struct str_list){.item = texts, .count = 2});
	json_member_list(&w, "e", &(struct str_list){0});
	json_close(&w, '}');
	assert_string_equal(b->data,
			    "{\"t\":\"x\",\"n\":null,\"i\":-9223372036854775808,\"b\":true,\"l\":[1,null,{}],"
			    "\"s\":[\"x\",null],\"e\":[]}");
}

/* A document with more values than fit is refused; nothing is written past the spans. */
static void too_many_values_are_refused(void **state)
{
	(void)state;
	for (size_t room = 0; room < 8; room++) {
		struct buf *spans = buf_new(a, room * sizeof(struct json_span) + 5);
		const char *text = "[1,[2,3],4,{\"a\":5}]", *expected = NULL;
		size_t bad_at;
		assert_false(json_scan(text, strlen(text), spans, NULL, &bad_at, &expected));
		assert_string_equal(expected, "fewer values");
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(accepts_what_rfc_8259_accepts), TEST(refuses_what_is_no_json), TEST(refuses_a_nul_inside),
		TEST(refuses_what_is_no_utf8), TEST(refuses_duplicate_keys), TEST(nesting_has_a_limit),
		TEST(values_know_where_they_stood), TEST(errors_name_line_and_column),
		TEST(numbers_stay_as_written), TEST(look_ups_are_exact), TEST(unknown_members_are_named),
		TEST(several_values_in_one_text), TEST(canonical_form_is_a_fixed_point),
		TEST(whatever_is_written_can_be_read), TEST(writing_by_hand), TEST(too_many_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
