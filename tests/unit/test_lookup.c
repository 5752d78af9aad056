#include "test.h"

#include <string.h>

#include "pare/lookup.h"
#include "pare/str.h"

enum { NOWHERE = -1 };

static int find_part(const struct lookup *l, const char *text, size_t len)
{
	size_t place;
	return lookup_find(l, text, len, &place) ? (int)place : NOWHERE;
}

static int find(const struct lookup *l, const char *text)
{
	return find_part(l, text, strlen(text));
}

static void finds_what_was_added(void **state)
{
	struct arena *a = *state;
	struct lookup *l = lookup_new(a);
	enum { MANY = 5000 };
	assert_int_equal(find(l, ""), NOWHERE);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(find(l, str_printf(a, "role/%d", i)), NOWHERE);
		lookup_add(l, str_printf(a, "role/%d", i), (size_t)i);
	}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(find(l, str_printf(a, "role/%d", i)), i);
	assert_int_equal(find(l, "role/"), NOWHERE);
	assert_int_equal(find(l, "role/5000"), NOWHERE);
	assert_int_equal(find(l, "Role/1"), NOWHERE);
	assert_int_equal(find_part(l, "role/123", strlen("role/12")), 12);
}

static void first_place_stays(void **state)
{
	struct lookup *l = lookup_new(*state);
	lookup_add(l, "", 7);
	lookup_add(l, "", 8);
	assert_int_equal(find(l, ""), 7);
	assert_int_equal(find(l, "x"), NOWHERE);
}

static int set_up(void **state)
{
	*state = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_what_was_added, set_up, tear_down),
		cmocka_unit_test_setup_teardown(first_place_stays, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
