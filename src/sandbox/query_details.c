/* query_details: GetAccountAuthorizationDetails, GetAccountSummary, and STS. */
#include <string.h>

#include "query.h"
#include "pare/arn.h"

static void put_role_detail(struct query *q, const struct role *r)
{
	bool user = r->type == PRINCIPAL_USER;
	put_open(q, "member");
	put_text(q, "Path", r->path);
	put_text(q, user ? "UserName" : "RoleName", r->name);
	put_text(q, user ? "UserId" : "RoleId", r->id);
	put_text(q, "Arn", r->arn);
	put_when(q, "CreateDate", r->created_ms);
	if (user) {
		put_open(q, "GroupList");
		for (size_t i = 0; i < r->groups.count; i++)
			put_text(q, "member", r->groups.item[i]);
		put_close(q, "GroupList");
	} else {
		put_document_text(q, "AssumeRolePolicyDocument", r->trust);
		buf_puts(q->out, "<InstanceProfileList/>");
	}
	const char *inlines = user ? "UserPolicyList" : "RolePolicyList";
	put_open(q, inlines);
	for (size_t i = 0; i < r->inline_count; i++) {
		put_open(q, "member");
		put_text(q, "PolicyName", r->inlines[i].name);
		put_document_text(q, "PolicyDocument", r->inlines[i].document->text);
		put_close(q, "member");
	}
	put_close(q, inlines);
	put_open(q, "AttachedManagedPolicies");
	for (size_t i = 0; i < r->attached_count; i++) {
		put_open(q, "member");
		put_text(q, "PolicyName", arn_name(r->attached[i]->arn));
		put_text(q, "PolicyArn", r->attached[i]->arn);
		put_close(q, "member");
	}
	put_close(q, "AttachedManagedPolicies");
	put_boundary(q, r);
	put_xml_tags(q, r->tag, r->tag_count);
	if (!user)
		put_last_used(q, r);
	put_close(q, "member");
}

static void put_policy_detail(struct query *q, const struct managed *m)
{
	put_open(q, "member");
	put_text(q, "PolicyName", m->name);
	put_text(q, "PolicyId", m->id);
	put_text(q, "Arn", m->arn);
	put_text(q, "Path", m->path);
	put_text(q, "DefaultVersionId", version_name(q->a, m->default_version));
	put_number(q, "AttachmentCount", (int64_t)policy_users(&q->read, m->slot, false));
	put_number(q, "PermissionsBoundaryUsageCount", (int64_t)policy_users(&q->read, m->slot, true));
	put_bool(q, "IsAttachable", m->attachable);
	put_text(q, "Description", m->description);
	put_when(q, "CreateDate", m->created_ms);
	put_when(q, "UpdateDate", m->updated_ms);
	put_open(q, "PolicyVersionList");
	for (size_t i = m->version_count; i > 0; i--) {
		const struct policy_version *v = &m->version[i - 1];
		put_open(q, "member");
		put_document_text(q, "Document", v->document->text);
		put_text(q, "VersionId", version_name(q->a, v->number));
		put_bool(q, "IsDefaultVersion", v->number == m->default_version);
		put_when(q, "CreateDate", v->created_ms);
		put_close(q, "member");
	}
	put_close(q, "PolicyVersionList");
	put_close(q, "member");
}

static bool wanted(struct query *q, int *out)
{
	struct str_list filter = {0};
	query_list(q, "Filter", &filter);
	*out = filter.count == 0 ? DETAILS_ALL : 0;
	for (size_t i = 0; i < filter.count; i++) {
		const char *x = filter.item[i];
		if (strcmp(x, "Role") == 0)
			*out |= DETAILS_ROLES;
		else if (strcmp(x, "LocalManagedPolicy") == 0)
			*out |= DETAILS_LOCAL;
		else if (strcmp(x, "AWSManagedPolicy") == 0)
			*out |= DETAILS_AWS;
		else if (strcmp(x, "User") == 0)
			*out |= DETAILS_USERS;
		else if (strcmp(x, "Group") != 0)
			return problem_set(q->p, 400, "ValidationError",
					   "1 validation error detected: Value '[%.50s]' at 'filter' failed to satisfy "
					   "constraint: Member must satisfy enum value set: [User, Role, Group, "
					   "LocalManagedPolicy, AWSManagedPolicy]",
					   x);
	}
	return true;
}

static bool account_details(struct query *q)
{
	struct page page;
	struct details d;
	int what;
	if (!wanted(q, &what) || !query_page(q, &page))
		return false;
	details_page(&q->read, q->a, what, &page, &d);
	put_open(q, "UserDetailList");
	for (size_t i = 0; i < d.role_count; i++)
		if (d.role[i]->type == PRINCIPAL_USER)
			put_role_detail(q, d.role[i]);
	buf_puts(q->out, "</UserDetailList><GroupDetailList/><RoleDetailList>");
	for (size_t i = 0; i < d.role_count; i++)
		if (d.role[i]->type == PRINCIPAL_ROLE)
			put_role_detail(q, d.role[i]);
	buf_puts(q->out, "</RoleDetailList><Policies>");
	for (size_t i = 0; i < d.policy_count; i++)
		put_policy_detail(q, d.policy[i]);
	put_close(q, "Policies");
	put_page(q, &page);
	return true;
}

