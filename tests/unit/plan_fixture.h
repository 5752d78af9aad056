/* Principals and plans by hand, for the tests of what is shown and committed. */
#ifndef PARE_PLAN_FIXTURE_H
#define PARE_PLAN_FIXTURE_H

#include "review_fixture.h"

#include "pare/document.h"
#include "pare/propose.h"

#define ACCOUNT "111122223333"
#define S3_ARN "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
#define S3_NEW "arn:aws:iam::" ACCOUNT ":policy/pare/AmazonS3ReadOnlyAccess-recommended-12345678"
static const char S3_OLD_TEXT[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"B\",\"Effect\":\"Allow\",\"Action\":"
	"[\"s3:List*\","
	"\"s3:Get*\",\"s3:Describe*\"],\"Resource\":\"*\"},{\"Sid\":\"A\",\"Effect\":\"Allow\","
	"\"Action\":"
	"[\"s3-object-lambda:Get*\",\"s3-object-lambda:List*\"],\"Resource\":\"*\"}]}";
static const char S3_NEW_TEXT[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"A\",\"Effect\":\"Allow\",\"Action\":"
	"\"s3-object-lambda:Get*\",\"Resource\":[\"*\"]},{\"Sid\":\"B\",\"Effect\":\"Allow\","
	"\"Action\":[\"s3:Get*\","
	"\"s3:List*\"],\"Resource\":\"*\"}]}";
static const char LAMBDA_TEXT[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
				  "\"Action\":[\"lambda:ListFunctions\","
				  "\"lambda:ListLayers\"],\"Resource\":\"*\",\"Condition\":{"
				  "\"IpAddress\":{\"aws:SourceIp\":\"203.0.113.0/24\"}}}}";

static inline struct principal *make_role(struct arena *a, const char *path, const char *name)
{
	struct principal *p = arena_alloc(a, sizeof *p);
	*p = (struct principal){
		.type = PRINCIPAL_ROLE,
		.partition = "aws",
		.account = ACCOUNT,
		.name = name,
		.path = path,
		.arn = str_printf(a, "arn:aws:iam::" ACCOUNT ":role%s%s", path, name),
		.unique_id = "AROAEXAMPLE",
	};
	p->attached = arena_array(a, 4, sizeof *p->attached);
	p->inline_policy = arena_array(a, 4, sizeof *p->inline_policy);
	p->attached[p->attached_count++] =
		(struct managed_policy){.arn = S3_ARN,
					.name = "AmazonS3ReadOnlyAccess",
					.default_version = "v3",
					.update_date = "2026-01-01T00:00:00Z",
					.document = S3_OLD_TEXT,
					.attachable = true};
	p->inline_policy[p->inline_count++] =
		(struct inline_policy){.name = "InlinePolicyListLambda", .document = LAMBDA_TEXT};
	principal_settle(a, p);
	return p;
}

static inline void add_step(struct arena *a, struct plan *p, enum step_op op, enum step_op back,
			    const char *arn, const char *name, const char *text, const char *source)
{
	struct step *s = &p->step[p->step_count++];
	const char *sha = text != NULL ? policy_text_digest(a, text) : NULL;
	*s = (struct step){.n = p->step_count,
			   .source_policy = source,
			   .action = {.op = op,
				      .policy_arn = arn,
				      .policy_name = name,
				      .document = text,
				      .path = op == STEP_CREATE_POLICY ? "/pare/" : NULL,
				      .document_sha256 = sha},
			   .inverse = {.op = back,
				       .policy_arn = arn,
				       .policy_name = name,
				       .document = text,
				       .document_sha256 = sha}};
}

/* Narrows the managed policy and deletes the inline one. `salt` makes another recommendation. */
static inline struct plan *make_plan(struct bench *b, const struct principal *role, const char *url,
				     const char *salt)
{
	struct arena *a = b->arena;
	struct plan *p = arena_alloc(a, sizeof *p);
	*p = (struct plan){
		.repository = url,
		.branch = "main",
		.created_at = "2026-11-24T03:09:23Z",
		.expires_at = "2026-12-01T03:09:23Z",
		.author = "pare-bot@example.com",
		.account = ACCOUNT,
		.partition = "aws",
	};
	p->principal.type = role->type;
	p->principal.arn = role->arn;
	p->principal.name = role->name;
	p->principal.unique_id = role->unique_id;
	p->principal.path = role->path;
	p->source.finding = "f1";
	p->source.recommendation_sha256 = sha256_hex(a, salt, strlen(salt));
	p->decision.rules_sha256 = sha256_hex(a, "rules", 5);
	p->preconditions.tags_sha256 = principal_tags_sha256(a, role);
	p->id = plan_id(a, 1795489763000, ACCOUNT, role->name, role->arn,
			p->source.recommendation_sha256);
	p->step = arena_array(a, 8, sizeof *p->step);
	add_step(a, p, STEP_CREATE_POLICY, STEP_DELETE_POLICY, S3_NEW,
		 "AmazonS3ReadOnlyAccess-recommended-12345678", S3_NEW_TEXT, S3_ARN);
	add_step(a, p, STEP_ATTACH_ROLE_POLICY, STEP_DETACH_ROLE_POLICY, S3_NEW, NULL, NULL,
		 S3_ARN);
	add_step(a, p, STEP_DETACH_ROLE_POLICY, STEP_ATTACH_ROLE_POLICY, S3_ARN, NULL, NULL,
		 S3_ARN);
	add_step(a, p, STEP_DELETE_ROLE_POLICY, STEP_PUT_ROLE_POLICY, NULL,
		 "InlinePolicyListLambda", LAMBDA_TEXT, "InlinePolicyListLambda");
	p->gate = arena_array(a, 1, sizeof *p->gate);
	p->gate[p->gate_count++] =
		(struct gate){"no-new-access", GATE_PASS, "proved: the same or less"};
	str_list_add(a, &p->impact.removed, "s3:DescribeJob");
	p->impact.actions_before = 10;
	p->impact.actions_after = 7;
	p->impact.actions_removed = 3;
	assert_ok(plan_seal(a, p, &b->e));
	assert_ok(plan_parse(a, p->bytes, p->len, "the fixture", &b->e));
	return p;
}

static inline struct config make_config(struct bench *b, const char *url)
{
	struct config c;
	config_default(b->arena, &c);
	c.repository.url = url;
	c.author = "pare-bot@example.com";
	return c;
}

/* The file of that path among many, or NULL. */
static inline const struct review_file *file_named(const struct review_file *f, size_t count,
						   const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(f[i].path, path) == 0 && f[i].bytes != NULL)
			return &f[i];
	return NULL;
}

#endif
