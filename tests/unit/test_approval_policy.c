/* The approval policy on real repositories: whatever somebody tries, only enough people's word on
 * exactly these bytes lets a plan run. */
#include "approval_fixture.h"

/* --- what counts --- */

static void test_two_people_approve(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	missing(b, &s, "0 of 2 signatures: none yet; missing 2 of: alice@example.com, bob@example.com, "
		       "carol@example.com");
	approve_as(b, &s, "alice");
	missing(b, &s, "1 of 2 signatures: alice@example.com; missing 1 of: bob@example.com, carol@example.com");
	approve_as(b, &s, "bob");
	const struct approval *x = read_at(b, &s, NOW);
	assert_true(x->approved);
	assert_int_equal(x->note_count, 3);
	assert_string_equal(x->note[0].method, "merged");
	assert_string_equal(x->note[1].method, "signature");
	assert_string_equal(x->note[1].who, "alice@example.com");
	const char *print = run_shell(b, NULL, "ssh-keygen -lf %s/alice.pub | cut -d' ' -f2 | tr -d '\\n'", b->dir);
	assert_non_null(strstr(x->note[1].detail, print));
	assert_non_null(strstr(x->note[1].detail, "approvals/team/alice.sums at "));
	assert_non_null(strstr(x->note[1].detail, "checked at 2026-11-25T12:00:00Z"));
	assert_string_equal(x->note[2].who, "bob@example.com");
}

static void test_every_kind_of_key_approves(void **state)
{
	static const char *const kinds[] = {"-t ecdsa -b 256", "-t ecdsa -b 384", "-t ecdsa -b 521",
					    "-t rsa -b 2048"};
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	s.config.approval.signatures = 1;
	for (size_t i = 0; i < 4; i++) {
		const char *line = str_printf(b->arena, "alice@example.com %s\n",
					      public_line(b, make_key(b, "alice", kinds[i])));
		spit(b, allowed(b), line, strlen(line));
		missing(b, &s, "0 of 1");
		approve_as(b, &s, "alice");
		approved(b, &s);
	}
}

static void test_merged_alone_asks_no_signature(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	s.config.approval.signatures = 0;
	s.config.approval.signers = NULL;
	approved(b, &s);
	s.config.approval.merged = false;
	missing(b, &s, "asks for nothing");
}

/* --- the attacks of the table, by name --- */

static void test_plan_edited_by_one_byte_after_approval(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	approved(b, &s);
	run_shell(b, NULL, "cd %s/work && sed -i 's/\"actionsRemoved\": 3/\"actionsRemoved\": 4/' %s", b->dir, s.path);
	push_all(b);
	missing(b, &s, "made for other bytes of this plan");
	missing(b, &s, "0 of 2 signatures");
	run_shell(b, NULL, "cd %s/work && printf ' ' >>%s", b->dir, s.path);
	push_all(b);
	missing(b, &s, "canonical");
}

static void test_approval_of_an_earlier_version(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	/* the same role and id, a later expiry: made again */
	struct plan again = *s.plan;
	again.expires_at = "2026-12-02T03:09:23Z";
	assert_ok(plan_seal(b->arena, &again, &b->e));
	spit(b, str_printf(b->arena, "%s/work/%s", b->dir, s.path), again.bytes, again.len);
	push_all(b);
	missing(b, &s, "0 of 2 signatures");
}

static void test_the_authors_own_approval(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	approve_as(b, &s, "alice");
	approve_as(b, &s, "pare-bot");
	missing(b, &s, "1 of 2 signatures: alice@example.com");
	missing(b, &s, "pare-bot@example.com is the plan's author");
	/* under another name of the same person, in other letters */
	const char *lines = str_printf(b->arena, "alice@example.com %s\nrobot@home.example %s\nrobot@home.example,"
				       "PARE-BOT@example.com %s\n",
				       public_line(b, str_printf(b->arena, "%s/alice", b->dir)),
				       public_line(b, str_printf(b->arena, "%s/pare-bot", b->dir)),
				       public_line(b, make_key(b, "spare", "-t ed25519")));
	spit(b, allowed(b), lines, strlen(lines));
	missing(b, &s, "robot@home.example is the plan's author");
}

