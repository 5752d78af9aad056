/* The account's lock, receipts on pare/log, and what verify sees. */
#include "plan_fixture.h"

#include "pare/apply.h"
#include "pare/journal.h"
#include "pare/lock.h"
#include "pare/verify.h"

static const int64_t NOW = 1795489763000;
#define LOCK_REF "refs/pare/locks/" ACCOUNT

struct other { /* a second machine: a state folder of its own */
	struct store_port store;
	struct review_port review;
};

static struct other machine(struct bench *b, const char *name)
{
	struct other o;
	const char *folder = str_printf(b->arena, "%s/%s", b->dir, name);
	assert_ok(store_open(b->arena, folder, &o.store, &b->e));
	assert_ok(git_open(b->arena, b->remote, folder, &o.review, &b->e));
	return o;
}

static bool take(struct bench *b, struct other *o, const char *host, int64_t now, struct lock *out)
{
	return lock_take(b->arena, &o->review, &o->store, host, ACCOUNT, now, out, &b->e);
}

static void test_lock_excludes(void **state)
{
	struct bench *b = *state;
	struct lock mine, theirs;
	NEED_GIT();
	struct other one = machine(b, "one"), two = machine(b, "two");
	assert_ok(take(b, &one, "host-one", NOW, &mine));
	assert_int_equal(mine.number, 1);
	char *said =
		run_shell(b, NULL, "git -C %s cat-file blob " LOCK_REF ":lock.json", b->remote);
	assert_non_null(strstr(said, "\"host\": \"host-one\""));
	assert_refused(take(b, &two, "host-two", NOW, &theirs), ERR_REFUSED, "host-one");
	assert_non_null(strstr(b->e.message, "git push"));
	assert_refused(take(b, &one, "host-one", NOW, &theirs), ERR_REFUSED,
		       "another pare on this machine");
	/* Ended, but clocks differ. */
	assert_refused(take(b, &two, "host-two", NOW + LOCK_LIFE_MS + 1000, &theirs), ERR_REFUSED,
		       "host-one");
	assert_ok(take(b, &two, "host-two", NOW + LOCK_LIFE_MS + 6 * 60 * 1000, &theirs));
	assert_int_equal(theirs.number, 2);
	said = run_shell(b, NULL, "git -C %s rev-list --count " LOCK_REF, b->remote);
	assert_int_equal(atoi(said), 2);
	/* The one that overslept cannot give back what it no longer has. */
	assert_false(lock_release(&one.review, &one.store, &mine, &b->e));
	assert_int_equal(b->e.kind, ERR_CONFLICT);
	said = run_shell(b, NULL, "git -C %s rev-parse " LOCK_REF, b->remote);
	assert_memory_equal(said, theirs.oid, 40);
	assert_ok(lock_release(&two.review, &two.store, &theirs, &b->e));
	said = run_shell(b, NULL, "git -C %s for-each-ref refs/pare", b->remote);
	assert_string_equal(said, "");
	assert_ok(take(b, &one, "host-one", NOW, &mine));
	assert_ok(lock_release(&one.review, &one.store, &mine, &b->e));
}

/* A process that died gives its lock to the next one of its state folder, on its host only: a copy
 * of the folder elsewhere proves nothing. */
static void test_lock_of_the_dead(void **state)
{
	struct bench *b = *state;
	struct lock lock;
	NEED_GIT();
	pid_t child = fork();
	if (child == 0) {
		struct other dying = machine(b, "one");
		_exit(take(b, &dying, "host", NOW, &lock) ? 0 : 1);
	}
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	run_shell(b, NULL, "cp -r %s/one %s/copy", b->dir, b->dir);
	struct other copy = machine(b, "copy"), next = machine(b, "one");
	assert_refused(take(b, &copy, "elsewhere", NOW + 1000, &lock), ERR_REFUSED,
		       "another executor");
	assert_ok(take(b, &next, "host", NOW + 1000, &lock));
	assert_int_equal(lock.number, 2);
}

static void test_lock_that_is_none(void **state)
{
	static const char *const odd[] = {
		"garbage", "{}",
		"{\"id\":\"x\",\"host\":\"h\",\"number\":9223372036854775807,\"expiresAt\":\"2020-"
		"01-01T00:00:00Z\"}",
		"{\"id\":\"x\",\"host\":\"h\",\"number\":0,\"expiresAt\":\"2020-01-01T00:00:00Z\"}",
		"{\"id\":\"x\",\"host\":\"h\",\"number\":1,\"expiresAt\":\"soon\"}"};
	struct bench *b = *state;
	struct lock lock;
	NEED_GIT();
	struct other one = machine(b, "one");
	for (size_t i = 0; i < 5; i++) {
		assert_ok(one.review.fetch(one.review.self, &b->e));
		const char *oid = commit_text(b, &one.review, "", "lock.json", odd[i]);
		assert_ok(one.review.publish(one.review.self, LOCK_REF, NULL, oid, &b->e));
		if (take(b, &one, "host", NOW, &lock))
			fail_msg("took over '%s'", odd[i]);
		assert_non_null(strstr(b->e.message, "git push"));
	}
}

