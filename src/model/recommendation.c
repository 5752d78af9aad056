#include "pare/recommendation.h"

#include <stdint.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"

/* The model says UnusedPermissionRecommendation, AWS's published output
 * UNUSED_PERMISSION_RECOMMENDATION: compared without case and underscores. */
static bool known_type(const char *text)
{
	const char *wanted = "unusedpermissionrecommendation";
	if (text == NULL)
		return false;
	for (; *text != '\0'; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		if (c == '_')
			continue;
		if (c != *wanted)
			return false;
		wanted++;
	}
	return *wanted == '\0';
}

static bool parse_status(const char *text, enum recommendation_status *status)
{
	static const char *const names[] = {"SUCCEEDED", "IN_PROGRESS", "FAILED"};
	for (size_t i = 0; text != NULL && i < 3; i++)
		if (str_equal_nocase(text, names[i])) {
			*status = (enum recommendation_status)i;
			return true;
		}
	return false;
}

static void parse_step(const struct json *v, struct recommended_step *s)
{
	const struct json *known = json_get(v, "unusedPermissionsRecommendedStep");
	if (known == NULL) {
		s->action = RECOMMEND_UNKNOWN;
		s->action_text = v->first != NULL && v->first->key != NULL ? v->first->key : "nothing";
		return;
	}
	s->action_text = json_text(known, "recommendedAction");
	s->existing_policy_id = json_text(known, "existingPolicyId");
	s->document = json_text(known, "recommendedPolicy");
	s->policy_updated_at = json_text(known, "policyUpdatedAt");
	s->action = str_equal(s->action_text, "CREATE_POLICY")   ? RECOMMEND_CREATE_POLICY
		    : str_equal(s->action_text, "DETACH_POLICY") ? RECOMMEND_DETACH_POLICY
								 : RECOMMEND_UNKNOWN;
	if (s->action_text == NULL)
		s->action_text = "nothing";
}

struct recommendation *recommendation_parse(struct arena *a, const struct json *value,
					    const char *what, struct err *e)
{
	struct recommendation *r = arena_alloc(a, sizeof *r);
	if (value->type != JSON_OBJECT ||
	    !parse_status(json_text(value, "status"), &r->status)) {
		err_set(e, ERR_INPUT,
			"reading '%s': expected a recommendation with 'status' SUCCEEDED, IN_PROGRESS or FAILED",
			what);
		return NULL;
	}
	r->resource = json_text(value, "resourceArn");
	if (r->resource == NULL) {
		err_set(e, ERR_INPUT, "reading '%s': a recommendation without 'resourceArn'", what);
		return NULL;
	}
	r->finding_id = json_text(value, "id");
	r->type_text = json_text(value, "recommendationType");
	r->type_known = known_type(r->type_text);
	r->started_at = json_text(value, "startedAt");
	r->completed_at = json_text(value, "completedAt");
	r->error_code = json_text(json_get(value, "error"), "code");
	r->error_message = json_text(json_get(value, "error"), "message");
	r->next_token = json_text(value, "nextToken");
	if (str_empty(r->next_token))
		r->next_token = NULL;
	const struct json *steps = json_get(value, "recommendedSteps");
	if (steps == NULL || steps->type == JSON_NULL)
		return r;
	if (steps->type != JSON_ARRAY) {
		err_set(e, ERR_INPUT, "reading '%s': expected 'recommendedSteps' to be a list", what);
		return NULL;
	}
	r->step = arena_array(a, steps->count, sizeof *r->step);
	for (const struct json *v = steps->first; v != NULL; v = v->next)
		parse_step(v, &r->step[r->count++]);
	return r;
}

bool recommendation_merge(struct arena *a, struct recommendation *into,
			  const struct recommendation *page, struct err *e)
{
	/* A page of another generation says so by its times. */
	if (!str_equal(into->resource, page->resource) || into->status != page->status ||
	    !str_equal(into->started_at, page->started_at) ||
	    !str_equal(into->completed_at, page->completed_at))
		return err_set(e, ERR_INPUT,
			       "reading the recommendation for '%s': its pages do not belong together",
			       into->resource);
	struct recommended_step *all = arena_array(a, into->count + page->count, sizeof *all);
	if (into->count > 0)
		memcpy(all, into->step, into->count * sizeof *all);
	if (page->count > 0)
		memcpy(all + into->count, page->step, page->count * sizeof *all);
	into->step = all;
	into->count += page->count;
	into->next_token = page->next_token;
	return true;
}

static void member(struct json_writer *w, const char *key, const char *text)
{
	if (text != NULL)
		json_member_text(w, key, text);
}

static void print_step(struct json_writer *w, const struct recommended_step *s)
{
	json_open(w, '{');
	json_key(w, "unusedPermissionsRecommendedStep");
	json_open(w, '{');
	member(w, "policyUpdatedAt", s->policy_updated_at);
	member(w, "recommendedAction", s->action_text);
	member(w, "recommendedPolicy", s->document);
	member(w, "existingPolicyId", s->existing_policy_id);
	json_close(w, '}');
	json_close(w, '}');
}

void recommendation_print(const struct recommendation *r, struct buf *out)
{
	static const char *const status[] = {"SUCCEEDED", "IN_PROGRESS", "FAILED", "NONE"};
	struct json_writer w;
	json_start(&w, out, false);
	json_open(&w, '{');
	member(&w, "startedAt", r->started_at);
	member(&w, "completedAt", r->completed_at);
	member(&w, "resourceArn", r->resource);
	member(&w, "recommendationType", r->type_text);
	member(&w, "status", status[r->status]);
	if (r->error_code != NULL || r->error_message != NULL) {
		json_key(&w, "error");
		json_open(&w, '{');
		member(&w, "code", r->error_code);
		member(&w, "message", r->error_message);
		json_close(&w, '}');
	}
	json_key(&w, "recommendedSteps");
	json_open(&w, '[');
	for (size_t i = 0; i < r->count; i++)
		print_step(&w, &r->step[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_putc(out, '\n');
}

char *recommendation_sha256(struct arena *a, const struct recommendation *r)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, SIZE_MAX);
	recommendation_print(r, b);
	char *digest = sha256_hex(a, b->data, b->len);
	arena_free(scratch);
	return digest;
}
