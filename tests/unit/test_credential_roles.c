/* Web identities, CI jobs and roles, with their bad inputs. Nobody waits: time and the network are
 * the test's own. */
#include "test.h"

#include <signal.h>

#include "fake_sources.h"

#define STATIC "aws_access_key_id = AKIDFILE\naws_secret_access_key = SEKRITFILE\n"
#define ROLE "arn:aws:iam::111122223333:role/R"

/* --- web identity and CI jobs --- */

static void test_web_identity(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "");
	struct script s = {.url = {"https://sts.eu-west-1.amazonaws.com/"},
			   .status = {200},
			   .text = {STS("AssumeRoleWithWebIdentity", "ASIAWEB")}};
	use(&f, &s);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", fake_file(&f, "token", "a.b.c\n"), 1);
	refused(&f, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN");
	setenv("AWS_ROLE_ARN", ROLE, 1);
	refused(&f, "no region to ask STS in");
	setenv("AWS_REGION", "eu-west-1", 1);
	found(&f, "ASIAWEB", "AWS_WEB_IDENTITY_TOKEN_FILE, role '" ROLE "'");
	assert_string_equal(s.authorization, "");
	setenv("AWS_ROLE_ARN", "R", 1);
	refused(&f, "expected a role's ARN");
	setenv("AWS_ROLE_ARN", "arn:aws-cn:iam::111122223333:role/R", 1);
	refused(&f, "in partition 'aws-cn' and region 'eu-west-1' in 'aws'");
	setenv("AWS_ROLE_ARN", ROLE, 1);
	fake_file(&f, "token", "");
	refused(&f, "expected a token");
	fake_file(&f, "token", str_printf(f.arena, "%030000d", 1));
	refused(&f, "expected a token of 4 to 20000 bytes");
	fake_file(&f, "token", str_printf(f.arena, "%070000d", 1));
	refused(&f, "larger than 64 KiB");
	remove(getenv("AWS_WEB_IDENTITY_TOKEN_FILE"));
	refused(&f, "No such file or directory");
	fake_file(&f, "token", "SEKRIT.b.c");
	struct script no = {.url = {"sts"}, .status = {403},
			    .text = {"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you"
				     "</Message></Error></ErrorResponse>"}};
	use(&f, &no);
	refused(&f, "AccessDenied: not you");
	assert_int_equal(no.asked, 1);
	struct script junk = {.url = {"sts"}, .status = {200}, .text = {"<a>"}};
	use(&f, &junk);
	refused(&f, "XML");
	struct script lacks = {.url = {"sts"}, .status = {200}, .text = {"<a/>"}};
	use(&f, &lacks);
	refused(&f, "lacks a key, a token or their end");
	struct script busy = {.url = {"sts", "sts", "sts"},
			      .status = {400, 0, 200},
			      .text = {"<ErrorResponse><Error><Code>Throttling</Code></Error>"
				       "</ErrorResponse>", "",
				       STS("AssumeRoleWithWebIdentity", "ASIALATE")}};
	use(&f, &busy);
	found(&f, "ASIALATE", "role");
	assert_int_equal(busy.asked, 3);
	struct script gone = {.url = {"sts"}};
	use(&f, &gone);
	refused(&f, "nobody is there");
	assert_int_equal(gone.asked, 3);
	fake_close(&f);
}

static void test_jobs(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://job.example/token?x=1", 1);
	setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SEKRITBEARER", 1);
	refused(&f, "CI identity: AWS_ROLE_ARN is not set");
	setenv("AWS_ROLE_ARN", ROLE, 1);
	struct script s = {.url = {"https://job.example/token?x=1&audience=sts.amazonaws.com", "sts"},
			   .status = {200, 200},
			   .text = {"{\"value\":\"SEKRIT.b.c\"}",
				    STS("AssumeRoleWithWebIdentity", "ASIAJOB")}};
	use(&f, &s);
	found(&f, "ASIAJOB", "GitHub Actions, role");
	static const struct {
		long status;
		const char *text, *words;
	} bad[] = {{200, "{\"value\":7}", "holds no token"},
		   {200, "SEKRIT", "holds no token"},
		   {200, "{\"value\":\"a b SEKRIT\"}", "what it gives for a token is none"},
		   {403, "{\"message\":\"no\"}", "no"},
		   {302, "", "status 302"},
		   {0, "", "no answer"}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct script b = {.url = {"https://job.example/"}, .status = {bad[i].status},
				   .text = {bad[i].text}};
		use(&f, &b);
		refused(&f, bad[i].words);
	}
	setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://job.example/", 1);
	refused(&f, "expected an https:// URL");
	unsetenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	refused(&f, "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	unsetenv("ACTIONS_ID_TOKEN_REQUEST_URL");
	struct script g = {.url = {"sts"}, .status = {200},
			   .text = {STS("AssumeRoleWithWebIdentity", "ASIALAB")}};
	use(&f, &g);
	setenv("GITLAB_OIDC_TOKEN", "a.b.c", 1);
	found(&f, "ASIALAB", "GitLab, role");
	setenv("GITLAB_OIDC_TOKEN", fake_file(&f, "lab", "a.b.c\n"), 1);
	found(&f, "ASIALAB", "GitLab, role");
	setenv("GITLAB_OIDC_TOKEN", "/nonexistent/token", 1);
	refused(&f, "No such file");
	/* A profile's keys are somebody's decision too, and the SDKs'. */
	aws_env_file(f.credentials, "[default]\n" STATIC);
	found(&f, "AKIDFILE", "profile 'default'");
	unsetenv("GITLAB_OIDC_TOKEN");
	fake_close(&f);
}

/* --- roles --- */

static void test_roles(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "[base]\n" STATIC);
	setenv("AWS_REGION", "eu-west-1", 1);
	static const char *const bad[][2] = {
		{"mfa_serial = arn:aws:iam::111122223333:mfa/me\n", "a code from a person's device"},
		{"duration_seconds = 60\n", "expected a number from 900 to 43200"},
		{"duration_seconds = 1h\n", "expected a number from 900 to 43200"},
		{"credential_source = Environment\n", "both source_profile and credential_source"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		aws_env_file(f.config, str_printf(f.arena, "[default]\nrole_arn = " ROLE
						  "\nsource_profile = base\n%s", bad[i][0]));
		refused(&f, bad[i][1]);
	}
	assert_int_equal(f.asked, 0);
	struct script s = {.url = {"https://sts.eu-west-1"}, .status = {200},
			   .text = {STS("AssumeRole", "ASIAROLE")}};
	use(&f, &s);
	aws_env_file(f.config, "[default]\nrole_arn = " ROLE "\nsource_profile = base\n");
	found(&f, "ASIAROLE", "profile 'default', role '" ROLE "'");
	assert_non_null(strstr(s.authorization, "Credential=AKIDFILE/20090101/eu-west-1/sts/"));
	setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy", 1);
	struct script old = {.url = {"https://sts.amazonaws.com/"}, .status = {200},
			     .text = {STS("AssumeRole", "ASIAROLE")}};
	use(&f, &old);
	found(&f, "ASIAROLE", "role");
	assert_non_null(strstr(old.authorization, "/us-east-1/sts/"));
	setenv("AWS_STS_REGIONAL_ENDPOINTS", "global", 1);
	refused(&f, "expected regional or legacy");
	fake_close(&f);
}

static void test_login_is_named(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "[default]\nlogin_session = arn\n" STATIC, "");
	refused(&f, "('login_session'), which is not supported");
	fake_close(&f);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_web_identity),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_login_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
