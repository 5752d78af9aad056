/* iam: IAM and STS over the query protocol: one call to a form body, one XML answer back. */
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/arn.h"
#include "pare/str.h"
#include "pare/xml.h"

/* As botocore encodes forms: A-Za-z0-9_.-~ bare, space '+', the rest %XX. */
void iam_put_pair(struct arena *a, struct buf *body, const char *key, const char *value)
{
	if (value == NULL)
		return;
	char *text = str_percent_encode(a, value, " ");
	for (char *c = text; *c != '\0'; c++)
		if (*c == ' ')
			*c = '+';
	buf_printf(body, "&%s=%s", key, text);
}

/* A parameter that the operation cannot do without: IAM would take its absence for something
 * else. */
struct form {
	struct arena *arena;
	const struct call *call;
	struct buf *body;
	const char *missing;
};

static void put_needed(struct form *f, const char *key, const char *value)
{
	if (str_empty(value) && f->missing == NULL)
		f->missing = key;
	iam_put_pair(f->arena, f->body, key, value);
}

static void put_tags(struct arena *a, struct buf *body, const struct call *c)
{
	for (size_t i = 0; i < c->tag_count; i++) {
		iam_put_pair(a, body, str_printf(a, "Tags.member.%zu.Key", i + 1), c->tag[i].key);
		iam_put_pair(a, body, str_printf(a, "Tags.member.%zu.Value", i + 1), c->tag[i].value);
	}
}

bool iam_request(struct arena *a, const struct call *call, struct buf *body, struct err *e)
{
	bool sts = call->op == CALL_GET_CALLER_IDENTITY;
	struct form f = {a, call, body, NULL};
	const char *principal = call_for_user(call->op) ? "UserName" : "RoleName";
	buf_printf(body, "Action=%s&Version=%s", call_name(call->op),
		   sts ? "2011-06-15" : "2010-05-08");
	switch (call->op) {
	case CALL_GET_CALLER_IDENTITY:
	case CALL_GET_ACCOUNT_SUMMARY:
		break;
	case CALL_GET_ACCOUNT_DETAILS:
		iam_put_pair(a, body, "Marker", call->marker);
		iam_put_pair(a, body, "MaxItems", "1000");
		break;
	case CALL_GET_ROLE:
	case CALL_GET_USER: /* IAM takes no name for the caller's own */
		put_needed(&f, principal, call->role);
		break;
	case CALL_LIST_ATTACHED_ROLE_POLICIES:
	case CALL_LIST_ROLE_POLICIES:
	case CALL_LIST_ATTACHED_USER_POLICIES:
	case CALL_LIST_USER_POLICIES:
		put_needed(&f, principal, call->role);
		iam_put_pair(a, body, "Marker", call->marker);
		break;
	case CALL_GET_ROLE_POLICY:
	case CALL_DELETE_ROLE_POLICY:
	case CALL_GET_USER_POLICY:
	case CALL_DELETE_USER_POLICY:
		put_needed(&f, principal, call->role);
		put_needed(&f, "PolicyName", call->policy_name);
		break;
	case CALL_GET_POLICY:
	case CALL_DELETE_POLICY:
		put_needed(&f, "PolicyArn", call->policy_arn);
		break;
	case CALL_GET_POLICY_VERSION:
		put_needed(&f, "PolicyArn", call->policy_arn);
		put_needed(&f, "VersionId", call->version);
		break;
	case CALL_LIST_POLICY_VERSIONS:
	case CALL_LIST_ENTITIES_FOR_POLICY:
		put_needed(&f, "PolicyArn", call->policy_arn);
		iam_put_pair(a, body, "Marker", call->marker);
		break;
	case CALL_CREATE_POLICY:
		put_needed(&f, "PolicyName", call->policy_name);
		iam_put_pair(a, body, "Path", call->path);
		put_needed(&f, "PolicyDocument", call->document);
		put_tags(a, body, call);
		break;
	case CALL_ATTACH_ROLE_POLICY:
	case CALL_DETACH_ROLE_POLICY:
	case CALL_ATTACH_USER_POLICY:
	case CALL_DETACH_USER_POLICY:
		put_needed(&f, principal, call->role);
		put_needed(&f, "PolicyArn", call->policy_arn);
		break;
	case CALL_PUT_ROLE_POLICY:
	case CALL_PUT_USER_POLICY:
		put_needed(&f, principal, call->role);
		put_needed(&f, "PolicyName", call->policy_name);
		put_needed(&f, "PolicyDocument", call->document);
		break;
	default:
		if (iam_check_request(a, call, body, &f.missing))
			break;
		return err_set(e, ERR_USAGE, "%s is no operation of IAM or STS",
			       call_name(call->op));
	}
	if (f.missing != NULL)
		return err_set(e, ERR_USAGE, "%s: %s is missing", call_name(call->op), f.missing);
	return buf_ok(body) ||
	       err_set(e, ERR_LIMIT, "%s: the request is too large", call_name(call->op));
}

