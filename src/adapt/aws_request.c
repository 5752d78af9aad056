/* aws_request: one call to one signed HTTP request, and its answer back into the call. */
#include <string.h>

#include "aws_private.h"
#include "pare/digest.h"
#include "pare/sigv4.h"
#include "pare/str.h"
#include "pare/when.h"

enum { REQUEST_MAX_BYTES = 2 * 1024 * 1024 };

struct parts {
	const struct aws_endpoint *endpoint;
	const char *method, *path, *query, *content_type;
	struct buf *body;
};

static bool is_analyzer(enum call_op op)
{
	return (op >= CALL_LIST_ANALYZERS && op <= CALL_GET_RECOMMENDATION) ||
	       op == CALL_UPDATE_FINDING;
}

static bool build(struct arena *a, const struct call *call, const struct aws_places *places,
		  struct parts *p, struct err *e)
{
	p->body = buf_new(a, REQUEST_MAX_BYTES);
	if (is_analyzer(call->op)) {
		p->endpoint = &places->analyzer;
		if (!analyzer_request(a, call, &p->method, &p->path, &p->query, p->body, e))
			return false;
		p->content_type = p->body->len > 0 ? "application/json" : NULL;
		return true;
	}
	p->endpoint = call->op == CALL_GET_CALLER_IDENTITY ? &places->sts : &places->iam;
	p->method = "POST";
	p->path = "/";
	p->query = "";
	p->content_type = "application/x-www-form-urlencoded; charset=utf-8";
	return iam_request(a, call, p->body, e);
}

static void add(struct http_header *h, size_t *count, const char *name, const char *value)
{
	h[(*count)++] = (struct http_header){name, value};
}

void aws_sign(struct arena *a, const struct aws_message *m, const struct credentials *keys,
	      int64_t now_ms, struct http_exchange *out)
{
	struct http_header *h = arena_array(a, 8 + m->header_count, sizeof *h);
	size_t count = 0;
	char date[WHEN_TEXT];
	const char *after = strstr(m->endpoint->url, "://") + 3;
	const char *query = m->query != NULL ? m->query : "";
	size_t host_len = strcspn(after, "/");
	when_compact(now_ms, date);
	add(h, &count, "host", arena_copy(a, after, host_len));
	if (m->content_type != NULL)
		add(h, &count, "content-type", m->content_type);
	if (keys != NULL) {
		add(h, &count, "x-amz-date", arena_strdup(a, date));
		if (m->target != NULL)
			add(h, &count, "x-amz-target", m->target);
		if (keys->session_token != NULL)
			add(h, &count, "x-amz-security-token", keys->session_token);
		struct sigv4_request q = {
			.method = m->method,
			.path = str_printf(a, "%s%s", after + host_len, m->path),
			.query = query,
			.header = h,
			.header_count = count,
			.body = m->body,
			.body_len = m->body_len,
			.region = m->endpoint->signing_region,
			.service = m->endpoint->signing_name,
			.now_ms = now_ms,
		};
		struct sigv4 s = sigv4_sign(a, &q, keys->access_key_id, keys->secret_access_key);
		add(h, &count, "authorization", s.authorization);
	}
	for (size_t i = 0; i < m->header_count; i++)
		add(h, &count, m->header[i].name, m->header[i].value);
	*out = (struct http_exchange){
		.arena = a,
		.method = m->method,
		.header = h,
		.header_count = count,
		.body = m->body,
		.body_len = m->body_len,
		.url = str_printf(a, "%s%s%s%s", m->endpoint->url, m->path, *query ? "?" : "",
				  query),
	};
}

bool aws_request(struct arena *a, const struct call *call, const struct aws_places *places,
		 const struct credentials *keys, int64_t now_ms, struct http_exchange *out,
		 struct err *e)
{
	struct parts p = {0};
	if (!build(a, call, places, &p, e))
		return false;
	struct aws_message m = {
		.endpoint = p.endpoint,
		.method = p.method,
		.path = p.path,
		.query = p.query,
		.content_type = p.content_type,
		.body = p.body->data,
		.body_len = p.body->len,
	};
	aws_sign(a, &m, keys, now_ms, out);
	out->once = call_writes(call->op);
	return true;
}

void aws_answer(struct call *c, const struct http_exchange *x)
{
	c->request_id = NULL;
	if (!x->transport_ok) {
		c->ok = false;
		c->err = x->err;
		if (x->oversize && !call_writes(c->op))
			c->err.kind = ERR_LIMIT; /* it would be as large again */
		err_wrap(&c->err, "%s", call_name(c->op));
		return;
	}
	c->request_id = arena_strdup(c->arena, http_response_header(x, "x-amzn-requestid"));
	if (is_analyzer(c->op))
		analyzer_answer(c, x->status, http_response_header(x, "x-amzn-errortype"),
				x->response, x->response_len);
	else
		iam_answer(c, x->status, x->response, x->response_len);
}

bool aws_next_page(struct call *c, const char *marker)
{
	c->next_marker = NULL;
	if (str_empty(marker))
		return true;
	if (str_equal(marker, c->marker))
		return err_set(&c->err, ERR_INPUT,
			       "%s: the answer names the page that was asked for as the next one",
			       call_name(c->op));
	c->next_marker = arena_strdup(c->arena, marker);
	return true;
}
