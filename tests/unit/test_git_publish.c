/* Publishing to and talking with remotes: compare-and-swap, races, URLs, remotes that are not there. */
#include "review_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

static const char MAIN[] = "refs/heads/main";

/* --- publishing --- */

static void test_publish_compares(void **state)
{
	struct bench *b = *state;
	static const char ref[] = "refs/pare/locks/111122223333";
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	const char *main = tip(b, &r, MAIN);
	const char *one = commit_text(b, &r, main, "a", "1"),
		   *two = commit_text(b, &r, main, "a", "2");
	assert_ok(r.publish(r.self, ref, "", one, &b->e));
	assert_string_equal(tip(b, &r, ref), one);
	assert_refused(r.publish(r.self, ref, "", two, &b->e), ERR_CONFLICT, "moved meanwhile");
	assert_refused(r.publish(r.self, ref, two, two, &b->e), ERR_CONFLICT, "moved meanwhile");
	assert_refused(r.publish(r.self, ref, two, "", &b->e), ERR_CONFLICT, "moved meanwhile");
	assert_ok(r.publish(r.self, ref, one, two, &b->e));
	assert_ok(r.publish(r.self, ref, NULL, one, &b->e));
	assert_ok(r.publish(r.self, ref, one, "", &b->e));
	assert_string_equal(tip(b, &r, ref), "");
	assert_refused(r.publish(r.self, ref, one, "", &b->e), ERR_CONFLICT, "moved meanwhile");
	assert_refused(r.publish(r.self, ref, one, two, &b->e), ERR_CONFLICT, "moved meanwhile");
	char *refs = run_shell(b, NULL, "git -C %s for-each-ref --format='%%(refname)'", b->remote);
	assert_string_equal(refs, "refs/heads/main\n");
	refs = run_shell(b, NULL, "git -C %s for-each-ref --format='%%(refname)'", mirror_of(b));
	assert_string_equal(refs, "refs/heads/main\n");
	assert_fsck(b);
}

enum { MANY = 130 }; /* more than go into one push */

static struct review_move *marks(struct bench *b, const char *expected)
{
	struct review_move *m = arena_array(b->arena, MANY, sizeof *m);
	for (size_t i = 0; i < MANY; i++)
		m[i] = (struct review_move){str_printf(b->arena, "refs/pare/applied/%03zu", i), expected};
	return m;
}

static void all_at(struct bench *b, const struct review_move *m, const char *oid)
{
	struct review_port r = fetched(b, b->remote);
	for (size_t i = 0; i < MANY; i++)
		assert_string_equal(tip(b, &r, m[i].ref), oid);
	char *refs = run_shell(b, NULL, "git -C %s for-each-ref --format='%%(objectname)' refs/pare | sort -u",
			       b->remote);
	assert_string_equal(refs, str_printf(b->arena, "%s\n", oid));
	refs = run_shell(b, NULL, "git -C %s for-each-ref refs/pare-outgoing", mirror_of(b));
	assert_string_equal(refs, "");
}

static void publish_many(struct bench *b, const char *url)
{
	struct review_port r = fetched(b, url);
	const char *main = tip(b, &r, MAIN), *one = commit_text(b, &r, main, "a", "1"),
		   *two = commit_text(b, &r, main, "a", "2");
	struct review_move *m = marks(b, "");
	assert_ok(r.publish_all(r.self, m, MANY, one, &b->e));
	assert_string_equal(tip(b, &r, m[MANY - 1].ref), one);
	all_at(b, m, one);
	assert_refused(r.publish_all(r.self, m, MANY, two, &b->e), ERR_CONFLICT, "applied/000");
	all_at(b, m, one);
	m = marks(b, one);
	m[7].expected = two;
	assert_refused(r.publish_all(r.self, m, MANY, two, &b->e), ERR_CONFLICT, "applied/007");
	for (size_t i = 0; i < MANY; i++)
		m[i].expected = NULL;
	assert_ok(r.publish_all(r.self, m, MANY, one, &b->e));
	all_at(b, m, one);
	for (size_t i = 0; i < MANY; i++)
		m[i].expected = one;
	assert_ok(r.publish_all(r.self, m, MANY, two, &b->e));
	all_at(b, m, two);
	assert_ok(r.publish_all(r.self, m, 0, two, &b->e));
	assert_fsck(b);
}

