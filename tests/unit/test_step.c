#include "test.h"

#include <string.h>

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

static const char *printed(const struct step *s)
{
	struct json_writer w;
	struct buf *b = buf_new(a, 1 << 20);
	json_start(&w, b, true);
	step_print(s, &w);
	return b->data;
}

static bool read_text(const char *text, struct step *out, struct err *e)
{
	*e = (struct err){0};
	const struct json *v = json_parse(a, text, strlen(text), "x", e);
	return v != NULL && step_parse(a, v, out, e);
}

static void ops_have_names(void **state)
{
	(void)state;
	enum step_op op;
	size_t adds = 0, removes = 0;
	for (int i = 0; i < STEP_OP_COUNT; i++) {
		assert_true(step_op_parse(step_op_name((enum step_op)i), &op));
		assert_int_equal(op, i);
		adds += step_adds(op);
		removes += step_removes(op);
		assert_false(step_adds(op) && step_removes(op));
		assert_false(step_op_for_role(op) && step_op_for_user(op));
	}
	assert_int_equal(adds, 5);
	assert_int_equal(removes, 5);
	assert_false(step_op_parse("", &op));
	assert_false(step_op_parse("createpolicy", &op));
	assert_false(step_op_parse("CreatePolicyVersion", &op)); /* nothing edits a policy in place */
}

static void steps_read_as_printed(void **state)
{
	(void)state;
	const struct plan *p = sample_plan(a);
	for (size_t i = 0; i < p->step_count; i++) {
		struct step s;
		struct err e;
		const char *text = printed(&p->step[i]);
		if (!read_text(text, &s, &e))
			fail_msg("%s: %s", text, e.message);
		assert_string_equal(printed(&s), text);
		assert_true(step_inverse_agrees(&s, &e));
	}
}

static void members_in_their_order(void **state)
{
	(void)state;
	const struct plan *p = sample_plan(a);
	assert_string_equal(printed(&p->step[5]),
			    "{\"n\":6,\"op\":\"DetachRolePolicy\",\"policyArn\":\"" SAMPLE_AWS "\",\"sourcePolicy\":\"" SAMPLE_AWS
			    "\",\"inverse\":{\"op\":\"AttachRolePolicy\",\"policyArn\":\"" SAMPLE_AWS "\"}}");
	struct step s = p->step[5];
	s.temporary = true;
	s.source_policy = NULL;
	assert_non_null(strstr(printed(&s), "\"temporary\":true,\"inverse\""));
	/* a rollback's attachment says what the policy held */
	s = sample_step(1, STEP_ATTACH_ROLE_POLICY, STEP_DETACH_ROLE_POLICY, SAMPLE_READER, NULL);
	s.action.document = SAMPLE_READER_DOCUMENT;
	s.action.document_sha256 = policy_text_digest(a, SAMPLE_READER_DOCUMENT);
	struct step back;
	struct err e;
	assert_true(read_text(printed(&s), &back, &e));
	assert_string_equal(back.action.document, SAMPLE_READER_DOCUMENT);
	assert_null(back.inverse.document);
}

static void bad_steps_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"[]", "expected an object"},
		{"{}", "expected 'n'"},
		{"{\"n\":\"1\"}", "expected 'n'"},
		{"{\"n\":0,\"op\":\"DetachRolePolicy\"}", "expected 'n'"},
		{"{\"n\":1001,\"op\":\"DetachRolePolicy\"}", "expected 'n'"},
		{"{\"n\":1}", "no inverse"},
		{"{\"n\":1,\"op\":\"Nuke\",\"inverse\":{}}", "unknown op 'Nuke'"},
		{"{\"n\":1,\"op\":7,\"inverse\":{}}", "unknown op ''"},
		{"{\"n\":1,\"op\":\"DetachRolePolicy\",\"inverse\":{}}", "expected the text 'policyArn'"},
		{"{\"n\":1,\"op\":\"DetachRolePolicy\",\"policyArn\":null,\"inverse\":{}}", "expected the text 'policyArn'"},
		{"{\"n\":1,\"op\":\"DetachRolePolicy\",\"policyArn\":\"x\",\"inverse\":[]}", "unknown op ''"},
		{"{\"n\":1,\"op\":\"DetachRolePolicy\",\"policyArn\":\"x\",\"inverse\":{\"op\":\"AttachRolePolicy\"}}", "expected the text 'policyArn'"},
		{"{\"n\":1,\"op\":\"DetachRolePolicy\",\"policyArn\":\"x\",\"policyArns\":1}", "did you mean 'policyArn'"},
		{"{\"n\":1,\"op\":\"PutRolePolicy\",\"policyName\":\"x\",\"document\":\"{}\",\"inverse\":{}}", "expected the text 'documentSha256'"},
		{"{\"n\":1,\"op\":\"CreatePolicy\",\"policyArn\":\"x\",\"policyName\":\"x\",\"path\":\"/\",\"document\":\"{}\",\"documentSha256\":\"x\",\"inverse\":{}}", "expected 'tags'"},
		{"{\"n\":1,\"op\":\"CreatePolicy\",\"policyArn\":\"x\",\"policyName\":\"x\",\"path\":\"/\",\"document\":\"{}\",\"documentSha256\":\"x\",\"tags\":[1],\"inverse\":{}}", "a tag"},
		{"{\"n\":1,\"op\":\"CreatePolicy\",\"policyArn\":\"x\",\"policyName\":\"x\",\"path\":\"/\",\"document\":\"{}\",\"documentSha256\":\"x\",\"tags\":[{\"key\":\"k\"}],\"inverse\":{}}", "'key' and 'value'"},
		{"{\"n\":1,\"op\":\"ArchiveFinding\",\"finding\":\"x\",\"inverse\":{}}", "expected the text 'analyzer'"},
		{"{\"n\":1,\"op\":\"ArchiveFinding\",\"finding\":null,\"analyzer\":null,\"inverse\":{}}", "expected the text 'finding'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct step s;
		struct err e;
		if (read_text(cases[i][0], &s, &e))
			fail_msg("%s was accepted", cases[i][0]);
		if (strstr(e.message, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], e.message);
	}
}

static void every_op_has_one_opposite(void **state)
{
	(void)state;
	for (int i = 0; i < STEP_OP_COUNT; i++) {
		size_t fits = 0;
		for (int k = 0; k < STEP_OP_COUNT; k++) {
			struct err e;
			struct step s = {.n = 1, .action = {.op = (enum step_op)i}, .inverse = {.op = (enum step_op)k}};
			struct step turned = {.n = 1, .action = s.inverse, .inverse = s.action};
			bool agrees = step_inverse_agrees(&s, &e);
			fits += agrees;
			assert_true(agrees == step_inverse_agrees(&turned, &e));
			if (agrees) /* what undoes an addition takes away, and the other way round */
				assert_true(step_adds((enum step_op)i) == step_removes((enum step_op)k));
		}
		assert_int_equal(fits, 1);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ops_have_names), TEST(steps_read_as_printed), TEST(members_in_their_order),
		TEST(bad_steps_are_refused), TEST(every_op_has_one_opposite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
