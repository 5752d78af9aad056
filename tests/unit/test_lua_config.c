/* pare.lua: every key, every way to get it wrong, and files that mean harm. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pare/buf.h"
#include "pare/config.h"
#include "pare/str.h"
#include "pare/window.h"

struct bench {
	struct arena *arena;
	char folder[64];
	const char *path;
	struct config config;
	struct err e;
};

static int set_up(void **state)
{
	struct arena *a = arena_new(NULL);
	struct bench *b = arena_alloc(a, sizeof *b);
	b->arena = a;
	snprintf(b->folder, sizeof b->folder, "/tmp/pare-config-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	b->path = str_printf(a, "%s/pare.lua", b->folder);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
	arena_free(b->arena);
	return system(command);
}

static bool read_bytes(struct bench *b, const char *text, size_t len)
{
	FILE *f = fopen(b->path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	config_default(b->arena, &b->config);
	b->e = (struct err){0};
	return config_read(b->arena, b->path, &b->config, &b->e);
}

static const struct config *reads(struct bench *b, const char *text)
{
	if (!read_bytes(b, text, strlen(text)))
		fail_msg("%s", b->e.message);
	return &b->config;
}

static void refuses(struct bench *b, const char *text, const char *why)
{
	if (read_bytes(b, text, strlen(text)))
		fail_msg("it was read: %s", text);
	if (strstr(b->e.message, why) == NULL)
		fail_msg("'%s' lacks '%s'", b->e.message, why);
	assert_non_null(strstr(b->e.message, "pare.lua"));
	assert_int_equal(b->e.kind, ERR_USAGE);
}

static void test_defaults(void **state)
{
	const struct config *c = reads(*state, "return {}");
	assert_string_equal(c->repository.branch, "main");
	assert_string_equal(c->repository.forge, "none");
	assert_null(c->repository.url);
	assert_null(c->analyzer);
	assert_true(c->approval.merged);
	assert_false(c->approval.by_function);
	assert_int_equal(c->limits.changes_per_run, 50);
	assert_int_equal(c->limits.changes_per_account, 20);
	assert_int_equal(c->limits.percent, 25);
	assert_int_equal(c->limits.recommendation_age_days, 30);
	assert_int_equal(c->limits.plan_valid_days, 7);
	assert_int_equal(c->on_failure, ON_FAILURE_UNDO);
	assert_string_equal(c->author, "pare@localhost");
	assert_string_equal(c->file, ((struct bench *)*state)->path);
}

static void test_every_key(void **state)
{
	struct bench *b = *state;
	const struct config *c = reads(b,
		"return {\n"
		"  analyzer = 'arn:aws-cn:access-analyzer:cn-north-1:111122223333:analyzer/x',\n"
		"  rules = { 'shipped', 'rules', '/srv/rules', 'one.lua' },\n"
		"  repository = { url = 'ssh://git@git.example/x.git', branch = 'release/1', forge = 'gitlab',\n"
		"    api = 'https://git.example/gitlab/api/v4', project = 'a/b/c', credential_helper = { 'helper', '--x' },\n"
		"    labels = { 'iam', 'pare: x' }, reviewers = { 'alice', 'acme/cloud-sec' } },\n"
		"  owners = { ['*'] = '@sec', ['111122223333/app/'] = '@acme/pay a@b.example', ['111122223333'] = '@acme/sec' },\n"
		"  approval = { merged = false, signatures = 2, reviews = 1, signers = 'allowed', revoked = '/r' },\n"
		"  accounts = { assume_role = 'pare-executor', external_id = 'a:b/c', source_identity = 'a+b=c,d.e@f-g_1' },\n"
		"  regions = { 'eu-west-1', 'us-gov-west-1' },\n"
		"  limits = { changes_per_run = 0, changes_per_account = 1, percent = 100,\n"
		"             recommendation_age_days = 365, plan_valid_days = 1 },\n"
		"  window = { open = { 'Mon-Thu 09:00-16:00 Europe/Berlin', 'Sat,Sun 00:00-24:00' },\n"
		"             freeze = { '2026-12-18/2027-01-07' } },\n"
		"  protect = { 'arn:*:iam::*:role/x-*', '*admin*' },\n"
		"  on_failure = 'stop', author = 'a@b.example', shared_blocks = true,\n"
		"}");
	const char *real = realpath(b->folder, NULL);
	assert_string_equal(c->analyzer, "arn:aws-cn:access-analyzer:cn-north-1:111122223333:analyzer/x");
	assert_int_equal(c->rules.count, 4);
	assert_string_equal(c->rules.item[0], "shipped");
	assert_string_equal(c->rules.item[1], str_printf(b->arena, "%s/rules", real));
	assert_string_equal(c->rules.item[2], "/srv/rules");
	assert_string_equal(c->rules.item[3], str_printf(b->arena, "%s/one.lua", real));
	assert_string_equal(c->repository.url, "ssh://git@git.example/x.git");
	assert_string_equal(c->repository.branch, "release/1");
	assert_string_equal(c->repository.forge, "gitlab");
	assert_string_equal(c->repository.api, "https://git.example/gitlab/api/v4");
	assert_string_equal(c->repository.project, "a/b/c");
	assert_string_equal(c->repository.credential_helper.item[1], "--x");
	assert_string_equal(c->repository.labels.item[1], "pare: x");
	assert_string_equal(c->repository.reviewers.item[1], "acme/cloud-sec");
	assert_int_equal(c->owners.of.count, 3);
	assert_string_equal(c->owners.of.item[1], "111122223333");
	assert_string_equal(c->owners.owner.item[1], "@acme/sec");
	assert_string_equal(c->owners.of.item[2], "111122223333/app/");
	assert_string_equal(c->owners.owner.item[2], "@acme/pay a@b.example");
	assert_false(c->approval.merged);
	assert_int_equal(c->approval.signatures, 2);
	assert_int_equal(c->approval.reviews, 1);
	assert_string_equal(c->approval.signers, str_printf(b->arena, "%s/allowed", real));
	assert_string_equal(c->approval.revoked, "/r");
	assert_string_equal(c->accounts.assume_role, "pare-executor");
	assert_string_equal(c->accounts.external_id, "a:b/c");
	assert_string_equal(c->accounts.source_identity, "a+b=c,d.e@f-g_1");
	assert_int_equal(c->regions.count, 2);
	assert_string_equal(c->regions.item[1], "us-gov-west-1");
	assert_int_equal(c->limits.changes_per_run, 0);
	assert_int_equal(c->limits.percent, 100);
	assert_int_equal(c->limits.recommendation_age_days, 365);
	assert_int_equal(c->window.open.count, 2);
	assert_int_equal(c->window.freeze.count, 1);
	assert_int_equal(c->window.read->span_count, 2);
	assert_string_equal(c->window.read->span[0].zone->name, "Europe/Berlin");
	assert_string_equal(c->window.read->span[1].zone->name, "UTC");
	assert_int_equal(c->window.read->freeze_count, 1);
	assert_int_equal(c->protect.count, 2);
	assert_int_equal(c->on_failure, ON_FAILURE_STOP);
	assert_string_equal(c->author, "a@b.example");
	assert_true(c->shared_blocks);
	free((void *)(uintptr_t)real);
}

static void test_it_is_a_program(void **state)
{
	const struct config *c = reads(*state,
		"local list = {}\n"
		"for i = 1, 3 do list[#list + 1] = 'arn:aws:iam::*:role/r' .. i end\n"
		"return { protect = list, limits = { percent = 5 * 2 } }");
	assert_int_equal(c->protect.count, 3);
	assert_string_equal(c->protect.item[2], "arn:aws:iam::*:role/r3");
	assert_int_equal(c->limits.percent, 10);
}

static void test_approval_function(void **state)
{
	const struct config *c = reads(*state, "return { approval = function(plan) return { merged = true } end }");
	assert_true(c->approval.by_function);
}

/* A function that never ends is not run by reading it. */
static void test_approval_function_is_not_run(void **state)
{
	assert_true(reads(*state, "return { approval = function() while true do end end }")->approval.by_function);
}

