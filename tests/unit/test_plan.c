#include "test.h"

#include <stdio.h>
#include <stdlib.h>
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

static struct plan *sealed(void)
{
	struct err e;
	struct plan *p = sample_plan(a);
	assert_true(plan_seal(a, p, &e));
	return p;
}

static void what_is_printed_is_what_is_read(void **state)
{
	(void)state;
	struct err e = {0};
	struct plan *p = sealed(), *q = plan_parse(a, p->bytes, p->len, "x", &e);
	if (q == NULL)
		fail_msg("%s", e.message);
	assert_int_equal(q->len, p->len);
	assert_memory_equal(q->bytes, p->bytes, p->len);
	assert_string_equal(q->digest, p->digest);
	assert_string_equal(q->digest, sha256_hex(a, p->bytes, p->len));
	assert_string_equal(q->id, p->id);
	assert_int_equal(q->step_count, 6);
	assert_string_equal(q->step[2].action.document, SAMPLE_LIST_NEW);
	assert_string_equal(q->step[0].action.tag[1].value, SAMPLE_READER);
	assert_int_equal(q->decision.count, 2);
	assert_int_equal(q->decision.verdict[1].kind, VERDICT_KEEP);
	assert_true(str_list_has(&q->decision.verdict[1].keep, "s3:Get*"));
	assert_int_equal(q->impact.actions_removed, 38);
	assert_null(q->preconditions.boundary);
	assert_true(plan_all_pass(q));
	assert_false(plan_archives_only(q));
	assert_null(plan_undoes(q));
	/* canonical: ASCII and line feeds only, one at the end */
	for (size_t i = 0; i < p->len; i++)
		assert_true(p->bytes[i] == '\n' || (p->bytes[i] >= 0x20 && p->bytes[i] < 0x7f));
	assert_int_equal(p->bytes[p->len - 1], '\n');
	assert_memory_equal(p->bytes, "{\n  \"schema\": \"pare.plan/v1\",\n  \"id\": \"20261124T030923Z-", 54);
}

/* Every single-byte change is refused, or is another plan: with another digest. Never the same plan
 * from other bytes. */
static void every_changed_byte_is_refused_or_another_plan(void **state)
{
	(void)state;
	struct plan *p = sealed();
	static const unsigned char flips[] = {0x01, 0x20};
	char *text = malloc(p->len);
	size_t read = 0;
	for (size_t i = 0; i < p->len; i++) {
		struct arena *scratch = arena_new(NULL);
		for (size_t k = 0; k < sizeof flips; k++) {
			struct err e;
			memcpy(text, p->bytes, p->len);
			text[i] = (char)((unsigned char)text[i] ^ flips[k]);
			struct plan *q = plan_parse(scratch, text, p->len, "x", &e);
			if (q == NULL)
				continue;
			read++;
			if (strcmp(q->digest, p->digest) == 0)
				fail_msg("byte %zu ^ %02x: same digest", i, flips[k]);
			if (q->len != p->len || memcmp(q->bytes, text, p->len) != 0)
				fail_msg("byte %zu ^ %02x: other bytes", i, flips[k]);
		}
		arena_free(scratch);
	}
	assert_true(read > 0); /* the texts of reasons and evidence may be anything */
	/* documents are bound to their digests: no byte of one may change alone */
	const char *document = strstr(p->bytes, "sqs:ReceiveMessage");
	assert_non_null(document);
	memcpy(text, p->bytes, p->len);
	text[document - p->bytes] = 'x';
	struct err e;
	assert_null(plan_parse(a, text, p->len, "x", &e));
	assert_non_null(strstr(e.message, "documentSha256"));
	free(text);
}

static void every_missing_or_added_byte_is_refused(void **state)
{
	(void)state;
	struct plan *p = sealed();
	struct err e;
	char *text = malloc(p->len + 1);
	for (size_t i = 0; i < p->len; i++) {
		struct arena *scratch = arena_new(NULL);
		assert_null(plan_parse(scratch, p->bytes, i, "x", &e)); /* cut */
		memcpy(text, p->bytes, i);
		memcpy(text + i, p->bytes + i + 1, p->len - i - 1);
		struct plan *q = plan_parse(scratch, text, p->len - 1, "x", &e);
		assert_true(q == NULL || strcmp(q->digest, p->digest) != 0);
		memcpy(text, p->bytes, i);
		text[i] = ' ';
		memcpy(text + i + 1, p->bytes + i, p->len - i);
		q = plan_parse(scratch, text, p->len + 1, "x", &e);
		assert_true(q == NULL || strcmp(q->digest, p->digest) != 0);
		arena_free(scratch);
	}
	memcpy(text, p->bytes, p->len);
	text[p->len] = '\n';
	assert_null(plan_parse(a, text, p->len + 1, "x", &e));
	free(text);
	assert_null(plan_parse(a, "", 0, "x", &e));
}

