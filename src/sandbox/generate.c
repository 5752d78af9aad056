/* generate: an account full of plausible roles: AWS-managed policies, shared customer-managed ones,
 * inline ones; some unused in whole, some in part, some exempt by the shipped rules. The same seed
 * gives the same account. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pare/when.h"

struct pattern {
	const char *name;
	const char *actions; /* as they stand in the policy, separated by spaces */
	const char *used;    /* what a role may really use of it */
	const char *resource;
};

static const struct pattern managed[] = {
	{"AmazonS3ReadOnlyAccess", "s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*",
	 "s3:GetObject s3:ListBucket s3:GetBucketLocation s3:GetObjectTagging s3:ListAllMyBuckets", "*"},
	{"AmazonDynamoDBReadOnlyAccess", "dynamodb:BatchGetItem dynamodb:Describe* dynamodb:List* dynamodb:GetItem "
	 "dynamodb:Query dynamodb:Scan cloudwatch:GetMetricData cloudwatch:ListMetrics",
	 "dynamodb:GetItem dynamodb:Query dynamodb:DescribeTable", "*"},
	{"AmazonSQSReadOnlyAccess", "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueues sqs:ListQueueTags",
	 "sqs:GetQueueAttributes sqs:GetQueueUrl", "*"},
	{"AmazonSNSReadOnlyAccess", "sns:GetTopicAttributes sns:List*", "sns:ListTopics sns:GetTopicAttributes", "*"},
	{"CloudWatchReadOnlyAccess", "cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* logs:Get* logs:List* "
	 "logs:Describe* logs:FilterLogEvents",
	 "cloudwatch:GetMetricData logs:DescribeLogGroups logs:FilterLogEvents logs:GetLogEvents", "*"},
	{"AmazonEC2ReadOnlyAccess", "ec2:Describe* elasticloadbalancing:Describe* autoscaling:Describe*",
	 "ec2:DescribeInstances ec2:DescribeSubnets elasticloadbalancing:DescribeTargetHealth", "*"},
	{"AWSLambda_ReadOnlyAccess", "lambda:Get* lambda:List* tag:GetResources iam:ListRoles",
	 "lambda:GetFunction lambda:ListFunctions", "*"},
	{"AmazonECS_ReadOnlyAccess", "ecs:Describe* ecs:List*", "ecs:DescribeServices ecs:ListTasks", "*"},
};
static const struct pattern custom[] = {
	{"OrdersTable", "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:Query",
	 "dynamodb:GetItem dynamodb:PutItem dynamodb:Query", "arn:aws:dynamodb:*:111122223333:table/orders-*"},
	{"JobQueue", "sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage sqs:PurgeQueue sqs:GetQueueUrl",
	 "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueUrl", "arn:aws:sqs:*:111122223333:jobs-*"},
	{"AssetBucket", "s3:GetObject s3:PutObject s3:DeleteObject s3:GetObjectTagging s3:PutObjectTagging",
	 "s3:GetObject s3:PutObject", "arn:aws:s3:::assets-111122223333/*"},
	{"Keys", "kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:DescribeKey", "kms:Decrypt kms:DescribeKey",
	 "arn:aws:kms:*:111122223333:key/*"},
	{"Parameters", "ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath ssm:PutParameter",
	 "ssm:GetParameter ssm:GetParameters", "arn:aws:ssm:*:111122223333:parameter/app/*"},
	{"Secrets", "secretsmanager:GetSecretValue secretsmanager:DescribeSecret secretsmanager:ListSecrets",
	 "secretsmanager:GetSecretValue", "*"},
	{"Notify", "sns:Publish sns:Subscribe sns:ListTopics", "sns:Publish", "*"},
	{"Invoke", "lambda:InvokeFunction lambda:ListFunctions lambda:ListLayers lambda:ListAliases",
	 "lambda:InvokeFunction", "*"},
};
enum { MANAGED = sizeof managed / sizeof managed[0], CUSTOM = sizeof custom / sizeof custom[0] };

static const char trust_service[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"%s\"},"
	"\"Action\":\"sts:AssumeRole\"}]}";
static const char trust_pipeline[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Federated\":"
	"\"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com\"},"
	"\"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Condition\":{\"StringEquals\":{"
	"\"token.actions.githubusercontent.com:aud\":\"sts.amazonaws.com\"}}}]}";

struct maker {
	struct sandbox *s;
	struct account *account;
	struct slot *aws[MANAGED];
	struct slot **shared;
	const struct pattern **shared_pattern;
	size_t shared_count;
};

static size_t below(struct sandbox *s, size_t n)
{
	return (size_t)(box_random(s) % n);
}

static const char *document_of(struct arena *a, const struct pattern *x, const char *sid, bool conditional)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 8192);
	buf_printf(b, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"%s\",\"Effect\":\"Allow\",\"Action\":[",
		   sid);
	for (size_t i = 0;; i++) {
		const char *action = str_part(scratch, x->actions, ' ', i, false);
		if (action == NULL)
			break;
		buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", action);
	}
	buf_printf(b, "],\"Resource\":\"%s\"", x->resource);
	if (conditional)
		buf_puts(b, ",\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":\"eu-west-1\"}}");
	buf_puts(b, "}]}");
	const char *text = arena_strdup(a, b->data);
	arena_free(scratch);
	return text;
}

