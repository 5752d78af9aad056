/* Every call to a forge: method, path, headers and body; and what becomes of the answers. */
#include "forge_fixture.h"

#define HUB "/api/v3/repos/acme/iam-review"
#define LAB "/api/v4/projects/acme%2Fiam-review"
#define TEA "/api/v1/repos/acme/iam-review"
#define BRANCH "pare/111122223333/0123456789ab"

static const char *hub_pull(struct arena *a, int n, const char *state, const char *branch, const char *repo)
{
	return str_printf(a, "{\"number\":%d,\"state\":\"%s\",\"merged_at\":%s,\"title\":\"t\",\"body\":null,"
			     "\"updated_at\":\"2026-11-24T00:00:00Z\",\"user\":{\"login\":\"bot\"},\"head\":{\"ref\":\"%s\","
			     "\"label\":\"%s\",\"sha\":\"" SHA_A "\",\"repo\":{\"full_name\":\"%s\"}},\"base\":{\"ref\":\"main\"}}",
			  n, strcmp(state, "merged") == 0 ? "closed" : state,
			  strcmp(state, "merged") == 0 ? "\"2026-11-24T00:00:00Z\"" : "null", branch, branch, repo);
}

#define ASSERT_DONE(call)                                       \
	do {                                                    \
		if (!(call))                                    \
			fail_msg("%s: %s", #call, p.e.message); \
	} while (0)

static void assert_fails(struct play *p, bool done, enum err_kind kind, const char *words)
{
	if (done || p->e.kind != kind || strstr(p->e.message, words) == NULL)
		fail_msg("%s: %s, expected %s: %s", done ? "done" : err_kind_name(p->e.kind), done ? "" : p->e.message,
			 err_kind_name(kind), words);
	assert_null(strstr(p->e.message, TOKEN));
}

/* The open one before a newer that is closed; not a fork's, not another branch's. */
static void test_github_finds(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *asked = "GET " HUB "/pulls?state=all&head=acme%3Apare%2F111122223333%2F0123456789ab&base=main"
			    "&per_page=100&page=";
	struct turn turns[] = {
		{.asked = str_printf(a, "%s1", asked), .status = 200, .headers = "Link: <http://evil.invalid/2>; rel=\"next\"\r\n",
		 .answer = str_printf(a, "[%s,%s,%s]", hub_pull(a, 9, "open", BRANCH, "mallory/iam-review"),
				      hub_pull(a, 8, "closed", BRANCH, "acme/iam-review"),
				      hub_pull(a, 7, "open", "pare/other", "acme/iam-review"))},
		{.asked = str_printf(a, "%s2", asked), .status = 200, .headers = "Link: <x>; rel=\"first\"\r\n",
		 .answer = str_printf(a, "[%s]", hub_pull(a, 3, "open", BRANCH, "acme/iam-review"))},
		{.asked = str_printf(a, "%s1", asked), .status = 200, .answer = "[]"},
	};
	struct play p;
	struct pull *found;
	PLAY(&p, "github", turns);
	ASSERT_DONE(p.port.find(p.port.self, p.arena, BRANCH, &found, &p.e));
	assert_non_null(found);
	assert_int_equal(found->number, 3);
	assert_int_equal(found->state, PULL_OPEN);
	assert_string_equal(found->head, SHA_A);
	assert_string_equal(found->body, "");
	assert_true(str_ends(found->url, "/acme/iam-review/pull/3"));
	ASSERT_DONE(p.port.find(p.port.self, p.arena, BRANCH, &found, &p.e));
	assert_null(found);
	play_end(&p);
	arena_free(a);
}

static void do_all(struct play *p, const char *branch)
{
	struct pull *made;
	struct str_list labels = {0}, people = {0};
	str_list_add(p->arena, &labels, "pare");
	str_list_add(p->arena, &labels, "pare:large");
	str_list_add(p->arena, &people, "alice");
	if (strcmp(p->port.name, "gitlab") != 0)
		str_list_add(p->arena, &people, "acme/team");
	void *x = p->port.self;
	if (!p->port.create(x, p->arena, branch, "A \"title\"", "line\nline", &made, &p->e) ||
	    !p->port.label(x, 5, &labels, &p->e) || !p->port.ask(x, 5, &people, &p->e) ||
	    !p->port.edit(x, 5, "new", &p->e) || !p->port.comment(x, 5, "done", &p->e) ||
	    !p->port.comment(x, 5, "done", &p->e) ||
	    !p->port.status(x, SHA_B, false, "pare/apply", "0 of 1", "http://a/b", &p->e) || !p->port.close(x, 5, &p->e))
		fail_msg("%s", p->e.message);
	assert_int_equal(made->number, 5);
}

static void test_github_writes(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *pull = hub_pull(a, 5, "open", BRANCH, "acme/iam-review");
	struct turn turns[] = {
		{.asked = "POST " HUB "/pulls",
		 .body = "{\"title\":\"A \\\"title\\\"\",\"head\":\"" BRANCH "\",\"base\":\"main\",\"body\":\"line\\nline\","
			 "\"draft\":false,\"maintainer_can_modify\":false}",
		 .status = 201, .answer = pull},
		{.asked = "POST " HUB "/issues/5/labels", .body = "{\"labels\":[\"pare\",\"pare:large\"]}", .status = 200,
		 .answer = "[]"},
		{.asked = "POST " HUB "/pulls/5/requested_reviewers",
		 .body = "{\"reviewers\":[\"alice\"],\"team_reviewers\":[\"team\"]}", .status = 201, .answer = pull},
		{.asked = "PATCH " HUB "/pulls/5", .body = "{\"body\":\"new\"}", .status = 200, .answer = pull},
		{.asked = "GET " HUB "/issues/5/comments?per_page=50&page=1", .status = 200, .answer = "[{\"body\":\"not done\"}]"},
		{.asked = "POST " HUB "/issues/5/comments", .body = "{\"body\":\"done\"}", .status = 201, .answer = "{}"},
		{.asked = "GET " HUB "/issues/5/comments?per_page=50&page=1", .status = 200,
		 .answer = "[{\"body\":\"done\\r\\n\"}]"},
		{.asked = "POST " HUB "/statuses/" SHA_B,
		 .body = "{\"state\":\"failure\",\"context\":\"pare/apply\",\"description\":\"0 of 1\",\"target_url\":\"http://a/b\"}",
		 .status = 201, .answer = "{}"},
		{.asked = "PATCH " HUB "/pulls/5", .body = "{\"state\":\"closed\"}", .status = 200, .answer = pull},
	};
	struct play p;
	PLAY(&p, "github", turns);
	do_all(&p, BRANCH);
	assert_non_null(strcasestr(p.server.request[0], "\r\naccept: application/vnd.github+json\r\n"));
	assert_non_null(strcasestr(p.server.request[0], "\r\nx-github-api-version: 2022-11-28\r\n"));
	play_end(&p);
	arena_free(a);
}

static const char lab_pull[] = "{\"iid\":5,\"state\":\"opened\",\"source_branch\":\"" BRANCH "\",\"target_branch\":\"main\","
			       "\"source_project_id\":7,\"target_project_id\":7,\"sha\":\"" SHA_A "\",\"title\":\"t\","
			       "\"description\":\"b\",\"updated_at\":\"2026-11-24T00:00:00.123Z\",\"author\":{\"username\":\"bot\"}}";

static void test_gitlab_writes(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{.asked = "POST " LAB "/merge_requests",
		 .body = "{\"source_branch\":\"" BRANCH "\",\"target_branch\":\"main\",\"title\":\"A \\\"title\\\"\","
			 "\"description\":\"line\\nline\"}",
		 .status = 201, .answer = lab_pull},
		{.asked = "PUT " LAB "/merge_requests/5", .body = "{\"add_labels\":\"pare,pare:large\"}", .status = 200,
		 .answer = lab_pull},
		{.asked = "GET /api/v4/users?username=alice", .status = 200, .answer = "[{\"id\":42,\"username\":\"Alice\"}]"},
		{.asked = "PUT " LAB "/merge_requests/5", .body = "{\"reviewer_ids\":[42]}", .status = 200, .answer = lab_pull},
		{.asked = "PUT " LAB "/merge_requests/5", .body = "{\"description\":\"new\"}", .status = 200, .answer = lab_pull},
		{.asked = "GET " LAB "/merge_requests/5/notes?per_page=50&page=1", .status = 200, .headers = "X-Next-Page: 2\r\n",
		 .answer = "[]"},
		{.asked = "GET " LAB "/merge_requests/5/notes?per_page=50&page=2", .status = 200, .headers = "X-Next-Page:\r\n",
		 .answer = "[]"},
		{.asked = "POST " LAB "/merge_requests/5/notes", .body = "{\"body\":\"done\"}", .status = 201, .answer = "{}"},
		{.asked = "GET " LAB "/merge_requests/5/notes?per_page=50&page=1", .status = 200, .answer = "[{\"body\":\"done\"}]"},
		{.asked = "POST " LAB "/statuses/" SHA_B,
		 .body = "{\"state\":\"failed\",\"name\":\"pare/apply\",\"description\":\"0 of 1\",\"target_url\":\"http://a/b\"}",
		 .status = 201, .answer = "{}"},
		{.asked = "PUT " LAB "/merge_requests/5", .body = "{\"state_event\":\"close\"}", .status = 200, .answer = lab_pull},
		{.asked = "GET " LAB "/merge_requests?state=all&source_branch=pare%2F111122223333%2F0123456789ab"
			  "&target_branch=main&per_page=20&page=1",
		 .status = 200, .answer = "[]"},
	};
	struct play p;
	struct pull *found;
	PLAY(&p, "gitlab", turns);
	do_all(&p, BRANCH);
	ASSERT_DONE(p.port.find(p.port.self, p.arena, BRANCH, &found, &p.e));
	assert_null(found);
	play_end(&p);
}

