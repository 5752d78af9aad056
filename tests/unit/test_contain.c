/* The prover's edges: caps, reasons, what the first level may and may not close, provenance. */
#include "test.h"

#include "../../src/policy/cover.h"
#include "../../src/policy/glob.h"
#include "policies.h"

static const struct catalog *catalog;

static struct policy_set set_of(struct arena *a, const char *statements)
{
	return policies_of_text(
		a, str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements), "text");
}

#define ALLOW(action, resource) \
	"{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":" resource "}"

static struct proof ask(struct arena *a, const char *before, const char *after,
			const struct proof_caps *caps)
{
	struct policy_set was = set_of(a, before), is = set_of(a, after);
	struct proof p = prove_no_new_allow(a, was, is, catalog, caps);
	assert_true(witness_holds(&p, was, is));
	assert_non_null(p.reason);
	return p;
}

/* A cap that is reached is UNKNOWN and says so; with the default the same question is decided. */
static void cap_is_unknown(struct proof_caps small, const char *words, const char *before,
			   const char *after)
{
	struct arena *a = arena_new(NULL);
	struct proof_caps normal = proof_caps_default();
	struct proof p = ask(a, before, after, &small);
	assert_int_equal(p.verdict, PROOF_UNKNOWN);
	if (strstr(p.reason, words) == NULL)
		fail_msg("%s: expected '%s' in it", p.reason, words);
	assert_true(p.statement_count > 0);
	assert_int_equal(ask(a, before, after, &normal).verdict, PROOF_PROVED);
	arena_free(a);
}

static const char *wide_before(struct arena *a)
{
	struct buf *b = buf_new(a, 1 << 16);
	const char *keys = "abcdefgh";
	for (const char *k = keys; *k != '\0'; k++)
		for (int no = 0; no < 2; no++)
			buf_printf(b, "%s{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{"
				      "\"String%sEquals\":{\"aws:PrincipalTag/%c\":\"1\"},\"StringLike\":"
				      "{\"aws:PrincipalTag/z\":\"%c\"}}}",
				   b->len > 0 ? "," : "", no ? "Not" : "", *k, *k);
	return b->data;
}

static void test_caps(void **state)
{
	(void)state;
	struct proof_caps caps = proof_caps_default();
	struct arena *a = arena_new(NULL);
	caps.states = 10;
	cap_is_unknown(caps, "the cap on states", ALLOW("\"s3:*\"", "[\"arn:aws:s3:::b/?*\",\"arn:aws:s3:::b/\"]"),
		       ALLOW("\"s3:*\"", "\"arn:aws:s3:::b/*\""));
	cap_is_unknown(caps, "the cap on states", ALLOW("[\"service:?*x*\",\"service:x*\"]", "\"*\""),
		       ALLOW("\"service:*x*\"", "\"*\""));
	caps = proof_caps_default();
	caps.contexts = 4;
	cap_is_unknown(caps, "the cap on contexts", wide_before(a),
		       "{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\",\"Condition\":"
		       "{\"StringEquals\":{\"aws:PrincipalTag/z\":[\"a\",\"b\",\"c\"]}}}");
	caps = proof_caps_default();
	for (caps.steps = 0; caps.steps < 40; caps.steps += 13)
		cap_is_unknown(caps, "the cap on steps",
			       ALLOW("\"s3:*\"", "[\"arn:aws:s3:::b/?*\",\"arn:aws:s3:::b/\"]"),
			       ALLOW("\"s3:*\"", "\"arn:aws:s3:::b/*\""));
	arena_free(a);
}

/* However small the budget, never a wrong PROVED. */
static void test_every_budget(void **state)
{
	(void)state;
	for (uint64_t steps = 0; steps < 3000; steps += 7) {
		struct arena *a = arena_new(NULL);
		struct proof_caps caps = proof_caps_default();
		caps.steps = steps;
		struct proof p = ask(a, ALLOW("\"s3:*\"", "[\"arn:aws:s3:::b/?*\",\"arn:aws:s3:::c\"]"),
				     ALLOW("\"s3:*\"", "\"arn:aws:s3:::b/*\""), &caps);
		assert_int_not_equal(p.verdict, PROOF_PROVED);
		arena_free(a);
	}
}

static const char *many_statements(struct arena *a, size_t count)
{
	struct buf *b = buf_new(a, 1 << 17);
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s{\"Effect\":\"Allow\",\"Action\":\"a:%zu\",\"Resource\":\"*\"}",
			   i > 0 ? "," : "", i);
	return b->data;
}

