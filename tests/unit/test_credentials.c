/* Where credentials come from, in order; sources that are configured and not supported end the
 * search by name; secrets are never in messages and do not outlive their arena. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

static char folder[] = "/tmp/pare-credentials-XXXXXX";
static char config_path[128], credentials_path[128];

static void files(const char *config, const char *credentials)
{
	aws_env_clear();
	aws_env_file(config_path, config);
	aws_env_file(credentials_path, credentials);
	setenv("AWS_CONFIG_FILE", config_path, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
}

static void found(const char *id, const char *key, const char *token, const char *source)
{
	struct arena *a = arena_new(NULL);
	struct credentials c;
	struct err e;
	if (!credentials_resolve(a, &c, &e))
		fail_msg("%s", e.message);
	assert_string_equal(c.access_key_id, id);
	assert_string_equal(c.secret_access_key, key);
	assert_true(str_equal(c.session_token, token));
	assert_string_equal(c.source, source);
	arena_free(a);
}

static void not_found(const char *words)
{
	struct arena *a = arena_new(NULL);
	struct credentials c;
	struct err e;
	assert_false(credentials_resolve(a, &c, &e));
	assert_int_equal(e.kind, ERR_AUTH);
	if (strstr(e.message, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, e.message);
	assert_null(strstr(e.message, "SEKRIT"));
	arena_free(a);
}

#define STATIC "aws_access_key_id = AKIDFILE\naws_secret_access_key = SEKRITFILE\n"

static void test_environment(void **state)
{
	(void)state;
	files("", "[default]\n" STATIC);
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	not_found("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRITENV", 1);
	found("AKIDENV", "SEKRITENV", NULL, "environment");
	setenv("AWS_PROFILE", "missing", 1); /* the variable alone does not skip the environment */
	found("AKIDENV", "SEKRITENV", NULL, "environment");
	setenv("AWS_SECURITY_TOKEN", "OLD", 1);
	found("AKIDENV", "SEKRITENV", "OLD", "environment");
	setenv("AWS_SESSION_TOKEN", "TOKEN", 1);
	found("AKIDENV", "SEKRITENV", "TOKEN", "environment");
	unsetenv("AWS_ACCESS_KEY_ID");
	not_found("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not");
	setenv("AWS_ACCESS_KEY_ID", " ", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "", 1);
	unsetenv("AWS_PROFILE");
	found("AKIDFILE", "SEKRITFILE", NULL, "profile 'default'");
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRITENV\r\nX-Other: a", 1);
	not_found("holds a space, a line end");
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRITENV", 1);
	setenv("AWS_SESSION_TOKEN", "SEKRIT\n", 1);
	not_found("holds a space, a line end");
}

