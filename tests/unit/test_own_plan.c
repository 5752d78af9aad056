#include "test.h"

#include <stdio.h>
#include <string.h>

#include "pare/draft.h"
#include "pare/propose.h"
#include "pare/str.h"
#include "pare/when.h"

/* A role with one managed and one inline policy, and what a finding says of it. */
struct scene {
	struct arena *arena;
	const char *managed, *inlined; /* documents; NULL: none */
	const char *details;           /* findingDetails */
	const char *recommendation;    /* a text more, or NULL */
	const char *path, *name;
	struct str_list keep; /* what a rule keeps */
	bool archive;
};

static bool judge_scene(void *self, struct arena *a, const struct judge_subject *subject,
			struct decision *out, struct err *e)
{
	struct scene *s = self;
	(void)subject;
	(void)e;
	out->verdict = arena_alloc(a, sizeof *out->verdict);
	out->count = 1;
	out->verdict[0] = (struct verdict){
		.rule = "test", .rule_sha256 = "0", .keep = s->keep, .reason = "a test",
		.kind = s->archive ? VERDICT_ARCHIVE : s->keep.count > 0 ? VERDICT_KEEP : VERDICT_PASS};
	return true;
}

#define ANALYZER "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused"
#define POLICY "arn:aws:iam::111122223333:policy/App"

static struct outcome *plan_scene(struct scene *s)
{
	struct arena *a = s->arena;
	const char *arn = str_printf(a, "arn:aws:iam::111122223333:role%s%s", s->path, s->name);
	const char *finding = str_printf(
		a, "{\"id\":\"f-1\",\"analyzedAt\":\"2026-11-20T00:00:00Z\",\"createdAt\":\"2026-11-01T00:00:00Z\","
		   "\"updatedAt\":\"2026-11-20T00:00:00Z\",\"resource\":\"%s\",\"resourceType\":\"AWS::IAM::Role\","
		   "\"resourceOwnerAccount\":\"111122223333\",\"status\":\"ACTIVE\",\"findingType\":"
		   "\"UnusedPermission\",\"findingDetails\":%s}",
		arn, s->details);
	const char *state = str_printf(
		a, "{\"RoleDetailList\":[{\"Path\":\"%s\",\"RoleName\":\"%s\",\"RoleId\":\"AROAEXAMPLE\",\"Arn\":"
		   "\"%s\",\"CreateDate\":\"2020-01-01T00:00:00Z\",\"AssumeRolePolicyDocument\":{\"Version\":"
		   "\"2012-10-17\",\"Statement\":[]},\"RolePolicyList\":[%s%s%s],\"AttachedManagedPolicies\":[%s],"
		   "\"Tags\":[]}],\"Policies\":[%s%s%s]}",
		s->path, s->name, arn, s->inlined ? "{\"PolicyName\":\"Inl\",\"PolicyDocument\":" : "",
		s->inlined ? s->inlined : "", s->inlined ? "}" : "",
		s->managed ? "{\"PolicyName\":\"App\",\"PolicyArn\":\"" POLICY "\"}" : "",
		s->managed ? "{\"PolicyName\":\"App\",\"PolicyId\":\"ANPA\",\"Arn\":\"" POLICY
			     "\",\"Path\":\"/\",\"DefaultVersionId\":\"v1\",\"AttachmentCount\":1,\"UpdateDate\":"
			     "\"2026-01-01T00:00:00Z\",\"PolicyVersionList\":[{\"VersionId\":\"v1\","
			     "\"IsDefaultVersion\":true,\"Document\":"
			   : "",
		s->managed ? s->managed : "", s->managed ? "}]}" : "");
	const struct saved_text texts[] = {{"finding.json", finding, strlen(finding)},
					   {"rec-f-1.json", s->recommendation,
					    s->recommendation ? strlen(s->recommendation) : 0}};
	const struct saved_text account = {"state.json", state, strlen(state)};
	struct gathered g;
	struct gather_filter filter = {0};
	struct err e = {.kind = ERR_NONE};
	if (!gather_saved(a, texts, s->recommendation != NULL ? 2 : 1, &account, 1, &filter, &g, &e))
		fail_msg("%s", e.message);
	assert_int_equal(g.count, 1);
	struct config *config = arena_alloc(a, sizeof *config);
	config_default(a, config);
	const struct draft_setting setting = {.config = config, .catalog = catalog_embedded(a)};
	struct draft_setting at = setting;
	assert_true(when_parse("2026-11-24T00:00:00Z", &at.now_ms));
	const struct rules_port rules = {s, "0000000000000000000000000000000000000000000000000000000000000000",
					 judge_scene, NULL};
	struct run run;
	if (!plan_run(a, &at, &rules, &g, NULL, &run, &e))
		fail_msg("%s", e.message);
	assert_int_equal(run.count, 1);
	return &run.outcome[0];
}

