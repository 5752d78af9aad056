#include <string.h>

#include "query.h"
#include "pare/arn.h"

static void put_policy(struct query *q, const struct managed *m, bool tags)
{
	put_text(q, "PolicyName", m->name);
	put_text(q, "PolicyId", m->id);
	put_text(q, "Arn", m->arn);
	put_text(q, "Path", m->path);
	put_text(q, "DefaultVersionId", version_name(q->a, m->default_version));
	put_number(q, "AttachmentCount", (int64_t)policy_users(&q->read, m->slot, false));
	put_number(q, "PermissionsBoundaryUsageCount", (int64_t)policy_users(&q->read, m->slot, true));
	put_bool(q, "IsAttachable", m->attachable);
	put_text(q, "Description", tags ? m->description : NULL); /* ListPolicies leaves both out */
	put_when(q, "CreateDate", m->created_ms);
	put_when(q, "UpdateDate", m->updated_ms);
	if (tags)
		put_xml_tags(q, m->tag, m->tag_count);
}

static void put_version(struct query *q, const struct managed *m, const struct policy_version *v,
			bool document)
{
	if (document)
		put_document_text(q, "Document", v->document->text);
	put_text(q, "VersionId", version_name(q->a, v->number));
	put_bool(q, "IsDefaultVersion", v->number == m->default_version);
	put_when(q, "CreateDate", v->created_ms);
}

static bool create_policy(struct query *q)
{
	struct policy_new n = {.name = query_get(q, "PolicyName"), .path = query_get(q, "Path"),
			       .document = query_get(q, "PolicyDocument"),
			       .description = query_get(q, "Description")};
	n.tag = query_tags(q, &n.tag_count);
	const struct managed *m = policy_create(q->s, q->account, &n, q->p);
	if (m == NULL)
		return false;
	put_open(q, "Policy");
	put_policy(q, m, true);
	put_close(q, "Policy");
	return true;
}

static bool get_policy(struct query *q)
{
	const struct managed *m = policy_get(&q->read, query_get(q, "PolicyArn"), q->p);
	if (m == NULL)
		return false;
	put_open(q, "Policy");
	put_policy(q, m, true);
	put_close(q, "Policy");
	return true;
}

static bool get_policy_version(struct query *q)
{
	const struct managed *m = policy_get(&q->read, query_get(q, "PolicyArn"), q->p);
	const struct policy_version *v =
		m != NULL ? policy_get_version(m, query_get(q, "VersionId"), q->p) : NULL;
	if (v == NULL)
		return false;
	put_open(q, "PolicyVersion");
	put_version(q, m, v, true);
	put_close(q, "PolicyVersion");
	return true;
}

static bool create_policy_version(struct query *q)
{
	const char *arn = query_get(q, "PolicyArn");
	const struct policy_version *v =
		policy_create_version(q->s, q->account, arn, query_get(q, "PolicyDocument"),
				      str_equal(query_get(q, "SetAsDefault"), "true"), q->p);
	if (v == NULL)
		return false;
	put_open(q, "PolicyVersion");
	put_version(q, policy_get(&q->now, arn, q->p), v, false);
	put_close(q, "PolicyVersion");
	return true;
}

static bool set_default_version(struct query *q)
{
	return policy_set_default(q->s, q->account, query_get(q, "PolicyArn"), query_get(q, "VersionId"), q->p);
}

static bool delete_policy_version(struct query *q)
{
	return policy_delete_version(q->s, q->account, query_get(q, "PolicyArn"), query_get(q, "VersionId"),
				     q->p);
}

static bool list_policy_versions(struct query *q)
{
	struct page page;
	const struct managed *m = policy_get(&q->read, query_get(q, "PolicyArn"), q->p);
	if (m == NULL || !query_page(q, &page))
		return false;
	put_open(q, "Versions");
	for (size_t i = m->version_count; i > 0; i--) { /* at most 5: always one page; newest first */
		put_open(q, "member");
		put_version(q, m, &m->version[i - 1], false);
		put_close(q, "member");
	}
	put_close(q, "Versions");
	put_page(q, &page);
	return true;
}

static bool delete_policy(struct query *q)
{
	return policy_delete(q->s, q->account, query_get(q, "PolicyArn"), q->p);
}

static bool tag_policy(struct query *q)
{
	size_t count;
	struct tag *tag = query_tags(q, &count);
	return policy_tag(q->s, q->account, query_get(q, "PolicyArn"), tag, count, q->p);
}

static bool list_policy_tags(struct query *q)
{
	struct page page;
	const struct managed *m = policy_get(&q->read, query_get(q, "PolicyArn"), q->p);
	if (m == NULL || !query_page(q, &page))
		return false;
	put_xml_tags(q, m->tag, m->tag_count);
	put_page(q, &page);
	return true;
}

struct listing {
	struct page page;
	const char *prefix;
	bool only_attached, boundary;
	size_t count;
	const char *last;
	bool full;
};

static bool wanted(struct query *q, const struct listing *l, const struct managed *m)
{
	if (m == NULL || (l->prefix != NULL && !str_starts(m->path, l->prefix)))
		return false;
	if (l->boundary)
		return policy_users(&q->read, m->slot, true) > 0;
	return !l->only_attached || policy_users(&q->read, m->slot, false) > 0;
}

