#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "pare/arena.h"
#include "pare/principal.h"
#include "pare/str.h"

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

static bool add(struct account_state *s, const char *text, struct err *e)
{
	*e = (struct err){0};
	const struct json *v = json_parse(a, text, strlen(text), "state.json", e);
	if (v == NULL)
		fail_msg("%s", e->message);
	return account_state_add(a, s, v, "state.json", e);
}

#define OBJECT "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}"
#define TEXT \
	"\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3:GetObject\\\"," \
	"\\\"Resource\\\":\\\"*\\\"}]}\""
#define ENCODED \
	"\"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A" \
	"%22s3%3AGetObject%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D\""
#define ROLE(name, more) \
	"{\"Path\":\"/\",\"RoleName\":\"" name "\",\"RoleId\":\"AROA" name "\",\"Arn\":\"arn:aws:iam::111122223333:role/" name "\"" more "}"
#define PAGE(roles, policies) "{\"RoleDetailList\":[" roles "],\"Policies\":[" policies "],\"IsTruncated\":false}"
#define POLICY(name, version, document)                                                                             \
	"{\"PolicyName\":\"" name "\",\"Arn\":\"arn:aws:iam::111122223333:policy/" name "\",\"DefaultVersionId\":\"" version "\"," \
	"\"AttachmentCount\":2,\"PermissionsBoundaryUsageCount\":1,\"IsAttachable\":true,\"UpdateDate\":\"2026-01-01T00:00:00Z\"," \
	"\"PolicyVersionList\":[{\"VersionId\":\"v1\",\"IsDefaultVersion\":false,\"Document\":\"%7B%7D\"},{\"VersionId\":\"" version \
	"\",\"IsDefaultVersion\":true,\"Document\":" document "}]}"

static void documents_in_three_forms(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	assert_true(add(&s, PAGE(ROLE("App", ",\"AssumeRolePolicyDocument\":" OBJECT ",\"RolePolicyList\":["
				      "{\"PolicyName\":\"c\",\"PolicyDocument\":" ENCODED "},"
				      "{\"PolicyName\":\"a\",\"PolicyDocument\":" OBJECT "},"
				      "{\"PolicyName\":\"b\",\"PolicyDocument\":" TEXT "}]"), ""), &e));
	assert_true(account_state_settle(a, &s, &e));
	const struct principal *p = account_state_find(&s, "arn:aws:iam::111122223333:role/App");
	assert_non_null(p);
	assert_int_equal(p->inline_count, 3);
	assert_string_equal(p->trust, OBJECT);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(p->inline_policy[i].name[0], 'a' + (int)i);
		assert_string_equal(p->inline_policy[i].document, OBJECT);
		assert_string_equal(p->inline_policy[i].document_sha256, p->inline_policy[0].document_sha256);
	}
	/* raw text that has a percent sign of its own is left alone; plus stays plus */
	struct account_state t = {0};
	assert_true(add(&t, PAGE(ROLE("App", ",\"RolePolicyList\":[{\"PolicyName\":\"a\",\"PolicyDocument\":\" {\\\"Sid\\\":\\\"%41\\\"}\"},"
				      "{\"PolicyName\":\"b\",\"PolicyDocument\":\"%7B%22Sid%22:%22a+b%22%7D\"}]"), ""), &e));
	assert_true(account_state_settle(a, &t, &e));
	assert_string_equal(t.principal[0]->inline_policy[0].document, " {\"Sid\":\"%41\"}");
	assert_string_equal(t.principal[0]->inline_policy[1].document, "{\"Sid\":\"a+b\"}");
}

static void attachments_get_their_policies(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	/* policies may come on a later page than the roles that have them */
	assert_true(add(&s, PAGE(ROLE("App", ",\"AttachedManagedPolicies\":["
				      "{\"PolicyName\":\"reader\",\"PolicyArn\":\"arn:aws:iam::111122223333:policy/reader\"},"
				      "{\"PolicyArn\":\"arn:aws:iam::111122223333:policy/gone\"}]"), ""), &e));
	assert_true(add(&s, PAGE("", POLICY("reader", "v3", ENCODED)), &e));
	assert_true(account_state_settle(a, &s, &e));
	const struct principal *p = s.principal[0];
	assert_int_equal(p->attached_count, 2);
	const struct managed_policy *m = principal_attached(p, "arn:aws:iam::111122223333:policy/reader");
	assert_string_equal(m->document, OBJECT);
	assert_string_equal(m->default_version, "v3");
	assert_int_equal(m->attachment_count, 2);
	assert_int_equal(m->boundary_count, 1);
	assert_non_null(m->document_sha256);
	/* one that was not in the pages is there, unread: nothing can be proved with it */
	m = principal_attached(p, "arn:aws:iam::111122223333:policy/gone");
	assert_string_equal(m->name, "gone");
	assert_null(m->document);
	assert_int_equal(m->attachment_count, -1);
	struct policy_set set;
	assert_false(principal_policies(a, p, &set, &e));
	assert_non_null(strstr(e.message, "policy/gone"));
}