static void test_gitea_writes(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const char *pull = hub_pull(a, 5, "open", BRANCH, "Acme/IAM-review");
	const char *gone = str_printf(a, "[%s]", hub_pull(a, 4, "merged", BRANCH, "acme/iam-review"));
	struct turn turns[] = {
		{.asked = "POST " TEA "/pulls",
		 .body = "{\"title\":\"A \\\"title\\\"\",\"head\":\"" BRANCH "\",\"base\":\"main\",\"body\":\"line\\nline\"}",
		 .status = 201, .answer = pull},
		{.asked = "GET " TEA "/labels?limit=50&page=1", .status = 200, .answer = "[{\"id\":3,\"name\":\"pare\"}]"},
		{.asked = "GET " TEA "/labels?limit=50&page=1", .status = 200, .answer = "[{\"id\":3,\"name\":\"pare\"}]"},
		{.asked = "POST " TEA "/labels", .body = "{\"name\":\"pare:large\",\"color\":\"#0e8a16\"}", .status = 201,
		 .answer = "{\"id\":4}"},
		{.asked = "POST " TEA "/issues/5/labels", .body = "{\"labels\":[3,4]}", .status = 200, .answer = "[]"},
		{.asked = "POST " TEA "/pulls/5/requested_reviewers",
		 .body = "{\"reviewers\":[\"alice\"],\"team_reviewers\":[\"team\"]}", .status = 201, .answer = ""},
		{.asked = "PATCH " TEA "/pulls/5", .body = "{\"body\":\"new\"}", .status = 201, .answer = pull},
		{.asked = "GET " TEA "/issues/5/comments?limit=50&page=1", .status = 200, .answer = "[]"},
		{.asked = "POST " TEA "/issues/5/comments", .body = "{\"body\":\"done\"}", .status = 201, .answer = "{}"},
		{.asked = "GET " TEA "/issues/5/comments?limit=50&page=1", .status = 200, .answer = "[{\"body\":\"done\"}]"},
		{.asked = "POST " TEA "/statuses/" SHA_B,
		 .body = "{\"state\":\"failure\",\"context\":\"pare/apply\",\"description\":\"0 of 1\",\"target_url\":\"http://a/b\"}",
		 .status = 201, .answer = "{}"},
		{.asked = "PATCH " TEA "/pulls/5", .body = "{\"state\":\"closed\"}", .status = 201, .answer = pull},
		{.asked = "GET " TEA "/pulls?state=open&sort=recentupdate&limit=50&page=1", .status = 200, .answer = "[]"},
		{.asked = "GET " TEA "/pulls?state=closed&sort=recentupdate&limit=50&page=1", .status = 200, .answer = gone},
	};
	struct play p;
	struct pull *found;
	PLAY(&p, "gitea", turns);
	do_all(&p, BRANCH);
	ASSERT_DONE(p.port.find(p.port.self, p.arena, BRANCH, &found, &p.e));
	assert_int_equal(found->state, PULL_MERGED);
	play_end(&p);
	arena_free(a);
}