static void test_publish_many_to_a_path(void **state)
{
	NEED_GIT();
	publish_many(*state, ((struct bench *)*state)->remote);
}

/* Over the wire: the "server" is a program of the name ssh that runs what it is asked for. */
static void test_publish_many_over_the_wire(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	const char *path = arena_strdup(b->arena, getenv("PATH"));
	run_shell(b, NULL,
		  "mkdir %s/bin && printf '#!/bin/sh\nfor x; do :; done\nexec sh -c \"$x\"\n' >%s/bin/ssh && "
		  "chmod +x %s/bin/ssh", b->dir, b->dir, b->dir);
	setenv("PATH", str_printf(b->arena, "%s/bin:%s", b->dir, path), 1);
	const char *url = str_printf(b->arena, "ssh://somewhere%s", b->remote);
	publish_many(b, url);
	/* A hook's word against one of them is an error, whatever became of the others. */
	struct review_port r = fetched(b, url);
	struct review_move *m = marks(b, NULL);
	const char *three = commit_text(b, &r, tip(b, &r, MAIN), "a", "3");
	run_shell(b, NULL,
		  "printf '#!/bin/sh\ncase $1 in */005) echo not five >&2; exit 1;; esac\n' >%s/hooks/update && "
		  "chmod +x %s/hooks/update", b->remote, b->remote);
	assert_refused(r.publish_all(r.self, m, MANY, three, &b->e), ERR_REFUSED, "applied/005");
	assert_non_null(strstr(b->e.message, "not five"));
	setenv("PATH", path, 1);
}

static void test_publish_to_a_guarded_path(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	const char *one = commit_text(b, &r, tip(b, &r, MAIN), "a", "1");
	run_shell(b, NULL,
		  "printf '#!/bin/sh\\nexit 1\\n' >%s/hooks/pre-receive && chmod +x "
		  "%s/hooks/pre-receive",
		  b->remote, b->remote);
	assert_refused(r.publish(r.self, "refs/heads/x", "", one, &b->e), ERR_REFUSED,
		       "pre-receive");
	run_shell(b, NULL, "chmod -x %s/hooks/pre-receive", b->remote);
	assert_ok(r.publish(r.self, "refs/heads/x", "", one, &b->e));
}

/* A held lock file: waited for; a dead one: one clear error. */
static void test_publish_meets_a_lock_file(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct review_port r = fetched(b, b->remote);
	const char *one = commit_text(b, &r, tip(b, &r, MAIN), "a", "1");
	run_shell(b, NULL, "mkdir -p %s/refs/heads && : >%s/refs/heads/x.lock", b->remote,
		  b->remote);
	assert_refused(r.publish(r.self, "refs/heads/x", "", one, &b->e), ERR_CONFLICT,
		       "lock file");
	pid_t child = fork();
	if (child == 0) {
		usleep(300000);
		_exit(system(str_printf(b->arena, "rm %s/refs/heads/x.lock", b->remote)) == 0 ? 0
											      : 1);
	}
	assert_ok(r.publish(r.self, "refs/heads/x", "", one, &b->e));
	waitpid(child, NULL, 0);
}

static void test_publish_to_a_work_tree(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	const char *work = str_printf(b->arena, "%s/work", b->dir);
	struct review_port r = fetched(b, work);
	const char *one = commit_text(b, &r, tip(b, &r, MAIN), "a", "1");
	assert_false(r.publish(r.self, "refs/heads/x", "", one, &b->e));
	assert_non_null(strstr(b->e.message, "bare"));
}

enum { RACERS = 4, ROUNDS = 30 };

