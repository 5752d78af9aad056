/* What stops the executor between two writes: stop orders, windows and the change calendar, each
 * with its refusals. */
#include "test.h"

#include <string.h>

#include "../../src/flow/guard.h"
#include "pare/when.h"
#include "sample_plan.h"

enum { START = 1795507200 }; /* 2026-11-24T08:00:00Z, a Tuesday */
#define NOW (START * 1000ll)

static struct {
	const char *stop, *main, *file;
	enum err_kind reading; /* of the file; ERR_NONE: it is there */
	bool down;
	size_t fetches;
} remote;

static bool fetch(void *self, struct err *e)
{
	(void)self;
	remote.fetches++;
	return !remote.down || err_set(e, ERR_UNAVAILABLE, "no connection");
}

static bool resolve(void *self, const char *ref, char oid[OID_HEX], struct err *e)
{
	(void)self;
	(void)e;
	const char *at = strcmp(ref, "refs/pare/stop") == 0 ? remote.stop
			 : strcmp(ref, "refs/heads/main") == 0 ? remote.main
							      : "";
	strcpy(oid, at);
	return true;
}

static bool read_file(void *self, struct arena *a, const char *commit, const char *path, size_t max,
		      const char **bytes, size_t *len, struct err *e)
{
	(void)self;
	(void)a;
	(void)max;
	assert_string_equal(commit, remote.main);
	assert_string_equal(path, "STOP");
	if (remote.reading != ERR_NONE)
		return err_set(e, remote.reading, "cannot read it");
	if (remote.file == NULL)
		return err_set(e, ERR_NOT_FOUND, "not there");
	*bytes = remote.file;
	*len = strlen(remote.file);
	return true;
}

static const struct review_port port = {.url = "git@git.example:x.git", .fetch = fetch,
					.resolve = resolve, .read = read_file};

static struct {
	bool open, fails;
	int64_t next_ms;
	size_t asked;
} calendar;

static bool calendar_state(void *self, const struct str_list *names, bool *open, int64_t *next_ms,
			   struct err *e)
{
	(void)self;
	assert_int_equal(names->count, 1);
	calendar.asked++;
	*open = calendar.open;
	*next_ms = calendar.next_ms;
	return !calendar.fails || err_set(e, ERR_UNAVAILABLE, "timed out");
}

static const struct calendar_port asked = {NULL, calendar_state};
static struct arena *a;
static struct config config;
static struct guard g;
static struct plan *plan;
static struct err e;
static struct window window;
static struct window_span span;
static struct window_freeze freeze;

