/* `pare check` as people and pipelines run it: exit codes, the witness, JSON, and bad inputs. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static const char *pare;

static void put(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define DOCUMENT(action) \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":" action \
	",\"Resource\":\"*\"}}"

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/pare-check-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	put("wide.json", DOCUMENT("\"sqs:*\""));
	put("narrow.json", DOCUMENT("[\"sqs:SendMessage\",\"sqs:ReceiveMessage\"]"));
	put("future.json", DOCUMENT("\"sqs:Zz*\""));
	put("strange.json", "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":"
			    "\"sqs:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{}}}}");
	put("wrapped.json", "{\"PolicyVersion\":{\"VersionId\":\"v1\",\"Document\":" DOCUMENT("\"sqs:*\"") "}}");
	put("listed.json", "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:*\",\"Resource\":\"*\","
			   "\"Condition\":{\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":\"a\"}}}]}");
	put("unused.json", "[\"sqs:PurgeQueue\"]");
	put("broken.json", "{\"Statement\":");
	put("wrong.json", "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sqs:*\"}}");
	put("empty.json", "");
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

static char output[1 << 16];

/* Runs it in the folder; both streams land in `output`. */
static int run(const char *arguments)
{
	char command[1024];
	snprintf(command, sizeof command, "cd %s && %s --state %s/state %s 2>&1", dir, pare, dir, arguments);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	output[fread(output, 1, sizeof output - 1, f)] = '\0';
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *arguments, int code, const char *words)
{
	int got = run(arguments);
	if (got != code || strstr(output, words) == NULL)
		fail_msg("pare %s: exit %d, expected %d with '%s':\n%s", arguments, got, code, words, output);
}

static void test_verdicts(void **state)
{
	(void)state;
	expect("check --old wide.json --new narrow.json", 0, "PROVED");
	expect("check --old wrapped.json --new narrow.json", 0, "PROVED");
	expect("check --old narrow.json --new wide.json", 3, "witness (feasible): sqs:");
	expect("check --old narrow.json --new future.json", 3, "witness (future-action): sqs:zz");
	expect("check --old strange.json --new wide.json", 4, "UNKNOWN");
	expect("check --old listed.json --new wide.json", 3, "aws:tagkeys absent");
	expect("check --old narrow.json --new narrow.json --old future.json", 0, "PROVED");
}

static void test_unused(void **state)
{
	(void)state;
	expect("check --old wide.json --new narrow.json --unused unused.json", 3, "only-unused-lost");
	expect("check --old wide.json --new wide.json --unused unused.json", 0, "only-unused-lost");
}

static void test_json(void **state)
{
	(void)state;
	expect("--json check --old narrow.json --new wide.json", 3, "\"verdict\": \"REFUTED\"");
	assert_int_equal(output[0], '{');
	assert_non_null(strstr(output, "\"witness\": {"));
	assert_non_null(strstr(output, "\"kind\": \"feasible\""));
	assert_non_null(strstr(output, "\"source\": \"wide.json\""));
	expect("check --json --old wide.json --new narrow.json", 0, "\"witness\": null");
	expect("check --json --old strange.json --new wide.json", 4, "not understood");
}

static void test_bad_input(void **state)
{
	(void)state;
	expect("check", 2, "--old");
	expect("check --old wide.json", 2, "--new");
	expect("check --new wide.json", 2, "--old");
	expect("check --old wide.json --new", 2, "--new");
	expect("check --old wide.json --new narrow.json --frob", 2, "--frob");
	expect("check --old wide.json --new absent.json", 1, "absent.json");
	expect("check --old wide.json --new broken.json", 1, "broken.json");
	expect("check --old wide.json --new empty.json", 1, "empty.json");
	expect("check --old wrong.json --new wide.json", 1, "Resource");
	expect("check --old wide.json --new narrow.json --unused wide.json", 1, "wide.json");
	expect("check --old wide.json --new narrow.json --unused absent.json", 1, "absent.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_bad_input),
	};
	static char here[4096];
	pare = getenv("PARE");
	if (pare == NULL && realpath("build/pare", here) != NULL)
		pare = here;
	if (pare == NULL || access(pare, X_OK) != 0) {
		printf("skipped: build/pare is not built\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