static struct slot *put_policy(struct maker *m, struct table *t, struct account *account, const char *key,
			       const char *arn, const char *name, const char *document)
{
	struct sandbox *s = m->s;
	struct slot *slot = table_add(s->arena, t, key);
	if (slot_now(slot) != NULL)
		return slot;
	struct managed *x = arena_alloc(s->arena, sizeof *x);
	slot->arn = x->arn = arena_strdup(s->arena, arn);
	slot->account = account;
	x->slot = slot;
	x->name = arena_strdup(s->arena, name);
	x->path = "/";
	x->id = box_id(s, s->arena, "ANPA");
	x->created_ms = x->updated_ms = box_now(s) - (int64_t)(300 + below(s, 900)) * WHEN_DAY_MS;
	x->attachable = true;
	x->default_version = x->last_version = x->version_count = 1;
	x->version = arena_alloc(s->arena, sizeof *x->version);
	*x->version = (struct policy_version){1, x->created_ms, document_new(s->arena, document)};
	box_put(s, slot, x);
	return slot;
}

static void make_policies(struct maker *m, size_t roles)
{
	struct arena *a = m->s->arena;
	for (size_t i = 0; i < MANAGED; i++) {
		const char *arn = str_printf(a, "arn:aws:iam::aws:policy/%s", managed[i].name);
		m->aws[i] = put_policy(m, &m->s->aws_policies, NULL, arn, arn, managed[i].name,
				       document_of(a, &managed[i], managed[i].resource[0] == '*' ? "Read" : "", false));
	}
	m->shared_count = roles / 20 + 1;
	if (m->shared_count > m->account->policies_quota / 2)
		m->shared_count = m->account->policies_quota / 2;
	m->shared = arena_array(a, m->shared_count, sizeof(struct slot *));
	m->shared_pattern = arena_array(a, m->shared_count, sizeof(struct pattern *));
	for (size_t i = 0; i < m->shared_count; i++) {
		const struct pattern *x = m->shared_pattern[i] = &custom[i % CUSTOM];
		const char *name = str_printf(a, "Shared%s%04zu", x->name, i);
		m->shared[i] = put_policy(m, &m->account->policies, m->account, str_lower(a, name),
					  str_printf(a, "arn:aws:iam::%s:policy/%s", m->account->id, name), name,
					  document_of(a, x, x->name, i % 3 == 0));
	}
}

/* Of each policy: a quarter wholly unused, most of them in part, some used as far as listed. */
static void use(struct maker *m, struct role *r, const struct pattern *x)
{
	struct arena *scratch = arena_new(NULL);
	size_t how = below(m->s, 4);
	for (size_t i = 0; how > 0; i++) {
		const char *action = str_part(scratch, x->used, ' ', i, false);
		if (action == NULL)
			break;
		if (how < 3 && below(m->s, 2) == 0)
			continue;
		if (!str_list_has(&r->used, action) && catalog_action(m->s->catalog, action) != NULL)
			str_list_add(m->s->arena, &r->used, arena_strdup(m->s->arena, action));
	}
	arena_free(scratch);
}

static void add_attached(struct role *r, struct slot *slot)
{
	size_t at = 0;
	if (role_has(r, slot))
		return;
	while (at < r->attached_count && strcmp(r->attached[at]->arn, slot->arn) < 0)
		at++;
	memmove(&r->attached[at + 1], &r->attached[at], (r->attached_count++ - at) * sizeof(struct slot *));
	r->attached[at] = slot;
}

static void give_policies(struct maker *m, struct role *r)
{
	struct sandbox *s = m->s;
	size_t aws = below(s, 3), shared = below(s, 3), inlines = below(s, 3);
	if (aws + shared + inlines == 0)
		aws = 1;
	r->attached = arena_array(s->arena, aws + shared + 1, sizeof(struct slot *));
	r->inlines = arena_array(s->arena, inlines, sizeof *r->inlines);
	for (size_t i = 0; i < aws; i++) {
		size_t k = below(s, MANAGED);
		add_attached(r, m->aws[k]);
		use(m, r, &managed[k]);
	}
	for (size_t i = 0; i < shared; i++) {
		size_t k = below(s, m->shared_count);
		add_attached(r, m->shared[k]);
		use(m, r, m->shared_pattern[k]);
	}
	for (size_t i = 0; i < inlines; i++) {
		const struct pattern *x = &custom[below(s, CUSTOM)];
		const char *name = str_printf(s->arena, "Inline%zu%s", i, x->name);
		const char *text = document_of(s->arena, x, x->name, below(s, 4) == 0);
		r->inlines[r->inline_count++] = (struct inline_entry){name, document_new(s->arena, text)};
		use(m, r, x);
	}
}

