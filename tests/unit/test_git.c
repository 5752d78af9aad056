/* The git adapter on repositories of this machine, with git's own command line as the judge. */
#include "review_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static const char MAIN[] = "refs/heads/main";

/* --- reading --- */

static void test_reads_what_was_fetched(void **state)
{
	struct bench *b = *state;
	const char *bytes;
	size_t len;
	struct str_list paths = {0};
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && mkdir -p a/b && printf 'x\\n' >a/b/c && printf y >a/d && git add "
		  ". && "
		  "git commit -qm more && git push -q origin main",
		  b->dir);
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	char *said = run_shell(b, NULL, "git -C %s rev-parse main", b->remote);
	assert_memory_equal(said, main, 40);
	assert_ok(r.read(r.self, b->arena, main, "a/b/c", 100, &bytes, &len, &b->e));
	assert_int_equal(len, 2);
	assert_string_equal(bytes, "x\n");
	assert_ok(r.list(r.self, b->arena, main, "a", &paths, &b->e));
	assert_int_equal(paths.count, 2);
	assert_string_equal(paths.item[0], "a/b/c");
	assert_string_equal(paths.item[1], "a/d");
	paths.count = 0;
	assert_ok(r.list(r.self, b->arena, main, "nothing", &paths, &b->e));
	assert_int_equal(paths.count, 0);
	assert_refused(r.read(r.self, b->arena, main, "a/none", 100, &bytes, &len, &b->e),
		       ERR_NOT_FOUND, "no such file");
	assert_refused(r.read(r.self, b->arena, main, "a/d/deeper", 100, &bytes, &len, &b->e),
		       ERR_NOT_FOUND, "no such file");
	assert_refused(r.read(r.self, b->arena, main, "a/b/../d", 100, &bytes, &len, &b->e),
		       ERR_NOT_FOUND, "no such file");
	assert_refused(r.read(r.self, b->arena, main, "a/b/c", 1, &bytes, &len, &b->e), ERR_REFUSED,
		       "at most 1");
	assert_refused(r.read(r.self, b->arena, main, "a/b", 100, &bytes, &len, &b->e), ERR_REFUSED,
		       "a folder");
	assert_refused(r.read(r.self, b->arena, "main", "a/d", 100, &bytes, &len, &b->e), ERR_INPUT,
		       "no commit id");
	assert_string_equal(tip(b, &r, "refs/heads/none"), "");
}

/* Whatever a work tree can stage that is no plain file. */
static void test_refuses_other_modes(void **state)
{
	static const struct {
		const char *path, *words;
	} odd[] = {
		{"p/link", "symbolic link"}, {"p/run", "an executable"}, {"p/sub", "a submodule"}};
	struct bench *b = *state;
	const char *bytes;
	size_t len;
	struct str_list paths = {0};
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && mkdir p && ln -s /etc/passwd p/link && echo x >p/run && chmod +x "
		  "p/run && "
		  "echo y >p/plain && ln -s p linked && git add . && "
		  "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),p/sub && git "
		  "commit -qm odd && "
		  "git push -q origin main",
		  b->dir);
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	for (size_t i = 0; i < 3; i++)
		assert_refused(
			r.read(r.self, b->arena, main, odd[i].path, 100, &bytes, &len, &b->e),
			ERR_REFUSED, odd[i].words);
	assert_refused(r.read(r.self, b->arena, main, "linked/plain", 100, &bytes, &len, &b->e),
		       ERR_NOT_FOUND, "");
	assert_ok(r.list(r.self, b->arena, main, "p", &paths, &b->e));
	assert_int_equal(paths.count, 1);
	assert_ok(r.list(r.self, b->arena, main, "linked", &paths, &b->e));
	assert_int_equal(paths.count, 1);
}

static size_t put_entry(struct bench *b, unsigned char *at, const char *mode_name, const char *blob)
{
	size_t len = strlen(mode_name) + 1;
	(void)b;
	memcpy(at, mode_name, len);
	for (size_t i = 0; i < 20; i++) {
		unsigned byte;
		sscanf(blob + 2 * i, "%2x", &byte);
		at[len + i] = (unsigned char)byte;
	}
	return len + 20;
}