/* Publishes one commit of its own; exit code 0 won, 1 lost the race, 2 anything else. */
static int race_once(struct bench *b, int racer, int round, const char *state_name)
{
	struct review_port r;
	struct err e;
	char oid[OID_HEX], main[OID_HEX];
	const char *folder = str_printf(b->arena, "%s/%s", b->dir, state_name);
	const char *text = str_printf(b->arena, "%d %d\n", racer, round);
	struct review_file f = {"who", text, strlen(text)};
	struct store_port store;
	if (!store_open(b->arena, folder, &store, &e) ||
	    !git_open(b->arena, b->remote, folder, &r, &e) || !r.fetch(r.self, &e) ||
	    !r.resolve(r.self, MAIN, main, &e) ||
	    !r.commit(r.self, main, &f, 1, "race\n", "a@b", 0, oid, &e)) {
		fprintf(stderr, "racer %d: %s\n", racer, e.message);
		return 2;
	}
	if (r.publish(r.self, str_printf(b->arena, "refs/pare/locks/%d", round), "", oid, &e))
		return 0;
	if (e.kind != ERR_CONFLICT)
		fprintf(stderr, "racer %d: %s\n", racer, e.message);
	return e.kind == ERR_CONFLICT ? 1 : 2;
}

static void race(struct bench *b, bool one_mirror)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t child[RACERS];
		int won = 0, lost = 0;
		for (int i = 0; i < RACERS; i++)
			if ((child[i] = fork()) == 0)
				_exit(race_once(b, i, round,
						one_mirror ? "state"
							   : str_printf(b->arena, "state%d", i)));
		for (int i = 0; i < RACERS; i++) {
			int status;
			waitpid(child[i], &status, 0);
			assert_true(WIFEXITED(status));
			won += WEXITSTATUS(status) == 0;
			lost += WEXITSTATUS(status) == 1;
		}
		assert_int_equal(won, 1);
		assert_int_equal(lost, RACERS - 1);
	}
	char *count =
		run_shell(b, NULL, "git -C %s for-each-ref refs/pare/locks | wc -l", b->remote);
	assert_int_equal(atoi(count), ROUNDS);
	assert_fsck(b);
}

static void test_race_of_mirrors(void **state)
{
	NEED_GIT();
	race(*state, false);
}

static void test_race_on_one_mirror(void **state)
{
	NEED_GIT();
	race(*state, true);
}

