/* The state folder: whole files or none, durable records, locks that die with their holder, and
 * disks that are full, forbidden or strange. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

/* In place of libc's: counts, looks at what is there at that moment, and fails when told to. */
static struct {
	int data_calls, calls;
	off_t data_size; /* of the file at the last fdatasync */
	bool fail;
} syncs;

int fdatasync(int fd)
{
	struct stat st;
	syncs.data_calls++;
	syncs.data_size = fstat(fd, &st) == 0 ? st.st_size : -1;
	errno = EIO;
	return syncs.fail ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	syncs.calls++;
	errno = EIO;
	return syncs.fail ? -1 : (int)syscall(SYS_fsync, fd);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	struct err e;
	if (!f->port.write(f->port.self, name, text, strlen(text), &e))
		fail_msg("%s", e.message);
}

static bool append(struct fixture *f, const char *name, size_t at, const char *text, struct err *e)
{
	return f->port.append(f->port.self, name, at, text, strlen(text), e);
}

static void holds(struct fixture *f, const char *name, const char *text)
{
	const char *bytes;
	size_t len;
	struct err e;
	if (!f->port.read(f->port.self, f->arena, name, 1 << 20, &bytes, &len, &e))
		fail_msg("%s", e.message);
	assert_string_equal(bytes, text);
	assert_int_equal(len, strlen(text));
}

