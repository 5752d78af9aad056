#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pare/arn.h"
#include "pare/quota.h"

const char *version_name(struct arena *a, size_t number)
{
	return str_printf(a, "v%zu", number);
}

struct slot *policy_slot(const struct view *v, const char *arn)
{
	if (arn_is_aws_managed(arn))
		return table_find(&v->sandbox->aws_policies, arn);
	struct arena *scratch = arena_new(NULL);
	struct slot *slot = table_find(&v->account->policies, str_lower(scratch, arn_name(arn)));
	arena_free(scratch);
	return slot;
}

const struct managed *policy_get(const struct view *v, const char *arn, struct problem *p)
{
	if (!check_policy_arn(arn, p))
		return NULL;
	const struct managed *m = slot_at(policy_slot(v, arn), v->as_of_ms);
	if (m != NULL && strcmp(m->arn, arn) == 0)
		return m;
	problem_set(p, 404, "NoSuchEntity", "Policy %s was not found.", arn);
	return NULL;
}

const struct policy_version *policy_version_of(const struct managed *m, size_t number)
{
	for (size_t i = 0; i < m->version_count; i++)
		if (m->version[i].number == number)
			return &m->version[i];
	return NULL;
}

const struct policy_version *policy_get_version(const struct managed *m, const char *id,
						struct problem *p)
{
	char *end = NULL;
	if (!check_present(id, "VersionId", p))
		return NULL;
	unsigned long n = *id == 'v' ? strtoul(id + 1, &end, 10) : 0;
	if (n == 0 || *end != '\0') {
		problem_set(p, 400, "ValidationError",
			    "1 validation error detected: Value '%.60s' at 'versionId' failed to satisfy constraint: "
			    "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
			    id);
		return NULL;
	}
	const struct policy_version *x = policy_version_of(m, n);
	if (x == NULL)
		problem_set(p, 404, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.",
			    m->arn, id);
	return x;
}

static size_t count_policies(const struct account *account)
{
	size_t count = 0;
	for (size_t i = 0; i < account->policies.count; i++)
		count += slot_now(account->policies.slot[i]) != NULL;
	return count;
}

const struct managed *policy_create(struct sandbox *s, struct account *account,
				    const struct policy_new *n, struct problem *p)
{
	struct arena *a = s->arena;
	const char *path = n->path != NULL ? n->path : "/";
	if (!check_name(n->name, "PolicyName", NAME_MAX_POLICY, p) || !check_path(path, "Path", true, p) ||
	    !check_tags(n->tag, n->tag_count, 0, p))
		return NULL;
	if (n->description != NULL && strlen(n->description) > 1000) {
		problem_set(p, 400, "ValidationError", "The description is longer than 1000 characters.");
		return NULL;
	}
	struct document *d = check_document(s, n->document, POLICY_SIZE_MAX, p);
	if (d == NULL)
		return NULL;
	struct slot *slot = table_add(a, &account->policies, str_lower(a, n->name));
	if (slot_now(slot) != NULL) {
		problem_set(p, 409, "EntityAlreadyExists",
			    "A policy called %s already exists. Duplicate names are not allowed.", n->name);
		return NULL;
	}
	if (count_policies(account) >= account->policies_quota) {
		problem_set(p, 409, "LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: %zu",
			    account->policies_quota);
		return NULL;
	}
	slot->account = account;
	slot->arn = str_printf(a, "arn:%s:iam::%s:policy%s%s", account->partition, account->id, path, n->name);
	struct managed *m = arena_alloc(a, sizeof *m);
	m->slot = slot;
	m->name = arena_strdup(a, n->name);
	m->path = arena_strdup(a, path);
	m->arn = slot->arn;
	m->id = box_id(s, a, "ANPA");
	m->description = arena_strdup(a, n->description);
	m->created_ms = m->updated_ms = box_now(s);
	m->attachable = true;
	m->default_version = m->last_version = 1;
	m->version = arena_alloc(a, sizeof *m->version);
	m->version[0] = (struct policy_version){1, m->created_ms, d};
	m->version_count = 1;
	m->tag = tags_merge(a, NULL, 0, n->tag, n->tag_count, &m->tag_count);
	box_put(s, slot, m);
	return m;
}

