/* state: the sandbox as JSON and back. Seeds and the state file are one form and have one reader; a
 * seed leaves out what has a sensible value of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "organization.h"
#include "pare/arn.h"
#include "pare/json.h"
#include "pare/when.h"

enum { STATE_MAX_BYTES = 1 << 30 };

struct reader {
	struct sandbox *s;
	struct arena *scratch;
	const char *what;
	struct err *e;
};

#define ONLY(r, v, ...)                                                                             \
	json_only((v), (const char *const[]){__VA_ARGS__},                                          \
		  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), (r)->what, (r)->e)

static bool need(struct reader *r, const struct json *v, const char *key, const char **out)
{
	const char *text = json_text(v, key);
	*out = "";
	if (text == NULL)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected text for '%s'", r->what, key);
	*out = arena_strdup(r->s->arena, text);
	return true;
}

static const char *optional(struct reader *r, const struct json *v, const char *key, const char *otherwise)
{
	const char *text = json_text(v, key);
	return text != NULL ? arena_strdup(r->s->arena, text) : otherwise;
}

/* A value that outlives the file it stood in: what is parsed from it borrows its texts. */
static const struct json *kept_json(struct reader *r, const struct json *v)
{
	struct buf *b = buf_new(r->scratch, STATE_MAX_BYTES);
	if (v == NULL) {
		err_set(r->e, ERR_INPUT, "reading '%s': expected 'unused' in a finding", r->what);
		return NULL;
	}
	json_print(v, b, true);
	return json_parse(r->s->arena, b->data, b->len, r->what, r->e);
}

/* ISO 8601, or "-400d" and "-3h": so long before now. */
static bool read_time(struct reader *r, const struct json *v, const char *key, int64_t otherwise,
		      int64_t *out)
{
	const char *text = json_text(v, key);
	char *end = NULL;
	*out = otherwise;
	if (text == NULL || when_parse(text, out))
		return true;
	long n = strtol(text, &end, 10);
	if (*text == '-' && end != text && (strcmp(end, "d") == 0 || strcmp(end, "h") == 0)) {
		*out = box_now(r->s) + (int64_t)n * (*end == 'd' ? WHEN_DAY_MS : 3600000);
		return true;
	}
	return err_set(r->e, ERR_INPUT, "reading '%s': '%s' is '%s': expected a time, or days before now (-400d)",
		       r->what, key, text);
}

static bool read_number(struct reader *r, const struct json *v, const char *key, int64_t otherwise,
			int64_t *out)
{
	const struct json *x = json_get(v, key);
	*out = otherwise;
	if (x == NULL || (json_integer(x, out) && *out >= 0))
		return true;
	return err_set(r->e, ERR_INPUT, "reading '%s': expected a number of at least 0 for '%s'", r->what, key);
}

/* An object is what the text says; a text is taken byte for byte. */
static bool read_document(struct reader *r, const struct json *v, const char *key, const char **out)
{
	const struct json *x = json_get(v, key);
	if (x != NULL && x->type == JSON_STRING) {
		*out = arena_strdup(r->s->arena, x->text);
		return true;
	}
	if (x == NULL || x->type != JSON_OBJECT)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected a policy document for '%s'", r->what, key);
	struct buf *b = buf_new(r->scratch, 8 * DOCUMENT_MAX_BYTES);
	json_print(x, b, true);
	*out = arena_strdup(r->s->arena, b->data);
	return true;
}

static bool read_tags(struct reader *r, const struct json *v, struct tag **tag, size_t *count)
{
	const struct json *list = json_get(v, "tags");
	*tag = arena_array(r->s->arena, list != NULL ? list->count : 0, sizeof **tag);
	*count = 0;
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		if (x->key == NULL || x->type != JSON_STRING)
			return err_set(r->e, ERR_INPUT, "reading '%s': expected 'tags' to be an object of texts",
				       r->what);
		(*tag)[(*count)++] = (struct tag){arena_strdup(r->s->arena, x->key),
						  arena_strdup(r->s->arena, x->text)};
	}
	return true;
}

