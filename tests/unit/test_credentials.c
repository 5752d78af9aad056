/* The environment and static keys; secrets are never in messages and do not outlive their arena. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/adapt/aws_private.h"
#include "aws_env.h"
#include "pare/str.h"
#include "pare/world.h"

static char folder[] = "/tmp/pare-credentials-XXXXXX";
static char config_path[128], credentials_path[128];

static void files(const char *config, const char *credentials)
{
	aws_env_clear();
	aws_env_file(config_path, config);
	aws_env_file(credentials_path, credentials);
	setenv("AWS_CONFIG_FILE", config_path, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static bool credentials_resolve(struct arena *a, struct credentials *out, struct err *e)
{
	struct clock_port *clock = arena_alloc(a, sizeof *clock);
	*clock = clock_system(a);
	const struct credential_setting s = {.clock = clock};
	const struct credentials *k = credentials_get(credentials_open(a, &s), e);
	if (k != NULL)
		*out = *k;
	return k != NULL;
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
	setenv("AWS_PROFILE", "missing", 1); /* somebody meant something else */
	not_found("profile 'missing': it is in neither");
	setenv("AWS_PROFILE", "default", 1); /* the variable alone does not skip the environment */
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
	not_found("credentials file: profile 'b' has no aws_access_key_id there");
	setenv("AWS_PROFILE", "half", 1);
	not_found("not both");
	setenv("AWS_PROFILE", "nobody", 1);
	not_found("profile 'nobody': it is in neither");
	files("", "");
	not_found("there is no profile 'default'");
	not_found("AWS_EC2_METADATA_DISABLED is set");
	files("[default]\nbroken\n", "");
	struct arena *a = arena_new(NULL);
	struct credentials c;
	struct err e;
	assert_false(credentials_resolve(a, &c, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	arena_free(a);
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
 * mapping of the file. before and after frame it there. */
static void secret_does_not_stay(const char *path, const char *before, const char *after)
{
	enum {
		FROM = 12,
		LEN = 24
	}; /* of the secret: malloc writes over the first 16 bytes of what is freed */
	char command[768];
	snprintf(command, sizeof command,
		 "{ printf '%s'; od -An -N20 -tx1 /dev/urandom | tr -d ' \\n'; printf '%s'; } >%s",
		 before, after, path);
	assert_int_equal(system(command), 0);
	struct arena *a = arena_new(NULL);
	struct credentials keys;
	struct aws_places places;
	struct http_exchange x;
	struct err e;
	const struct call call = {.op = CALL_GET_ACCOUNT_SUMMARY};
	assert_true(endpoint_resolve(a, "iam", "eu-west-1", false, false, NULL, &places.iam, &e));
	if (!credentials_resolve(a, &keys, &e))
		fail_msg("%s", e.message);
	assert_true(aws_request(a, &call, &places, &keys, 1795489763000, &x, &e));
	int fd = open(path, O_RDONLY);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	const char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(file != MAP_FAILED);
	const char *key = memmem(file, (size_t)st.st_size, "SEKRIT", 6);
	assert_non_null(key);
	key += 6 + FROM;
	assert_true(copies_in_memory(key, LEN) > 0); /* the search finds what is there */
	arena_free(a);
	assert_int_equal(copies_in_memory(key, LEN), 0);
	munmap((void *)file, (size_t)st.st_size);
	close(fd);
}

static void test_secrets_do_not_stay(void **state)
{
	(void)state;
	files("", "");
	secret_does_not_stay(credentials_path,
			     "[default]\\naws_access_key_id = AKIDFILE\\naws_secret_access_key = SEKRIT",
			     "\\n[other]\\nx = y\\n");
	char printed[160], config[256];
	snprintf(printed, sizeof printed, "%s/printed", folder);
	snprintf(config, sizeof config, "[default]\ncredential_process = cat '%s'\n", printed);
	files(config, "");
	secret_does_not_stay(printed,
			     "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SEKRIT",
			     "\"}");
	remove(printed);
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
		cmocka_unit_test(test_secrets_do_not_stay),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	remove(config_path);
	remove(credentials_path);
	remove(folder);
	return result;
}
