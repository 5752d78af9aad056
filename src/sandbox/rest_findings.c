#include <stdlib.h>
#include <string.h>

#include "rest.h"

enum { FINDINGS_PAGE = 100, DETAILS_PAGE = 30, STEPS_PAGE = 20 };

/* --- filters: keys are ANDed, values of one list ORed --- */

static bool in_list(const struct json *list, const char *value, bool part)
{
	for (const struct json *v = list->first; v != NULL; v = v->next)
		if (v->type == JSON_STRING &&
		    (part ? strstr(value, v->text) != NULL : strcmp(value, v->text) == 0))
			return true;
	return false;
}

static bool satisfies(const struct json *criterion, const char *value)
{
	const struct json *eq = json_get(criterion, "eq"), *neq = json_get(criterion, "neq"),
			  *contains = json_get(criterion, "contains"), *exists = json_get(criterion, "exists");
	if (eq != NULL && !in_list(eq, value, false))
		return false;
	if (neq != NULL && in_list(neq, value, false))
		return false;
	if (contains != NULL && !in_list(contains, value, true))
		return false;
	return exists == NULL || exists->boolean;
}

static const char *attribute(const struct box_finding *f, const char *key)
{
	if (strcmp(key, "resource") == 0)
		return f->resource;
	if (strcmp(key, "resourceType") == 0)
		return box_resource_type(f);
	if (strcmp(key, "resourceOwnerAccount") == 0)
		return f->account->id;
	if (strcmp(key, "findingType") == 0)
		return box_finding_type(f);
	if (strcmp(key, "status") == 0)
		return box_status(f);
	if (strcmp(key, "id") == 0)
		return f->id;
	return NULL;
}

static bool check_criterion(struct rest *q, const struct json *c)
{
	static const char *const lists[] = {"eq", "neq", "contains"};
	struct account nobody = {.id = ""};
	struct box_finding none = {.id = "", .resource = "", .account = &nobody};
	if (c->type != JSON_OBJECT || attribute(&none, c->key) == NULL)
		return problem_set(q->p, 400, "ValidationException", "Invalid filter key: %.100s", c->key);
	for (size_t i = 0; i < 3; i++) {
		const struct json *list = json_get(c, lists[i]);
		if (list != NULL && (list->type != JSON_ARRAY || list->count < 1 || list->count > 20))
			return problem_set(q->p, 400, "ValidationException",
					   "Filter %.100s: %s takes 1 to 20 values", c->key, lists[i]);
	}
	return true;
}

static bool passes(const struct json *filter, const struct box_finding *f, const char *id)
{
	for (const struct json *c = filter != NULL ? filter->first : NULL; c != NULL; c = c->next)
		if (!satisfies(c, strcmp(c->key, "id") == 0 ? id : attribute(f, c->key)))
			return false;
	return true;
}

/* --- findings --- */

/* The model's id of what the analyzer shows under another, and the other way round. */
static const char *alias(struct rest *q, const struct box_analyzer *z, const char *id)
{
	return finding_alias(q->s, q->a, z, id);
}

static void put_summary(struct rest *q, const struct box_finding *f, const char *id)
{
	struct json_writer *w = &q->out;
	json_member_text(w, "analyzedAt", box_time(q->a, f->analyzed_ms));
	json_member_text(w, "createdAt", box_time(q->a, f->created_ms));
	json_member_text(w, "findingType", box_finding_type(f));
	json_member_text(w, "id", id);
	json_member_text(w, "resource", f->resource);
	json_member_text(w, "resourceOwnerAccount", f->account->id);
	json_member_text(w, "resourceType", box_resource_type(f));
	json_member_text(w, "status", box_status(f));
	json_member_text(w, "updatedAt", box_time(q->a, f->updated_ms));
}