static void list_table(struct query *q, struct listing *l, char kind, const struct table *t)
{
	const char *after = l->page.after;
	if (l->full || (after != NULL && after[0] > kind))
		return;
	size_t i = table_after(t, after != NULL && after[0] == kind ? after + 2 : NULL);
	for (; i < t->count; i++) {
		const struct managed *m = slot_at(t->slot[i], q->read.as_of_ms);
		if (!wanted(q, l, m))
			continue;
		if (l->count++ == l->page.max) {
			l->full = true;
			page_end(q->a, &l->page, l->last);
			return;
		}
		put_open(q, "member");
		put_policy(q, m, false);
		put_close(q, "member");
		l->last = str_printf(q->a, "%c/%s", kind, t->slot[i]->key);
	}
}

static bool list_policies(struct query *q)
{
	struct listing l = {.prefix = query_get(q, "PathPrefix")};
	const char *scope = query_get(q, "Scope");
	l.only_attached = str_equal(query_get(q, "OnlyAttached"), "true");
	l.boundary = str_equal(query_get(q, "PolicyUsageFilter"), "PermissionsBoundary");
	if (scope != NULL && strcmp(scope, "All") != 0 && strcmp(scope, "AWS") != 0 && strcmp(scope, "Local") != 0)
		return problem_set(q->p, 400, "ValidationError",
				   "1 validation error detected: Value '%.50s' at 'scope' failed to satisfy constraint: "
				   "Member must satisfy enum value set: [All, AWS, Local]",
				   scope);
	if (!query_page(q, &l.page))
		return false;
	put_open(q, "Policies");
	if (!str_equal(scope, "AWS"))
		list_table(q, &l, 'b', &q->account->policies);
	if (!str_equal(scope, "Local"))
		list_table(q, &l, 'c', &q->s->aws_policies);
	put_close(q, "Policies");
	put_page(q, &l.page);
	return true;
}

struct entities {
	struct page page;
	const struct managed *policy;
	const char *usage, *prefix, *last;
	size_t count;
	bool full;
};

/* One list over both tables, users behind roles: a page goes on inside either. */
static void put_entities(struct query *q, struct entities *x, enum principal_type type, bool wanted)
{
	const struct table *t = table_of(q->account, type);
	const char *after = x->page.after;
	char kind = type == PRINCIPAL_ROLE ? 'a' : 'b';
	if (!wanted || x->full || (after != NULL && after[0] > kind))
		return;
	for (size_t i = table_after(t, after != NULL && after[0] == kind ? after + 2 : NULL); i < t->count; i++) {
		const struct role *r = slot_at(t->slot[i], q->read.as_of_ms);
		bool has = r != NULL && role_has(r, x->policy->slot) &&
			   !str_equal(x->usage, "PermissionsBoundary");
		bool bounds = r != NULL && r->boundary == x->policy->slot &&
			      !str_equal(x->usage, "PermissionsPolicy");
		if ((!has && !bounds) || (x->prefix != NULL && !str_starts(r->path, x->prefix)))
			continue;
		if (x->count++ == x->page.max) {
			page_end(q->a, &x->page, x->last);
			x->full = true;
			return;
		}
		put_open(q, "member");
		put_text(q, type == PRINCIPAL_ROLE ? "RoleName" : "UserName", r->name);
		put_text(q, type == PRINCIPAL_ROLE ? "RoleId" : "UserId", r->id);
		put_close(q, "member");
		x->last = str_printf(q->a, "%c/%s", kind, t->slot[i]->key);
	}
}

static bool list_entities(struct query *q)
{
	const char *filter = query_get(q, "EntityFilter");
	struct entities x = {.usage = query_get(q, "PolicyUsageFilter"),
			     .prefix = query_get(q, "PathPrefix"),
			     .policy = policy_get(&q->read, query_get(q, "PolicyArn"), q->p)};
	if (x.policy == NULL || !query_page(q, &x.page))
		return false;
	buf_puts(q->out, "<PolicyGroups/>");
	put_open(q, "PolicyRoles");
	put_entities(q, &x, PRINCIPAL_ROLE, filter == NULL || strcmp(filter, "Role") == 0);
	put_close(q, "PolicyRoles");
	put_open(q, "PolicyUsers");
	put_entities(q, &x, PRINCIPAL_USER, filter == NULL || strcmp(filter, "User") == 0);
	put_close(q, "PolicyUsers");
	put_page(q, &x.page);
	return true;
}

const struct query_op query_policy_ops[] = {
	{"CreatePolicy", true, create_policy, false, false},
	{"GetPolicy", false, get_policy, false, false},
	{"GetPolicyVersion", false, get_policy_version, false, false},
	{"CreatePolicyVersion", true, create_policy_version, false, false},
	{"SetDefaultPolicyVersion", true, set_default_version, true, false},
	{"DeletePolicyVersion", true, delete_policy_version, true, false},
	{"ListPolicyVersions", false, list_policy_versions, false, false},
	{"ListPolicies", false, list_policies, false, false},
	{"DeletePolicy", true, delete_policy, true, false},
	{"TagPolicy", true, tag_policy, true, false},
	{"ListPolicyTags", false, list_policy_tags, false, false},
	{"ListEntitiesForPolicy", false, list_entities, false, false},
	{NULL, false, NULL, false, false},
};