static void set_tag(struct maker *m, struct role *r, const char *key, const char *value)
{
	if (r->tag == NULL)
		r->tag = arena_array(m->s->arena, 8, sizeof *r->tag);
	r->tag[r->tag_count++] = (struct tag){key, value};
}

/* One role in ten is what the shipped rules are for. */
static void make_exempt(struct maker *m, struct role *r, size_t kind)
{
	switch (kind) {
	case 0:
		r->trust = str_printf(m->s->arena, trust_service, "backup.amazonaws.com");
		break;
	case 1:
		r->trust = trust_pipeline;
		break;
	case 2:
		set_tag(m, r, "purpose", "disaster-recovery");
		break;
	case 3:
		set_tag(m, r, "pare:opt-out", "vendor appliance, replaced next year");
		set_tag(m, r, "pare:owner", "platform@example.com");
		set_tag(m, r, "pare:until", "2099-12-31");
		break;
	default:
		set_tag(m, r, "break-glass", "true");
		break;
	}
}

static void make_role(struct maker *m, size_t number)
{
	static const char *const teams[] = {"orders", "search", "billing", "media", "ledger", "support"};
	static const char *const services[] = {"ec2.amazonaws.com", "lambda.amazonaws.com",
					       "ecs-tasks.amazonaws.com"};
	struct sandbox *s = m->s;
	struct role *r = arena_alloc(s->arena, sizeof *r);
	const char *team = teams[below(s, 6)];
	r->account = m->account;
	r->name = str_printf(s->arena, "%s-service-%05zu", team, number);
	r->path = below(s, 3) == 0 ? str_printf(s->arena, "/app/%s/", team) : "/";
	r->arn = str_printf(s->arena, "arn:aws:iam::%s:role%s%s", m->account->id, r->path, r->name);
	r->id = box_id(s, s->arena, "AROA");
	r->trust = str_printf(s->arena, trust_service, services[below(s, 3)]);
	r->created_ms = box_now(s) - (int64_t)(200 + below(s, 1000)) * WHEN_DAY_MS;
	r->last_used_ms = box_now(s) - (int64_t)(1 + below(s, 60)) * WHEN_DAY_MS;
	if (number % 50 == 49)
		r->last_used_ms = number % 100 == 99 ? 0 : box_now(s) - 150ll * WHEN_DAY_MS;
	r->last_used_region = "eu-west-1";
	r->max_session_s = 3600;
	set_tag(m, r, "team", team);
	if (number % 10 == 3)
		make_exempt(m, r, number / 10 % 5);
	give_policies(m, r);
	r->slot = table_add(s->arena, &m->account->roles, str_lower(s->arena, r->name));
	r->slot->account = m->account;
	box_put(s, r->slot, r);
}

static void need_analyzer(struct sandbox *s, struct account *account)
{
	if (s->analyzer_count > 0)
		return;
	struct box_analyzer *z = arena_alloc(s->arena, sizeof *z);
	z->region = "us-east-1";
	z->arn = str_printf(s->arena, "arn:aws:access-analyzer:us-east-1:%s:analyzer/unused-access", account->id);
	z->name = "unused-access";
	z->type = "ACCOUNT_UNUSED_ACCESS";
	z->status = "ACTIVE";
	z->account = account;
	z->created_ms = box_now(s) - 400ll * WHEN_DAY_MS;
	z->age_days = 90;
	s->analyzer = arena_grow(s->arena, s->analyzer, s->analyzer_count, &s->analyzer_cap,
			       sizeof(struct box_analyzer *));
	s->analyzer[s->analyzer_count++] = z;
}

bool sandbox_generate(struct sandbox *s, size_t roles, uint64_t seed, struct err *e)
{
	if (roles > 100000)
		return err_set(e, ERR_USAGE, "generating %zu roles: expected at most 100000", roles);
	if (s->loaded)
		return true;
	struct maker m = {.s = s, .account = s->account[0]};
	bool quiet = s->quiet;
	uint64_t random = s->random;
	s->quiet = true;
	s->random = seed;
	s->generated = true;
	need_analyzer(s, m.account);
	if (m.account->roles_quota < 2 * roles)
		m.account->roles_quota = 2 * roles;
	if (m.account->policies_quota < 3 * roles) /* room for what remediation creates */
		m.account->policies_quota = 3 * roles < 1500 ? 1500 : 3 * roles;
	make_policies(&m, roles);
	for (size_t i = 0; i < roles; i++)
		make_role(&m, i);
	s->random = random;
	s->quiet = quiet;
	state_save(s);
	return s->broken[0] == '\0' || err_set(e, ERR_IO, "generating %zu roles: %s", roles, s->broken);
}
