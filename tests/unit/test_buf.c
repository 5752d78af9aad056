#include "test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/buf.h"

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

static void collects(void **state)
{
	(void)state;
	struct buf *b = buf_new(a, 1000);
	assert_true(buf_ok(b));
	assert_string_equal(b->data, "");
	buf_puts(b, "a");
	buf_putc(b, 'b');
	buf_put(b, "c\0d", 3);
	buf_put(b, NULL, 0);
	buf_printf(b, "%d-%s", 7, "x");
	assert_int_equal(b->len, 8);
	assert_memory_equal(b->data, "abc\0d7-x\0", 9);
	buf_clear(b);
	assert_int_equal(b->len, 0);
	assert_string_equal(b->data, "");
}

/* Exactly the ceiling fits, one byte more does not, and then nothing does. */
static void the_ceiling_holds(void **state)
{
	(void)state;
	for (size_t max = 0; max < 200; max++) {
		struct buf *b = buf_new(a, max);
		for (size_t i = 0; i < max; i++)
			buf_putc(b, 'x');
		assert_true(buf_ok(b));
		assert_int_equal(b->len, max);
		buf_put(b, "", 0);
		assert_true(buf_ok(b));
		buf_putc(b, 'y');
		assert_false(buf_ok(b));
		assert_int_equal(b->len, max);
		assert_int_equal(strlen(b->data), max);
		assert_null(strchr(b->data, 'y'));
	}
}

static void the_first_failure_stays(void **state)
{
	(void)state;
	struct buf *b = buf_new(a, 4);
	buf_puts(b, "ab");
	buf_puts(b, "cde");
	buf_puts(b, "z"); /* would fit, but what came before is missing */
	buf_printf(b, "%s", "z");
	assert_false(buf_ok(b));
	assert_string_equal(b->data, "ab");
	buf_clear(b);
	assert_true(buf_ok(b));
	buf_printf(b, "%s", "abcd");
	assert_true(buf_ok(b));
	buf_printf(b, "%s", "e");
	assert_false(buf_ok(b));
	assert_string_equal(b->data, "abcd");
}

static void lengths_do_not_wrap(void **state)
{
	(void)state;
	struct buf *b = buf_new(a, SIZE_MAX);
	buf_puts(b, "abc");
	buf_put(b, "x", SIZE_MAX - 2);
	assert_false(buf_ok(b));
	assert_string_equal(b->data, "abc");
	struct buf *c = buf_new(a, 10);
	buf_put(c, "x", SIZE_MAX);
	assert_false(buf_ok(c));
}

static void growing_keeps_the_bytes(void **state)
{
	(void)state;
	struct buf *b = buf_new(a, 1 << 20), *big = buf_new(a, 1 << 20);
	for (size_t i = 0; i < 100000; i++)
		buf_putc(b, (char)('a' + i % 26));
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(b->data[i], 'a' + (int)(i % 26));
	buf_put(big, b->data, b->len);
	buf_put(big, b->data, b->len);
	assert_int_equal(big->len, 200000);
	assert_memory_equal(big->data + 100000, b->data, 100000);
}

static void wiping_overwrites(void **state)
{
	(void)state;
	struct buf *b = buf_new(a, 100);
	buf_puts(b, "secret");
	buf_wipe(b);
	assert_int_equal(b->len, 0);
	for (size_t i = 0; i < b->cap; i++)
		assert_int_equal(b->data[i], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(collects), TEST(the_ceiling_holds), TEST(the_first_failure_stays), TEST(lengths_do_not_wrap),
		TEST(growing_keeps_the_bytes), TEST(wiping_overwrites),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
