#include "rest.h"

#include <stdio.h>
#include <string.h>

#include "pare/when.h"

const char *rest_param(const struct rest *q, const char *name)
{
	for (size_t i = 0; i < q->request->param_count; i++)
		if (strcmp(q->request->param[i].name, name) == 0)
			return q->request->param[i].value;
	return NULL;
}

static bool missing(struct rest *q, const char *member)
{
	return problem_set(q->p, 400, "ValidationException",
			   "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must "
			   "not be null",
			   member);
}

const struct box_analyzer *rest_analyzer(struct rest *q, const char *arn)
{
	const struct box_analyzer *z = box_analyzer(q->s, arn);
	if (arn == NULL)
		missing(q, "analyzerArn");
	else if (z == NULL && strstr(arn, ":analyzer/") == NULL)
		problem_set(q->p, 400, "ValidationException", "Invalid analyzer ARN: %.200s", arn);
	else if (z == NULL || !str_equal(z->region, q->request->region))
		problem_set(q->p, 404, "ResourceNotFoundException", "Analyzer not found: %.200s", arn);
	else if (strcmp(z->account->id, q->request->account) == 0)
		return z;
	else
		problem_set(q->p, 403, "AccessDeniedException",
			    "User: %s is not authorized to access this analyzer", q->request->caller_arn);
	return NULL;
}

/* Tokens and sizes that are wrong are the protocol's own validation error. */
bool rest_page(struct rest *q, const char *token, const char *max, size_t otherwise, struct page *out)
{
	if (page_start(q->a, str_empty(token) ? NULL : token, str_empty(max) ? NULL : max, otherwise, out, q->p))
		return true;
	return problem_set(q->p, 400, "ValidationException", "Invalid nextToken or maxResults");
}

bool rest_max(struct rest *q, char text[24])
{
	int64_t n;
	const struct json *x = json_get(q->body, "maxResults");
	text[0] = '\0';
	if (x == NULL)
		return true;
	if (!json_integer(x, &n))
		return problem_set(q->p, 400, "ValidationException", "maxResults must be an integer");
	snprintf(text, 24, "%lld", (long long)n);
	return true;
}

/* --- analyzers --- */

static void put_analyzer(struct rest *q, const struct box_analyzer *z, bool whole)
{
	struct json_writer *w = &q->out;
	json_open(w, '{');
	json_member_text(w, "arn", z->arn);
	if (whole) { /* ListAnalyzers leaves it out */
		json_key(w, "configuration");
		json_open(w, '{');
		json_key(w, "unusedAccess");
		json_open(w, '{');
		json_member_integer(w, "unusedAccessAge", z->age_days);
		json_close(w, '}');
		json_close(w, '}');
	}
	json_member_text(w, "createdAt", box_time(q->a, z->created_ms));
	json_member_text(w, "name", z->name);
	json_member_text(w, "status", z->status);
	json_key(w, "tags");
	json_open(w, '{');
	json_close(w, '}');
	json_member_text(w, "type", z->type);
	json_close(w, '}');
}

/* Every account has analyzers of its own in every region. */
static bool own(const struct rest *q, const struct box_analyzer *z)
{
	return strcmp(z->account->id, q->request->account) == 0 && str_equal(z->region, q->request->region);
}

static bool list_analyzers(struct rest *q)
{
	struct page page;
	size_t count = 0;
	const char *type = rest_param(q, "type"), *last = NULL;
	if (!rest_page(q, rest_param(q, "nextToken"), rest_param(q, "maxResults"), 100, &page))
		return false;
	json_open(&q->out, '{');
	json_key(&q->out, "analyzers");
	json_open(&q->out, '[');
	for (size_t i = 0; i < q->s->analyzer_count; i++) {
		const struct box_analyzer *z = q->s->analyzer[i];
		if (!own(q, z) || (type != NULL && strcmp(type, z->type) != 0))
			continue;
		if (page.after != NULL && last == NULL && count == 0) {
			/* in seeded order: go on behind the one the token names */
			if (strcmp(z->arn, page.after) == 0)
				page.after = NULL;
			continue;
		}
		if (count++ == page.max) {
			page_end(q->a, &page, last);
			break;
		}
		put_analyzer(q, z, false);
		last = z->arn;
	}
	json_close(&q->out, ']');
	if (page.marker != NULL)
		json_member_text(&q->out, "nextToken", page.marker);
	json_close(&q->out, '}');
	return true;
}