/* --- answers --- */

#define EDIT "PATCH " HUB "/pulls/5", .body = "{\"body\":\"x\"}"
#define NOTE "POST " HUB "/pulls", .body = "{\"title\":\"t\",\"head\":\"b\",\"base\":\"main\",\"body\":\"x\",\"draft\":false,"\
	     "\"maintainer_can_modify\":false}"

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		struct turn turn;
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{{.asked = EDIT, .status = 401, .answer = "{\"message\":\"Bad " TOKEN "\"}"}, ERR_AUTH, "401"},
		{{.asked = EDIT, .status = 403, .answer = "{\"message\":\"Resource not accessible\"}"}, ERR_AUTH,
		 "Resource not accessible"},
		{{.asked = EDIT, .status = 404, .answer = "{}"}, ERR_NOT_FOUND, "404"},
		{{.asked = EDIT, .status = 409, .answer = "{\"message\":[\"Another open merge request\"]}"}, ERR_CONFLICT,
		 "Another open"},
		{{.asked = EDIT, .status = 422, .answer = "{\"message\":\"Validation Failed\",\"errors\":[{\"message\":\"A pull "
							  "request already exists for a:b.\"}]}"},
		 ERR_CONFLICT, "already exists"},
		{{.asked = EDIT, .status = 422, .answer = "{\"message\":{\"base\":[\"is odd\"]}}"}, ERR_INPUT, "is odd"},
		{{.asked = EDIT, .status = 301, .headers = "Location: http://evil.invalid/\r\n", .answer = ""}, ERR_UNAVAILABLE,
		 "not followed"},
		{{.asked = EDIT, .status = 429, .headers = "Retry-After: 121\r\n", .answer = "{}"}, ERR_THROTTLED, "121 s"},
		{{.asked = EDIT, .status = 403,
		  .headers = "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795503600\r\n", .answer = "{}"},
		 ERR_THROTTLED, "3601 s"},
		{{.asked = EDIT, .status = 200, .answer = "<html>", .kind = TURN_HTML}, ERR_UNCERTAIN, "not JSON"},
		{{.asked = EDIT, .status = 200, .answer = "{\"a\":1,\"a\":2}"}, ERR_UNCERTAIN, "'a'"},
		{{.asked = NOTE, .status = 502, .answer = "<html>", .kind = TURN_HTML}, ERR_UNCERTAIN, "502"},
		{{.asked = NOTE, .status = 201, .answer = "{\"number\":", .kind = TURN_CUT}, ERR_UNCERTAIN, ""},
		{{.asked = NOTE, .status = 201, .answer = "{\"number\":1}"}, ERR_UNCERTAIN, "without number"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct play p;
		struct pull *made;
		play_start(&p, "github", NULL, &cases[i].turn, 1);
		bool done = cases[i].turn.asked[1] == 'A' ? p.port.edit(p.port.self, 5, "x", &p.e)
							   : p.port.create(p.port.self, p.arena, "b", "t", "x", &made, &p.e);
		assert_fails(&p, done, cases[i].kind, cases[i].words);
		play_end(&p);
	}
}

