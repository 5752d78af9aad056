/* pare approve: which plans a word stands for, what is signed, where it goes; and that ssh-keygen,
 * sha256sum and git agree with every byte of it. */
#include "plan_fixture.h"
#include "ssh_fixture.h"

#include "pare/approve.h"
#include "pare/session.h"
#include "../../src/flow/approval.h"

static const int64_t NOW_MS = 1795608000000; /* 2026-11-25T12:00:00Z */

struct scene {
	struct config config;
	struct approval_port port;
	struct review_port review;
	struct signer_port signer;
	struct plan *plan[3];
	const char *path[3];
	struct proposal proposal;
};

/* Three plans proposed; alice and bob may sign. */
static struct scene *make_scene(struct bench *b)
{
	static const char *const roles[] = {"AppRole", "DbRole", "WebRole"};
	struct scene *s = arena_alloc(b->arena, sizeof *s);
	struct proposal_item item[3] = {{NULL}};
	s->config = make_config(b, b->remote);
	s->review = open_review(b, b->remote);
	for (size_t i = 0; i < 3; i++) {
		struct principal *role = make_role(b->arena, "/", roles[i]);
		s->plan[i] = make_plan(b, role, b->remote, roles[i]);
		s->path[i] = str_printf(b->arena, "%s/plan.json", plan_folder(b->arena, s->plan[i]));
		item[i] = (struct proposal_item){.plan = s->plan[i], .before = role};
	}
	assert_ok(propose(b->arena, &s->review, &s->config, item, 3, NOW_MS, &s->proposal, &b->e));
	const char *alice = make_key(b, "alice", "-t ed25519"), *bob = make_key(b, "bob", "-t ecdsa");
	const char *lines = str_printf(b->arena, "alice@example.com %s\nbob@example.com %s\n", public_line(b, alice),
				       public_line(b, bob));
	s->config.approval.signers = str_printf(b->arena, "%s/allowed", b->dir);
	s->config.approval.signatures = 1;
	spit(b, s->config.approval.signers, lines, strlen(lines));
	approval_open(&s->config, &s->port);
	assert_ok(ssh_signer_open(b->arena, alice, &s->signer, &b->e));
	return s;
}

static bool find(struct bench *b, struct scene *s, const char *word, const char *only,
		 struct approval_draft *d)
{
	struct str_list roles = {0};
	if (only != NULL)
		str_list_add(b->arena, &roles, only);
	return approval_find(b->arena, &s->review, &s->config, &s->port, &s->signer.key, s->signer.comment, word, &roles,
			     NOW_MS, d, &b->e);
}

static const char *publish(struct bench *b, struct scene *s, const struct approval_draft *d)
{
	char *commit = arena_alloc(b->arena, OID_HEX);
	assert_ok(approval_publish(b->arena, &s->review, &s->config, &s->signer, d, NOW_MS, commit, &b->e));
	return commit;
}

static void merge(struct bench *b, struct scene *s)
{
	run_shell(b, NULL, "cd %s/work && git fetch -q && git checkout -q main && git merge -q --no-ff -m merge origin/%s && "
		  "git push -q origin main", b->dir, s->proposal.branch);
}

static size_t approved(struct bench *b, struct scene *s)
{
	struct approval *all;
	size_t count, yes = 0;
	char tip_oid[OID_HEX];
	assert_ok(approvals_read(b->arena, &s->review, &b->store, &s->config, &s->port, NULL, NOW_MS, &all, &count,
				 tip_oid, &b->e));
	for (size_t i = 0; i < count; i++)
		yes += all[i].approved;
	return yes;
}

#define NEED_BOTH()             \
	do {                    \
		NEED_GIT();     \
		NEED_SSH_KEYGEN(); \
	} while (0)

