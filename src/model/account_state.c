/* account_state: GetAccountAuthorizationDetails in the AWS CLI's JSON form, page by page. */
#include <stdlib.h>
#include <string.h>

#include "pare/arn.h"
#include "pare/principal.h"
#include "pare/str.h"

struct reader {
	struct arena *arena;
	const char *what;
	struct err *e;
};

/* A document as the CLI prints it (an object), as text, or percent-encoded as IAM sends it. */
static bool read_document(struct reader *r, const struct json *v, const char **out)
{
	*out = NULL;
	if (v == NULL || v->type == JSON_NULL)
		return true;
	if (v->type == JSON_OBJECT) {
		struct buf *b = buf_new(r->arena, 8 * DOCUMENT_MAX_BYTES);
		json_print(v, b, true);
		if (!buf_ok(b))
			return err_set(r->e, ERR_LIMIT, "reading '%s': a policy document larger than any that IAM holds",
				       r->what);
		*out = b->data;
		return true;
	}
	if (v->type != JSON_STRING)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected a policy document", r->what);
	const char *text = v->text + strspn(v->text, " \t\r\n");
	*out = *text == '{' ? v->text : str_percent_decode(r->arena, v->text);
	if (*out == NULL)
		return err_set(r->e, ERR_INPUT, "reading '%s': a policy document's percent-encoding is broken",
			       r->what);
	return true;
}

static bool need(struct reader *r, const struct json *v, const char *key, const char **out)
{
	*out = json_text(v, key);
	if (*out == NULL)
		return err_set(r->e, ERR_INPUT, "reading '%s': a principal or policy without '%s'", r->what,
			       key);
	return true;
}

/* true with a list to read; false without one: *list is NULL then, or what is there is an error. A
 * principal whose policies were skipped would look like one that has none. */
static bool is_list(struct reader *r, const struct json **list, const char *what)
{
	if (*list == NULL || (*list)->type == JSON_NULL) {
		*list = NULL;
		return false;
	}
	return (*list)->type == JSON_ARRAY ||
	       err_set(r->e, ERR_INPUT, "reading '%s': expected %s to be a list", r->what, what);
}

static bool read_tags(struct reader *r, const struct json *list, struct tag **tag, size_t *count)
{
	if (!is_list(r, &list, "Tags"))
		return list == NULL;
	*tag = arena_array(r->arena, list->count, sizeof **tag);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct tag *t = &(*tag)[(*count)++];
		if (!need(r, v, "Key", &t->key) || !need(r, v, "Value", &t->value))
			return false;
	}
	return true;
}

static bool read_inline(struct reader *r, const struct json *list, struct principal *p)
{
	if (!is_list(r, &list, "an inline policy list"))
		return list == NULL;
	p->inline_policy = arena_array(r->arena, list->count, sizeof *p->inline_policy);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct inline_policy *x = &p->inline_policy[p->inline_count++];
		if (!need(r, v, "PolicyName", &x->name) ||
		    !read_document(r, json_get(v, "PolicyDocument"), &x->document))
			return false;
		if (x->document == NULL)
			return err_set(r->e, ERR_INPUT, "reading '%s': inline policy '%s' without its document",
				       r->what, x->name);
	}
	return true;
}

static bool read_attached(struct reader *r, const struct json *list, struct principal *p)
{
	if (!is_list(r, &list, "AttachedManagedPolicies"))
		return list == NULL;
	p->attached = arena_array(r->arena, list->count, sizeof *p->attached);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct managed_policy *m = &p->attached[p->attached_count++];
		m->attachment_count = m->boundary_count = -1;
		if (!need(r, v, "PolicyArn", &m->arn))
			return false;
		m->name = json_text(v, "PolicyName");
		if (m->name == NULL)
			m->name = arn_name(m->arn);
	}
	return true;
}