/* Trees that git itself does not make: one name twice, a mode that is not 100644 and reads like it.
 */
static void test_refuses_odd_trees(void **state)
{
	struct bench *b = *state;
	const char *bytes;
	size_t len, size = 0;
	unsigned char tree[256];
	NEED_GIT();
	const char *one =
		run_shell(b, NULL, "echo one | git -C %s hash-object -w --stdin", b->remote);
	const char *two =
		run_shell(b, NULL, "echo two | git -C %s hash-object -w --stdin", b->remote);
	size += put_entry(b, tree + size, "100664 wide", one);
	size += put_entry(b, tree + size, "100644 x", one);
	size += put_entry(b, tree + size, "100644 x", two);
	const char *raw = str_printf(b->arena, "%s/raw", b->dir);
	FILE *f = fopen(raw, "wb");
	assert_int_equal(fwrite(tree, 1, size, f), size);
	fclose(f);
	run_shell(b, NULL,
		  "cd %s && git update-ref refs/heads/main $(git commit-tree -m raw $(git "
		  "hash-object -t tree -w "
		  "--literally %s))",
		  b->remote, raw);
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	assert_refused(r.read(r.self, b->arena, main, "x", 100, &bytes, &len, &b->e), ERR_REFUSED,
		       "stands twice");
	assert_refused(r.read(r.self, b->arena, main, "wide", 100, &bytes, &len, &b->e),
		       ERR_REFUSED, "odd mode");
}

/* Ten folders deep, each naming the next ten times: 10^10 files in eleven objects. */
static void test_bounds_a_tree_bomb(void **state)
{
	struct bench *b = *state;
	struct str_list paths = {0};
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s && t=$(printf '100644 blob %%s\\tf\\n' $(echo x | git hash-object -w "
		  "--stdin) | git mktree) && "
		  "for d in 1 2 3 4 5 6 7 8 9 10; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf "
		  "'040000 tree "
		  "%%s\\t%%s\\n' $t $i; done | git mktree); done && t=$(printf '040000 tree "
		  "%%s\\taccounts\\n' $t | git "
		  "mktree) && git update-ref refs/heads/main $(git commit-tree -m bomb $t)",
		  b->remote);
	struct review_port r = fetched(b, b->remote);
	assert_refused(r.list(r.self, b->arena, tip(b, &r, MAIN), "accounts", &paths, &b->e),
		       ERR_LIMIT, "more than");
}

/* A blob larger than the ceiling is refused by its header, not after it filled memory. */
static void test_large_blob_by_header(void **state)
{
	struct bench *b = *state;
	const char *bytes;
	size_t len;
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && head -c 200000000 /dev/zero >big && git add big && git commit -qm "
		  "big && "
		  "git push -q origin main",
		  b->dir);
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	assert_refused(r.read(r.self, b->arena, main, "big", 1 << 20, &bytes, &len, &b->e),
		       ERR_REFUSED, "at most");
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 100000);
}

/* --- damage --- */

/* A missing object is damage: it must never read as "there is no receipt". */
static void test_missing_object_is_no_missing_file(void **state)
{
	static const char *const what[] = {"main:accounts/1/plans", "main:accounts", "main^{tree}"};
	struct bench *b = *state;
	const char *bytes;
	size_t len;
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && mkdir -p accounts/1/plans && echo x >accounts/1/plans/p && git "
		  "add . && "
		  "git commit -qm plan && git push -q origin main",
		  b->dir);
	for (size_t i = 0; i < 3; i++) {
		struct str_list paths = {0};
		run_shell(b, NULL, "rm -rf %s/mirrors", b->state);
		struct review_port r = fetched(b, b->remote);
		const char *main = tip(b, &r, MAIN);
		/* Unpacked, so that one object can go. */
		run_shell(b, NULL,
			  "cd %s && mkdir x && mv objects/pack/* x && for p in x/*.pack; do git "
			  "unpack-objects -q <$p; "
			  "done; rm -rf x; o=$(git rev-parse '%s'); rm -f objects/$(echo $o | cut "
			  "-c1-2)/$(echo $o | cut "
			  "-c3-)",
			  mirror_of(b), what[i]);
		struct review_port again = open_review(b, b->remote);
		assert_refused(again.read(again.self, b->arena, main, "accounts/1/plans/p", 100,
					  &bytes, &len, &b->e),
			       ERR_IO, "remove the folder");
		if (again.list(again.self, b->arena, main, "accounts/1/plans", &paths, &b->e))
			fail_msg("listed %zu files of a damaged tree", paths.count);
		assert_int_equal(b->e.kind, ERR_IO);
	}
}