static void test_finds_a_proposal_by_its_names(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	const char *branch = s->proposal.branch, *digest = strrchr(branch, '/') + 1;
	const char *words[] = {branch, digest, str_printf(b->arena, "%s/%s", ACCOUNT, digest),
			       str_printf(b->arena, "refs/heads/%s", branch), str_printf(b->arena, "origin/%s", branch)};
	for (size_t i = 0; i < 5; i++) {
		assert_ok(find(b, s, words[i], NULL, &d));
		assert_int_equal(d.count, 3);
		assert_string_equal(d.branch, branch);
		assert_string_equal(d.account, ACCOUNT);
		assert_string_equal(d.signer, "alice@example.com");
		assert_null(d.warning);
		assert_string_equal(d.file, str_printf(b->arena, "approvals/%s/%s-alice@example.com.sums", ACCOUNT, digest));
	}
	assert_refused(find(b, s, "0123456789ab", NULL, &d), ERR_NOT_FOUND, "no proposal '0123456789ab'");
	assert_refused(find(b, s, "pare/" ACCOUNT "/0123456789ab", NULL, &d), ERR_NOT_FOUND, "no proposal");
	assert_refused(find(b, s, "pare/log", NULL, &d), ERR_NOT_FOUND, "no proposal");
	assert_refused(find(b, s, "main", NULL, &d), ERR_NOT_FOUND, "no merged plan 'main'");
	assert_refused(find(b, s, "", NULL, &d), ERR_NOT_FOUND, "");
	assert_refused(find(b, s, branch, "Nobody", &d), ERR_NOT_FOUND, "no open plan for the role 'Nobody'");
}

static void test_signs_what_others_can_check(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	publish(b, s, &d);
	assert_int_equal(approved(b, s), 0); /* nothing is merged */
	merge(b, s);
	assert_int_equal(approved(b, s), 3);
	run_shell(b, NULL, "cd %s/work && sha256sum --strict -c %s && ssh-keygen -Y verify -n plan-approval@pare -I "
		  "alice@example.com -f ../allowed -s %s.sig <%s && test \"$(git log -1 --format=%%ae origin/%s)\" = "
		  "alice@example.com && git log -1 --format=%%s origin/%s | grep -q '^approve: 3 plans'",
		  b->dir, d.file, d.file, d.file, s->proposal.branch, s->proposal.branch);
	run_shell(b, NULL, "cd %s/work && sha256sum accounts/*/plans/*/plan.json | cmp - %s", b->dir, d.file);
	assert_fsck(b);
}

static void test_only_some_roles_then_more(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_ok(find(b, s, s->proposal.branch, "webrole", &d));
	assert_int_equal(d.count, 1);
	publish(b, s, &d);
	assert_ok(find(b, s, s->proposal.branch, "AppRole", &d));
	assert_int_equal(d.count, 1);
	assert_non_null(strstr(d.sums, s->plan[2]->digest)); /* what was approved stays so */
	assert_non_null(strstr(d.sums, s->plan[0]->digest));
	assert_null(strstr(d.sums, s->plan[1]->digest));
	publish(b, s, &d);
	merge(b, s);
	assert_int_equal(approved(b, s), 2);
}

static void test_two_people_on_one_branch(void **state)
{
	struct bench *b = *state;
	struct approval_draft mine, theirs;
	NEED_BOTH();
	struct scene *s = make_scene(b), other = *s;
	s->config.approval.signatures = 2;
	assert_ok(ssh_signer_open(b->arena, str_printf(b->arena, "%s/bob", b->dir), &other.signer, &b->e));
	assert_ok(find(b, s, s->proposal.branch, NULL, &mine));
	assert_ok(find(b, &other, s->proposal.branch, NULL, &theirs));
	publish(b, &other, &theirs); /* between our look and our signature */
	publish(b, s, &mine);
	merge(b, s);
	assert_int_equal(approved(b, s), 3);
}

/* The plan that was shown is the plan that is approved. */
static void test_a_plan_that_changes_while_it_is_read(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	char commit[OID_HEX];
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	run_shell(b, NULL, "cd %s/work && git fetch -q && git checkout -q %s && git rm -q %s && git commit -qm out && git push "
		  "-q", b->dir, s->proposal.branch, s->path[1]);
	assert_false(approval_publish(b->arena, &s->review, &s->config, &s->signer, &d, NOW_MS, commit, &b->e));
	assert_true(b->e.kind == ERR_NOT_FOUND || b->e.kind == ERR_STALE);
	assert_non_null(strstr(b->e.message, "look again"));
	run_shell(b, NULL, "git -C %s ls-tree -r %s | grep approvals; test $? = 1", b->remote, s->proposal.branch);
	/* looked at again, the reviewer's wish holds */
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_int_equal(d.count, 2);
}

static void test_after_the_merge(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	merge(b, s);
	assert_int_equal(approved(b, s), 0);
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_int_equal(d.count, 3);
	publish(b, s, &d);
	merge(b, s);
	assert_int_equal(approved(b, s), 3);
}

