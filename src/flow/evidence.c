#include "pare/evidence.h"

#include <string.h>

#include "pare/arn.h"
#include "pare/document.h"
#include "pare/str.h"

enum { EVIDENCE_MAX_BYTES = 4 * DOCUMENT_READ_MAX_BYTES };

const char *document_find(const struct document_list *list, const char *sha256)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->item[i].sha256, sha256))
			return list->item[i].text;
	return NULL;
}

void document_add(struct arena *a, struct document_list *list, const char *text)
{
	const char *sha256 = policy_text_digest(a, text);
	if (document_find(list, sha256) != NULL)
		return;
	list->item = arena_grow(a, list->item, list->count, &list->cap, sizeof *list->item);
	list->item[list->count++] = (struct evidence_document){sha256, text};
}

void document_add_principal(struct arena *a, struct document_list *list, const struct principal *p)
{
	for (size_t i = 0; i < p->attached_count; i++)
		if (p->attached[i].document != NULL)
			document_add(a, list, p->attached[i].document);
	for (size_t i = 0; i < p->inline_count; i++)
		if (p->inline_policy[i].document != NULL)
			document_add(a, list, p->inline_policy[i].document);
}

char *document_path(struct arena *a, const char *folder, const char *sha256)
{
	return str_printf(a, "%s/evidence/documents/%s.json", folder, sha256);
}

/* What pare cannot parse has the digest of its bytes, and is kept as these bytes. */
char *document_canonical(struct arena *a, const char *text)
{
	struct err e;
	const struct policy *p = policy_parse(a, text, strlen(text), "", &e);
	if (p == NULL)
		return arena_strdup(a, text);
	struct buf *b = buf_new(a, EVIDENCE_MAX_BYTES);
	policy_print_canonical(p, b);
	bool same = buf_ok(b) && str_equal(policy_text_digest(a, b->data), policy_text_digest(a, text));
	return same ? b->data : arena_strdup(a, text);
}

bool document_take(struct arena *a, struct document_list *list, const char *path, const char *text,
		   struct err *e)
{
	const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	const char *expected = str_printf(a, "%s.json", policy_text_digest(a, text));
	if (strcmp(name, expected) != 0)
		return err_set(e, ERR_REFUSED,
			       "reading document '%s': its digest is %.12s: somebody changed it", path, expected);
	document_add(a, list, text);
	return true;
}

bool document_read_review(struct arena *a, const struct review_port *review, const char *commit,
			  const struct plan *p, struct document_list *list, struct err *e)
{
	struct str_list paths = {0};
	const char *folder = str_printf(a, "%s/evidence/documents", plan_folder(a, p));
	if (!review->list(review->self, a, commit, folder, &paths, e))
		return false;
	if (paths.count > EVIDENCE_DOCUMENTS_MAX)
		return err_set(e, ERR_LIMIT, "reading '%s': more than %d documents", folder,
			       EVIDENCE_DOCUMENTS_MAX);
	for (size_t i = 0; i < paths.count; i++) {
		const char *bytes;
		size_t len;
		if (!review->read(review->self, a, commit, paths.item[i], EVIDENCE_MAX_BYTES, &bytes, &len, e))
			return false;
		if (strlen(bytes) != len)
			return err_set(e, ERR_REFUSED, "reading document '%s': it holds a zero byte",
				       paths.item[i]);
		if (!document_take(a, list, paths.item[i], bytes, e))
			return false;
	}
	return true;
}

static bool missing(const struct plan *p, const char *policy, const char *sha256, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		       "the document of policy '%s' from before plan '%s' (%.12s) is not kept beside the plan",
		       policy, p->id, sha256 != NULL ? sha256 : "never read");
}

struct principal *document_principal(struct arena *a, const struct plan *p,
				     const struct document_list *list, struct err *e)
{
	struct principal *x = arena_alloc(a, sizeof *x);
	x->type = p->principal.type;
	x->partition = p->partition;
	x->account = p->account;
	x->arn = p->principal.arn;
	x->name = p->principal.name;
	x->path = p->principal.path;
	x->unique_id = p->principal.unique_id;
	x->boundary = p->preconditions.boundary;
	x->attached = arena_array(a, p->preconditions.attached_count, sizeof *x->attached);
	x->inline_policy = arena_array(a, p->preconditions.inline_count, sizeof *x->inline_policy);
	for (size_t i = 0; i < p->preconditions.attached_count; i++) {
		const struct precondition_attached *was = &p->preconditions.attached[i];
		struct managed_policy *m = &x->attached[x->attached_count++];
		*m = (struct managed_policy){.arn = was->arn, .name = arn_name(was->arn),
					     .default_version = was->default_version,
					     .update_date = was->update_date, .attachment_count = -1,
					     .boundary_count = -1, .attachable = true};
		m->document = document_find(list, was->document_sha256);
		if (m->document == NULL && !missing(p, was->arn, was->document_sha256, e))
			return NULL;
	}
	for (size_t i = 0; i < p->preconditions.inline_count; i++) {
		const struct precondition_inline *was = &p->preconditions.inline_policy[i];
		struct inline_policy *m = &x->inline_policy[x->inline_count++];
		*m = (struct inline_policy){.name = was->name,
					    .document = document_find(list, was->document_sha256)};
		if (m->document == NULL && !missing(p, was->name, was->document_sha256, e))
			return NULL;
	}
	principal_settle(a, x);
	return x;
}
