/* keys: who may sign, and sessions of assumed roles. */
#include <string.h>

#include "model.h"
#include "pare/arn.h"
#include "pare/digest.h"
#include "pare/json.h"

struct box_key *key_find(struct sandbox *s, const char *id)
{
	for (struct box_key *k = s->keys; id != NULL && k != NULL; k = k->next)
		if (strcmp(k->wire.access_key_id, id) == 0)
			return k;
	return NULL;
}

struct box_key *key_of_caller(struct sandbox *s, const char *arn)
{
	for (struct box_key *k = s->keys; arn != NULL && k != NULL; k = k->next)
		if (strcmp(k->wire.caller_arn, arn) == 0)
			return k;
	return NULL;
}

struct box_key *key_add(struct sandbox *s, const char *id, const char *secret, const char *token,
			const char *account, const char *arn, const char *user_id, int64_t expires_ms)
{
	struct arena *a = s->arena;
	struct box_key *k = key_find(s, id);
	if (k == NULL) {
		k = arena_alloc(a, sizeof *k);
		k->next = s->keys;
		s->keys = k;
	}
	k->wire = (struct wire_key){arena_strdup(a, id),      arena_strdup(a, secret),
				    arena_strdup(a, token),   arena_strdup(a, account),
				    arena_strdup(a, arn),     expires_ms};
	k->user_id = arena_strdup(a, user_id);
	k->source_identity = NULL;
	return k;
}

const struct wire_key *wire_key(struct sandbox *s, const char *access_key_id)
{
	const struct box_key *k = key_find(s, access_key_id);
	return k != NULL ? &k->wire : NULL;
}

/* --- AssumeRole --- */

static bool names(const struct json *value, const char *a, const char *b, const char *c)
{
	if (value == NULL)
		return false;
	if (value->type == JSON_STRING)
		return str_equal(value->text, a) || str_equal(value->text, b) || str_equal(value->text, c);
	for (const struct json *v = value->first; v != NULL; v = v->next)
		if (names(v, a, b, c))
			return true;
	return false;
}

static bool likes(const struct json *value, const char *text)
{
	if (value->type == JSON_STRING)
		return str_glob(value->text, text);
	for (const struct json *v = value->first; v != NULL; v = v->next)
		if (likes(v, text))
			return true;
	return false;
}

/* Looked at: sts:ExternalId for equality, sts:SourceIdentity for that and for likeness. */
static bool conditions_hold(const struct json *condition, const struct assume *x)
{
	const struct json *equals = json_get(condition, "StringEquals");
	const char *external = json_text(equals, "sts:ExternalId");
	const struct json *same = json_get(equals, "sts:SourceIdentity");
	const struct json *like = json_get(json_get(condition, "StringLike"), "sts:SourceIdentity");
	const char *identity = x->source_identity;
	return (external == NULL || str_equal(external, x->external_id)) &&
	       (same == NULL || (identity != NULL && names(same, identity, NULL, NULL))) &&
	       (like == NULL || (identity != NULL && likes(like, identity)));
}

/* Whom the trust policy lets do it: the caller's ARN, its account, or anybody. */
static bool trusted(struct arena *a, const struct role *r, const struct assume *x, const char *action)
{
	struct err e;
	const struct json *v = json_parse(a, r->trust, strlen(r->trust), "trust policy", &e);
	const struct json *list = json_get(v, "Statement");
	const struct json *one = list != NULL && list->type == JSON_ARRAY ? list->first : list;
	const char *root = str_printf(a, "arn:%s:iam::%s:root", r->account->partition, x->caller_account);
	for (; one != NULL; one = one->next) {
		const struct json *who = json_get(one, "Principal");
		if (!str_equal(json_text(one, "Effect"), "Allow") ||
		    !names(json_get(one, "Action"), action, "sts:*", "*") ||
		    !conditions_hold(json_get(one, "Condition"), x))
			continue;
		if (names(who, "*", NULL, NULL) ||
		    names(json_get(who, "AWS"), root, x->caller_account, x->caller_arn) ||
		    names(json_get(who, "AWS"), "*", "*", "*"))
			return true;
	}
	return false;
}

static const struct role *role_of_arn(struct sandbox *s, struct arena *a, const char *arn)
{
	struct err e;
	struct arn x;
	struct problem ignored;
	struct account *account = arn_parse(a, arn, &x, &e) ? box_account(s, x.account) : NULL;
	if (account == NULL || !str_starts(x.resource, "role/"))
		return NULL;
	struct view v = view_now(s, account);
	const struct role *r = role_get(&v, PRINCIPAL_ROLE, arn_name(arn), &ignored);
	return r != NULL && strcmp(r->arn, arn) == 0 ? r : NULL;
}