/* Appending to one branch from many processes, git's own command line among them: none is lost. */
static void test_appends_are_not_lost(void **state)
{
	enum { WRITERS = 3, APPENDS = 15 };
	struct bench *b = *state;
	pid_t child[WRITERS + 1];
	NEED_GIT();
	for (int i = 0; i < WRITERS; i++) {
		if ((child[i] = fork()) != 0)
			continue;
		struct review_port r;
		struct err e;
		int done = 0;
		if (!git_open(b->arena, b->remote, b->state, &r, &e))
			_exit(2);
		while (done < APPENDS) {
			char there[OID_HEX], oid[OID_HEX];
			const char *path = str_printf(b->arena, "log/%d-%d", i, done);
			struct review_file f = {path, "x", 1};
			if (!r.fetch(r.self, &e) ||
			    !r.resolve(r.self, "refs/heads/pare/log", there, &e) ||
			    !r.commit(r.self, there, &f, 1, "append\n", "a@b", 0, oid, &e))
				_exit(2);
			if (r.publish(r.self, "refs/heads/pare/log", there, oid, &e))
				done++;
			else if (e.kind != ERR_CONFLICT)
				_exit(3);
		}
		_exit(0);
	}
	if ((child[WRITERS] = fork()) == 0) {
		char line[1024];
		snprintf(line, sizeof line,
			 "cd %s && n=0 && t=0 && while [ $n -lt %d ]; do t=$((t+1)); [ $t -lt 5000 "
			 "] || exit 8; old=$(git rev-parse -q --verify refs/heads/pare/log) || "
			 "continue; i=idx.$$; rm -f $i; GIT_INDEX_FILE=$i git read-tree $old; "
			 "GIT_INDEX_FILE=$i git "
			 "update-index --add --cacheinfo 100644,$(echo x | git hash-object -w "
			 "--stdin),log/git-$n; "
			 "c=$(git commit-tree -p $old -m git $(GIT_INDEX_FILE=$i git write-tree)); "
			 "git update-ref "
			 "refs/heads/pare/log $c $old 2>/dev/null && n=$((n+1)); done; rm -f $i",
			 b->remote, APPENDS);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(9);
	}
	for (int i = 0; i <= WRITERS; i++) {
		int status;
		waitpid(child[i], &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	char *count =
		run_shell(b, NULL, "git -C %s ls-tree -r --name-only pare/log | wc -l", b->remote);
	assert_int_equal(atoi(count), (WRITERS + 1) * APPENDS);
	count = run_shell(b, NULL, "git -C %s rev-list --count pare/log", b->remote);
	assert_int_equal(atoi(count), (WRITERS + 1) * APPENDS);
	assert_fsck(b);
}

/* --- URLs and remotes that are not there --- */

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		enum err_kind kind;
		const char *words;
	} bad[] = {
		{"https://user:secret@example.com/x", ERR_USAGE, "holds credentials"},
		{"https://secret@example.com/x", ERR_USAGE, "holds credentials"},
		{"HTTPS://user:secret@example.com/x", ERR_USAGE, "holds credentials"},
		{"http://secret@example.com", ERR_USAGE, "holds credentials"},
		{"ssh://git:secret@example.com/x", ERR_USAGE, "holds credentials"},
		{"ftp://u:secret@example.com/x", ERR_USAGE, "holds credentials"},
		{"ftp://example.com/x", ERR_USAGE, "expected a path"},
		{"HTTPS://example.com/x", ERR_USAGE, "small letters"},
		{"file://host/x", ERR_USAGE, "expected a path"},
		{"file:///a%zz", ERR_USAGE, "no file URL"},
		{"ssh://-oProxyCommand=x/y", ERR_USAGE, "is none"},
		{"ssh://-lx@host/y", ERR_USAGE, "is none"},
		{"-oProxyCommand=x:y", ERR_USAGE, "is none"},
		{"ssh://host:12x/y", ERR_USAGE, "is none"},
		{"ssh://host", ERR_USAGE, "expected ssh://host/path"},
		{"ssh://ho;st/x", ERR_USAGE, "is none"},
		{"", ERR_USAGE, "empty"},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct review_port r;
		if (git_open(b->arena, bad[i].url, b->state, &r, &b->e))
			fail_msg("took '%s'", bad[i].url);
		if (b->e.kind != bad[i].kind || strstr(b->e.message, bad[i].words) == NULL)
			fail_msg("'%s': %s", bad[i].url, b->e.message);
		if (strstr(b->e.message, "secret") != NULL)
			fail_msg("told the secret: %s", b->e.message);
	}
	setenv("PARE_GIT_TOKEN", "secret", 1);
	static const char *const clear[] = {"http://127.0.0.1.example.com/x",
					    "http://localhost.example.com/x",
					    "http://example.com/x", "http://[::1].example.com/x",
					    "http://example.com/127.0.0.1"};
	for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
		struct review_port r;
		assert_refused(git_open(b->arena, clear[i], b->state, &r, &b->e), ERR_USAGE,
			       "not https");
	}
	static const char *const good[] = {"https://example.com/x", "http://127.0.0.1:1/x",
					   "http://localhost/x", "http://[::1]:80/x"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		open_review(b, good[i]);
	unsetenv("PARE_GIT_TOKEN");
}

static void test_paths_and_file_urls(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	const char *odd = str_printf(b->arena, "%s/with space:colon.git", b->dir);
	run_shell(b, NULL, "git clone -q --bare %s '%s'", b->remote, odd);
	struct review_port r = fetched(b, odd);
	assert_int_equal(strlen(tip(b, &r, MAIN)), 40);
	const char *url = str_printf(b->arena, "file://%s/with%%20space%%3Acolon.git", b->dir);
	r = fetched(b, url);
	const char *one = commit_text(b, &r, tip(b, &r, MAIN), "a", "1");
	assert_ok(r.publish(r.self, "refs/heads/x", "", one, &b->e));
	char *said = run_shell(b, NULL, "git -C '%s' rev-parse x", odd);
	assert_memory_equal(said, one, 40);
}

