#include "test.h"

#include <stdio.h>
#include <string.h>

#include "pare/err.h"

static void set_writes_kind_and_message(void **state)
{
	(void)state;
	struct err e = {.kind = ERR_IO, .code = "Throttling", .request_id = "r-1", .message = "old"};
	assert_false(err_set(&e, ERR_INPUT, "reading '%s': %d", "x", 7));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.message, "reading 'x': 7");
	assert_string_equal(e.code, "");
	assert_string_equal(e.request_id, "");
}

static void set_may_quote_its_own_message(void **state)
{
	(void)state;
	struct err e;
	err_set(&e, ERR_IO, "inner");
	err_set(&e, ERR_INPUT, "outer: %s", e.message);
	assert_string_equal(e.message, "outer: inner");
}

static void wrap_chains_and_keeps_the_rest(void **state)
{
	(void)state;
	struct err e = {.kind = ERR_THROTTLED, .code = "Throttling", .message = "rate exceeded"};
	assert_false(err_wrap(&e, "step %d", 3));
	assert_string_equal(e.message, "step 3: rate exceeded");
	assert_int_equal(e.kind, ERR_THROTTLED);
	assert_string_equal(e.code, "Throttling");
}

static void long_messages_are_cut_and_ended(void **state)
{
	(void)state;
	struct err e;
	char big[3000];
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	err_set(&e, ERR_INPUT, "%s", big);
	assert_int_equal(strlen(e.message), sizeof e.message - 1);
	/* Whatever the length of what is put before, the end stays in the field. */
	for (size_t len = sizeof e.message - 8; len < sizeof e.message + 4; len++) {
		err_set(&e, ERR_INPUT, "tail");
		err_wrap(&e, "%.*s", (int)len, big);
		assert_non_null(memchr(e.message, '\0', sizeof e.message));
		assert_true(strlen(e.message) <= sizeof e.message - 1);
		assert_int_equal(e.message[0], 'x');
	}
}

static void messages_cannot_steer_a_terminal(void **state)
{
	(void)state;
	struct err e;
	err_set(&e, ERR_INPUT, "role '%s'", "a\x1b[31mb\r\n\x7f");
	assert_string_equal(e.message, "role 'a?[31mb?" "?" "?'");
	/* C1 CSI, a right-to-left override, a zero-width space, bytes that are no UTF-8 */
	err_set(&e, ERR_INPUT, "role '%s'", "a\xc2\x9b" "31mb\xe2\x80\xae" "c\xe2\x80\x8b" "d\xff\xc0\x80");
	assert_string_equal(e.message, "role 'a?31mb?c?d?" "?" "?'");
	err_set(&e, ERR_INPUT, "fine");
	err_wrap(&e, "role '%s'", "x\xe2\x80\xae");
	assert_string_equal(e.message, "role 'x?': fine");
	/* other languages stay readable */
	err_set(&e, ERR_INPUT, "tag '%s'", "gr\xc3\xbc\xc3\x9f");
	assert_string_equal(e.message, "tag 'gr\xc3\xbc\xc3\x9f'");
}

static void a_cut_never_leaves_half_a_character(void **state)
{
	(void)state;
	struct err e;
	char text[1200];
	for (size_t lead = 0; lead < 4; lead++) {
		memset(text, 'x', lead);
		for (size_t at = lead; at + 3 < sizeof text; at += 3)
			memcpy(text + at, "\xe2\x82\xac", 4); /* euro signs */
		err_set(&e, ERR_INPUT, "%s", text);
		size_t len = strlen(e.message);
		assert_true(len >= sizeof e.message - 4);
		unsigned char last = (unsigned char)e.message[len - 1];
		assert_true(last == '?' || last == 0xac);
	}
}

static void kinds_have_words(void **state)
{
	(void)state;
	for (int k = ERR_NONE; k <= ERR_INTERRUPTED; k++) {
		const char *name = err_kind_name((enum err_kind)k);
		assert_non_null(name);
		assert_string_not_equal(name, "unknown");
		for (int i = ERR_NONE; i < k; i++)
			assert_string_not_equal(name, err_kind_name((enum err_kind)i));
	}
	assert_string_equal(err_kind_name(ERR_UNCERTAIN), "uncertain");
	assert_string_equal(err_kind_name((enum err_kind)99), "unknown");
	assert_string_equal(err_kind_name((enum err_kind)-1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_writes_kind_and_message),
		cmocka_unit_test(set_may_quote_its_own_message),
		cmocka_unit_test(wrap_chains_and_keeps_the_rest),
		cmocka_unit_test(long_messages_are_cut_and_ended),
		cmocka_unit_test(messages_cannot_steer_a_terminal),
		cmocka_unit_test(a_cut_never_leaves_half_a_character),
		cmocka_unit_test(kinds_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