/* --- answers --- */

static const char *copy(struct arena *a, const char *text)
{
	return str_empty(text) ? NULL : arena_strdup(a, text);
}

/* Percent-encoded, as IAM sends documents; raw where an emulator does not bother. */
static bool take_document(struct call *c, const char *text, const char **out)
{
	const char *start = text == NULL ? "" : text + strspn(text, " \t\r\n");
	if (*start == '\0')
		return err_set(&c->err, ERR_INPUT, "%s: the answer has no policy document",
			       call_name(c->op));
	*out = *start == '{' ? arena_strdup(c->arena, text) : str_percent_decode(c->arena, start);
	return *out != NULL ||
	       err_set(&c->err, ERR_INPUT, "%s: the policy document's percent-encoding is broken",
		       call_name(c->op));
}

static size_t count_members(const struct xml *list)
{
	size_t count = 0;
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next)
		count++;
	return count;
}

/* An entry that lacks what it is about cannot be left out: a role would have fewer policies or
 * tags. */
static bool incomplete(struct call *c, const char *what)
{
	return err_set(&c->err, ERR_INPUT, "%s: the answer lists an entry without %s",
		       call_name(c->op), what);
}

static bool take_tags(struct call *c, const struct xml *list, struct tag **tag, size_t *count)
{
	struct arena *a = c->arena;
	*tag = arena_array(a, count_members(list), sizeof **tag);
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		const char *key = xml_text(x, "Key"), *value = xml_text(x, "Value");
		if (str_empty(key))
			return incomplete(c, "Key");
		(*tag)[(*count)++] = (struct tag){arena_strdup(a, key),
						  arena_strdup(a, value != NULL ? value : "")};
	}
	return true;
}

static bool take_principal(struct call *c, const struct xml *x, enum principal_type type)
{
	bool role = type == PRINCIPAL_ROLE;
	struct arena *a = c->arena;
	struct principal *p = arena_alloc(a, sizeof *p);
	struct arn arn;
	p->type = type;
	p->arn = copy(a, xml_text(x, "Arn"));
	p->name = copy(a, xml_text(x, role ? "RoleName" : "UserName"));
	p->unique_id = copy(a, xml_text(x, role ? "RoleId" : "UserId"));
	p->path = copy(a, xml_text(x, "Path"));
	if (p->arn == NULL || p->name == NULL || p->unique_id == NULL ||
	    !arn_parse(a, p->arn, &arn, &c->err))
		return err_set(&c->err, ERR_INPUT,
			       "%s: the answer lacks the %s's name, id or ARN", call_name(c->op),
			       principal_type_name(type));
	if (p->path == NULL)
		p->path = arn_path(a, p->arn);
	p->partition = arn.partition;
	p->account = arn.account;
	p->created_at = copy(a, xml_text(x, "CreateDate"));
	p->last_used_at = role ? copy(a, xml_text(xml_child(x, "RoleLastUsed"), "LastUsedDate"))
			       : copy(a, xml_text(x, "PasswordLastUsed"));
	p->boundary = copy(a,
			   xml_text(xml_child(x, "PermissionsBoundary"), "PermissionsBoundaryArn"));
	if (p->boundary == NULL && xml_child(x, "PermissionsBoundary") != NULL)
		return err_set(&c->err, ERR_INPUT,
			       "%s: the answer has a permissions boundary without its ARN",
			       call_name(c->op));
	if (!take_tags(c, xml_child(x, "Tags"), &p->tag, &p->tag_count))
		return false;
	if (xml_text(x, "AssumeRolePolicyDocument") != NULL &&
	    !take_document(c, xml_text(x, "AssumeRolePolicyDocument"), &p->trust))
		return false;
	c->principal = p;
	return true;
}

static int64_t number(const char *text, int64_t otherwise)
{
	if (str_empty(text) || strlen(text) > 15 || strspn(text, "0123456789") != strlen(text))
		return otherwise;
	return strtoll(text, NULL, 10);
}

