/* What AWS says of plans: answers taken apart, and the gates made of them, on the sandbox's model with
 * what AWS would say put in between. */
#include "test.h"

#include <string.h>

#include "../../src/adapt/aws_private.h"
#include "pare/checks.h"
#include "pare/gather.h"
#include "pare/draft.h"
#include "pare/str.h"
#include "sandbox_world.h"

#define IAM(op, inside)                                                                             \
	"<" op "Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><" op "Result>" inside "</" op      \
	"Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></" op "Response>"
#define USE(inside) IAM("GetServiceLastAccessedDetails", inside)

static struct call answered(struct arena *a, enum call_op op, const char *body)
{
	struct call c = {.op = op, .arena = a, .finding = "f"};
	if (op == CALL_VALIDATE_POLICY || op == CALL_CHECK_NO_NEW_ACCESS)
		analyzer_answer(&c, 200, NULL, body, strlen(body));
	else
		iam_answer(&c, 200, body, strlen(body));
	return c;
}

static void last_use(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct call c = answered(
		a, CALL_GET_LAST_ACCESSED,
		USE("<JobStatus>COMPLETED</JobStatus><ServicesLastAccessed><member><ServiceNamespace>s3</ServiceNamespace>"
		    "<LastAuthenticated>2026-11-20T00:00:00Z</LastAuthenticated><TrackedActionsLastAccessed><member>"
		    "<ActionName>PutObject</ActionName><LastAccessedTime>2026-11-20T00:00:00Z</LastAccessedTime></member>"
		    "<member><ActionName>GetObject</ActionName></member></TrackedActionsLastAccessed></member><member>"
		    "<ServiceNamespace>sns</ServiceNamespace></member></ServicesLastAccessed><IsTruncated>true"
		    "</IsTruncated><Marker>next</Marker>"));
	assert_true(c.ok);
	assert_string_equal(c.job_status, "COMPLETED");
	assert_string_equal(c.next_marker, "next");
	assert_int_equal(c.access_count, 4);
	assert_null(c.access[0].action);
	assert_string_equal(c.access[1].action, "PutObject");
	assert_string_equal(c.access[1].at, "2026-11-20T00:00:00Z");
	assert_null(c.access[2].at);
	assert_string_equal(c.access[3].service, "sns");
	static const char *const bad[] = {
		USE(""),
		USE("<JobStatus>COMPLETED</JobStatus><ServicesLastAccessed><member/></ServicesLastAccessed>"),
		USE("<JobStatus>COMPLETED</JobStatus><ServicesLastAccessed><member><ServiceNamespace>s3"
		    "</ServiceNamespace><LastAuthenticated>yesterday</LastAuthenticated></member></ServicesLastAccessed>"),
		USE("<JobStatus>COMPLETED</JobStatus><ServicesLastAccessed><member><ServiceNamespace>s3"
		    "</ServiceNamespace><TrackedActionsLastAccessed><member/></TrackedActionsLastAccessed></member>"
		    "</ServicesLastAccessed>"),
		USE("<JobStatus>COMPLETED</JobStatus><IsTruncated>true</IsTruncated>")};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (answered(a, CALL_GET_LAST_ACCESSED, bad[i]).ok)
			fail_msg("taken: %s", bad[i]);
	assert_false(answered(a, CALL_GENERATE_LAST_ACCESSED, IAM("GenerateServiceLastAccessedDetails", "")).ok);
	arena_free(a);
}

static void decisions(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct call c = answered(a, CALL_SIMULATE_PRINCIPAL_POLICY,
				 IAM("SimulatePrincipalPolicy",
				     "<EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName><EvalDecision>"
				     "allowed</EvalDecision></member></EvaluationResults><IsTruncated>false</IsTruncated>"));
	assert_true(c.ok);
	assert_int_equal(c.simulated_count, 1);
	assert_string_equal(c.simulated[0].decision, "allowed");
	assert_false(answered(a, CALL_SIMULATE_PRINCIPAL_POLICY,
			      IAM("SimulatePrincipalPolicy", "<EvaluationResults><member/></EvaluationResults>"))
			     .ok);
	assert_true(answered(a, CALL_CHECK_NO_NEW_ACCESS, "{\"result\":\"PASS\"}").passed);
	c = answered(a, CALL_CHECK_NO_NEW_ACCESS, "{\"result\":\"FAIL\",\"message\":\"m\",\"reasons\":[]}");
	assert_true(c.ok && !c.passed);
	assert_false(answered(a, CALL_CHECK_NO_NEW_ACCESS, "{\"result\":\"MAYBE\"}").ok);
	assert_false(answered(a, CALL_CHECK_NO_NEW_ACCESS, "{}").ok);
	c = answered(a, CALL_VALIDATE_POLICY,
		     "{\"findings\":[{\"findingType\":\"ERROR\",\"issueCode\":\"X\"},{\"findingType\":\"SUGGESTION\"}]}");
	assert_true(c.ok);
	assert_int_equal(c.issue_count, 2);
	assert_false(answered(a, CALL_VALIDATE_POLICY, "{}").ok);
	assert_false(answered(a, CALL_VALIDATE_POLICY, "{\"findings\":[{}]}").ok);
	arena_free(a);
}

