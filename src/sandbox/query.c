#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/when.h"

enum { ANSWER_MAX_BYTES = 1 << 30 };

static const char iam_space[] = "https://iam.amazonaws.com/doc/2010-05-08/";
static const char sts_space[] = "https://sts.amazonaws.com/doc/2011-06-15/";

/* --- parameters --- */

static const char *param(const struct wire_request *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++)
		if (strcmp(r->param[i].name, name) == 0)
			return r->param[i].value;
	return NULL;
}

const char *query_get(const struct query *q, const char *name)
{
	return param(q->request, name);
}

const char *query_principal_key(const struct query *q)
{
	return q->type == PRINCIPAL_USER ? "UserName" : "RoleName";
}

bool query_number(const struct query *q, const char *name, int64_t otherwise, int64_t *out)
{
	const char *text = query_get(q, name);
	char *end = NULL;
	*out = otherwise;
	if (text == NULL)
		return true;
	*out = strtoll(text, &end, 10);
	if (*text != '\0' && *end == '\0')
		return true;
	return problem_set(q->p, 400, "MalformedInput", "Value for %s is not a number.", name);
}

void query_list(const struct query *q, const char *name, struct str_list *out)
{
	for (size_t i = 1;; i++) {
		const char *text = query_get(q, str_printf(q->a, "%s.member.%zu", name, i));
		if (text == NULL)
			return;
		str_list_add(q->a, out, text);
	}
}

struct tag *query_tags(const struct query *q, size_t *count)
{
	size_t n = 0;
	while (query_get(q, str_printf(q->a, "Tags.member.%zu.Key", n + 1)) != NULL)
		n++;
	struct tag *tag = arena_array(q->a, n, sizeof *tag);
	for (size_t i = 0; i < n; i++) {
		tag[i].key = query_get(q, str_printf(q->a, "Tags.member.%zu.Key", i + 1));
		tag[i].value = query_get(q, str_printf(q->a, "Tags.member.%zu.Value", i + 1));
	}
	*count = n;
	return tag;
}

bool query_page(const struct query *q, struct page *page)
{
	return page_start(q->a, query_get(q, "Marker"), query_get(q, "MaxItems"), 100, page, q->p);
}

/* --- elements --- */

static void escape(struct buf *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '&')
			buf_puts(out, "&amp;");
		else if (*c == '<')
			buf_puts(out, "&lt;");
		else if (*c == '>')
			buf_puts(out, "&gt;");
		else if (*c == '"')
			buf_puts(out, "&quot;");
		else if (*c == '\r')
			buf_puts(out, "&#xD;");
		else if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t')
			buf_putc(out, '?'); /* XML 1.0 has no way to write it */
		else
			buf_putc(out, *c);
	}
}

void put_open(struct query *q, const char *name)
{
	buf_printf(q->out, "<%s>", name);
}

void put_close(struct query *q, const char *name)
{
	buf_printf(q->out, "</%s>", name);
}

void put_text(struct query *q, const char *name, const char *text)
{
	if (text == NULL)
		return;
	put_open(q, name);
	escape(q->out, text);
	put_close(q, name);
}

void put_document_text(struct query *q, const char *name, const char *text)
{
	if (text == NULL)
		return;
	struct arena *scratch = arena_new(NULL);
	put_text(q, name, str_percent_encode(scratch, text, NULL));
	arena_free(scratch);
}

void put_number(struct query *q, const char *name, int64_t value)
{
	buf_printf(q->out, "<%s>%lld</%s>", name, (long long)value, name);
}

void put_bool(struct query *q, const char *name, bool value)
{
	put_text(q, name, value ? "true" : "false");
}

void put_when(struct query *q, const char *name, int64_t ms)
{
	char text[WHEN_TEXT];
	when_iso(ms, text);
	put_text(q, name, text);
}

void put_xml_tags(struct query *q, const struct tag *tag, size_t count)
{
	put_open(q, "Tags");
	for (size_t i = 0; i < count; i++) {
		put_open(q, "member");
		put_text(q, "Key", tag[i].key);
		put_text(q, "Value", tag[i].value);
		put_close(q, "member");
	}
	put_close(q, "Tags");
}