static void test_url_that_is_a_path(void **state)
{
	struct bench *b = *state;
	const struct config *c = reads(b, "return { repository = { url = '../review.git' } }");
	char *real = realpath(b->folder, NULL);
	assert_string_equal(c->repository.url, str_printf(b->arena, "%s/../review.git", real));
	free(real);
	assert_string_equal(reads(b, "return { repository = { url = 'git@host:x/y.git' } }")->repository.url,
			    "git@host:x/y.git");
}

/* "shipped" is a word only among the rules. */
static void test_shipped_elsewhere_is_a_path(void **state)
{
	const struct config *c = reads(*state, "return { approval = { signers = 'shipped' } }");
	assert_int_equal(c->approval.signers[0], '/');
}

/* Relative to the file itself, not to the link that leads to it. */
static void test_link_to_the_file(void **state)
{
	struct bench *b = *state;
	reads(b, "return { rules = { 'rules' } }");
	const char *link = str_printf(b->arena, "%s/elsewhere", b->folder);
	assert_int_equal(mkdir(link, 0700), 0);
	link = str_printf(b->arena, "%s/pare.lua", link);
	assert_int_equal(symlink(b->path, link), 0);
	config_default(b->arena, &b->config);
	assert_true(config_read(b->arena, link, &b->config, &b->e));
	assert_null(strstr(b->config.rules.item[0], "elsewhere"));
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{"", "expected 'return { … }'"},
	{"return 5", "expected 'return { … }'"},
	{"return", "expected 'return { … }'"},
	{"return {", "pare.lua:1:"},
	{"return {\n  analyzer = \n}", "pare.lua:3:"},
	{"return { 1, 2 }", "not a list"},
	{"return { [true] = 1 }", "not boolean"},
	{"return { analyser = 'x' }", "unknown key 'analyser': did you mean 'analyzer'?"},
	{"return { Rules = {} }", "did you mean 'rules'?"},
	{"return { zzzzzzzzz = 1, aaaaaaaaa = 1 }", "unknown key 'aaaaaaaaa'"},
	{"return { limits = { percnt = 1 } }", "unknown key 'limits.percnt': did you mean 'limits.percent'?"},
	{"return { limits = 5 }", "key 'limits': expected a table"},
	{"return { limits = { 5 } }", "key limits."},
	{"return { limits = { percent = 101 } }", "key 'limits.percent': expected a whole number from 0 to 100"},
	{"return { limits = { percent = -1 } }", "key 'limits.percent'"},
	{"return { limits = { percent = 2.5 } }", "key 'limits.percent'"},
	{"return { limits = { percent = '5' } }", "key 'limits.percent'"},
	{"return { limits = { percent = 0/0 } }", "key 'limits.percent'"},
	{"return { limits = { percent = 1e300 } }", "key 'limits.percent'"},
	{"return { limits = { plan_valid_days = 0 } }", "from 1 to 365"},
	{"return { limits = { changes_per_run = 1 << 40 } }", "key 'limits.changes_per_run'"},
	{"return { analyzer = 5 }", "key 'analyzer': expected text"},
	{"return { analyzer = '' }", "key 'analyzer': expected text"},
	{"return { analyzer = 'unused-access' }", "an analyzer's ARN"},
	{"return { analyzer = 'arn:aws:iam::111122223333:role/x' }", "an analyzer's ARN"},
	{"return { analyzer = 'arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/x\\0y' }", "expected text"},
	{"return { rules = 'rules' }", "key 'rules': expected a list"},
	{"return { rules = { 5 } }", "key 'rules': expected a list"},
	{"return { rules = { a = 'x' } }", "key 'rules': expected a list"},
	{"return { rules = { 'x', nil, 'y' } }", "key 'rules': expected a list"},
	{"return { repository = 'x' }", "key 'repository': expected a table"},
	{"return { repository = { url = 5 } }", "key 'repository.url'"},
	{"return { repository = { url = 'a\\nb' } }", "key 'repository.url': expected text"},
	{"return { repository = { branch = 'a b' } }", "key 'repository.branch'"},
	{"return { repository = { branch = '-x' } }", "key 'repository.branch'"},
	{"return { repository = { branch = 'a..b' } }", "key 'repository.branch'"},
	{"return { repository = { branch = 'pare/log' } }", "key 'repository.branch'"},
	{"return { repository = { branch = 'refs/heads/main' } }", "key 'repository.branch'"},
	{"return { repository = { branch = 'x.lock' } }", "key 'repository.branch'"},
	{"return { repository = { forge = 'svn' } }", "\"none\", \"github\""},
	{"return { repository = { api = 'git.example' } }", "key 'repository.api'"},
	{"return { repository = { project = 'acme' } }", "key 'repository.project'"},
	{"return { repository = { labels = { 'a,b' } } }", "key 'repository.labels'"},
	{"return { repository = { reviewers = { '@alice' } } }", "key 'repository.reviewers'"},
	{"return { repository = { credential_helper = 'helper' } }", "key 'repository.credential_helper'"},
	{"return { owners = 5 }", "key 'owners'"},
	{"return { owners = { '@a' } }", "key 'owners'"},
	{"return { owners = { ['1111222233334'] = '@a' } }", "key 'owners'"},
	{"return { owners = { ['111122223333/..'] = '' } }", "key 'owners'"},
	{"return { owners = { ['111122223333//x'] = '@a' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = '@a  @b' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = '@a ' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = '@' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = '@/x' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = 'a@b@c' } }", "key 'owners'"},
	{"return { owners = { ['111122223333'] = '@a\\n* @b' } }", "key 'owners'"},
	{"return { approval = 5 }", "a function of the plan"},
	{"return { approval = { merged = 'yes' } }", "key 'approval.merged': expected true or false"},
	{"return { approval = { signatures = true } }", "key 'approval.signatures'"},
	{"return { approval = { signatures = 1 } }", "key 'approval.signers'"},
	{"return { approval = { merged = false } }", "nothing would be approved by anyone"},
	{"return { approval = { signers = {} } }", "key 'approval.signers'"},
	{"return { accounts = { assume_role = 'arn:aws:iam::1:role/x' } }", "a role's name"},
	{"return { accounts = { external_id = 'abc' } }", "key 'accounts.assume_role'"},
	{"return { accounts = { assume_role = 'x', external_id = 'a b' } }", "key 'accounts.external_id'"},
	{"return { accounts = { source_identity = 'abc' } }", "key 'accounts.assume_role'"},
	{"return { accounts = { assume_role = 'x', source_identity = 'a' } }", "2 to 64 characters"},
	{"return { accounts = { assume_role = 'x', source_identity = 'a/b' } }", "key 'accounts.source_identity'"},
	{"return { accounts = { assume_role = 'x', source_identity = 'aws:b' } }", "key 'accounts.source_identity'"},
	{"return { accounts = { assume_role = 'x', source_identity = 'a b' } }", "key 'accounts.source_identity'"},
	{"return { accounts = { assume_role = 'x', source_identity = "
	 "'12345678901234567890123456789012345678901234567890123456789012345' } }", "2 to 64 characters"},
	{"return { regions = 'eu-west-1' }", "key 'regions'"},
	{"return { regions = { 'EU-west-1' } }", "names of regions"},
	{"return { regions = { 'eu' } }", "names of regions"},
	{"return { regions = { 'eu-west-1/x' } }", "names of regions"},
	{"return { regions = { '-eu-west-1' } }", "names of regions"},
	{"return { regions = { 'eu--west-1' } }", "names of regions"},
	{"return { regions = { 'eu-west-' } }", "names of regions"},
	{"return { protect = { 'break-glass-*' } }", "globs over ARNs"},
	{"return { protect = 'x' }", "key 'protect': expected a list"},
	{"return { on_failure = 'retry' }", "\"undo\" or \"stop\""},
	{"return { on_failure = true }", "\"undo\" or \"stop\""},
	{"return { author = 'Bot' }", "an e-mail address"},
	{"return { author = 'Bot <b@c>' }", "an e-mail address"},
	{"return { author = '@' }", "an e-mail address"},
	{"return { shared_blocks = 1 }", "true or false"},
	{"return { window = { open = { 'Mon' } } }", "windows such as"},
	{"return { window = { open = { 'Mon 09:00' } } }", "windows such as"},
	{"return { window = { open = { 'Mon 09:00-09:00' } } }", "end differs from their beginning"},
	{"return { window = { open = { 'Mon 24:00-09:00' } } }", "end differs from their beginning"},
	{"return { window = { open = { 'Mon 09:00-17:00 Europe/Berln' } } }",
	 "key 'window.open': expected a time zone such as Europe/Berlin: time zone 'Europe/Berln' is not in"},
	{"return { window = { open = { 'Mon 09:00-17:00 ../../etc/passwd' } } }", "windows such as"},
	{"return { window = { open = { 'Mon 09:00-17:00 a/../b' } } }", "windows such as"},
	{"return { window = { open = { 'Mon,09:00-17:00' } } }", "windows such as"},
	{"return { window = { freeze = { '2026-02-29/2026-03-01' } } }", "key 'window.freeze': expected date ranges"},
	{"return { window = { freeze = { '2026-12-18/2026-12-19 Europe/Berln' } } }", "is not in"},
	{"return { ticket = { pattern = 'CHG%' } }", "key 'ticket.pattern': expected a pattern such as"},
	{"return { ticket = { pattern = '+' } }", "a pattern such as"},
	{"return { ticket = { required = 'yes' } }", "true or false"},
	{"return { ticket = { needed = true } }", "unknown key 'ticket.needed'"},
	{"return { autofix = { standing = { 'a/b' }, signers = 's' } }", "key 'autofix.standing'"},
	{"return { autofix = { standing = { '../a' }, signers = 's' } }", "names of standing approvals"},
	{"return { autofix = { standing = { 'a' } } }", "key 'autofix.signers': expected a file of people"},
	{"return { autofix = { signature = 's' } }", "unknown key 'autofix.signature'"},
	{"return { window = { calendar = { 'ChangeCalendar' } } }", "key 'window.calendar': expected change calendars"},
	{"return { window = { calendar = { 'arn:aws:iam::111122223333:role/x' } } }", "change calendars"},
	{"return { window = { calendar = 'arn:aws:ssm:eu-west-1:111122223333:document/x' } }", "list of texts"},
	{"return { window = { open = { 'Mon 09:00-25:00' } } }", "windows such as"},
	{"return { window = { open = { 'Mon-Frühling 09:00-10:00' } } }", "windows such as"},
	{"return { window = { open = { 'Mon 09:00-10:00 Eu rope' } } }", "windows such as"},
	{"return { window = { freeze = { '2026-12-18' } } }", "date ranges"},
	{"return { window = { freeze = { '2027-12-18/2026-01-01' } } }", "date ranges"},
	{"return { window = { freeze = { '2026-02-30/2026-03-01' } } }", "date ranges"},
	{"error('on purpose')", "global 'error'"},
	{"return { author = os.getenv('X') }", "global 'os'"},
	{"require 'x'", "global 'require'"},
	{"return { author = ('x'):rep(5) }", "attempt to index a string value"},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		refuses(*state, wrong[i].text, wrong[i].why);
}