/* --- the gates --- */

struct between { /* changes answers on their way */
	struct world w;
	enum call_op op;
	void (*change)(struct call *c);
};

static void start(void *self, struct call *c)
{
	struct between *b = self;
	b->w.read.start(b->w.read.self, c);
}

static struct call *next(void *self, int64_t until_ms)
{
	struct between *b = self;
	struct call *c = b->w.read.next(b->w.read.self, until_ms);
	if (c != NULL && c->op == b->op && b->change != NULL)
		b->change(c);
	return c;
}

static bool pass_all(void *self, struct arena *a, const struct judge_subject *subject,
		     struct decision *out, struct err *e)
{
	(void)self;
	(void)a;
	(void)subject;
	(void)e;
	*out = (struct decision){0};
	return true;
}

static struct run run_of(struct between *b, struct config *config)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const struct rules_port rules = {NULL, zeros, pass_all, NULL};
	const struct gather_filter filter = {.role_glob = BLOG};
	const struct draft_setting s = {.config = config, .catalog = catalog_embedded(b->w.a),
					.now_ms = b->w.clock.now_ms(b->w.clock.self)};
	const struct read_port aws = {b, start, next};
	const struct checks checks = {config, &aws, &b->w.clock, NULL};
	struct gathered g;
	struct run run;
	struct err e;
	if (!gather_findings(b->w.a, &b->w.read, &b->w.clock, ANALYZER, &filter, NULL, &g, &e) ||
	    !gather_principals(b->w.a, &b->w.read, &b->w.clock, &filter, NULL, &g, &e) ||
	    !plan_run(b->w.a, &s, &rules, &g, NULL, &run, &e) || !checks_run(b->w.a, &checks, &run, &e))
		fail_msg("%s", e.message);
	assert_int_equal(run.count, 1);
	return run;
}

static void wrong_document(struct call *c)
{
	c->issue = arena_array(c->arena, 1, sizeof *c->issue);
	c->issue[0] = (struct policy_issue){"ERROR", "INVALID_ACTION"};
	c->issue_count = 1;
}
static void new_access(struct call *c)
{
	c->passed = false;
}
static void denied_after(struct call *c)
{
	if (c->without_arns.count > 0)
		c->simulated[0].decision = "implicitDeny";
}
static void cut_short(struct call *c)
{
	c->simulated_count--;
}
static void used_since(struct call *c)
{
	for (size_t i = 0; i < c->access_count; i++)
		if (c->access[i].at == NULL)
			c->access[i].at = "2030-01-01T00:00:00Z";
}
static void denied(struct call *c)
{
	c->ok = false;
	err_set(&c->err, ERR_AUTH, "%s: AccessDenied: arn:aws:iam::111122223333:user/me is not allowed",
		call_name(c->op));
	strcpy(c->err.code, "AccessDenied");
}
static void never_done(struct call *c)
{
	c->job_status = "IN_PROGRESS";
}
static void gone_wrong(struct call *c)
{
	c->job_status = "FAILED";
}

