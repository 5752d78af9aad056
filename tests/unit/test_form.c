/* Query strings and form bodies, as the sandbox reads them. */
#include "test.h"

#include <string.h>

#include "../../src/sandbox/form.h"

static void forms(void **state)
{
	struct arena *a = arena_new(NULL);
	struct form f = {0};
	(void)state;
	const char *text = "Action=GetRole&&Name=a+b%2Bc%26&Empty=&Bare&Twice=1&Twice=2&=x&E=%C3%A4";
	assert_true(form_read(a, text, strlen(text), &f));
	assert_int_equal(f.count, 8);
	assert_string_equal(form_get(&f, "Name"), "a b+c&");
	assert_string_equal(form_get(&f, "Empty"), "");
	assert_string_equal(form_get(&f, "Bare"), "");
	assert_string_equal(form_get(&f, "Twice"), "1");
	assert_string_equal(f.param[5].value, "2");
	assert_string_equal(form_get(&f, ""), "x");
	assert_string_equal(form_get(&f, "E"), "\xc3\xa4");
	assert_null(form_get(&f, "action"));
	assert_true(form_read(a, "More=1=2", 8, &f));
	assert_string_equal(f.param[8].value, "1=2");
	assert_true(form_read(a, "", 0, &f));
	assert_int_equal(f.count, 9);
	arena_free(a);
}

static void bad_forms(void **state)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "x=1&a=%g0"};
	struct arena *a = arena_new(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct form f = {0};
		assert_false(form_read(a, bad[i], strlen(bad[i]), &f));
	}
	struct form f = {0};
	assert_false(form_read(a, "a=b\0c", 5, &f));
	struct buf *many = buf_new(a, 1 << 20);
	for (size_t i = 0; i < FORM_MAX_PARAMS; i++)
		buf_puts(many, "a=1&");
	struct form g = {0};
	assert_true(form_read(a, many->data, many->len, &g));
	assert_int_equal(g.count, FORM_MAX_PARAMS);
	assert_false(form_read(a, "a=1", 3, &g));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(bad_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