static bool each(struct reader *r, const struct json *root, const char *key,
		 bool (*read)(struct reader *r, const struct json *v))
{
	const struct json *list = json_get(root, key);
	if (list == NULL)
		return true;
	if (list->type != JSON_ARRAY)
		return err_set(r->e, ERR_INPUT, "reading '%s': expected '%s' to be a list", r->what, key);
	for (const struct json *v = list->first; v != NULL; v = v->next)
		if (!read(r, v))
			return false;
	return true;
}

static bool read_fault(struct reader *r, const struct json *v, enum account_fault *out)
{
	const char *fault = optional(r, v, "fault", "");
	size_t k = 0;
	while (account_faults[k] != NULL && strcmp(account_faults[k], fault) != 0)
		k++;
	*out = (enum account_fault)k;
	return account_faults[k] != NULL ||
	       err_set(r->e, ERR_INPUT, "reading '%s': fault '%s': expected denied, throttled or unreachable",
		       r->what, fault);
}

static bool read_region(struct reader *r, const struct json *v)
{
	struct sandbox *s = r->s;
	struct box_region x = {.name = NULL};
	if (!ONLY(r, v, "name", "fault") || !need(r, v, "name", &x.name) || !read_fault(r, v, &x.fault))
		return false;
	s->region = arena_grow(s->arena, s->region, s->region_count, &s->region_cap, sizeof *s->region);
	s->region[s->region_count++] = x;
	return true;
}

static bool read_account(struct reader *r, const struct json *v)
{
	const char *id;
	int64_t attached, user_attached, policies, roles;
	if (!ONLY(r, v, "id", "partition", "attachedPerRole", "attachedPerUser", "policies", "roles",
		  "fault") || !need(r, v, "id", &id))
		return false;
	if (!account_id_valid(id))
		return err_set(r->e, ERR_INPUT, "reading '%s': account '%s': expected twelve digits", r->what, id);
	struct account *a = box_account_add(r->s, id);
	if (!read_number(r, v, "attachedPerRole", (int64_t)a->attached_quota, &attached) ||
	    !read_number(r, v, "attachedPerUser", (int64_t)a->user_attached_quota, &user_attached) ||
	    !read_number(r, v, "policies", (int64_t)a->policies_quota, &policies) ||
	    !read_number(r, v, "roles", (int64_t)a->roles_quota, &roles))
		return false;
	a->partition = optional(r, v, "partition", a->partition);
	if (!read_fault(r, v, &a->fault))
		return err_wrap(r->e, "account '%s'", id);
	a->attached_quota = (size_t)attached;
	a->user_attached_quota = (size_t)user_attached;
	a->policies_quota = (size_t)policies;
	a->roles_quota = (size_t)roles;
	return true;
}

static bool read_key(struct reader *r, const struct json *v)
{
	const char *id, *secret, *account, *arn;
	int64_t expires;
	if (!ONLY(r, v, "accessKeyId", "secret", "token", "account", "arn", "userId", "sourceIdentity",
		  "expiresAt") ||
	    !need(r, v, "accessKeyId", &id) || !need(r, v, "secret", &secret) ||
	    !need(r, v, "account", &account) || !need(r, v, "arn", &arn) ||
	    !read_time(r, v, "expiresAt", 0, &expires))
		return false;
	box_account_add(r->s, account);
	struct box_key *k = key_add(r->s, id, secret, json_text(v, "token"), account, arn,
				    optional(r, v, "userId", "AIDAEXAMPLEUSEREXAMPL"), expires);
	k->source_identity = optional(r, v, "sourceIdentity", NULL);
	return true;
}

static bool read_analyzer(struct reader *r, const struct json *v)
{
	struct box_analyzer *z = arena_alloc(r->s->arena, sizeof *z);
	struct arn arn;
	int64_t age;
	if (!ONLY(r, v, "arn", "type", "status", "createdAt", "unusedAccessAge") ||
	    !need(r, v, "arn", &z->arn) || !arn_parse(r->s->arena, z->arn, &arn, r->e) ||
	    !read_time(r, v, "createdAt", box_now(r->s), &z->created_ms) ||
	    !read_number(r, v, "unusedAccessAge", 90, &age))
		return false;
	if (strcmp(arn.service, "access-analyzer") != 0 || !str_starts(arn.resource, "analyzer/") || age < 1 ||
	    age > 365)
		return err_set(r->e, ERR_INPUT, "reading '%s': analyzer '%s': expected an analyzer's ARN and "
			       "'unusedAccessAge' from 1 to 365", r->what, z->arn);
	z->name = arn_name(z->arn);
	z->region = arena_strdup(r->s->arena, arn.region);
	z->type = optional(r, v, "type", "ACCOUNT_UNUSED_ACCESS");
	z->status = optional(r, v, "status", "ACTIVE");
	z->account = box_account_add(r->s, arn.account);
	z->organization = str_starts(z->type, "ORGANIZATION");
	z->age_days = (int)age;
	struct sandbox *s = r->s;
	s->analyzer = arena_grow(s->arena, s->analyzer, s->analyzer_count, &s->analyzer_cap,
			       sizeof(struct box_analyzer *));
	s->analyzer[s->analyzer_count++] = z;
	return true;
}