static bool get_analyzer(struct rest *q)
{
	for (size_t i = 0; i < q->s->analyzer_count; i++) {
		const struct box_analyzer *z = q->s->analyzer[i];
		if (!own(q, z) || strcmp(z->name, q->label) != 0)
			continue;
		json_open(&q->out, '{');
		json_key(&q->out, "analyzer");
		put_analyzer(q, z, true);
		json_close(&q->out, '}');
		return true;
	}
	return problem_set(q->p, 404, "ResourceNotFoundException", "Analyzer not found: %.255s", q->label);
}

/* --- routing --- */

static const struct {
	const char *method, *path;
	bool labelled, writes;
	bool (*run)(struct rest *q);
} routes[] = {
	{"GET", "/analyzer", false, false, list_analyzers},
	{"GET", "/analyzer/", true, false, get_analyzer},
	{"POST", "/findingv2", false, false, rest_list_findings},
	{"GET", "/findingv2/", true, false, rest_get_finding},
	{"POST", "/recommendation/", true, false, rest_generate},
	{"GET", "/recommendation/", true, false, rest_get_recommendation},
	{"PUT", "/finding", false, true, rest_update_findings},
	{"POST", "/policy/validation", false, false, rest_validate},
	{"POST", "/policy/check-no-new-access", false, false, rest_check_no_new_access},
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

static size_t route_of(const struct wire_request *r, const char **label)
{
	for (size_t i = 0; i < ROUTES; i++) {
		const char *path = routes[i].path;
		bool fits = routes[i].labelled ? str_starts(r->path, path) && r->path[strlen(path)] != '\0' &&
							 strchr(r->path + strlen(path), '/') == NULL
					       : strcmp(r->path, path) == 0;
		if (!fits || strcmp(routes[i].method, r->method) != 0)
			continue;
		*label = routes[i].labelled ? str_percent_decode(r->arena, r->path + strlen(path)) : "";
		return *label != NULL ? i : ROUTES;
	}
	return ROUTES;
}

bool rest_writes(const struct wire_request *request)
{
	const char *label;
	size_t i = route_of(request, &label);
	return i < ROUTES && routes[i].writes;
}

void rest_error(struct wire_answer *answer, struct arena *a, const char *code, const char *message)
{
	struct json_writer w;
	(void)a;
	answer->error_type = code;
	buf_clear(answer->body);
	json_start(&w, answer->body, true);
	json_open(&w, '{');
	json_member_text(&w, "message", message);
	if (strcmp(code, "ValidationException") == 0) {
		json_member_text(&w, "reason", "fieldValidationFailed");
		json_key(&w, "fieldList");
		json_open(&w, '[');
		json_close(&w, ']');
	}
	if (strcmp(code, "ResourceNotFoundException") == 0) {
		const char *colon = strstr(message, ": ");
		json_member_text(&w, "resourceId", colon != NULL ? colon + 2 : "");
		json_member_text(&w, "resourceType", str_starts(message, "Analyzer") ? "ANALYZER" : "FINDING");
	}
	json_close(&w, '}');
}

static bool read_body(struct rest *q)
{
	struct err e;
	if (q->request->body_len == 0)
		return true;
	q->body = json_parse(q->a, q->request->body, q->request->body_len, "request", &e);
	if (q->body != NULL && q->body->type == JSON_OBJECT)
		return true;
	return problem_set(q->p, 400, "ValidationException", "The request body is not valid JSON");
}

void rest_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer)
{
	struct problem p = {0};
	struct rest q = {.s = s, .a = request->arena, .request = request, .bytes = answer->body, .p = &p};
	size_t i = route_of(request, &q.label);
	json_start(&q.out, answer->body, true);
	if (i == ROUTES)
		problem_set(&p, 404, "UnknownOperationException", "No operation %s %.200s", request->method,
			    request->path);
	else if (read_body(&q) && routes[i].run(&q))
		return;
	answer->status = p.status;
	rest_error(answer, request->arena, arena_strdup(request->arena, p.code), p.message);
}
