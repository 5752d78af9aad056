#include <string.h>

#include "pare/principal.h"

static void print_tags(struct json_writer *w, const struct tag *tag, size_t count)
{
	json_key(w, "Tags");
	json_open(w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(w, '{');
		json_member_text(w, "Key", tag[i].key);
		json_member_text(w, "Value", tag[i].value);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_inline(struct json_writer *w, const struct principal *p, const char *key)
{
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < p->inline_count; i++) {
		json_open(w, '{');
		json_member_text(w, "PolicyName", p->inline_policy[i].name);
		json_member_text(w, "PolicyDocument", p->inline_policy[i].document);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_attached(struct json_writer *w, const struct principal *p)
{
	json_key(w, "AttachedManagedPolicies");
	json_open(w, '[');
	for (size_t i = 0; i < p->attached_count; i++) {
		json_open(w, '{');
		json_member_text(w, "PolicyName", p->attached[i].name);
		json_member_text(w, "PolicyArn", p->attached[i].arn);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void print_policy(struct json_writer *w, const struct managed_policy *m)
{
	json_open(w, '{');
	json_member_text(w, "PolicyName", m->name);
	json_member_text(w, "Arn", m->arn);
	json_member_text(w, "DefaultVersionId", m->default_version);
	if (m->attachment_count >= 0)
		json_member_integer(w, "AttachmentCount", m->attachment_count);
	if (m->boundary_count >= 0)
		json_member_integer(w, "PermissionsBoundaryUsageCount", m->boundary_count);
	json_member_bool(w, "IsAttachable", m->attachable);
	if (m->update_date != NULL)
		json_member_text(w, "UpdateDate", m->update_date);
	json_key(w, "PolicyVersionList");
	json_open(w, '[');
	json_open(w, '{');
	json_member_text(w, "Document", m->document);
	json_member_text(w, "VersionId", m->default_version);
	json_member_bool(w, "IsDefaultVersion", true);
	json_close(w, '}');
	json_close(w, ']');
	json_close(w, '}');
}

static void print_identity(struct json_writer *w, const struct principal *p, bool role)
{
	json_member_text(w, "Path", p->path);
	json_member_text(w, role ? "RoleName" : "UserName", p->name);
	json_member_text(w, role ? "RoleId" : "UserId", p->unique_id);
	json_member_text(w, "Arn", p->arn);
	if (p->created_at != NULL)
		json_member_text(w, "CreateDate", p->created_at);
	if (role && p->trust != NULL)
		json_member_text(w, "AssumeRolePolicyDocument", p->trust);
	if (role && p->last_used_at != NULL) {
		json_key(w, "RoleLastUsed");
		json_open(w, '{');
		json_member_text(w, "LastUsedDate", p->last_used_at);
		json_close(w, '}');
	}
	if (p->boundary != NULL) {
		json_key(w, "PermissionsBoundary");
		json_open(w, '{');
		json_member_text(w, "PermissionsBoundaryType", "Policy");
		json_member_text(w, "PermissionsBoundaryArn", p->boundary);
		json_close(w, '}');
	}
	if (role)
		return;
	json_member_list(w, "GroupList", &p->groups);
}

void principal_print(const struct principal *p, struct buf *out)
{
	bool role = p->type == PRINCIPAL_ROLE;
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	json_key(&w, role ? "RoleDetailList" : "UserDetailList");
	json_open(&w, '[');
	json_open(&w, '{');
	print_identity(&w, p, role);
	print_tags(&w, p->tag, p->tag_count);
	print_inline(&w, p, role ? "RolePolicyList" : "UserPolicyList");
	print_attached(&w, p);
	json_close(&w, '}');
	json_close(&w, ']');
	json_key(&w, "Policies");
	json_open(&w, '[');
	for (size_t i = 0; i < p->attached_count; i++)
		print_policy(&w, &p->attached[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_putc(out, '\n');
}
