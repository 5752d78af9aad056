/* Answers of the project's own making: what must not be read as empty, what must come as
 * written, what is refused. */
#include "test.h"

#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/str.h"

static const char *current;

static void same(const char *what, const char *got, const char *wanted)
{
	if (!str_equal(got, wanted))
		fail_msg("%s: %s: got '%s', wanted '%s'", current, what, got ? got : "(none)",
			 wanted ? wanted : "(none)");
}

#define OK_XML(op, inside) \
	"<" op "Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">" inside \
	"<ResponseMetadata><RequestId>rid-1</RequestId></ResponseMetadata></" op "Response>"

static struct call iam(struct arena *a, enum call_op op, long status, const char *body)
{
	struct call c = {.op = op, .arena = a, .marker = "same"};
	iam_answer(&c, status, body, strlen(body));
	return c;
}

/* What looks like an empty list would be a role without policies. */
static void test_answers_that_must_not_read_as_empty(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	static const struct {
		enum call_op op;
		const char *body;
		enum err_kind kind;
	} cases[] = {
		{CALL_LIST_ATTACHED_ROLE_POLICIES,
		 OK_XML("ListRolePolicies", "<ListRolePoliciesResult/>"), ERR_INPUT},
		{CALL_LIST_ATTACHED_ROLE_POLICIES, OK_XML("ListAttachedRolePolicies", ""),
		 ERR_INPUT},
		{CALL_LIST_ROLE_POLICIES,
		 OK_XML("ListRolePolicies",
			"<ListRolePoliciesResult><IsTruncated>true</IsTruncated>"
			"</ListRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_LIST_ROLE_POLICIES,
		 OK_XML("ListRolePolicies",
			"<ListRolePoliciesResult><IsTruncated>true</IsTruncated><Marker/>"
			"</ListRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_LIST_ROLE_POLICIES,
		 OK_XML("ListRolePolicies",
			"<ListRolePoliciesResult><IsTruncated>true</IsTruncated>"
			"<Marker>same</Marker></ListRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_GET_ACCOUNT_DETAILS, OK_XML("GetAccountAuthorizationDetails", ""), ERR_INPUT},
		{CALL_GET_ROLE_POLICY,
		 OK_XML("GetRolePolicy",
			"<GetRolePolicyResult><PolicyDocument/></GetRolePolicyResult>"),
		 ERR_INPUT},
		{CALL_GET_ROLE_POLICY,
		 OK_XML("GetRolePolicy", "<GetRolePolicyResult><PolicyDocument>%7</"
					 "PolicyDocument></GetRolePolicyResult>"),
		 ERR_INPUT},
		{CALL_GET_ROLE_POLICY,
		 OK_XML("GetRolePolicy", "<GetRolePolicyResult><PolicyDocument>%00</"
					 "PolicyDocument></GetRolePolicyResult>"),
		 ERR_INPUT},
		{CALL_GET_ROLE, OK_XML("GetRole", "<GetRoleResult/>"), ERR_INPUT},
		{CALL_GET_ROLE, "", ERR_INPUT},
		{CALL_GET_ROLE, "<html><body>sign in</body></html>", ERR_INPUT},
		{CALL_GET_ROLE, "<!DOCTYPE GetRoleResponse><GetRoleResponse/>", ERR_INPUT},
		/* Entries that lack what they are about. */
		{CALL_LIST_ATTACHED_ROLE_POLICIES,
		 OK_XML("ListAttachedRolePolicies",
			"<ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyName>p</"
			"PolicyName></member></AttachedPolicies></ListAttachedRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_LIST_ATTACHED_ROLE_POLICIES,
		 OK_XML("ListAttachedRolePolicies",
			"<ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyArn>p</"
			"PolicyArn></member></AttachedPolicies></ListAttachedRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_LIST_ROLE_POLICIES,
		 OK_XML("ListRolePolicies", "<ListRolePoliciesResult><PolicyNames><member/></"
					    "PolicyNames></ListRolePoliciesResult>"),
		 ERR_INPUT},
		{CALL_LIST_POLICY_VERSIONS,
		 OK_XML("ListPolicyVersions", "<ListPolicyVersionsResult><Versions><member/></"
					      "Versions></ListPolicyVersionsResult>"),
		 ERR_INPUT},
		{CALL_LIST_ENTITIES_FOR_POLICY,
		 OK_XML("ListEntitiesForPolicy",
			"<ListEntitiesForPolicyResult><PolicyRoles><member><RoleId>x</RoleId></"
			"member></PolicyRoles></ListEntitiesForPolicyResult>"),
		 ERR_INPUT},
		{CALL_GET_ROLE,
		 OK_XML("GetRole",
			"<GetRoleResult><Role><RoleName>r</RoleName><RoleId>AROA</"
			"RoleId><Arn>arn:aws:iam::111122223333:role/r</Arn><Tags><member><Value>v</"
			"Value></member></Tags></Role></GetRoleResult>"),
		 ERR_INPUT},
		{CALL_GET_ROLE,
		 OK_XML("GetRole", "<GetRoleResult><Role><RoleName>r</RoleName><RoleId>AROA</"
				   "RoleId><Arn>arn:aws:iam::111122223333:role/r</"
				   "Arn><PermissionsBoundary/></Role></GetRoleResult>"),
		 ERR_INPUT},
		/* A write with a good status may have happened whatever the words. */
		{CALL_DETACH_ROLE_POLICY, "<html>ok</html>", ERR_UNCERTAIN},
		{CALL_DETACH_ROLE_POLICY, "", ERR_UNCERTAIN},
		{CALL_DETACH_ROLE_POLICY, OK_XML("AttachRolePolicy", ""), ERR_UNCERTAIN},
		{CALL_CREATE_POLICY, OK_XML("CreatePolicy", ""), ERR_UNCERTAIN},
		{CALL_CREATE_POLICY,
		 OK_XML("CreatePolicy", "<CreatePolicyResult><Policy/></CreatePolicyResult>"),
		 ERR_UNCERTAIN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct call c = iam(a, cases[i].op, 200, cases[i].body);
		current = cases[i].body;
		assert_false(c.ok);
		same("kind", err_kind_name(c.err.kind), err_kind_name(cases[i].kind));
	}
	arena_free(a);
}

static void test_documents_come_as_written(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	static const char *const cases[][2] = {
		{"%7B%22a%22%3A%22%2B+%25%22%7D", "{\"a\":\"++%\"}"},
		{"{&quot;a&quot;: &quot;%20+&lt;&#233;&quot;}", "{\"a\": \"%20+<\xc3\xa9\"}"},
		{"\n  {\"a\":1}\n", "\n  {\"a\":1}\n"},
		{"<![CDATA[{\"a\":\"<&>\"}]]>", "{\"a\":\"<&>\"}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct call c = iam(
			a, CALL_GET_ROLE_POLICY, 200,
			str_printf(
				a,
				"<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>%s"
				"</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>",
				cases[i][0]));
		current = cases[i][0];
		assert_true(c.ok);
		same("document", c.text, cases[i][1]);
	}
	struct call c = iam(
		a, CALL_GET_ROLE, 200,
		OK_XML("GetRole",
		       "<GetRoleResult><Role><RoleName>r</RoleName><RoleId>AROA</RoleId>"
		       "<Arn>arn:aws:iam::111122223333:role/x/r</Arn><Tags><member><Key> k</Key>"
		       "<Value> </Value></member></Tags><Odd>1</Odd></Role></GetRoleResult>"));
	assert_true(c.ok);
	same("request id", c.request_id, "rid-1");
	same("path", c.principal->path, "/x/");
	same("tag key", c.principal->tag[0].key, " k");
	same("tag value", c.principal->tag[0].value, " ");
	arena_free(a);
}

static struct call aa(struct arena *a, enum call_op op, const char *body)
{
	struct call c = {.op = op, .arena = a, .finding = "id", .marker = "same"};
	analyzer_answer(&c, 200, NULL, body, strlen(body));
	return c;
}

static void test_analyzer_answers_that_are_refused(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	static const struct {
		enum call_op op;
		const char *body;
	} cases[] = {
		{CALL_LIST_ANALYZERS, "{}"},
		{CALL_LIST_ANALYZERS, "{\"analyzers\":{}}"},
		{CALL_LIST_ANALYZERS, "{\"analyzers\":[{}]}"},
		{CALL_LIST_ANALYZERS, "[]"},
		{CALL_LIST_ANALYZERS, "{\"analyzers\":[],\"nextToken\":\"same\"}"},
		{CALL_GET_ANALYZER, "{}"},
		{CALL_GET_ANALYZER, "{\"analyzer\":null}"},
		{CALL_LIST_FINDINGS, "{}"},
		{CALL_LIST_FINDINGS, "{\"findings\":null}"},
		{CALL_LIST_FINDINGS, "{\"findings\":[{}]}"},
		{CALL_LIST_FINDINGS, "{\"findings\":[]"},
		{CALL_LIST_FINDINGS, "{\"findings\":[],\"findings\":[]}"},
		{CALL_GET_FINDING, ""},
		{CALL_GET_FINDING, "{\"id\":\"another\"}"},
		{CALL_GET_RECOMMENDATION, "{}"},
		{CALL_GET_RECOMMENDATION, "null"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct call c = aa(a, cases[i].op, cases[i].body);
		current = cases[i].body;
		assert_false(c.ok);
		same("kind", err_kind_name(c.err.kind), "input");
		assert_null(c.next_marker);
	}
	assert_true(aa(a, CALL_GENERATE_RECOMMENDATION, "").ok);
	assert_true(aa(a, CALL_UPDATE_FINDING, " \n").ok);
	same("kind", err_kind_name(aa(a, CALL_UPDATE_FINDING, "<html>").err.kind), "uncertain");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_that_must_not_read_as_empty),
		cmocka_unit_test(test_documents_come_as_written),
		cmocka_unit_test(test_analyzer_answers_that_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