static bool check_assume(const struct assume *x, struct problem *p)
{
	if (!check_present(x->role_arn, "RoleArn", p) || !check_name(x->session, "RoleSessionName", 64, p))
		return false;
	if (strlen(x->session) < 2)
		return problem_set(p, 400, "ValidationError",
				   "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy "
				   "constraint: Member must have length greater than or equal to 2",
				   x->session);
	if (x->duration_s < 900 || x->duration_s > 43200)
		return problem_set(p, 400, "ValidationError",
				   "1 validation error detected: Value '%lld' at 'durationSeconds' failed to satisfy "
				   "constraint: Member must have value between 900 and 43200",
				   (long long)x->duration_s);
	return true;
}

static bool check_identity(const char *text, struct problem *p)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
	if (text == NULL)
		return true;
	size_t len = strlen(text);
	const char *wrong = len < 2		       ? "Member must have length greater than or equal to 2"
			    : len > 64		       ? "Member must have length less than or equal to 64"
			    : strspn(text, allowed) < len ? "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
							  : NULL;
	return wrong == NULL ||
	       problem_set(p, 400, "ValidationError",
			   "1 validation error detected: Value '%.200s' at 'sourceIdentity' failed to satisfy "
			   "constraint: %s",
			   text, wrong);
}

/* A session keeps its source identity through every role that is assumed with it: it cannot be
 * changed, and each of those roles must allow it. */
static bool settle_identity(struct sandbox *s, struct assume *x)
{
	const struct box_key *caller = key_of_caller(s, x->caller_arn);
	const char *kept = caller != NULL ? caller->source_identity : NULL;
	if (kept != NULL && x->source_identity != NULL && strcmp(kept, x->source_identity) != 0)
		return false;
	if (x->source_identity == NULL)
		x->source_identity = kept;
	return true;
}

static const struct box_key *not_allowed(const struct assume *x, const char *action, struct problem *p)
{
	problem_set(p, 403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %.200s",
		    x->caller_arn, action, x->role_arn);
	return NULL;
}

static char *random_text(struct sandbox *s, struct arena *a, size_t bytes)
{
	unsigned char raw[256];
	for (size_t i = 0; i < bytes; i++)
		raw[i] = (unsigned char)box_random(s);
	return base64_encode(a, raw, bytes);
}

const struct box_key *key_assume(struct sandbox *s, const struct assume *asked, const struct role **role,
				 struct problem *p)
{
	struct arena *scratch = arena_new(NULL);
	struct box_key *key = NULL;
	struct assume mine = *asked;
	const struct assume *x = &mine;
	if (!check_assume(x, p) || !check_identity(x->source_identity, p))
		goto done;
	bool keeps = settle_identity(s, &mine);
	const struct role *r = role_of_arn(s, scratch, x->role_arn);
	if (r == NULL || r->account->fault == ACCOUNT_DENIED || !trusted(scratch, r, x, "sts:AssumeRole")) {
		not_allowed(x, "sts:AssumeRole", p);
		goto done;
	}
	if (!keeps || (x->source_identity != NULL && !trusted(scratch, r, x, "sts:SetSourceIdentity"))) {
		not_allowed(x, "sts:SetSourceIdentity", p);
		goto done;
	}
	bool chained = strstr(x->caller_arn, ":assumed-role/") != NULL;
	int64_t longest = chained ? 3600 : r->max_session_s;
	if (x->duration_s > longest) {
		problem_set(p, 400, "ValidationError",
			    chained ? "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
				      "by role chaining"
				    : "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
		goto done;
	}
	const char *arn = str_printf(scratch, "arn:%s:sts::%s:assumed-role/%s/%s", r->account->partition,
				     r->account->id, r->name, x->session);
	key = key_add(s, box_id(s, scratch, "ASIA"), random_text(s, scratch, 30), random_text(s, scratch, 240),
		      r->account->id, arn, str_printf(scratch, "%s:%s", r->id, x->session),
		      box_now(s) + x->duration_s * 1000);
	key->source_identity = arena_strdup(s->arena, x->source_identity);
	*role = r;
	state_save(s);
done:
	arena_free(scratch);
	return key;
}