static int64_t live(const struct query *q, const struct table *t)
{
	int64_t count = 0;
	for (size_t i = 0; i < t->count; i++)
		count += slot_at(t->slot[i], q->read.as_of_ms) != NULL;
	return count;
}

static void entry(struct query *q, const char *key, int64_t value)
{
	put_open(q, "entry");
	put_text(q, "key", key);
	put_number(q, "value", value);
	put_close(q, "entry");
}

static bool account_summary(struct query *q)
{
	const struct account *a = q->account;
	int64_t versions = 0;
	for (size_t i = 0; i < a->policies.count; i++) {
		const struct managed *m = slot_at(a->policies.slot[i], q->read.as_of_ms);
		versions += m != NULL ? (int64_t)m->version_count : 0;
	}
	put_open(q, "SummaryMap");
	entry(q, "Users", live(q, &a->users));
	entry(q, "UsersQuota", 5000);
	entry(q, "Groups", 0);
	entry(q, "GroupsQuota", 300);
	entry(q, "Roles", live(q, &a->roles));
	entry(q, "RolesQuota", (int64_t)a->roles_quota);
	entry(q, "Policies", live(q, &a->policies));
	entry(q, "PoliciesQuota", (int64_t)a->policies_quota);
	entry(q, "PolicySizeQuota", POLICY_SIZE_MAX);
	entry(q, "PolicyVersionsInUse", versions);
	entry(q, "PolicyVersionsInUseQuota", 10000);
	entry(q, "VersionsPerPolicyQuota", VERSIONS_MAX);
	entry(q, "RolePolicySizeQuota", INLINE_TOTAL_MAX);
	entry(q, "UserPolicySizeQuota", USER_INLINE_MAX);
	entry(q, "GroupPolicySizeQuota", 5120);
	entry(q, "AssumeRolePolicySizeQuota", TRUST_SIZE_MAX);
	entry(q, "AttachedPoliciesPerRoleQuota", (int64_t)a->attached_quota);
	entry(q, "AttachedPoliciesPerUserQuota", (int64_t)a->user_attached_quota);
	entry(q, "AttachedPoliciesPerGroupQuota", 10);
	entry(q, "GroupsPerUserQuota", 10);
	entry(q, "AccessKeysPerUserQuota", 2);
	entry(q, "AccountMFAEnabled", 1);
	entry(q, "AccountAccessKeysPresent", 0);
	entry(q, "AccountPasswordPresent", 1);
	entry(q, "GlobalEndpointTokenVersion", 1);
	put_close(q, "SummaryMap");
	return true;
}

const struct query_op query_details_ops[] = {
	{"GetAccountAuthorizationDetails", false, account_details, false, false},
	{"GetAccountSummary", false, account_summary, false, false},
	{NULL, false, NULL, false, false},
};

/* --- STS --- */

static bool caller_identity(struct query *q)
{
	const struct box_key *k = key_of_caller(q->s, q->request->caller_arn);
	put_text(q, "Arn", q->request->caller_arn);
	put_text(q, "UserId", k != NULL ? k->user_id : q->request->account);
	put_text(q, "Account", q->request->account);
	return true;
}

static bool assume_role(struct query *q)
{
	const struct role *r = NULL;
	struct assume x = {.role_arn = query_get(q, "RoleArn"), .session = query_get(q, "RoleSessionName"),
			   .external_id = query_get(q, "ExternalId"), .caller_arn = q->request->caller_arn,
			   .caller_account = q->request->account,
			   .source_identity = query_get(q, "SourceIdentity")};
	if (!query_number(q, "DurationSeconds", 3600, &x.duration_s))
		return false;
	const struct box_key *k = key_assume(q->s, &x, &r, q->p);
	if (k == NULL)
		return false;
	if (k->source_identity != NULL)
		put_text(q, "SourceIdentity", k->source_identity);
	put_open(q, "AssumedRoleUser");
	put_text(q, "AssumedRoleId", k->user_id);
	put_text(q, "Arn", k->wire.caller_arn);
	put_close(q, "AssumedRoleUser");
	put_open(q, "Credentials");
	put_text(q, "AccessKeyId", k->wire.access_key_id);
	put_text(q, "SecretAccessKey", k->wire.secret);
	put_text(q, "SessionToken", k->wire.session_token);
	put_when(q, "Expiration", k->wire.expires_ms);
	put_close(q, "Credentials");
	return true;
}

const struct query_op query_sts_ops[] = {
	{"GetCallerIdentity", false, caller_identity, false, false},
	{"AssumeRole", false, assume_role, false, false},
	{NULL, false, NULL, false, false},
};