static void test_hostile(void **state)
{
	struct bench *b = *state;
	refuses(b, "while true do end", "pare.lua:1: used more than 10 million instructions");
	refuses(b, "local t = {} for i = 1, 1 << 40 do t[i] = i end", "8 MiB of memory");
	refuses(b, "local s = 'x' while true do s = s .. s end", "8 MiB of memory");
	refuses(b, "local function f() return 1 + f() end return f()", "8 MiB of memory");
	refuses(b, "local t = {} t.limits = t return t", "unknown key 'limits.limits'");
	refuses(b, "local t = {} for i = 1, 20000 do t[i] = '*' end return { protect = t }", "at most 10000");
	/* Few instructions, each of them slow: the clock ends it. */
	refuses(b, "local s = 'x' for i = 1, 21 do s = s .. s end while true do local t = s .. 'y' end",
		"ran longer than 2 s");
}

static void test_bytes(void **state)
{
	struct bench *b = *state;
	assert_false(read_bytes(b, "\033LuaT\0", 6));
	assert_non_null(strstr(b->e.message, "binary chunk"));
	assert_false(read_bytes(b, "return {}\0", 10));
	assert_true(read_bytes(b, "\xef\xbb\xbfreturn {}\r\n", 14));
	char *large = malloc(1024 * 1024 + 1);
	memset(large, ' ', 1024 * 1024 + 1);
	assert_false(read_bytes(b, large, 1024 * 1024 + 1));
	assert_non_null(strstr(b->e.message, "larger than"));
	/* A long list of long texts fits where a file of a megabyte does. */
	memset(large, ' ', 1024 * 1024);
	memcpy(large, "return {", 8);
	large[1024 * 1024 - 1] = '}';
	assert_true(read_bytes(b, large, 1024 * 1024));
	free(large);
}

