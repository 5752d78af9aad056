#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "pare/arn.h"
#include "pare/json.h"

enum { FINDINGS_PAGE = 100, DETAILS_PAGE = 30, STEPS_PAGE = 20, LIST_PAGE = 100, ACCOUNT_PAGE = 1000 };

/* --- IAM and STS --- */

static enum principal_type type_of(const struct call *c)
{
	return call_for_user(c->op) ? PRINCIPAL_USER : PRINCIPAL_ROLE;
}

static bool caller_identity(const struct view *v, struct call *c)
{
	const struct box_key *key = v->sandbox->keys;
	while (key->next != NULL)
		key = key->next;
	c->caller_arn = key->wire.caller_arn;
	c->caller_account = key->wire.account;
	return true;
}

static bool account_summary(const struct view *v, struct call *c)
{
	const struct account *a = v->account;
	for (size_t i = 0; i < a->policies.count; i++)
		c->summary.policies += slot_at(a->policies.slot[i], v->as_of_ms) != NULL;
	c->summary.policies_quota = a->policies_quota;
	c->summary.attached_per_role_quota = a->attached_quota;
	c->summary.attached_per_user_quota = a->user_attached_quota;
	c->summary.policy_size_quota = POLICY_SIZE_MAX;
	c->summary.role_policy_size_quota = INLINE_TOTAL_MAX;
	c->summary.user_policy_size_quota = USER_INLINE_MAX;
	c->summary.versions_quota = VERSIONS_MAX;
	return true;
}

static void put_tags(struct json_writer *w, const struct tag *tag, size_t count)
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

