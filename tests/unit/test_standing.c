/* Standing approvals: the file's strict form, and what is inside a scope. */
#include "test.h"

#include "pare/standing.h"
#include "sample_plan.h"

#define RULES "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct standing sample(struct arena *a)
{
	struct standing s = {.name = "detach-unused",
			     .repository = "https://git.example/acme/iam-review.git",
			     .branch = "main",
			     .rules_sha256 = sha256_hex(a, "rules", 5),
			     .per_run = 5, .per_day = 20, .percent = 5,
			     .expires_at = "2027-06-30T00:00:00Z", .signers = 2};
	str_list_add(a, &s.accounts, "111122223333");
	str_list_add(a, &s.roles, "/app/*");
	str_list_add(a, &s.steps, "delete-unused-inline");
	str_list_add(a, &s.steps, "detach-unused-aws-managed");
	str_list_add(a, &s.steps, "replace-customer-managed");
	str_list_add(a, &s.steps, "replace-inline");
	str_list_add(a, &s.gates, "no-new-access");
	s.tag = arena_array(a, 1, sizeof *s.tag);
	s.tag[0] = (struct tag){"env", "prod"};
	s.tag_count = 1;
	return s;
}

static const char *text_of(struct arena *a, const struct standing *s, size_t *len)
{
	struct buf *b = buf_new(a, STANDING_MAX_BYTES);
	standing_print(s, b);
	*len = b->len;
	return arena_copy(a, b->data, b->len);
}

static void round_trip(void **state)
{
	struct arena *a = arena_new(NULL);
	struct standing s = sample(a);
	struct err e;
	size_t len;
	(void)state;
	const char *text = text_of(a, &s, &len);
	struct standing *got = standing_parse(a, text, len, "x", &e);
	if (got == NULL)
		fail_msg("%s", e.message);
	assert_string_equal(got->digest, sha256_hex(a, text, len));
	assert_string_equal(got->name, "detach-unused");
	assert_int_equal(got->steps.count, 4);
	assert_int_equal(got->per_day, 20);
	assert_string_equal(got->tag[0].value, "prod");
	arena_free(a);
}

static char *replaced(struct arena *a, const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);
	if (at == NULL)
		fail_msg("'%s' is not there", what);
	return str_printf(a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

static void wrong_files(void **state)
{
	static const struct {
		const char *what, *with, *says;
	} cases[] = {
		{"pare.standing/v1", "pare.standing/v2", "schema pare.standing/v1"},
		{"\"name\": \"detach-unused\"", "\"name\": \"../x\"", "'name'"},
		{"\"name\": \"detach-unused\"", "\"name\": \"\"", "'name'"},
		{"  \"signers\": 2", "  \"signers\": 2,\n  \"signers\": 2", "signers"}, /* twice */
		{"  \"signers\": 2", "  \"signers\": 0", "'signers'"},
		{"  \"signers\": 2", "  \"signers\": 2.5", "'signers'"},
		{"  \"signers\": 2", "  \"signers\": -1", "'signers'"},
		{"  \"signers\": 2", "  \"signers\": 2,\n  \"cap\": 1", "cap"},
		{"\"perRun\": 5", "\"perRun\": 0", "'perRun'"},
		{"\"perRun\": 5", "\"perRuns\": 5", "perRuns"},
		{"\"perDay\": 20", "\"perDay\": \"20\"", "'perDay'"},
		{"\"percent\": 5", "\"percent\": 101", "'percent'"},
		{"\"percent\": 5", "\"percent\": 5,\n    \"unlimited\": true", "unlimited"},
		{"111122223333", "11112222333", "'accounts'"},
		{"111122223333", "*", "'accounts'"},
		{"\"/app/*\"", "\"*\"", "'roles'"},
		{"\"/app/*\"", "1", "'roles'"},
		{"\"/app/*\"", "\"/b\",\n      \"/a\"", "sorted"},
		{"\"/app/*\"", "\"/a\",\n      \"/a\"", "sorted"},
		{"replace-inline", "replace-everything", "'steps'"},
		{"no-new-access", "no-access", "'gates'"},
		{"\"rulesSha256\": \"", "\"rulesSha256\": \"x", "'rulesSha256'"},
		{"2027-06-30T00:00:00Z", "2027-06-31T00:00:00Z", "'expiresAt'"},
		{"2027-06-30T00:00:00Z", "2027-06-30", "'expiresAt'"},
		{"2027-06-30T00:00:00Z", "never", "'expiresAt'"},
		{"\"key\": \"env\"", "\"Key\": \"env\"", "Key"},
		{"\"value\": \"prod\"", "\"value\": null", "'tags'"},
		{"\"repository\": \"https://git.example/acme/iam-review.git\"", "\"repository\": \"\"", "'repository'"},
		{"  \"name\"", "    \"name\"", "canonical"},
		{"\"branch\": \"main\"", "\"branch\": \"m\\u0061in\"", "canonical"},
		{"}\n", "} \n", "canonical"},
	};
	struct arena *a = arena_new(NULL);
	struct standing s = sample(a);
	struct err e;
	size_t len;
	(void)state;
	const char *text = text_of(a, &s, &len);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *bad = strcmp(cases[i].what, "}\n") == 0
				    ? str_printf(a, "%.*s} \n", (int)len - 2, text)
				    : replaced(a, text, cases[i].what, cases[i].with);
		if (standing_parse(a, bad, strlen(bad), "x", &e) != NULL)
			fail_msg("taken: %s", cases[i].with);
		if (strstr(e.message, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].with, e.message);
	}
	/* every prefix is none, and so is anything behind it */
	for (size_t n = 0; n < len; n++)
		assert_null(standing_parse(a, text, n, "x", &e));
	char *more = str_printf(a, "%s{}", text);
	assert_null(standing_parse(a, more, strlen(more), "x", &e));
	arena_free(a);
}