static void test_profiles(void **state)
{
	(void)state;
	files("[profile a]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = SEKRITCONFIG\n"
	      "[profile b]\nregion = eu-west-1\n[profile half]\naws_access_key_id = AKID\n",
	      "[default]\n" STATIC "aws_session_token = TOKENFILE\n[c]\n" STATIC);
	found("AKIDFILE", "SEKRITFILE", "TOKENFILE", "profile 'default'");
	setenv("AWS_DEFAULT_PROFILE", "a", 1);
	found("AKIDCONFIG", "SEKRITCONFIG", NULL, "profile 'a'");
	setenv("AWS_PROFILE", "c", 1);
	found("AKIDFILE", "SEKRITFILE", NULL, "profile 'c'");
	setenv("AWS_PROFILE", "b", 1);
	not_found("profile 'b': it holds no aws_access_key_id");
	setenv("AWS_PROFILE", "half", 1);
	not_found("not both");
	setenv("AWS_PROFILE", "nobody", 1);
	not_found("profile 'nobody': it is in neither");
	files("", "");
	not_found("profile 'default': there is none");
	not_found("instance metadata: not supported");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	not_found("AWS_EC2_METADATA_DISABLED is set");
	files("[default]\nbroken\n", "");
	struct arena *a = arena_new(NULL);
	struct credentials c;
	struct err e;
	assert_false(credentials_resolve(a, &c, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	arena_free(a);
}

/* Each beside static keys: falling through to them would sign as somebody else. */
static void test_unsupported_sources_are_named(void **state)
{
	(void)state;
	static const char *const keys[] = {"role_arn",	    "sso_session",
					   "sso_start_url", "sso_account_id",
					   "sso_role_name", "web_identity_token_file",
					   "login_session", "credential_process"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		char config[512], words[64];
		snprintf(config, sizeof config, "[default]\n" STATIC "%s = x\n", keys[i]);
		snprintf(words, sizeof words, "('%s'), which is not supported", keys[i]);
		files(config, "");
		not_found(words);
		files(config, "[default]\n" STATIC);
		not_found(words);
		setenv("AWS_ACCESS_KEY_ID", "AKIDENV",
		       1); /* the environment comes before all of them */
		setenv("AWS_SECRET_ACCESS_KEY", "SEKRITENV", 1);
		found("AKIDENV", "SEKRITENV", NULL, "environment");
		snprintf(config, sizeof config, "[default]\n" STATIC "%s =\n", keys[i]);
		files(config, ""); /* empty is not set */
		found("AKIDFILE", "SEKRITFILE", NULL, "profile 'default'");
		snprintf(config, sizeof config, "[profile other]\n%s = x\n", keys[i]);
		files(config, "[default]\n" STATIC); /* another profile's business */
		found("AKIDFILE", "SEKRITFILE", NULL, "profile 'default'");
	}
	static const char *const variables[] = {"AWS_WEB_IDENTITY_TOKEN_FILE",
						"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
						"AWS_CONTAINER_CREDENTIALS_FULL_URI"};
	for (size_t i = 0; i < 3; i++) {
		files("", "");
		setenv(variables[i], "/x", 1);
		not_found(variables[i]);
		files("", "[default]\n" STATIC); /* static keys of the profile come first */
		setenv(variables[i], "/x", 1);
		found("AKIDFILE", "SEKRITFILE", NULL, "profile 'default'");
	}
}

/* --- recorded scenarios: those without a network give the same keys, the others are named --- */

static char *scenario_file(const char *name, const char *file, size_t *len)
{
	char path[512];
	snprintf(path, sizeof path,
		 "config/smithy-rs/aws-config-test-data/default-credential-provider-chain/%s/%s",
		 name, file);
	return shared_file(path, len);
}

static void scenario(const char *name, const char *id, const char *key, const char *words)
{
	struct arena *a = arena_new(NULL);
	struct err e;
	size_t len = 0;
	char *text = scenario_file(name, "env.json", &len);
	assert_non_null(text);
	const struct json *env = json_parse(a, text, len, name, &e);
	assert_non_null(env);
	aws_env_clear();
	for (const struct json *v = env->first; v != NULL; v = v->next)
		if (strcmp(v->key, "HOME") != 0 && v->type == JSON_STRING)
			setenv(v->key, v->text, 1);
	setenv("HOME",
	       str_printf(a,
			  "%s/config/smithy-rs/aws-config-test-data/"
			  "default-credential-provider-chain/%s/fs%s",
			  shared_data(), name,
			  json_text(env, "HOME") != NULL ? json_text(env, "HOME") : ""),
	       1);
	struct credentials c;
	bool ok = credentials_resolve(a, &c, &e);
	if (ok != (id != NULL))
		fail_msg("%s: %s", name, ok ? "found some" : e.message);
	if (ok) {
		assert_string_equal(c.access_key_id, id);
		assert_string_equal(c.secret_access_key, key);
	} else if (strstr(e.message, words) == NULL) {
		fail_msg("%s: '%s' is not in '%s'", name, words, e.message);
	}
	free(text);
	aws_env_clear();
	arena_free(a);
}

static void test_recorded_scenarios(void **state)
{
	(void)state;
	if (shared_data() == NULL) {
		printf("skipped: credential scenarios: no shared data\n");
		skip();
	}
	scenario("environment_variables", "foo", "bar", NULL);
	scenario("environment_variables_blank", "correct_key", "correct_secret", NULL);
	scenario("prefer_environment", "correct_key", "correct_secret", NULL);
	scenario("profile_name", "correct_key", "correct_secret", NULL);
	scenario("profile_static_keys", "correct_key", "correct_secret", NULL);
	scenario("profile_static_keys_case_insensitive", "correct_key", "correct_secret", NULL);
	static const struct {
		const char *name, *words;
	} refused[] = {
		{"profile_overrides_web_identity", "role_arn"},
		{"ecs_assume_role", "role_arn"},
		{"ecs_credentials", "AWS_CONTAINER_CREDENTIALS"},
		{"eks_pod_identity_credentials", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
		{"imds_assume_role", "role_arn"},
		{"imds_default_chain_success", "instance metadata"},
		{"imds_config_with_no_creds", "instance metadata"},
		{"imds_disabled", "instance metadata"},
		{"sso_assume_role", "sso_"},
		{"sso_no_token_file", "sso_"},
		{"web_identity_token_env", "AWS_WEB_IDENTITY_TOKEN_FILE"},
		{"web_identity_token_profile", "role_arn"},
		{"web_identity_token_source_profile", "role_arn"},
	};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		scenario(refused[i].name, NULL, NULL, refused[i].words);
}

/* --- what stays in memory --- */

#ifndef __SANITIZE_ADDRESS__
/* How often the bytes stand in this process's own memory: heap, stack, anonymous mappings. */
static size_t copies_in_memory(const char *needle, size_t len)
{
	char line[512];
	size_t count = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps) != NULL) {
		unsigned long from, to;
		char rights[8];
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 ||
		    strcmp(rights, "rw-p") != 0)
			continue;
		const char *at = (const char *)from, *end = (const char *)to;
		while (at < end && (at = memmem(at, (size_t)(end - at), needle, len)) != NULL) {
			count++;
			at += len;
		}
	}
	fclose(maps);
	return count;
}