static void test_two_keys_of_one_person(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	const char *lines = str_printf(b->arena, "alice@example.com %s\nAlice@example.com %s\nbob@example.com %s\n",
				       public_line(b, str_printf(b->arena, "%s/alice", b->dir)),
				       public_line(b, make_key(b, "alice2", "-t ed25519")),
				       public_line(b, str_printf(b->arena, "%s/bob", b->dir)));
	spit(b, allowed(b), lines, strlen(lines));
	approve_as(b, &s, "alice");
	approve_as(b, &s, "alice2");
	missing(b, &s, "1 of 2 signatures: alice@example.com; missing 1 of: bob@example.com");
	missing(b, &s, "counts once");
	run_shell(b, NULL, "cd %s/work/approvals && cp team/alice.sums copy.sums && cp team/alice.sums.sig copy.sums.sig",
		  b->dir);
	push_all(b);
	missing(b, &s, "1 of 2 signatures: alice@example.com");
}

static void test_one_key_under_two_names(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	const char *alice = public_line(b, str_printf(b->arena, "%s/alice", b->dir));
	const char *lines = str_printf(b->arena, "alice@example.com %s\nbob@example.com %s\nbob@example.com %s\n", alice,
				       alice, public_line(b, str_printf(b->arena, "%s/bob", b->dir)));
	spit(b, allowed(b), lines, strlen(lines));
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	missing(b, &s, "1 of 2 signatures");
}

static void test_a_git_namespace_signature(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	approve_as(b, &s, "alice");
	sign_as(b, &s, "bob", "git");
	missing(b, &s, "made for the namespace 'git'");
}

/* git would take the committer's date for the time of signing. */
static void test_expired_and_back_dated_key(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	const char *lines = str_printf(b->arena,
				       "alice@example.com valid-before=\"20261101Z\" %s\nbob@example.com "
				       "valid-after=\"20270101Z\" %s\ncarol@example.com %s\n",
				       public_line(b, str_printf(b->arena, "%s/alice", b->dir)),
				       public_line(b, str_printf(b->arena, "%s/bob", b->dir)),
				       public_line(b, str_printf(b->arena, "%s/carol", b->dir)));
	spit(b, allowed(b), lines, strlen(lines));
	s.config.approval.signatures = 1;
	setenv("GIT_COMMITTER_DATE", "2026-10-01T00:00:00Z", 1);
	setenv("GIT_AUTHOR_DATE", "2026-10-01T00:00:00Z", 1);
	approve_as(b, &s, "alice");
	missing(b, &s, "the key of alice@example.com was valid until 2026-11-01T00:00:00Z");
	setenv("GIT_COMMITTER_DATE", "2027-02-01T00:00:00Z", 1);
	approve_as(b, &s, "bob");
	missing(b, &s, "the key of bob@example.com is valid from 2027-01-01T00:00:00Z on");
	unsetenv("GIT_COMMITTER_DATE");
	unsetenv("GIT_AUTHOR_DATE");
	approve_as(b, &s, "carol");
	approved(b, &s);
}

static void test_revoked_key(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	s.config.approval.revoked = str_printf(b->arena, "%s/revoked", b->dir);
	run_shell(b, NULL, "printf '' >%s/revoked", b->dir);
	approved(b, &s);
	run_shell(b, NULL, "cat %s/bob.pub >>%s/revoked", b->dir, b->dir);
	missing(b, &s, "is revoked");
	missing(b, &s, "1 of 2 signatures: alice@example.com; missing 1 of: carol@example.com");
}

static void test_missing_or_unfit_lists_fail_closed(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	s.config.approval.revoked = str_printf(b->arena, "%s/none", b->dir);
	missing(b, &s, "the revoked keys: reading");
	s.config.approval.revoked = str_printf(b->arena, "%s/krl", b->dir);
	run_shell(b, NULL, "ssh-keygen -q -k -f %s/krl %s/carol.pub", b->dir, b->dir);
	missing(b, &s, "key revocation list (KRL)");
	s.config.approval.revoked = NULL;
	approved(b, &s);
	run_shell(b, NULL, "chmod 666 %s", allowed(b));
	missing(b, &s, "may be written by everybody");
	run_shell(b, NULL, "chmod 644 %s && echo nonsense >>%s", allowed(b), allowed(b));
	missing(b, &s, "line 5");
	run_shell(b, NULL, "rm %s", allowed(b));
	missing(b, &s, "the allowed signers: reading");
	run_shell(b, NULL, "mkdir %s", allowed(b));
	missing(b, &s, "the allowed signers:");
	s.config.approval.signers = NULL;
	missing(b, &s, "names no file of allowed signers");
}