static bool read_organization(struct reader *r, const struct json *root)
{
	const struct json *v = json_get(root, "organization");
	if (v == NULL)
		return true;
	if (!organization_check(r->s, v, r->what, r->e))
		return false;
	r->s->organization = kept_json(r, v);
	return r->s->organization != NULL;
}

static bool read_version(struct reader *r, const struct json *v, struct managed *m)
{
	struct policy_version *x = &m->version[m->version_count++];
	const char *text;
	int64_t number;
	if (!ONLY(r, v, "number", "default", "createdAt", "document") ||
	    !read_number(r, v, "number", (int64_t)m->version_count, &number) ||
	    !read_time(r, v, "createdAt", m->created_ms, &x->created_ms) ||
	    !read_document(r, v, "document", &text))
		return false;
	x->number = (size_t)number;
	x->document = document_new(r->s->arena, text);
	if (json_bool(v, "default", false))
		m->default_version = x->number;
	if (x->number > m->last_version)
		m->last_version = x->number;
	return true;
}

static bool read_versions(struct reader *r, const struct json *v, struct managed *m)
{
	const struct json *list = json_get(v, "versions");
	m->version = arena_array(r->s->arena, list != NULL ? list->count : 1, sizeof *m->version);
	if (list == NULL) {
		const char *text;
		if (!read_document(r, v, "document", &text))
			return err_wrap(r->e, "policy '%s'", m->arn);
		m->version[m->version_count++] =
			(struct policy_version){1, m->updated_ms, document_new(r->s->arena, text)};
		m->default_version = m->last_version = 1;
		return true;
	}
	for (const struct json *x = list->first; x != NULL; x = x->next)
		if (!read_version(r, x, m))
			return err_wrap(r->e, "policy '%s'", m->arn);
	if (policy_version_of(m, m->default_version) == NULL)
		return err_set(r->e, ERR_INPUT, "reading '%s': policy '%s' without a default version", r->what,
			       m->arn);
	return true;
}

static bool read_policy(struct reader *r, const struct json *v)
{
	struct arena *a = r->s->arena;
	struct managed *m = arena_alloc(a, sizeof *m);
	struct arn arn;
	int64_t last;
	if (!ONLY(r, v, "arn", "id", "description", "createdAt", "updatedAt", "attachable", "document",
		  "versions", "lastVersion", "tags") ||
	    !need(r, v, "arn", &m->arn))
		return false;
	if (!arn_is_policy(m->arn) || !arn_parse(a, m->arn, &arn, r->e))
		return err_set(r->e, ERR_INPUT, "reading '%s': '%s' is no policy's ARN", r->what, m->arn);
	m->name = arn_name(m->arn);
	m->path = arn_path(a, m->arn);
	m->id = optional(r, v, "id", NULL);
	if (m->id == NULL)
		m->id = box_id(r->s, a, "ANPA");
	m->description = optional(r, v, "description", NULL);
	m->attachable = json_bool(v, "attachable", true);
	if (!read_time(r, v, "createdAt", box_now(r->s), &m->created_ms) ||
	    !read_time(r, v, "updatedAt", m->created_ms, &m->updated_ms) || !read_versions(r, v, m) ||
	    !read_number(r, v, "lastVersion", (int64_t)m->last_version, &last) ||
	    !read_tags(r, v, &m->tag, &m->tag_count))
		return false;
	m->last_version = (size_t)last;
	bool aws = strcmp(arn.account, "aws") == 0;
	struct account *account = aws ? NULL : box_account_add(r->s, arn.account);
	m->slot = table_add(a, aws ? &r->s->aws_policies : &account->policies,
			    aws ? m->arn : str_lower(a, m->name));
	m->slot->arn = m->arn;
	m->slot->account = account;
	box_put(r->s, m->slot, m);
	return true;
}

