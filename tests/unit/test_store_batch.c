/* Many files of the state folder at once: all or none, in their order, and durable before they have
 * their names. */
#include "store_fixture.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of libc's: counts, looks at what is there at that moment, and fails when told to. */
static int file_syncs;

int fsync(int fd)
{
	file_syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static struct {
	int calls, fail_at;
	const char *looked_for; /* is it there at the first call? */
	bool there;
} whole_syncs;

int syncfs(int fd)
{
	whole_syncs.calls++;
	if (whole_syncs.calls == 1 && whole_syncs.looked_for != NULL)
		whole_syncs.there = access(whole_syncs.looked_for, F_OK) == 0;
	errno = EIO;
	return whole_syncs.calls == whole_syncs.fail_at ? -1 : (int)syscall(SYS_syncfs, fd);
}

static size_t files_in(struct fixture *f, const char *folder)
{
	struct str_list names = {0};
	struct err e;
	assert_true(f->port.list(f->port.self, f->arena, folder, &names, &e));
	return names.count;
}

static void test_batch(void **state)
{
	struct fixture *f = *state;
	struct err e;
	const char *bytes;
	size_t len;
	memset(&whole_syncs, 0, sizeof whole_syncs);
	whole_syncs.looked_for = path_in(f, "b/one/x");
	assert_true(f->port.write(f->port.self, "b/two/y", "old", 3, &e));
	store_batch_begin(&f->port);
	int before = file_syncs;
	assert_true(f->port.write(f->port.self, "b/one/x", "first", 5, &e));
	assert_true(f->port.write(f->port.self, "b/two/y", "second", 6, &e));
	assert_int_equal(file_syncs, before);
	/* Nothing of it is there yet, and what was there is. */
	assert_false(f->port.read(f->port.self, f->arena, "b/one/x", 100, &bytes, &len, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_true(f->port.read(f->port.self, f->arena, "b/two/y", 100, &bytes, &len, &e));
	assert_string_equal(bytes, "old");
	assert_true(store_batch_end(&f->port, true, &e));
	assert_int_equal(whole_syncs.calls, 2);
	assert_false(whole_syncs.there); /* durable before it has its name */
	assert_true(f->port.read(f->port.self, f->arena, "b/two/y", 100, &bytes, &len, &e));
	assert_string_equal(bytes, "second");
	assert_int_equal(files_in(f, "b"), 2);
	assert_int_not_equal(access(path_in(f, "b/one/x.new"), F_OK), 0);
	/* Afterwards each write is durable by itself again. */
	before = file_syncs;
	assert_true(f->port.write(f->port.self, "b/three", "z", 1, &e));
	assert_true(file_syncs > before);
}

static void test_batch_given_up(void **state)
{
	struct fixture *f = *state;
	struct err e;
	for (int round = 0; round < 2; round++) {
		memset(&whole_syncs, 0, sizeof whole_syncs);
		whole_syncs.fail_at = 1;
		store_batch_begin(&f->port);
		assert_true(f->port.write(f->port.self, "c/x", "first", 5, &e));
		assert_false(f->port.write(f->port.self, "../x", "first", 5, &e));
		if (round == 0)
			assert_true(store_batch_end(&f->port, false, &e));
		else
			assert_false(store_batch_end(&f->port, true, &e));
		assert_int_equal(files_in(f, "c"), 0);
		assert_int_not_equal(access(path_in(f, "c/x.new"), F_OK), 0);
	}
	assert_int_equal(e.kind, ERR_IO);
	memset(&whole_syncs, 0, sizeof whole_syncs);
	store_batch_begin(&f->port);
	assert_true(store_batch_end(&f->port, true, &e));
	assert_int_equal(whole_syncs.calls, 0);
}

/* The disk's answer comes later than the write: by the end at the latest it is told, once and whole. */
static void test_batch_that_fails_on_the_way(void **state)
{
	struct fixture *f = *state;
	struct err e;
	static char large[64 * 1024];
	assert_true(f->port.write(f->port.self, "d/file", "x", 1, &e));
	store_batch_begin(&f->port);
	assert_true(f->port.write(f->port.self, "d/good", "x", 1, &e));
	bool told = !f->port.write(f->port.self, "d/file/below", "x", 1, &e);
	for (int i = 0; i < 100 && !told; i++) /* more than may wait for the disk */
		told = !f->port.write(f->port.self, str_printf(f->arena, "d/large%d", i), large, sizeof large, &e);
	assert_true(told);
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "d/file"));
	e.message[0] = '\0';
	assert_false(store_batch_end(&f->port, true, &e));
	assert_non_null(strstr(e.message, "d/file"));
	assert_int_equal(files_in(f, "d"), 1);
	assert_int_not_equal(access(path_in(f, "d/good.new"), F_OK), 0);
}

/* In the order of writing, whole, however many bytes wait. */
static void test_large_batch(void **state)
{
	struct fixture *f = *state;
	struct err e;
	const char *bytes;
	size_t len;
	enum { FILES = 300, EACH = 32 * 1024 };
	static char text[EACH];
	store_batch_begin(&f->port);
	for (int i = 0; i < FILES; i++) {
		memset(text, 'a' + i % 26, sizeof text); /* the caller's bytes are its own again at once */
		assert_true(f->port.write(f->port.self, str_printf(f->arena, "e/%d/%d", i / 10, i), text, EACH, &e));
	}
	assert_true(store_batch_end(&f->port, true, &e));
	assert_int_equal(files_in(f, "e"), FILES);
	for (int i = 0; i < FILES; i++) {
		const char *name = str_printf(f->arena, "e/%d/%d", i / 10, i);
		assert_true(f->port.read(f->port.self, f->arena, name, EACH, &bytes, &len, &e));
		assert_int_equal(len, EACH);
		assert_true(bytes[0] == 'a' + i % 26 && bytes[EACH - 1] == bytes[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_batch),
		TEST(test_batch_given_up),
		TEST(test_batch_that_fails_on_the_way),
		TEST(test_large_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