/* Waits that are asked for, and reads that may be done again; the clock is the test's. */
static void test_patience(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{.asked = EDIT, .status = 429, .headers = "Retry-After: 30\r\n", .answer = ""},
		{.asked = EDIT, .status = 503, .answer = ""},
		{.asked = EDIT, .status = 200, .answer = "{", .kind = TURN_CUT},
		{.asked = EDIT, .status = 200, .answer = "{}"},
		{.asked = NOTE, .status = 403, .answer = "{\"message\":\"You have exceeded a secondary rate limit\"}"},
		{.asked = NOTE, .status = 500, .answer = ""},
	};
	struct play p;
	struct pull *made;
	PLAY(&p, "github", turns);
	ASSERT_DONE(p.port.edit(p.port.self, 5, "x", &p.e));
	assert_in_range(p.slept_ms, 30000, 40000);
	assert_fails(&p, p.port.create(p.port.self, p.arena, "b", "t", "x", &made, &p.e), ERR_UNCERTAIN, "500");
	assert_in_range(p.slept_ms, 90000, 100000);
	play_end(&p);
}

static void test_gives_up(void **state)
{
	(void)state;
	struct turn turns[4];
	for (size_t i = 0; i < 4; i++)
		turns[i] = (struct turn){.asked = EDIT, .status = 500, .answer = "{\"message\":\"boom\"}"};
	struct play p;
	PLAY(&p, "github", turns);
	assert_fails(&p, p.port.edit(p.port.self, 5, "x", &p.e), ERR_UNAVAILABLE, "boom");
	play_end(&p);
}