static int compare_slots(const void *x, const void *y)
{
	const struct slot *const *p = x, *const *q = y;
	return strcmp((*p)->arn, (*q)->arn);
}

static int compare_inlines(const void *x, const void *y)
{
	const struct inline_entry *p = x, *q = y;
	return strcmp(p->name, q->name);
}

static struct slot *known_policy(struct reader *r, const struct role *role, const char *arn)
{
	struct view v = view_now(r->s, role->account);
	struct slot *slot = policy_slot(&v, arn);
	if (slot_now(slot) != NULL && strcmp(slot->arn, arn) == 0)
		return slot;
	err_set(r->e, ERR_INPUT, "reading '%s': %s '%s' has policy '%s', which is not among its policies",
		r->what, principal_type_name(role->type), role->name, arn);
	return NULL;
}

static bool read_attached(struct reader *r, const struct json *v, struct role *role)
{
	const struct json *list = json_get(v, "attached");
	role->attached = arena_array(r->s->arena, list != NULL ? list->count : 0, sizeof(struct slot *));
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		struct slot *slot = known_policy(r, role, x->type == JSON_STRING ? x->text : "");
		if (slot == NULL)
			return false;
		role->attached[role->attached_count++] = slot;
	}
	if (role->attached_count > 1)
		qsort(role->attached, role->attached_count, sizeof(struct slot *), compare_slots);
	return true;
}

static bool read_inlines(struct reader *r, const struct json *v, struct role *role)
{
	const struct json *list = json_get(v, "inline");
	role->inlines = arena_array(r->s->arena, list != NULL ? list->count : 0, sizeof *role->inlines);
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		struct inline_entry *one = &role->inlines[role->inline_count++];
		const char *text;
		if (!ONLY(r, x, "name", "document") || !need(r, x, "name", &one->name) ||
		    !read_document(r, x, "document", &text))
			return err_wrap(r->e, "role '%s'", role->name);
		one->document = document_new(r->s->arena, text);
	}
	if (role->inline_count > 1)
		qsort(role->inlines, role->inline_count, sizeof *role->inlines, compare_inlines);
	return true;
}

static bool read_used(struct reader *r, const struct json *v, const char *key, struct role *role,
		      struct str_list *out)
{
	const struct json *list = json_get(v, key);
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		if (x->type != JSON_STRING || catalog_action(r->s->catalog, x->text) == NULL)
			return err_set(r->e, ERR_INPUT,
				       "reading '%s': role '%s' uses '%s', which is no action of the catalogue", r->what,
				       role->name, x->text != NULL ? x->text : "");
		str_list_add(r->s->arena, out, arena_strdup(r->s->arena, x->text));
	}
	return true;
}

/* What a role and a user have alike. */
static bool read_common(struct reader *r, const struct json *v, struct role *role)
{
	struct arena *a = r->s->arena;
	bool user = role->type == PRINCIPAL_USER;
	const char *boundary = json_text(v, "boundary"), *type = principal_type_name(role->type);
	role->account = box_account_add(r->s, optional(r, v, "account", r->s->account[0]->id));
	role->path = optional(r, v, "path", "/");
	role->arn = str_printf(a, "arn:%s:iam::%s:%s%s%s", role->account->partition, role->account->id,
			       type, role->path, role->name);
	role->id = optional(r, v, "id", NULL);
	if (role->id == NULL)
		role->id = box_id(r->s, a, user ? "AIDA" : "AROA");
	if (!read_time(r, v, "createdAt", box_now(r->s), &role->created_ms) ||
	    !read_time(r, v, "lastUsedAt", 0, &role->last_used_ms) ||
	    !read_tags(r, v, &role->tag, &role->tag_count) || !read_attached(r, v, role) ||
	    !read_inlines(r, v, role) || !read_used(r, v, "usedActions", role, &role->used) ||
	    !read_used(r, v, "lateActions", role, &role->late))
		return false;
	if (boundary != NULL && (role->boundary = known_policy(r, role, boundary)) == NULL)
		return false;
	role->slot = table_add(a, table_of(role->account, role->type), str_lower(a, role->name));
	role->slot->account = role->account;
	if (slot_now(role->slot) != NULL)
		return err_set(r->e, ERR_INPUT, "reading '%s': %s '%s' stands twice", r->what, type, role->name);
	return true;
}

