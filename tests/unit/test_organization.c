/* Ids and tags of an organization; which accounts a run is about; and waves by unit and tag, against
 * an organization in this file. */
#include "test.h"

#include <string.h>

#include "pare/account_choice.h"

/* --- ids --- */

static void ids(void **state)
{
	static const char *const good[] = {"r-ab12", "ou-ab12-34cd56ef", "r-0123456789abcdefghijklmnopqrstuv",
					   "ou-ab12-0123456789abcdefghijklmnopqrstuv"};
	static const char *const bad[] = {"", "r-", "r-abc", "r-AB12", "r-ab12 ", "ou-ab12", "ou-ab12-", "ou-ab12-1234567",
					  "ou-ab12-34cd56eF", "ou-ab-34cd56ef", "ou-ab12-34cd56ef-1", "ou-ab12-34cd56ef/..",
					  "ou-ab12-0123456789abcdefghijklmnopqrstuvw", "r-0123456789abcdefghijklmnopqrstuvw",
					  "111122223333", "xou-ab12-34cd56ef", "ou-ab12-34cd56ef\n"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!unit_id_valid(good[i]))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (unit_id_valid(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
	assert_false(unit_id_valid(NULL));
}

static void tag_pairs(void **state)
{
	(void)state;
	assert_true(account_tag_valid("env=dev"));
	assert_true(account_tag_valid("env="));
	assert_true(account_tag_valid("env=a=b"));
	assert_false(account_tag_valid("env"));
	assert_false(account_tag_valid("=dev"));
	assert_false(account_tag_valid(""));
	assert_false(account_tag_valid(NULL));
	assert_true(account_tag_is("env=dev", &(struct tag){"env", "dev"}));
	assert_true(account_tag_is("env=a=b", &(struct tag){"env", "a=b"}));
	assert_true(account_tag_is("env=", &(struct tag){"env", ""}));
	assert_false(account_tag_is("env=dev", &(struct tag){"env", "develop"}));
	assert_false(account_tag_is("env=dev", &(struct tag){"env", "de"}));
	assert_false(account_tag_is("env=dev", &(struct tag){"Env", "dev"}));
	assert_false(account_tag_is("env=dev", &(struct tag){"en", "v=dev"}));
	assert_false(account_tag_is("env=", &(struct tag){"env", "dev"}));
}

/* --- an organization ---
 * r-root: 1, 2 (SUSPENDED)
 *   ou-root-dev00000: 3 env=dev team=a, 4 env=dev
 *     ou-root-devdeep0: 5 env=dev, 6 (CLOSED) env=dev
 *   ou-root-prod0000: 7 env=prod, 8 env=prod
 *   ou-root-empty000: nothing
 *   ou-root-closed00: 9 (PENDING_CLOSURE)
 *   ou-root-loop0000: contains itself */
#define ID(n) "10000000000" #n

static const struct {
	const char *id, *state, *unit, *tag[3];
} people[] = {
	{ID(7), "ACTIVE", "ou-root-prod0000", {"env", "prod"}},
	{ID(1), "ACTIVE", "r-root", {NULL}},
	{ID(2), "SUSPENDED", "r-root", {NULL}},
	{ID(3), "ACTIVE", "ou-root-dev00000", {"env", "dev", "team"}},
	{ID(4), "ACTIVE", "ou-root-dev00000", {"env", "dev"}},
	{ID(5), "ACTIVE", "ou-root-devdeep0", {"env", "dev"}},
	{ID(6), "CLOSED", "ou-root-devdeep0", {"env", "dev"}},
	{ID(8), "ACTIVE", "ou-root-prod0000", {"env", "prod"}},
	{ID(9), "PENDING_CLOSURE", "ou-root-closed00", {NULL}},
	{ID(1), "ACTIVE", "r-root", {NULL}}, /* it stood on two pages */
};
enum { PEOPLE = sizeof people / sizeof people[0] };
static const struct {
	const char *id, *in;
} units[] = {{"ou-root-dev00000", "r-root"},	{"ou-root-prod0000", "r-root"},
	     {"ou-root-empty000", "r-root"},	{"ou-root-closed00", "r-root"},
	     {"ou-root-devdeep0", "ou-root-dev00000"}, {"ou-root-loop0000", "ou-root-loop0000"}};
enum { UNITS = sizeof units / sizeof units[0] };

static struct arena *a;
static struct err e;
static size_t asked_tags, asked_units;
static char notes[2048];
static bool stop;

static bool accounts(void *self, struct arena *arena, struct member_account **out, size_t *count, struct err *why)
{
	(void)self;
	(void)why;
	*out = arena_array(arena, PEOPLE, sizeof **out);
	*count = PEOPLE;
	for (size_t i = 0; i < PEOPLE; i++)
		(*out)[i] = (struct member_account){people[i].id, "", people[i].state};
	return true;
}

static bool inside(void *self, struct arena *arena, const char *unit, struct str_list *in,
		   struct str_list *below, struct err *why)
{
	bool known = strcmp(unit, "r-root") == 0;
	(void)self;
	asked_units++;
	for (size_t i = 0; i < PEOPLE; i++)
		if (strcmp(people[i].unit, unit) == 0)
			str_list_add(arena, in, people[i].id);
	for (size_t i = 0; i < UNITS; i++) {
		known = known || strcmp(units[i].id, unit) == 0;
		if (strcmp(units[i].in, unit) == 0)
			str_list_add(arena, below, units[i].id);
	}
	return known || err_set(why, ERR_NOT_FOUND, "there is no '%s'", unit);
}

static bool tags(void *self, struct arena *arena, const char *account, struct tag **out, size_t *count,
		 struct err *why)
{
	(void)self;
	(void)why;
	asked_tags++;
	*count = 0;
	*out = arena_array(arena, 2, sizeof **out);
	for (size_t i = 0; i < PEOPLE; i++) {
		if (strcmp(people[i].id, account) != 0 || people[i].tag[0] == NULL || *count > 0)
			continue;
		(*out)[(*count)++] = (struct tag){people[i].tag[0], people[i].tag[1]};
		if (people[i].tag[2] != NULL)
			(*out)[(*count)++] = (struct tag){people[i].tag[2], "a"};
	}
	return true;
}

static void take_note(void *self, const char *line)
{
	(void)self;
	strncat(notes, line, sizeof notes - strlen(notes) - 1);
}

static void take_step(void *self, const char *activity, size_t done, size_t total)
{
	(void)self;
	(void)activity;
	assert_true(total == 0 || done < total);
}

static int64_t clock_now(void *self)
{
	(void)self;
	return 0;
}

static bool clock_interrupted(void *self)
{
	(void)self;
	return stop;
}

static const struct organization_port port = {NULL, accounts, inside, tags};
static const struct clock_port fake_clock = {.now_ms = clock_now, .interrupted = clock_interrupted};
static const struct progress_port progress = {NULL, take_step, take_note};

static int setup(void **state)
{
	(void)state;
	a = arena_new(NULL);
	asked_tags = asked_units = 0;
	notes[0] = '\0';
	stop = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct account_choice *open_choice(void)
{
	struct account_choice *c = account_choice_open(a, &port, &fake_clock, &progress, &e);
	assert_non_null(c);
	return c;
}

/* Words separated by spaces. */
static struct str_list words(const char *text)
{
	struct str_list out = {0};
	for (size_t i = 0; text != NULL; i++) {
		const char *word = str_part(a, text, ' ', i, false);
		if (word == NULL)
			break;
		str_list_add(a, &out, word);
	}
	return out;
}

static void chosen(const char *by_account, const char *by_unit, const char *by_tag, const char *wanted)
{
	struct str_list account = words(by_account), unit = words(by_unit), tag = words(by_tag), got;
	const struct account_filter f = {&account, &unit, &tag};
	const char *text = "";
	if (!account_choice_select(open_choice(), &f, &got, &e)) {
		if (wanted != NULL)
			fail_msg("%s", e.message);
		assert_int_equal(got.count, 0);
		return;
	}
	for (size_t i = 0; i < got.count; i++)
		text = str_printf(a, "%s%s", text, got.item[i] + 11);
	if (wanted == NULL)
		fail_msg("chose %s", text);
	assert_string_equal(text, wanted);
}

static void choosing(void **state)
{
	(void)state;
	chosen(NULL, "ou-root-dev00000", NULL, "345");
	assert_non_null(strstr(notes, "left out, not active in the organization: " ID(6) " (CLOSED)"));
	assert_int_equal(asked_tags, 0);
	chosen(NULL, "ou-root-devdeep0", NULL, "5");
	chosen(NULL, "ou-root-devdeep0 ou-root-prod0000", NULL, "578");
	chosen(NULL, "r-root", NULL, "134578");
	chosen(NULL, NULL, "env=dev", "345");
	chosen(NULL, NULL, "env=dev team=a", "3");
	chosen(NULL, "r-root", "env=prod", "78");
	chosen(ID(3) " " ID(7), "ou-root-dev00000", NULL, "3");
	chosen(ID(4), "r-root", "env=dev", "4");
}

/* Tags are asked only of accounts that are still in question. */
static void few_questions(void **state)
{
	(void)state;
	chosen(ID(4), NULL, "env=dev team=b", NULL);
	assert_int_equal(asked_tags, 1);
	asked_tags = 0;
	chosen(NULL, "ou-root-dev00000", "env=dev", "345");
	assert_int_equal(asked_tags, 3);
	assert_int_equal(asked_units, 2);
}

/* Nothing chosen is never everything. */
static void nothing_chosen(void **state)
{
	(void)state;
	chosen(NULL, "ou-root-empty000", NULL, NULL);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.message, "choosing accounts by --ou ou-root-empty000: no active account of the "
				       "organization fits");
	chosen(NULL, "ou-root-closed00", NULL, NULL);
	assert_non_null(strstr(notes, ID(9) " (PENDING_CLOSURE)"));
	chosen(NULL, NULL, "env=nowhere", NULL);
	chosen(NULL, NULL, "env=dev env=prod", NULL);
	chosen(ID(7), "ou-root-dev00000", NULL, NULL);
	chosen("999999999999", "r-root", NULL, NULL);
	chosen(NULL, "ou-root-loop0000", NULL, NULL);
	chosen(NULL, "ou-root-none0000", NULL, NULL);
	assert_non_null(strstr(e.message, "there is no 'ou-root-none0000'"));
}

static void interrupted(void **state)
{
	struct str_list none = {0}, unit = words("r-root"), got;
	const struct account_filter f = {&none, &unit, &none};
	struct account_choice *c = open_choice();
	(void)state;
	stop = true;
	assert_false(account_choice_select(c, &f, &got, &e));
	assert_int_equal(e.kind, ERR_INTERRUPTED);
	assert_null(account_choice_open(a, &port, &fake_clock, NULL, &e));
}

/* --- waves --- */

/* "3 | ou-root-dev00000 | env=prod": waves of ids (their last digit), units and tags. */
static size_t waves_of(const char *text, struct wave *w)
{
	size_t count = 0;
	for (;; count++) {
		const char *part = str_part(a, text, '|', count, false);
		if (part == NULL)
			return count;
		struct str_list list = words(part);
		w[count] = (struct wave){0};
		for (size_t i = 0; i < list.count; i++) {
			const char *x = list.item[i];
			if (*x != '\0')
				str_list_add(a,
					     unit_id_valid(x)		? &w[count].unit
					     : account_tag_valid(x) ? &w[count].tag
								    : &w[count].account,
					     *x >= '0' && *x <= '9' ? str_printf(a, "10000000000%s", x) : x);
		}
	}
}

/* NULL: refused. */
static const char *settled(const char *text, const char *run)
{
	struct wave w[8];
	size_t count = waves_of(text, w);
	struct str_list of_run = {0};
	const char *out = "";
	for (const char *x = run; *x != '\0'; x++)
		str_list_add(a, &of_run, str_printf(a, "10000000000%c", *x));
	if (!account_choice_waves(open_choice(), w, count, &of_run, &e))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < w[i].account.count; k++)
			out = str_printf(a, "%s%s", out, w[i].account.item[k] + 11);
		out = str_printf(a, "%s|", out);
	}
	return out;
}