/* The plan's text with `from` replaced by `to`, once; the test fails when `from` is not in it. */
static struct plan *edited(const char *from, const char *to, struct err *e)
{
	struct plan *p = sealed();
	const char *at = strstr(p->bytes, from);
	if (at == NULL)
		fail_msg("the sample lacks '%s'", from);
	const char *text = str_printf(a, "%.*s%s%s", (int)(at - p->bytes), p->bytes, to, at + strlen(from));
	*e = (struct err){0};
	return plan_parse(a, text, strlen(text), "plan.json", e);
}

static void edits_are_refused_with_a_reason(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *reason;
	} cases[] = {
		{"pare.plan/v1", "pare.plan/v2", "schema 'pare.plan/v2'"},
		{"  \"branch\": \"main\",\n", "", "expected the text 'branch'"},
		{"  \"branch\": \"main\",\n", "  \"branch\": null,\n", "got null"},
		{"  \"branch\": \"main\",\n", "  \"branch\": 7,\n", "expected the text 'branch'"},
		{"  \"branch\": \"main\",\n", "  \"branch\": \"main\",\n  \"branch\": \"main\",\n", "stands twice"},
		{"  \"branch\": \"main\",\n", "  \"branch\": \"main\",\n  \"extra\": 1,\n", "unknown member 'extra'"},
		{"  \"branch\": \"main\",\n  \"createdAt\": \"2026-11-24T03:09:23Z\",\n",
		 "  \"createdAt\": \"2026-11-24T03:09:23Z\",\n  \"branch\": \"main\",\n", "canonical form"},
		{"\"branch\": \"main\"", "\"branch\":  \"main\"", "canonical form"},
		{"\"branch\": \"main\"", "\"branch\": \"m\\u0061in\"", "canonical form"},
		{"\"actionsBefore\": 40", "\"actionsBefore\": 4e1", "integer"},
		{"\"actionsBefore\": 40", "\"actionsBefore\": 40.0", "integer"},
		{"\"actionsBefore\": 40", "\"actionsBefore\": -0", "canonical form"},
		{"\"result\": \"pass\"", "\"result\": \"maybe\"", "canonical form"},
		{"\"result\": \"pass\"", "\"result\": \"pass\",\n      \"more\": 1", "canonical form"},
		{"\"id\": \"2026", "\"id\": \"../2026", "id '../2026"},
		{"\"id\": \"20261124", "\"id\": \"20261125", "expected '20261124T030923Z-111122223333-AppRole-'"},
		{"-AppRole-", "-OtherRole-", "id '"},
		{"\"account\": \"111122223333\"", "\"account\": \"11112222333\"", "expected twelve digits"},
		{"\"account\": \"111122223333\"", "\"account\": \"999988887777\"", "does not agree"},
		{"\"partition\": \"aws\"", "\"partition\": \"aws-cn\"", "does not agree"},
		{"\"type\": \"role\"", "\"type\": \"user\"", "does not agree"},
		{"\"type\": \"role\"", "\"type\": \"group\"", "expected role or user"},
		{"\"name\": \"AppRole\"", "\"name\": \"OtherRole\"", "does not agree"},
		{"\"path\": \"/app/\"", "\"path\": \"/\"", "does not agree"},
		{"\"createdAt\": \"2026-11-24T03:09:23Z\"", "\"createdAt\": \"yesterday\"", "expected times"},
		{"\"expiresAt\": \"2026-12-01T03:09:23Z\"", "\"expiresAt\": \"\"", "expected times"},
		{"\"tagsSha256\": \"", "\"tagsSha256\": \"0", "expected 64 hex digits"},
		{"\"outcome\": \"keep\"", "\"outcome\": \"maybe\"", "unknown decision"},
		{"\"outcome\": \"keep\"", "\"outcome\": \"rollback\"", "must name the one plan it undoes"},
		{"\"verdict\": \"pass\"", "\"verdict\": \"nod\"", "unknown verdict"},
		{"\"n\": 2,", "\"n\": 3,", "step 2 is numbered 3"},
		{"\"n\": 2,", "\"n\": 0,", "expected 'n'"},
		{"\"op\": \"AttachRolePolicy\"", "\"op\": \"AttachGroupPolicy\"", "unknown op"},
		{"\"op\": \"AttachRolePolicy\"", "\"op\": \"AttachUserPolicy\"", "the inverse of AttachUserPolicy"},
		{"\"op\": \"AttachRolePolicy\"", "\"op\": \"DetachRolePolicy\"", "the inverse of DetachRolePolicy"},
		{"\"path\": \"/pare/\"", "\"path\": \"/\"", "with the path '/pare/'"},
		{"\"policyName\": \"reader-recommended-0123abcd\"", "\"policyName\": \"other\"", "expected 'arn:aws:iam::111122223333:policy/pare/other'"},
		{"\"attached\": [", "\"attached\": [\n      1,", "expected the text 'arn'"},
		{"\"gates\": [", "\"gates\": [\n    null,", "expected the text 'gate'"},
		{"\"steps\": [", "\"steps\": [\n    [],", "expected an object"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e;
		if (edited(cases[i].from, cases[i].to, &e) != NULL)
			fail_msg("'%s' to '%s' was accepted", cases[i].from, cases[i].to);
		if (strstr(e.message, cases[i].reason) == NULL || strstr(e.message, "plan.json") == NULL)
			fail_msg("'%s' to '%s': %s", cases[i].from, cases[i].to, e.message);
	}
	/* and one that is allowed: another plan, but a plan */
	struct err e;
	struct plan *q = edited("\"evidence\": \"proved\"", "\"evidence\": \"proven\"", &e);
	assert_non_null(q);
	assert_string_not_equal(q->digest, sealed()->digest);
	q = edited("\"result\": \"pass\"", "\"result\": \"unknown\"", &e);
	assert_non_null(q);
	assert_false(plan_all_pass(q));
}