#define DOC(s) "{\"Version\":\"2012-10-17\",\"Statement\":[" s "]}"
#define ALLOW(action) "{\"Effect\":\"Allow\",\"Action\":" action ",\"Resource\":\"*\"}"
#define LISTED(service, actions)                                                                  \
	"[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"" service "\",\"actions\":[" actions "]}}]"

static struct scene scene_of(struct arena *a)
{
	return (struct scene){.arena = a,
			      .managed = DOC(ALLOW("[\"sqs:SendMessage\",\"sqs:DeleteQueue\"]")),
			      .inlined = DOC(ALLOW("[\"sns:Publish\"]")),
			      .details = LISTED("sqs", "{\"action\":\"DeleteQueue\"}"),
			      .path = "/",
			      .name = "App"};
}

static const struct gate *gate_of(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->gate_count; i++)
		if (strcmp(p->gate[i].name, name) == 0)
			return &p->gate[i];
	fail_msg("no gate %s", name);
	return NULL;
}

static const struct action *step_of(const struct plan *p, enum step_op op)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->step[i].action.op == op)
			return &p->step[i].action;
	return NULL;
}

/* AWS says nothing, the finding says enough: a plan of pare's own, marked so, proved. */
static void test_own(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	struct outcome *o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	assert_non_null(strstr(o->reason, "by pare itself"));
	assert_null(o->plan->source.recommendation_sha256);
	assert_non_null(strstr(o->plan->bytes, "\"recommendationSha256\": null"));
	assert_string_equal(step_of(o->plan, STEP_CREATE_POLICY)->document,
			    DOC(ALLOW("\"sqs:SendMessage\"")));
	assert_string_equal(step_of(o->plan, STEP_DETACH_ROLE_POLICY)->policy_arn, POLICY);
	assert_null(step_of(o->plan, STEP_PUT_ROLE_POLICY)); /* the inline policy is in use */
	assert_null(step_of(o->plan, STEP_DELETE_ROLE_POLICY));
	assert_int_equal(gate_of(o->plan, "no-new-access")->result, GATE_PASS);
	assert_int_equal(gate_of(o->plan, "only-unused-lost")->result, GATE_PASS);
	struct buf *b = buf_new(a, 1 << 20);
	plan_markdown(a, o->plan, o->principal, b);
	assert_non_null(strstr(b->data, "derived this plan itself"));
	arena_free(a);
}

/* The inline policy, too, and a policy that is wholly unused. */
static void test_own_inline_and_whole(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.inlined = DOC(ALLOW("[\"sns:Publish\",\"sns:DeleteTopic\"]"));
	s.details = "[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\"}},{\"unusedPermissionDetails\":"
		    "{\"serviceNamespace\":\"sns\",\"actions\":[{\"action\":\"DeleteTopic\"}]}}]";
	struct outcome *o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	assert_null(step_of(o->plan, STEP_CREATE_POLICY));
	assert_string_equal(step_of(o->plan, STEP_DETACH_ROLE_POLICY)->policy_arn, POLICY);
	assert_string_equal(step_of(o->plan, STEP_PUT_ROLE_POLICY)->document, DOC(ALLOW("\"sns:Publish\"")));
	assert_string_equal(step_of(o->plan, STEP_DELETE_ROLE_POLICY)->policy_name, "Inl");
	arena_free(a);
}

static void check_none(struct scene *s, enum outcome_kind kind, const char *words)
{
	struct outcome *o = plan_scene(s);
	if (o->plan != NULL || o->kind != kind || strstr(o->reason, words) == NULL)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
}

static void test_nothing_to_derive(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	/* nothing that refine can narrow: AWS's reason stays */
	struct scene s = scene_of(a);
	s.details = LISTED("ec2", "{\"action\":\"RunInstances\"}");
	check_none(&s, OUTCOME_UNSUPPORTED, "there is no recommendation for it");
	s = scene_of(a);
	s.managed = DOC("{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}");
	check_none(&s, OUTCOME_UNSUPPORTED, "NotAction");
	/* the finding lists nothing */
	s = scene_of(a);
	s.details = "[]";
	check_none(&s, OUTCOME_UNSUPPORTED, "there is no recommendation for it");
	/* AWS owns the role */
	s = scene_of(a);
	s.path = "/aws-reserved/sso.amazonaws.com/";
	s.name = "AWSReservedSSO_x";
	check_none(&s, OUTCOME_UNSUPPORTED, "Identity Center");
	arena_free(a);
}