static void test_lock_race(void **state)
{
	enum { RACERS = 5, ROUNDS = 12 };
	struct bench *b = *state;
	NEED_GIT();
	for (int round = 0; round < ROUNDS; round++) {
		pid_t child[RACERS];
		int won = 0;
		for (int i = 0; i < RACERS; i++)
			if ((child[i] = fork()) == 0) {
				struct lock lock;
				struct other o = machine(b, str_printf(b->arena, "m%d", i));
				if (take(b, &o, str_printf(b->arena, "h%d", i), NOW, &lock))
					_exit(0);
				if (b->e.kind != ERR_REFUSED)
					fprintf(stderr, "%s\n", b->e.message);
				_exit(b->e.kind == ERR_REFUSED ? 1 : 2);
			}
		for (int i = 0; i < RACERS; i++) {
			int status;
			waitpid(child[i], &status, 0);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			won += WEXITSTATUS(status) == 0;
		}
		assert_int_equal(won, 1);
		run_shell(b, NULL, "git -C %s update-ref -d " LOCK_REF, b->remote);
	}
	assert_fsck(b);
}

/* --- receipts and verify --- */

struct done { /* a plan merged, applied and receipted */
	struct other o;
	struct config config;
	const struct plan *plan;
	struct receipt receipt;
	struct apply_report report;
};

static const char *write_journal(struct bench *b, struct other *o, const struct plan *p,
				 const char *end)
{
	struct buf *out = buf_new(b->arena, 1 << 16);
	struct record records[] = {{.kind = RECORD_BEGIN, .detail = p->digest},
				   {.kind = RECORD_INTENT, .step = 1, .detail = "CreatePolicy"},
				   {.kind = RECORD_OUTCOME, .step = 1, .result = "done"},
				   {.kind = RECORD_END, .result = end}};
	const char *head = NULL;
	for (size_t i = 0; i < 4; i++) {
		records[i].time = "2026-11-24T03:10:00Z";
		head = record_print(b->arena, &records[i], head, i + 1, out);
	}
	assert_ok(o->store.write(o->store.self, str_printf(b->arena, "journals/%s.jsonl", p->id),
				 out->data, out->len, &b->e));
	return head;
}

static void make_done(struct bench *b, struct done *d, const char *salt, const char *result)
{
	struct proposal out;
	struct approval_note *note = arena_alloc(b->arena, sizeof *note);
	const char *evidence = str_printf(b->arena, "{\n  \"salt\": \"%s\"\n}\n", salt);
	struct principal *role = make_role(b->arena, "/", str_printf(b->arena, "Role%s", salt));
	d->o = machine(b, "state");
	d->config = make_config(b, b->remote);
	d->plan = make_plan(b, role, b->remote, evidence);
	struct proposal_item item = {d->plan, role, "{}\n", evidence, {0}};
	assert_ok(propose(b->arena, &d->o.review, &d->config, &item, 1, NOW, &out, &b->e));
	run_shell(b, NULL,
		  "cd %s/work && git fetch -q && git checkout -q -B main origin/main && git merge "
		  "-q --no-ff -m merge "
		  "origin/%s && git push -q origin main",
		  b->dir, out.branch);
	assert_ok(d->o.review.fetch(d->o.review.self, &b->e));
	const char *main = tip(b, &d->o.review, "refs/heads/main");
	const struct review_move mark = {applied_ref(b->arena, d->plan->digest), ""};
	assert_ok(applied_marks(&d->o.review, &mark, 1, main, &b->e));
	*note = (struct approval_note){"merged", "main", "x"};
	d->receipt = (struct receipt){.plan_id = d->plan->id,
				      .plan_digest = d->plan->digest,
				      .account = ACCOUNT,
				      .principal_arn = d->plan->principal.arn,
				      .result = result,
				      .started_at = "2026-11-24T03:10:00Z",
				      .finished_at = "2026-11-24T03:11:00Z",
				      .executor = "arn:aws:iam::" ACCOUNT ":role/x",
				      .tip = main,
				      .journal_sha256 = write_journal(b, &d->o, d->plan, result),
				      .approval = note,
				      .approval_count = 1};
	d->report = (struct apply_report){.plan = d->plan, .receipt = &d->receipt};
}

static bool publish_receipt(struct bench *b, struct done *d)
{
	return receipts_publish(b->arena, &d->o.review, &d->o.store, &d->config, &d->report, 1, NOW,
				&b->e);
}