static void test_many_statements(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	struct proof p = ask(a, many_statements(a, 900), ALLOW("\"b:x\"", "\"*\""), &caps);
	assert_int_equal(p.verdict, PROOF_UNKNOWN);
	assert_non_null(strstr(p.reason, "the number of statements"));
	p = ask(a, many_statements(a, 300), ALLOW("\"b:x\"", "\"*\""), &caps);
	assert_int_equal(p.verdict, PROOF_REFUTED);
	arena_free(a);
}

static void test_nothing(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	struct policy_set none = {NULL, 0}, some = set_of(a, ALLOW("\"s3:*\"", "\"*\""));
	struct proof p = prove_no_new_allow(a, none, none, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_PROVED);
	assert_true(p.syntactic);
	assert_int_equal(prove_no_new_allow(a, some, none, catalog, &caps).verdict, PROOF_PROVED);
	p = prove_no_new_allow(a, none, some, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_REFUTED);
	assert_string_equal(p.question, "no-new-allow");
	assert_string_equal(p.witness->kind, "feasible");
	assert_int_equal(p.statement_count, 1);
	assert_ptr_equal(p.statements[0], &some.policy[0]->statements[0]);
	p = prove_only_unused_lost(a, some, none, NULL, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_REFUTED);
	assert_string_equal(proof_verdict_name(p.verdict), "REFUTED");
	arena_free(a);
}

/* An action that the catalogue does not know is not judged, and that is said. */
static void test_uncatalogued(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	struct policy_set was = set_of(a, ALLOW("[\"s3:GetObject\",\"s3:FetchMoon\"]", "\"*\""));
	struct policy_set is = set_of(a, ALLOW("\"s3:GetObject\"", "\"*\""));
	struct proof p = prove_only_unused_lost(a, was, is, NULL, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_PROVED);
	assert_non_null(strstr(p.reason, "s3:FetchMoon"));
	arena_free(a);
}

/* What is not understood is proved only where it stays as it is. */
static void test_not_understood(void **state)
{
	(void)state;
	static const char strange[] =
		"{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{}}}";
	static const char strange_deny[] = "{\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\","
					   "\"Condition\":{\"Sounds\":{\"aws:username\":\"x\"}}}";
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	const char *all = ALLOW("\"s3:*\"", "\"*\"");
	assert_int_equal(ask(a, strange, strange, &caps).verdict, PROOF_PROVED);
	assert_int_equal(ask(a, all, strange, &caps).verdict, PROOF_PROVED);
	assert_int_equal(ask(a, strange, all, &caps).verdict, PROOF_UNKNOWN);
	assert_int_equal(ask(a, strange, ALLOW("\"s3:GetObject\"", "\"*\""), &caps).verdict, PROOF_UNKNOWN);
	assert_int_equal(ask(a, all, ALLOW("\"sqs:*\"", "\"*\""), &caps).verdict, PROOF_REFUTED);
	assert_int_equal(ask(a, strange, "{\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\"}", &caps).verdict,
			 PROOF_UNKNOWN);
	assert_int_equal(ask(a, "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[]}", all, &caps).verdict,
			 PROOF_UNKNOWN);
	/* which operator is empty, or which of two spellings comes last, may matter */
	assert_int_equal(ask(a, "{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{"
				"\"StringLike\":{}}}", strange, &caps).verdict, PROOF_UNKNOWN);
	static const char spelled[] =
		"{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
		"{\"aws:username\":\"a\"},\"stringequals\":{\"aws:username\":\"b\"}}}";
	static const char otherwise[] =
		"{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"stringequals\":"
		"{\"aws:username\":\"a\"},\"StringEquals\":{\"aws:username\":\"b\"}}}";
	assert_int_equal(ask(a, spelled, spelled, &caps).verdict, PROOF_PROVED);
	assert_int_equal(ask(a, spelled, otherwise, &caps).verdict, PROOF_UNKNOWN);
	/* a Deny nobody understands: kept is fine, lost is not, new can only take away */
	const char *with = str_printf(a, "%s,%s", all, strange_deny);
	assert_int_equal(ask(a, with, with, &caps).verdict, PROOF_PROVED);
	assert_int_equal(ask(a, with, all, &caps).verdict, PROOF_UNKNOWN);
	assert_int_equal(ask(a, all, with, &caps).verdict, PROOF_PROVED);
	assert_int_equal(ask(a, with, str_printf(a, "%s,%s", with, ALLOW("\"sqs:*\"", "\"*\"")), &caps).verdict,
			 PROOF_REFUTED);
	arena_free(a);
}