/* A recommendation that failed, or is not there yet, is AWS's answer: pare does not jump in. */
static void test_not_instead_of_aws(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.recommendation = "{\"startedAt\":\"2026-11-20T00:00:00Z\",\"resourceArn\":\"arn:aws:iam::111122223333:"
			   "role/App\",\"recommendedSteps\":[],\"recommendationType\":"
			   "\"UnusedPermissionRecommendation\",\"status\":\"FAILED\",\"error\":{\"code\":"
			   "\"SERVICE_ERROR\",\"message\":\"no\"}}";
	check_none(&s, OUTCOME_FAILED, "SERVICE_ERROR");
	arena_free(a);
}

/* keep(): derived anew within the old document; what is kept counts as used in the proof. */
static void test_keep(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.managed = DOC(ALLOW("\"sqs:*\""));
	s.details = LISTED("sqs", "{\"action\":\"DeleteQueue\"},{\"action\":\"PurgeQueue\"},{\"action\":"
				  "\"CreateQueue\"}");
	str_list_add(a, &s.keep, "*:Purge*");
	struct outcome *o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	const char *text = step_of(o->plan, STEP_CREATE_POLICY)->document;
	assert_non_null(strstr(text, "\"sqs:PurgeQueue\""));
	assert_null(strstr(text, "sqs:DeleteQueue"));
	assert_null(strstr(text, "sqs:CreateQueue"));
	assert_int_equal(gate_of(o->plan, "no-new-access")->result, GATE_PASS);
	assert_int_equal(gate_of(o->plan, "only-unused-lost")->result, GATE_PASS);
	/* everything kept: nothing to do */
	s = scene_of(a);
	str_list_add(a, &s.keep, "sqs:*");
	check_none(&s, OUTCOME_NOTHING, "the rules keep everything");
	arena_free(a);
}

static const char *recommend(struct arena *a, const char *document)
{
	struct buf *b = buf_new(a, 1 << 20);
	struct json_writer w;
	json_start(&w, b, true);
	json_put_text(&w, document);
	return str_printf(a,
			  "{\"startedAt\":\"2026-11-23T00:00:00Z\",\"completedAt\":\"2026-11-23T00:00:00Z\","
			  "\"resourceArn\":\"arn:aws:iam::111122223333:role/App\",\"recommendationType\":"
			  "\"UnusedPermissionRecommendation\",\"status\":\"SUCCEEDED\",\"recommendedSteps\":[{"
			  "\"unusedPermissionsRecommendedStep\":{\"policyUpdatedAt\":\"2026-01-01T00:00:00Z\","
			  "\"recommendedAction\":\"CREATE_POLICY\",\"recommendedPolicy\":%s,\"existingPolicyId\":"
			  "\"" POLICY "\"}},{\"unusedPermissionsRecommendedStep\":{\"policyUpdatedAt\":"
			  "\"2026-01-01T00:00:00Z\",\"recommendedAction\":\"DETACH_POLICY\",\"existingPolicyId\":"
			  "\"" POLICY "\"}}]}",
			  b->data);
}

/* keep() against what AWS recommends: AWS's document goes, the kept action stays. */
static void test_keep_against_recommendation(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.managed = DOC(ALLOW("[\"sqs:SendMessage\",\"sqs:DeleteQueue\",\"sqs:PurgeQueue\"]"));
	s.details = LISTED("sqs", "{\"action\":\"DeleteQueue\"},{\"action\":\"PurgeQueue\"}");
	s.recommendation = recommend(a, DOC(ALLOW("\"sqs:SendMessage\"")));
	struct outcome *o = plan_scene(&s);
	assert_string_equal(step_of(o->plan, STEP_CREATE_POLICY)->document, DOC(ALLOW("\"sqs:SendMessage\"")));
	assert_non_null(o->plan->source.recommendation_sha256);
	str_list_add(a, &s.keep, "sqs:purgequeue");
	o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	assert_string_equal(step_of(o->plan, STEP_CREATE_POLICY)->document,
			    DOC(ALLOW("[\"sqs:SendMessage\",\"sqs:PurgeQueue\"]")));
	assert_non_null(o->plan->source.recommendation_sha256);
	arena_free(a);
}

