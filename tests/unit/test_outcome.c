#include "test.h"

#include <string.h>

#include "pare/outcome.h"
#include "pare/str.h"
#include "sample_plan.h"

static struct arena *a;

static int set_up(void **state)
{
	(void)state;
	a = arena_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void kinds_have_names(void **state)
{
	(void)state;
	enum outcome_kind k;
	for (int i = OUTCOME_PLANNED; i <= OUTCOME_FAILED; i++) {
		assert_true(outcome_parse_kind(outcome_name((enum outcome_kind)i), &k));
		assert_int_equal(k, i);
	}
	assert_false(outcome_parse_kind("lost", &k));
	assert_false(outcome_parse_kind(NULL, &k));
}

static const char *sample_run(void)
{
	struct err e;
	struct finding *f = arena_alloc(a, sizeof *f), *g = arena_alloc(a, sizeof *g);
	*f = (struct finding){.id = "f-1", .type_text = "UnusedPermission", .resource = SAMPLE_ARN,
			      .owner_account = SAMPLE_ACCOUNT};
	*g = (struct finding){.id = "f-2", .type_text = "UnusedIAMRole"};
	struct plan *p = sample_plan(a);
	assert_true(plan_seal(a, p, &e));
	struct outcome outcomes[2] = {
		{.kind = OUTCOME_PLANNED, .reason = "planned", .finding = f, .decision = p->decision, .plan = p},
		{.kind = OUTCOME_UNSUPPORTED, .reason = "no recommendation for this type", .finding = g},
	};
	outcomes[0].decision.verdict[1].owner = "payments";
	struct run r = {.analyzer = NULL, .created_at = "2026-11-24T03:09:23Z", .outcome = outcomes, .count = 2,
			.principals_seen = 12, .aws_calls = 3};
	struct buf *b = buf_new(a, 1 << 20);
	run_print(&r, b);
	return b->data;
}

static void a_run_reads_back(void **state)
{
	(void)state;
	struct err e = {0};
	const char *text = sample_run();
	struct run_record *r = run_parse(a, text, strlen(text), "run.json", &e);
	if (r == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(r->count, 2);
	assert_null(r->analyzer);
	assert_int_equal(r->entry[0].kind, OUTCOME_PLANNED);
	assert_string_equal(r->entry[0].plan_id, sample_plan(a)->id);
	assert_non_null(r->entry[0].plan_digest);
	assert_int_equal(r->entry[0].gate_count, 2);
	assert_string_equal(r->entry[0].gate[1].name, "quota");
	assert_int_equal(r->entry[0].decision.outcome, VERDICT_KEEP);
	assert_string_equal(r->entry[0].decision.verdict[1].owner, "payments");
	assert_int_equal(r->entry[1].kind, OUTCOME_UNSUPPORTED);
	assert_null(r->entry[1].plan_id);
	assert_null(r->entry[1].resource);
	assert_string_equal(r->entry[1].reason, "no recommendation for this type");
	const struct json *totals = json_get(json_parse(a, text, strlen(text), "x", &e), "totals");
	int64_t n;
	assert_true(json_integer(json_get(totals, "findings"), &n) && n == 2);
	assert_true(json_integer(json_get(totals, "planned"), &n) && n == 1);
	assert_true(json_integer(json_get(totals, "unsupported"), &n) && n == 1);
	assert_true(json_integer(json_get(totals, "held"), &n) && n == 0);
	assert_true(json_integer(json_get(totals, "actionsRemoved"), &n) && n == 38);
	assert_true(json_integer(json_get(totals, "principalsSeen"), &n) && n == 12);
}

static void damaged_runs_are_refused_or_harmless(void **state)
{
	(void)state;
	struct err e;
	static const char *const refused[] = {
		"", "[]", "{}", "{\"schema\":\"pare.run/v1\"}", "{\"schema\":\"pare.run/v2\",\"outcomes\":[]}",
		"{\"schema\":\"pare.run/v1\",\"outcomes\":{}}", "{\"schema\":\"pare.run/v1\",\"outcomes\":[1]}",
		"{\"schema\":\"pare.run/v1\",\"outcomes\":[{\"outcome\":\"planned\"}]}",
		"{\"schema\":\"pare.run/v1\",\"outcomes\":[{\"finding\":\"f\",\"outcome\":\"lost\"}]}",
	};
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		assert_null(run_parse(a, refused[i], strlen(refused[i]), "x", &e));
	/* whatever is missing, nothing that views print is NULL */
	const char *thin = "{\"schema\":\"pare.run/v1\",\"outcomes\":[{\"finding\":\"f\",\"outcome\":\"held\",\"gates\":[1,{}],"
			   "\"decision\":{\"outcome\":\"odd\",\"verdicts\":[null,{\"verdict\":\"odd\"}]}}]}";
	struct run_record *r = run_parse(a, thin, strlen(thin), "x", &e);
	assert_non_null(r);
	assert_string_equal(r->entry[0].reason, "");
	assert_int_equal(r->entry[0].gate_count, 2);
	assert_string_equal(r->entry[0].gate[0].name, "");
	assert_string_equal(r->entry[0].gate[1].evidence, "");
	assert_int_equal(r->entry[0].gate[1].result, GATE_UNKNOWN);
	assert_string_equal(r->entry[0].decision.verdict[0].rule, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {TEST(kinds_have_names), TEST(a_run_reads_back),
					   TEST(damaged_runs_are_refused_or_harmless)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
