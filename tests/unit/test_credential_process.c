/* credential_process: how its line is split, what it may print, and that it ends. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "fake_sources.h"

/* --- processes --- */

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *line, *words; /* each in brackets */
	} cases[] = {
		{"a b", "[a][b]"},
		{"  a\t b \n", "[a][b]"},
		{"", ""},
		{"'a b' c", "[a b][c]"},
		{"\"a b\"c", "[a bc]"},
		{"a\\ b", "[a b]"},
		{"\"a\\\"b\"", "[a\"b]"},
		{"\"a\\nb\"", "[a\\nb]"},
		{"'a\\b'", "[a\\b]"},
		{"\"\" ''", "[][]"},
		{"a#b # c", "[a#b][#][c]"},
		{"a|b $HOME `x` >y", "[a|b][$HOME][`x`][>y]"},
		{"'a", NULL},
		{"\"a", NULL},
		{"a\\", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct str_list words = {0};
		struct buf *b = buf_new(a, 1000);
		bool ok = process_split(a, cases[i].line, &words);
		for (size_t k = 0; k < words.count; k++)
			buf_printf(b, "[%s]", words.item[k]);
		if (ok != (cases[i].words != NULL) ||
		    (ok && strcmp(b->data, cases[i].words) != 0))
			fail_msg("'%s' became %s", cases[i].line, b->data);
		arena_free(a);
	}
}

static const char *program(struct fake *f, const char *text)
{
	const char *path = fake_file(f, "program", text);
	chmod(path, 0700);
	return path;
}

static void process(const char *script, const char *words)
{
	struct fake f;
	fake_open(&f, "", "");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	aws_env_file(f.config, str_printf(f.arena, "[default]\ncredential_process = \"%s\" 'a b'\n",
					  program(&f, script)));
	f.setting.process_limit_ms = 3000;
	if (words == NULL)
		found(&f, "AKIDPROCESS", "profile 'default', credential_process");
	else
		refused(&f, words);
	fake_close(&f);
}

#define PRINT "#!/bin/sh\nprintf '%s' '"
#define JSON "\"AccessKeyId\":\"AKIDPROCESS\",\"SecretAccessKey\":\"SEKRIT\""

static void test_processes(void **state)
{
	(void)state;
	process(PRINT "{\"Version\":1," JSON "}'\n", NULL);
	process("#!/bin/sh\n[ \"$1\" = 'a b' ] && [ $# = 1 ] && printf '{\"Version\":1," JSON "}'\n", NULL);
	process("#!/bin/sh\nread line && exit 1\nprintf '{\"Version\":1," JSON "}'\n", NULL);
	process(PRINT "{\"Version\":1," JSON ",\"Expiration\":\"2009-01-02T00:00:00+00:00\"}'\n", NULL);
	process(PRINT "{\"Version\":1," JSON ",\"Expiration\":null,\"SessionToken\":null}'\n", NULL);
	process(PRINT "{\"Version\":1," JSON ",\"Expiration\":\"2008-01-01T00:00:00Z\"}'\n",
		"are over since 2008-01-01T00:00:00Z");
	process(PRINT "{\"Version\":1," JSON ",\"Expiration\":\"soon\"}'\n", "is no time");
	process(PRINT "{\"Version\":2," JSON "}'\n", "expected 'Version' 1");
	process(PRINT "{" JSON "}'\n", "expected 'Version' 1");
	process(PRINT "{\"Version\":\"1\"," JSON "}'\n", "expected 'Version' 1");
	process(PRINT "{\"Version\":1,\"AccessKeyId\":\"A\"}'\n", "has no 'SecretAccessKey'");
	process(PRINT "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SEKRIT\\n\"}'\n",
		"holds a space, a line end");
	process(PRINT "SEKRIT junk'\n", "is not a JSON object");
	process(PRINT "[1]'\n", "is not a JSON object");
	process("#!/bin/sh\n", "is not a JSON object");
	process("#!/bin/sh\nexit 7\n", "it failed (exit code 7)");
	process("#!/bin/sh\nkill -9 $$\n", "it failed (signal 9)");
	process("#!/bin/sh\nyes SEKRIT\n", "more than 64 KiB");
	process("#!/nonexistent/shell\n", "there is no such program");
	struct fake f;
	fake_open(&f, "[default]\ncredential_process = 'open\n", "");
	refused(&f, "every quote closed");
	aws_env_file(f.config, "[default]\ncredential_process = /nonexistent/program\n");
	refused(&f, "there is no such program");
	fake_close(&f);
}

/* It hangs with a child that holds the pipe: both are gone afterwards. */
static void test_a_process_that_hangs(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "");
	f.setting.process_limit_ms = 300;
	const char *pids = str_printf(f.arena, "%s/pids", f.folder);
	aws_env_file(f.config,
		     str_printf(f.arena, "[default]\ncredential_process = '%s' '%s'\n",
				program(&f, "#!/bin/sh\nsleep 1000 &\necho $! $$ >\"$1\"\nsleep 1000\n"),
				pids));
	refused(&f, "it did not end in time");
	int child = 0, parent = 0;
	FILE *file = fopen(pids, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d %d", &child, &parent), 2);
	fclose(file);
	assert_int_equal(kill(parent, 0), -1);
	/* Its child is init's to reap, and may be a while in being so. */
	for (int i = 0; i < 200 && kill(child, 0) == 0; i++) {
		char path[64], line[256] = "";
		snprintf(path, sizeof path, "/proc/%d/stat", child);
		file = fopen(path, "r");
		bool dead = file == NULL || fgets(line, sizeof line, file) == NULL ||
			    strstr(line, ") Z") != NULL;
		if (file != NULL)
			fclose(file);
		if (dead)
			break;
		nanosleep(&(struct timespec){0, 10000000}, NULL);
		assert_true(i < 199);
	}
	/* It closes its output and stays. */
	aws_env_file(f.config, str_printf(f.arena, "[default]\ncredential_process = '%s'\n",
					  program(&f, "#!/bin/sh\nexec >&-\nsleep 1000\n")));
	refused(&f, "it did not end in time");
	f.interrupted = true;
	refused(&f, "interrupted");
	fake_close(&f);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_a_process_that_hangs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