/* A recommended document over the quota is written shorter, inside the old wildcards. */
static void test_fit(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	const struct catalog_service *ec2 = catalog_service(catalog_embedded(a), "ec2");
	struct buf *list = buf_new(a, 1 << 20);
	for (size_t i = 0; i < ec2->action_count; i++)
		if (strcmp(ec2->action[i].name, "TerminateInstances") != 0)
			buf_printf(list, "%s\"%s\"", list->len > 0 ? "," : "", ec2->action[i].full);
	s.managed = DOC(ALLOW("\"ec2:*\""));
	s.details = LISTED("ec2", "{\"action\":\"TerminateInstances\"}");
	s.recommendation = recommend(
		a, str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[%s],"
				 "\"Resource\":\"*\"}]}", list->data));
	assert_true(list->len > 3 * 6144);
	struct outcome *o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	size_t created = 0;
	for (size_t i = 0; i < o->plan->step_count; i++) {
		const struct action *x = &o->plan->step[i].action;
		if (x->op != STEP_CREATE_POLICY)
			continue;
		created++;
		assert_true(policy_size(x->document) <= 6144);
		assert_null(strstr(x->document, "ec2:TerminateInstances\""));
	}
	assert_int_equal(created, 1);
	arena_free(a);
}

/* An inline document is written shorter, too, where the role's inline quota wants it. */
static void test_fit_inline(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	const struct catalog_service *ec2 = catalog_service(catalog_embedded(a), "ec2");
	struct buf *list = buf_new(a, 1 << 20);
	for (size_t i = 0; i < ec2->action_count; i++)
		if (strcmp(ec2->action[i].name, "TerminateInstances") != 0)
			buf_printf(list, "%s\"%s\"", list->len > 0 ? "," : "", ec2->action[i].full);
	assert_true(list->len > 10240);
	s.managed = NULL;
	s.inlined = DOC(ALLOW("\"ec2:*\""));
	s.details = LISTED("ec2", "{\"action\":\"TerminateInstances\"}");
	const char *text = str_printf(a, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
				      "\"Action\":[%s],\"Resource\":\"*\"}]}", list->data);
	struct buf *rec = buf_new(a, 1 << 20);
	for (const char *c = recommend(a, text); *c != '\0';) { /* about the inline policy instead */
		bool arn = str_starts(c, POLICY);
		bool date = str_starts(c, "\"policyUpdatedAt\":\"2026-01-01T00:00:00Z\",");
		if (arn)
			buf_puts(rec, "Inl");
		else if (!date)
			buf_putc(rec, *c);
		c += arn ? strlen(POLICY) : date ? strlen("\"policyUpdatedAt\":\"2026-01-01T00:00:00Z\",") : 1;
	}
	s.recommendation = rec->data;
	struct outcome *o = plan_scene(&s);
	if (o->kind != OUTCOME_PLANNED)
		fail_msg("%s: %s", outcome_name(o->kind), o->reason);
	const struct action *x = step_of(o->plan, STEP_PUT_ROLE_POLICY);
	assert_true(policy_size(x->document) < 10240 - policy_size(s.inlined));
	arena_free(a);
}

/* A document without a statement is nothing to create. */
static void test_no_statement(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.details = "[{\"unusedPermissionDetails\":{\"serviceNamespace\":\"sqs\"}}]";
	s.recommendation = recommend(a, DOC(""));
	struct outcome *o = plan_scene(&s);
	assert_int_equal(o->kind, OUTCOME_BLOCKED);
	assert_int_equal(gate_of(o->plan, "grammar")->result, GATE_FAIL);
	assert_non_null(strstr(gate_of(o->plan, "grammar")->evidence, "no statement"));
	arena_free(a);
}

/* The grammar gate does not let a short ARN be written anew. */
static void test_short_arn(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct scene s = scene_of(a);
	s.managed = DOC("{\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\",\"sqs:DeleteQueue\"],\"Resource\":"
			"\"arn:aws:sqs*\"}");
	struct outcome *o = plan_scene(&s);
	assert_int_equal(o->kind, OUTCOME_BLOCKED);
	assert_int_equal(gate_of(o->plan, "grammar")->result, GATE_FAIL);
	assert_non_null(strstr(gate_of(o->plan, "grammar")->evidence, "six parts"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_own_inline_and_whole),
		cmocka_unit_test(test_nothing_to_derive),
		cmocka_unit_test(test_not_instead_of_aws),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_keep_against_recommendation),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_fit_inline),
		cmocka_unit_test(test_no_statement),
		cmocka_unit_test(test_short_arn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