static void test_security_key_without_touch(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	struct sk_key k = make_sk(b, false);
	const char *line = str_printf(b->arena, "alice@example.com %s\n", k.line);
	s.config.approval.signatures = 1;
	spit(b, allowed(b), line, strlen(line));
	approve_as(b, &s, "alice"); /* the list; its signature is replaced */
	size_t len;
	const char *file = str_printf(b->arena, "%s/work/approvals/team/alice.sums", b->dir);
	const char *sums = slurp(b, file, &len);
	for (uint8_t flags = 0; flags < 2; flags++) {
		const char *armor = sk_sign(b, &k, flags, APPROVAL_NAMESPACE, sums, len);
		spit(b, str_printf(b->arena, "%s.sig", file), armor, strlen(armor));
		push_all(b);
		if (flags == 0)
			missing(b, &s, "nobody touched the security key");
		else
			approved(b, &s);
	}
	EVP_PKEY_free(k.pkey);
}

static void test_plan_moved_to_another_account(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	run_shell(b, NULL, "cd %s/work && mkdir -p accounts/444455556666 && cp -r accounts/" ACCOUNT "/plans "
		  "accounts/444455556666/ && git rm -qr accounts/" ACCOUNT, b->dir);
	s.path = str_printf(b->arena, "accounts/444455556666/plans/%s/plan.json", s.plan->id);
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	missing(b, &s, "it was moved or copied");
}

/* The signature names a path, too: what was approved there is not approved here. */
static void test_digest_under_another_path(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	for (int i = 0; i < 2; i++) {
		const char *who = i == 0 ? "alice" : "bob";
		run_shell(b, NULL, "cd %s/work && mkdir -p approvals && sha256sum %s | sed 's/" ACCOUNT "/444455556666/' "
			  ">approvals/%s.sums && ssh-keygen -q -Y sign -n %s -f %s/%s approvals/%s.sums", b->dir, s.path, who,
			  APPROVAL_NAMESPACE, b->dir, who, who);
	}
	push_all(b);
	missing(b, &s, "0 of 2 signatures");
}

static void test_rewound_or_rewritten_branch(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	approved(b, &s);
	run_shell(b, NULL, "cd %s/work && git reset -q --hard HEAD~1 && git push -qf origin main", b->dir);
	assert_null(read_at(b, &s, NOW));
	assert_non_null(strstr(b->e.message, "somebody rewrote it"));
	run_shell(b, NULL, "cd %s/work && git commit -q --amend -m rewritten && git push -qf origin main", b->dir);
	approve_as(b, &s, "carol");
	assert_null(read_at(b, &s, NOW));
	assert_non_null(strstr(b->e.message, "somebody rewrote it"));
}

/* What stands at the path must be a plain file. */
static void test_odd_modes_at_the_plans_path(void **state)
{
	static const struct {
		const char *change;
	} odd[] = {
		{"mv %s %s.real && ln -s plan.json.real %s && git add -A"},
		{"chmod +x %s; git add -A; : %s %s"},
		{"rm %s && git rm -q --cached %s && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),%s"},
	};
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	approved(b, &s);
	for (size_t i = 0; i < 3; i++) {
		struct approval *all;
		size_t count;
		char oid[OID_HEX];
		const char *change = str_printf(b->arena, odd[i].change, s.path, s.path, s.path);
		run_shell(b, NULL, "cd %s/work && git checkout -q -f main && %s && git commit -qm odd && git push -q origin main",
			  b->dir, change);
		assert_ok(approvals_read(b->arena, &s.review, &b->store, &s.config, &s.port, NULL, 1795608000000, &all,
					 &count, oid, &b->e));
		assert_int_equal(count, 0); /* there is no plan at all */
		run_shell(b, NULL, "cd %s/work && git revert --no-edit HEAD && git push -q origin main", b->dir);
	}
	approved(b, &s);
}

