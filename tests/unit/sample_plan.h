/* A plan with every kind of member in it, for tests: one managed policy replaced, one inline policy
 * replaced, one detached. */
#ifndef PARE_SAMPLE_PLAN_H
#define PARE_SAMPLE_PLAN_H

#include <string.h>

#include "pare/digest.h"
#include "pare/plan.h"
#include "pare/principal.h"

#define SAMPLE_ACCOUNT "111122223333"
#define SAMPLE_ARN "arn:aws:iam::111122223333:role/app/AppRole"
#define SAMPLE_READER "arn:aws:iam::111122223333:policy/reader"
#define SAMPLE_AWS "arn:aws:iam::aws:policy/AmazonBedrockReadOnly"
#define SAMPLE_READER_DOCUMENT \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:ReceiveMessage\"," \
	"\"sqs:DeleteMessage\"],\"Resource\":\"*\"}]}"
#define SAMPLE_READER_NEW \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:ReceiveMessage\"," \
	"\"Resource\":\"*\"}]}"
#define SAMPLE_AWS_DOCUMENT \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"bedrock:Get*\"," \
	"\"Resource\":\"*\"}]}"
#define SAMPLE_LIST_DOCUMENT \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"lambda:ListFunctions\"," \
	"\"lambda:ListAliases\"],\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:PrincipalTag/t\":" \
	"\"gr\xc3\xbc\xc3\x9f\"}}}}"
#define SAMPLE_LIST_NEW \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"lambda:ListFunctions\"," \
	"\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:PrincipalTag/t\":\"gr\xc3\xbc\xc3\x9f\"}}}}"

static inline struct principal *sample_principal(struct arena *a)
{
	struct principal *p = arena_alloc(a, sizeof *p);
	*p = (struct principal){.type = PRINCIPAL_ROLE, .partition = "aws", .account = SAMPLE_ACCOUNT,
				.arn = SAMPLE_ARN, .name = "AppRole", .path = "/app/",
				.unique_id = "AROAEXAMPLEID12345678"};
	p->tag = arena_array(a, 2, sizeof *p->tag);
	p->tag[0] = (struct tag){"team", "payments"};
	p->tag[1] = (struct tag){"env", "prod"};
	p->tag_count = 2;
	p->attached = arena_array(a, 2, sizeof *p->attached);
	p->attached[0] = (struct managed_policy){.arn = SAMPLE_AWS, .name = "AmazonBedrockReadOnly",
						 .default_version = "v3", .update_date = "2026-01-02T03:04:05Z",
						 .document = SAMPLE_AWS_DOCUMENT, .attachment_count = 9,
						 .boundary_count = 0, .attachable = true};
	p->attached[1] = (struct managed_policy){.arn = SAMPLE_READER, .name = "reader", .default_version = "v1",
						 .update_date = "2026-02-02T03:04:05Z",
						 .document = SAMPLE_READER_DOCUMENT, .attachment_count = 1,
						 .boundary_count = -1, .attachable = true};
	p->attached_count = 2;
	p->inline_policy = arena_array(a, 1, sizeof *p->inline_policy);
	p->inline_policy[0] = (struct inline_policy){.name = "List", .document = SAMPLE_LIST_DOCUMENT};
	p->inline_count = 1;
	principal_settle(a, p);
	return p;
}

static inline struct step sample_step(size_t n, enum step_op op, enum step_op back, const char *arn,
				      const char *source)
{
	struct step s = {.n = n, .action = {.op = op, .policy_arn = arn}, .inverse = {.op = back, .policy_arn = arn},
			 .source_policy = source};
	return s;
}

static inline struct step sample_inline_step(struct arena *a, size_t n, enum step_op op, enum step_op back,
					     const char *name, const char *document)
{
	struct step s = {.n = n, .action = {.op = op, .policy_name = name, .document = document},
			 .source_policy = "List"};
	s.action.document_sha256 = policy_text_digest(a, document);
	s.inverse = s.action;
	s.inverse.op = back;
	return s;
}

