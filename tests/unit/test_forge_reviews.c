/* Whose review counts: the forge says it, our own mirror says for which bytes. */
#include "plan_fixture.h"

#include "forge_fixture.h"
#include "pare/receipt.h"

#define HUB "/api/v3/repos/acme/iam-review"
#define LAB "/api/v4/projects/acme%2Fiam-review"
#define TEA "/api/v1/repos/acme/iam-review"
#define HUB_LIST "GET " HUB "/pulls?state=closed&base=main&sort=updated&direction=desc&per_page=100&page=1"
#define HUB_COMMITS "GET " HUB "/pulls/7/commits?per_page=50&page=1"
#define HUB_REVIEWS "GET " HUB "/pulls/7/reviews?per_page=100&page="
#define AT1 "\"submitted_at\":\"2026-11-24T10:00:00Z\""
#define AT2 "\"submitted_at\":\"2026-11-24T11:00:00Z\""

struct scene {
	struct bench *b;
	struct review_port review;
	const struct plan *plan;
	const char *first;  /* commit with an earlier text at the plan's path */
	const char *second; /* with the plan */
	const char *third;  /* with the plan and another file: the head */
	const char *stray;  /* with the plan, of another branch */
};

/* The branch is gone from refs/heads, as after a merge that removes it: refs/pull/7/head is left. */
static void set_scene(struct scene *s, struct bench *b)
{
	struct principal *role = make_role(b->arena, "/app/", "Web");
	s->b = b;
	s->plan = make_plan(b, role, "/srv/review.git", "1");
	s->review = fetched(b, b->remote);
	const char *path = str_printf(b->arena, "%s/plan.json", plan_folder(b->arena, s->plan));
	const char *base = tip(b, &s->review, "refs/heads/main");
	s->first = commit_text(b, &s->review, base, path, "earlier\n");
	s->second = commit_text(b, &s->review, s->first, path, s->plan->bytes);
	s->third = commit_text(b, &s->review, s->second, "accounts/" ACCOUNT "/other.json", "{}\n");
	s->stray = commit_text(b, &s->review, base, path, s->plan->bytes);
	const char *main = commit_text(b, &s->review, base, path, s->plan->bytes);
	assert_ok(s->review.publish(s->review.self, "refs/heads/main", base, main, &b->e));
	assert_ok(s->review.publish(s->review.self, "refs/heads/stray", "", s->stray, &b->e));
	/* A mirror of its own, which never saw them: by path libgit2 brings what any ref leads to. */
	struct review_port maker = s->review;
	b->state = str_printf(b->arena, "%s/state2", b->dir);
	assert_ok(store_open(b->arena, b->state, &b->store, &b->e));
	s->review = fetched(b, b->remote);
	assert_ok(maker.publish(maker.self, "refs/pull/7/head", "", s->third, &b->e));
	assert_ok(maker.publish(maker.self, "refs/merge-requests/7/head", "", s->third, &b->e));
	const char *bytes;
	size_t len;
	assert_false(s->review.read(s->review.self, b->arena, s->third, path, PLAN_MAX_BYTES, &bytes, &len, &b->e));
}

static const char *merged(const struct scene *s, const char *ref, const char *label)
{
	return str_printf(s->b->arena,
			  "[{\"number\":7,\"state\":\"closed\",\"merged_at\":\"2026-11-25T00:00:00Z\",\"updated_at\":"
			  "\"2026-11-25T00:00:00Z\",\"user\":{\"login\":\"opener\"},\"head\":{\"ref\":\"%s\",\"label\":\"%s\","
			  "\"sha\":\"%s\",\"repo\":{\"full_name\":\"acme/iam-review\"}},\"base\":{\"ref\":\"main\"}},"
			  /* never carriers: not merged, older than the plan */
			  "{\"number\":6,\"state\":\"closed\",\"merged_at\":null,\"updated_at\":\"2026-11-25T00:00:00Z\",\"head\":"
			  "{\"ref\":\"pare/" ACCOUNT "/b\",\"label\":\"pare/" ACCOUNT "/b\",\"sha\":\"%s\",\"repo\":{\"full_name\":"
			  "\"acme/iam-review\"}},\"base\":{\"ref\":\"main\"}},"
			  "{\"number\":5,\"state\":\"closed\",\"merged_at\":\"2026-11-20T00:00:00Z\",\"updated_at\":"
			  "\"2026-11-20T00:00:00Z\",\"head\":{\"ref\":\"x\",\"sha\":\"%s\"},\"base\":{\"ref\":\"main\"}}]",
			  ref, label, s->third, s->third, s->third);
}

