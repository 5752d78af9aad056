/* Credentials are renewed ahead of their end, from the same source and for the same account. */
#include "test.h"

#include <signal.h>

#include "fake_sources.h"

#define STATIC "aws_access_key_id = AKIDFILE\naws_secret_access_key = SEKRITFILE\n"

/* --- renewing --- */

static void test_renewing(void **state)
{
	(void)state;
	enum { MINUTE = 60 * 1000 };
	struct fake f;
	struct err e;
	fake_open(&f, "", "");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	struct script s = {.url = {"/c", "/c", "/c", "/c"}, .status = {200, 403, 200, 403},
			   .text = {KEYS("ASIAONE", "2009-01-01T01:00:00Z"), "",
				    KEYS("ASIATWO", "2009-01-01T02:00:00Z"), ""}};
	use(&f, &s);
	struct credential_chain *c = credentials_open(f.arena, &f.setting);
	assert_string_equal(credentials_get(c, &e)->access_key_id, "ASIAONE");
	f.now_ms += 44 * MINUTE;
	assert_string_equal(credentials_get(c, &e)->access_key_id, "ASIAONE");
	assert_int_equal(s.asked, 1);
	f.now_ms += 2 * MINUTE; /* a quarter of an hour before: refused, and still good */
	assert_string_equal(credentials_get(c, &e)->access_key_id, "ASIAONE");
	assert_string_equal(credentials_get(c, &e)->access_key_id, "ASIAONE");
	assert_int_equal(s.asked, 2); /* not at every call */
	f.now_ms += 2 * MINUTE;
	assert_string_equal(credentials_get(c, &e)->access_key_id, "ASIATWO");
	assert_int_equal(s.asked, 3);
	/* Another source turns up in the middle of a run: it is not ours. */
	setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRIT", 1);
	f.now_ms += 200 * MINUTE;
	assert_null(credentials_get(c, &e));
	assert_non_null(strstr(e.message, "container"));
	assert_true(credentials_renew(c, "ASIAONE")); /* renewed since */
	assert_false(credentials_renew(c, "ASIATWO"));
	fake_close(&f);
}

static void test_renewing_keeps_the_account(void **state)
{
	(void)state;
	struct fake f;
	struct err e;
	fake_open(&f, "[default]\naws_account_id = 111122223333\n" STATIC, "");
	struct credential_chain *c = credentials_open(f.arena, &f.setting);
	assert_string_equal(credentials_get(c, &e)->access_key_id, "AKIDFILE");
	assert_false(credentials_renew(c, "AKIDFILE")); /* the same key is no new one */
	aws_env_file(f.config, "[default]\naws_account_id = 444455556666\naws_access_key_id = AKIDX\n"
			       "aws_secret_access_key = SEKRITX\n");
	assert_false(credentials_renew(c, "AKIDFILE"));
	assert_string_equal(credentials_get(c, &e)->access_key_id, "AKIDFILE");
	aws_env_file(f.config, "[default]\naws_account_id = 111122223333\naws_access_key_id = AKIDX\n"
			       "aws_secret_access_key = SEKRITX\n");
	assert_true(credentials_renew(c, "AKIDFILE"));
	assert_string_equal(credentials_get(c, &e)->access_key_id, "AKIDX");
	fake_close(&f);
}

static void test_readable_files_are_told(void **state)
{
	(void)state;
	struct fake f;
	fake_open(&f, "", "[default]\n" STATIC);
	found(&f, "AKIDFILE", "profile");
	assert_string_equal(f.notes, "");
	chmod(f.credentials, 0644);
	found(&f, "AKIDFILE", "profile");
	assert_non_null(strstr(f.notes, "every user of this machine can read it"));
	fake_close(&f);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renewing),
		cmocka_unit_test(test_renewing_keeps_the_account),
		cmocka_unit_test(test_readable_files_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
