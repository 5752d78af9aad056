#include "test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pare/arena.h"
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

static void lists_grow_sort_and_drop_doubles(void **state)
{
	(void)state;
	struct str_list list = {0};
	str_list_sort(&list);
	assert_false(str_list_has(&list, "x"));
	for (int i = 99; i >= 0; i--) {
		str_list_add(a, &list, str_printf(a, "%02d", i));
		str_list_add(a, &list, str_printf(a, "%02d", i));
	}
	assert_int_equal(list.count, 200);
	str_list_sort(&list);
	assert_int_equal(list.count, 100);
	for (int i = 0; i < 100; i++)
		assert_string_equal(list.item[i], str_printf(a, "%02d", i));
	assert_true(str_list_has(&list, "07"));
	assert_false(str_list_has(&list, "7"));
	struct str_list bytes = {0};
	str_list_add(a, &bytes, "b");
	str_list_add(a, &bytes, "\xc3\xa9");
	str_list_add(a, &bytes, "B");
	str_list_sort(&bytes);
	assert_string_equal(bytes.item[0], "B");
	assert_string_equal(bytes.item[2], "\xc3\xa9");
}

static void comparing(void **state)
{
	(void)state;
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal(NULL, ""));
	assert_false(str_equal("a", NULL));
	assert_true(str_equal("a", "a"));
	assert_false(str_equal("a", "A"));
	assert_true(str_equal_nocase("aZ", "Az"));
	assert_false(str_equal_nocase("a", "ab"));
	assert_false(str_equal_nocase(NULL, "a"));
	assert_true(str_equal_nocase(NULL, NULL));
	/* ASCII only: no locale, no Unicode folding; '@' and '[' lie beside the letters */
	assert_false(str_equal_nocase("\xc3\xa9", "\xc3\x89"));
	assert_false(str_equal_nocase("@", "`"));
	assert_false(str_equal_nocase("[", "{"));
	assert_true(str_compare_nocase("a", "B") < 0);
	assert_true(str_compare_nocase("b", "A") > 0);
	assert_true(str_compare_nocase("ab", "A") > 0);
	assert_true(str_compare_nocase("\x7f", "\x80") < 0);
	assert_true(str_starts("role/x", "role/"));
	assert_true(str_starts("x", ""));
	assert_false(str_starts("ro", "role/"));
	assert_true(str_ends("plan.json", ".json"));
	assert_true(str_ends("x", ""));
	assert_false(str_ends("n", ".json"));
	assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
	assert_string_equal(str_lower(a, "AbC-\xc3\x89"), "abc-\xc3\x89");
}

static void parts(void **state)
{
	(void)state;
	assert_string_equal(str_part(a, "a:b:c", ':', 1, false), "b");
	assert_string_equal(str_part(a, "a:b:c", ':', 1, true), "b:c");
	assert_string_equal(str_part(a, "a:b:c", ':', 2, false), "c");
	assert_null(str_part(a, "a:b:c", ':', 3, false));
	assert_string_equal(str_part(a, "", ':', 0, false), "");
	assert_null(str_part(a, "", ':', 1, false));
	assert_string_equal(str_part(a, "::", ':', 1, false), "");
	assert_string_equal(str_part(a, "::", ':', 2, true), "");
}

static void percent_codec(void **state)
{
	(void)state;
	assert_string_equal(str_percent_encode(a, "aZ09-._~", NULL), "aZ09-._~");
	assert_string_equal(str_percent_encode(a, " +/%?\"", NULL), "%20%2B%2F%25%3F%22");
	assert_string_equal(str_percent_encode(a, "a/b c", "/"), "a/b%20c");
	assert_string_equal(str_percent_encode(a, "\xc3\xa9\x01\xff", NULL), "%C3%A9%01%FF");
	assert_string_equal(str_percent_encode(a, "", NULL), "");
	assert_string_equal(str_percent_decode(a, "%7B%22a%22%3a1%7d"), "{\"a\":1}");
	assert_string_equal(str_percent_decode(a, "a+b"), "a+b");
	assert_string_equal(str_percent_decode(a, "%C3%a9"), "\xc3\xa9");
	static const char *const broken[] = {"%", "%4", "%zz", "a%4", "%4g", "%g4", "%00", "x%00y", "%%41", "% 41"};
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		assert_null(str_percent_decode(a, broken[i]));
	char all[256];
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	assert_string_equal(str_percent_decode(a, str_percent_encode(a, all, NULL)), all);
	assert_string_equal(str_percent_decode(a, str_percent_encode(a, all, "/:+")), all);
}

