/* attach: what ties policies to roles and users: attachments and inline policies. */
#include <string.h>

#include "model.h"
#include "pare/arn.h"
#include "pare/quota.h"

bool role_has(const struct role *r, const struct slot *policy)
{
	for (size_t i = 0; i < r->attached_count; i++)
		if (r->attached[i] == policy)
			return true;
	return false;
}

static const struct role *writable(struct sandbox *s, struct account *account,
				   enum principal_type type, const char *role, struct problem *p)
{
	struct view v = view_now(s, account);
	const struct role *r = role_get(&v, type, role, p);
	return r != NULL && role_modifiable(r, p) ? r : NULL;
}

bool attach(struct sandbox *s, struct account *account, enum principal_type type, const char *role,
	    const char *arn, struct problem *p)
{
	struct view v = view_now(s, account);
	if (!check_policy_arn(arn, p))
		return false;
	const struct role *r = writable(s, account, type, role, p);
	if (r == NULL)
		return false;
	const struct managed *m = policy_get(&v, arn, p);
	if (m == NULL)
		return problem_set(p, 404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn);
	if (!m->attachable || strstr(arn, ":policy/aws-service-role/") != NULL)
		return problem_set(p, 400, "PolicyNotAttachable",
				   "Cannot attach a Service Role Policy to a Customer Role.");
	if (role_has(r, m->slot))
		return true; /* attaching what is attached changes nothing */
	bool user = type == PRINCIPAL_USER;
	size_t quota = user ? account->user_attached_quota : account->attached_quota;
	if (r->attached_count >= quota)
		return problem_set(p, 409, "LimitExceeded", "Cannot exceed quota for %s: %zu",
				   user ? "PoliciesPerUser" : "PoliciesPerRole", quota);
	struct role *now = role_copy(s, r);
	now->attached = arena_array(s->arena, r->attached_count + 1, sizeof(struct slot *));
	size_t at = 0;
	while (at < r->attached_count && strcmp(r->attached[at]->arn, arn) < 0)
		at++;
	for (size_t i = 0; i < at; i++)
		now->attached[i] = r->attached[i];
	now->attached[at] = m->slot;
	for (size_t i = at; i < r->attached_count; i++)
		now->attached[i + 1] = r->attached[i];
	now->attached_count++;
	box_put(s, r->slot, now);
	return true;
}

bool detach(struct sandbox *s, struct account *account, enum principal_type type, const char *role,
	    const char *arn, struct problem *p)
{
	struct view v = view_now(s, account);
	if (!check_policy_arn(arn, p))
		return false;
	const struct role *r = writable(s, account, type, role, p);
	if (r == NULL)
		return false;
	struct slot *slot = policy_slot(&v, arn);
	if (slot == NULL || !str_equal(slot->arn, arn) || !role_has(r, slot))
		return problem_set(p, 404, "NoSuchEntity", "Policy %s was not found.", arn);
	struct role *now = role_copy(s, r);
	now->attached = arena_array(s->arena, r->attached_count, sizeof(struct slot *));
	now->attached_count = 0;
	for (size_t i = 0; i < r->attached_count; i++)
		if (r->attached[i] != slot)
			now->attached[now->attached_count++] = r->attached[i];
	box_put(s, r->slot, now);
	return true;
}

static size_t find_inline(const struct role *r, const char *name)
{
	size_t i = 0;
	while (i < r->inline_count && strcmp(r->inlines[i].name, name) < 0)
		i++;
	return i;
}

static bool at_inline(const struct role *r, size_t i, const char *name)
{
	return i < r->inline_count && strcmp(r->inlines[i].name, name) == 0;
}

bool inline_put(struct sandbox *s, struct account *account, enum principal_type type,
		const char *role, const char *name, const char *document, struct problem *p)
{
	if (!check_name(name, "PolicyName", NAME_MAX_POLICY, p))
		return false;
	const struct role *r = writable(s, account, type, role, p);
	struct document *d = r != NULL ? check_document(s, document, 0, p) : NULL;
	if (d == NULL)
		return false;
	size_t at = find_inline(r, name), total = d->size;
	bool replaces = at_inline(r, at, name);
	for (size_t i = 0; i < r->inline_count; i++)
		total += replaces && i == at ? 0 : r->inlines[i].document->size;
	size_t most = type == PRINCIPAL_USER ? USER_INLINE_MAX : INLINE_TOTAL_MAX;
	if (total > most)
		return problem_set(p, 409, "LimitExceeded", "Maximum policy size of %zu bytes exceeded for %s %s",
				   most, principal_type_name(type), r->name);
	struct role *now = role_copy(s, r);
	now->inlines = arena_array(s->arena, r->inline_count + 1, sizeof *now->inlines);
	now->inline_count = 0;
	for (size_t i = 0; i < at; i++)
		now->inlines[now->inline_count++] = r->inlines[i];
	now->inlines[now->inline_count++] = (struct inline_entry){arena_strdup(s->arena, name), d};
	for (size_t i = at + replaces; i < r->inline_count; i++)
		now->inlines[now->inline_count++] = r->inlines[i];
	box_put(s, r->slot, now);
	return true;
}

static bool no_inline(enum principal_type type, const char *name, struct problem *p)
{
	return problem_set(p, 404, "NoSuchEntity", "The %s policy with name %s cannot be found.",
			   principal_type_name(type), name);
}

/* Names with odd characters may be there from other tools: only writes are strict. */
bool inline_delete(struct sandbox *s, struct account *account, enum principal_type type,
		   const char *role, const char *name, struct problem *p)
{
	if (!check_present(name, "PolicyName", p))
		return false;
	const struct role *r = writable(s, account, type, role, p);
	if (r == NULL)
		return false;
	size_t at = find_inline(r, name);
	if (!at_inline(r, at, name))
		return no_inline(type, name, p);
	struct role *now = role_copy(s, r);
	now->inlines = arena_array(s->arena, r->inline_count, sizeof *now->inlines);
	now->inline_count = 0;
	for (size_t i = 0; i < r->inline_count; i++)
		if (i != at)
			now->inlines[now->inline_count++] = r->inlines[i];
	box_put(s, r->slot, now);
	return true;
}

const struct inline_entry *inline_get(const struct view *v, enum principal_type type,
				      const char *role, const char *name, struct problem *p)
{
	if (!check_present(name, "PolicyName", p))
		return NULL;
	const struct role *r = role_get(v, type, role, p);
	if (r == NULL)
		return NULL;
	size_t at = find_inline(r, name);
	if (at_inline(r, at, name))
		return &r->inlines[at];
	no_inline(type, name, p);
	return NULL;
}

static size_t users_in(const struct table *t, const struct view *v, const struct slot *policy,
		       bool boundary)
{
	size_t users = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct role *r = slot_at(t->slot[i], v->as_of_ms);
		if (r != NULL)
			users += boundary ? r->boundary == policy : role_has(r, policy);
	}
	return users;
}

size_t policy_users(const struct view *v, const struct slot *policy, bool boundary)
{
	return users_in(&v->account->roles, v, policy, boundary) +
	       users_in(&v->account->users, v, policy, boundary);
}
