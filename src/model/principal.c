#include "pare/principal.h"

#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"
#include "pare/str.h"

const char *principal_type_name(enum principal_type t)
{
	return t == PRINCIPAL_ROLE ? "role" : "user";
}

static int compare_tags(const void *x, const void *y)
{
	const struct tag *p = x, *q = y;
	return strcmp(p->key, q->key);
}

static int compare_attached(const void *x, const void *y)
{
	const struct managed_policy *p = x, *q = y;
	return strcmp(p->arn, q->arn);
}

static int compare_inline(const void *x, const void *y)
{
	const struct inline_policy *p = x, *q = y;
	return strcmp(p->name, q->name);
}

void principal_settle(struct arena *a, struct principal *p)
{
	if (p->tag_count > 1)
		qsort(p->tag, p->tag_count, sizeof *p->tag, compare_tags);
	if (p->attached_count > 1)
		qsort(p->attached, p->attached_count, sizeof *p->attached, compare_attached);
	if (p->inline_count > 1)
		qsort(p->inline_policy, p->inline_count, sizeof *p->inline_policy, compare_inline);
	for (size_t i = 0; i < p->attached_count; i++)
		if (p->attached[i].document_sha256 == NULL && p->attached[i].document != NULL)
			p->attached[i].document_sha256 = policy_text_digest(a, p->attached[i].document);
	for (size_t i = 0; i < p->inline_count; i++)
		if (p->inline_policy[i].document_sha256 == NULL && p->inline_policy[i].document != NULL)
			p->inline_policy[i].document_sha256 =
				policy_text_digest(a, p->inline_policy[i].document);
}

const struct managed_policy *principal_attached(const struct principal *p, const char *arn)
{
	for (size_t i = 0; i < p->attached_count; i++)
		if (strcmp(p->attached[i].arn, arn) == 0)
			return &p->attached[i];
	return NULL;
}

const struct inline_policy *principal_inline(const struct principal *p, const char *name)
{
	for (size_t i = 0; i < p->inline_count; i++)
		if (strcmp(p->inline_policy[i].name, name) == 0)
			return &p->inline_policy[i];
	return NULL;
}

char *principal_tags_sha256(struct arena *a, const struct principal *p)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 1 << 20);
	struct json_writer w;
	json_start(&w, b, true);
	json_open(&w, '[');
	for (size_t i = 0; i < p->tag_count; i++) {
		json_put_text(&w, p->tag[i].key);
		json_put_text(&w, p->tag[i].value);
	}
	json_close(&w, ']');
	char *digest = sha256_hex(a, b->data, b->len);
	arena_free(scratch);
	return digest;
}

bool principal_policies(struct arena *a, const struct principal *p, struct policy_set *out,
			struct err *e)
{
	size_t count = p->attached_count + p->inline_count, n = 0;
	out->policy = arena_array(a, count, sizeof *out->policy);
	for (size_t i = 0; i < p->attached_count; i++) {
		const struct managed_policy *m = &p->attached[i];
		if (m->document == NULL)
			return err_set(e, ERR_INPUT, "policy '%s' of '%s': its document was not read", m->arn,
				       p->name);
		out->policy[n] = policy_parse(a, m->document, strlen(m->document), m->arn, e);
		if (out->policy[n++] == NULL)
			return false;
	}
	for (size_t i = 0; i < p->inline_count; i++) {
		const struct inline_policy *x = &p->inline_policy[i];
		out->policy[n] = policy_parse(a, x->document, strlen(x->document), x->name, e);
		if (out->policy[n++] == NULL)
			return false;
	}
	out->count = n;
	return true;
}

const char *principal_aws_owned(const struct principal *p)
{
	if (str_starts(p->path, "/aws-service-role/"))
		return "a service-linked role: only its AWS service may change it";
	if (str_starts(p->path, "/aws-reserved/") || str_starts(p->name, "AWSReservedSSO_"))
		return "a role of IAM Identity Center: change its permission set instead";
	return NULL;
}