static void other_arn(struct plan *p)
{
	/* proved on its own small document, would attach somebody else's policy */
	p->step[0].action.policy_arn = p->step[0].inverse.policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess";
	p->step[1].action.policy_arn = p->step[1].inverse.policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess";
}
static void other_account(struct plan *p)
{
	p->step[3].action.policy_arn = p->step[3].inverse.policy_arn = "arn:aws:iam::999988887777:policy/reader";
}
static void not_a_policy(struct plan *p)
{
	p->step[3].action.policy_arn = p->step[3].inverse.policy_arn = "arn:aws:iam::111122223333:role/reader";
}
static void other_document(struct plan *p)
{
	p->step[0].action.document = SAMPLE_AWS_DOCUMENT;
}
static void other_inverse_document(struct plan *p)
{
	p->step[4].inverse.document = SAMPLE_LIST_NEW;
	p->step[4].inverse.document_sha256 = p->step[2].action.document_sha256;
}
static void other_inverse_name(struct plan *p)
{
	p->step[2].inverse.policy_name = "List";
}
static void other_inverse_arn(struct plan *p)
{
	p->step[1].inverse.policy_arn = SAMPLE_AWS;
}
static void deletes_what_is_not_its_own(struct plan *p)
{
	p->step[0].inverse.policy_arn = SAMPLE_READER;
}
static void overwrites_an_inline_policy(struct plan *p)
{
	p->step[2].action.policy_name = p->step[2].inverse.policy_name = "list"; /* IAM's names have no case */
}
static void user_step_on_a_role(struct plan *p)
{
	p->step[5].action.op = STEP_DETACH_USER_POLICY;
	p->step[5].inverse.op = STEP_ATTACH_USER_POLICY;
}
static void unsorted(struct plan *p)
{
	struct precondition_attached x = p->preconditions.attached[0];
	p->preconditions.attached[0] = p->preconditions.attached[1];
	p->preconditions.attached[1] = x;
}
static void twice(struct plan *p)
{
	p->preconditions.attached[1] = p->preconditions.attached[0];
}
static void no_steps(struct plan *p)
{
	p->step_count = 0;
}
static void bad_digest(struct plan *p)
{
	p->preconditions.inline_policy[0].document_sha256 = "";
}