static bool read_role(struct reader *r, const struct json *v)
{
	struct role *role = arena_alloc(r->s->arena, sizeof *role);
	if (!ONLY(r, v, "account", "name", "path", "id", "description", "createdAt", "lastUsedAt",
		  "lastUsedRegion", "maxSessionDuration", "trust", "boundary", "tags", "attached", "inline",
		  "usedActions", "lateActions") ||
	    !need(r, v, "name", &role->name) || !read_document(r, v, "trust", &role->trust))
		return false;
	role->type = PRINCIPAL_ROLE;
	role->description = optional(r, v, "description", NULL);
	role->last_used_region = optional(r, v, "lastUsedRegion", "us-east-1");
	if (!read_number(r, v, "maxSessionDuration", 3600, &role->max_session_s) ||
	    !read_common(r, v, role))
		return false;
	box_put(r->s, role->slot, role);
	return true;
}

static bool read_secret(struct reader *r, const struct json *v, const struct role *user, bool key,
			struct box_secret *out)
{
	if (!ONLY(r, v, "id", "createdAt", "lastUsedAt") || (key && !need(r, v, "id", &out->id)))
		return false;
	return read_time(r, v, "createdAt", user->created_ms, &out->created_ms) &&
	       read_time(r, v, "lastUsedAt", 0, &out->last_used_ms);
}

static bool read_user(struct reader *r, const struct json *v)
{
	struct role *user = arena_alloc(r->s->arena, sizeof *user);
	const struct json *groups = json_get(v, "groups"), *keys = json_get(v, "accessKeys"),
			  *password = json_get(v, "password");
	if (!ONLY(r, v, "account", "name", "path", "id", "createdAt", "lastUsedAt", "boundary", "tags",
		  "attached", "inline", "usedActions", "lateActions", "groups", "accessKeys", "password") ||
	    !need(r, v, "name", &user->name))
		return false;
	user->type = PRINCIPAL_USER;
	if (!read_common(r, v, user))
		return false;
	for (const struct json *x = groups != NULL ? groups->first : NULL; x != NULL; x = x->next)
		if (x->type == JSON_STRING)
			str_list_add(r->s->arena, &user->groups, arena_strdup(r->s->arena, x->text));
	user->secret = arena_array(r->s->arena, (keys != NULL ? keys->count : 0) + 1, sizeof *user->secret);
	for (const struct json *x = keys != NULL ? keys->first : NULL; x != NULL; x = x->next)
		if (!read_secret(r, x, user, true, &user->secret[user->secret_count++]))
			return err_wrap(r->e, "user '%s'", user->name);
	if (password != NULL &&
	    !read_secret(r, password, user, false, &user->secret[user->secret_count++]))
		return err_wrap(r->e, "user '%s'", user->name);
	box_put(r->s, user->slot, user);
	return true;
}

static bool read_finding(struct reader *r, const struct json *v)
{
	struct box_finding *f = arena_alloc(r->s->arena, sizeof *f);
	const char *account, *status, *type;
	bool user = json_get(v, "user") != NULL;
	if (!ONLY(r, v, "id", "account", "role", "user", "roleId", "resource", "type", "status",
		  "createdAt", "updatedAt", "analyzedAt", "unused", "secret") ||
	    !need(r, v, "id", &f->id) || !need(r, v, "account", &account) ||
	    !need(r, v, user ? "user" : "role", &f->role_key) || !need(r, v, "roleId", &f->role_id) ||
	    !need(r, v, "resource", &f->resource) || !need(r, v, "type", &type) ||
	    !need(r, v, "status", &status) || !read_time(r, v, "createdAt", 0, &f->created_ms) ||
	    !read_time(r, v, "updatedAt", 0, &f->updated_ms) ||
	    !read_time(r, v, "analyzedAt", 0, &f->analyzed_ms))
		return false;
	f->account = box_account_add(r->s, account);
	int known = box_finding_type_of(type);
	if (known < 0)
		return err_set(r->e, ERR_INPUT, "reading '%s': finding '%s' has the type '%s'", r->what, f->id,
			       type);
	f->type = known;
	f->principal = user ? PRINCIPAL_USER : PRINCIPAL_ROLE;
	f->secret = optional(r, v, "secret", NULL);
	f->status = strcmp(status, "ARCHIVED") == 0   ? BOX_ARCHIVED
		    : strcmp(status, "RESOLVED") == 0 ? BOX_RESOLVED
						      : BOX_ACTIVE;
	const struct json *unused = kept_json(r, json_get(v, "unused"));
	f->unused = unused != NULL ? unused_parse(r->s->arena, unused, r->what, r->e) : NULL;
	if (f->unused == NULL)
		return false;
	finding_insert(r->s, f);
	return true;
}