static void test_damaged_mirror_heals(void **state)
{
	static const char *const damage[] = {
		"rm -rf objects",
		"rm -f HEAD",
		": >HEAD",
		": >config",
		"printf '[core' >config",
		"rm -rf refs",
		"printf 'garbage\\n' >refs/heads/main",
		": >refs/heads/main",
		"printf 'x y z\\n' >packed-refs",
		"rm -f objects/pack/*.idx",
		"for f in objects/pack/*.pack; do chmod u+w $f; : >$f; done",
		"rm -f objects/pack/*.pack",
		"rm -rf objects/pack",
		": >refs/heads/main.lock",
		": >packed-refs.lock; : >config.lock; : >HEAD.lock; : >objects/pack/pack_git2_abc",
		"mkdir -p refs/heads/main.x; rm refs/heads/main; mkdir -p refs/heads/main/x",
		"find . -type f -exec chmod u+w {} + -exec truncate -s 0 {} +",
	};
	struct bench *b = *state;
	const char *bytes;
	size_t len;
	NEED_GIT();
	for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
		struct review_port r = fetched(b, b->remote);
		struct arena *own = arena_new(NULL);
		struct review_port later;
		arena_free(b->arena);
		b->arena = arena_new(NULL);
		b->remote = str_printf(b->arena, "%s/review.git", b->dir);
		b->state = str_printf(b->arena, "%s/state", b->dir);
		(void)r;
		run_shell(b, NULL, "cd %s && %s", mirror_of(b), damage[i]);
		if (!git_open(own, b->remote, b->state, &later, &b->e))
			fail_msg("'%s': opening: %s", damage[i], b->e.message);
		if (!later.fetch(later.self, &b->e))
			fail_msg("'%s': fetching: %s", damage[i], b->e.message);
		const char *main = tip(b, &later, MAIN);
		if (!later.read(later.self, b->arena, main, "README.md", 100, &bytes, &len, &b->e))
			fail_msg("'%s': reading: %s", damage[i], b->e.message);
		int code;
		char *said =
			run_shell(b, &code, "git -C %s fsck --strict --no-dangling", mirror_of(b));
		if (code != 0)
			fail_msg("'%s': git fsck: %s", damage[i], said);
		arena_free(own);
	}
}

/* Damage under an open mirror heals at the next fetch; while a second one is open it is not taken
 * from under it. */
static void test_damage_while_open(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	struct arena *other = arena_new(NULL);
	struct review_port second;
	assert_ok(git_open(other, b->remote, b->state, &second, &b->e));
	run_shell(b, NULL, "printf garbage >%s/refs/heads/main", mirror_of(b));
	assert_refused(r.fetch(r.self, &b->e), ERR_IO, "another pare uses it");
	arena_free(other);
	assert_ok(r.fetch(r.self, &b->e));
	assert_int_equal(strlen(tip(b, &r, MAIN)), 40);
}

/* Killed at any moment of a fetch, the next one works. */
static void test_killed_fetches(void **state)
{
	struct bench *b = *state;
	unsigned seed = 1;
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && for i in $(seq 1 300); do mkdir -p d$i; echo $i >d$i/f; done && "
		  "git add . && "
		  "git commit -qm many && git push -q origin main",
		  b->dir);
	for (int i = 0; i < 40; i++) {
		pid_t child = fork();
		if (child == 0) {
			struct review_port r;
			struct err e;
			if (git_open(arena_new(NULL), b->remote, b->state, &r, &e))
				r.fetch(r.self, &e);
			_exit(0);
		}
		seed = seed * 1103515245 + 12345;
		usleep((seed >> 8) % 40000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		if (i % 5 == 4)
			run_shell(b, NULL,
				  "cd %s/work && echo %d >n && git add n && git commit -qm n && "
				  "git push -q origin "
				  "main",
				  b->dir, i);
		if (i % 10 == 9) {
			run_shell(b, NULL, "rm -rf %s/mirrors", b->state);
			continue;
		}
	}
	struct review_port r = fetched(b, b->remote);
	char *said = run_shell(b, NULL, "git -C %s rev-parse main", b->remote);
	assert_memory_equal(said, tip(b, &r, MAIN), 40);
	run_shell(b, NULL, "git -C %s fsck --strict --no-dangling", mirror_of(b));
}

