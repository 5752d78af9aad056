#include "pare/step.h"

#include <string.h>

#include "pare/str.h"

static const char *const names[] = {
	"CreatePolicy",     "AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy",
	"DeleteRolePolicy", "ArchiveFinding",   "DeletePolicy",     "UnarchiveFinding",
	"AttachUserPolicy", "DetachUserPolicy", "PutUserPolicy",    "DeleteUserPolicy",
};

const char *step_op_name(enum step_op op)
{
	return names[op];
}

bool step_op_parse(const char *name, enum step_op *op)
{
	for (size_t i = 0; i < STEP_OP_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*op = (enum step_op)i;
			return true;
		}
	return false;
}

bool step_adds(enum step_op op)
{
	return op == STEP_CREATE_POLICY || op == STEP_ATTACH_ROLE_POLICY || op == STEP_PUT_ROLE_POLICY ||
	       op == STEP_ATTACH_USER_POLICY || op == STEP_PUT_USER_POLICY;
}

bool step_removes(enum step_op op)
{
	return op == STEP_DETACH_ROLE_POLICY || op == STEP_DELETE_ROLE_POLICY ||
	       op == STEP_DELETE_POLICY || op == STEP_DETACH_USER_POLICY || op == STEP_DELETE_USER_POLICY;
}

bool step_attaches(enum step_op op)
{
	return op == STEP_ATTACH_ROLE_POLICY || op == STEP_ATTACH_USER_POLICY;
}

bool step_detaches(enum step_op op)
{
	return op == STEP_DETACH_ROLE_POLICY || op == STEP_DETACH_USER_POLICY;
}

bool step_puts(enum step_op op)
{
	return op == STEP_PUT_ROLE_POLICY || op == STEP_PUT_USER_POLICY;
}

bool step_deletes_inline(enum step_op op)
{
	return op == STEP_DELETE_ROLE_POLICY || op == STEP_DELETE_USER_POLICY;
}

enum step_op step_op_for(enum principal_type type, enum step_op op)
{
	bool user = type == PRINCIPAL_USER;
	if (step_attaches(op))
		return user ? STEP_ATTACH_USER_POLICY : STEP_ATTACH_ROLE_POLICY;
	if (step_detaches(op))
		return user ? STEP_DETACH_USER_POLICY : STEP_DETACH_ROLE_POLICY;
	if (step_puts(op))
		return user ? STEP_PUT_USER_POLICY : STEP_PUT_ROLE_POLICY;
	if (step_deletes_inline(op))
		return user ? STEP_DELETE_USER_POLICY : STEP_DELETE_ROLE_POLICY;
	return op;
}

bool step_op_for_role(enum step_op op)
{
	return op == STEP_ATTACH_ROLE_POLICY || op == STEP_DETACH_ROLE_POLICY ||
	       op == STEP_PUT_ROLE_POLICY || op == STEP_DELETE_ROLE_POLICY;
}

bool step_op_for_user(enum step_op op)
{
	return op == STEP_ATTACH_USER_POLICY || op == STEP_DETACH_USER_POLICY ||
	       op == STEP_PUT_USER_POLICY || op == STEP_DELETE_USER_POLICY;
}

static enum step_op opposite(enum step_op op)
{
	static const enum step_op of[STEP_OP_COUNT] = {
		[STEP_CREATE_POLICY] = STEP_DELETE_POLICY,
		[STEP_DELETE_POLICY] = STEP_CREATE_POLICY,
		[STEP_ATTACH_ROLE_POLICY] = STEP_DETACH_ROLE_POLICY,
		[STEP_DETACH_ROLE_POLICY] = STEP_ATTACH_ROLE_POLICY,
		[STEP_PUT_ROLE_POLICY] = STEP_DELETE_ROLE_POLICY,
		[STEP_DELETE_ROLE_POLICY] = STEP_PUT_ROLE_POLICY,
		[STEP_ARCHIVE_FINDING] = STEP_UNARCHIVE_FINDING,
		[STEP_UNARCHIVE_FINDING] = STEP_ARCHIVE_FINDING,
		[STEP_ATTACH_USER_POLICY] = STEP_DETACH_USER_POLICY,
		[STEP_DETACH_USER_POLICY] = STEP_ATTACH_USER_POLICY,
		[STEP_PUT_USER_POLICY] = STEP_DELETE_USER_POLICY,
		[STEP_DELETE_USER_POLICY] = STEP_PUT_USER_POLICY,
	};
	return of[op];
}

