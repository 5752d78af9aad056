/* Calls about an analyzer of another account or region: whose keys sign them, for which region, and
 * what is said when they are refused. */
#include "test.h"

#include "aws_bench.h"

#define OWN "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/own"
#define THEIRS "arn:aws:access-analyzer:us-east-2:999988887777:analyzer/theirs"
#define SESSION \
	"<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::999988887777:assumed-role/R/s" \
	"</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIATHEIRS</AccessKeyId><SecretAccessKey>SEKRIT" \
	"</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2026-11-24T05:00:00Z</Expiration>" \
	"</Credentials></AssumeRoleResult></AssumeRoleResponse>"

struct place {
	int sts, findings; /* status of the answers */
	const char *error;
	size_t updates, assumed;
	char authorization[8][256]; /* of the updates */
};

static bool serve(struct server *s, int fd, size_t n, const char *request)
{
	struct place *p = s->user;
	(void)n;
	if (strstr(request, "Action=AssumeRole") != NULL) {
		p->assumed++;
		return server_answer(fd, p->sts, "", p->sts == 200 ? SESSION : ERROR_OF("AccessDenied"));
	}
	if (str_starts(request, "PUT /finding")) {
		const char *at = strcasestr(request, "authorization: ");
		snprintf(p->authorization[p->updates++], sizeof p->authorization[0], "%.*s",
			 (int)strcspn(at, "\r"), at);
		return server_answer(fd, p->findings, p->error, p->findings == 200 ? "{}" : "{\"message\":\"no\"}");
	}
	return server_answer(fd, 200, "", LIST_OK);
}

static struct call archive(struct bench *b, const char *analyzer)
{
	return (struct call){.op = CALL_UPDATE_FINDING, .arena = b->arena, .analyzer = analyzer, .finding = "f",
			     .status = "ARCHIVED"};
}

static void route(struct bench *b, const char *account, const char *region, const struct err *refused)
{
	struct err e;
	const struct credential_setting s = {.region = "eu-west-1", .clock = &b->clock};
	const struct member_role role = {.arn = "arn:aws:iam::999988887777:role/R", .session = "s1"};
	const struct aws_route to = {
		.account = account, .region = region, .refused = refused,
		.credentials = refused != NULL ? NULL
					       : credentials_assume(b->arena, &s, credentials_open(b->arena, &s), &role)};
	if (!aws_route(b->aws, &to, &e))
		fail_msg("%s", e.message);
}

static void each_goes_where_it_belongs(void **state)
{
	(void)state;
	struct bench b;
	struct place p = {.sts = 200, .findings = 200, .error = ""};
	bench_open(&b, serve, &p);
	route(&b, "999988887777", "us-east-2", NULL);
	route(&b, "999988887777", "us-east-2", NULL); /* a second one changes nothing */
	struct call own = archive(&b, OWN), theirs = archive(&b, THEIRS), role = read_role(&b);
	struct call region = archive(&b, "arn:aws:access-analyzer:us-east-1:999988887777:analyzer/theirs");
	struct call account = archive(&b, "arn:aws:access-analyzer:us-east-2:99998888777:analyzer/theirs");
	assert_int_equal(p.assumed, 0); /* not before it is needed */
	ask(&b, &own);
	ask(&b, &theirs);
	ask(&b, &role);
	ask(&b, &region);
	ask(&b, &account);
	assert_true(own.ok && theirs.ok && role.ok && region.ok && account.ok);
	assert_int_equal(p.assumed, 1);
	assert_non_null(strstr(p.authorization[0], "Credential=AKIDEXAMPLE/20261124/eu-west-1/access-analyzer/"));
	assert_non_null(strstr(p.authorization[1], "Credential=ASIATHEIRS/20261124/us-east-2/access-analyzer/"));
	assert_non_null(strstr(p.authorization[2], "Credential=AKIDEXAMPLE/20261124/eu-west-1/"));
	assert_non_null(strstr(p.authorization[3], "Credential=AKIDEXAMPLE/20261124/eu-west-1/"));
	bench_close(&b);
}

static void refusals_name_the_account(void **state)
{
	(void)state;
	struct bench b;
	struct place p = {.sts = 200, .findings = 403, .error = "x-amzn-ErrorType: AccessDeniedException\r\n"};
	bench_open(&b, serve, &p);
	route(&b, "999988887777", "us-east-2", NULL);
	struct call theirs = archive(&b, THEIRS), own = archive(&b, OWN);
	ask(&b, &theirs);
	assert_false(theirs.ok);
	assert_int_equal(theirs.err.kind, ERR_AUTH);
	assert_non_null(strstr(theirs.err.message, "in account 999988887777: "));
	ask(&b, &own);
	assert_null(strstr(own.err.message, "in account"));
	bench_close(&b);

	/* The way in is denied: that is no word about our own keys, and nothing was sent. */
	p = (struct place){.sts = 403, .findings = 200, .error = ""};
	bench_open(&b, serve, &p);
	route(&b, "999988887777", "us-east-2", NULL);
	theirs = archive(&b, THEIRS), own = archive(&b, OWN);
	ask(&b, &theirs);
	assert_false(theirs.ok);
	assert_int_equal(theirs.err.kind, ERR_AUTH);
	assert_string_equal(theirs.err.code, "AccessDenied");
	assert_non_null(strstr(theirs.err.message, "UpdateFindings in account 999988887777: "));
	assert_non_null(strstr(theirs.err.message, "role/R"));
	assert_int_equal(p.updates, 0);
	ask(&b, &own);
	assert_true(own.ok);
	bench_close(&b);

	/* There is no way in. */
	struct err why;
	err_set(&why, ERR_REFUSED, "nobody let us in");
	bench_open(&b, serve, &p);
	route(&b, "999988887777", "us-east-2", &why);
	theirs = archive(&b, THEIRS);
	ask(&b, &theirs);
	assert_int_equal(theirs.err.kind, ERR_REFUSED);
	assert_string_equal(theirs.err.message, "UpdateFindings in account 999988887777: nobody let us in");
	bench_close(&b);
}

static void errors_of_an_account_name_it(void **state)
{
	(void)state;
	struct bench b;
	struct err e;
	struct place p = {.sts = 200, .findings = 200, .error = ""};
	bench_open(&b, serve, &p);
	struct aws_setting s = {.region = "eu-west-1", .account = "111122223333"};
	b.aws = aws_new(b.arena, &s, &b.clock, &e);
	assert_non_null(b.aws);
	route(&b, "999988887777", "us-east-2", NULL);
	p.findings = 404;
	p.error = "x-amzn-ErrorType: ResourceNotFoundException\r\n";
	struct call theirs = archive(&b, THEIRS), own = archive(&b, OWN);
	ask(&b, &theirs);
	ask(&b, &own);
	assert_int_equal(theirs.err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(theirs.err.message, "in account 999988887777: "));
	assert_non_null(strstr(own.err.message, "in account 111122223333: "));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_goes_where_it_belongs),
		cmocka_unit_test(refusals_name_the_account),
		cmocka_unit_test(errors_of_an_account_name_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
