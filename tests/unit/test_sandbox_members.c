/* What AWS answers in an organization, as the sandbox does: source identities, analyzers by region. */
#include "test.h"

#include "sandbox_ask.h"

/* Assumes X of the world with these further parameters, as the caller. */
static struct wire_answer assume_as(struct world *w, const char *caller, const char *more)
{
	struct wire_answer answer;
	struct wire_request r = {.service = WIRE_STS, .method = "POST", .path = "/"};
	take_params(w, &r, str_printf(w->a, "Action=AssumeRole&RoleSessionName=s1&RoleArn=arn%%3Aaws%%3Aiam%%3A%%3A"
				      "111122223333%%3Arole%%2F%s", more));
	r.arena = w->a;
	r.account = "111122223333";
	r.caller_arn = caller;
	r.region = "us-east-1";
	wire_handle(w->box, &r, &answer);
	return answer;
}

static void role_trusting(struct world *w, const char *name, const char *rest)
{
	const char *trust = str_printf(w->a, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
				       "\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:root\"},%s}]}", rest);
	struct wire_answer x = query(w, WIRE_IAM, str_printf(w->a, "Action=CreateRole&RoleName=%s&"
							     "AssumeRolePolicyDocument=%s", name,
							     str_percent_encode(w->a, trust, NULL)));
	assert_int_equal(x.status, 200);
}

static void expect_sts(struct wire_answer x, int status, const char *text)
{
	if (x.status != status || strstr(x.body->data, text) == NULL)
		fail_msg("%d, expected %d with '%s': %s", x.status, status, text, x.body->data);
}

static void source_identities_are_allowed_kept_and_never_changed(void **state)
{
	(void)state;
	static const char user[] = "arn:aws:iam::111122223333:user/pare";
	static const char session[] = "arn:aws:sts::111122223333:assumed-role/Both/s1";
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	role_trusting(&w, "Plain", "\"Action\":\"sts:AssumeRole\"");
	role_trusting(&w, "Both", "\"Action\":[\"sts:AssumeRole\",\"sts:SetSourceIdentity\"]");
	role_trusting(&w, "Next", "\"Action\":[\"sts:AssumeRole\",\"sts:SetSourceIdentity\"]");
	role_trusting(&w, "Some", "\"Action\":[\"sts:AssumeRole\",\"sts:SetSourceIdentity\"],\"Condition\":"
		      "{\"StringLike\":{\"sts:SourceIdentity\":[\"pare-*\",\"alice\"]}}");
	expect_sts(assume_as(&w, user, "Plain&SourceIdentity=x"), 400, "greater than or equal to 2");
	expect_sts(assume_as(&w, user, "Both&SourceIdentity="), 400, "greater than or equal to 2");
	expect_sts(assume_as(&w, user, "Both&SourceIdentity=a%2Fb"), 400, "regular expression pattern");
	expect_sts(assume_as(&w, user, "Both&SourceIdentity=12345678901234567890123456789012345678901234567890"
			     "123456789012345"), 400, "less than or equal to 64");
	expect_sts(assume_as(&w, user, "Plain&SourceIdentity=pare-ci"), 403,
		   "not authorized to perform: sts:SetSourceIdentity on resource: arn:aws:iam::111122223333:role/Plain");
	expect_sts(assume_as(&w, user, "Plain"), 200, "<AssumedRoleUser>");
	expect_sts(assume_as(&w, user, "Both&SourceIdentity=pare-ci"), 200, "<SourceIdentity>pare-ci</SourceIdentity>");
	expect_sts(assume_as(&w, user, "Some&SourceIdentity=bob"), 403, "sts:AssumeRole");
	expect_sts(assume_as(&w, user, "Some&SourceIdentity=alice"), 200, "<SourceIdentity>alice<");
	expect_sts(assume_as(&w, user, "Some&SourceIdentity=pare-1"), 200, "<SourceIdentity>pare-1<");
	/* A session keeps its own through the next role, which must allow it, too. */
	expect_sts(assume_as(&w, session, "Next"), 200, "<SourceIdentity>pare-ci</SourceIdentity>");
	expect_sts(assume_as(&w, session, "Next&SourceIdentity=pare-ci"), 200, "<SourceIdentity>pare-ci<");
	expect_sts(assume_as(&w, session, "Next&SourceIdentity=other"), 403, "sts:SetSourceIdentity");
	expect_sts(assume_as(&w, session, "Plain"), 403, "sts:SetSourceIdentity");
	struct wire_answer none = assume_as(&w, user, "Both");
	assert_null(strstr(none.body->data, "SourceIdentity"));
	arena_free(w.a);
}