/* The test never holds the secret itself: a shell makes it, and it is looked for through a
 * mapping of the file. */
static void test_secrets_do_not_stay(void **state)
{
	(void)state;
	enum {
		FROM = 4,
		LEN = 24
	}; /* of the secret: malloc writes over the first bytes of what is freed */
	char command[512];
	files("", "");
	snprintf(command, sizeof command,
		 "{ printf '[default]\\naws_access_key_id = AKIDFILE\\naws_secret_access_key = '; "
		 "od -An -N20 -tx1 /dev/urandom | tr -d ' \\n'; printf '\\n[other]\\nx = y\\n'; } "
		 ">%s",
		 credentials_path);
	assert_int_equal(system(command), 0);
	struct arena *a = arena_new(NULL);
	struct credentials keys;
	struct aws_places places;
	struct http_exchange x;
	struct err e;
	const struct call call = {.op = CALL_GET_ACCOUNT_SUMMARY};
	assert_true(endpoint_resolve(a, "iam", "eu-west-1", false, false, NULL, &places.iam, &e));
	assert_true(credentials_resolve(a, &keys, &e));
	assert_true(aws_request(a, &call, &places, &keys, 1795489763000, &x, &e));
	int fd = open(credentials_path, O_RDONLY);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	const char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(file != MAP_FAILED);
	const char *key = memmem(file, (size_t)st.st_size, "secret_access_key = ", 20);
	assert_non_null(key);
	key += 20 + FROM;
	assert_true(copies_in_memory(key, LEN) > 0); /* the search finds what is there */
	arena_free(a);
	assert_int_equal(copies_in_memory(key, LEN), 0);
	munmap((void *)file, (size_t)st.st_size);
	close(fd);
}
#else
static void test_secrets_do_not_stay(void **state)
{
	(void)state;
	printf("skipped: secrets in memory: the address sanitizer keeps what is freed\n");
	skip();
}
#endif

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(config_path, sizeof config_path, "%s/config", folder);
	snprintf(credentials_path, sizeof credentials_path, "%s/credentials", folder);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_unsupported_sources_are_named),
		cmocka_unit_test(test_recorded_scenarios),
		cmocka_unit_test(test_secrets_do_not_stay),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	remove(config_path);
	remove(credentials_path);
	remove(folder);
	return result;
}