static void waves(void **state)
{
	(void)state;
	assert_string_equal(settled("ou-root-devdeep0|env=dev|env=prod", "134578"), "5|345|78|");
	assert_int_equal(asked_tags, 6);
	assert_string_equal(settled("3|ou-root-dev00000 7", "35"), "3|735|");
	assert_string_equal(settled("ou-root-dev00000 env=dev", "345"), "345|");
	assert_string_equal(settled("team=a|r-root", "138"), "3|138|");
	assert_string_equal(settled("1|3", "13"), "1|3|");
}

/* A wave that nobody of this run is in is no trouble; one that nobody at all is in would put the
 * first last. */
static void empty_waves(void **state)
{
	(void)state;
	assert_string_equal(settled("env=dev|env=prod", "78"), "|78|");
	assert_string_equal(settled("ou-root-dev00000|env=prod", "78"), "|78|");
	assert_null(settled("7|env=canary", "78"));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.message, "key 'waves[2]': no active account of the organization has the tag 'env=canary'"));
	assert_null(settled("ou-root-empty000|env=prod", "78"));
	assert_non_null(strstr(e.message, "key 'waves[1]': no active account of the organization is in 'ou-root-empty000'"));
	assert_null(settled("ou-root-closed00", "78"));
	assert_null(settled("ou-root-none0000|env=prod", "78"));
	assert_non_null(strstr(e.message, "key 'waves[1]': there is no 'ou-root-none0000'"));
}

static void closed_accounts(void **state)
{
	struct account_choice *c = open_choice();
	(void)state;
	assert_string_equal(account_choice_inactive(c, ID(2)), "SUSPENDED");
	assert_null(account_choice_inactive(c, ID(3)));
	assert_null(account_choice_inactive(c, "999999999999"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ids), T(tag_pairs), T(choosing), T(few_questions), T(nothing_chosen), T(interrupted),
		T(waves), T(empty_waves), T(closed_accounts),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