static void put_role(struct json_writer *w, struct arena *a, const struct role *r)
{
	bool user = r->type == PRINCIPAL_USER;
	json_open(w, '{');
	json_member_text(w, "Path", r->path);
	json_member_text(w, user ? "UserName" : "RoleName", r->name);
	json_member_text(w, user ? "UserId" : "RoleId", r->id);
	json_member_text(w, "Arn", r->arn);
	json_member_text(w, "CreateDate", box_time(a, r->created_ms));
	if (user) {
		json_member_list(w, "GroupList", &r->groups);
	} else {
		json_member_text(w, "AssumeRolePolicyDocument", r->trust);
	}
	json_key(w, user ? "UserPolicyList" : "RolePolicyList");
	json_open(w, '[');
	for (size_t i = 0; i < r->inline_count; i++) {
		json_open(w, '{');
		json_member_text(w, "PolicyName", r->inlines[i].name);
		json_member_text(w, "PolicyDocument", r->inlines[i].document->text);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_key(w, "AttachedManagedPolicies");
	json_open(w, '[');
	for (size_t i = 0; i < r->attached_count; i++) {
		json_open(w, '{');
		json_member_text(w, "PolicyName", arn_name(r->attached[i]->arn));
		json_member_text(w, "PolicyArn", r->attached[i]->arn);
		json_close(w, '}');
	}
	json_close(w, ']');
	if (r->boundary != NULL) {
		json_key(w, "PermissionsBoundary");
		json_open(w, '{');
		json_member_text(w, "PermissionsBoundaryType", "Policy");
		json_member_text(w, "PermissionsBoundaryArn", r->boundary->arn);
		json_close(w, '}');
	}
	put_tags(w, r->tag, r->tag_count);
	if (!user) {
		json_key(w, "RoleLastUsed");
		json_open(w, '{');
		if (r->last_used_ms != 0)
			json_member_text(w, "LastUsedDate", box_time(a, r->last_used_ms));
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_principals(struct json_writer *w, struct arena *a, const struct details *d,
			   enum principal_type type)
{
	json_key(w, type == PRINCIPAL_USER ? "UserDetailList" : "RoleDetailList");
	json_open(w, '[');
	for (size_t i = 0; i < d->role_count; i++)
		if (d->role[i]->type == type)
			put_role(w, a, d->role[i]);
	json_close(w, ']');
}

static void put_policy(struct json_writer *w, const struct view *v, struct arena *a,
		       const struct managed *m)
{
	json_open(w, '{');
	json_member_text(w, "PolicyName", m->name);
	json_member_text(w, "PolicyId", m->id);
	json_member_text(w, "Arn", m->arn);
	json_member_text(w, "Path", m->path);
	json_member_text(w, "DefaultVersionId", version_name(a, m->default_version));
	json_member_integer(w, "AttachmentCount", (int64_t)policy_users(v, m->slot, false));
	json_member_integer(w, "PermissionsBoundaryUsageCount", (int64_t)policy_users(v, m->slot, true));
	json_member_bool(w, "IsAttachable", m->attachable);
	json_member_text(w, "CreateDate", box_time(a, m->created_ms));
	json_member_text(w, "UpdateDate", box_time(a, m->updated_ms));
	json_key(w, "PolicyVersionList");
	json_open(w, '[');
	for (size_t i = 0; i < m->version_count; i++) {
		json_open(w, '{');
		json_member_text(w, "Document", m->version[i].document->text);
		json_member_text(w, "VersionId", version_name(a, m->version[i].number));
		json_member_bool(w, "IsDefaultVersion", m->version[i].number == m->default_version);
		json_member_text(w, "CreateDate", box_time(a, m->version[i].created_ms));
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

static bool account_details(const struct view *v, struct call *c, struct problem *p)
{
	struct arena *scratch = arena_new(NULL);
	struct page page;
	struct details d;
	struct json_writer w;
	bool ok = page_start(scratch, c->marker, NULL, ACCOUNT_PAGE, &page, p);
	if (ok) {
		details_page(v, scratch, DETAILS_ALL, &page, &d);
		struct buf *b = buf_new(scratch, 1u << 30);
		json_start(&w, b, true);
		json_open(&w, '{');
		put_principals(&w, scratch, &d, PRINCIPAL_ROLE);
		put_principals(&w, scratch, &d, PRINCIPAL_USER);
		json_key(&w, "Policies");
		json_open(&w, '[');
		for (size_t i = 0; i < d.policy_count; i++)
			put_policy(&w, v, scratch, d.policy[i]);
		json_close(&w, ']');
		json_close(&w, '}');
		c->account_details = json_parse(c->arena, b->data, b->len, call_name(c->op), &c->err);
		c->next_marker = arena_strdup(c->arena, page.marker);
		ok = c->account_details != NULL ||
		     problem_set(p, 500, "ServiceFailure", "%.200s", c->err.message);
	}
	arena_free(scratch);
	return ok;
}

static bool list_attached(const struct view *v, struct call *c, struct problem *p)
{
	struct page page;
	const struct role *r = role_get(v, type_of(c), c->role, p);
	if (r == NULL || !page_start(c->arena, c->marker, NULL, LIST_PAGE, &page, p))
		return false;
	for (size_t i = 0; i < r->attached_count; i++) {
		if (page.after != NULL && strcmp(r->attached[i]->arn, page.after) <= 0)
			continue;
		if (c->arns.count == page.max) {
			page_end(c->arena, &page, c->arns.item[c->arns.count - 1]);
			break;
		}
		str_list_add(c->arena, &c->names, arn_name(r->attached[i]->arn));
		str_list_add(c->arena, &c->arns, r->attached[i]->arn);
	}
	c->next_marker = page.marker;
	return true;
}

static bool list_inline(const struct view *v, struct call *c, struct problem *p)
{
	struct page page;
	const struct role *r = role_get(v, type_of(c), c->role, p);
	if (r == NULL || !page_start(c->arena, c->marker, NULL, LIST_PAGE, &page, p))
		return false;
	for (size_t i = 0; i < r->inline_count; i++) {
		if (page.after != NULL && strcmp(r->inlines[i].name, page.after) <= 0)
			continue;
		if (c->names.count == page.max) {
			page_end(c->arena, &page, c->names.item[c->names.count - 1]);
			break;
		}
		str_list_add(c->arena, &c->names, r->inlines[i].name);
	}
	c->next_marker = page.marker;
	return true;
}

static void add_entities(const struct view *v, struct call *c, const struct managed *m,
			 enum principal_type type, struct page *page, const char **last)
{
	const struct table *t = table_of(v->account, type);
	char kind = type == PRINCIPAL_ROLE ? 'a' : 'b';
	const char *after = page->after;
	if (page->marker != NULL || (after != NULL && after[0] > kind))
		return;
	for (size_t i = table_after(t, after != NULL && after[0] == kind ? after + 2 : NULL); i < t->count; i++) {
		const struct role *r = slot_at(t->slot[i], v->as_of_ms);
		if (r == NULL || (!role_has(r, m->slot) && r->boundary != m->slot))
			continue;
		if (c->names.count == page->max) {
			page_end(c->arena, page, *last);
			return;
		}
		str_list_add(c->arena, &c->names,
			     str_printf(c->arena, "%s/%s", principal_type_name(type), r->name));
		*last = str_printf(c->arena, "%c/%s", kind, r->slot->key);
	}
}

static bool list_entities(const struct view *v, struct call *c, struct problem *p)
{
	struct page page;
	const char *last = NULL;
	const struct managed *m = policy_get(v, c->policy_arn, p);
	if (m == NULL || !page_start(c->arena, c->marker, NULL, LIST_PAGE, &page, p))
		return false;
	c->boundary_users = policy_users(v, m->slot, true);
	add_entities(v, c, m, PRINCIPAL_ROLE, &page, &last);
	add_entities(v, c, m, PRINCIPAL_USER, &page, &last);
	c->next_marker = page.marker;
	return true;
}

static bool policy_answer(const struct view *v, struct call *c, const struct managed *m)
{
	if (m == NULL)
		return false;
	c->policy = arena_alloc(c->arena, sizeof *c->policy);
	box_managed(v, c->arena, m, c->policy);
	return true;
}

static bool policy_versions(const struct view *v, struct call *c, struct problem *p)
{
	const struct managed *m = policy_get(v, c->policy_arn, p);
	for (size_t i = m != NULL ? m->version_count : 0; i > 0; i--)
		str_list_add(c->arena, &c->names, version_name(c->arena, m->version[i - 1].number));
	return m != NULL;
}

static bool document_answer(struct call *c, const struct document *d)
{
	c->text = d != NULL ? d->text : NULL;
	return d != NULL;
}

static bool create_policy(const struct view *v, struct call *c, struct problem *p)
{
	struct policy_new n = {.name = c->policy_name, .path = c->path, .document = c->document,
			       .tag = c->tag, .tag_count = c->tag_count};
	return policy_answer(v, c, policy_create(v->sandbox, v->account, &n, p));
}

static bool get_role(const struct view *v, struct call *c, struct problem *p)
{
	const struct role *r = role_get(v, type_of(c), c->role, p);
	c->principal = r != NULL ? box_principal(v, c->arena, r, false) : NULL;
	return r != NULL;
}

/* --- Access Analyzer --- */

static void take_analyzer(struct call *c, const struct box_analyzer *z)
{
	c->analyzers[c->analyzer_count++] = (struct analyzer){
		.arn = z->arn, .name = z->name, .type = z->type, .status = z->status,
		.unused_access_age_days = z->age_days};
}

static const struct box_analyzer *analyzer_of(const struct view *v, const char *arn, struct problem *p)
{
	const struct box_analyzer *z = box_analyzer(v->sandbox, arn);
	if (z == NULL)
		problem_set(p, 404, "ResourceNotFoundException", "Analyzer not found: %s", arn != NULL ? arn : "");
	return z;
}

static bool analyzers(const struct view *v, struct call *c, struct problem *p)
{
	struct sandbox *s = v->sandbox;
	c->analyzers = arena_array(c->arena, s->analyzer_count + 1, sizeof *c->analyzers);
	if (c->op == CALL_GET_ANALYZER) {
		const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
		if (z != NULL)
			take_analyzer(c, z);
		return z != NULL;
	}
	for (size_t i = 0; i < s->analyzer_count; i++)
		take_analyzer(c, s->analyzer[i]);
	return true;
}

static struct finding *finding_answer(struct call *c, const struct box_finding *f)
{
	static const enum finding_type types[] = {
		[BOX_UNUSED_PERMISSION] = FINDING_UNUSED_PERMISSION,
		[BOX_UNUSED_ROLE] = FINDING_UNUSED_ROLE,
		[BOX_UNUSED_KEY] = FINDING_UNUSED_ACCESS_KEY,
		[BOX_UNUSED_PASSWORD] = FINDING_UNUSED_PASSWORD,
	};
	struct finding *out = arena_alloc(c->arena, sizeof *out);
	out->id = f->id;
	out->analyzer = c->analyzer;
	out->type = types[f->type];
	out->type_text = box_finding_type(f);
	out->status = box_status(f);
	out->resource = f->resource;
	out->resource_type = box_resource_type(f);
	out->owner_account = f->account->id;
	out->created_at = box_time(c->arena, f->created_ms);
	out->updated_at = box_time(c->arena, f->updated_ms);
	out->analyzed_at = box_time(c->arena, f->analyzed_ms);
	out->unused = arena_alloc(c->arena, sizeof *out->unused);
	return out;
}

static bool list_findings(const struct view *v, struct call *c, struct problem *p)
{
	struct sandbox *s = v->sandbox;
	struct page page;
	const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
	if (z == NULL || !page_start(c->arena, c->marker, NULL, FINDINGS_PAGE, &page, p))
		return false;
	findings_refresh(s);
	c->findings = arena_array(c->arena, page.max, sizeof(struct finding *));
	for (size_t i = 0; i < s->finding_count; i++) {
		const struct box_finding *f = s->finding[i];
		if ((page.after != NULL && strcmp(f->id, page.after) <= 0) || !finding_seen_by(z, f) ||
		    !str_equal(c->status != NULL ? c->status : "ACTIVE", box_status(f)) ||
		    (c->finding_type != NULL && !str_equal(c->finding_type, box_finding_type(f))))
			continue;
		if (c->finding_count == page.max) {
			page_end(c->arena, &page, c->findings[c->finding_count - 1]->id);
			break;
		}
		c->findings[c->finding_count++] = finding_answer(c, f);
	}
	c->next_marker = page.marker;
	return true;
}

/* Pages inside one answer are counted, not keyed: the list does not change under its finding. */
static bool inner_page(struct call *c, size_t count, size_t max, size_t *from, size_t *to,
		       struct problem *p)
{
	struct page page;
	if (!page_start(c->arena, c->marker, NULL, max, &page, p))
		return false;
	*from = page.after != NULL ? (size_t)strtoul(page.after, NULL, 10) : 0;
	if (*from > count)
		*from = count;
	*to = count - *from > max ? *from + max : count;
	c->next_marker = *to < count ? page_token(c->arena, str_printf(c->arena, "%zu", *to)) : NULL;
	return true;
}

static bool get_finding(const struct view *v, struct call *c, struct problem *p)
{
	size_t from, to;
	const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
	const struct box_finding *f = z != NULL ? finding_get(v->sandbox, z, c->finding, p) : NULL;
	if (f == NULL || !inner_page(c, f->unused->count, DETAILS_PAGE, &from, &to, p))
		return false;
	c->findings = arena_alloc(c->arena, sizeof(struct finding *));
	struct finding *out = c->findings[c->finding_count++] = finding_answer(c, f);
	out->detailed = true;
	out->access_key_id = f->secret;
	if (f->type != BOX_UNUSED_PERMISSION && f->last_used_ms != 0)
		out->last_accessed = box_time(c->arena, f->last_used_ms);
	out->unused->service = arena_array(c->arena, to - from, sizeof *out->unused->service);
	for (size_t i = from; i < to; i++)
		out->unused->service[out->unused->count++] = f->unused->service[i];
	return true;
}

static void take_step(struct call *c, struct recommended_step *out, const struct box_step *x)
{
	out->action = x->create ? RECOMMEND_CREATE_POLICY : RECOMMEND_DETACH_POLICY;
	out->action_text = x->create ? "CREATE_POLICY" : "DETACH_POLICY";
	out->existing_policy_id = x->existing_id;
	out->document = x->document;
	out->policy_updated_at = x->updated_ms != 0 ? box_time(c->arena, x->updated_ms) : NULL;
}

static bool get_recommendation(const struct view *v, struct call *c, struct problem *p)
{
	size_t from, to;
	const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
	const struct box_recommendation *r =
		z != NULL ? recommendation_get(v->sandbox, z, c->finding, p) : NULL;
	if (r == NULL || !inner_page(c, r->step_count, STEPS_PAGE, &from, &to, p))
		return false;
	struct recommendation *out = c->recommendation = arena_alloc(c->arena, sizeof *out);
	out->finding_id = r->finding_id;
	out->resource = r->resource;
	out->type_text = "UnusedPermissionRecommendation";
	out->type_known = true;
	out->started_at = box_time(c->arena, r->started_ms);
	if (box_now(v->sandbox) < r->completed_ms) {
		out->status = RECOMMENDATION_IN_PROGRESS;
		c->next_marker = NULL;
		return true;
	}
	out->completed_at = box_time(c->arena, r->completed_ms);
	out->status = r->error_code != NULL ? RECOMMENDATION_FAILED : RECOMMENDATION_SUCCEEDED;
	out->error_code = r->error_code;
	out->error_message = r->error_message;
	out->step = arena_array(c->arena, to - from, sizeof *out->step);
	for (size_t i = from; i < to; i++)
		take_step(c, &out->step[out->count++], &r->step[i]);
	out->next_token = c->next_marker;
	return true;
}

static bool generate(const struct view *v, struct call *c, struct problem *p)
{
	const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
	return z != NULL && recommendation_generate(v->sandbox, z, c->finding, p);
}

static bool update_finding(const struct view *v, struct call *c, struct problem *p)
{
	const struct box_analyzer *z = analyzer_of(v, c->analyzer, p);
	return z != NULL && finding_update(v->sandbox, z, c->finding, NULL, c->status, p);
}

bool direct_call(const struct view *v, struct call *c, struct problem *p)
{
	struct sandbox *s = v->sandbox;
	struct account *a = v->account;
	const struct managed *m;
	const struct inline_entry *x;
	const struct policy_version *version;
	switch (c->op) {
	case CALL_GET_CALLER_IDENTITY:
		return caller_identity(v, c);
	case CALL_LIST_ANALYZERS:
	case CALL_GET_ANALYZER:
		return analyzers(v, c, p);
	case CALL_LIST_FINDINGS:
		return list_findings(v, c, p);
	case CALL_GET_FINDING:
		return get_finding(v, c, p);
	case CALL_GENERATE_RECOMMENDATION:
		return generate(v, c, p);
	case CALL_GET_RECOMMENDATION:
		return get_recommendation(v, c, p);
	case CALL_GET_ACCOUNT_DETAILS:
		return account_details(v, c, p);
	case CALL_GET_ACCOUNT_SUMMARY:
		return account_summary(v, c);
	case CALL_GET_ROLE:
	case CALL_GET_USER:
		return get_role(v, c, p);
	case CALL_LIST_ATTACHED_ROLE_POLICIES:
	case CALL_LIST_ATTACHED_USER_POLICIES:
		return list_attached(v, c, p);
	case CALL_LIST_ROLE_POLICIES:
	case CALL_LIST_USER_POLICIES:
		return list_inline(v, c, p);
	case CALL_GET_ROLE_POLICY:
	case CALL_GET_USER_POLICY:
		x = inline_get(v, type_of(c), c->role, c->policy_name, p);
		return document_answer(c, x != NULL ? x->document : NULL);
	case CALL_GET_POLICY:
		return policy_answer(v, c, policy_get(v, c->policy_arn, p));
	case CALL_GET_POLICY_VERSION:
		m = policy_get(v, c->policy_arn, p);
		version = m != NULL ? policy_get_version(m, c->version, p) : NULL;
		return document_answer(c, version != NULL ? version->document : NULL);
	case CALL_LIST_POLICY_VERSIONS:
		return policy_versions(v, c, p);
	case CALL_LIST_ENTITIES_FOR_POLICY:
		return list_entities(v, c, p);
	case CALL_CREATE_POLICY:
		return create_policy(v, c, p);
	case CALL_ATTACH_ROLE_POLICY:
	case CALL_ATTACH_USER_POLICY:
		return attach(s, a, type_of(c), c->role, c->policy_arn, p);
	case CALL_DETACH_ROLE_POLICY:
	case CALL_DETACH_USER_POLICY:
		return detach(s, a, type_of(c), c->role, c->policy_arn, p);
	case CALL_PUT_ROLE_POLICY:
	case CALL_PUT_USER_POLICY:
		return inline_put(s, a, type_of(c), c->role, c->policy_name, c->document, p);
	case CALL_DELETE_ROLE_POLICY:
	case CALL_DELETE_USER_POLICY:
		return inline_delete(s, a, type_of(c), c->role, c->policy_name, p);
	case CALL_DELETE_POLICY:
		return policy_delete(s, a, c->policy_arn, p);
	case CALL_UPDATE_FINDING:
		return update_finding(v, c, p);
	case CALL_VALIDATE_POLICY:
	case CALL_CHECK_NO_NEW_ACCESS:
	case CALL_SIMULATE_PRINCIPAL_POLICY:
	case CALL_GENERATE_LAST_ACCESSED:
	case CALL_GET_LAST_ACCESSED:
		return direct_check(v, c, p);
	case CALL_OP_COUNT:
		break;
	}
	return problem_set(p, 400, "InvalidAction", "no such operation");
}