static void test_after_the_branch_is_gone(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	merge(b, s);
	run_shell(b, NULL, "cd %s/work && git push -q origin :%s", b->dir, s->proposal.branch);
	assert_refused(find(b, s, s->proposal.branch, NULL, &d), ERR_NOT_FOUND, "named by its id or digest");
	assert_ok(find(b, s, s->plan[1]->id, NULL, &d));
	assert_int_equal(d.count, 1);
	assert_string_equal(d.plan[0]->digest, s->plan[1]->digest);
	assert_string_equal(d.tip, "");
	assert_ok(find(b, s, str_printf(b->arena, "%.12s", s->plan[1]->digest), NULL, &d));
	publish(b, s, &d);
	run_shell(b, NULL, "cd %s/work && git fetch -q && git merge -q --no-ff -m m origin/%s && git push -q origin main", b->dir,
		  d.branch);
	assert_int_equal(approved(b, s), 1);
}

static void test_withdraws_its_own_only(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	struct str_list files = {0};
	char commit[OID_HEX];
	NEED_BOTH();
	struct scene *s = make_scene(b), other = *s;
	assert_ok(ssh_signer_open(b->arena, str_printf(b->arena, "%s/bob", b->dir), &other.signer, &b->e));
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_refused(approval_withdraw(b->arena, &s->review, &s->config, &s->signer.key, &d, NOW_MS, commit, &files, &b->e),
		       ERR_NOT_FOUND, "no approval by key SHA256:");
	publish(b, s, &d);
	assert_ok(find(b, &other, s->proposal.branch, NULL, &d));
	publish(b, &other, &d);
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_ok(approval_withdraw(b->arena, &s->review, &s->config, &s->signer.key, &d, NOW_MS, commit, &files, &b->e));
	assert_int_equal(files.count, 1);
	const char *left = run_shell(b, NULL, "git -C %s ls-tree -r --name-only %s | grep ^approvals/", b->remote,
				     s->proposal.branch);
	assert_null(strstr(left, "alice"));
	assert_non_null(strstr(left, "bob@example.com.sums\n"));
	assert_non_null(strstr(left, "bob@example.com.sums.sig\n"));
	merge(b, s);
	assert_int_equal(approved(b, s), 3); /* by bob */
	files.count = 0;
	assert_ok(find(b, &other, s->proposal.branch, NULL, &d));
	assert_ok(approval_withdraw(b->arena, &s->review, &s->config, &other.signer.key, &d, NOW_MS, commit, &files, &b->e));
	assert_int_equal(approved(b, s), 3); /* not before it is merged */
	merge(b, s);
	assert_int_equal(approved(b, s), 0);
}

static void test_refuses_what_could_not_run(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	struct str_list none = {0};
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_false(approval_find(b->arena, &s->review, &s->config, &s->port, &s->signer.key, "", s->proposal.branch, &none,
				   NOW_MS + 30ll * 86400000, &d, &b->e));
	assert_non_null(strstr(b->e.message, "it expired at"));
	/* a plan edited on the branch is no plan any more */
	run_shell(b, NULL, "cd %s/work && git fetch -q && git checkout -q %s && sed -i 's/\"AppRole\"/\"AppRole2\"/' %s && git "
		  "commit -qam edit && git push -q", b->dir, s->proposal.branch, s->path[0]);
	assert_false(find(b, s, s->proposal.branch, NULL, &d));
	assert_int_equal(b->e.kind, ERR_REFUSED);
	run_shell(b, NULL, "cd %s/work && git reset -q --hard HEAD~1 && rm -r accounts/*/plans && git add -A && git commit -qm out "
		  "&& git push -qf", b->dir);
	assert_refused(find(b, s, s->proposal.branch, NULL, &d), ERR_NOT_FOUND, "no plan that waits");
}

/* Said before anything is signed; whoever runs the executor may know more keys than we do. */
static void test_warns_of_a_signature_that_will_not_count(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_ok(ssh_signer_open(b->arena, make_key(b, "mallory", "-t ed25519"), &s->signer, &b->e));
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_string_equal(d.signer, "mallory@example.com"); /* the key's comment */
	assert_non_null(strstr(d.warning, "is not in '"));
	run_shell(b, NULL, "ssh-keygen -q -c -C '../../../etc/x y' -f %s/mallory", b->dir);
	assert_ok(ssh_signer_open(b->arena, str_printf(b->arena, "%s/mallory", b->dir), &s->signer, &b->e));
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_null(strstr(d.file, "../"));
	assert_null(strstr(d.file, " "));
	const char *line = str_printf(b->arena, "pare-bot@example.com %s\n", public_line(b, str_printf(b->arena, "%s/mallory", b->dir)));
	spit(b, s->config.approval.signers, line, strlen(line));
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	assert_non_null(strstr(d.warning, "is the plan's author"));
}