static void the_default_version_counts(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	/* what DefaultVersionId says, even where a flag contradicts it */
	assert_true(add(&s, PAGE("", "{\"Arn\":\"arn:aws:iam::111122223333:policy/x\",\"DefaultVersionId\":\"v2\",\"PolicyVersionList\":["
				     "{\"VersionId\":\"v1\",\"IsDefaultVersion\":true,\"Document\":\"{1}\"},"
				     "{\"VersionId\":\"v2\",\"IsDefaultVersion\":false,\"Document\":\"{2}\"}]}"), &e));
	assert_string_equal(s.policy[0]->document, "{2}");
	/* without it, the flag */
	assert_true(add(&s, PAGE("", "{\"Arn\":\"arn:aws:iam::111122223333:policy/y\",\"PolicyVersionList\":["
				     "{\"VersionId\":\"v1\",\"IsDefaultVersion\":false,\"Document\":\"{1}\"},"
				     "{\"VersionId\":\"v2\",\"IsDefaultVersion\":true,\"Document\":\"{2}\"}]}"), &e));
	assert_string_equal(s.policy[1]->document, "{2}");
	assert_string_equal(s.policy[1]->default_version, "v2");
	/* and without both, none */
	assert_true(add(&s, PAGE("", "{\"Arn\":\"arn:aws:iam::111122223333:policy/z\",\"PolicyVersionList\":[{\"Document\":\"{1}\"}]}"), &e));
	assert_null(s.policy[2]->document);
}

static void members_of_a_role(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	assert_true(add(&s, PAGE("{\"Path\":\"/app/\",\"RoleName\":\"R\",\"RoleId\":\"AROAX\",\"Arn\":\"arn:aws-cn:iam::111122223333:role/app/R\","
				 "\"CreateDate\":\"2020-01-01T00:00:00+00:00\",\"RoleLastUsed\":{\"LastUsedDate\":\"2026-01-01T00:00:00Z\",\"Region\":\"x\"},"
				 "\"PermissionsBoundary\":{\"PermissionsBoundaryType\":\"Policy\",\"PermissionsBoundaryArn\":\"arn:aws:iam::111122223333:policy/b\"},"
				 "\"Tags\":[{\"Key\":\"z\",\"Value\":\"1\"},{\"Key\":\"a\",\"Value\":\"\"}],\"InstanceProfileList\":[{}]}", ""), &e));
	assert_true(account_state_settle(a, &s, &e));
	const struct principal *p = s.principal[0];
	assert_string_equal(p->partition, "aws-cn");
	assert_string_equal(p->account, "111122223333");
	assert_string_equal(p->path, "/app/");
	assert_string_equal(p->unique_id, "AROAX");
	assert_string_equal(p->created_at, "2020-01-01T00:00:00+00:00");
	assert_string_equal(p->last_used_at, "2026-01-01T00:00:00Z");
	assert_string_equal(p->boundary, "arn:aws:iam::111122223333:policy/b");
	assert_string_equal(p->tag[0].key, "a");
	assert_null(p->trust);
}

static void users_with_groups(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	assert_true(add(&s, "{\"UserDetailList\":[{\"Path\":\"/\",\"UserName\":\"alice\",\"UserId\":\"AIDAX\","
			    "\"Arn\":\"arn:aws:iam::111122223333:user/alice\",\"GroupList\":[\"dev\",\"ops\"],"
			    "\"UserPolicyList\":[{\"PolicyName\":\"p\",\"PolicyDocument\":" OBJECT "}]}],"
			    "\"GroupDetailList\":[{\"GroupName\":\"dev\"}],\"RoleDetailList\":[],\"Policies\":[]}", &e));
	assert_true(account_state_settle(a, &s, &e));
	assert_int_equal(s.count, 1);
	assert_int_equal(s.principal[0]->type, PRINCIPAL_USER);
	assert_int_equal(s.principal[0]->groups.count, 2);
	assert_int_equal(s.principal[0]->inline_count, 1);
}

static void many_pages_are_found_by_arn(void **state)
{
	(void)state;
	struct account_state s = {0};
	struct err e;
	for (int i = 299; i >= 0; i--) {
		char *text = str_printf(a, PAGE("{\"RoleName\":\"r%03d\",\"RoleId\":\"AROA%03d\",\"Arn\":\"arn:aws:iam::111122223333:role/r%03d\"}",
						"{\"Arn\":\"arn:aws:iam::111122223333:policy/p%03d\"}"), i, i, i, i);
		assert_true(add(&s, text, &e));
	}
	assert_true(account_state_settle(a, &s, &e));
	assert_int_equal(s.count, 300);
	for (int i = 0; i < 300; i++) {
		const struct principal *p = account_state_find(&s, str_printf(a, "arn:aws:iam::111122223333:role/r%03d", i));
		assert_string_equal(p->unique_id, str_printf(a, "AROA%03d", i));
		assert_string_equal(p->path, "/"); /* from the ARN where it is not given */
	}
	assert_null(account_state_find(&s, "arn:aws:iam::111122223333:role/r300"));
	assert_null(account_state_find(&s, NULL));
	struct account_state none = {0};
	assert_true(account_state_settle(a, &none, &e));
	assert_null(account_state_find(&none, "x"));
}