/* A list or its signature that is no plain file counts for nobody. */
static void test_odd_modes_among_the_approvals(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	run_shell(b, NULL, "cd %s/work/approvals/team && chmod +x bob.sums", b->dir);
	push_all(b);
	missing(b, &s, "1 of 2 signatures: alice@example.com");
	run_shell(b, NULL, "cd %s/work/approvals/team && chmod -x bob.sums && mv bob.sums.sig x && ln -s x bob.sums.sig",
		  b->dir);
	push_all(b);
	missing(b, &s, "a symbolic link");
	run_shell(b, NULL, "cd %s/work/approvals/team && rm bob.sums.sig", b->dir);
	push_all(b);
	missing(b, &s, "'approvals/team/bob.sums' has no signature beside it");
	run_shell(b, NULL, "cd %s/work/approvals/team && head -c 20000 /dev/zero | tr '\\0' A >bob.sums.sig", b->dir);
	push_all(b);
	missing(b, &s, "at most 16384");
	run_shell(b, NULL, "cd %s/work/approvals/team && head -c 300000 /dev/zero >bob.sums", b->dir);
	push_all(b);
	missing(b, &s, "at most 262144");
}

/* Whatever a parser might read in another way than a person. */
static void test_plans_that_read_two_ways(void **state)
{
	static const struct {
		const char *script, *words;
	} odd[] = {
		{"s/\"account\": /\"account\": \"444455556666\",\\n  \"account\": /", ""}, /* duplicate */
		{"s/\"account\": /\"Account\": \"444455556666\",\\n  \"account\": /", "Account"}, /* unknown */
		{"s/AppRole\",$/App\\xe2\\x80\\xaeRole\",/", ""}, /* bidirectional */
		{"s/AppRole\",$/App\\x1b[31mRole\",/", ""}, /* control */
		{"s/^/\\xef\\xbb\\xbf/;1q", ""}, /* byte order mark */
		{"s/$/\\r/", ""},
		{"s/\"actionsRemoved\": 3/\"actionsRemoved\": 3.0/", ""},
	};
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		run_shell(b, NULL, "cd %s/work && sed -i '%s' %s", b->dir, odd[i].script, s.path);
		approve_as(b, &s, "alice");
		approve_as(b, &s, "bob");
		missing(b, &s, odd[i].words);
		spit(b, str_printf(b->arena, "%s/work/%s", b->dir, s.path), s.plan->bytes, s.plan->len);
	}
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	approved(b, &s);
	run_shell(b, NULL, "cd %s/work && head -c 2000000 /dev/zero | tr '\\0' ' ' >%s", b->dir, s.path);
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	missing(b, &s, "at most 1048576");
}

/* Signed commits, signed twice over, approve nothing: only lists of digests do. */
static void test_signed_commits_approve_nothing(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	run_shell(b, NULL,
		  "cd %s/work && git -c gpg.format=ssh -c user.signingkey=%s/alice commit -qS --allow-empty -m 'alice' && "
		  "git cat-file commit HEAD | awk '/^gpgsig /{on=1} on&&!/^( |gpgsig)/{on=0} on{held=held $0 \"\\n\"} "
		  "{print} on==0&&held!=\"\"{}' >%s/c && awk 'FNR==NR{if(/^gpgsig /)on=1; else if(on&&!/^ /)on=0; if(on)h=h $0 "
		  "\"\\n\"; next} {if(!done&&/^gpgsig /){printf \"%%s\", h; done=1} print}' %s/c %s/c >%s/d && "
		  "test $(grep -c '^gpgsig ' %s/d) = 2 && "
		  "git reset -q --soft $(git hash-object -t commit -w %s/d) && git push -q origin main",
		  b->dir, b->dir, b->dir, b->dir, b->dir, b->dir, b->dir, b->dir);
	missing(b, &s, "0 of 2 signatures");
	approve_as(b, &s, "alice");
	approve_as(b, &s, "bob");
	approved(b, &s);
}

