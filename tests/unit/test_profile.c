/* The grammar of the configuration files: all published parser cases, file places, hostile
 * bytes. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/json.h"
#include "pare/str.h"
#include "shared_data.h"

static const struct json *load(struct arena *a, const char *name)
{
	struct err e;
	size_t len = 0;
	char *text = shared_file(name, &len);
	if (text == NULL)
		return NULL;
	const struct json *v = json_parse(a, text, len, name, &e);
	free(text);
	if (v == NULL)
		fail_msg("%s", e.message);
	return v;
}

static size_t sections(const struct profile_set *set, const char *kind)
{
	size_t count = 0;
	for (size_t i = 0; i < set->count; i++)
		count += strcmp(set->section[i].kind, kind) == 0;
	return count;
}

static void compare(const char *name, const struct profile_set *set, const char *kind,
		    const struct json *want)
{
	if (sections(set, kind) != (want != NULL ? want->count : 0))
		fail_msg("%s: %zu sections '%s', wanted %zu", name, sections(set, kind), kind,
			 want != NULL ? want->count : 0);
	for (const struct json *p = want != NULL ? want->first : NULL; p != NULL; p = p->next) {
		const struct profile_section *s = NULL;
		for (size_t i = 0; i < set->count; i++)
			if (strcmp(set->section[i].kind, kind) == 0 &&
			    strcmp(set->section[i].name, p->key) == 0)
				s = &set->section[i];
		if (s == NULL)
			fail_msg("%s: no '%s'", name, p->key);
		if (s->count != p->count)
			fail_msg("%s: '%s' has %zu keys, wanted %zu", name, p->key, s->count,
				 p->count);
		for (const struct json *k = p->first; k != NULL; k = k->next) {
			const char *got = profile_get(set, kind, p->key, k->key);
			if (!str_equal(got, k->text))
				fail_msg("%s: %s: got '%s', wanted '%s'", name, k->key,
					 got ? got : "(none)", k->text);
		}
	}
}

static void one_case(const struct json *t)
{
	struct arena *a = arena_new(NULL);
	struct profile_set set = {0};
	struct err e;
	const char *name = json_text(t, "name");
	const struct json *output = json_get(t, "output"), *input = json_get(t, "input");
	const char *config = json_text(input, "configFile"),
		   *credentials = json_text(input, "credentialsFile");
	const char *error = json_text(output, "errorContaining");
	bool ok = config == NULL ||
		  profile_add(a, &set, config, strlen(config), "config", false, &e);
	ok = ok && (credentials == NULL || profile_add(a, &set, credentials, strlen(credentials),
						       "credentials", true, &e));
	if (ok != (error == NULL))
		fail_msg("%s: %s", name, ok ? "was read" : e.message);
	if (error != NULL && strstr(e.message, error) == NULL)
		fail_msg("%s: '%s', wanted '%s'", name, e.message, error);
	if (error == NULL) {
		compare(name, &set, "profile", json_get(json_get(output, "config"), "profiles"));
		const struct json *sessions = json_get(json_get(output, "config"), "sso_sessions");
		if (sessions != NULL)
			compare(name, &set, "sso-session", sessions);
	}
	arena_free(a);
}

static void test_parser_cases(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(
		a, "config/smithy-rs/aws-runtime-test-data/profile-parser-tests.json");
	if (v == NULL) {
		printf("skipped: profile parser cases: no shared data\n");
		arena_free(a);
		skip();
	}
	const struct json *tests = json_get(v, "tests");
	assert_int_equal(tests->count, 65);
	for (const struct json *t = tests->first; t != NULL; t = t->next)
		one_case(t);
	arena_free(a);
}

/* Inputs of another parser's fuzzer: its names say which of them are wrong. */
static size_t one_folder(const char *below, bool credentials)
{
	static const char *const wrong[] = {"early_property", "illegal_continuation", "missing_",
					    "continuation_reseton"};
	char path[4096];
	size_t count = 0;
	snprintf(path, sizeof path, "%s/%s", shared_data(), below);
	DIR *dir = opendir(path);
	for (struct dirent *x; dir != NULL && (x = readdir(dir)) != NULL;) {
		size_t len = 0;
		char name[512];
		if (x->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%.200s/%.200s", below, x->d_name);
		char *text = shared_file(name, &len);
		assert_non_null(text);
		struct arena *a = arena_new(NULL);
		struct profile_set set = {0};
		struct err e = {.kind = ERR_NONE};
		bool ok = profile_add(a, &set, text, len, x->d_name, credentials, &e);
		assert_true(ok || e.message[0] != '\0');
		for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
			/* (in a credentials file "[profile foo]" is ignored with all below it) */
			if (str_starts(x->d_name, wrong[i]) && ok && !(credentials && i == 3))
				fail_msg("%s was read", x->d_name);
		arena_free(a);
		free(text);
		count++;
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void test_fuzz_corpus(void **state)
{
	(void)state;
	if (shared_data() == NULL) {
		printf("skipped: inputs of another fuzzer: no shared data\n");
		skip();
	}
	assert_int_equal(
		one_folder("config/aws-c-auth-fuzz-corpus/parse_config_profile", false) +
			one_folder("config/aws-c-auth-fuzz-corpus/parse_credentials_profile", true),
		80);
}

/* --- files --- */

static char folder[] = "/tmp/pare-profile-XXXXXX";

static const char *in_folder(struct arena *a, const char *name)
{
	return str_printf(a, "%s/%s", folder, name);
}

static void test_places(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e;
	aws_env_clear();
	struct profile_set none = {0};
	assert_true(profile_read(a, &none, &e)); /* missing files are empty */
	assert_int_equal(none.count, 0);
	setenv("HOME", folder, 1);
	char command[256];
	snprintf(command, sizeof command, "mkdir -p %s/.aws", folder);
	assert_int_equal(system(command), 0);
	aws_env_file(in_folder(a, ".aws/config"),
		     "[default]\nregion = r1\n[profile x]\nregion = r2\n");
	aws_env_file(in_folder(a, ".aws/credentials"),
		     "[default]\nregion = r3\naws_access_key_id = k\n");
	aws_env_file(in_folder(a, "other"), "[profile default]\nregion = r4\n");
	struct profile_set home = {0};
	assert_true(profile_read(a, &home, &e));
	assert_string_equal(profile_get(&home, "profile", "default", "region"), "r3");
	assert_string_equal(profile_get(&home, "profile", "x", "region"), "r2");
	setenv("AWS_CONFIG_FILE", "~/other", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", in_folder(a, "absent"), 1);
	struct profile_set moved = {0};
	assert_true(profile_read(a, &moved, &e));
	assert_string_equal(profile_get(&moved, "profile", "default", "region"), "r4");
	assert_false(profile_exists(&moved, "x"));
	setenv("AWS_CONFIG_FILE", folder, 1); /* a folder is no file */
	struct profile_set bad = {0};
	assert_false(profile_read(a, &bad, &e));
	assert_int_equal(e.kind, ERR_IO);
	aws_env_file(in_folder(a, "other"), "[default]\nbroken\n");
	setenv("AWS_CONFIG_FILE", in_folder(a, "other"), 1);
	assert_false(profile_read(a, &bad, &e));
	assert_non_null(strstr(e.message, "line 2"));
	assert_non_null(strstr(e.message, "other"));
	aws_env_clear();
	arena_free(a);
}

static void test_file_location_cases(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	const struct json *v = load(
		a, "config/smithy-rs/aws-runtime-test-data/file-location-tests.json");
	size_t ran = 0;
	if (v == NULL) {
		printf("skipped: file location cases: no shared data\n");
		arena_free(a);
		skip();
	}
	for (const struct json *t = json_get(v, "tests")->first; t != NULL; t = t->next) {
		if (strcmp(json_text(t, "platform"), "linux") != 0)
			continue;
		aws_env_clear();
		for (const struct json *x = json_get(t, "environment")->first; x != NULL;
		     x = x->next)
			setenv(x->key, x->text, 1);
		assert_string_equal(profile_path(a, false), json_text(t, "configLocation"));
		assert_string_equal(profile_path(a, true), json_text(t, "credentialsLocation"));
		if (json_text(t, "profile") != NULL)
			assert_string_equal(profile_selected(), json_text(t, "profile"));
		ran++;
	}
	printf("file locations: %zu linux cases of %zu\n", ran, json_get(v, "tests")->count);
	assert_true(ran >= 4);
	unsetenv("USERPROFILE");
	aws_env_clear();
	arena_free(a);
}

static void test_own_grammar(void **state)
{
	(void)state;
	static const char text[] =
		"# words\r\n[default] ; words\r\nregion = eu-west-1 # words\r\nKEY=a#b\r\n"
		"empty =\r\n[profile \"with space\"]\r\nx = 1\r\n[services s]\r\n"
		"iam = \r\n  endpoint_url = http://127.0.0.1:1/a=b\r\n\r\n  other=2\r\nsts =\n  "
		"endpoint_url=u\n"
		"[nonsense]\nx = 1\n y\n";
	struct arena *a = arena_new(NULL);
	struct profile_set set = {0};
	struct err e;
	assert_true(profile_add(a, &set, text, strlen(text), "config", false, &e));
	assert_string_equal(profile_get(&set, "profile", "default", "region"), "eu-west-1");
	assert_string_equal(profile_get(&set, "profile", "default", "key"), "a#b");
	assert_string_equal(profile_get(&set, "profile", "default", "empty"), "");
	assert_false(profile_has(&set, "default", "empty"));
	assert_string_equal(profile_get(&set, "profile", "with space", "x"), "1");
	assert_string_equal(profile_nested(a, &set, "services", "s", "iam", "endpoint_url"),
			    "http://127.0.0.1:1/a=b");
	assert_string_equal(profile_nested(a, &set, "services", "s", "iam", "OTHER"), "2");
	assert_string_equal(profile_nested(a, &set, "services", "s", "sts", "endpoint_url"), "u");
	assert_null(profile_nested(a, &set, "services", "s", "iam", "none"));
	assert_null(profile_nested(a, &set, "services", "t", "iam", "endpoint_url"));
	assert_null(profile_get(&set, "profile", "nonsense", "x"));
	struct profile_set bad = {0};
	assert_false(profile_add(a, &bad, "[default]\nx = \0y\n", 17, "config", false, &e));
	assert_non_null(strstr(e.message, "NUL"));
	arena_free(a);
}

/* An error names the line, never what stands in it: it may be a secret. */
static void test_errors_hold_no_values(void **state)
{
	(void)state;
	static const char *const cases[] = {"[default]\naws_secret_access_key wJalrXUt\n",
					    "[default\nwJalrXUt",
					    "wJalrXUt = 1",
					    "[default]\n wJalrXUt",
					    "[default]\ns3 =\n wJalrXUt",
					    "[default]\n= wJalrXUt"};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct profile_set set = {0};
		struct err e;
		assert_false(
			profile_add(a, &set, cases[i], strlen(cases[i]), "credentials", true, &e));
		assert_int_equal(e.kind, ERR_USAGE);
		assert_null(strstr(e.message, "wJalr"));
		arena_free(a);
	}
}

int main(void)
{
	aws_env_clear();
	if (mkdtemp(folder) == NULL)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parser_cases), cmocka_unit_test(test_fuzz_corpus),
		cmocka_unit_test(test_places),	     cmocka_unit_test(test_file_location_cases),
		cmocka_unit_test(test_own_grammar),  cmocka_unit_test(test_errors_hold_no_values),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	char command[256];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) == 0 ? result : 1;
}