/* Plans that are canonical, but whose members contradict each other. */
static void contradictions_are_refused(void **state)
{
	(void)state;
	static const struct {
		void (*change)(struct plan *p);
		const char *reason;
	} cases[] = {
		{other_arn, "CreatePolicy of 'arn:aws:iam::aws:policy/AdministratorAccess'"},
		{other_account, "no policy of account 111122223333 or of AWS"},
		{not_a_policy, "no policy of account"},
		{other_document, "documentSha256 is not that of its document"},
		{other_inverse_document, "not about the same thing"},
		{other_inverse_name, "not about the same thing"},
		{other_inverse_arn, "not about the same thing"},
		{deletes_what_is_not_its_own, "not about the same thing"},
		{overwrites_an_inline_policy, "would overwrite the inline policy 'list'"},
		{user_step_on_a_role, "DetachUserPolicy does not fit a role"},
		{unsorted, "must be sorted"},
		{twice, "must be sorted"},
		{no_steps, "no steps"},
		{bad_digest, "expected 64 hex digits"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		struct plan *p = sample_plan(a);
		cases[i].change(p);
		assert_true(plan_seal(a, p, &e));
		if (plan_parse(a, p->bytes, p->len, "x", &e) != NULL)
			fail_msg("case %zu was accepted", i);
		if (strstr(e.message, cases[i].reason) == NULL)
			fail_msg("case %zu: %s", i, e.message);
	}
}

static void sizes_have_a_ceiling(void **state)
{
	(void)state;
	struct err e = {0};
	struct plan *p = sample_plan(a);
	char *big = malloc(PLAN_MAX_BYTES + 2);
	memset(big, 'x', PLAN_MAX_BYTES + 1);
	big[PLAN_MAX_BYTES + 1] = '\0';
	assert_null(plan_parse(a, big, PLAN_MAX_BYTES + 1, "x", &e));
	assert_int_equal(e.kind, ERR_LIMIT);
	p->gate[0].evidence = big;
	assert_false(plan_seal(a, p, &e));
	assert_int_equal(e.kind, ERR_LIMIT);
	big[PLAN_MAX_BYTES / 2] = '\0';
	assert_true(plan_seal(a, p, &e));
	assert_non_null(plan_parse(a, p->bytes, p->len, "x", &e));
	free(big);
}

static void a_rollback_names_what_it_undoes(void **state)
{
	(void)state;
	struct err e = {0};
	struct plan *p = sample_plan(a), *q;
	p->undoes = sha256_hex(a, "plan", 4);
	p->undoes_reason = "undoes plan x";
	p->source.recommendation_sha256 = NULL;
	assert_true(plan_seal(a, p, &e));
	q = plan_parse(a, p->bytes, p->len, "x", &e);
	if (q == NULL)
		fail_msg("%s", e.message);
	assert_string_equal(plan_undoes(q), p->undoes);
	assert_int_equal(q->decision.count, 0);
	p->undoes = "not a digest";
	assert_true(plan_seal(a, p, &e));
	assert_null(plan_parse(a, p->bytes, p->len, "x", &e));
}

static void archiving_alone_is_known(void **state)
{
	(void)state;
	struct err e = {0};
	struct plan *p = sample_plan(a);
	struct step s = {.n = 1,
			 .action = {.op = STEP_ARCHIVE_FINDING, .finding = p->source.finding,
				    .analyzer = p->source.analyzer}};
	s.inverse = s.action;
	s.inverse.op = STEP_UNARCHIVE_FINDING;
	p->step[0] = s;
	p->step_count = 1;
	assert_true(plan_seal(a, p, &e));
	assert_true(plan_archives_only(plan_parse(a, p->bytes, p->len, "x", &e)));
	p->step[0].inverse.finding = "another";
	assert_true(plan_seal(a, p, &e));
	assert_null(plan_parse(a, p->bytes, p->len, "x", &e));
}

static void ids(void **state)
{
	(void)state;
	/* 8 hex of SHA-256 over "ARN\nrecommendation" */
	char *id = plan_id(a, 1795489763999, SAMPLE_ACCOUNT, "AppRole", SAMPLE_ARN, "ab");
	const char *text = SAMPLE_ARN "\nab";
	assert_string_equal(id, str_printf(a, "20261124T030923Z-111122223333-AppRole-%.8s",
					   sha256_hex(a, text, strlen(text))));
	assert_string_not_equal(id, plan_id(a, 1795489763999, SAMPLE_ACCOUNT, "AppRole", SAMPLE_ARN, "ac"));
	assert_string_not_equal(id, plan_id(a, 1795489763999, SAMPLE_ACCOUNT, "AppRole",
					    "arn:aws:iam::111122223333:role/AppRole", "ab"));
	assert_string_equal(plan_folder(a, sealed()), str_printf(a, "accounts/111122223333/plans/%s", sealed()->id));
}

static void base_names(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"reader", "reader"},
		{"reader-recommended-0123abcd", "reader"},
		{"reader-recommended", "reader"},
		{"reader-recommended-2", "reader"},
		{"reader-recommended-0123abcd-recommended-89abcdef", "reader"},
		{"reader-recommended-recommended", "reader"},
		{"-recommended-0123abcd", "-recommended-0123abcd"},
		{"team-recommended-baseline", "team-recommended-baseline"},
		{"team-recommended-baseline-recommended-0123abcd", "team-recommended-baseline"},
		{"x-recommendedness", "x-recommendedness"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(policy_base_name(a, cases[i][0]), cases[i][1]);
}

static void gates(void **state)
{
	(void)state;
	struct plan *p = sample_plan(a);
	assert_true(plan_all_pass(p));
	assert_string_equal(plan_gate(p, "quota")->evidence, "inside IAM's quotas");
	assert_null(plan_gate(p, "quot"));
	p->gate[1].result = GATE_UNKNOWN;
	assert_false(plan_all_pass(p));
	p->gate[1].result = GATE_FAIL;
	assert_false(plan_all_pass(p));
	p->gate_count = 0;
	assert_false(plan_all_pass(p)); /* a plan that nothing was asked of did not pass */
}

static void outcomes(void **state)
{
	(void)state;
	struct err e = {0};
	struct plan *p = sample_plan(a);
	const struct principal *now = sample_principal(a);
	/* attached and inline after each step */
	static const size_t attached[] = {2, 2, 3, 3, 2, 2, 1}, inlines[] = {1, 1, 1, 2, 2, 1, 1};
	for (size_t n = 0; n <= 7; n++) {
		const struct principal *x = plan_outcome_after(a, p, now, n, &e);
		assert_non_null(x);
		assert_int_equal(x->attached_count, attached[n < 6 ? n : 6]);
		assert_int_equal(x->inline_count, inlines[n < 6 ? n : 6]);
	}
	const struct principal *x = plan_outcome(a, p, now, &e);
	assert_string_equal(x->attached[0].document, SAMPLE_READER_NEW);
	assert_string_equal(x->attached[0].document_sha256, p->step[0].action.document_sha256);
	assert_string_equal(x->inline_policy[0].name, "List-recommended-89abcdef");
	assert_string_equal(x->inline_policy[0].document, SAMPLE_LIST_NEW);
	/* the principal before is untouched */
	assert_int_equal(now->attached_count, 2);
	assert_string_equal(now->inline_policy[0].document, SAMPLE_LIST_DOCUMENT);
	/* carried out twice it is the same */
	const struct principal *again = plan_outcome(a, p, x, &e);
	assert_int_equal(again->attached_count, 1);
	assert_int_equal(again->inline_count, 1);
	/* what is attached without saying what is in it cannot be proved */
	p->step[0] = sample_step(1, STEP_ATTACH_ROLE_POLICY, STEP_DETACH_ROLE_POLICY,
				 "arn:aws:iam::aws:policy/AdministratorAccess", NULL);
	assert_null(plan_outcome(a, p, now, &e));
	assert_non_null(strstr(e.message, "AdministratorAccess"));
}

static const char *difference(const struct plan *p, const struct principal *live)
{
	struct err e = {0};
	if (plan_identity_holds(p, live, &e))
		return "";
	assert_int_equal(e.kind, ERR_STALE);
	return arena_strdup(a, e.message);
}

#define ASSERT_NAMES(p, live, text) assert_non_null(strstr(difference(p, live), text))

static void identity_names_what_moved(void **state)
{
	(void)state;
	const struct plan *p = sample_plan(a);
	struct principal *live = sample_principal(a);
	assert_string_equal(difference(p, live), "");

	live->unique_id = "AROAANOTHER";
	ASSERT_NAMES(p, live, "deleted and made anew");
	live->unique_id = NULL;
	ASSERT_NAMES(p, live, "deleted and made anew");
	live = sample_principal(a);
	live->arn = "arn:aws:iam::111122223333:role/AppRole";
	ASSERT_NAMES(p, live, "its ARN is 'arn:aws:iam::111122223333:role/AppRole' now");
	live = sample_principal(a);
	live->boundary = SAMPLE_READER;
	ASSERT_NAMES(p, live, "permissions boundary");
	live = sample_principal(a);
	live->tag[0].value = "other";
	ASSERT_NAMES(p, live, "tags");
	live = sample_principal(a);
	live->tag_count = 1;
	ASSERT_NAMES(p, live, "tags");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_printed_is_what_is_read), TEST(every_changed_byte_is_refused_or_another_plan),
		TEST(every_missing_or_added_byte_is_refused), TEST(edits_are_refused_with_a_reason),
		TEST(contradictions_are_refused), TEST(sizes_have_a_ceiling), TEST(a_rollback_names_what_it_undoes),
		TEST(archiving_alone_is_known), TEST(ids), TEST(base_names), TEST(gates), TEST(outcomes),
		TEST(identity_names_what_moved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