/* "alice bob", sorted, of those that count. */
static const char *who(struct arena *a, const struct approval_note *note, size_t count)
{
	struct str_list names = {0};
	struct buf *b = buf_new(a, 65536);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(note[i].method, "review");
		assert_true(strstr(note[i].detail, "at commit") != NULL);
		str_list_add(a, &names, note[i].who);
	}
	str_list_sort(&names);
	assert_int_equal(names.count, count); /* each once */
	for (size_t i = 0; i < names.count; i++)
		buf_printf(b, "%s%s", i > 0 ? " " : "", names.item[i]);
	buf_puts(b, "");
	return b->data != NULL ? b->data : "";
}

/* $1 $2 $3 $S stand for the commits. */
static const char *with_commits(const struct scene *s, const char *text)
{
	struct buf *b = buf_new(s->b->arena, 65536);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c != '$') {
			buf_putc(b, *c);
			continue;
		}
		c++;
		buf_puts(b, *c == '1' ? s->first : *c == '2' ? s->second : *c == '3' ? s->third : s->stray);
	}
	return b->data;
}

#define BY(id, name, type, how) "\"user\":{\"id\":" #id ",\"login\":\"" name "\",\"type\":\"" type "\"},\"author_association\":\"" how "\","
#define ALICE BY(1, "alice", "User", "MEMBER")
#define BOB	 BY(2, "bob", "User", "COLLABORATOR")

static void test_github(void **state)
{
	static const struct {
		const char *reviews, *commits, *who;
	} cases[] = {
		{"[]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", "alice"},
		/* an earlier commit with the same bytes; another with others; one that is not of the branch */
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$2\"," AT1 "}]", "[]", "alice"},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$1\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$S\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"ffffffffffffffffffffffffffffffffffffffff\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":null," AT1 "}]", "[]", ""},
		/* the last thing said */
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" ALICE "\"state\":\"CHANGES_REQUESTED\","
		 "\"commit_id\":\"$3\"," AT2 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"CHANGES_REQUESTED\",\"commit_id\":\"$3\"," AT2 "},{" ALICE "\"state\":\"APPROVED\","
		 "\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"CHANGES_REQUESTED\",\"commit_id\":\"$1\"," AT1 "},{" ALICE "\"state\":\"APPROVED\","
		 "\"commit_id\":\"$3\"," AT2 "}]", "[]", "alice"},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" ALICE "\"state\":\"COMMENTED\","
		 "\"commit_id\":\"$3\"," AT2 "},{" ALICE "\"state\":\"PENDING\",\"commit_id\":\"$3\"}]", "[]", "alice"},
		{"[{" ALICE "\"state\":\"DISMISSED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" ALICE "\"state\":\"DISMISSED\","
		 "\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		/* once a person, whatever the name */
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" ALICE "\"state\":\"APPROVED\","
		 "\"commit_id\":\"$2\"," AT2 "},{" BOB "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT2 "}]", "[]", "alice bob"},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" BY(1, "alice2", "User", "MEMBER")
		 "\"state\":\"CHANGES_REQUESTED\",\"commit_id\":\"$3\"," AT2 "}]", "[]", ""},
		/* who does not count */
		{"[{" BY(3, "robot[bot]", "Bot", "MEMBER") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" BY(3, "guest", "User", "NONE") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" BY(3, "guest", "User", "CONTRIBUTOR") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{\"user\":null,\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" BY(3, "Pare-Bot", "User", "OWNER") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" BY(3, "Opener", "User", "OWNER") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "[]", ""},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" BOB "\"state\":\"APPROVED\",\"commit_id\":\"$3\","
		 AT1 "}]", "[{\"author\":{\"login\":\"Alice\"},\"committer\":{\"login\":\"web-flow\"}}]", "bob"},
		{"[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]",
		 "[{\"author\":null,\"committer\":{\"login\":\"alice\"}}]", ""},
	};
	struct bench *b = *state;
	struct scene s;
	NEED_GIT();
	set_scene(&s, b);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct approval_note *note;
		size_t count;
		struct play p;
		const char *branch = "pare/" ACCOUNT "/a";
		struct turn turns[] = {
			{.asked = HUB_LIST, .status = 200, .answer = merged(&s, branch, "acme:x")},
			{.asked = HUB_COMMITS, .status = 200, .answer = cases[i].commits},
			{.asked = HUB_REVIEWS "1", .status = 200, .answer = with_commits(&s, cases[i].reviews)},
		};
		play_start(&p, "github", &s.review, turns, 3);
		if (!p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e))
			fail_msg("case %zu: %s", i, p.e.message);
		if (strcmp(who(p.arena, note, count), cases[i].who) != 0)
			fail_msg("case %zu: '%s' count, expected '%s'", i, who(p.arena, note, count), cases[i].who);
		play_end(&p);
	}
}

