#include <string.h>

#include "model.h"
#include "pare/arn.h"
#include "pare/quota.h"

enum { USERS_QUOTA = 5000 };

struct table *table_of(struct account *account, enum principal_type type)
{
	return type == PRINCIPAL_USER ? &account->users : &account->roles;
}

const struct role *role_get(const struct view *v, enum principal_type type, const char *name,
			    struct problem *p)
{
	bool user = type == PRINCIPAL_USER;
	struct arena *scratch = arena_new(NULL);
	const struct role *r = NULL;
	if (check_name(name, user ? "UserName" : "RoleName", user ? 128 : 64, p)) {
		r = slot_at(table_find(table_of(v->account, type), str_lower(scratch, name)), v->as_of_ms);
		if (r == NULL)
			problem_set(p, 404, "NoSuchEntity", "The %s with name %s cannot be found.",
				    principal_type_name(type), name);
	}
	arena_free(scratch);
	return r;
}

struct role *role_copy(struct sandbox *s, const struct role *r)
{
	struct role *copy = arena_alloc(s->arena, sizeof *copy);
	*copy = *r;
	return copy;
}

bool role_modifiable(const struct role *r, struct problem *p)
{
	if (!str_starts(r->path, "/aws-service-role/") && !str_starts(r->path, "/aws-reserved/"))
		return true;
	return problem_set(p, 400, "UnmodifiableEntity",
			   "Cannot perform the operation on the protected role '%s' - this role is only modifiable "
			   "by AWS",
			   r->name);
}

static size_t count_live(const struct table *t)
{
	size_t count = 0;
	for (size_t i = 0; i < t->count; i++)
		count += slot_now(t->slot[i]) != NULL;
	return count;
}

static bool check_new(struct sandbox *s, struct account *account, const struct role_new *n,
		      struct slot **boundary, struct problem *p)
{
	struct view v = view_now(s, account);
	const char *path = n->path != NULL ? n->path : "/";
	bool user = n->type == PRINCIPAL_USER;
	if (!check_name(n->name, user ? "UserName" : "RoleName", user ? NAME_MAX_USER : NAME_MAX_ROLE, p) ||
	    !check_path(path, "Path", false, p) || (!user && !check_trust(n->trust, p)) || !check_tags(n->tag, n->tag_count, 0, p))
		return false;
	if (str_starts(path, "/aws-service-role/") || str_starts(path, "/aws-reserved/"))
		return problem_set(p, 400, "ValidationError", "The path %s is reserved for AWS.", path);
	if (n->max_session_s != 0 && (n->max_session_s < 3600 || n->max_session_s > 43200))
		return problem_set(p, 400, "ValidationError",
				   "1 validation error detected: Value '%lld' at 'maxSessionDuration' failed to satisfy "
				   "constraint: Member must have value between 3600 and 43200",
				   (long long)n->max_session_s);
	if (n->boundary != NULL) {
		if (policy_get(&v, n->boundary, p) == NULL)
			return false;
		*boundary = policy_slot(&v, n->boundary);
	}
	size_t quota = user ? USERS_QUOTA : account->roles_quota;
	if (count_live(table_of(account, n->type)) >= quota)
		return problem_set(p, 409, "LimitExceeded", "Cannot exceed quota for %s: %zu",
				   user ? "UsersPerAccount" : "RolesPerAccount", quota);
	return true;
}