/* From a receipt back to the signature it tells of. */
static void test_evidence_of_a_receipt(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	struct approval *all;
	size_t count;
	char tip_oid[OID_HEX];
	NEED_BOTH();
	struct scene *s = make_scene(b);
	const char *before = tip(b, &s->review, "refs/heads/main");
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	publish(b, s, &d);
	merge(b, s);
	assert_ok(approvals_read(b->arena, &s->review, &b->store, &s->config, &s->port, NULL, NOW_MS, &all, &count,
				 tip_oid, &b->e));
	struct approval_note note = all[0].note[1];
	struct receipt r = {.account = ACCOUNT, .plan_id = all[0].plan->id, .plan_digest = all[0].plan->digest,
			    .tip = tip_oid};
	assert_null(approval_evidence(b->arena, &s->review, &r, &note));
	r.plan_digest = s->plan[0] == all[0].plan ? s->plan[1]->digest : all[1].plan->digest;
	assert_non_null(strstr(approval_evidence(b->arena, &s->review, &r, &note), "does not name the plan's digest"));
	r.plan_digest = all[0].plan->digest;
	r.tip = before;
	assert_non_null(strstr(approval_evidence(b->arena, &s->review, &r, &note), "no such file"));
	r.tip = tip_oid;
	const char *good = note.detail;
	char *other = arena_strdup(b->arena, good);
	char *print = strstr(other, "SHA256:") + 7;
	*print = *print == 'A' ? 'B' : 'A';
	note.detail = other;
	assert_non_null(strstr(approval_evidence(b->arena, &s->review, &r, &note), "and the receipt says"));
	static const char *const odd[] = {"", "merged", " key SHA256:", " key SHA256:x, ", " key SHA256:x, y at z",
					  " key SHA256:x, .sums at z"};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		note.detail = odd[i];
		assert_non_null(approval_evidence(b->arena, &s->review, &r, &note));
	}
	note.detail = NULL;
	assert_non_null(approval_evidence(b->arena, &s->review, &r, &note));
}

static void no_call(void *self, struct call *call)
{
	(void)self;
	(void)call;
	fail_msg("AWS was called");
}

static struct call *no_answer(void *self, int64_t until_ms)
{
	(void)self;
	(void)until_ms;
	return NULL;
}

static int64_t fixed_now(void *self)
{
	(void)self;
	return NOW_MS;
}

/* Approved when it was chosen; then, while the run waited for the account's lock, a key was revoked. */
static void test_approval_lost_before_the_lock(void **state)
{
	struct bench *b = *state;
	struct approval_draft d;
	struct apply_report *report;
	struct str_list digests = {0};
	size_t count;
	NEED_BOTH();
	struct scene *s = make_scene(b);
	assert_ok(find(b, s, s->proposal.branch, NULL, &d));
	publish(b, s, &d);
	merge(b, s);
	s->config.approval.revoked = str_printf(b->arena, "%s/revoked", b->dir);
	run_shell(b, NULL, ": >%s/revoked", b->dir);
	assert_int_equal(approved(b, s), 3);
	run_shell(b, NULL, "cat %s/alice.pub >%s/revoked", b->dir, b->dir);
	str_list_add(b->arena, &digests, s->plan[0]->digest);
	const struct clock_port clock = {NULL, fixed_now, NULL, NULL};
	const struct session run = {.setting = {.config = &s->config, .caller_account = ACCOUNT},
				    .aws = {NULL, no_call, no_answer}, .review = &s->review, .approvals = &s->port,
				    .store = &b->store, .clock = &clock, .host = "here"};
	assert_refused(session_run(b->arena, &run, &digests, &report, &count, &b->e), ERR_REFUSED,
		       "approved no more: 0 of 1 signatures");
	assert_int_equal(count, 0);
	run_shell(b, NULL, "test -z \"$(git -C %s for-each-ref refs/pare)\"", b->remote); /* no lock, no mark */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_finds_a_proposal_by_its_names),
		TEST(test_signs_what_others_can_check),
		TEST(test_only_some_roles_then_more),
		TEST(test_two_people_on_one_branch),
		TEST(test_a_plan_that_changes_while_it_is_read),
		TEST(test_after_the_merge),
		TEST(test_after_the_branch_is_gone),
		TEST(test_withdraws_its_own_only),
		TEST(test_refuses_what_could_not_run),
		TEST(test_evidence_of_a_receipt),
		TEST(test_approval_lost_before_the_lock),
		TEST(test_warns_of_a_signature_that_will_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