static void test_absent_or_a_folder(void **state)
{
	struct bench *b = *state;
	config_default(b->arena, &b->config);
	assert_false(config_read(b->arena, "/nowhere/pare.lua", &b->config, &b->e));
	assert_int_equal(b->e.kind, ERR_USAGE);
	assert_non_null(strstr(b->e.message, "'/nowhere/pare.lua': No such file"));
	assert_false(config_read(b->arena, b->folder, &b->config, &b->e));
	assert_non_null(strstr(b->e.message, "directory"));
}

/* What `pare init` writes loads, says what its comments say, and is the example. */
static void test_waves(void **state)
{
	struct bench *b = *state;
	const struct config *c = reads(b, "return { waves = { { '111122223333' }, { '444455556666', '777788889999' } }, "
					  "pause = 60 }");
	assert_int_equal(c->wave_count, 2);
	assert_int_equal(c->wave[1].account.count, 2);
	assert_string_equal(c->wave[1].account.item[1], "777788889999");
	assert_int_equal(c->pause_s, 60);
	assert_int_equal(reads(b, "return {}")->wave_count, 0);
	refuses(b, "return { waves = { '111122223333' } }", "key 'waves[1]': expected a list of accounts");
	refuses(b, "return { waves = {} }", "key 'waves': expected a list of 1 to 1000 lists of accounts");
	refuses(b, "return { waves = { { '1111' } } }", "key 'waves[1]': expected accounts of twelve digits");
	refuses(b, "return { waves = { { 111122223333 } } }", "key 'waves[1]': expected accounts of twelve digits");
	refuses(b, "return { waves = { { '111122223333' }, { '111122223333' } } }",
		"key 'waves[2]': expected each account once, and 111122223333 stands twice");
	c = reads(b, "return { waves = { { { tag = 'wave=canary' } }, { 'ou-ab12-34cd56ef', '111122223333', { tag = 'env=' } }, "
		     "{ 'r-ab12' } } }");
	assert_int_equal(c->wave_count, 3);
	assert_string_equal(c->wave[0].tag.item[0], "wave=canary");
	assert_int_equal(c->wave[0].account.count + c->wave[0].unit.count, 0);
	assert_string_equal(c->wave[1].unit.item[0], "ou-ab12-34cd56ef");
	assert_string_equal(c->wave[1].account.item[0], "111122223333");
	assert_string_equal(c->wave[1].tag.item[0], "env=");
	assert_string_equal(c->wave[2].unit.item[0], "r-ab12");
	refuses(b, "return { waves = { { 'ou-ab12-34cd56ef' }, { 'ou-ab12-34cd56ef' } } }",
		"key 'waves[2]': expected each unit once, and ou-ab12-34cd56ef stands twice");
	refuses(b, "return { waves = { { { tag = 'a=b' }, { tag = 'a=b' } } } }",
		"key 'waves[1]': expected each tag once, and a=b stands twice");
	refuses(b, "return { waves = { { 'ou-ab12' } } }", "key 'waves[1]': expected accounts of twelve digits, org");
	refuses(b, "return { waves = { { { tag = 'env' } } } }", "key 'waves[1]': expected a tag as { tag = \"KEY=VALUE\" }");
	refuses(b, "return { waves = { { { tag = 7 } } } }", "key 'waves[1]': expected a tag as");
	refuses(b, "return { waves = { { {} } } }", "key 'waves[1]': expected a tag as");
	refuses(b, "return { waves = { { { 'env=dev' } } } }", "key 'waves[1]': expected a tag as");
	refuses(b, "return { waves = { { { tag = 'a=b', ou = 'ou-ab12-34cd56ef' } } } }", "key 'waves[1]': expected a tag as");
	refuses(b, "return { waves = { { tag = 'a=b' } } }", "key 'waves[1]': expected a list of accounts");
	refuses(b, "return { pause = -1 }", "pause");
}

