/* iam_details: a page of GetAccountAuthorizationDetails, from XML into the AWS CLI's JSON form. */
#include <stdlib.h>
#include <string.h>

#include "aws_private.h"
#include "pare/str.h"
#include "pare/xml.h"

enum { DETAILS_MAX_BYTES = 256 * 1024 * 1024 };

/* Documents become JSON texts, decoded; everything else stays as it is. */
static bool is_document(const char *name)
{
	return strcmp(name, "PolicyDocument") == 0 || strcmp(name, "Document") == 0 ||
	       strcmp(name, "AssumeRolePolicyDocument") == 0;
}

static bool is_list(const char *name)
{
	static const char *const lists[] = {"RoleDetailList",
					    "UserDetailList",
					    "GroupDetailList",
					    "Policies",
					    "RolePolicyList",
					    "UserPolicyList",
					    "GroupPolicyList",
					    "AttachedManagedPolicies",
					    "PolicyVersionList",
					    "InstanceProfileList",
					    "Roles",
					    "Tags",
					    "GroupList"};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (strcmp(lists[i], name) == 0)
			return true;
	return false;
}

static bool is_count(const char *name)
{
	return strcmp(name, "AttachmentCount") == 0 ||
	       strcmp(name, "PermissionsBoundaryUsageCount") == 0;
}

static bool is_flag(const char *name)
{
	return strcmp(name, "IsDefaultVersion") == 0 || strcmp(name, "IsAttachable") == 0;
}

struct writer {
	struct json_writer json;
	struct arena *scratch;
	bool ok;
};

static void write_leaf(struct writer *w, const struct xml *x)
{
	if (is_document(x->name)) {
		const char *start = x->text + strspn(x->text, " \t\r\n");
		const char *text = *start == '{' ? x->text : str_percent_decode(w->scratch, start);
		w->ok = w->ok && text != NULL;
		json_put_text(&w->json, text);
	} else if (is_count(x->name) && strspn(x->text, "0123456789") == strlen(x->text) &&
		   *x->text != '\0' && strlen(x->text) < 10) {
		json_put_integer(&w->json, strtoll(x->text, NULL, 10));
	} else if (is_flag(x->name)) {
		json_put_bool(&w->json, strcmp(x->text, "true") == 0);
	} else {
		json_put_text(&w->json, x->text);
	}
}

static void write_value(struct writer *w, const struct xml *x)
{
	bool list = is_list(x->name);
	if (!list && x->first == NULL) {
		write_leaf(w, x);
		return;
	}
	json_open(&w->json, list ? '[' : '{');
	for (const struct xml *child = x->first; child != NULL; child = child->next) {
		if (!list)
			json_key(&w->json, child->name);
		write_value(w, child);
	}
	json_close(&w->json, list ? ']' : '}');
}

bool iam_details(struct call *c, const struct xml *result)
{
	struct writer w = {.scratch = arena_new(NULL), .ok = true};
	struct buf *b = buf_new(w.scratch, DETAILS_MAX_BYTES);
	json_start(&w.json, b, true);
	json_open(&w.json, '{');
	for (const struct xml *x = result->first; x != NULL; x = x->next)
		if (is_list(x->name)) {
			json_key(&w.json, x->name);
			write_value(&w, x);
		}
	json_close(&w.json, '}');
	bool ok = w.ok && buf_ok(b);
	if (!ok)
		err_set(&c->err, ERR_INPUT,
			"GetAccountAuthorizationDetails: a document's encoding is broken, or "
			"the page is too large");
	else
		c->account_details = json_parse(c->arena, b->data, b->len,
						"GetAccountAuthorizationDetails", &c->err);
	arena_free(w.scratch);
	return ok && c->account_details != NULL;
}