static void utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t left, len;
		uint32_t code;
	} cases[] = {
		{"a", 1, 1, 'a'}, {"", SIZE_MAX, 1, 0}, {"a", 0, 0, 0}, {"\x7f", 1, 1, 0x7f},
		{"\xc2\x80", 2, 2, 0x80}, {"\xdf\xbf", 2, 2, 0x7ff}, {"\xe0\xa0\x80", 3, 3, 0x800},
		{"\xed\x9f\xbf", 3, 3, 0xd7ff}, {"\xee\x80\x80", 3, 3, 0xe000}, {"\xef\xbf\xbf", 3, 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 4, 0x10000}, {"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
		/* too short, overlong, surrogate, too large, stray */
		{"\xc2", 1, 0, 0}, {"\xc2\x80", 1, 0, 0}, {"\xc1\xbf", 2, 0, 0}, {"\xe0\x9f\xbf", 3, 0, 0},
		{"\xed\xa0\x80", 3, 0, 0}, {"\xf0\x8f\xbf\xbf", 4, 0, 0}, {"\xf4\x90\x80\x80", 4, 0, 0},
		{"\xf8\x88\x80\x80", 4, 0, 0}, {"\x80", 1, 0, 0}, {"\xff", 1, 0, 0}, {"\xe2\x82", SIZE_MAX, 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t code = 0;
		size_t len = utf8_decode(cases[i].text, cases[i].left, &code);
		if (len != cases[i].len || (len > 0 && code != cases[i].code))
			fail_msg("case %zu: length %zu, code %x", i, len, (unsigned)code);
	}
}

static void terminals_are_not_steered(void **state)
{
	(void)state;
	static const struct {
		const char *text, *safe;
	} cases[] = {
		{"plain ~", "plain ~"},
		{"\x1b[2J\x1b]0;t\x07", "?[2J?]0;t?"},
		{"a\rb\nc\td\bb\x7f", "a?b?c?d?b?"},
		{"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "?" "?" "?" "\xc2\xa0"},              /* C1, then a no-break space */
		{"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9", "?" "?" "?" "?"}, /* bidi overrides, isolates */
		{"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "?" "?" "?"},                     /* bidi marks */
		{"\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xe2\x81\xa0", "?" "?" "?" "?"},    /* zero width */
		{"\xc2\xad\xcd\x8f\xe3\x85\xa4\xef\xb8\x8f", "?" "?" "?" "?"},            /* soft hyphen, joiner, filler, selector */
		{"\xe2\x80\xa8\xe2\x80\xa9", "?" "?"},                              /* line and paragraph separators */
		{"\xf3\xa0\x81\x81", "?"},                                       /* a tag */
		{"\xff\xc0\xaf\xed\xa0\x80", "?" "?" "?" "?" "?" "?"},                          /* no UTF-8 */
		{"\xd7\xa9\xd9\x84\xe4\xb8\xad\xf0\x9f\x98\x80\xc3\xbc", "\xd7\xa9\xd9\x84\xe4\xb8\xad\xf0\x9f\x98\x80\xc3\xbc"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(str_printable(a, cases[i].text, false), cases[i].safe);
	assert_string_equal(str_printable(a, "a\nb\r\n", true), "a\nb?\n");
	char text[] = "x\x1b\xe2\x80\xaey";
	str_make_printable(text, false);
	assert_string_equal(text, "x?" "?y");
	/* whatever comes in, no C0, DEL or C1 comes out, and it does not grow */
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char noise[24];
		size_t len = (size_t)rand() % 23;
		for (size_t i = 0; i < len; i++)
			noise[i] = (char)(1 + rand() % 255);
		noise[len] = '\0';
		const char *out = str_printable(a, noise, false);
		assert_true(strlen(out) <= len);
		for (const char *c = out; *c != '\0';) {
			uint32_t code;
			size_t n = utf8_decode(c, SIZE_MAX, &code);
			assert_true(n > 0 && code >= 0x20 && (code < 0x7f || code > 0x9f));
			c += n;
		}
	}
}

static void globs(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"**", "", true},
		{"?", "", false}, {"?", "a", true}, {"?", "ab", false}, {"a*", "a", true}, {"a*c", "abc", true},
		{"a*c", "abcd", false}, {"*c", "abcc", true}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false}, {"a", "A", false},
		{"*ab", "aab", true}, {"*aab", "aaab", true}, {"a*a*a", "aa", false}, {"?*", "a", true}, {"?*?", "a", false},
		{"arn:*:iam::*:role/break-glass-*", "arn:aws:iam::111122223333:role/break-glass-1", true},
		{"arn:*:iam::*:role/break-glass-*", "arn:aws:iam::111122223333:role/x/break-glass-1", false},
		{"[a]", "a", false}, {"[a]", "[a]", true}, {"\\*", "\\x", true}, {"*", "*", true}, {"a", "a*", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (str_glob(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
}

/* The definition, to compare with. */
static bool glob_slow(const char *p, const char *t)
{
	if (*p == '*')
		return glob_slow(p + 1, t) || (*t != '\0' && glob_slow(p, t + 1));
	if (*t == '\0')
		return *p == '\0';
	return (*p == '?' || *p == *t) && glob_slow(p + 1, t + 1);
}

static void globs_agree_with_their_definition(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < 200000; round++) {
		char pattern[9], text[9];
		size_t n = (size_t)rand() % 8, m = (size_t)rand() % 8;
		for (size_t i = 0; i < n; i++)
			pattern[i] = "ab*?*"[rand() % 5];
		for (size_t i = 0; i < m; i++)
			text[i] = "ab"[rand() % 2];
		pattern[n] = text[m] = '\0';
		if (str_glob(pattern, text) != glob_slow(pattern, text))
			fail_msg("'%s' on '%s'", pattern, text);
	}
}

/* An exponential matcher would not come back from these. */
static void hostile_globs_end_soon(void **state)
{
	(void)state;
	enum { LEN = 20000 };
	char *text = malloc(LEN + 1), *pattern = malloc(2 * 400 + 3);
	memset(text, 'a', LEN);
	text[LEN] = '\0';
	for (size_t i = 0; i < 400; i++)
		memcpy(pattern + 2 * i, "a*", 2);
	memcpy(pattern + 800, "b", 2);
	clock_t from = clock();
	assert_false(str_glob(pattern, text));
	memset(pattern, '*', 800);
	assert_false(str_glob(pattern, text));
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2);
	free(text);
	free(pattern);
}

static void nearest_words(void **state)
{
	(void)state;
	static const char *const words[] = {"approval", "repository", "rules", "limits"};
	assert_string_equal(str_nearest("aproval", words, 4), "approval");
	assert_string_equal(str_nearest("RULES", words, 4), "rules");
	assert_string_equal(str_nearest("reposotory", words, 4), "repository");
	assert_null(str_nearest("zzzzzzzz", words, 4));
	assert_null(str_nearest("x", words, 0));
	char huge[500];
	memset(huge, 'a', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	assert_null(str_nearest(huge, words, 4));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lists_grow_sort_and_drop_doubles), TEST(comparing), TEST(parts), TEST(percent_codec), TEST(utf8),
		TEST(terminals_are_not_steered), TEST(globs), TEST(globs_agree_with_their_definition),
		TEST(hostile_globs_end_soon), TEST(nearest_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