bool step_inverse_agrees(const struct step *s, struct err *e)
{
	const struct action *x = &s->action, *back = &s->inverse;
	/* Only Put and Delete carry the whole document both ways. */
	bool inlined = x->policy_arn == NULL && x->policy_name != NULL;
	bool digest = inlined || x->op == STEP_CREATE_POLICY || x->op == STEP_DELETE_POLICY;
	if (back->op != opposite(x->op))
		return err_set(e, ERR_INPUT, "the inverse of %s must be %s, not %s", step_op_name(x->op),
			       step_op_name(opposite(x->op)), step_op_name(back->op));
	if (!str_equal(x->policy_arn, back->policy_arn) ||
	    (inlined && (!str_equal(x->policy_name, back->policy_name) ||
			 !str_equal(x->document, back->document))) ||
	    (digest && !str_equal(x->document_sha256, back->document_sha256)) ||
	    !str_equal(x->finding, back->finding) || !str_equal(x->analyzer, back->analyzer))
		return err_set(e, ERR_INPUT, "the inverse of %s is not about the same thing",
			       step_op_name(x->op));
	return true;
}

/* --- the file form: members in this order, only those the op uses --- */

enum member {
	POLICY_ARN = 1, POLICY_NAME = 2, PATH = 4, DOCUMENT = 8, DIGEST = 16, FINDING = 32, ANALYZER = 64,
	TAGS = 128,
};

static unsigned members_of(enum step_op op)
{
	switch (op) {
	case STEP_CREATE_POLICY:
		return POLICY_ARN | POLICY_NAME | PATH | DOCUMENT | DIGEST | TAGS;
	case STEP_PUT_ROLE_POLICY:
	case STEP_DELETE_ROLE_POLICY:
	case STEP_PUT_USER_POLICY:
	case STEP_DELETE_USER_POLICY:
		return POLICY_NAME | DOCUMENT | DIGEST;
	case STEP_DELETE_POLICY:
		return POLICY_ARN | DIGEST;
	case STEP_ARCHIVE_FINDING:
	case STEP_UNARCHIVE_FINDING:
		return FINDING | ANALYZER;
	default:
		return POLICY_ARN;
	}
}

/* A rollback's attachments say what the policy held, so that they can be proved and checked. */
static unsigned optional_members_of(enum step_op op)
{
	return op == STEP_ATTACH_ROLE_POLICY || op == STEP_ATTACH_USER_POLICY ? DOCUMENT | DIGEST : 0;
}

struct field {
	enum member bit;
	const char *key;
	const char **at;
};

enum { FIELDS = 7 };
static void fields_of(struct action *x, struct field field[FIELDS])
{
	const struct field all[FIELDS] = {
		{POLICY_ARN, "policyArn", &x->policy_arn},
		{POLICY_NAME, "policyName", &x->policy_name},
		{PATH, "path", &x->path},
		{DOCUMENT, "document", &x->document},
		{DIGEST, "documentSha256", &x->document_sha256},
		{FINDING, "finding", &x->finding},
		{ANALYZER, "analyzer", &x->analyzer},
	};
	memcpy(field, all, sizeof all);
}