void put_page(struct query *q, const struct page *page)
{
	put_bool(q, "IsTruncated", page->marker != NULL);
	put_text(q, "Marker", page->marker);
}

void put_boundary(struct query *q, const struct role *r)
{
	if (r->boundary == NULL)
		return;
	put_open(q, "PermissionsBoundary");
	put_text(q, "PermissionsBoundaryType", "PermissionsBoundaryPolicy");
	put_text(q, "PermissionsBoundaryArn", r->boundary->arn);
	put_close(q, "PermissionsBoundary");
}

void put_last_used(struct query *q, const struct role *r)
{
	put_open(q, "RoleLastUsed");
	if (r->last_used_ms != 0) {
		put_when(q, "LastUsedDate", r->last_used_ms);
		put_text(q, "Region", r->last_used_region);
	}
	put_close(q, "RoleLastUsed");
}

/* --- one exchange --- */

static const struct query_op *find_op(const struct wire_request *r)
{
	static const struct query_op *const iam[] = {query_role_ops, query_policy_ops, query_details_ops,
						       query_check_ops};
	const char *name = param(r, "Action");
	if (name == NULL)
		return NULL;
	if (r->service == WIRE_STS) {
		for (const struct query_op *op = query_sts_ops; op->name != NULL; op++)
			if (strcmp(op->name, name) == 0)
				return op;
		return NULL;
	}
	for (size_t i = 0; i < sizeof iam / sizeof iam[0]; i++)
		for (const struct query_op *op = iam[i]; op->name != NULL; op++)
			if (strcmp(op->name, name) == 0)
				return op;
	return NULL;
}

bool query_writes(const struct wire_request *request)
{
	const struct query_op *op = find_op(request);
	return op != NULL && op->writes;
}

void query_error(const struct wire_answer *answer, bool sts, int status, const char *code,
		 const char *message)
{
	buf_printf(answer->body, "<ErrorResponse xmlns=\"%s\">\n  <Error>\n    <Type>%s</Type>\n    <Code>%s</Code>\n"
		   "    <Message>",
		   sts ? sts_space : iam_space, status < 500 ? "Sender" : "Receiver", code);
	escape(answer->body, message);
	buf_printf(answer->body, "</Message>\n  </Error>\n  <RequestId>%s</RequestId>\n</ErrorResponse>\n",
		   answer->request_id);
}

static bool run(struct query *q, const struct query_op *op)
{
	const char *version = param(q->request, "Version");
	bool sts = q->request->service == WIRE_STS;
	if (op == NULL)
		return problem_set(q->p, 400, "InvalidAction",
				   "Could not find operation %.100s for version %.20s",
				   param(q->request, "Action") != NULL ? param(q->request, "Action") : "(none)",
				   version != NULL ? version : "NO_VERSION_SPECIFIED");
	if (version != NULL && strcmp(version, sts ? "2011-06-15" : "2010-05-08") != 0)
		return problem_set(q->p, 400, "InvalidAction", "Could not find operation %s for version %.20s",
				   op->name, version);
	if (q->account == NULL)
		return problem_set(q->p, 403, "AccessDenied", "Account %s is not known here.", q->request->account);
	return op->run(q);
}

void query_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer)
{
	struct problem p = {0};
	bool sts = request->service == WIRE_STS;
	struct query q = {.s = s, .a = request->arena, .request = request, .p = &p};
	const struct query_op *op = find_op(request);
	q.type = op != NULL && op->user ? PRINCIPAL_USER : PRINCIPAL_ROLE;
	q.account = box_account(s, request->account);
	q.read = view_read(s, q.account);
	q.now = view_now(s, q.account);
	q.out = buf_new(request->arena, ANSWER_MAX_BYTES);
	if (!run(&q, op)) {
		answer->status = p.status;
		query_error(answer, sts, p.status, p.code, p.message);
		return;
	}
	struct buf *b = answer->body;
	buf_printf(b, "<%sResponse xmlns=\"%s\">\n", op->name, sts ? sts_space : iam_space);
	if (!op->empty) {
		buf_printf(b, "<%sResult>", op->name);
		buf_put(b, q.out->data, q.out->len);
		buf_printf(b, "</%sResult>\n", op->name);
	}
	buf_printf(b, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>\n</%sResponse>\n",
		   answer->request_id, op->name);
}