static void test_approval_withdrawn_later(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	approved(b, &s);
	run_shell(b, NULL, "cd %s/work && git rm -q approvals/team/bob.sums*", b->dir);
	push_all(b);
	missing(b, &s, "1 of 2 signatures: alice@example.com");
}

static void test_expired_plan(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	assert_true(read_at(b, &s, "2026-12-01T03:09:22Z")->approved);
	const struct approval *x = read_at(b, &s, "2026-12-01T03:09:23Z");
	assert_false(x->approved);
	assert_non_null(strstr(x->missing, "it expired at"));
}

static void test_replay_after_apply(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = signed_by_two(b);
	struct receipt r = {.plan_id = s.plan->id, .plan_digest = s.plan->digest, .account = ACCOUNT,
			    .principal_arn = s.plan->principal.arn, .result = "applied",
			    .started_at = "2026-11-25T00:00:00Z", .finished_at = "2026-11-25T00:00:01Z"};
	struct buf *text = buf_new(b->arena, 1 << 16);
	receipt_print(&r, text);
	run_shell(b, NULL, "cd %s/work && git checkout -q --orphan log && git rm -qrf . && mkdir -p receipts/" ACCOUNT,
		  b->dir);
	spit(b, str_printf(b->arena, "%s/work/receipts/" ACCOUNT "/%s.json", b->dir, s.plan->id), text->data, text->len);
	run_shell(b, NULL, "cd %s/work && git add . && git commit -qm r && git push -q origin log:pare/log && git checkout "
		  "-qf main", b->dir);
	const struct approval *x = read_at(b, &s, NOW);
	assert_non_null(x);
	assert_true(x->finished);
}

/* Only the protected branch's tip counts: neither a proposal's branch nor a ref of somebody's. */
static void test_approvals_elsewhere(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	run_shell(b, NULL,
		  "cd %s/work && git checkout -q -b pare/" ACCOUNT "/0123456789ab && mkdir approvals && sha256sum %s "
		  ">approvals/a.sums && ssh-keygen -q -Y sign -n %s -f %s/alice approvals/a.sums && git add . && git commit -qm "
		  "a && git push -q origin HEAD HEAD:refs/pare/approvals/%s && git checkout -q main",
		  b->dir, s.path, APPROVAL_NAMESPACE, b->dir, s.plan->digest);
	missing(b, &s, "0 of 2 signatures: none yet");
}

static void test_lists_in_the_reviewed_repository_do_not_count(void **state)
{
	struct bench *b = *state;
	NEED_BOTH();
	struct scene s = make_scene(b);
	make_key(b, "mallory", "-t ed25519");
	run_shell(b, NULL, "cd %s/work && (echo \"alice@example.com $(cat %s/mallory.pub)\"; echo \"bob@example.com $(cat "
		  "%s/mallory.pub)\") | tee allowed_signers >approvals-signers && printf 'return { approval = { merged = "
		  "true } }' >pare.lua", b->dir, b->dir, b->dir);
	approve_as(b, &s, "mallory");
	missing(b, &s, "0 of 2 signatures");
	missing(b, &s, "is not in '");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_people_approve),
		TEST(test_every_kind_of_key_approves),
		TEST(test_merged_alone_asks_no_signature),
		TEST(test_plan_edited_by_one_byte_after_approval),
		TEST(test_approval_of_an_earlier_version),
		TEST(test_the_authors_own_approval),
		TEST(test_two_keys_of_one_person),
		TEST(test_one_key_under_two_names),
		TEST(test_a_git_namespace_signature),
		TEST(test_expired_and_back_dated_key),
		TEST(test_revoked_key),
		TEST(test_missing_or_unfit_lists_fail_closed),
		TEST(test_security_key_without_touch),
		TEST(test_plan_moved_to_another_account),
		TEST(test_digest_under_another_path),
		TEST(test_rewound_or_rewritten_branch),
		TEST(test_odd_modes_at_the_plans_path),
		TEST(test_odd_modes_among_the_approvals),
		TEST(test_plans_that_read_two_ways),
		TEST(test_signed_commits_approve_nothing),
		TEST(test_approval_withdrawn_later),
		TEST(test_expired_plan),
		TEST(test_replay_after_apply),
		TEST(test_approvals_elsewhere),
		TEST(test_lists_in_the_reviewed_repository_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
