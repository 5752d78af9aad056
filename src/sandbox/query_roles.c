#include <stdlib.h>
#include <string.h>

#include "query.h"
#include "pare/arn.h"
#include "pare/digest.h"

static void put_role(struct query *q, const struct role *r, bool whole)
{
	bool user = r->type == PRINCIPAL_USER;
	put_text(q, "Path", r->path);
	put_text(q, user ? "UserName" : "RoleName", r->name);
	put_text(q, user ? "UserId" : "RoleId", r->id);
	put_text(q, "Arn", r->arn);
	put_when(q, "CreateDate", r->created_ms);
	if (!user) {
		put_document_text(q, "AssumeRolePolicyDocument", r->trust);
		put_text(q, "Description", r->description);
		put_number(q, "MaxSessionDuration", r->max_session_s);
	}
	for (size_t i = 0; i < r->secret_count; i++)
		if (r->secret[i].id == NULL && r->secret[i].last_used_ms != 0)
			put_when(q, "PasswordLastUsed", r->secret[i].last_used_ms);
	if (!whole) /* ListRoles and ListUsers leave the rest out */
		return;
	put_boundary(q, r);
	if (r->tag_count > 0)
		put_xml_tags(q, r->tag, r->tag_count);
	if (!user)
		put_last_used(q, r);
}

static const char *name_of(const struct query *q)
{
	return query_get(q, query_principal_key(q));
}

/* The operations' words differ by type alone: Role, Roles; User, Users. */
static const char *element(const struct query *q, bool many)
{
	if (q->type == PRINCIPAL_USER)
		return many ? "Users" : "User";
	return many ? "Roles" : "Role";
}

static bool create_role(struct query *q)
{
	struct role_new n = {.type = q->type, .name = name_of(q), .path = query_get(q, "Path"),
			     .trust = query_get(q, "AssumeRolePolicyDocument"),
			     .description = query_get(q, "Description"),
			     .boundary = query_get(q, "PermissionsBoundary")};
	n.tag = query_tags(q, &n.tag_count);
	if (!query_number(q, "MaxSessionDuration", 0, &n.max_session_s))
		return false;
	const struct role *r = role_create(q->s, q->account, &n, q->p);
	if (r == NULL)
		return false;
	put_open(q, element(q, false));
	put_role(q, r, false);
	put_boundary(q, r);
	if (r->tag_count > 0)
		put_xml_tags(q, r->tag, r->tag_count);
	put_close(q, element(q, false));
	return true;
}

static bool get_role(struct query *q)
{
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL)
		return false;
	put_open(q, element(q, false));
	put_role(q, r, true);
	put_close(q, element(q, false));
	return true;
}

static bool list_roles(struct query *q)
{
	struct page page;
	const char *prefix = query_get(q, "PathPrefix"), *last = NULL;
	const struct table *t = table_of(q->account, q->type);
	size_t count = 0;
	if (!query_page(q, &page))
		return false;
	put_open(q, element(q, true));
	for (size_t i = table_after(t, page.after); i < t->count; i++) {
		const struct role *r = slot_at(t->slot[i], q->read.as_of_ms);
		if (r == NULL || (prefix != NULL && !str_starts(r->path, prefix)))
			continue;
		if (count++ == page.max) {
			page_end(q->a, &page, last);
			break;
		}
		put_open(q, "member");
		put_role(q, r, false);
		put_close(q, "member");
		last = t->slot[i]->key;
	}
	put_close(q, element(q, true));
	put_page(q, &page);
	return true;
}

static void put_group(struct query *q, const char *name)
{
	put_open(q, "member");
	put_text(q, "Path", "/");
	put_text(q, "GroupName", name);
	put_text(q, "GroupId", str_printf(q->a, "AGPA%.17s", sha256_hex(q->a, name, strlen(name))));
	put_text(q, "Arn", str_printf(q->a, "arn:%s:iam::%s:group/%s", q->account->partition,
				      q->account->id, name));
	put_close(q, "member");
}

static bool list_groups(struct query *q)
{
	struct page page;
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL || !query_page(q, &page))
		return false;
	put_open(q, "Groups");
	for (size_t i = 0; i < r->groups.count; i++)
		put_group(q, r->groups.item[i]);
	put_close(q, "Groups");
	put_page(q, &page);
	return true;
}

static bool list_keys(struct query *q)
{
	struct page page;
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL || !query_page(q, &page))
		return false;
	put_open(q, "AccessKeyMetadata");
	for (size_t i = 0; i < r->secret_count; i++) {
		if (r->secret[i].id == NULL)
			continue;
		put_open(q, "member");
		put_text(q, "UserName", r->name);
		put_text(q, "AccessKeyId", r->secret[i].id);
		put_text(q, "Status", "Active");
		put_when(q, "CreateDate", r->secret[i].created_ms);
		put_close(q, "member");
	}
	put_close(q, "AccessKeyMetadata");
	put_page(q, &page);
	return true;
}

static bool delete_role(struct query *q)
{
	return role_delete(q->s, q->account, q->type, name_of(q), q->p);
}

static bool list_role_tags(struct query *q)
{
	struct page page;
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL || !query_page(q, &page))
		return false;
	/* Tags keep the order in which they came, so a page goes on at a position. */
	size_t from = page.after != NULL ? strtoul(page.after, NULL, 10) : 0;
	size_t left = from < r->tag_count ? r->tag_count - from : 0;
	size_t here = left < page.max ? left : page.max;
	put_xml_tags(q, here > 0 ? r->tag + from : NULL, here);
	if (here < left)
		page_end(q->a, &page, str_printf(q->a, "%zu", from + here));
	put_page(q, &page);
	return true;
}

