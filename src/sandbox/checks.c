/* checks: what AWS says of policies and of use: the custom policy check over the product's own prover,
 * the simulator over its evaluator, and the last use of a role's actions. */
#include <string.h>
#include <strings.h>

#include "checks.h"
#include "pare/evaluate.h"

bool check_no_new_access(struct sandbox *s, struct arena *a, const char *new_document,
			 const char *old_document, bool *pass, struct problem *p)
{
	struct err e;
	struct proof_caps caps = proof_caps_default();
	const struct policy *now = NULL, *old = NULL;
	if (new_document != NULL && old_document != NULL) {
		now = policy_parse(a, new_document, strlen(new_document), "newPolicyDocument", &e);
		old = now != NULL ? policy_parse(a, old_document, strlen(old_document),
						 "existingPolicyDocument", &e)
				  : NULL;
	} else {
		err_set(&e, ERR_INPUT, "newPolicyDocument and existingPolicyDocument are required");
	}
	if (old == NULL)
		return problem_set(p, 400, "ValidationException", "%.300s", e.message);
	const struct policy_set was = {&old, 1}, will = {&now, 1};
	*pass = prove_no_new_allow(a, was, will, s->catalog, &caps).verdict == PROOF_PROVED &&
		prove_no_lost_deny(a, was, will, s->catalog, &caps).verdict == PROOF_PROVED;
	return true;
}

/* --- last use --- */

const struct role *role_of_arn(const struct view *v, const char *arn, struct problem *p)
{
	const char *name = arn != NULL ? strrchr(arn, '/') : NULL;
	bool user = arn != NULL && strstr(arn, ":user/") != NULL;
	const struct role *r =
		name != NULL ? role_get(v, user ? PRINCIPAL_USER : PRINCIPAL_ROLE, name + 1, p) : NULL;
	if (r != NULL && strcmp(r->arn, arn) == 0)
		return r;
	problem_set(p, 404, "NoSuchEntity", "Entity %.200s not found.", arn != NULL ? arn : "");
	return NULL;
}

static struct last_access *entry(struct last_access *list, size_t *count, const char *service,
				 const char *action, const char *at)
{
	for (size_t i = 0; i < *count; i++)
		if (strcasecmp(list[i].service, service) == 0 &&
		    (action == NULL ? list[i].action == NULL
				    : list[i].action != NULL && strcasecmp(list[i].action, action) == 0)) {
			if (at != NULL)
				list[i].at = at;
			return &list[i];
		}
	list[*count] = (struct last_access){service, action, at};
	return &list[(*count)++];
}

static void add_used(struct arena *a, const struct str_list *used, const char *at,
		     struct last_access *list, size_t *count)
{
	for (size_t i = 0; i < used->count; i++) {
		const char *colon = strchr(used->item[i], ':');
		if (colon == NULL)
			continue;
		const char *service = arena_copy(a, used->item[i], (size_t)(colon - used->item[i]));
		entry(list, count, service, NULL, at);
		entry(list, count, service, colon + 1, at);
	}
}

size_t role_accesses(struct sandbox *s, struct arena *a, const struct role *r, struct last_access **out)
{
	const struct unused *u = role_unused(s, a, r);
	size_t count = 0, room = u->count + 2 * (r->used.count + r->late.count);
	for (size_t i = 0; i < u->count; i++)
		room += u->service[i].actions.count;
	*out = arena_array(a, room + 1, sizeof **out);
	for (size_t i = 0; i < u->count; i++) {
		entry(*out, &count, u->service[i].namespace, NULL, NULL);
		for (size_t k = 0; k < u->service[i].actions.count; k++)
			entry(*out, &count, u->service[i].namespace, u->service[i].actions.item[k], NULL);
	}
	add_used(a, &r->used, r->last_used_ms != 0 ? box_time(a, r->last_used_ms) : NULL, *out, &count);
	add_used(a, &r->late, box_time(a, box_now(s)), *out, &count);
	return count;
}

/* A job is its role: its id says which, in the form of one. */
const char *job_of(struct arena *a, const struct role *r)
{
	char hex[SHA256_HEX];
	struct sha256 d = sha256_of(r->arn, strlen(r->arn));
	sha256_print(&d, hex);
	return str_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

const struct role *job_role(const struct view *v, struct arena *a, const char *job, struct problem *p)
{
	const struct table *tables[] = {&v->account->roles, &v->account->users};
	for (size_t k = 0; job != NULL && k < 2; k++)
		for (size_t i = 0; i < tables[k]->count; i++) {
			const struct role *r = slot_at(tables[k]->slot[i], v->as_of_ms);
			if (r != NULL && strcmp(job_of(a, r), job) == 0)
				return r;
		}
	problem_set(p, 404, "NoSuchEntity", "Job %.40s not found.", job != NULL ? job : "");
	return NULL;
}

/* --- the simulator --- */

static bool left_out(const struct simulation *x, const char *arn, const char *inline_name)
{
	if (arn != NULL)
		return str_list_has(&x->without_arns, arn);
	return str_list_has(&x->without_inline, inline_name);
}

bool simulation_open(const struct view *v, struct arena *a, struct simulation *x, struct problem *p)
{
	struct err e;
	const struct role *r = role_of_arn(v, x->principal, p);
	if (r == NULL)
		return false;
	const struct policy **all =
		arena_array(a, r->attached_count + r->inline_count + x->documents.count, sizeof *all);
	size_t count = 0;
	for (size_t i = 0; i < r->attached_count; i++) {
		const struct managed *m = slot_at(r->attached[i], v->as_of_ms);
		const struct document *d = m != NULL ? policy_version_of(m, m->default_version)->document : NULL;
		if (d != NULL && d->policy != NULL && !left_out(x, m->arn, NULL))
			all[count++] = d->policy;
	}
	for (size_t i = 0; i < r->inline_count; i++)
		if (r->inlines[i].document->policy != NULL && !left_out(x, NULL, r->inlines[i].name))
			all[count++] = r->inlines[i].document->policy;
	for (size_t i = 0; i < x->documents.count; i++) {
		const char *text = x->documents.item[i];
		const struct policy *d = policy_parse(a, text, strlen(text), "PolicyInputList", &e);
		if (d == NULL)
			return problem_set(p, 400, "InvalidInput", "%.300s", e.message);
		all[count++] = d;
	}
	x->set = (struct policy_set){all, count};
	return true;
}

const char *simulation_decide(const struct simulation *x, const char *action)
{
	const struct witness request = {.action = action, .resource = "*"};
	if (evaluate_denied(x->set, &request, ARN_FLAT) == ANSWER_YES)
		return "explicitDeny";
	return evaluate_allowed(x->set, &request, ARN_FLAT) == ANSWER_YES ? "allowed" : "implicitDeny";
}