static int setup(void **state)
{
	(void)state;
	a = arena_new(NULL);
	memset(&remote, 0, sizeof remote);
	memset(&calendar, 0, sizeof calendar);
	remote.stop = "";
	remote.main = "1111111111111111111111111111111111111111";
	calendar.open = true;
	config_default(a, &config);
	plan = sample_plan(a);
	window = (struct window){.span = &span, .freeze = &freeze};
	g = (struct guard){.arena = a, .config = &config, .review = &port, .calendar = &asked};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void says(const char *words)
{
	if (strstr(e.message, words) == NULL)
		fail_msg("'%s' lacks '%s'", e.message, words);
}

static void opens(const char *open, const char *frozen)
{
	const char *zone;
	if (open != NULL) {
		str_list_add(a, &config.window.open, open);
		assert_null(window_span_parse(a, open, &span, &zone));
		window.span_count = 1;
	}
	if (frozen != NULL) {
		str_list_add(a, &config.window.freeze, frozen);
		assert_null(window_freeze_parse(a, frozen, &freeze, &zone));
		window.freeze_count = 1;
	}
	config.window.read = &window;
}

/* --- stop --- */

static void nothing_ordered(void **state)
{
	(void)state;
	assert_true(guard_start(&g, NOW, &e));
	assert_true(guard_stop(&g, false, NOW + 4999, &e));
	assert_int_equal(remote.fetches, 0); /* at most every few seconds */
	assert_true(guard_stop(&g, false, NOW + 5000, &e));
	assert_true(guard_stop(&g, false, NOW + 9999, &e));
	assert_int_equal(remote.fetches, 1);
}

static void stop_by_ref(void **state)
{
	(void)state;
	assert_true(guard_start(&g, NOW, &e));
	remote.stop = remote.main;
	assert_true(guard_stop(&g, false, NOW + 4000, &e));
	assert_false(guard_stop(&g, false, NOW + 5000, &e));
	assert_int_equal(e.kind, ERR_REFUSED);
	says("ref 'refs/pare/stop' (to go on: git push git@git.example:x.git :refs/pare/stop)");
	assert_false(guard_stop(&g, true, NOW + 5001, &e)); /* undoing, too */
	remote.stop = "";
	assert_false(guard_stop(&g, false, NOW + 60000, &e)); /* this run is over */
	remote.stop = remote.main;
	assert_false(guard_start(&g, NOW, &e));
}

static void stop_by_file(void **state)
{
	(void)state;
	remote.file = "incident\x1b[31m 7\nmore";
	assert_false(guard_start(&g, NOW, &e));
	says("file 'STOP' on branch 'main' (remove it to go on): incident?[31m 7");
	remote.file = "";
	assert_false(guard_start(&g, NOW, &e));
	assert_null(strstr(e.message, "on): "));
	remote.reading = ERR_REFUSED; /* a symbolic link, a folder, too large */
	assert_false(guard_start(&g, NOW, &e));
	says("a stop is ordered");
	remote.reading = ERR_IO;
	assert_false(guard_start(&g, NOW, &e));
	says("looking for a stop");
	remote.reading = ERR_NONE;
	remote.file = NULL;
	remote.main = "";
	assert_false(guard_start(&g, NOW, &e));
	says("no branch 'main'");
}

/* Fail closed for what is new; what is being undone is undone. */
static void remote_out_of_reach(void **state)
{
	(void)state;
	assert_true(guard_start(&g, NOW, &e));
	remote.down = true;
	assert_true(guard_stop(&g, false, NOW + 5000, &e));
	assert_true(guard_stop(&g, false, NOW + 29999, &e));
	assert_false(guard_stop(&g, false, NOW + 30000, &e));
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	says("not known since 30 s");
	assert_true(guard_stop(&g, true, NOW + 30000, &e));
	assert_true(remote.fetches <= 6);
	remote.down = false;
	assert_true(guard_stop(&g, false, NOW + 35000, &e));
	/* the clock was set back: look again, and do not trust what was seen "later" */
	remote.down = true;
	assert_false(guard_stop(&g, false, NOW - 3600000, &e));
}

/* --- windows --- */

static void no_window(void **state)
{
	(void)state;
	assert_true(guard_window(&g, plan, false, NOW, &e));
	assert_int_equal(calendar.asked, 0);
	assert_string_equal(window_gate(a, &config, plan, NOW).evidence, "no change window is configured");
}

static void window_closes(void **state)
{
	(void)state;
	opens("Mon-Thu 09:00-16:00", NULL);
	assert_false(guard_window(&g, plan, false, NOW, &e));
	assert_int_equal(e.kind, ERR_REFUSED);
	says("the change window (Mon-Thu 09:00-16:00) is shut; it opens at 2026-11-24T09:00:00Z");
	assert_true(guard_window(&g, plan, false, NOW + 3600000, &e));
	assert_true(guard_window(&g, plan, false, NOW + 8 * 3600000ll - 1, &e));
	assert_false(guard_window(&g, plan, false, NOW + 8 * 3600000ll, &e));
	says("it opens at 2026-11-25T09:00:00Z");
	assert_true(guard_window(&g, plan, true, NOW, &e)); /* undoing is not stopped */
	plan->undoes = plan->decision.rules_sha256;	   /* nor is a rollback */
	assert_true(guard_window(&g, plan, false, NOW, &e));
}

static void freeze_holds(void **state)
{
	(void)state;
	opens(NULL, "2026-11-20/2026-11-30");
	assert_false(guard_window(&g, plan, false, NOW, &e));
	says("the freeze 2026-11-20/2026-11-30 holds; it opens at 2026-12-01T00:00:00Z");
	freeze.to_day += 100000;
	assert_false(guard_window(&g, plan, false, NOW, &e));
	says("nothing opens within 400 days");
}

static void not_understood(void **state)
{
	(void)state;
	str_list_add(a, &config.window.open, "whenever"); /* and nobody read it */
	assert_false(guard_window(&g, plan, false, NOW, &e));
	assert_int_equal(window_gate(a, &config, plan, NOW).result, GATE_UNKNOWN);
}

static void gates(void **state)
{
	(void)state;
	opens("Mon-Thu 09:00-16:00", "2026-11-25/2026-12-01");
	struct gate at = window_gate(a, &config, plan, NOW); /* the plan expires 2026-12-01T03:09:23Z */
	assert_int_equal(at.result, GATE_PASS);
	assert_string_equal(at.evidence, "opens at 2026-11-24T09:00:00Z, before the plan expires");
	at = window_gate(a, &config, plan, NOW + 3600000);
	assert_string_equal(at.evidence, "open until 2026-11-24T16:00:00Z");
	at = window_gate(a, &config, plan, NOW + 9 * 3600000ll);
	assert_int_equal(at.result, GATE_FAIL);
	assert_string_equal(at.evidence, "the change window (Mon-Thu 09:00-16:00) is shut, and nothing opens "
					 "before the plan expires at 2026-12-01T03:09:23Z");
	at = window_gate(a, &config, plan, NOW + 48 * 3600000ll);
	assert_string_equal(at.evidence, "the freeze 2026-11-25/2026-12-01 holds, and nothing opens before the "
					 "plan expires at 2026-12-01T03:09:23Z");
	str_list_add(a, &config.window.calendar, "arn:aws:ssm:eu-west-1:111122223333:document/x");
	at = window_gate(a, &config, plan, NOW + 3600000);
	assert_non_null(strstr(at.evidence, "; the change calendar is asked when it is applied"));
	plan->undoes = plan->decision.rules_sha256;
	at = window_gate(a, &config, plan, NOW + 48 * 3600000ll);
	assert_int_equal(at.result, GATE_PASS);
	assert_string_equal(at.evidence, "a rollback may be applied at any time");
}

/* --- the calendar --- */

static void calendar_asked(void **state)
{
	(void)state;
	str_list_add(a, &config.window.calendar, "arn:aws:ssm:eu-west-1:111122223333:document/x");
	assert_true(guard_window(&g, plan, false, NOW, &e));
	assert_true(guard_window(&g, plan, false, NOW + 4999, &e));
	assert_int_equal(calendar.asked, 1);
	calendar.open = false;
	calendar.next_ms = NOW + 3600000;
	assert_false(guard_window(&g, plan, false, NOW + 5000, &e));
	says("the change calendar (arn:aws:ssm:eu-west-1:111122223333:document/x) is closed; it changes at "
	     "2026-11-24T09:00:00Z");
	assert_true(guard_window(&g, plan, true, NOW + 5000, &e));
	calendar.open = true;
	calendar.fails = true;
	assert_false(guard_window(&g, plan, false, NOW + 10000, &e));
	says("asking the change calendar, without which nothing is changed: timed out");
	calendar.fails = false;
	assert_true(guard_window(&g, plan, false, NOW + 15000, &e));
	g.calendar = NULL;
	assert_false(guard_window(&g, plan, false, NOW + 20000, &e));
	says("it cannot be asked here");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(nothing_ordered), T(stop_by_ref),	 T(stop_by_file),
					   T(remote_out_of_reach), T(no_window), T(window_closes),
					   T(freeze_holds), T(not_understood),	 T(gates), T(calendar_asked)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
