/* Saved input: a file, a folder's *.json, standard input; nothing is left out in silence. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pare/str.h"
#include "pare/world.h"

static char dir[] = "/tmp/pare-files-XXXXXX";

static const char *at(struct arena *a, const char *name)
{
	return str_printf(a, "%s/%s", dir, name);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_files(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct saved_text *texts;
	struct err e;
	size_t count;
	put(at(a, "b.json"), "{\"b\":1}");
	put(at(a, "a.json"), "");
	put(at(a, ".hidden.json"), "x");
	put(at(a, "notes.txt"), "x");
	assert_int_equal(mkdir(at(a, "folder.json"), 0700), 0);
	assert_true(files_read(a, dir, &texts, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(texts[0].name, at(a, "a.json"));
	assert_int_equal(texts[0].len, 0);
	assert_string_equal(texts[1].text, "{\"b\":1}");
	assert_true(files_read(a, at(a, "notes.txt"), &texts, &count,
			       &e)); /* named by itself: whatever it is called */
	assert_int_equal(count, 1);
	assert_false(files_read(a, at(a, "none.json"), &texts, &count, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_false(files_read(a, at(a, "folder.json"), &texts, &count, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	/* A link that leads nowhere was meant to be a finding. */
	assert_int_equal(symlink("nowhere", at(a, "c.json")), 0);
	assert_false(files_read(a, dir, &texts, &count, &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "c.json"));
	arena_free(a);
}

static void test_standard_input(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct saved_text *texts;
	struct err e;
	size_t count;
	put(at(a, "stdin"), "{}");
	assert_non_null(freopen(at(a, "stdin"), "r", stdin));
	assert_true(files_read(a, "-", &texts, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(texts[0].text, "{}");
	assert_string_equal(texts[0].name, "standard input");
	arena_free(a);
}

int main(void)
{
	char command[64];
	if (mkdtemp(dir) == NULL)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_standard_input),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command) == 0 ? result : 1;
}