static bool read_step(struct reader *r, const struct json *v, struct box_step *x)
{
	x->create = json_bool(v, "create", false);
	x->document = optional(r, v, "document", NULL);
	return need(r, v, "existing", &x->existing_id) && read_time(r, v, "updatedAt", 0, &x->updated_ms);
}

static bool read_recommendation(struct reader *r, const struct json *v)
{
	struct box_recommendation *x = arena_alloc(r->s->arena, sizeof *x);
	const struct json *steps = json_get(v, "steps");
	if (!ONLY(r, v, "finding", "resource", "startedAt", "completedAt", "errorCode", "errorMessage", "steps") ||
	    !need(r, v, "finding", &x->finding_id) || !need(r, v, "resource", &x->resource) ||
	    !read_time(r, v, "startedAt", 0, &x->started_ms) ||
	    !read_time(r, v, "completedAt", 0, &x->completed_ms))
		return false;
	x->error_code = optional(r, v, "errorCode", NULL);
	x->error_message = optional(r, v, "errorMessage", NULL);
	x->step = arena_array(r->s->arena, steps != NULL ? steps->count : 0, sizeof *x->step);
	for (const struct json *s = steps != NULL ? steps->first : NULL; s != NULL; s = s->next)
		if (!read_step(r, s, &x->step[x->step_count++]))
			return false;
	recommendation_insert(r->s, x);
	return true;
}

bool state_read(struct sandbox *s, const char *text, size_t len, const char *what, struct err *e)
{
	struct reader r = {s, arena_new(NULL), what, e};
	const struct json *root = json_parse(r.scratch, text, len, what, e);
	bool ok = root != NULL &&
		  ONLY(&r, root, "schema", "about", "random", "generated", "accounts", "keys", "analyzers",
		       "organization", "regions", "policies", "roles", "users", "findings", "recommendations");
	if (ok && !str_equal(json_text(root, "schema"), "pare.sandbox/v1"))
		ok = err_set(e, ERR_INPUT, "reading '%s': expected \"schema\": \"pare.sandbox/v1\"", what);
	const char *random = ok ? json_text(root, "random") : NULL;
	if (random != NULL)
		s->random = strtoull(random, NULL, 16);
	s->generated = s->generated || json_bool(root, "generated", false);
	ok = ok && each(&r, root, "accounts", read_account) && each(&r, root, "keys", read_key) &&
	     each(&r, root, "analyzers", read_analyzer) && each(&r, root, "regions", read_region) &&
	     read_organization(&r, root) && each(&r, root, "policies", read_policy) &&
	     each(&r, root, "roles", read_role) &&
	     each(&r, root, "users", read_user) && each(&r, root, "findings", read_finding) &&
	     each(&r, root, "recommendations", read_recommendation);
	arena_free(r.scratch);
	return ok;
}

bool state_load(struct sandbox *s, struct err *e)
{
	const char *name = s->setting.state_file;
	FILE *f = fopen(name, "rb");
	if (f == NULL && errno == ENOENT)
		return true;
	if (f == NULL)
		return err_set(e, ERR_IO, "reading state file '%s': %s", name, strerror(errno));
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, STATE_MAX_BYTES);
	char block[65536];
	for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
		buf_put(b, block, n);
	bool ok = !ferror(f) && buf_ok(b);
	fclose(f);
	if (!ok)
		err_set(e, ERR_IO, "reading state file '%s' failed", name);
	s->quiet = true;
	ok = ok && state_read(s, b->data, b->len, name, e);
	s->quiet = false;
	s->loaded = ok;
	arena_free(scratch);
	return ok;
}