/* The first broken link, or NULL. */
static const char *broken_link(struct bench *b, struct done *d)
{
	struct verify_line *line;
	size_t count;
	assert_ok(d->o.review.fetch(d->o.review.self, &b->e));
	assert_ok(verify_chain(b->arena, &d->o.review, &d->o.store, &d->config, &line, &count,
			       &b->e));
	for (size_t i = 0; i < count; i++)
		if (!line[i].ok)
			return str_printf(b->arena, "%s: %s", line[i].subject, line[i].detail);
	assert_true(count > 0);
	return NULL;
}

static void assert_broken(struct bench *b, struct done *d, const char *words)
{
	const char *first = broken_link(b, d);
	if (first == NULL || strstr(first, words) == NULL)
		fail_msg("expected '%s', got '%s'", words,
			 first != NULL ? first : "no broken link");
}

/* Commits a change to a branch of the remote, by shell, in a clone; `how` may use $id. */
static void tamper(struct bench *b, struct done *d, const char *branch, const char *how)
{
	run_shell(b, NULL,
		  "rm -rf %s/t && git clone -q -b %s %s %s/t && cd %s/t && id=%s && export id && "
		  "%s && git add -A && "
		  "git commit -qm tamper && git push -q -f origin HEAD:%s",
		  b->dir, branch, b->remote, b->dir, b->dir, d->plan->id, how, branch);
}

static void test_chain_holds(void **state)
{
	struct bench *b = *state;
	struct done d, e;
	NEED_GIT();
	make_done(b, &d, "1", "applied");
	assert_broken(b, &d, "begun, and there is no receipt");
	assert_ok(publish_receipt(b, &d));
	assert_null(broken_link(b, &d));
	/* Again: nothing new. */
	char *before = run_shell(b, NULL, "git -C %s for-each-ref", b->remote);
	assert_ok(publish_receipt(b, &d));
	assert_string_equal(before, run_shell(b, NULL, "git -C %s for-each-ref", b->remote));
	make_done(b, &e, "2", "undone");
	assert_ok(publish_receipt(b, &e));
	assert_null(broken_link(b, &e));
	char *said = run_shell(b, NULL, "git -C %s rev-list --count pare/log", b->remote);
	assert_int_equal(atoi(said), 2);
	said = run_shell(b, NULL, "git -C %s ls-tree -r --name-only pare/log", b->remote);
	assert_non_null(
		strstr(said, str_printf(b->arena, "receipts/" ACCOUNT "/%s.json", d.plan->id)));
	assert_non_null(strstr(said, str_printf(b->arena, "journals/%s.jsonl", e.plan->id)));
	assert_fsck(b);
}

/* Nothing to journal: the role was as planned already. */
static void test_receipt_without_journal(void **state)
{
	struct bench *b = *state;
	struct done d;
	NEED_GIT();
	make_done(b, &d, "1", "applied");
	run_shell(b, NULL, "rm -r %s/state/journals", b->dir);
	d.receipt.journal_sha256 = NULL;
	assert_ok(publish_receipt(b, &d));
	assert_null(broken_link(b, &d));
}

/* A partial receipt may be followed by another; the mark moves along. */
static void test_receipt_after_partial(void **state)
{
	struct bench *b = *state;
	struct done d;
	NEED_GIT();
	make_done(b, &d, "1", "partial");
	assert_ok(publish_receipt(b, &d));
	assert_null(broken_link(b, &d));
	d.receipt.result = "applied";
	d.receipt.journal_sha256 = write_journal(b, &d.o, d.plan, "applied");
	assert_ok(publish_receipt(b, &d));
	assert_null(broken_link(b, &d));
}