static void pages_of_two_moments_are_refused(void **state)
{
	(void)state;
	struct err e;
	struct account_state s = {0};
	assert_true(add(&s, PAGE(ROLE("App", ""), ""), &e));
	assert_true(add(&s, PAGE(ROLE("App", ""), ""), &e));
	assert_false(account_state_settle(a, &s, &e));
	assert_non_null(strstr(e.message, "role/App' stands in it twice"));
	struct account_state t = {0};
	assert_true(add(&t, PAGE("", POLICY("p", "v2", OBJECT)), &e));
	assert_true(add(&t, PAGE("", POLICY("p", "v3", OBJECT)), &e));
	assert_false(account_state_settle(a, &t, &e));
	assert_non_null(strstr(e.message, "policy/p' stands in it twice"));
	/* the same again is no contradiction */
	struct account_state u = {0};
	assert_true(add(&u, PAGE("", POLICY("p", "v2", OBJECT)), &e));
	assert_true(add(&u, PAGE("", POLICY("p", "v2", ENCODED)), &e));
	assert_true(account_state_settle(a, &u, &e));
}

static void bad_pages_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"[]", "expected an object"},
		{"{}", "none of RoleDetailList"},
		{"{\"findings\":[]}", "none of RoleDetailList"},
		{"{\"RoleDetailList\":{}}", "expected a list"},
		{"{\"RoleDetailList\":[1]}", "expected principals to be objects"},
		{"{\"RoleDetailList\":[{}]}", "without 'Arn'"},
		{"{\"RoleDetailList\":[{\"Arn\":\"arn:aws:iam::1:role/x\"}]}", "without 'RoleName'"},
		{"{\"RoleDetailList\":[{\"Arn\":\"nothing\",\"RoleName\":\"x\",\"RoleId\":\"y\"}]}", "reading ARN"},
		{PAGE(ROLE("App", ",\"RolePolicyList\":{}"), ""), "an inline policy list to be a list"},
		{PAGE(ROLE("App", ",\"AttachedManagedPolicies\":\"x\""), ""), "AttachedManagedPolicies to be a list"},
		{PAGE(ROLE("App", ",\"Tags\":{\"a\":\"b\"}"), ""), "Tags to be a list"},
		{PAGE(ROLE("App", ",\"Tags\":[{\"Key\":\"a\"}]"), ""), "without 'Value'"},
		{PAGE(ROLE("App", ",\"RolePolicyList\":[{\"PolicyName\":\"a\"}]"), ""), "inline policy 'a' without its document"},
		{PAGE(ROLE("App", ",\"RolePolicyList\":[{\"PolicyDocument\":{}}]"), ""), "without 'PolicyName'"},
		{PAGE(ROLE("App", ",\"RolePolicyList\":[{\"PolicyName\":\"a\",\"PolicyDocument\":7}]"), ""), "expected a policy document"},
		{PAGE(ROLE("App", ",\"RolePolicyList\":[{\"PolicyName\":\"a\",\"PolicyDocument\":\"%7\"}]"), ""), "percent-encoding is broken"},
		{PAGE(ROLE("App", ",\"AttachedManagedPolicies\":[{}]"), ""), "without 'PolicyArn'"},
		{"{\"Policies\":{}}", "expected 'Policies' to be a list"},
		{"{\"Policies\":[{}]}", "without 'Arn'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct account_state s = {0};
		struct err e;
		if (add(&s, cases[i][0], &e))
			fail_msg("%s was accepted", cases[i][0]);
		if (strstr(e.message, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], e.message);
	}
	/* null stands for an absent list */
	struct account_state s = {0};
	struct err e;
	assert_true(add(&s, "{\"RoleDetailList\":null,\"Policies\":null}", &e));
	assert_true(add(&s, PAGE(ROLE("App", ",\"RolePolicyList\":null,\"Tags\":null,\"AttachedManagedPolicies\":null"), ""), &e));
}

/* Larger than any policy IAM holds: refused, never cut. */
static void huge_documents_are_refused(void **state)
{
	(void)state;
	size_t len = 3 << 20;
	char *text = malloc(len + 200);
	strcpy(text, "{\"RoleDetailList\":[{\"RoleName\":\"x\",\"RoleId\":\"y\",\"Arn\":\"arn:aws:iam::111122223333:role/x\","
		     "\"RolePolicyList\":[{\"PolicyName\":\"a\",\"PolicyDocument\":{\"Sid\":\"");
	size_t at = strlen(text);
	memset(text + at, 'x', len - at);
	strcpy(text + len, "\"}}]}]}");
	struct account_state s = {0};
	struct err e;
	assert_false(add(&s, text, &e));
	assert_int_equal(e.kind, ERR_LIMIT);
	free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(documents_in_three_forms), TEST(attachments_get_their_policies), TEST(the_default_version_counts),
		TEST(members_of_a_role), TEST(users_with_groups), TEST(many_pages_are_found_by_arn),
		TEST(pages_of_two_moments_are_refused), TEST(bad_pages_are_refused), TEST(huge_documents_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