static void print_action(const struct action *x, struct json_writer *w)
{
	struct action copy = *x;
	struct field field[FIELDS];
	unsigned members = members_of(x->op);
	fields_of(&copy, field);
	json_member_text(w, "op", step_op_name(x->op));
	for (size_t i = 0; i < FIELDS; i++)
		if ((members & field[i].bit) != 0 ||
		    (optional_members_of(x->op) & field[i].bit && *field[i].at != NULL))
			json_member_text(w, field[i].key, *field[i].at);
	if ((members & TAGS) == 0)
		return;
	json_key(w, "tags");
	json_open(w, '[');
	for (size_t i = 0; i < x->tag_count; i++) {
		json_open(w, '{');
		json_member_text(w, "key", x->tag[i].key);
		json_member_text(w, "value", x->tag[i].value);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void step_print(const struct step *s, struct json_writer *w)
{
	json_open(w, '{');
	json_member_integer(w, "n", (int64_t)s->n);
	print_action(&s->action, w);
	if (s->source_policy != NULL)
		json_member_text(w, "sourcePolicy", s->source_policy);
	if (s->temporary)
		json_member_bool(w, "temporary", true);
	json_key(w, "inverse");
	json_open(w, '{');
	print_action(&s->inverse, w);
	json_close(w, '}');
	json_close(w, '}');
}

static bool parse_tags(struct arena *a, const struct json *list, struct action *x, struct err *e)
{
	if (list == NULL || list->type != JSON_ARRAY)
		return err_set(e, ERR_INPUT, "reading a step: expected 'tags' to be a list");
	x->tag = arena_array(a, list->count, sizeof *x->tag);
	for (const struct json *v = list->first; v != NULL; v = v->next) {
		static const char *const allowed[] = {"key", "value"};
		struct tag *t = &x->tag[x->tag_count++];
		if (!json_only(v, allowed, 2, "a tag", e))
			return false;
		t->key = json_text(v, "key");
		t->value = json_text(v, "value");
		if (t->key == NULL || t->value == NULL)
			return err_set(e, ERR_INPUT, "reading a tag: expected texts 'key' and 'value'");
	}
	return true;
}

static bool parse_action(struct arena *a, const struct json *v, struct action *x, struct err *e)
{
	const char *name = json_text(v, "op");
	if (name == NULL || !step_op_parse(name, &x->op))
		return err_set(e, ERR_INPUT, "reading a step: unknown op '%s'", name != NULL ? name : "");
	struct field field[FIELDS];
	unsigned members = members_of(x->op);
	fields_of(x, field);
	for (size_t i = 0; i < FIELDS; i++) {
		if (((members | optional_members_of(x->op)) & field[i].bit) == 0)
			continue;
		*field[i].at = json_text(v, field[i].key);
		if ((members & field[i].bit) == 0)
			continue;
		bool may_be_null = field[i].bit == ANALYZER && json_get(v, field[i].key) != NULL;
		if (*field[i].at == NULL && !may_be_null)
			return err_set(e, ERR_INPUT, "reading step %s: expected the text '%s'", name,
				       field[i].key);
	}
	return (members & TAGS) == 0 || parse_tags(a, json_get(v, "tags"), x, e);
}

bool step_parse(struct arena *a, const struct json *value, struct step *out, struct err *e)
{
	static const char *const allowed[] = {"n", "op", "policyArn", "policyName", "path", "document",
					      "documentSha256", "finding", "analyzer", "tags",
					      "sourcePolicy", "temporary", "inverse"};
	int64_t n;
	*out = (struct step){0};
	if (!json_only(value, allowed, sizeof allowed / sizeof allowed[0], "a step", e))
		return false;
	if (!json_integer(json_get(value, "n"), &n) || n < 1 || n > 1000)
		return err_set(e, ERR_INPUT, "reading a step: expected 'n' to be its number");
	out->n = (size_t)n;
	out->source_policy = json_text(value, "sourcePolicy");
	out->temporary = json_bool(value, "temporary", false);
	const struct json *inverse = json_get(value, "inverse");
	if (inverse == NULL)
		return err_set(e, ERR_INPUT, "reading step %lld: it has no inverse", (long long)n);
	return parse_action(a, value, &out->action, e) && parse_action(a, inverse, &out->inverse, e);
}