/* A copy to change, of a customer-managed policy that exists. */
static struct managed *writable(struct sandbox *s, struct account *account, const char *arn,
				struct problem *p)
{
	struct view v = view_now(s, account);
	const struct managed *m = policy_get(&v, arn, p);
	if (m == NULL)
		return NULL;
	if (arn_is_aws_managed(arn)) {
		problem_set(p, 403, "AccessDenied", "Policy is outside your own account.");
		return NULL;
	}
	struct managed *copy = arena_alloc(s->arena, sizeof *copy);
	*copy = *m;
	copy->version = arena_array(s->arena, m->version_count + 1, sizeof *copy->version);
	memcpy(copy->version, m->version, m->version_count * sizeof *m->version);
	return copy;
}

const struct policy_version *policy_create_version(struct sandbox *s, struct account *account,
						   const char *arn, const char *document,
						   bool make_default, struct problem *p)
{
	struct managed *m = writable(s, account, arn, p);
	struct document *d = m != NULL ? check_document(s, document, POLICY_SIZE_MAX, p) : NULL;
	if (d == NULL)
		return NULL;
	if (m->version_count >= VERSIONS_MAX) {
		problem_set(p, 409, "LimitExceeded",
			    "A managed policy can have up to %d versions. Before you create a new version, you must "
			    "delete an existing version.",
			    VERSIONS_MAX);
		return NULL;
	}
	struct policy_version *x = &m->version[m->version_count++];
	*x = (struct policy_version){++m->last_version, box_now(s), d};
	if (make_default) {
		m->default_version = x->number;
		m->updated_ms = x->created_ms;
		s->versions++;
	}
	box_put(s, m->slot, m);
	return x;
}

bool policy_set_default(struct sandbox *s, struct account *account, const char *arn,
			const char *version, struct problem *p)
{
	struct managed *m = writable(s, account, arn, p);
	const struct policy_version *x = m != NULL ? policy_get_version(m, version, p) : NULL;
	if (x == NULL)
		return false;
	m->default_version = x->number;
	m->updated_ms = box_now(s);
	s->versions++;
	box_put(s, m->slot, m);
	return true;
}

bool policy_delete_version(struct sandbox *s, struct account *account, const char *arn,
			   const char *version, struct problem *p)
{
	struct managed *m = writable(s, account, arn, p);
	const struct policy_version *x = m != NULL ? policy_get_version(m, version, p) : NULL;
	if (x == NULL)
		return false;
	if (x->number == m->default_version)
		return problem_set(p, 409, "DeleteConflict", "Cannot delete the default version of a policy.");
	size_t at = (size_t)(x - m->version);
	memmove(&m->version[at], &m->version[at + 1], (--m->version_count - at) * sizeof *m->version);
	box_put(s, m->slot, m);
	return true;
}

bool policy_delete(struct sandbox *s, struct account *account, const char *arn, struct problem *p)
{
	struct managed *m = writable(s, account, arn, p);
	struct view v = view_now(s, account);
	if (m == NULL)
		return false;
	if (policy_users(&v, m->slot, false) > 0 || policy_users(&v, m->slot, true) > 0)
		return problem_set(p, 409, "DeleteConflict", "Cannot delete a policy attached to entities.");
	if (m->version_count > 1)
		return problem_set(p, 409, "DeleteConflict",
				   "This policy has more than one version. Before you delete a policy, you must delete the "
				   "policy's versions. The default version is deleted with the policy.");
	box_put(s, m->slot, NULL);
	return true;
}

bool policy_tag(struct sandbox *s, struct account *account, const char *arn, const struct tag *tag,
		size_t count, struct problem *p)
{
	struct managed *m = writable(s, account, arn, p);
	if (m == NULL || !check_tags(tag, count, 0, p))
		return false;
	m->tag = tags_merge(s->arena, m->tag, m->tag_count, tag, count, &m->tag_count);
	if (!check_tags(NULL, 0, m->tag_count, p))
		return false;
	box_put(s, m->slot, m);
	return true;
}
