/* text_diff: `patch` must make the new text of the old one with it, and it must be as small as
 * git's minimal diff. */
#include "plan_fixture.h"

static void put_file(struct bench *b, const char *name, const char *text)
{
	FILE *f = fopen(str_printf(b->arena, "%s/%s", b->dir, name), "wb");
	fwrite(text, 1, strlen(text), f);
	fclose(f);
}

static size_t changes(const char *diff)
{
	size_t n = 0;
	for (const char *c = diff; c != NULL && *c != '\0';
	     c = strchr(c, '\n') != NULL ? strchr(c, '\n') + 1 : NULL)
		n += *c == '+' || *c == '-';
	return n;
}

static char *random_text(struct arena *a, unsigned *seed, size_t max, unsigned words)
{
	struct buf *b = buf_new(a, 1 << 20);
	*seed = *seed * 1103515245 + 12345;
	size_t lines = (*seed >> 8) % (max + 1);
	for (size_t i = 0; i < lines; i++) {
		*seed = *seed * 1103515245 + 12345;
		buf_printf(b, "w%u\n", (*seed >> 8) % words);
	}
	return b->len > 0 ? b->data : arena_strdup(a, "");
}

static void test_known(void **state)
{
	struct bench *b = *state;
	assert_string_equal(text_diff(b->arena, "a\n", "a\n"), "");
	assert_string_equal(text_diff(b->arena, "", ""), "");
	assert_string_equal(text_diff(b->arena, "a\nb\n", "a\nc\n"),
			    "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
	assert_string_equal(text_diff(b->arena, "", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
	assert_string_equal(text_diff(b->arena, "a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
	assert_string_equal(text_diff(b->arena, "a", "a\n"), "");
}

static void test_patch_agrees(void **state)
{
	struct bench *b = *state;
	unsigned seed = 7;
	if (system("patch --version >/dev/null 2>&1") != 0) {
		printf("skipped: patch is not here\n");
		skip();
	}
	for (int i = 0; i < 150; i++) {
		const char *x = random_text(b->arena, &seed, 40, i % 2 ? 4 : 30);
		const char *y = random_text(b->arena, &seed, 40, i % 2 ? 4 : 30);
		if (i % 3 == 0) /* nearly the same */
			y = str_printf(b->arena, "%sw1\n%sw2\n%s", x, y, x);
		const char *diff = text_diff(b->arena, x, y);
		if (*diff == '\0') {
			assert_string_equal(x, y);
			continue;
		}
		put_file(b, "old", x);
		put_file(b, "new", y);
		put_file(b, "diff", str_printf(b->arena, "--- old\n+++ old\n%s", diff));
		run_shell(b, NULL, "cd %s && cp old got && patch -s got diff && cmp got new",
			  b->dir);
	}
}

static void test_as_small_as_git(void **state)
{
	struct bench *b = *state;
	unsigned seed = 11;
	NEED_GIT();
	for (int i = 0; i < 40; i++) {
		const char *x = random_text(b->arena, &seed, 60, 8),
			   *y = random_text(b->arena, &seed, 60, 8);
		int code;
		put_file(b, "old", x);
		put_file(b, "new", y);
		const char *theirs = run_shell(
			b, &code, "cd %s && git diff --no-index --minimal old new | tail -n +5",
			b->dir);
		assert_int_equal(changes(text_diff(b->arena, x, y)), changes(theirs));
	}
}

/* Hunks are joined as git joins them. */
static void test_hunks(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	for (int gap = 1; gap < 10; gap++) {
		struct buf *x = buf_new(b->arena, 4096), *y = buf_new(b->arena, 4096);
		int code;
		for (int i = 0; i < 30; i++) {
			bool change = i == 10 || i == 10 + gap + 1;
			buf_printf(x, "line %d\n", i);
			buf_printf(y, change ? "other %d\n" : "line %d\n", i);
		}
		put_file(b, "old", x->data);
		put_file(b, "new", y->data);
		const char *theirs = run_shell(
			b, &code,
			"cd %s && git diff --no-index old new | tail -n +5 | sed 's/@@ [^@]*$/@@/'",
			b->dir);
		assert_string_equal(text_diff(b->arena, x->data, y->data), theirs);
	}
}

/* Too large for the table: still right. */
static void test_large(void **state)
{
	struct bench *b = *state;
	struct buf *x = buf_new(b->arena, 1 << 20), *y = buf_new(b->arena, 1 << 20);
	for (int i = 0; i < 5000; i++) {
		buf_printf(x, "%d\n", i);
		buf_printf(y, "%d\n", i * 2);
	}
	assert_true(changes(text_diff(b->arena, x->data, y->data)) >= 5000);
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {BENCH(test_known), BENCH(test_patch_agrees),
					   BENCH(test_as_small_as_git), BENCH(test_hunks),
					   BENCH(test_large)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
