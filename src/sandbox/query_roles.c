#include <stdlib.h>
#include <string.h>

#include "query.h"
#include "pare/arn.h"

static void put_role(struct query *q, const struct role *r, bool whole)
{
	put_text(q, "Path", r->path);
	put_text(q, "RoleName", r->name);
	put_text(q, "RoleId", r->id);
	put_text(q, "Arn", r->arn);
	put_when(q, "CreateDate", r->created_ms);
	put_document_text(q, "AssumeRolePolicyDocument", r->trust);
	put_text(q, "Description", r->description);
	put_number(q, "MaxSessionDuration", r->max_session_s);
	if (!whole) /* ListRoles leaves the rest out */
		return;
	put_boundary(q, r);
	if (r->tag_count > 0)
		put_xml_tags(q, r->tag, r->tag_count);
	put_last_used(q, r);
}

static bool create_role(struct query *q)
{
	struct role_new n = {.name = query_get(q, "RoleName"), .path = query_get(q, "Path"),
			     .trust = query_get(q, "AssumeRolePolicyDocument"),
			     .description = query_get(q, "Description"),
			     .boundary = query_get(q, "PermissionsBoundary")};
	n.tag = query_tags(q, &n.tag_count);
	if (!query_number(q, "MaxSessionDuration", 0, &n.max_session_s))
		return false;
	const struct role *r = role_create(q->s, q->account, &n, q->p);
	if (r == NULL)
		return false;
	put_open(q, "Role");
	put_role(q, r, false);
	put_boundary(q, r);
	if (r->tag_count > 0)
		put_xml_tags(q, r->tag, r->tag_count);
	put_close(q, "Role");
	return true;
}

static bool get_role(struct query *q)
{
	const struct role *r = role_get(&q->read, query_get(q, "RoleName"), q->p);
	if (r == NULL)
		return false;
	put_open(q, "Role");
	put_role(q, r, true);
	put_close(q, "Role");
	return true;
}

static bool list_roles(struct query *q)
{
	struct page page;
	const char *prefix = query_get(q, "PathPrefix"), *last = NULL;
	const struct table *t = &q->account->roles;
	size_t count = 0;
	if (!query_page(q, &page))
		return false;
	put_open(q, "Roles");
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
	put_close(q, "Roles");
	put_page(q, &page);
	return true;
}

static bool delete_role(struct query *q)
{
	return role_delete(q->s, q->account, query_get(q, "RoleName"), q->p);
}

static bool list_role_tags(struct query *q)
{
	struct page page;
	const struct role *r = role_get(&q->read, query_get(q, "RoleName"), q->p);
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
	return role_tag(q->s, q->account, query_get(q, "RoleName"), tag, count, q->p);
}

static bool untag_role(struct query *q)
{
	struct str_list keys = {0};
	query_list(q, "TagKeys", &keys);
	return role_untag(q->s, q->account, query_get(q, "RoleName"), &keys, q->p);
}

static bool attach_role(struct query *q)
{
	return attach(q->s, q->account, query_get(q, "RoleName"), query_get(q, "PolicyArn"), q->p);
}

static bool detach_role(struct query *q)
{
	return detach(q->s, q->account, query_get(q, "RoleName"), query_get(q, "PolicyArn"), q->p);
}

static bool list_attached(struct query *q)
{
	struct page page;
	size_t count = 0;
	const char *prefix = query_get(q, "PathPrefix"), *last = NULL;
	const struct role *r = role_get(&q->read, query_get(q, "RoleName"), q->p);
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
	return inline_put(q->s, q->account, query_get(q, "RoleName"), query_get(q, "PolicyName"),
			  query_get(q, "PolicyDocument"), q->p);
}

static bool get_role_policy(struct query *q)
{
	const char *role = query_get(q, "RoleName");
	const struct inline_entry *x = inline_get(&q->read, role, query_get(q, "PolicyName"), q->p);
	if (x == NULL)
		return false;
	put_text(q, "RoleName", role_get(&q->read, role, q->p)->name);
	put_text(q, "PolicyName", x->name);
	put_document_text(q, "PolicyDocument", x->document->text);
	return true;
}

static bool delete_role_policy(struct query *q)
{
	return inline_delete(q->s, q->account, query_get(q, "RoleName"), query_get(q, "PolicyName"), q->p);
}

static bool list_role_policies(struct query *q)
{
	struct page page;
	size_t count = 0;
	const char *last = NULL;
	const struct role *r = role_get(&q->read, query_get(q, "RoleName"), q->p);
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
	{"CreateRole", true, create_role, false},
	{"GetRole", false, get_role, false},
	{"ListRoles", false, list_roles, false},
	{"DeleteRole", true, delete_role, true},
	{"ListRoleTags", false, list_role_tags, false},
	{"TagRole", true, tag_role, true},
	{"UntagRole", true, untag_role, true},
	{"AttachRolePolicy", true, attach_role, true},
	{"DetachRolePolicy", true, detach_role, true},
	{"ListAttachedRolePolicies", false, list_attached, false},
	{"PutRolePolicy", true, put_role_policy, true},
	{"GetRolePolicy", false, get_role_policy, false},
	{"DeleteRolePolicy", true, delete_role_policy, true},
	{"ListRolePolicies", false, list_role_policies, false},
	{NULL, false, NULL, false},
};