static void test_unwritable_state(void **state)
{
	struct bench *b = *state;
	struct review_port r;
	NEED_GIT();
	run_shell(b, NULL, "rm -rf %s/mirrors && : >%s/mirrors", b->state, b->state);
	assert_refused(git_open(b->arena, b->remote, b->state, &r, &b->e), ERR_IO, "mirrors");
}

/* A disk that takes no more: one error, and the mirror works when there is room again. */
static void test_full_disk(void **state)
{
	struct bench *b = *state;
	struct rlimit was, small = {4096, 4096};
	struct err e;
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s/work && head -c 100000 /dev/urandom >r && git add r && git commit -qm r "
		  "&& git push -q "
		  "origin main",
		  b->dir);
	pid_t child = fork();
	if (child == 0) {
		struct review_port r;
		signal(SIGXFSZ, SIG_IGN);
		getrlimit(RLIMIT_FSIZE, &was);
		setrlimit(RLIMIT_FSIZE, &small);
		bool opened = git_open(b->arena, b->remote, b->state, &r, &e);
		bool ok = opened && r.fetch(r.self, &e);
		_exit(opened && !ok && e.kind != ERR_NONE && e.message[0] != '\0' ? 0 : 1);
	}
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	struct review_port r = fetched(b, b->remote);
	assert_int_equal(strlen(tip(b, &r, MAIN)), 40);
}

/* --- fetching --- */

static void test_fetch_follows_the_remote(void **state)
{
	struct bench *b = *state;
	struct str_list names = {0};
	NEED_GIT();
	run_shell(b, NULL,
		  "cd %s && git update-ref refs/heads/x main && git update-ref refs/pare/applied/1 "
		  "main && git "
		  "update-ref refs/other/y main && git tag t main",
		  b->remote);
	struct review_port r = fetched(b, b->remote);
	assert_ok(r.refs(r.self, b->arena, "refs/", &names, &b->e));
	assert_int_equal(names.count, 3);
	/* A branch that became a folder of branches, and the other way round. */
	run_shell(b, NULL,
		  "cd %s && git update-ref -d refs/heads/x && git update-ref refs/heads/x/y main "
		  "&& git "
		  "update-ref -d refs/pare/applied/1 && git update-ref refs/pare/applied main",
		  b->remote);
	assert_ok(r.fetch(r.self, &b->e));
	assert_int_equal(strlen(tip(b, &r, "refs/heads/x/y")), 40);
	assert_string_equal(tip(b, &r, "refs/heads/x"), "");
	assert_int_equal(strlen(tip(b, &r, "refs/pare/applied")), 40);
	run_shell(b, NULL,
		  "cd %s && git update-ref -d refs/heads/x/y && git update-ref refs/heads/x main",
		  b->remote);
	assert_ok(r.fetch(r.self, &b->e));
	assert_int_equal(strlen(tip(b, &r, "refs/heads/x")), 40);
}

static void test_descends(void **state)
{
	struct bench *b = *state;
	bool yes;
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	const char *first = tip(b, &r, MAIN);
	const char *second = commit_text(b, &r, first, "a", "1");
	const char *beside = commit_text(b, &r, first, "a", "2");
	assert_ok(r.descends(r.self, second, first, &yes, &b->e));
	assert_true(yes);
	assert_ok(r.descends(r.self, first, first, &yes, &b->e));
	assert_true(yes);
	assert_ok(r.descends(r.self, first, second, &yes, &b->e));
	assert_false(yes);
	assert_ok(r.descends(r.self, beside, second, &yes, &b->e));
	assert_false(yes);
	assert_ok(
		r.descends(r.self, first, "0123456789012345678901234567890123456789", &yes, &b->e));
	assert_false(yes);
	assert_refused(r.descends(r.self, first, "main", &yes, &b->e), ERR_INPUT, "no commit id");
}

