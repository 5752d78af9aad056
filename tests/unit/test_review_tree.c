/* What a principal and a proposal look like in the review repository. */
#include "plan_fixture.h"

static const char ROLE_DIR[] = "accounts/" ACCOUNT "/roles/app/Web";

static void test_segments(void **state)
{
	static const struct {
		const char *name, *segment;
	} known[] = {
		{"Role_1.x=+@,-", "Role_1.x=+@,-"},
		{".git", "%2Egit"},
		{"..", "%2E."},
		{".", "%2E"},
		{"a/b", "a%2Fb"},
		{"git~1", "git%7E1"},
		{"%2E", "%252E"},
		{"a b", "a%20b"},
		{"", "%2F"},
		{"a\nb", "a%0Ab"},
		{"\\", "%5C"},
		{"\xc3\xa4", "%C3%A4"},
		{"a:b*?\"<>|", "a%3Ab%2A%3F%22%3C%3E%7C"},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		char *segment = path_segment(b->arena, known[i].name);
		assert_string_equal(segment, known[i].segment);
		if (known[i].name[0] != '\0')
			assert_string_equal(str_percent_decode(b->arena, segment), known[i].name);
	}
	char long_one[600], long_two[600];
	memset(long_one, '!', 500);
	long_one[500] = '\0';
	strcpy(long_two, long_one);
	long_two[499] = '?';
	const char *one = path_segment(b->arena, long_one), *two = path_segment(b->arena, long_two);
	assert_true(strlen(one) <= 255);
	assert_string_not_equal(one, two);
}

static void all_files(struct bench *b, const struct principal *role, const struct plan *plan,
		      struct review_file **f, size_t *count)
{
	assert_ok(review_files(b->arena, role, plan, f, count, &b->e));
	for (size_t i = 0; i < *count; i++)
		for (size_t k = 0; k < i; k++)
			if ((*f)[k].bytes != NULL && str_equal_nocase((*f)[i].path, (*f)[k].path))
				fail_msg("'%s' twice", (*f)[i].path);
	for (size_t i = 0; i < *count; i++)
		for (size_t k = 0; k < (*f)[i].len; k++)
			if (((*f)[i].bytes[k] < ' ' && (*f)[i].bytes[k] != '\n') ||
			    (*f)[i].bytes[k] > '~')
				fail_msg("'%s' holds byte %d", (*f)[i].path, (*f)[i].bytes[k]);
}