bool rest_list_findings(struct rest *q)
{
	struct page page;
	char max[24];
	size_t count = 0;
	const char *last = NULL;
	const struct json *filter = json_get(q->body, "filter");
	const struct box_analyzer *z = rest_analyzer(q, json_text(q->body, "analyzerArn"));
	if (z == NULL || !rest_max(q, max) ||
	    !rest_page(q, json_text(q->body, "nextToken"), max, FINDINGS_PAGE, &page))
		return false;
	for (const struct json *c = filter != NULL ? filter->first : NULL; c != NULL; c = c->next)
		if (!check_criterion(q, c))
			return false;
	findings_refresh(q->s);
	json_open(&q->out, '{');
	json_key(&q->out, "findings");
	json_open(&q->out, '[');
	for (size_t i = 0; i < q->s->finding_count; i++) {
		const struct box_finding *f = q->s->finding[i];
		if ((page.after != NULL && strcmp(f->id, page.after) <= 0) || !finding_seen_by(z, f) ||
		    !passes(filter, f, alias(q, z, f->id)))
			continue;
		if (count++ == page.max) {
			page_end(q->a, &page, last);
			break;
		}
		json_open(&q->out, '{');
		put_summary(q, f, alias(q, z, f->id));
		json_close(&q->out, '}');
		last = f->id;
	}
	json_close(&q->out, ']');
	if (page.marker != NULL)
		json_member_text(&q->out, "nextToken", page.marker);
	json_close(&q->out, '}');
	return true;
}