static void absent(struct fixture *f, const char *name)
{
	const char *bytes;
	size_t len;
	struct err e;
	assert_false(f->port.read(f->port.self, f->arena, name, 1 << 20, &bytes, &len, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	struct err e;
	const char *bytes;
	size_t len;
	umask(0);
	absent(f, "a");
	absent(f, "a/b/c");
	put(f, "a", "one");
	put(f, "a", "");
	holds(f, "a", "");
	put(f, "a", "two");
	put(f, "x/y/z.json", "three");
	holds(f, "a", "two");
	holds(f, "x/y/z.json", "three");
	absent(f, "a/b"); /* a file is no folder */
	assert_int_equal(mode_of(path_in(f, "a")), 0600);
	assert_int_equal(mode_of(path_in(f, "x")), 0700);
	assert_int_equal(mode_of(path_in(f, "x/y")), 0700);
	assert_int_not_equal(access(path_in(f, "a.new"), F_OK), 0);
	assert_true(f->port.write(f->port.self, "nul", "a\0b", 3, &e));
	assert_true(f->port.read(f->port.self, f->arena, "nul", 3, &bytes, &len, &e));
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "a\0b", 4);
	assert_false(f->port.read(f->port.self, f->arena, "nul", 2, &bytes, &len, &e));
	assert_int_equal(e.kind, ERR_LIMIT);
}

static void test_names_stay_inside(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"",	    "/etc/passwd", "..", ".",	"../x",
					  "a/../b", "a//b",	   "a/", "./a", "a/.."};
	const char *bytes;
	size_t len;
	struct err e;
	struct str_list names = {0};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(f->port.write(f->port.self, bad[i], "x", 1, &e));
		assert_int_equal(e.kind, ERR_INPUT);
		assert_false(f->port.read(f->port.self, f->arena, bad[i], 10, &bytes, &len, &e));
		assert_false(f->port.append(f->port.self, bad[i], 0, "x", 1, &e));
		assert_false(f->port.lock(f->port.self, bad[i], &e));
		assert_false(f->port.list(f->port.self, f->arena, bad[i], &names, &e));
	}
	/* A link that somebody laid is not followed, neither to read nor to write. */
	char outside[] = "/tmp/pare-outside-XXXXXX";
	int fd = mkstemp(outside);
	assert_int_equal(write(fd, "theirs", 6), 6);
	close(fd);
	assert_int_equal(symlink(outside, path_in(f, "link")), 0);
	assert_int_equal(symlink(outside, path_in(f, "fresh.new")), 0);
	assert_false(f->port.read(f->port.self, f->arena, "link", 10, &bytes, &len, &e));
	assert_false(append(f, "link", 0, "ours", &e));
	assert_false(f->port.lock(f->port.self, "link", &e));
	put(f, "fresh", "ours");
	put(f, "link", "ours"); /* the link itself is replaced */
	holds(f, "link", "ours");
	char text[16] = "";
	fd = open(outside, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text - 1), 6);
	assert_string_equal(text, "theirs");
	close(fd);
	unlink(outside);
	/* A pipe does not block, a folder is no file. */
	assert_int_equal(mkfifo(path_in(f, "pipe"), 0600), 0);
	assert_false(f->port.read(f->port.self, f->arena, "pipe", 10, &bytes, &len, &e));
	assert_false(append(f, "pipe", 0, "x", &e));
	assert_int_equal(mkdir(path_in(f, "folder"), 0700), 0);
	assert_false(f->port.read(f->port.self, f->arena, "folder", 10, &bytes, &len, &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_false(f->port.write(f->port.self, "folder", "x", 1, &e));
	assert_int_equal(e.kind, ERR_IO);
}

static void test_append(void **state)
{
	struct fixture *f = *state;
	struct err e;
	assert_true(append(f, "j/a.jsonl", 0, "one\n", &e));
	assert_true(append(f, "j/a.jsonl", 4, "two\n", &e));
	holds(f, "j/a.jsonl", "one\ntwo\n");
	/* A torn tail is cut by writing at the end of the last whole record. */
	FILE *raw = fopen(path_in(f, "j/a.jsonl"), "a");
	fputs("{\"torn", raw);
	fclose(raw);
	assert_true(append(f, "j/a.jsonl", 8, "x\n", &e));
	holds(f, "j/a.jsonl", "one\ntwo\nx\n");
	/* Durable records that are gone are no reason to write zeros in their place. */
	assert_false(append(f, "j/a.jsonl", 100, "y\n", &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "holds 10 bytes where 100 were written"));
	holds(f, "j/a.jsonl", "one\ntwo\nx\n");
	assert_false(append(f, "j/b.jsonl", 5, "y\n", &e));
	absent(f, "j/b.jsonl");
	assert_int_equal(mode_of(path_in(f, "j/a.jsonl")), 0600);
}

/* A record counts from the moment its one fdatasync returns, and the name of its file before it. */
static void test_durable_when_it_returns(void **state)
{
	struct fixture *f = *state;
	struct err e;
	memset(&syncs, 0, sizeof syncs);
	assert_true(append(f, "journal/deep/p.jsonl", 0, "one\n", &e));
	assert_int_equal(syncs.data_calls, 1);
	assert_int_equal(syncs.data_size, 4);
	assert_int_equal(syncs.calls, 3); /* two new folders and a new name */
	assert_true(append(f, "journal/deep/p.jsonl", 4, "two\n", &e));
	assert_int_equal(syncs.data_calls, 2);
	assert_int_equal(syncs.data_size, 8);
	assert_int_equal(syncs.calls, 3);
	put(f, "a", "old");
	assert_int_equal(syncs.calls, 5); /* the file, then its folder */
	syncs.fail = true;
	assert_false(append(f, "journal/deep/p.jsonl", 8, "three\n", &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_false(f->port.write(f->port.self, "a", "new", 3, &e));
	assert_false(append(f, "journal/q.jsonl", 0, "one\n", &e));
	syncs.fail = false;
	holds(f, "journal/deep/p.jsonl", "one\ntwo\n");
	holds(f, "a", "old");
	absent(f, "journal/q.jsonl");
	assert_int_equal(syncs.data_calls, 3);
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	struct err e;
	struct str_list names = {0};
	assert_true(f->port.list(f->port.self, f->arena, "plans", &names, &e));
	assert_int_equal(names.count, 0);
	put(f, "plans/b/plan.json", "");
	put(f, "plans/a/plan.json", "");
	put(f, "plans/.hidden", "");
	put(f, "other", "");
	FILE *half = fopen(path_in(f, "plans/c.new"), "w"); /* what a crash leaves behind */
	fclose(half);
	assert_int_equal(symlink("/etc", path_in(f, "plans/etc")), 0);
	assert_true(f->port.list(f->port.self, f->arena, "plans", &names, &e));
	assert_int_equal(names.count, 3);
	assert_string_equal(names.item[0], "plans/.hidden");
	assert_string_equal(names.item[1], "plans/a/plan.json");
	assert_string_equal(names.item[2], "plans/b/plan.json");
}

/* --- locks --- */

static int in_child(struct fixture *f, void (*run)(struct fixture *f, int ready), int *ready)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		run(f, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	*ready = ends[0];
	return child;
}

static void hold_lock(struct fixture *f, int ready)
{
	struct err e;
	struct arena *a = arena_new(NULL);
	struct store_port mine;
	bool ok = store_open(a, f->dir, &mine, &e) && mine.lock(mine.self, "locks/1", &e);
	if (write(ready, ok ? "y" : "n", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void test_locks(void **state)
{
	struct fixture *f = *state;
	struct err e;
	int ready;
	char answer;
	assert_true(f->port.lock(f->port.self, "locks/2", &e));
	assert_true(f->port.lock(f->port.self, "locks/3", &e));
	assert_false(f->port.lock(f->port.self, "locks/2", &e)); /* not even by its own holder */
	assert_int_equal(e.kind, ERR_REFUSED);
	f->port.unlock(f->port.self, "locks/2");
	f->port.unlock(f->port.self, "locks/2");
	f->port.unlock(f->port.self, "never");
	assert_true(f->port.lock(f->port.self, "locks/2", &e));
	pid_t child = in_child(f, hold_lock, &ready);
	assert_int_equal(read(ready, &answer, 1), 1);
	assert_int_equal(answer, 'y');
	assert_false(f->port.lock(f->port.self, "locks/1", &e));
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_non_null(strstr(e.message, "another pare"));
	kill(child, SIGKILL); /* a crash frees it at once */
	waitpid(child, NULL, 0);
	assert_true(f->port.lock(f->port.self, "locks/1", &e));
	close(ready);
	char name[32];
	for (int i = 0; i < 61; i++) {
		snprintf(name, sizeof name, "many/%d", i);
		assert_true(f->port.lock(f->port.self, name, &e));
	}
	assert_false(f->port.lock(f->port.self, "many/more", &e));
	assert_int_equal(e.kind, ERR_LIMIT);
}

/* --- crashes: a killed writer leaves the old file or the new one --- */

static void write_forever(struct fixture *f, int ready)
{
	static char text[2][20001];
	struct err e;
	memset(text[0], 'a', 20000);
	memset(text[1], 'b', 20000);
	for (unsigned i = 0;; i++) {
		if (!f->port.write(f->port.self, "state.json", text[i % 2], 20000, &e))
			_exit(1);
		if (i == 2 && write(ready, "y", 1) != 1)
			_exit(1);
	}
}

static void test_killed_writer(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 10; i++) {
		int ready;
		char answer;
		const char *bytes;
		size_t len;
		struct err e;
		pid_t child = in_child(f, write_forever, &ready);
		assert_int_equal(read(ready, &answer, 1), 1);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ready);
		assert_true(f->port.read(f->port.self, f->arena, "state.json", 1 << 20, &bytes,
					 &len, &e));
		assert_int_equal(len, 20000);
		assert_int_equal(strspn(bytes, bytes[0] == 'a' ? "a" : "b"), 20000);
		put(f, "state.json",
		    "after"); /* whatever the crash left beside it is in nobody's way */
		holds(f, "state.json", "after");
	}
}

/* --- full and forbidden --- */

static void fill_up(struct fixture *f)
{
	char *big = malloc(300000);
	struct err e;
	memset(big, 'x', 300000);
	put(f, "a", "old");
	assert_true(append(f, "j", 0, "one\n", &e));
	assert_false(f->port.write(f->port.self, "a", big, 300000, &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "make room and run again"));
	holds(f, "a", "old");
	assert_int_not_equal(access(path_in(f, "a.new"), F_OK), 0);
	assert_false(f->port.append(f->port.self, "j", 4, big, 300000, &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.message, "make room and run again"));
	holds(f, "j", "one\n"); /* no half record */
	assert_false(f->port.append(f->port.self, "fresh", 0, big, 300000, &e));
	absent(f, "fresh");
	assert_true(append(f, "j", 4, "two\n", &e)); /* what fits still goes */
	holds(f, "j", "one\ntwo\n");
	free(big);
}

static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	if (mount("none", f->dir, "tmpfs", 0, "size=200k,mode=0700") != 0) {
		printf("skipped: full disk: a small file system cannot be mounted (%s)\n",
		       strerror(errno));
		skip();
	}
	fill_up(f);
	assert_int_equal(umount(f->dir), 0);
}

/* The same without the right to mount: no file may grow past a limit. */
static void test_file_limit(void **state)
{
	struct fixture *f = *state;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct rlimit limit = {100000, 100000};
		clock_system(f->arena); /* SIGXFSZ must not kill */
		setrlimit(RLIMIT_FSIZE, &limit);
		fill_up(f);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool open_at(const char *dir, struct err *e)
{
	struct arena *a = arena_new(NULL);
	struct store_port port;
	bool ok = store_open(a, dir, &port, e);
	arena_free(a);
	return ok;
}

static void test_folders_that_do_not_serve(void **state)
{
	struct fixture *f = *state;
	struct err e;
	put(f, "file", "");
	assert_true(open_at(path_in(f, "new/state"), &e));
	assert_int_equal(mode_of(path_in(f, "new")), 0700);
	assert_int_equal(mode_of(path_in(f, "new/state")), 0700);
	assert_false(open_at(path_in(f, "file"), &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_false(open_at(path_in(f, "file/state"), &e));
	assert_int_equal(e.kind, ERR_IO);
	assert_int_equal(chmod(path_in(f, "new/state"), 0777), 0);
	assert_false(open_at(path_in(f, "new/state"), &e));
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_non_null(strstr(e.message, "others may write"));
	assert_int_equal(chmod(path_in(f, "new/state"), 0755),
			 0); /* reading is no harm to integrity */
	assert_true(open_at(path_in(f, "new/state"), &e));
	assert_false(open_at("/proc/pare-state", &e));
	assert_int_equal(e.kind, ERR_IO);
}

/* Permissions bind everybody but root, so another user tries. */
static void test_forbidden_folder(void **state)
{
	struct fixture *f = *state;
	put(f, "a", "old");
	assert_int_equal(chmod(f->dir, 0555), 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct err e;
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(77);
		if (f->port.write(f->port.self, "b", "x", 1, &e) || e.kind != ERR_IO ||
		    strstr(e.message, "give '--state DIR' a folder that you may write to") == NULL)
			_exit(1);
		if (append(f, "j", 0, "x", &e) || e.kind != ERR_IO)
			_exit(2);
		if (f->port.lock(f->port.self, "lock", &e) || e.kind != ERR_IO)
			_exit(3);
		if (open_at(f->dir, &e) || (e.kind != ERR_IO && e.kind != ERR_REFUSED))
			_exit(4);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(f->dir, 0700), 0);
	if (WEXITSTATUS(status) == 77) {
		printf("skipped: forbidden folder: cannot become another user\n");
		skip();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	holds(f, "a", "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_names_stay_inside),
		TEST(test_append),
		TEST(test_durable_when_it_returns),
		TEST(test_list),
		TEST(test_locks),
		TEST(test_killed_writer),
		TEST(test_full_disk),
		TEST(test_file_limit),
		TEST(test_folders_that_do_not_serve),
		TEST(test_forbidden_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