/* --- where and with what --- */

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const struct forge_kind *kind;
		const char *url, *api, *project, *want_api, *want_project, *want_web;
	} cases[] = {
		{&forge_github, "https://github.com/acme/r.git", NULL, NULL, "https://api.github.com", "acme/r",
		 "https://github.com/acme/r"},
		{&forge_github, "git@github.com:acme/r.git", NULL, NULL, "https://api.github.com", "acme/r", NULL},
		{&forge_github, "ssh://git@ssh.github.com:443/acme/r.git/", NULL, NULL, "https://api.github.com", "acme/r", NULL},
		{&forge_github, "https://acme.ghe.com/o/r", NULL, NULL, "https://api.acme.ghe.com", "o/r", "https://acme.ghe.com/o/r"},
		{&forge_github, "https://Git.Example:8443/o/r", NULL, NULL, "https://git.example:8443/api/v3", "o/r",
		 "https://git.example:8443/o/r"},
		{&forge_github, "ssh://git@git.example:2222/o/r.git", NULL, NULL, "https://git.example/api/v3", "o/r", NULL},
		{&forge_gitlab, "https://gitlab.com/a/b/c/r.git", NULL, NULL, "https://gitlab.com/api/v4", "a/b/c/r",
		 "https://gitlab.com/a/b/c/r"},
		{&forge_gitlab, "https://git.example/gitlab/a/r.git", "https://git.example/gitlab/api/v4/", NULL,
		 "https://git.example/gitlab/api/v4", "a/r", "https://git.example/gitlab/a/r"},
		{&forge_gitea, "https://git.example/x/acme/r.git", NULL, NULL, "https://git.example/x/api/v1", "acme/r",
		 "https://git.example/x/acme/r"},
		{&forge_gitea, "git@git.example:acme/r.git", NULL, NULL, "https://git.example/api/v1", "acme/r", NULL},
		{&forge_gitea, "/srv/r.git", "https://git.example/api/v1", "acme/r", "https://git.example/api/v1", "acme/r", NULL},
		{&forge_github, "/srv/r.git", NULL, NULL, NULL, NULL, NULL},
		{&forge_github, "/srv/r.git", "https://git.example/api/v3", NULL, NULL, NULL, NULL},
		{&forge_github, "https://github.com/acme", NULL, NULL, NULL, NULL, NULL},
		{&forge_github, "https://github.com/acme/../r", NULL, NULL, NULL, NULL, NULL},
		{&forge_github, "https://github.com/acme/r/x", NULL, NULL, NULL, NULL, NULL},
		{&forge_github, "https://github.com/acme/r?x=y", NULL, NULL, NULL, NULL, NULL},
		{&forge_github, NULL, "https://u:p@git.example/api/v3", "a/b", NULL, NULL, NULL},
		{&forge_github, NULL, "https://git.example/api/v3?x", "a/b", NULL, NULL, NULL},
		{&forge_github, NULL, "ftp://git.example/api/v3", "a/b", NULL, NULL, NULL},
	};
	struct arena *a = arena_new(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct config c;
		struct forge_place place;
		struct err e;
		config_default(a, &c);
		c.repository.url = cases[i].url;
		c.repository.api = cases[i].api;
		c.repository.project = cases[i].project;
		bool ok = forge_place_find(a, &c, cases[i].kind, &place, &e);
		if (ok != (cases[i].want_api != NULL))
			fail_msg("case %zu: %s", i, ok ? place.api : e.message);
		if (!ok) {
			assert_int_equal(e.kind, ERR_USAGE);
			continue;
		}
		assert_string_equal(place.api, cases[i].want_api);
		assert_string_equal(place.project, cases[i].want_project);
		if (cases[i].want_web != NULL)
			assert_string_equal(place.web, cases[i].want_web);
	}
	arena_free(a);
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(forge_address_safe("https://git.example"));
	assert_true(forge_address_safe("http://127.0.0.1:3000/api/v1"));
	assert_true(forge_address_safe("http://localhost"));
	assert_true(forge_address_safe("http://[::1]:80/x"));
	assert_false(forge_address_safe("http://127.0.0.1.example/api"));
	assert_false(forge_address_safe("http://localhost.example"));
	assert_false(forge_address_safe("http://git.example"));
}