static void put_unused(struct rest *q, const struct unused_service *x)
{
	struct json_writer *w = &q->out;
	json_open(w, '{');
	json_key(w, "unusedPermissionDetails");
	json_open(w, '{');
	if (!x->whole) {
		json_key(w, "actions");
		json_open(w, '[');
		for (size_t i = 0; i < x->actions.count; i++) {
			json_open(w, '{');
			json_member_text(w, "action", x->actions.item[i]);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	if (x->last_accessed != NULL)
		json_member_text(w, "lastAccessed", x->last_accessed);
	json_member_text(w, "serviceNamespace", x->namespace);
	json_close(w, '}');
	json_close(w, '}');
}

/* The page of an inner list: from..to, and the token for the next. */
static bool inner_page(struct rest *q, size_t count, size_t otherwise, size_t *from, size_t *to,
		       const char **token)
{
	struct page page;
	if (!rest_page(q, rest_param(q, "nextToken"), rest_param(q, "maxResults"), otherwise, &page))
		return false;
	*from = page.after != NULL ? (size_t)strtoul(page.after, NULL, 10) : 0;
	if (*from > count)
		*from = count;
	*to = count - *from > page.max ? *from + page.max : count;
	*token = *to < count ? page_token(q->a, str_printf(q->a, "%zu", *to)) : NULL;
	return true;
}

/* The finding is about one thing as a whole: the role, a key, the password. */
static void put_whole(struct rest *q, const struct box_finding *f)
{
	static const char *const details[] = {
		[BOX_UNUSED_ROLE] = "unusedIamRoleDetails",
		[BOX_UNUSED_KEY] = "unusedIamUserAccessKeyDetails",
		[BOX_UNUSED_PASSWORD] = "unusedIamUserPasswordDetails",
	};
	struct json_writer *w = &q->out;
	json_open(w, '{');
	json_key(w, details[f->type]);
	json_open(w, '{');
	if (f->type == BOX_UNUSED_KEY)
		json_member_text(w, "accessKeyId", f->secret);
	if (f->last_used_ms != 0)
		json_member_text(w, "lastAccessed", box_time(q->a, f->last_used_ms));
	json_close(w, '}');
	json_close(w, '}');
}

bool rest_get_finding(struct rest *q)
{
	size_t from, to;
	const char *token;
	const struct box_analyzer *z = rest_analyzer(q, rest_param(q, "analyzerArn"));
	const struct box_finding *f = z != NULL ? finding_get(q->s, z, alias(q, z, q->label), q->p) : NULL;
	if (f == NULL || !inner_page(q, f->type != BOX_UNUSED_PERMISSION ? 1 : f->unused->count, DETAILS_PAGE, &from, &to, &token))
		return false;
	json_open(&q->out, '{');
	put_summary(q, f, q->label);
	json_key(&q->out, "findingDetails");
	json_open(&q->out, '[');
	if (f->type != BOX_UNUSED_PERMISSION)
		put_whole(q, f);
	for (size_t i = from; f->type == BOX_UNUSED_PERMISSION && i < to; i++)
		put_unused(q, &f->unused->service[i]);
	json_close(&q->out, ']');
	if (token != NULL)
		json_member_text(&q->out, "nextToken", token);
	json_close(&q->out, '}');
	return true;
}

bool rest_update_findings(struct rest *q)
{
	const struct json *ids = json_get(q->body, "ids");
	const char *status = json_text(q->body, "status");
	const char *resource = json_text(q->body, "resourceArn");
	const struct box_analyzer *z = rest_analyzer(q, json_text(q->body, "analyzerArn"));
	if (z == NULL)
		return false;
	if (ids == NULL && !finding_update(q->s, z, NULL, resource, status, q->p))
		return false;
	for (const struct json *v = ids != NULL ? ids->first : NULL; v != NULL; v = v->next)
		if (!finding_update(q->s, z, v->type == JSON_STRING ? alias(q, z, v->text) : "", NULL, status, q->p))
			return false;
	json_open(&q->out, '{');
	json_close(&q->out, '}');
	return true;
}

/* --- recommendations --- */

bool rest_generate(struct rest *q)
{
	const struct box_analyzer *z = rest_analyzer(q, rest_param(q, "analyzerArn"));
	if (z == NULL || !recommendation_generate(q->s, z, alias(q, z, q->label), q->p))
		return false;
	json_open(&q->out, '{');
	json_close(&q->out, '}');
	return true;
}

static void put_step(struct rest *q, const struct box_step *x)
{
	struct json_writer *w = &q->out;
	json_open(w, '{');
	json_key(w, "unusedPermissionsRecommendedStep");
	json_open(w, '{');
	if (x->updated_ms != 0)
		json_member_text(w, "policyUpdatedAt", box_time(q->a, x->updated_ms));
	json_member_text(w, "recommendedAction", x->create ? "CREATE_POLICY" : "DETACH_POLICY");
	if (x->document != NULL)
		json_member_text(w, "recommendedPolicy", x->document);
	json_member_text(w, "existingPolicyId", x->existing_id);
	json_close(w, '}');
	json_close(w, '}');
}

static void put_result(struct rest *q, const struct box_recommendation *r, size_t from, size_t to)
{
	struct json_writer *w = &q->out;
	json_member_text(w, "completedAt", box_time(q->a, r->completed_ms));
	if (r->error_code != NULL) {
		json_key(w, "error");
		json_open(w, '{');
		json_member_text(w, "code", r->error_code);
		json_member_text(w, "message", r->error_message);
		json_close(w, '}');
		return;
	}
	json_key(w, "recommendedSteps");
	json_open(w, '[');
	for (size_t i = from; i < to; i++)
		put_step(q, &r->step[i]);
	json_close(w, ']');
}

bool rest_get_recommendation(struct rest *q)
{
	size_t from, to;
	const char *token;
	const struct box_analyzer *z = rest_analyzer(q, rest_param(q, "analyzerArn"));
	const struct box_recommendation *r = z != NULL ? recommendation_get(q->s, z, alias(q, z, q->label), q->p) : NULL;
	if (r == NULL || !inner_page(q, r->step_count, STEPS_PAGE, &from, &to, &token))
		return false;
	bool ready = box_now(q->s) >= r->completed_ms;
	json_open(&q->out, '{');
	json_member_text(&q->out, "startedAt", box_time(q->a, r->started_ms));
	json_member_text(&q->out, "resourceArn", r->resource);
	json_member_text(&q->out, "recommendationType", "UnusedPermissionRecommendation");
	json_member_text(&q->out, "status",
			 !ready ? "IN_PROGRESS" : r->error_code != NULL ? "FAILED" : "SUCCEEDED");
	if (ready)
		put_result(q, r, from, to);
	if (ready && token != NULL)
		json_member_text(&q->out, "nextToken", token);
	json_close(&q->out, '}');
	return true;
}