static bool take_policy(struct call *c, const struct xml *x)
{
	struct arena *a = c->arena;
	struct managed_policy *m = arena_alloc(a, sizeof *m);
	m->arn = copy(a, xml_text(x, "Arn"));
	if (m->arn == NULL)
		return err_set(&c->err, ERR_INPUT, "%s: the answer lacks the policy's ARN",
			       call_name(c->op));
	m->name = copy(a, xml_text(x, "PolicyName"));
	if (m->name == NULL)
		m->name = arn_name(m->arn);
	m->default_version = copy(a, xml_text(x, "DefaultVersionId"));
	m->update_date = copy(a, xml_text(x, "UpdateDate"));
	m->attachment_count = number(xml_text(x, "AttachmentCount"), -1);
	m->boundary_count = number(xml_text(x, "PermissionsBoundaryUsageCount"), -1);
	m->attachable = !str_equal(xml_text(x, "IsAttachable"), "false");
	if (!take_tags(c, xml_child(x, "Tags"), &m->tag, &m->tag_count))
		return false;
	c->policy = m;
	return true;
}

static bool take_names(struct call *c, const struct xml *list, const char *name, const char *arn)
{
	for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		const char *text = name != NULL ? xml_text(x, name) : x->text;
		if (str_empty(text))
			return incomplete(c, name != NULL ? name : "a name");
		if (arn != NULL && str_empty(xml_text(x, arn)))
			return incomplete(c, arn);
		str_list_add(c->arena, &c->names, arena_strdup(c->arena, text));
		if (arn != NULL)
			str_list_add(c->arena, &c->arns, arena_strdup(c->arena, xml_text(x, arn)));
	}
	return true;
}

/* Without a filter IAM lists both whom the policy is attached to and whom it bounds. */
static bool take_entities(struct call *c, const struct xml *result)
{
	static const struct {
		const char *list, *name, *kind;
	} kinds[] = {{"PolicyRoles", "RoleName", "role"},
		     {"PolicyUsers", "UserName", "user"},
		     {"PolicyGroups", "GroupName", "group"}};
	for (size_t i = 0; i < 3; i++) {
		const struct xml *list = xml_child(result, kinds[i].list);
		for (const struct xml *x = list != NULL ? list->first : NULL; x != NULL;
		     x = x->next) {
			const char *name = xml_text(x, kinds[i].name);
			if (str_empty(name))
				return incomplete(c, kinds[i].name);
			str_list_add(c->arena, &c->names,
				     str_printf(c->arena, "%s/%s", kinds[i].kind, name));
		}
	}
	return true;
}

static void take_summary(struct call *c, const struct xml *map)
{
	const struct {
		const char *key;
		size_t *at;
	} known[] = {
		{"Policies", &c->summary.policies},
		{"PoliciesQuota", &c->summary.policies_quota},
		{"AttachedPoliciesPerRoleQuota", &c->summary.attached_per_role_quota},
		{"AttachedPoliciesPerUserQuota", &c->summary.attached_per_user_quota},
		{"PolicySizeQuota", &c->summary.policy_size_quota},
		{"RolePolicySizeQuota", &c->summary.role_policy_size_quota},
		{"UserPolicySizeQuota", &c->summary.user_policy_size_quota},
		{"VersionsPerPolicyQuota", &c->summary.versions_quota},
	};
	for (const struct xml *x = map != NULL ? map->first : NULL; x != NULL; x = x->next)
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			if (str_equal(xml_text(x, "key"), known[i].key))
				*known[i].at = (size_t)number(xml_text(x, "value"), 0);
}

