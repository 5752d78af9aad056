/* SSO: the cached token, its refreshing, and what the portal may answer. */
#include "test.h"

#include <signal.h>

#include "fake_sources.h"
#include "pare/digest.h"
#include "pare/json.h"

/* --- SSO --- */

#define SSO                                                                                        \
	"[default]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n"             \
	"[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x/start\n"
#define REGISTERED                                                                                 \
	",\"refreshToken\":\"SEKRITR\",\"clientId\":\"c\",\"clientSecret\":\"SEKRITC\",\"other\":7," \
	"\"registrationExpiresAt\":\"2009-03-01T00:00:00Z\"}"
#define ROLEKEYS                                                                                   \
	"{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"SEKRIT\","          \
	"\"sessionToken\":\"SEKRITT\",\"expiration\":1230771600000}}"

static const char *cache(struct fake *f, const char *text)
{
	return fake_file(f, str_printf(f->arena, ".aws/sso/cache/%s.json",
				       sha1_hex(f->arena, "s", 1)), text);
}

static void test_sso(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, SSO, "");
	refused(&f, "run 'aws sso login --profile default'");
	static const char *const bad[] = {"", "SEKRIT", "{}", "[]", "{\"accessToken\":7}",
					  "{\"accessToken\":\"SEKRIT\"}",
					  "{\"accessToken\":\"SEKRIT\",\"expiresAt\":\"soon\"}",
					  "{\"accessToken\":\"SEKRIT\\r\\n\","
					  "\"expiresAt\":\"2010-01-01T00:00:00Z\"}"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cache(&f, bad[i]);
		refused(&f, "it is not a token that the AWS CLI wrote");
	}
	cache(&f, "{\"accessToken\":\"SEKRIT\",\"expiresAt\":\"2008-12-31T23:59:59Z\"}");
	refused(&f, "the SSO session is over: run 'aws sso login --profile default'");
	cache(&f, "{\"accessToken\":\"SEKRITA\",\"expiresAt\":\"2009-01-01T02:00:00UTC\"}");
	static const char portal[] = "https://portal.sso.eu-west-1.amazonaws.com/federation/"
				     "credentials?role_name=R&account_id=111122223333";
	struct script s = {.url = {portal}, .status = {200}, .text = {ROLEKEYS}};
	use(&f, &s);
	found(&f, "ASIASSO", "SSO role 'R'");
	static const struct {
		long status;
		const char *text, *words;
	} answers[] = {{401, "{\"message\":\"no\"}", "run 'aws sso login"},
		       {404, "{\"message\":\"no such role\"}", "no such role"},
		       {403, "<html>SEKRIT", "status 403"},
		       {200, "{}", "expected a JSON object"},
		       {200, "SEKRIT", "expected a JSON object"},
		       {302, "", "status 302"}};
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct script b = {.url = {portal}, .status = {answers[i].status},
				   .text = {answers[i].text}};
		use(&f, &b);
		refused(&f, answers[i].words);
	}
	fake_close(&f);
}

static void test_sso_refresh(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, SSO, "");
	const char *path = cache(&f, "{\"accessToken\":\"SEKRITA\",\"expiresAt\":"
				     "\"2008-12-31T00:00:00Z\"" REGISTERED);
	struct script s = {.url = {"https://oidc.eu-west-1.amazonaws.com/token", "portal"},
			   .status = {200, 200},
			   .text = {"{\"accessToken\":\"SEKRITN\",\"expiresIn\":3600,\"tokenType\":"
				    "\"Bearer\",\"refreshToken\":\"SEKRITS\"}", ROLEKEYS}};
	use(&f, &s);
	found(&f, "ASIASSO", "SSO");
	struct stat st;
	struct err e;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	FILE *file = fopen(path, "r");
	char text[2048] = "";
	assert_true(fread(text, 1, sizeof text - 1, file) > 0);
	fclose(file);
	const struct json *v = json_parse(f.arena, text, strlen(text), "cache", &e);
	assert_non_null(v);
	assert_string_equal(json_text(v, "accessToken"), "SEKRITN");
	assert_string_equal(json_text(v, "refreshToken"), "SEKRITS");
	assert_string_equal(json_text(v, "expiresAt"), "2009-01-01T01:00:00Z");
	assert_string_equal(json_text(v, "clientSecret"), "SEKRITC");
	assert_non_null(json_get(v, "other")); /* what pare does not know stays */
	/* The new one is good: nothing is refreshed. */
	struct script again = {.url = {"portal"}, .status = {200}, .text = {ROLEKEYS}};
	use(&f, &again);
	found(&f, "ASIASSO", "SSO");
	/* Refused, and the old one has ten minutes left. */
	cache(&f, "{\"accessToken\":\"SEKRITA\",\"expiresAt\":\"2009-01-01T00:10:00Z\"" REGISTERED);
	static const char *const no[] = {"{\"error\":\"invalid_grant\"}", "SEKRIT", "{}",
					 "{\"accessToken\":\"a\\nb\",\"expiresIn\":3600}",
					 "{\"accessToken\":\"a\",\"expiresIn\":-1}"};
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		struct script r = {.url = {"oidc", "portal"}, .status = {i == 0 ? 400 : 200, 200},
				   .text = {no[i], ROLEKEYS}};
		use(&f, &r);
		found(&f, "ASIASSO", "SSO");
		assert_int_equal(r.asked, 2); /* a refresh token is sent once */
	}
	cache(&f, "{\"accessToken\":\"SEKRITA\",\"expiresAt\":\"2008-12-31T00:00:00Z\"" REGISTERED);
	struct script over = {.url = {"oidc"}, .status = {400}, .text = {no[0]}};
	use(&f, &over);
	refused(&f, "run 'aws sso login");
	/* A registration that is over is not used. */
	f.now_ms += 100LL * 86400 * 1000;
	struct script none = {0};
	use(&f, &none);
	refused(&f, "run 'aws sso login");
	fake_close(&f);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sso),
		cmocka_unit_test(test_sso_refresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