/* --- committing --- */

static void test_commit_is_deterministic(void **state)
{
	struct bench *b = *state;
	char one[OID_HEX], two[OID_HEX];
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	struct review_file files[] = {
		{"a/x.json", "1\n", 2}, {"a/y/z.json", "2\n", 2}, {"b", "3\n", 2}};
	struct review_file turned[] = {files[2], files[0], files[1]};
	assert_ok(r.commit(r.self, main, files, 3, "m\n", "bot@example.com", 1700000000123, one,
			   &b->e));
	assert_ok(r.commit(r.self, main, turned, 3, "m\n", "bot@example.com", 1700000000123, two,
			   &b->e));
	assert_string_equal(one, two);
	assert_ok(r.commit(r.self, one, files, 3, "again\n", "bot@example.com", 1700000009000, two,
			   &b->e));
	assert_string_equal(one, two);
	assert_ok(r.publish(r.self, "refs/heads/pare/1", "", one, &b->e));
	char *said = run_shell(
		b, NULL,
		"git -C %s log -1 --format='%%an|%%ae|%%at|%%ad|%%cn|%%B' --date=iso pare/1",
		b->remote);
	assert_string_equal(said,
			    "pare|bot@example.com|1700000000|2023-11-14 22:13:20 +0000|pare|m\n\n");
	said = run_shell(b, NULL, "git -C %s ls-tree -r pare/1 | cut -c1-6,53-", b->remote);
	assert_string_equal(said,
			    "100644\tREADME.md\n100644\ta/x.json\n100644\ta/y/z.json\n100644\tb\n");
	struct review_file removal[] = {{"a/", NULL, 0},
					{"b", NULL, 0},
					{"none", NULL, 0},
					{"none/", NULL, 0},
					{"a/new", "4", 1}};
	assert_ok(r.commit(r.self, one, removal, 5, "less\n", "bot@example.com", 1700000000123, two,
			   &b->e));
	assert_ok(r.publish(r.self, "refs/heads/pare/1", one, two, &b->e));
	said = run_shell(b, NULL, "git -C %s ls-tree -r --name-only pare/1", b->remote);
	assert_string_equal(said, "README.md\na/new\n");
	assert_fsck(b);
}

static void test_commit_refuses(void **state)
{
	static const char *const paths[] = {"",		"/a",	    "a//b",  "a/",
					    "../a",	"a/..",	    "a/./b", ".git/config",
					    "a/.git/x", "a/.GIT/x", "a\nb",  "a/git~1/b"};
	static const char *const authors[] = {"", "a\nb", "a<b", "a>b", "a\x7f"};
	struct bench *b = *state;
	char oid[OID_HEX];
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct review_file f = {paths[i], "x", 1};
		if (r.commit(r.self, tip(b, &r, MAIN), &f, 1, "m\n", "a@b", 0, oid, &b->e))
			fail_msg("took the path '%s'", paths[i]);
	}
	struct review_file good = {"a", "x", 1};
	for (size_t i = 0; i < sizeof authors / sizeof authors[0]; i++)
		if (r.commit(r.self, tip(b, &r, MAIN), &good, 1, "m\n", authors[i], 0, oid, &b->e))
			fail_msg("took the author '%s'", authors[i]);
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_reads_what_was_fetched),
		BENCH(test_refuses_other_modes),
		BENCH(test_refuses_odd_trees),
		BENCH(test_bounds_a_tree_bomb),
		BENCH(test_large_blob_by_header),
		BENCH(test_missing_object_is_no_missing_file),
		BENCH(test_damaged_mirror_heals),
		BENCH(test_damage_while_open),
		BENCH(test_killed_fetches),
		BENCH(test_unwritable_state),
		BENCH(test_full_disk),
		BENCH(test_fetch_follows_the_remote),
		BENCH(test_descends),
		BENCH(test_commit_is_deterministic),
		BENCH(test_commit_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