static bool read_principal(struct reader *r, const struct json *v, enum principal_type type,
			   struct principal **out)
{
	struct principal *p = arena_alloc(r->arena, sizeof *p);
	bool role = type == PRINCIPAL_ROLE;
	struct arn arn;
	p->type = type;
	if (v->type != JSON_OBJECT)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected principals to be objects", r->what);
	if (!need(r, v, "Arn", &p->arn) || !need(r, v, role ? "RoleName" : "UserName", &p->name) ||
	    !need(r, v, role ? "RoleId" : "UserId", &p->unique_id) ||
	    !arn_parse(r->arena, p->arn, &arn, r->e))
		return false;
	p->partition = arn.partition;
	p->account = arn.account;
	p->path = json_text(v, "Path");
	if (p->path == NULL)
		p->path = arn_path(r->arena, p->arn);
	p->created_at = json_text(v, "CreateDate");
	p->last_used_at = json_text(json_get(v, "RoleLastUsed"), "LastUsedDate");
	p->boundary = json_text(json_get(v, "PermissionsBoundary"), "PermissionsBoundaryArn");
	const struct json *groups = json_get(v, "GroupList");
	for (const struct json *g = groups != NULL ? groups->first : NULL; g != NULL; g = g->next)
		if (g->type == JSON_STRING)
			str_list_add(r->arena, &p->groups, g->text);
	*out = p;
	return read_document(r, json_get(v, "AssumeRolePolicyDocument"), &p->trust) &&
	       read_tags(r, json_get(v, "Tags"), &p->tag, &p->tag_count) &&
	       read_inline(r, json_get(v, role ? "RolePolicyList" : "UserPolicyList"), p) &&
	       read_attached(r, json_get(v, "AttachedManagedPolicies"), p);
}

static const struct json *default_version(const struct json *policy, const char *id)
{
	const struct json *list = json_get(policy, "PolicyVersionList");
	if (list == NULL || list->type != JSON_ARRAY)
		return NULL;
	for (const struct json *v = list->first; v != NULL; v = v->next)
		if (id != NULL ? str_equal(json_text(v, "VersionId"), id)
			       : json_bool(v, "IsDefaultVersion", false))
			return v;
	return NULL;
}

static bool read_policy(struct reader *r, const struct json *v, struct managed_policy **out)
{
	struct managed_policy *m = arena_alloc(r->arena, sizeof *m);
	if (!need(r, v, "Arn", &m->arn))
		return false;
	m->name = json_text(v, "PolicyName");
	if (m->name == NULL)
		m->name = arn_name(m->arn);
	m->default_version = json_text(v, "DefaultVersionId");
	m->update_date = json_text(v, "UpdateDate");
	m->attachable = json_bool(v, "IsAttachable", true);
	if (!json_integer(json_get(v, "AttachmentCount"), &m->attachment_count))
		m->attachment_count = -1;
	if (!json_integer(json_get(v, "PermissionsBoundaryUsageCount"), &m->boundary_count))
		m->boundary_count = -1;
	const struct json *version = default_version(v, m->default_version);
	if (m->default_version == NULL)
		m->default_version = json_text(version, "VersionId");
	*out = m;
	return read_tags(r, json_get(v, "Tags"), &m->tag, &m->tag_count) &&
	       read_document(r, json_get(version, "Document"), &m->document);
}

static size_t grown(size_t count)
{
	return count == 0 ? 64 : count * 2;
}

static void push_principal(struct arena *a, struct account_state *s, struct principal *p)
{
	if (s->count == s->cap) {
		s->cap = grown(s->cap);
		struct principal **more = arena_array(a, s->cap, sizeof *more);
		if (s->count > 0)
			memcpy(more, s->principal, s->count * sizeof *more);
		s->principal = more;
	}
	s->principal[s->count++] = p;
}

static void push_policy(struct arena *a, struct account_state *s, struct managed_policy *m)
{
	if (s->policy_count == s->policy_cap) {
		s->policy_cap = grown(s->policy_cap);
		struct managed_policy **more = arena_array(a, s->policy_cap, sizeof *more);
		if (s->policy_count > 0)
			memcpy(more, s->policy, s->policy_count * sizeof *more);
		s->policy = more;
	}
	s->policy[s->policy_count++] = m;
}

static bool add_principals(struct reader *r, struct account_state *s, const struct json *list,
			   enum principal_type type)
{
	if (list == NULL || list->type == JSON_NULL)
		return true;
	if (list->type != JSON_ARRAY)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected a list of principals", r->what);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct principal *p = NULL;
		if (!read_principal(r, v, type, &p))
			return false;
		push_principal(r->arena, s, p);
	}
	return true;
}