static void each_gate(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t at; /* in struct config.checks */
		enum call_op op;
		void (*change)(struct call *c);
		enum gate_result result;
		const char *words;
	} cases[] = {
		{"validate-policy", 0, CALL_VALIDATE_POLICY, NULL, GATE_PASS, "no error in 2 documents"},
		{"validate-policy", 0, CALL_VALIDATE_POLICY, wrong_document, GATE_FAIL, "INVALID_ACTION"},
		{"validate-policy", 0, CALL_VALIDATE_POLICY, denied, GATE_UNKNOWN, "AWS was asked and said AccessDenied"},
		{"aws-no-new-access", 1, CALL_CHECK_NO_NEW_ACCESS, NULL, GATE_PASS, "passes 2 documents"},
		{"aws-no-new-access", 1, CALL_CHECK_NO_NEW_ACCESS, new_access, GATE_FAIL, "grants more than"},
		{"aws-no-new-access", 1, CALL_CHECK_NO_NEW_ACCESS, denied, GATE_UNKNOWN, "AccessDenied"},
		{"simulate", 2, CALL_SIMULATE_PRINCIPAL_POLICY, NULL, GATE_PASS, "stay allowed"},
		{"simulate", 2, CALL_SIMULATE_PRINCIPAL_POLICY, denied_after, GATE_FAIL, "would be allowed no more"},
		{"simulate", 2, CALL_SIMULATE_PRINCIPAL_POLICY, cut_short, GATE_UNKNOWN, "did not decide"},
		{"simulate", 2, CALL_GET_LAST_ACCESSED, denied, GATE_UNKNOWN, "AccessDenied"},
		{"last-accessed", 3, CALL_GET_LAST_ACCESSED, NULL, GATE_PASS, "no use of what goes"},
		{"last-accessed", 3, CALL_GET_LAST_ACCESSED, used_since, GATE_FAIL, "was used since"},
		{"last-accessed", 3, CALL_GENERATE_LAST_ACCESSED, denied, GATE_UNKNOWN, "AccessDenied"},
		{"last-accessed", 3, CALL_GET_LAST_ACCESSED, never_done, GATE_UNKNOWN, "no answer to go by"},
		{"last-accessed", 3, CALL_GET_LAST_ACCESSED, gone_wrong, GATE_UNKNOWN, "no answer to go by"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int mode = CHECK_OPTIONAL; mode <= CHECK_REQUIRED; mode++) {
			struct between b = {.w = blog_world((struct sandbox_setting){.seed = 1}), .op = cases[i].op,
					    .change = cases[i].change};
			struct config config;
			config_default(b.w.a, &config);
			config.limits.percent = 100;
			enum check_mode *all[] = {&config.checks.validate_policy, &config.checks.no_new_access,
						  &config.checks.simulate, &config.checks.last_accessed};
			*all[cases[i].at] = (enum check_mode)mode;
			const struct outcome *o = &run_of(&b, &config).outcome[0];
			const struct gate *g = plan_gate(o->plan, cases[i].name);
			bool left_out = mode == CHECK_OPTIONAL && cases[i].result == GATE_UNKNOWN;
			if ((g == NULL) != left_out)
				fail_msg("%s, case %zu: %s", cases[i].name, i, g == NULL ? "no gate" : "a gate");
			assert_int_equal(o->kind, left_out || cases[i].result == GATE_PASS ? OUTCOME_PLANNED
											   : OUTCOME_BLOCKED);
			if (g != NULL && (g->result != cases[i].result || strstr(g->evidence, cases[i].words) == NULL))
				fail_msg("%s: %s: %s", g->name, gate_result_name(g->result), g->evidence);
			if (g != NULL) { /* behind the ten, and read back */
				struct err e;
				assert_int_equal(o->plan->gate_count, 11);
				assert_ptr_equal(g, &o->plan->gate[10]);
				assert_non_null(plan_parse(b.w.a, o->plan->bytes, o->plan->len, "plan", &e));
				assert_null(strstr(g->evidence, "user/me"));
			}
			arena_free(b.w.a);
		}
	}
}

static void resolved(struct call *c)
{
	c->findings[0]->status = "RESOLVED";
}
static void archived(struct call *c)
{
	c->findings[0]->status = "ARCHIVED";
}
static void not_there(struct call *c)
{
	c->ok = false;
	err_set(&c->err, ERR_NOT_FOUND, "GetFindingV2: ResourceNotFoundException");
}

/* What is archived or un-archived must be there, and not be resolved. */
static void findings_are_looked_at_first(void **state)
{
	(void)state;
	const struct {
		void (*change)(struct call *c);
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{NULL, ERR_NONE, NULL},
		{archived, ERR_NONE, NULL},
		{resolved, ERR_STALE, "is resolved: there is nothing to"},
		{not_there, ERR_NOT_FOUND, "of analyzer '" ANALYZER "'"},
		{denied, ERR_AUTH, "AccessDenied"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct between b = {.w = blog_world((struct sandbox_setting){.seed = 1})};
		struct config config;
		struct err e = {.kind = ERR_NONE};
		config_default(b.w.a, &config);
		config.limits.percent = 100;
		const struct outcome *o = &run_of(&b, &config).outcome[0];
		const struct read_port aws = {&b, start, next};
		const struct checks checks = {&config, &aws, &b.w.clock, NULL};
		struct step step = {.action = {.op = i % 2 == 0 ? STEP_ARCHIVE_FINDING : STEP_UNARCHIVE_FINDING,
					       .finding = o->finding->id, .analyzer = ANALYZER}};
		const struct plan plan = {.id = "p", .step = &step, .step_count = 1};
		b.op = CALL_GET_FINDING;
		b.change = cases[i].change;
		bool ok = checks_findings(b.w.a, &checks, &plan, &e);
		if (ok != (cases[i].words == NULL) || (!ok && e.kind != cases[i].kind) ||
		    (!ok && strstr(e.message, cases[i].words) == NULL))
			fail_msg("case %zu: %s: %s", i, err_kind_name(e.kind), e.message);
		/* A plan about policies asks nothing. */
		b.change = denied;
		assert_true(checks_findings(b.w.a, &checks, o->plan, &e));
		arena_free(b.w.a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_looked_at_first),
		cmocka_unit_test(last_use),
		cmocka_unit_test(decisions),
		cmocka_unit_test(each_gate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