static bool tag_role(struct query *q)
{
	size_t count;
	struct tag *tag = query_tags(q, &count);
	return role_tag(q->s, q->account, q->type, name_of(q), tag, count, q->p);
}

static bool untag_role(struct query *q)
{
	struct str_list keys = {0};
	query_list(q, "TagKeys", &keys);
	return role_untag(q->s, q->account, q->type, name_of(q), &keys, q->p);
}

static bool attach_role(struct query *q)
{
	return attach(q->s, q->account, q->type, name_of(q), query_get(q, "PolicyArn"), q->p);
}

static bool detach_role(struct query *q)
{
	return detach(q->s, q->account, q->type, name_of(q), query_get(q, "PolicyArn"), q->p);
}

static bool list_attached(struct query *q)
{
	struct page page;
	size_t count = 0;
	const char *prefix = query_get(q, "PathPrefix"), *last = NULL;
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL || !query_page(q, &page))
		return false;
	put_open(q, "AttachedPolicies");
	for (size_t i = 0; i < r->attached_count; i++) {
		const char *arn = r->attached[i]->arn;
		if ((page.after != NULL && strcmp(arn, page.after) <= 0) ||
		    (prefix != NULL && !str_starts(arn_path(q->a, arn), prefix)))
			continue;
		if (count++ == page.max) {
			page_end(q->a, &page, last);
			break;
		}
		put_open(q, "member");
		put_text(q, "PolicyName", arn_name(arn));
		put_text(q, "PolicyArn", arn);
		put_close(q, "member");
		last = arn;
	}
	put_close(q, "AttachedPolicies");
	put_page(q, &page);
	return true;
}

static bool put_role_policy(struct query *q)
{
	return inline_put(q->s, q->account, q->type, name_of(q), query_get(q, "PolicyName"),
			  query_get(q, "PolicyDocument"), q->p);
}

static bool get_role_policy(struct query *q)
{
	const char *role = name_of(q);
	const struct inline_entry *x = inline_get(&q->read, q->type, role, query_get(q, "PolicyName"), q->p);
	if (x == NULL)
		return false;
	put_text(q, query_principal_key(q), role_get(&q->read, q->type, role, q->p)->name);
	put_text(q, "PolicyName", x->name);
	put_document_text(q, "PolicyDocument", x->document->text);
	return true;
}

static bool delete_role_policy(struct query *q)
{
	return inline_delete(q->s, q->account, q->type, name_of(q), query_get(q, "PolicyName"), q->p);
}

static bool list_role_policies(struct query *q)
{
	struct page page;
	size_t count = 0;
	const char *last = NULL;
	const struct role *r = role_get(&q->read, q->type, name_of(q), q->p);
	if (r == NULL || !query_page(q, &page))
		return false;
	put_open(q, "PolicyNames");
	for (size_t i = 0; i < r->inline_count; i++) {
		if (page.after != NULL && strcmp(r->inlines[i].name, page.after) <= 0)
			continue;
		if (count++ == page.max) {
			page_end(q->a, &page, last);
			break;
		}
		put_text(q, "member", r->inlines[i].name);
		last = r->inlines[i].name;
	}
	put_close(q, "PolicyNames");
	put_page(q, &page);
	return true;
}

const struct query_op query_role_ops[] = {
	{"CreateRole", true, create_role, false, false},
	{"GetRole", false, get_role, false, false},
	{"ListRoles", false, list_roles, false, false},
	{"DeleteRole", true, delete_role, true, false},
	{"ListRoleTags", false, list_role_tags, false, false},
	{"TagRole", true, tag_role, true, false},
	{"UntagRole", true, untag_role, true, false},
	{"AttachRolePolicy", true, attach_role, true, false},
	{"DetachRolePolicy", true, detach_role, true, false},
	{"ListAttachedRolePolicies", false, list_attached, false, false},
	{"PutRolePolicy", true, put_role_policy, true, false},
	{"GetRolePolicy", false, get_role_policy, false, false},
	{"DeleteRolePolicy", true, delete_role_policy, true, false},
	{"ListRolePolicies", false, list_role_policies, false, false},
	{"CreateUser", true, create_role, false, true},
	{"GetUser", false, get_role, false, true},
	{"ListUsers", false, list_roles, false, true},
	{"DeleteUser", true, delete_role, true, true},
	{"ListUserTags", false, list_role_tags, false, true},
	{"TagUser", true, tag_role, true, true},
	{"UntagUser", true, untag_role, true, true},
	{"AttachUserPolicy", true, attach_role, true, true},
	{"DetachUserPolicy", true, detach_role, true, true},
	{"ListAttachedUserPolicies", false, list_attached, false, true},
	{"PutUserPolicy", true, put_role_policy, true, true},
	{"GetUserPolicy", false, get_role_policy, false, true},
	{"DeleteUserPolicy", true, delete_role_policy, true, true},
	{"ListUserPolicies", false, list_role_policies, false, true},
	{"ListGroupsForUser", false, list_groups, false, true},
	{"ListAccessKeys", false, list_keys, false, true},
	{NULL, false, NULL, false, false},
};
