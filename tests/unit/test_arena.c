#include "test.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pare/arena.h"

static int order[16];
static size_t ordered;

static void note(void *handle)
{
	order[ordered++] = *(int *)handle;
}

static void releases_run_newest_first_and_children_before(void **state)
{
	(void)state;
	static int n[] = {0, 1, 2, 3, 4, 5};
	ordered = 0;
	struct arena *top = arena_new(NULL);
	arena_defer(top, note, &n[0]);
	struct arena *left = arena_new(top), *right = arena_new(top), *leaf = arena_new(left);
	arena_defer(left, note, &n[1]);
	arena_defer(leaf, note, &n[2]);
	arena_defer(right, note, &n[3]);
	arena_defer(left, note, &n[4]);
	arena_defer(top, note, &n[5]);
	arena_free(top);
	assert_int_equal(ordered, 6);
	size_t at[6];
	for (size_t i = 0; i < 6; i++)
		at[order[i]] = i;
	assert_true(at[2] < at[4] && at[4] < at[1]); /* leaf, then left's, newest first */
	assert_true(at[5] == 4 && at[0] == 5 && at[3] < 4);
}

static void children_may_go_first(void **state)
{
	(void)state;
	/* first, middle and last of three leave; the parent's list holds */
	for (int gone = 0; gone < 3; gone++) {
		static int n[] = {0, 1, 2};
		struct arena *top = arena_new(NULL), *child[3];
		ordered = 0;
		for (int i = 0; i < 3; i++) {
			child[i] = arena_new(top);
			arena_defer(child[i], note, &n[i]);
		}
		arena_free(child[gone]);
		assert_int_equal(ordered, 1);
		assert_int_equal(order[0], gone);
		arena_free(top);
		assert_int_equal(ordered, 3);
	}
	arena_free(NULL);
}

/* A release may still look at what its arena holds: memory goes last. */
static void look(void *handle)
{
	assert_string_equal(handle, "still here");
	ordered = 1;
}

static void releases_see_their_memory(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	ordered = 0;
	arena_defer(a, look, arena_strdup(a, "still here"));
	arena_free(a);
	assert_int_equal(ordered, 1);
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	struct arena *a = arena_new(NULL);
	unsigned char **at = calloc(COUNT, sizeof *at);
	size_t *size = calloc(COUNT, sizeof *size);
	srand(3);
	for (size_t i = 0; i < COUNT; i++) {
		size[i] = i % 50 == 0 ? (size_t)rand() % 200000 : (size_t)rand() % 300;
		at[i] = arena_alloc(a, size[i]);
		assert_non_null(at[i]);
		assert_int_equal((uintptr_t)at[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < size[i]; k++)
			if (at[i][k] != 0)
				fail_msg("byte %zu of object %zu is not zero", k, i);
		memset(at[i], (int)(i % 251) + 1, size[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < size[i]; k++)
			if (at[i][k] != (i % 251) + 1)
				fail_msg("object %zu was overwritten", i);
	/* objects of the sizes around the chunk's */
	for (size_t n = 16380; n < 16390; n++)
		memset(arena_alloc(a, n), 1, n);
	for (size_t n = 65500; n < 65560; n += 7)
		memset(arena_alloc(a, n), 1, n);
	free(at);
	free(size);
	arena_free(a);
}

static void copies_end_with_a_nul(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	char *copy = arena_copy(a, "a\0b", 3);
	assert_memory_equal(copy, "a\0b\0", 4);
	assert_string_equal(arena_copy(a, NULL, 0), "");
	assert_string_equal(arena_strdup(a, "x"), "x");
	assert_null(arena_strdup(a, NULL));
	assert_non_null(arena_array(a, 0, 8));
	arena_free(a);
}

/* Also where the caller never had a capacity: what is there is copied, and one more fits. */
static void growing_keeps_what_is_there(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	int *items = NULL;
	size_t cap = 0;
	for (int i = 0; i < 1000; i++) {
		int *old = items;
		size_t room = cap;
		items = arena_grow(a, items, (size_t)i, &cap, sizeof *items);
		assert_true(cap > (size_t)i);
		assert_int_equal(items == old, room == cap);
		items[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	cap = 0;
	int *copy = arena_grow(a, items, 1000, &cap, sizeof *items);
	assert_true(cap > 1000 && copy != items);
	assert_memory_equal(copy, items, 1000 * sizeof *items);
	arena_free(a);
}

static void huge_array(struct arena *a) { arena_array(a, SIZE_MAX / 2, 3); }
static void huge_product(struct arena *a) { arena_array(a, (size_t)1 << 33, (size_t)1 << 33); }
static void huge_object(struct arena *a) { arena_alloc(a, SIZE_MAX); }
static void huge_object_aligned(struct arena *a) { arena_alloc(a, SIZE_MAX - 15); }
static void huge_copy(struct arena *a) { arena_copy(a, "", SIZE_MAX); }

/* Products that overflow abort; they never give a small block. */
static void huge_sizes_abort(void **state)
{
	(void)state;
	void (*const huge[])(struct arena *) = {huge_array, huge_product, huge_object, huge_object_aligned,
						huge_copy};
	for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct rlimit none = {0, 0};
			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			close(2);
			huge[i](arena_new(NULL));
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		/* the address sanitizer stops a huge request itself, with its own exit code */
		if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) && !(WIFEXITED(status) && WEXITSTATUS(status) == 1))
			fail_msg("case %zu ended with %x", i, (unsigned)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_run_newest_first_and_children_before),
		cmocka_unit_test(children_may_go_first),
		cmocka_unit_test(releases_see_their_memory),
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(copies_end_with_a_nul),
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(huge_sizes_abort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