const struct role *role_create(struct sandbox *s, struct account *account, const struct role_new *n,
			       struct problem *p)
{
	struct slot *boundary = NULL;
	struct arena *a = s->arena;
	if (!check_new(s, account, n, &boundary, p))
		return NULL;
	struct slot *slot = table_add(a, table_of(account, n->type), str_lower(a, n->name));
	if (slot_now(slot) != NULL) {
		problem_set(p, 409, "EntityAlreadyExists", "%s with name %s already exists.",
			    n->type == PRINCIPAL_USER ? "User" : "Role", n->name);
		return NULL;
	}
	slot->account = account;
	struct role *r = arena_alloc(a, sizeof *r);
	r->type = n->type;
	r->slot = slot;
	r->account = account;
	r->name = arena_strdup(a, n->name);
	r->path = n->path != NULL ? arena_strdup(a, n->path) : "/";
	r->arn = str_printf(a, "arn:%s:iam::%s:%s%s%s", account->partition, account->id,
			    principal_type_name(n->type), r->path, r->name);
	r->id = box_id(s, a, n->type == PRINCIPAL_USER ? "AIDA" : "AROA");
	r->description = arena_strdup(a, n->description);
	r->trust = n->type == PRINCIPAL_USER ? NULL : arena_strdup(a, n->trust);
	r->created_ms = box_now(s);
	r->max_session_s = n->max_session_s != 0 ? n->max_session_s : 3600;
	r->boundary = boundary;
	r->tag = tags_merge(a, NULL, 0, n->tag, n->tag_count, &r->tag_count);
	box_put(s, slot, r);
	return r;
}

bool role_delete(struct sandbox *s, struct account *account, enum principal_type type,
		 const char *name, struct problem *p)
{
	struct view v = view_now(s, account);
	const struct role *r = role_get(&v, type, name, p);
	if (r == NULL || !role_modifiable(r, p))
		return false;
	if (r->attached_count > 0)
		return problem_set(p, 409, "DeleteConflict",
				   "Cannot delete entity, must detach all policies first.");
	if (r->inline_count > 0)
		return problem_set(p, 409, "DeleteConflict", "Cannot delete entity, must delete policies first.");
	if (r->secret_count > 0 || r->groups.count > 0)
		return problem_set(p, 409, "DeleteConflict",
				   "Cannot delete entity, must remove %s first.",
				   r->groups.count > 0 ? "the user from all groups" : "access keys and password");
	box_put(s, r->slot, NULL);
	return true;
}

/* --- tags --- */

static struct tag *find_tag(struct tag *tag, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(tag[i].key, key))
			return &tag[i];
	return NULL;
}

struct tag *tags_merge(struct arena *a, const struct tag *old, size_t old_count,
		       const struct tag *tag, size_t count, size_t *merged)
{
	struct tag *all = arena_array(a, old_count + count, sizeof *all);
	size_t n = 0;
	for (size_t i = 0; i < old_count; i++)
		all[n++] = old[i];
	for (size_t i = 0; i < count; i++) {
		struct tag *at = find_tag(all, n, tag[i].key);
		if (at == NULL)
			at = &all[n++];
		*at = (struct tag){arena_strdup(a, tag[i].key), arena_strdup(a, tag[i].value)};
	}
	*merged = n;
	return all;
}

bool role_tag(struct sandbox *s, struct account *account, enum principal_type type,
	      const char *name, const struct tag *tag, size_t count, struct problem *p)
{
	struct view v = view_now(s, account);
	const struct role *r = role_get(&v, type, name, p);
	if (r == NULL || !role_modifiable(r, p) || !check_tags(tag, count, 0, p))
		return false;
	struct role *now = role_copy(s, r);
	now->tag = tags_merge(s->arena, r->tag, r->tag_count, tag, count, &now->tag_count);
	if (!check_tags(NULL, 0, now->tag_count, p))
		return false;
	box_put(s, r->slot, now);
	return true;
}

bool role_untag(struct sandbox *s, struct account *account, enum principal_type type,
		const char *name, const struct str_list *keys, struct problem *p)
{
	struct view v = view_now(s, account);
	const struct role *r = role_get(&v, type, name, p);
	if (r == NULL || !role_modifiable(r, p))
		return false;
	struct role *now = role_copy(s, r);
	now->tag = arena_array(s->arena, r->tag_count, sizeof *now->tag);
	now->tag_count = 0;
	for (size_t i = 0; i < r->tag_count; i++)
		if (!str_list_has(keys, r->tag[i].key))
			now->tag[now->tag_count++] = r->tag[i];
	box_put(s, r->slot, now);
	return true;
}