static void covers(void **state)
{
	struct arena *a = arena_new(NULL);
	struct standing s = sample(a);
	struct plan *p = sample_plan(a);
	(void)state;
	const char *why = standing_outside(a, &s, p, sample_principal(a));
	if (why != NULL)
		fail_msg("%s", why);
	assert_string_equal(standing_step_kind(p, 0), "replace-customer-managed");
	assert_string_equal(standing_step_kind(p, 2), "replace-inline");
	assert_string_equal(standing_step_kind(p, 3), "replace-customer-managed");
	assert_string_equal(standing_step_kind(p, 4), "replace-inline");
	assert_string_equal(standing_step_kind(p, 5), "detach-unused-aws-managed");
	arena_free(a);
}

static struct arena *mem;
static struct standing st;
static struct plan *pl;
static struct principal *role;

static void fresh(void)
{
	if (mem != NULL)
		arena_free(mem);
	mem = arena_new(NULL);
	st = sample(mem);
	pl = sample_plan(mem);
	role = sample_principal(mem);
	assert_null(standing_outside(mem, &st, pl, role));
}

static void outside(const char *says)
{
	const char *why = standing_outside(mem, &st, pl, role);
	if (why == NULL)
		fail_msg("covered; expected: %s", says);
	if (strstr(why, says) == NULL)
		fail_msg("'%s' lacks '%s'", why, says);
}

static void outside_the_scope(void **state)
{
	(void)state;
	fresh();
	st.accounts.item[0] = "999988887777";
	outside("account 111122223333");
	fresh();
	st.roles.item[0] = "/app";
	outside("role '/app/AppRole'");
	fresh();
	st.roles.item[0] = "/APP/*"; /* case matters */
	outside("role '/app/AppRole'");
	fresh();
	st.tag[0].value = "dev";
	outside("no tag env=dev");
	fresh();
	st.tag[0].key = "Env";
	outside("no tag Env=prod");
	fresh();
	st.rules_sha256 = RULES;
	outside("made for the rules");
	fresh();
	st.repository = "https://git.example/other.git";
	outside("another repository");
	fresh();
	st.branch = "release";
	outside("another repository or branch");
	fresh();
	st.gates.item[0] = "only-unused-lost"; /* the plan has no such gate */
	outside("gate only-unused-lost");
	fresh();
	pl->gate[0].result = GATE_UNKNOWN;
	outside("gate no-new-access");
	fresh();
	pl->gate[1].result = GATE_FAIL; /* one that the scope does not name */
	outside("not every gate passes");
	fresh();
	pl->step_count = 0;
	outside("no step");
	fresh();
	pl->undoes = RULES;
	outside("rollback");
	fresh();
	pl->principal.type = PRINCIPAL_USER;
	outside("step 1");
}

/* Each kind by itself is needed; a step that names another policy than its slot is no kind. */
static void outside_the_kinds(void **state)
{
	(void)state;
	for (size_t i = 1; i < 4; i++) {
		fresh();
		const char *gone = st.steps.item[i];
		st.steps.item[i] = "archive-finding";
		outside(gone);
	}
	fresh();
	pl->step[5].action.policy_arn = "arn:aws:iam::aws:policy/Other";
	outside("step 6 (DetachRolePolicy)");
	fresh();
	pl->step[5].source_policy = NULL;
	outside("step 6 (DetachRolePolicy)");
	fresh();
	pl->step[5].source_policy = "arn:aws:iam::111122223333:policy/x";
	pl->step[5].action.policy_arn = pl->step[5].source_policy;
	outside("step 6 (detach-unused-customer-managed)");
	fresh();
	pl->step[5].action.op = STEP_ATTACH_ROLE_POLICY; /* an addition of an AWS-managed policy */
	outside("replace-aws-managed");
	fresh();
	pl->step[5].action.op = STEP_ARCHIVE_FINDING;
	outside("archive-finding");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),	     cmocka_unit_test(wrong_files),
		cmocka_unit_test(covers),	     cmocka_unit_test(outside_the_scope),
		cmocka_unit_test(outside_the_kinds),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (mem != NULL)
		arena_free(mem);
	return failed;
}