static bool is_page(const struct json *page)
{
	return json_get(page, "RoleDetailList") != NULL || json_get(page, "UserDetailList") != NULL ||
	       json_get(page, "GroupDetailList") != NULL || json_get(page, "Policies") != NULL;
}

bool account_state_add(struct arena *a, struct account_state *s, const struct json *page,
		       const char *what, struct err *e)
{
	struct reader r = {a, what, e};
	if (page->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "reading '%s': expected an object as "
			       "get-account-authorization-details prints it", what);
	if (!is_page(page))
		return err_set(e, ERR_INPUT, "reading '%s': it has none of RoleDetailList, UserDetailList, "
			       "GroupDetailList and Policies", what);
	if (!add_principals(&r, s, json_get(page, "RoleDetailList"), PRINCIPAL_ROLE) ||
	    !add_principals(&r, s, json_get(page, "UserDetailList"), PRINCIPAL_USER))
		return false;
	const struct json *list = json_get(page, "Policies");
	if (list == NULL || list->type == JSON_NULL)
		return true;
	if (list->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "reading '%s': expected 'Policies' to be a list", what);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		struct managed_policy *m = NULL;
		if (!read_policy(&r, v, &m))
			return false;
		push_policy(a, s, m);
	}
	return true;
}

static int compare_policies(const void *x, const void *y)
{
	const struct managed_policy *const *p = x, *const *q = y;
	return strcmp((*p)->arn, (*q)->arn);
}

static int compare_principals(const void *x, const void *y)
{
	const struct principal *const *p = x, *const *q = y;
	return strcmp((*p)->arn, (*q)->arn);
}

static struct managed_policy *find_policy(const struct account_state *s, const char *arn)
{
	struct managed_policy key = {.arn = arn}, *at = &key;
	if (s->policy_count == 0)
		return NULL;
	struct managed_policy **found =
		bsearch(&at, s->policy, s->policy_count, sizeof *s->policy, compare_policies);
	return found != NULL ? *found : NULL;
}

static bool same_policy(const struct managed_policy *x, const struct managed_policy *y)
{
	return str_equal(x->default_version, y->default_version) &&
	       str_equal(x->document_sha256, y->document_sha256) &&
	       str_equal(x->update_date, y->update_date);
}

bool account_state_settle(struct arena *a, struct account_state *s, struct err *e)
{
	if (s->policy_count > 1)
		qsort(s->policy, s->policy_count, sizeof *s->policy, compare_policies);
	if (s->count > 1)
		qsort(s->principal, s->count, sizeof *s->principal, compare_principals);
	for (size_t i = 1; i < s->count; i++)
		if (strcmp(s->principal[i]->arn, s->principal[i - 1]->arn) == 0)
			return err_set(e, ERR_INPUT,
				       "reading the account state: principal '%s' stands in it twice; give the "
				       "pages of one moment only",
				       s->principal[i]->arn);
	for (size_t i = 0; i < s->policy_count; i++)
		if (s->policy[i]->document != NULL)
			s->policy[i]->document_sha256 = policy_text_digest(a, s->policy[i]->document);
	for (size_t i = 1; i < s->policy_count; i++)
		if (strcmp(s->policy[i]->arn, s->policy[i - 1]->arn) == 0 &&
		    !same_policy(s->policy[i], s->policy[i - 1]))
			return err_set(e, ERR_INPUT,
				       "reading the account state: policy '%s' stands in it twice, with different content; "
				       "give the pages of one moment only",
				       s->policy[i]->arn);
	for (size_t i = 0; i < s->count; i++) {
		struct principal *p = s->principal[i];
		for (size_t k = 0; k < p->attached_count; k++) {
			const struct managed_policy *m = find_policy(s, p->attached[k].arn);
			if (m != NULL)
				p->attached[k] = *m;
		}
		principal_settle(a, p);
	}
	return true;
}

const struct principal *account_state_find(const struct account_state *s, const char *arn)
{
	struct principal key = {.arn = arn}, *at = &key;
	if (s->count == 0 || arn == NULL)
		return NULL;
	struct principal **found = bsearch(&at, s->principal, s->count, sizeof *s->principal,
					   compare_principals);
	return found != NULL ? *found : NULL;
}