static struct wire_answer in_region(struct world *w, const char *region, const char *method, const char *path,
				    const char *params)
{
	struct wire_answer answer;
	struct wire_request r = {.service = WIRE_ANALYZER, .method = method, .path = path, .body = ""};
	take_params(w, &r, params);
	r.arena = w->a;
	r.account = "111122223333";
	r.caller_arn = "arn:aws:iam::111122223333:user/pare";
	r.region = region;
	wire_handle(w->box, &r, &answer);
	return answer;
}

/* The first finding that an analyzer lists: its id. */
static const char *first_finding(struct world *w, const char *region, const char *name)
{
	struct wire_answer answer;
	const char *body = str_printf(w->a, "{\"analyzerArn\":\"arn:aws:access-analyzer:%s:111122223333:analyzer/%s\"}",
				      region, name);
	struct wire_request r = {.service = WIRE_ANALYZER, .method = "POST", .path = "/findingv2", .body = body,
				 .body_len = strlen(body), .arena = w->a, .account = "111122223333",
				 .caller_arn = "arn:aws:iam::111122223333:user/pare", .region = region};
	wire_handle(w->box, &r, &answer);
	const char *id = strstr(answer.body->data, "\"id\":\"");
	if (answer.status != 200 || id == NULL)
		fail_msg("%s", answer.body->data);
	return arena_copy(w->a, id + 6, 36);
}

/* The region is the one that the request was signed for. */
static void analyzers_are_of_a_region(void **state)
{
	(void)state;
	struct err e;
	struct world w = blog_world((struct sandbox_setting){.seed = 1});
	static const char more[] =
		"{\"schema\":\"pare.sandbox/v1\",\"analyzers\":[{\"arn\":\"arn:aws:access-analyzer:eu-west-1:111122223333:"
		"analyzer/west\"}],\"regions\":[{\"name\":\"eu-north-1\",\"fault\":\"denied\"},{\"name\":"
		"\"eu-south-1\",\"fault\":\"throttled\"},{\"name\":\"ap-east-1\",\"fault\":\"unreachable\"}]}";
	static const char wrong[] = "{\"schema\":\"pare.sandbox/v1\",\"regions\":[{\"name\":\"x\",\"fault\":\"odd\"}]}";
	if (!sandbox_seed(w.box, more, strlen(more), "seed", &e))
		fail_msg("%s", e.message);
	assert_false(sandbox_seed(w.box, wrong, strlen(wrong), "seed", &e));
	assert_non_null(strstr(e.message, "expected denied, throttled or unreachable"));
	expect_sts(in_region(&w, "us-east-1", "GET", "/analyzer", ""), 200, "analyzer/unused-access");
	struct wire_answer west = in_region(&w, "eu-west-1", "GET", "/analyzer", "");
	expect_sts(west, 200, "analyzer/west");
	assert_null(strstr(west.body->data, "unused-access\""));
	expect_sts(in_region(&w, "us-west-2", "GET", "/analyzer", ""), 200, "\"analyzers\":[]");
	expect_sts(in_region(&w, "eu-west-1", "GET", "/analyzer/west", ""), 200, "analyzer/west");
	expect_sts(in_region(&w, "us-east-1", "GET", "/analyzer/west", ""), 404, "Analyzer not found");
	static const char finding[] = "analyzerArn=arn%3Aaws%3Aaccess-analyzer%3Aeu-west-1%3A111122223333%3Aanalyzer%2Fwest";
	expect_sts(in_region(&w, "us-east-1", "GET", "/findingv2/x", finding), 404, "Analyzer not found");
	expect_sts(in_region(&w, "eu-west-1", "GET", "/findingv2/x", finding), 404, "Finding not found");
	/* What both see has an id of its own in each, and only there. */
	const char *here = first_finding(&w, "us-east-1", "unused-access"), *there = first_finding(&w, "eu-west-1", "west");
	assert_string_not_equal(here, there);
	assert_string_equal(here + 8, there + 8);
	expect_sts(in_region(&w, "eu-west-1", "GET", str_printf(w.a, "/findingv2/%s", there), finding), 200, there);
	expect_sts(in_region(&w, "eu-west-1", "GET", str_printf(w.a, "/findingv2/%s", here), finding), 404,
		   "Finding not found");
	struct wire_answer x = in_region(&w, "eu-north-1", "GET", "/analyzer", "");
	assert_int_equal(x.status, 403);
	assert_string_equal(x.error_type, "AccessDeniedException");
	assert_int_equal(in_region(&w, "eu-south-1", "GET", "/analyzer", "").status, 429);
	assert_int_equal(in_region(&w, "ap-east-1", "GET", "/analyzer", "").fate, WIRE_CUT);
	arena_free(w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_identities_are_allowed_kept_and_never_changed),
		cmocka_unit_test(analyzers_are_of_a_region),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