/* variable, value, the forge's address; does the token count? */
static void test_tokens(void **state)
{
	(void)state;
	static const struct {
		const struct forge_kind *kind;
		const char *api, *name, *value, *name2, *value2;
		enum err_kind kind_of_err;
	} cases[] = {
		{&forge_github, "https://api.github.com", "GITHUB_TOKEN", TOKEN, NULL, NULL, ERR_NONE},
		{&forge_github, "https://git.example/api/v3", "GITHUB_TOKEN", TOKEN, NULL, NULL, ERR_AUTH},
		{&forge_github, "https://git.example/api/v3", "GITHUB_TOKEN", TOKEN, "GITHUB_API_URL",
		 "https://git.example/api/v3", ERR_NONE},
		{&forge_github, "https://api.github.com", "GITHUB_TOKEN", TOKEN, "GITHUB_API_URL", "https://git.example/api/v3",
		 ERR_AUTH},
		{&forge_gitlab, "https://gitlab.com/api/v4", "GITHUB_TOKEN", TOKEN, NULL, NULL, ERR_AUTH},
		{&forge_gitlab, "https://gitlab.com/api/v4", "GITLAB_TOKEN", TOKEN, NULL, NULL, ERR_NONE},
		{&forge_gitea, "https://git.example/api/v1", "GITEA_TOKEN", TOKEN, NULL, NULL, ERR_AUTH},
		{&forge_gitea, "https://git.example/api/v1", "GITEA_TOKEN", TOKEN, "GITEA_SERVER_URL", "https://git.example",
		 ERR_NONE},
		{&forge_gitea, "https://git.example/api/v1", "PARE_FORGE_TOKEN", TOKEN, NULL, NULL, ERR_NONE},
		{&forge_gitea, "http://git.example/api/v1", "PARE_FORGE_TOKEN", TOKEN, NULL, NULL, ERR_USAGE},
		{&forge_gitea, "https://git.example/api/v1", "PARE_FORGE_TOKEN", "with space", NULL, NULL, ERR_AUTH},
		{&forge_gitea, "https://git.example/api/v1", "PARE_FORGE_TOKEN", TOKEN "\r\nX-Evil: 1", NULL, NULL, ERR_AUTH},
		{&forge_gitea, "https://git.example/api/v1", "PARE_FORGE_TOKEN", "short", NULL, NULL, ERR_AUTH},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct config c;
		struct err e = {.kind = ERR_NONE};
		struct forge f = {.arena = a, .kind = cases[i].kind, .place = {cases[i].api, "a/b", "https://git.example/a/b"}};
		config_default(a, &c);
		forget_environment();
		setenv(cases[i].name, cases[i].value, 1);
		if (cases[i].name2 != NULL)
			setenv(cases[i].name2, cases[i].value2, 1);
		bool ok = forge_token_find(&f, &c, &e);
		if (ok != (cases[i].kind_of_err == ERR_NONE) || (!ok && e.kind != cases[i].kind_of_err))
			fail_msg("case %zu: %s", i, ok ? "found" : e.message);
		assert_null(strstr(e.message, cases[i].value));
		if (ok) {
			assert_true(str_ends(f.auth.value, TOKEN));
			char *words = forge_redacted(&f, a, "x" TOKEN TOKEN "y");
			assert_null(strstr(words, TOKEN));
			assert_true(words[0] == 'x' && str_ends(words, "*y"));
		}
		arena_free(a);
	}
	forget_environment();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github_finds), cmocka_unit_test(test_github_writes),
		cmocka_unit_test(test_gitlab_writes), cmocka_unit_test(test_gitea_writes),
		cmocka_unit_test(test_errors),	     cmocka_unit_test(test_patience),
		cmocka_unit_test(test_gives_up),     cmocka_unit_test(test_places),
		cmocka_unit_test(test_addresses),    cmocka_unit_test(test_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