static void test_first_level(void **state)
{
	(void)state;
	static const struct {
		const char *inner, *outer;
		bool within;
	} cases[] = {
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b*", true},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b/*", false},
		{"arn:aws:sqs:eu:1:q", "arn:aws:sqs:*:1:q", true},
		{"arn:aws:sqs:eu:1:q", "arn:aws:sqs:*:q", false},
		{"arn:aws:sqs:*:q", "arn:aws:sqs:*:q", true},
		{"arn:aws:sqs:*:*:q", "arn:aws:sqs:eu:*:q", false},
		{"arn:aws:s3:::${aws:username}", "arn:aws:s3:::?", false},
		{"arn:aws:s3:::${aws:username}", "arn:aws:s3:::*", true},
		{"arn:aws:s3:::${aws:username}/a", "arn:aws:s3:::${aws:username}/*", true},
		{"arn:aws:s3:::${aws:username}", "arn:aws:s3:::${aws:userid}", false},
		{"arn:aws:s3:::${*}", "arn:aws:s3:::*", true},
		{"arn:aws:s3:::*", "arn:aws:s3:::${*}", false},
		{"arn:aws:s3:::x", "arn:aws:s3:::${aws:username}", false},
		{"arn:aws:s3:::\u00e9", "arn:aws:s3:::??", false},
		{"arn:aws:s3:::\u00e9", "arn:aws:s3:::\u00e9", true},
		{"arn:aws:s3:::\u00e9", "*", true},
		{"*", "arn:*:*:*:*:*", false},
		{"arn:aws:s3:::b?", "arn:aws:s3:::b*", true},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b?", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (cover_resource(cases[i].inner, cases[i].outer) != cases[i].within)
			fail_msg("%s in %s", cases[i].inner, cases[i].outer);
	assert_false(glob_disjoint("a:\u00e9", "a:?b", true));
	assert_true(glob_disjoint("a:x*", "a:y*", true));
	assert_false(glob_disjoint("a:x*", "a:*y", true));
	assert_true(glob_text("?", "\u00e9", false));
	assert_false(glob_text("??", "\u00e9", false));
	assert_true(glob_text("*?b", "\u00e9b", false));
}

/* "${" is text in one of the two languages: the first level must not compare across them. */
static void test_versions(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct proof_caps caps = proof_caps_default();
	static const char statement[] = "\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\","
					"\"Resource\":\"arn:aws:s3:::${aws:username}\"}}";
	struct policy_set old = policies_of_text(a, str_printf(a, "{%s", statement), "old");
	struct policy_set new = policies_of_text(
		a, str_printf(a, "{\"Version\":\"2012-10-17\",%s", statement), "new");
	struct proof p = prove_no_new_allow(a, old, new, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_REFUTED);
	assert_true(witness_holds(&p, old, new));
	p = prove_no_new_allow(a, new, old, catalog, &caps);
	assert_int_equal(p.verdict, PROOF_REFUTED);
	assert_true(witness_holds(&p, new, old));
	assert_int_equal(prove_no_new_allow(a, old, old, catalog, &caps).verdict, PROOF_PROVED);
	arena_free(a);
}

static void test_provenance(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct policy_set was = set_of(a, ALLOW("[\"s3:Get*\",\"s3:Put*\"]", "\"arn:aws:s3:::b/*\"") ","
					  ALLOW("\"sqs:*\"", "\"*\""));
	struct policy_set is = set_of(a, ALLOW("\"s3:GetObject\"", "\"arn:aws:s3:::b/*\"") ","
					 ALLOW("\"s3:GetObject\"", "\"arn:aws:s3:::b/1/*\"") ","
					 ALLOW("\"sqs:SendMessage\"", "\"*\"") ","
					 "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}");
	size_t count;
	struct provenance *from = provenance_of(a, was, is, &count);
	assert_int_equal(count, 3);
	assert_ptr_equal(from[0].now, &is.policy[0]->statements[0]);
	assert_ptr_equal(from[0].from, &was.policy[0]->statements[0]);
	assert_null(from[1].from);
	assert_ptr_equal(from[2].from, &was.policy[0]->statements[1]);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_every_budget),
		cmocka_unit_test(test_many_statements),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_uncatalogued),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_first_level),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_provenance),
	};
	struct arena *a = arena_new(NULL);
	catalog = catalog_embedded(a);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(a);
	return failed;
}