static void test_sample(void **state)
{
	struct bench *b = *state;
	const struct config *c = reads(b, config_sample());
	struct config d;
	config_default(b->arena, &d);
	assert_int_equal(c->limits.changes_per_run, d.limits.changes_per_run);
	assert_int_equal(c->rules.count, 2);
	assert_string_equal(c->rules.item[0], "shipped");
	assert_int_equal(c->protect.count, 1);
	FILE *f = fopen("examples/pare.lua", "rb");
	char text[8192] = "";
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	assert_int_equal(len, strlen(config_sample()));
	assert_string_equal(text, config_sample());
	/* The lines that are commented out are right, too. */
	struct buf *all = buf_new(b->arena, 65536);
	for (const char *at = text; *at != '\0'; at++) {
		if (strncmp(at, "  -- accounts = ", 16) == 0 || strncmp(at, "  -- window = ", 14) == 0 ||
		    strncmp(at, "  -- ticket = ", 14) == 0 || strncmp(at, "  -- autofix = ", 15) == 0)
			at += 5;
		buf_putc(all, *at);
	}
	c = reads(b, all->data);
	assert_string_equal(c->accounts.assume_role, "pare-executor");
	assert_int_equal(c->window.open.count, 1);
	assert_string_equal(c->ticket.pattern, "CHG%d+");
	assert_true(c->ticket.required);
	assert_string_equal(c->autofix.standing.item[0], "detach-unused");
	assert_true(str_ends(c->autofix.signers, "/standing_signers"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_defaults),
		T(test_every_key),
		T(test_it_is_a_program),
		T(test_approval_function),
		T(test_approval_function_is_not_run),
		T(test_url_that_is_a_path),
		T(test_shipped_elsewhere_is_a_path),
		T(test_link_to_the_file),
		T(test_wrong),
		T(test_hostile),
		T(test_bytes),
		T(test_absent_or_a_folder),
		T(test_waves),
		T(test_sample),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