/* What a second page says counts, too; what cannot be read is no approval; others' pull requests. */
static void test_github_odd(void **state)
{
	struct bench *b = *state;
	struct scene s;
	struct play p;
	struct approval_note *note;
	size_t count;
	NEED_GIT();
	set_scene(&s, b);
	const char *approved = with_commits(&s, "[{" ALICE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]");
	const char *changes = with_commits(&s, "[{" ALICE "\"state\":\"CHANGES_REQUESTED\",\"commit_id\":\"$3\"," AT2 "}]");
	const char *list = merged(&s, "pare/" ACCOUNT "/a", "x");
	struct turn two_pages[] = {
		{.asked = HUB_LIST, .status = 200, .answer = list},
		{.asked = HUB_COMMITS, .status = 200, .answer = "[]"},
		{.asked = HUB_REVIEWS "1", .status = 200, .headers = "Link: <x>; rel=\"next\"\r\n", .answer = approved},
		{.asked = HUB_REVIEWS "2", .status = 200, .answer = changes},
		/* the list is kept, the reviews are not */
		{.asked = HUB_COMMITS, .status = 200, .answer = "[]"},
		{.asked = HUB_REVIEWS "1", .status = 200, .answer = approved},
		{.asked = HUB_COMMITS, .status = 404, .answer = "{}"},
	};
	play_start(&p, "github", &s.review, two_pages, 7);
	assert_true(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(count, 0);
	assert_true(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(count, 1);
	assert_false(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(count, 0);
	play_end(&p);

	struct buf *many = buf_new(b->arena, 1 << 20);
	for (int i = 0; i < 250; i++)
		buf_puts(many, i == 0 ? "[{\"author\":null,\"committer\":null}" : ",{\"author\":null,\"committer\":null}");
	buf_putc(many, ']');
	struct turn too_many[] = {
		{.asked = HUB_LIST, .status = 200, .answer = list},
		{.asked = HUB_COMMITS, .status = 200, .headers = "Link: <x>; rel=\"last\"\r\n", .answer = many->data},
	};
	play_start(&p, "github", &s.review, too_many, 2);
	assert_false(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(p.e.kind, ERR_REFUSED);
	play_end(&p);

	/* Not one of pare's branches for this account. */
	struct turn foreign[] = {{.asked = HUB_LIST, .status = 200, .answer = merged(&s, "pare/999999999999/a", "x")}};
	play_start(&p, "github", &s.review, foreign, 1);
	assert_true(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(count, 0);
	play_end(&p);

	/* The head cannot be fetched: refused, not passed over. */
	run_shell(b, NULL, "git -C %s update-ref -d refs/pull/7/head; git -C %s update-ref -d refs/merge-requests/7/head",
		  b->remote, b->remote);
	b->state = str_printf(b->arena, "%s/state3", b->dir);
	assert_ok(store_open(b->arena, b->state, &b->store, &b->e));
	s.review = fetched(b, b->remote);
	struct turn gone[] = {{.asked = HUB_LIST, .status = 200, .answer = list}};
	play_start(&p, "github", &s.review, gone, 1);
	assert_false(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_true(strstr(p.e.message, "refs/pull/7/head") != NULL);
	play_end(&p);
}

static void test_gitea(void **state)
{
#define TEA_BY(id, name) "\"user\":{\"id\":" #id ",\"login\":\"" name "\"},"
#define FINE "\"official\":true,\"stale\":false,\"dismissed\":false,"
	static const struct {
		const char *reviews, *who;
	} cases[] = {
		{"[{" TEA_BY(1, "alice") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", "alice"},
		{"[{" TEA_BY(1, "alice") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$1\"," AT1 "}]", ""},
		{"[{" TEA_BY(1, "alice") "\"official\":false,\"stale\":false,\"dismissed\":false,\"state\":\"APPROVED\","
		 "\"commit_id\":\"$3\"," AT1 "}]", ""},
		{"[{" TEA_BY(1, "alice") "\"official\":true,\"stale\":true,\"dismissed\":false,\"state\":\"APPROVED\","
		 "\"commit_id\":\"$3\"," AT1 "}]", ""},
		{"[{" TEA_BY(1, "alice") "\"official\":true,\"stale\":false,\"dismissed\":true,\"state\":\"APPROVED\","
		 "\"commit_id\":\"$3\"," AT1 "}]", ""},
		{"[{" TEA_BY(1, "alice") "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", ""},
		{"[{" TEA_BY(-1, "Ghost") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", ""},
		{"[{" TEA_BY(1, "alice") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" TEA_BY(1, "alice") FINE
		 "\"state\":\"REQUEST_CHANGES\",\"commit_id\":\"$3\"," AT2 "}]", ""},
		{"[{" TEA_BY(1, "alice") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "},{" TEA_BY(1, "alice") FINE
		 "\"state\":\"REQUEST_REVIEW\",\"commit_id\":\"$3\"," AT2 "},{\"user\":null,\"state\":\"REQUEST_REVIEW\"}]", "alice"},
		{"[{" TEA_BY(1, "opener") FINE "\"state\":\"APPROVED\",\"commit_id\":\"$3\"," AT1 "}]", ""},
	};
	struct bench *b = *state;
	struct scene s;
	NEED_GIT();
	set_scene(&s, b);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct approval_note *note;
		size_t count;
		struct play p;
		struct turn turns[] = {
			{.asked = "GET " TEA "/pulls?state=closed&sort=recentupdate&limit=50&page=1", .status = 200,
			 .answer = merged(&s, "refs/pull/7/head", "pare/" ACCOUNT "/a")},
			{.asked = "GET " TEA "/pulls/7/commits?limit=50&page=1", .status = 200, .answer = "[]"},
			{.asked = "GET " TEA "/pulls/7/reviews?limit=50&page=1", .status = 200,
			 .answer = with_commits(&s, cases[i].reviews)},
		};
		play_start(&p, "gitea", &s.review, turns, 3);
		if (!p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e))
			fail_msg("case %zu: %s", i, p.e.message);
		if (strcmp(who(p.arena, note, count), cases[i].who) != 0)
			fail_msg("case %zu: '%s' count, expected '%s'", i, who(p.arena, note, count), cases[i].who);
		play_end(&p);
	}
}

static void test_gitlab(void **state)
{
#define LAB_BY(at) "{\"approved_by\":[{\"user\":{\"id\":5,\"username\":\"alice\"}," at "}]}"
#define GOOD "{\"reset_approvals_on_push\":true,\"merge_requests_author_approval\":false,\"merge_requests_disable_committers_approval\":true}"
#define HUMAN "{\"id\":5,\"bot\":false,\"state\":\"active\"}"
	static const struct {
		const char *settings, *version_at, *approvals, *person, *who; /* who NULL: refused */
		const char *words;
	} cases[] = {
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"approved_at\":\"2026-11-24T10:00:01.5Z\""), HUMAN, "alice", ""},
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"approved_at\":\"2026-11-24T09:59:59Z\""), HUMAN, "", ""},
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"approved_at\":\"2026-11-24T10:00:01Z\""),
		 "{\"id\":5,\"bot\":true,\"state\":\"active\"}", "", ""},
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"approved_at\":\"2026-11-24T10:00:01Z\""), "{\"id\":5,\"state\":\"active\"}",
		 "", ""},
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"approved_at\":\"2026-11-24T10:00:01Z\""),
		 "{\"id\":5,\"bot\":false,\"state\":\"blocked\"}", "", ""},
		{GOOD, "2026-11-24T10:00:00Z", LAB_BY("\"x\":1"), NULL, NULL, "does not say when"},
		{GOOD, "2026-11-24T10:00:00Z", "{}", NULL, NULL, "approved_by"},
		{"{\"reset_approvals_on_push\":false,\"merge_requests_author_approval\":false,"
		 "\"merge_requests_disable_committers_approval\":true}", NULL, NULL, NULL, NULL, "reset_approvals_on_push"},
		{"{\"reset_approvals_on_push\":true,\"merge_requests_author_approval\":true,"
		 "\"merge_requests_disable_committers_approval\":true}", NULL, NULL, NULL, NULL, "merge_requests_author_approval"},
		{"{\"reset_approvals_on_push\":true,\"merge_requests_author_approval\":null,"
		 "\"merge_requests_disable_committers_approval\":true}", NULL, NULL, NULL, NULL, "merge_requests_author_approval"},
		{"{\"reset_approvals_on_push\":true,\"merge_requests_author_approval\":false}", NULL, NULL, NULL, NULL,
		 "disable_committers"},
	};
	struct bench *b = *state;
	struct scene s;
	NEED_GIT();
	set_scene(&s, b);
	const char *list = str_printf(b->arena, "[{\"iid\":7,\"state\":\"merged\",\"source_branch\":\"pare/" ACCOUNT "/a\","
						"\"target_branch\":\"main\",\"source_project_id\":1,\"target_project_id\":1,"
						"\"sha\":\"%s\",\"updated_at\":\"2026-11-25T00:00:00Z\",\"author\":{\"username\":\"opener\"}}]",
				      s.third);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct approval_note *note;
		size_t count;
		struct play p;
		struct turn turns[] = {
			{.asked = "GET " LAB "/merge_requests?state=merged&target_branch=main&order_by=updated_at&sort=desc"
				  "&updated_after=2026-11-24T02%3A09%3A23Z&per_page=20&page=1",
			 .status = 200, .answer = list},
			{.asked = "GET " LAB "/approvals", .status = 200, .answer = cases[i].settings},
			{.asked = "GET " LAB "/merge_requests/7/versions?per_page=20&page=1", .status = 200,
			 .answer = str_printf(b->arena, "[{\"head_commit_sha\":\"%s\",\"created_at\":\"%s\"},{\"head_commit_sha\":\"%s\","
							"\"created_at\":\"2026-11-24T01:00:00Z\"}]",
					      s.third, cases[i].version_at, s.first)},
			{.asked = "GET " LAB "/merge_requests/7/approvals", .status = 200, .answer = cases[i].approvals},
			{.asked = "GET /api/v4/users/5", .status = 200, .answer = cases[i].person},
		};
		size_t turn_count = cases[i].version_at == NULL ? 2 : cases[i].person == NULL ? 4 : 5;
		play_start(&p, "gitlab", &s.review, turns, turn_count);
		bool ok = p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e);
		if (ok != (cases[i].who != NULL) || (!ok && strstr(p.e.message, cases[i].words) == NULL))
			fail_msg("case %zu: %s", i, ok ? "ok" : p.e.message);
		if (ok && strcmp(who(p.arena, note, count), cases[i].who) != 0)
			fail_msg("case %zu: '%s' count, expected '%s'", i, who(p.arena, note, count), cases[i].who);
		play_end(&p);
	}
	struct approval_note *note;
	size_t count;
	struct play p;
	struct turn hidden[] = {
		{.asked = "GET " LAB "/merge_requests?state=merged&target_branch=main&order_by=updated_at&sort=desc"
			  "&updated_after=2026-11-24T02%3A09%3A23Z&per_page=20&page=1", .status = 200, .answer = list},
		{.asked = "GET " LAB "/approvals", .status = 404, .answer = "{}"},
	};
	play_start(&p, "gitlab", &s.review, hidden, 2);
	assert_false(p.port.reviews(p.port.self, p.arena, s.plan, &note, &count, &p.e));
	assert_int_equal(p.e.kind, ERR_REFUSED);
	play_end(&p);
}

#define BENCH(t) cmocka_unit_test_setup_teardown(t, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {BENCH(test_github), BENCH(test_github_odd), BENCH(test_gitea), BENCH(test_gitlab)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