static bool take_result(struct call *c, const struct xml *result)
{
	switch (c->op) {
	case CALL_GET_CALLER_IDENTITY:
		c->caller_arn = copy(c->arena, xml_text(result, "Arn"));
		c->caller_account = copy(c->arena, xml_text(result, "Account"));
		if (c->caller_arn == NULL || c->caller_account == NULL)
			return err_set(&c->err, ERR_INPUT,
				       "GetCallerIdentity: the answer lacks Arn or Account");
		return true;
	case CALL_GET_ACCOUNT_SUMMARY:
		take_summary(c, xml_child(result, "SummaryMap"));
		return true;
	case CALL_GET_ACCOUNT_DETAILS:
		return iam_details(c, result);
	case CALL_GET_ROLE:
		return take_principal(c, xml_child(result, "Role"), PRINCIPAL_ROLE);
	case CALL_GET_USER:
		return take_principal(c, xml_child(result, "User"), PRINCIPAL_USER);
	case CALL_LIST_ATTACHED_ROLE_POLICIES:
	case CALL_LIST_ATTACHED_USER_POLICIES:
		return take_names(c, xml_child(result, "AttachedPolicies"), "PolicyName",
				  "PolicyArn");
	case CALL_LIST_ROLE_POLICIES:
	case CALL_LIST_USER_POLICIES:
		return take_names(c, xml_child(result, "PolicyNames"), NULL, NULL);
	case CALL_LIST_POLICY_VERSIONS:
		return take_names(c, xml_child(result, "Versions"), "VersionId", NULL);
	case CALL_LIST_ENTITIES_FOR_POLICY:
		return take_entities(c, result);
	case CALL_GET_ROLE_POLICY:
	case CALL_GET_USER_POLICY:
		return take_document(c, xml_text(result, "PolicyDocument"), &c->text);
	case CALL_GET_POLICY_VERSION:
		return take_document(c, xml_text(xml_child(result, "PolicyVersion"), "Document"),
				     &c->text);
	case CALL_SIMULATE_PRINCIPAL_POLICY:
	case CALL_GENERATE_LAST_ACCESSED:
	case CALL_GET_LAST_ACCESSED:
		return iam_check_answer(c, result);
	case CALL_GET_POLICY:
	case CALL_CREATE_POLICY:
		return take_policy(c, xml_child(result, "Policy"));
	default:
		return true;
	}
}

/* ErrorResponse/Error; Response/Errors/Error of older services and some emulators; a bare Error. */
static bool take_error(struct call *c, long status, const struct xml *root, const char *body)
{
	const struct xml *x = xml_child(root, "Error");
	if (x == NULL)
		x = xml_child(xml_child(root, "Errors"), "Error");
	if (x == NULL && strcmp(root->name, "Error") == 0)
		x = root;
	const char *code = xml_text(x, "Code"), *message = xml_text(x, "Message");
	const char *id = xml_text(root, "RequestId");
	if (id == NULL)
		id = xml_text(root, "RequestID");
	if (id == NULL)
		id = xml_text(xml_child(root, "ResponseMetadata"), "RequestId");
	if (!str_empty(id))
		c->request_id = arena_strdup(c->arena, id);
	if (str_empty(code))
		return aws_error_unreadable(c, status, body);
	code += strspn(code, " \t\r\n");
	return aws_error_set(c, status, arena_copy(c->arena, code, strcspn(code, " \t\r\n")),
			     message != NULL ? message : "");
}

/* Writes that answer nothing but a request id. */
static bool answers_nothing(enum call_op op)
{
	return call_writes(op) && op != CALL_CREATE_POLICY;
}

static bool take_success(struct call *c, const struct xml *root)
{
	const char *name = call_name(c->op);
	const struct xml *result = xml_child(root, str_printf(c->arena, "%sResult", name));
	const char *id = xml_text(xml_child(root, "ResponseMetadata"), "RequestId");
	if (!str_empty(id))
		c->request_id = arena_strdup(c->arena, id);
	if (strcmp(root->name, str_printf(c->arena, "%sResponse", name)) != 0)
		return aws_error_malformed(c, "the answer is to another operation");
	if (answers_nothing(c->op))
		return true;
	if (result == NULL)
		return aws_error_malformed(c, "the answer has no result");
	if (!take_result(c, result)) {
		if (call_writes(c->op))
			c->err.kind =
				ERR_UNCERTAIN; /* it happened, in a form we cannot read */
		return false;
	}
	/* A list that stops early would be a role with fewer policies than it has. */
	bool more = str_equal(xml_text(result, "IsTruncated"), "true");
	if (more && str_empty(xml_text(result, "Marker")))
		return aws_error_malformed(
			c, "the answer is cut (IsTruncated) and has no Marker to go on");
	return aws_next_page(c, more ? xml_text(result, "Marker") : NULL);
}

bool iam_answer(struct call *c, long status, const char *body, size_t len)
{
	struct arena *scratch = arena_new(NULL);
	struct err e;
	c->ok = false;
	c->next_marker = NULL;
	const struct xml *root = xml_parse(scratch, body, len, &e);
	if (root == NULL)
		aws_error_unreadable(c, status, body);
	else if (status / 100 != 2)
		take_error(c, status, root, body);
	else
		c->ok = take_success(c, root);
	arena_free(scratch);
	return c->ok;
}