/* Not sealed yet. */
static inline struct plan *sample_plan(struct arena *a)
{
	const struct principal *x = sample_principal(a);
	struct plan *p = arena_alloc(a, sizeof *p);
	const char *sha = policy_text_digest(a, SAMPLE_READER_NEW);
	const char *arn = "arn:aws:iam::111122223333:policy/pare/reader-recommended-0123abcd";
	p->repository = "https://git.example/acme/iam-review.git";
	p->branch = "main";
	p->created_at = "2026-11-24T03:09:23Z";
	p->expires_at = "2026-12-01T03:09:23Z";
	p->author = "pare-bot@example.com";
	p->account = SAMPLE_ACCOUNT;
	p->partition = "aws";
	p->principal.type = PRINCIPAL_ROLE;
	p->principal.arn = SAMPLE_ARN;
	p->principal.name = "AppRole";
	p->principal.unique_id = x->unique_id;
	p->principal.path = "/app/";
	p->source.analyzer = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access";
	p->source.finding = "11111111-2222-3333-4444-555555555555";
	p->source.finding_updated_at = "2026-11-20T00:00:00Z";
	p->source.recommendation_sha256 = sha256_hex(a, "recommendation", 14);
	p->id = plan_id(a, 1795489763000, p->account, p->principal.name, p->principal.arn,
			p->source.recommendation_sha256);
	p->decision.verdict = arena_array(a, 2, sizeof *p->decision.verdict);
	p->decision.verdict[0] = (struct verdict){.rule = "backup", .rule_sha256 = sha256_hex(a, "b", 1)};
	p->decision.verdict[1] = (struct verdict){.rule = "keep", .rule_sha256 = sha256_hex(a, "k", 1),
						  .kind = VERDICT_KEEP, .reason = "needed in December",
						  .until = "2027-01-07"};
	str_list_add(a, &p->decision.verdict[1].keep, "s3:Get*");
	p->decision.count = 2;
	p->decision.outcome = VERDICT_KEEP;
	p->decision.rules_sha256 = sha256_hex(a, "rules", 5);
	p->preconditions.attached = arena_array(a, 2, sizeof *p->preconditions.attached);
	for (size_t i = 0; i < x->attached_count; i++)
		p->preconditions.attached[i] = (struct precondition_attached){
			x->attached[i].arn, x->attached[i].default_version, x->attached[i].update_date,
			x->attached[i].document_sha256};
	p->preconditions.attached_count = 2;
	p->preconditions.inline_policy = arena_array(a, 1, sizeof *p->preconditions.inline_policy);
	p->preconditions.inline_policy[0] =
		(struct precondition_inline){"List", x->inline_policy[0].document_sha256};
	p->preconditions.inline_count = 1;
	p->preconditions.tags_sha256 = principal_tags_sha256(a, x);
	p->step = arena_array(a, 6, sizeof *p->step);
	p->step[0] = sample_step(1, STEP_CREATE_POLICY, STEP_DELETE_POLICY, arn, SAMPLE_READER);
	p->step[0].action.policy_name = "reader-recommended-0123abcd";
	p->step[0].action.path = "/pare/";
	p->step[0].action.document = SAMPLE_READER_NEW;
	p->step[0].action.document_sha256 = p->step[0].inverse.document_sha256 = sha;
	p->step[0].action.tag = arena_array(a, 2, sizeof *p->step[0].action.tag);
	p->step[0].action.tag[0] = (struct tag){"pare:plan", p->id};
	p->step[0].action.tag[1] = (struct tag){"pare:source-policy", SAMPLE_READER};
	p->step[0].action.tag_count = 2;
	p->step[1] = sample_step(2, STEP_ATTACH_ROLE_POLICY, STEP_DETACH_ROLE_POLICY, arn, SAMPLE_READER);
	p->step[2] = sample_inline_step(a, 3, STEP_PUT_ROLE_POLICY, STEP_DELETE_ROLE_POLICY,
					"List-recommended-89abcdef", SAMPLE_LIST_NEW);
	p->step[3] = sample_step(4, STEP_DETACH_ROLE_POLICY, STEP_ATTACH_ROLE_POLICY, SAMPLE_READER, SAMPLE_READER);
	p->step[4] = sample_inline_step(a, 5, STEP_DELETE_ROLE_POLICY, STEP_PUT_ROLE_POLICY, "List",
					SAMPLE_LIST_DOCUMENT);
	p->step[5] = sample_step(6, STEP_DETACH_ROLE_POLICY, STEP_ATTACH_ROLE_POLICY, SAMPLE_AWS, SAMPLE_AWS);
	p->step_count = 6;
	p->gate = arena_array(a, 2, sizeof *p->gate);
	p->gate[0] = (struct gate){"no-new-access", GATE_PASS, "proved"};
	p->gate[1] = (struct gate){"quota", GATE_PASS, "inside IAM's quotas"};
	p->gate_count = 2;
	p->impact.actions_before = 40;
	p->impact.actions_after = 2;
	p->impact.actions_removed = 38;
	str_list_add(a, &p->impact.services_removed, "bedrock");
	str_list_add(a, &p->impact.removed, "lambda:ListAliases");
	str_list_add(a, &p->impact.removed, "sqs:DeleteMessage");
	return p;
}

#endif