static void test_slots_keep_their_file(void **state)
{
	struct bench *b = *state;
	struct review_file *was, *then;
	size_t was_count, then_count;
	const struct principal *role = make_role(b->arena, "/app/", "Web");
	const struct plan *plan = make_plan(b, role, "/r", "1");
	all_files(b, role, NULL, &was, &was_count);
	all_files(b, role, plan, &then, &then_count);
	const char *slot = str_printf(b->arena, "%s/managed/AmazonS3ReadOnlyAccess.json", ROLE_DIR);
	const char *gone = str_printf(b->arena, "%s/inline/InlinePolicyListLambda.json", ROLE_DIR);
	assert_non_null(file_named(was, was_count, slot));
	assert_non_null(file_named(then, then_count, slot));
	assert_non_null(file_named(was, was_count, gone));
	assert_null(file_named(then, then_count, gone));
	char *diff = text_diff(b->arena, file_named(was, was_count, slot)->bytes,
			       file_named(then, then_count, slot)->bytes);
	size_t changed = 0;
	for (char *line = strtok(diff, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (line[0] == '-' || line[0] == '+') {
			changed++;
			assert_true(strstr(line, "s3:Describe*") != NULL ||
				    strstr(line, "s3-object-lambda:") != NULL);
		}
	assert_in_range(changed, 2, 4);
}

/* A rollback finds the file again. */
static void test_rollback_keeps_the_file(void **state)
{
	struct bench *b = *state;
	struct review_file *then, *back;
	size_t then_count, back_count;
	const struct principal *role = make_role(b->arena, "/app/", "Web");
	const struct plan *plan = make_plan(b, role, "/r", "1");
	struct principal *after = plan_outcome(b->arena, plan, role, &b->e);
	assert_non_null(after);
	struct plan undo = *plan;
	undo.step = arena_array(b->arena, 4, sizeof *undo.step);
	undo.step_count = 0;
	add_step(b->arena, &undo, STEP_ATTACH_ROLE_POLICY, STEP_DETACH_ROLE_POLICY, S3_ARN, NULL,
		 S3_OLD_TEXT, S3_ARN);
	add_step(b->arena, &undo, STEP_DETACH_ROLE_POLICY, STEP_ATTACH_ROLE_POLICY, S3_NEW, NULL,
		 NULL, S3_ARN);
	all_files(b, role, plan, &then, &then_count);
	all_files(b, after, &undo, &back, &back_count);
	const char *slot = str_printf(b->arena, "%s/managed/AmazonS3ReadOnlyAccess.json", ROLE_DIR);
	assert_non_null(file_named(back, back_count, slot));
	struct buf *md = buf_new(b->arena, 1 << 20);
	plan_markdown(b->arena, &undo, after, md);
	assert_non_null(
		strstr(md->data, "AmazonS3ReadOnlyAccess-recommended-12345678` | **removed**"));
	assert_non_null(strstr(md->data, "| none | **added**: `AmazonS3ReadOnlyAccess` |"));
}

/* Roles and paths named like the layout's own files and folders do not hide one another. */
static void test_names_of_the_layout(void **state)
{
	static const struct {
		const char *path, *name, *folder;
	} known[] = {
		{"/", "Web", "roles/Web"},
		{"/a/", "inline", "roles/a/%69nline"},
		{"/a/", "Managed", "roles/a/%4Danaged"},
		{"/R/", "principal.json", "roles/R/%70rincipal.json"},
		{"/R/", "attachments.json", "roles/R/%61ttachments.json"},
		{"/inline/", "x", "roles/%69nline/x"},
		{"/a//b/", "x", "roles/a/%2F/b/x"},
		{"/../", "x", "roles/%2E./x"},
		{"/.git/", ".x", "roles/%2Egit/%2Ex"},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct review_file *f;
		size_t count;
		all_files(b, make_role(b->arena, known[i].path, known[i].name), NULL, &f, &count);
		const char *want = str_printf(b->arena, "accounts/" ACCOUNT "/%s/principal.json",
					      known[i].folder);
		if (file_named(f, count, want) == NULL)
			fail_msg("'%s%s' is not at '%s' but at '%s'", known[i].path, known[i].name,
				 want, f[0].path);
	}
}

static void test_names_that_meet(void **state)
{
	struct bench *b = *state;
	struct review_file *f;
	size_t count, policies = 0;
	struct principal *role = make_role(b->arena, "/", "Web");
	role->attached_count = 0;
	role->inline_count = 0;
	static const char *const names[] = {"Same", "same", "Same-recommended-1", "SAME"};
	for (size_t i = 0; i < 4; i++)
		role->inline_policy[role->inline_count++] =
			(struct inline_policy){.name = names[i], .document = LAMBDA_TEXT};
	principal_settle(b->arena, role);
	all_files(b, role, NULL, &f, &count);
	for (size_t i = 0; i < count; i++)
		policies += strstr(f[i].path, "/inline/S") != NULL ||
			    strstr(f[i].path, "/inline/s") != NULL;
	assert_int_equal(policies, 4);
}

static void test_unreadable_documents(void **state)
{
	static const char *const odd[] = {
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:"
		"\xe2\x80\xae*\",\"Resource\":\"*\"}]}",
		"no json \x1b[31m \xe2\x80\xae at all", "", "{\"Statement\":\"\r\"",
		"{\"a\":1,\"a\":2}"};
	struct bench *b = *state;
	for (size_t i = 0; i < 5; i++) {
		struct review_file *f;
		size_t count;
		struct principal *role = make_role(b->arena, "/", "Web");
		role->inline_policy[0].document = odd[i];
		all_files(b, role, NULL, &f, &count);
		assert_non_null(file_named(f, count,
					   "accounts/" ACCOUNT
					   "/roles/Web/inline/InlinePolicyListLambda.json"));
	}
}

/* --- proposing --- */

static bool propose_these(struct bench *b, const struct review_port *r, struct proposal_item *item,
			  size_t count, struct proposal *out)
{
	struct config c = make_config(b, r->url);
	return propose(b->arena, r, &c, item, count, 1795489763000, out, &b->e);
}

static struct proposal_item make_item(struct bench *b, const char *path, const char *name,
				      const char *salt)
{
	struct principal *role = make_role(b->arena, path, name);
	return (struct proposal_item){make_plan(b, role, b->remote, salt), role,
				      "{\n  \"id\": \"f1\"\n}\n",
				      str_printf(b->arena, "{\n  \"salt\": \"%s\"\n}\n", salt), {0}};
}

static void test_proposal(void **state)
{
	struct bench *b = *state;
	struct proposal one, two;
	NEED_GIT();
	struct review_port r = open_review(b, b->remote);
	struct proposal_item items[] = {make_item(b, "/app/", "Web", "1"),
					make_item(b, "/", "Batch", "1")};
	assert_ok(propose_these(b, &r, items, 2, &one));
	assert_false(one.existed);
	char *said =
		run_shell(b, NULL, "git -C %s log --format=%%s main..%s", b->remote, one.branch);
	assert_string_equal(said, "plan: Remove unused permissions of 2 roles (" ACCOUNT ")\n"
				  "observe: 2 principals in account " ACCOUNT " as found\n");
	/* The name: SHA-256 over the sorted digests, a line each. */
	said = run_shell(b, NULL, "printf '%s\\n%s\\n' | sort | sha256sum | cut -c1-12",
			 items[0].plan->digest, items[1].plan->digest);
	assert_string_equal(str_printf(b->arena, "pare/" ACCOUNT "/%.12s", said), one.branch);
	/* The plan commit shows only what changes. */
	said = run_shell(b, NULL, "git -C %s diff --stat --format= %s~ %s -- '*/roles/*' | tail -1",
			 b->remote, one.branch, one.branch);
	assert_non_null(strstr(said, "6 files changed"));
	said = run_shell(b, NULL,
			 "git -C %s diff --no-renames %s~ %s -- '*AmazonS3ReadOnlyAccess.json' | "
			 "grep -c '^[-+] '",
			 b->remote, one.branch, one.branch);
	assert_true(atoi(said) <= 8);
	for (size_t i = 0; i < 2; i++) {
		said = run_shell(b, NULL,
				 "git -C %s cat-file blob %s:accounts/" ACCOUNT
				 "/plans/%s/plan.json | sha256sum",
				 b->remote, one.branch, items[i].plan->id);
		assert_memory_equal(said, items[i].plan->digest, 64);
		run_shell(b, NULL,
			  "git -C %s cat-file -e %s:accounts/" ACCOUNT
			  "/plans/%s/evidence/recommendation.json",
			  b->remote, one.branch, items[i].plan->id);
		assert_non_null(strstr(one.body, items[i].plan->digest));
	}
	said = run_shell(b, NULL, "git -C %s ls-tree -r %s | grep -vc '^100644 blob'; true",
			 b->remote, one.branch);
	assert_int_equal(atoi(said), 0);
	assert_fsck(b);
	/* Again, and in another order: found. */
	struct proposal_item turned[] = {items[1], items[0]};
	assert_ok(propose_these(b, &r, turned, 2, &two));
	assert_true(two.existed);
	assert_string_equal(one.branch, two.branch);
	assert_string_equal(one.commit, two.commit);
	/* The same from nothing gives the same commits. */
	run_shell(b, NULL, "git -C %s update-ref -d refs/heads/%s", b->remote, one.branch);
	assert_ok(propose_these(b, &r, items, 2, &two));
	assert_false(two.existed);
	assert_string_equal(one.commit, two.commit);
	/* Merged, and the branch deleted: nothing to propose any more. */
	run_shell(
		b, NULL,
		"git -C %s update-ref refs/heads/main %s && git -C %s update-ref -d refs/heads/%s",
		b->remote, one.commit, b->remote, one.branch);
	assert_ok(propose_these(b, &r, items, 2, &two));
	assert_true(two.existed);
	said = run_shell(b, NULL, "git -C %s for-each-ref refs/heads/pare", b->remote);
	assert_string_equal(said, "");
}

static void test_superseded(void **state)
{
	struct bench *b = *state;
	struct proposal one, two, other;
	NEED_GIT();
	struct review_port r = open_review(b, b->remote);
	struct proposal_item old = make_item(b, "/", "Web", "1"),
			     new = make_item(b, "/", "Web", "2"),
			     beside = make_item(b, "/", "Batch", "1");
	assert_ok(propose_these(b, &r, &old, 1, &one));
	assert_ok(propose_these(b, &r, &beside, 1, &other));
	assert_null(strstr(other.body, one.branch));
	assert_ok(propose_these(b, &r, &new, 1, &two));
	assert_string_not_equal(one.branch, two.branch);
	assert_non_null(strstr(two.body, one.branch));
	assert_null(strstr(two.body, other.branch));
	char *said = run_shell(b, NULL, "git -C %s rev-parse %s", b->remote, one.branch);
	assert_memory_equal(said, one.commit, 40);
}

/* A branch of our name that is not ours, or ours with a plan changed. */
static void test_branches_in_the_way(void **state)
{
	struct bench *b = *state;
	struct proposal one, two;
	NEED_GIT();
	struct review_port r = open_review(b, b->remote);
	struct proposal_item items[] = {make_item(b, "/", "Web", "1"),
					make_item(b, "/", "Batch", "1")};
	assert_ok(propose_these(b, &r, items, 2, &one));
	run_shell(b, NULL,
		  "cd %s/work && git fetch -q && git checkout -q -B p origin/%s && git rm -rq "
		  "accounts/" ACCOUNT "/plans/%s && git commit -qm less && git push -q origin p:%s",
		  b->dir, one.branch, items[1].plan->id, one.branch);
	assert_ok(propose_these(b, &r, items, 2, &two));
	assert_true(two.existed);
	run_shell(b, NULL,
		  "cd %s/work && echo >>accounts/" ACCOUNT
		  "/plans/%s/plan.json && git commit -qam evil && git "
		  "push -q origin p:%s",
		  b->dir, items[0].plan->id, one.branch);
	assert_refused(propose_these(b, &r, items, 2, &two), ERR_CONFLICT, "other bytes");
	run_shell(b, NULL, "git -C %s update-ref refs/heads/%s main", b->remote, one.branch);
	assert_refused(propose_these(b, &r, items, 2, &two), ERR_CONFLICT, "carries none");
}

static void test_proposals_refused(void **state)
{
	struct bench *b = *state;
	struct proposal out;
	NEED_GIT();
	struct review_port r = open_review(b, b->remote);
	struct proposal_item good = make_item(b, "/", "Web", "1");
	struct proposal_item many[PROPOSAL_MAX_PLANS + 1];
	assert_refused(propose_these(b, &r, &good, 0, &out), ERR_LIMIT, "1 to 50");
	for (size_t i = 0; i <= PROPOSAL_MAX_PLANS; i++)
		many[i] = make_item(b, "/", str_printf(b->arena, "R%zu", i), "1");
	assert_refused(propose_these(b, &r, many, PROPOSAL_MAX_PLANS + 1, &out), ERR_LIMIT,
		       "1 to 50");
	assert_ok(propose_these(b, &r, many, PROPOSAL_MAX_PLANS, &out));
	assert_true(strlen(out.body) < 60000);
	struct proposal_item pair[] = {good, make_item(b, "/", "Web", "2")};
	assert_refused(propose_these(b, &r, pair, 2, &out), ERR_USAGE, "both for");
	struct plan bad = *good.plan;
	struct proposal_item item = {&bad, good.before, NULL, NULL, {0}};
	struct gate failing = {"no-new-access", GATE_UNKNOWN, ""};
	bad.gate = &failing;
	assert_refused(propose_these(b, &r, &item, 1, &out), ERR_REFUSED, "not every gate");
	bad = *good.plan;
	bad.id = "../../../main";
	assert_refused(propose_these(b, &r, &item, 1, &out), ERR_INPUT, "expected an id");
	bad = *good.plan;
	bad.repository = "https://elsewhere.example/x";
	assert_refused(propose_these(b, &r, &item, 1, &out), ERR_REFUSED,
		       "was made for repository");
	item = (struct proposal_item){good.plan, make_role(b->arena, "/", "Other"), NULL, NULL, {0}};
	assert_refused(propose_these(b, &r, &item, 1, &out), ERR_INPUT, "what was read");
	run_shell(b, NULL, "git -C %s branch -m main trunk", b->remote);
	assert_refused(propose_these(b, &r, &good, 1, &out), ERR_REFUSED, "no branch 'main'");
}

static void test_titles_ping_nobody(void **state)
{
	struct bench *b = *state;
	struct proposal out;
	NEED_GIT();
	struct review_port r = open_review(b, b->remote);
	struct proposal_item item = make_item(b, "/", "@acme-team", "1");
	assert_ok(propose_these(b, &r, &item, 1, &out));
	assert_null(strchr(out.title, '@'));
	char *said = run_shell(b, NULL, "git -C %s log -2 --format=%%B %s", b->remote, out.branch);
	assert_null(strchr(said, '@'));
}

/* Several at once: all end with the one branch. */
static void test_same_proposal_at_once(void **state)
{
	enum { AT_ONCE = 4 };
	struct bench *b = *state;
	pid_t child[AT_ONCE];
	int made = 0;
	NEED_GIT();
	struct proposal_item item = make_item(b, "/", "Web", "1");
	for (int i = 0; i < AT_ONCE; i++)
		if ((child[i] = fork()) == 0) {
			struct review_port r;
			struct proposal out;
			struct store_port store;
			const char *folder = str_printf(b->arena, "%s/s%d", b->dir, i);
			struct config c = make_config(b, b->remote);
			/* Another moment, another commit: only the branch is one. */
			bool ok = store_open(b->arena, folder, &store, &b->e) &&
				  git_open(b->arena, b->remote, folder, &r, &b->e) &&
				  propose(b->arena, &r, &c, &item, 1, 1795489763000 + 1000 * i,
					  &out, &b->e);
			if (!ok)
				fprintf(stderr, "%s\n", b->e.message);
			_exit(!ok ? 2 : out.existed ? 1 : 0);
		}
	for (int i = 0; i < AT_ONCE; i++) {
		int status;
		waitpid(child[i], &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		made += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(made, 1);
	assert_fsck(b);
}

#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(test_segments),
		BENCH(test_slots_keep_their_file),
		BENCH(test_rollback_keeps_the_file),
		BENCH(test_names_of_the_layout),
		BENCH(test_names_that_meet),
		BENCH(test_unreadable_documents),
		BENCH(test_proposal),
		BENCH(test_superseded),
		BENCH(test_branches_in_the_way),
		BENCH(test_proposals_refused),
		BENCH(test_titles_ping_nobody),
		BENCH(test_same_proposal_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