static void test_remotes_that_are_not_there(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	struct review_port r = open_review(b, str_printf(b->arena, "%s/none.git", b->dir));
	assert_refused(r.fetch(r.self, &b->e), ERR_UNAVAILABLE, "none.git");
	r = open_review(b, b->dir);
	assert_refused(r.fetch(r.self, &b->e), ERR_UNAVAILABLE, b->dir);
	r = open_review(b, "http://127.0.0.1:1/x.git");
	assert_refused(r.fetch(r.self, &b->e), ERR_UNAVAILABLE, "127.0.0.1");
	r = open_review(b, "ssh://127.0.0.1:1/x.git");
	assert_refused(r.fetch(r.self, &b->e), ERR_UNAVAILABLE, "ssh");
}

/* Listens, accepts and says nothing: bounded, for HTTP and for ssh. */
static void test_silent_remotes(void **state)
{
	static const char *const forms[] = {"http://127.0.0.1:%d/x.git",
					    "ssh://127.0.0.1:%d/x.git"};
	struct bench *b = *state;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	setenv("PARE_GIT_TIMEOUT_MS", "1000", 1);
	for (size_t i = 0; i < 2; i++) {
		struct timespec from, to;
		struct review_port r =
			open_review(b, str_printf(b->arena, forms[i], ntohs(at.sin_port)));
		clock_gettime(CLOCK_MONOTONIC, &from);
		assert_refused(r.fetch(r.self, &b->e), ERR_UNAVAILABLE, "127.0.0.1");
		clock_gettime(CLOCK_MONOTONIC, &to);
		assert_true(to.tv_sec - from.tv_sec < 8);
	}
	unsetenv("PARE_GIT_TIMEOUT_MS");
	close(fd);
}

/* The user's git configuration must not send us elsewhere. */
static void test_user_configuration_is_not_read(void **state)
{
	struct bench *b = *state;
	NEED_GIT();
	run_shell(b, NULL,
		  "git clone -q --bare %s %s/evil.git && git -C %s/evil.git update-ref "
		  "refs/heads/evil main",
		  b->remote, b->dir, b->dir);
	run_shell(
		b, NULL,
		"printf '[url \"%s/evil.git\"]\\n\\tinsteadOf = %s\\n' >%s/.gitconfig && mkdir -p "
		"%s/git && cp %s/.gitconfig %s/git/config",
		b->dir, b->remote, b->dir, b->dir, b->dir, b->dir);
	setenv("HOME", b->dir, 1);
	setenv("XDG_CONFIG_HOME", b->dir, 1);
	struct review_port r = fetched(b, b->remote);
	assert_string_equal(tip(b, &r, "refs/heads/evil"), "");
	/* The trap is one: git itself goes there. */
	char *said = run_shell(b, NULL, "GIT_CONFIG_GLOBAL=%s/.gitconfig git ls-remote %s", b->dir,
			       b->remote);
	assert_non_null(strstr(said, "refs/heads/evil"));
	unsetenv("XDG_CONFIG_HOME");
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_publish_compares),
		BENCH(test_publish_many_to_a_path),
		BENCH(test_publish_many_over_the_wire),
		BENCH(test_publish_to_a_guarded_path),
		BENCH(test_publish_meets_a_lock_file),
		BENCH(test_publish_to_a_work_tree),
		BENCH(test_race_of_mirrors),
		BENCH(test_race_on_one_mirror),
		BENCH(test_appends_are_not_lost),
		BENCH(test_urls),
		BENCH(test_paths_and_file_urls),
		BENCH(test_remotes_that_are_not_there),
		BENCH(test_silent_remotes),
		BENCH(test_user_configuration_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