static void test_verify_sees(void **state)
{
	static const struct {
		const char *branch, *how, *words;
	} cases[] = {
		{"pare/log", "sed -i 's/CreatePolicy/DeletePolicy/' journals/$id.jsonl", ".jsonl"},
		{"pare/log", "sed -i '4s/applied/undone/' journals/$id.jsonl",
		 "record 4 is damaged"},
		{"pare/log", "sed -i '$d' journals/$id.jsonl", "not the journal the receipt names"},
		{"pare/log", "truncate -s -1 journals/$id.jsonl",
		 "not the journal the receipt names"},
		{"pare/log", "truncate -s 0 journals/$id.jsonl",
		 "not the journal the receipt names"},
		{"pare/log", "rm journals/$id.jsonl", "no such file"},
		{"pare/log", "rm journals/$id.jsonl && ln -s /etc/passwd journals/$id.jsonl",
		 "symbolic link"},
		{"pare/log", "rm receipts/*/$id.json", "its receipt is gone"},
		{"pare/log", "git mv receipts/*/$id.json receipts/other.json",
		 "it is the receipt of plan"},
		{"pare/log", "sed -i 's/:role\\/x/:role\\/y/' receipts/*/$id.json",
		 "changed after it was published"},
		{"pare/log", "sed -i 's/\"applied\"/\"undone\"/' receipts/*/$id.json",
		 "does not end as the receipt says"},
		{"pare/log", "echo x >receipts/" ACCOUNT "/$id.json", "receipts/"},
		{"pare/log", "git checkout -q --orphan n && rm -r receipts journals && echo x >f",
		 "does not follow"},
		{"main", "git checkout -q --orphan n && true",
		 "does not follow the commit it was approved on"},
	};
	struct bench *b = *state;
	struct done d;
	NEED_GIT();
	make_done(b, &d, "1", "applied");
	assert_ok(publish_receipt(b, &d));
	assert_null(broken_link(b, &d));
	char *log = run_shell(b, NULL, "git -C %s rev-parse pare/log", b->remote);
	char *main = run_shell(b, NULL, "git -C %s rev-parse main", b->remote);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tamper(b, &d, cases[i].branch, cases[i].how);
		const char *first = broken_link(b, &d);
		if (first == NULL || strstr(first, cases[i].words) == NULL)
			fail_msg("'%s': expected '%s', got '%s'", cases[i].how, cases[i].words,
				 first != NULL ? first : "no broken link");
		run_shell(b, NULL,
			  "cd %s && git update-ref refs/heads/pare/log %.40s && git update-ref "
			  "refs/heads/main %.40s",
			  b->remote, log, main);
		/* What verify saw last was the tampered log, where that followed the true one. */
		run_shell(b, NULL, "rm -rf %s/state/tips", b->dir);
		assert_null(broken_link(b, &d));
	}
	/* A machine that never saw the log still has the marks. */
	run_shell(b, NULL, "cd %s && git update-ref -d refs/heads/pare/log", b->remote);
	assert_broken(b, &d, "its tip when this state folder saw it last");
	run_shell(b, NULL, "rm -rf %s/state/tips", b->dir);
	assert_broken(b, &d, "its receipt is gone");
	run_shell(b, NULL,
		  "cd %s && git update-ref refs/heads/pare/log %.40s && git update-ref -d "
		  "refs/pare/applied/%s",
		  b->remote, log, d.plan->digest);
	assert_broken(b, &d, "is gone");
}

/* Receipts that name bytes which the approved commit does not hold. */
static void test_verify_plan_and_recommendation(void **state)
{
	struct bench *b = *state;
	struct done d;
	NEED_GIT();
	make_done(b, &d, "1", "applied");
	tamper(b, &d, "main", "echo >>accounts/" ACCOUNT "/plans/$id/evidence/recommendation.json");
	assert_ok(d.o.review.fetch(d.o.review.self, &b->e));
	d.receipt.tip = tip(b, &d.o.review, "refs/heads/main");
	assert_ok(publish_receipt(b, &d));
	assert_broken(b, &d, "not the recommendation");
	tamper(b, &d, "main", "sed -i s/AROA/ARXA/ accounts/*/plans/$id/plan.json");
	assert_ok(d.o.review.fetch(d.o.review.self, &b->e));
	d.receipt.tip = tip(b, &d.o.review, "refs/heads/main");
	assert_ok(publish_receipt(b, &d));
	assert_broken(b, &d, "another digest");
}

static void test_receipts_from_many(void **state)
{
	enum { WRITERS = 4 };
	struct bench *b = *state;
	struct done d[WRITERS];
	pid_t child[WRITERS];
	NEED_GIT();
	for (int i = 0; i < WRITERS; i++)
		make_done(b, &d[i], str_printf(b->arena, "%d", i), "applied");
	for (int i = 0; i < WRITERS; i++)
		if ((child[i] = fork()) == 0) {
			struct store_port journals = d[i].o.store;
			d[i].o = machine(b, str_printf(b->arena, "m%d", i));
			d[i].o.store = journals;
			bool ok = publish_receipt(b, &d[i]);
			if (!ok)
				fprintf(stderr, "%s\n", b->e.message);
			_exit(ok ? 0 : 1);
		}
	for (int i = 0; i < WRITERS; i++) {
		int status;
		waitpid(child[i], &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	run_shell(b, NULL, "rm -rf %s/state/tips", b->dir);
	assert_null(broken_link(b, &d[0]));
	char *said = run_shell(
		b, NULL, "git -C %s ls-tree -r --name-only pare/log receipts | wc -l", b->remote);
	assert_int_equal(atoi(said), WRITERS);
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_lock_excludes),
		BENCH(test_lock_of_the_dead),
		BENCH(test_lock_that_is_none),
		BENCH(test_lock_race),
		BENCH(test_chain_holds),
		BENCH(test_receipt_without_journal),
		BENCH(test_receipt_after_partial),
		BENCH(test_verify_sees),
		BENCH(test_verify_plan_and_recommendation),
		BENCH(test_receipts_from_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
