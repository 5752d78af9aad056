/* The role of a member account: what AssumeRole is sent, and how a source identity is refused. */
#include "test.h"

#include "fake_sources.h"
#include "shared_data.h"

#define ROLE "arn:aws:iam::111122223333:role/R"
#define IDENTITY(name) "<SourceIdentity>" name "</SourceIdentity>"

struct sts {
	long status;
	const char *text;
	char body[1024];
	size_t asked;
};

static bool answer(void *self, struct http_exchange *x)
{
	struct sts *s = self;
	s->asked++;
	snprintf(s->body, sizeof s->body, "%.*s", (int)x->body_len, (const char *)x->body);
	return fake_answer(x, s->status, s->text);
}

static const char *session_of(struct arena *a, const char *more)
{
	static const char all[] = STS("AssumeRole", "ASIAMEMBER");
	static const char open[] = "<AssumeRoleResult>";
	const char *at = strstr(all, open) + strlen(open);
	return str_printf(a, "%.*s%s%s", (int)(at - all), all, more, at);
}

static const char *refusal(struct arena *a, const char *code, const char *message)
{
	return str_printf(a, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>",
			  code, message);
}

static const struct credentials *assume(struct fake *f, struct sts *s, const char *identity, struct err *e)
{
	const struct member_role role = {.arn = ROLE, .session = "pare-0123456789ab", .external_id = "acme",
					 .source_identity = identity};
	f->setting.exchange = answer;
	f->setting.self = s;
	f->setting.region = "eu-west-1";
	struct credential_chain *base = credentials_open(f->arena, &f->setting);
	return credentials_get(credentials_assume(f->arena, &f->setting, base, &role), e);
}

static void opened(struct fake *f)
{
	fake_open(f, "", "");
	setenv("AWS_ACCESS_KEY_ID", "AKIDOWN", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SEKRIT", 1);
}

static void what_is_sent(void **state)
{
	(void)state;
	struct fake f;
	struct err e;
	opened(&f);
	struct sts s = {.status = 200, .text = session_of(f.arena, "")};
	const struct credentials *k = assume(&f, &s, NULL, &e);
	assert_non_null(k);
	assert_string_equal(k->access_key_id, "ASIAMEMBER");
	assert_string_equal(s.body, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3A"
				    "role%2FR&RoleSessionName=pare-0123456789ab&ExternalId=acme");
	s.text = session_of(f.arena, IDENTITY("a+b=c,d.e@f-g_h"));
	assert_non_null(assume(&f, &s, "a+b=c,d.e@f-g_h", &e));
	assert_true(str_ends(s.body, "&ExternalId=acme&SourceIdentity=a%2Bb%3Dc%2Cd.e%40f-g_h"));
	fake_close(&f);
}

static void refused_with(struct fake *f, const char *code, const char *message, bool advised)
{
	struct err e;
	struct sts s = {.status = 403, .text = refusal(f->arena, code, message)};
	assert_null(assume(f, &s, "pare-ci", &e));
	assert_int_equal(s.asked, 1); /* never without it */
	assert_int_equal(e.kind, ERR_AUTH);
	assert_non_null(strstr(e.message, "account 111122223333"));
	assert_non_null(strstr(e.message, message));
	if ((strstr(e.message, "needs sts:SetSourceIdentity in the role's trust policy") != NULL) != advised)
		fail_msg("%s", e.message);
	if (advised)
		assert_non_null(strstr(e.message, "source_identity"));
}

static void what_is_refused(void **state)
{
	(void)state;
	struct fake f;
	struct err e;
	opened(&f);
	refused_with(&f, "AccessDenied", "User: x is not authorized to perform: sts:SetSourceIdentity on resource: R",
		     true);
	refused_with(&f, "AccessDenied", "not you", true);
	refused_with(&f, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: R", false);
	refused_with(&f, "RegionDisabledException", "STS is not activated in this region", false);
	struct sts s = {.status = 403, .text = refusal(f.arena, "AccessDenied", "not you")};
	assert_null(assume(&f, &s, NULL, &e));
	assert_null(strstr(e.message, "SetSourceIdentity"));
	/* A session without it, or with another one, is none. */
	static const char *const others[] = {"", IDENTITY("other"), IDENTITY("PARE-CI"), IDENTITY("")};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		struct sts quiet = {.status = 200, .text = session_of(f.arena, others[i])};
		assert_null(assume(&f, &quiet, "pare-ci", &e));
		assert_non_null(strstr(e.message, "has not the source identity 'pare-ci'"));
	}
	fake_close(&f);
}

/* What AWS's own SDK sent, but for the session tags that pare does not send. */
static void as_the_sdk_sends_it(void **state)
{
	(void)state;
	size_t len = 0;
	struct err e;
	struct fake f;
	char *text = shared_file("golden/requests.json", &len);
	if (text == NULL) {
		printf("skipped: golden AssumeRole: no shared data\n");
		skip();
	}
	opened(&f);
	const struct json *all = json_get(json_parse(f.arena, text, len, "golden", &e), "cases");
	const struct json *c = all != NULL ? all->first : NULL;
	while (c != NULL && !str_equal(json_text(c, "name"), "sts-assume-role"))
		c = c->next;
	assert_non_null(c);
	const struct json *p = json_get(c, "params");
	static const char tags[] = "&Tags.member.1.Key=Project&Tags.member.1.Value=pare";
	const char *golden = json_text(json_get(c, "request"), "body"), *cut = strstr(golden, tags);
	assert_non_null(cut);
	struct profile_set set = {0};
	struct sts s = {.status = 200, .text = session_of(f.arena, IDENTITY("alice"))};
	f.setting.exchange = answer;
	f.setting.self = &s;
	f.setting.region = "us-east-1";
	struct search search = {.arena = f.arena, .setting = &f.setting, .set = &set, .profile = "default", .e = &e};
	const struct role r = {.arn = json_text(p, "RoleArn"), .session = json_text(p, "RoleSessionName"),
			       .external_id = json_text(p, "ExternalId"),
			       .source_identity = json_text(p, "SourceIdentity"), .duration = "900",
			       .subject = "the test"};
	const struct credentials base = {.access_key_id = "AKIDEXAMPLE", .secret_access_key = (char[]){"s"}};
	struct credentials out;
	if (role_assume(&search, &r, &base, &out) != FOUND)
		fail_msg("%s", e.message);
	assert_string_equal(s.body, str_printf(f.arena, "%.*s%s", (int)(cut - golden), golden, cut + strlen(tags)));
	free(text);
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(as_the_sdk_sends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
