#include "pare/document.h"

#include <string.h>

#include "grammar.h"
#include "pare/digest.h"
#include "pare/json.h"

struct reader {
	struct arena *arena;
	const char *text;
	const char *source;
	struct err *e;
	struct policy *policy;
	size_t line, line_offset; /* a line that was found, and where it starts */
};

static bool fail(struct reader *r, size_t offset, const char *words)
{
	size_t line, column;
	json_position(r->text, offset, &line, &column);
	return err_set(r->e, ERR_INPUT, "policy '%s': line %zu, column %zu: %s", r->source, line, column,
		       words);
}

/* A text as a message shows it: hostile ones are long, and what was expected stands behind them. */
static const char *shown(struct arena *a, const char *text)
{
	enum { SHOWN = 120 };
	size_t len = strlen(text);
	if (len <= SHOWN)
		return text;
	len = SHOWN;
	while (((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return str_printf(a, "%.*s...", (int)len, text);
}

static bool fail_of(struct reader *r, size_t offset, const char *what, const char *text,
		    const char *words)
{
	return fail(r, offset, str_printf(r->arena, "%s '%s': %s", what, shown(r->arena, text), words));
}

/* Where a member's name stands: back over the colon from its value to the quote that opens it. A
 * quote inside the name has an odd number of backslashes before it. */
static size_t key_offset(const struct reader *r, const struct json *v)
{
	size_t at = v->offset;
	while (at > 0 && r->text[at - 1] != '"')
		at--;
	if (at < 2)
		return v->offset;
	for (at -= 2;; at--) {
		size_t slashes = 0;
		while (slashes < at && r->text[at - 1 - slashes] == '\\')
			slashes++;
		if (r->text[at] == '"' && slashes % 2 == 0)
			return at;
		if (at == 0)
			return v->offset;
	}
}

/* Statements stand one behind the other, so one pass over the text finds all their lines. */
static size_t line_of(struct reader *r, size_t offset)
{
	for (size_t i = r->line_offset; i < offset; i++)
		r->line += r->text[i] == '\n';
	r->line_offset = offset;
	return r->line;
}

/* IAM takes U+0009, U+000A, U+000D and U+0020 to U+00FF (API reference, PolicyDocument). */
static bool characters_allowed(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r')
			return false;
		if (*c >= 0xc4) /* two-byte sequences from U+0100 on, and all longer ones */
			return false;
	}
	return true;
}

static bool check_characters(struct reader *r, size_t offset, const char *text)
{
	return characters_allowed(text) ||
	       fail(r, offset, "expected only characters from U+0020 to U+00FF, tabs and line ends");
}

static bool read_text(struct reader *r, const struct json *v, const char **out)
{
	if (v->type == JSON_STRING || v->type == JSON_NUMBER)
		*out = v->text;
	else if (v->type == JSON_BOOL)
		*out = v->boolean ? "true" : "false";
	else
		return fail(r, v->offset, "expected a text, a number, true or false");
	return check_characters(r, v->offset, *out);
}

/* All reasons are kept: two statements with the same ones are not understood for the same cause. */
static void note_unknown(struct reader *r, struct statement *s, const char *words)
{
	if (s->unknown == NULL)
		s->unknown = words;
	else if (strstr(s->unknown, words) == NULL)
		s->unknown = str_printf(r->arena, "%s; %s", s->unknown, words);
}

/* A statement keeps every reason why it is not understood, and the first thing IAM refuses, with its
 * place. */
static void note_remark(struct reader *r, struct statement *s, size_t offset, const char *what,
			const char *text, const struct remark *remark)
{
	if (remark->unknown != NULL && s->unknown == NULL)
		s->unknown = str_printf(r->arena, "%s: '%s'", remark->unknown, shown(r->arena, text));
	if (remark->invalid == NULL || s->invalid != NULL)
		return;
	size_t line, column;
	json_position(r->text, offset, &line, &column);
	s->invalid = str_printf(r->arena, "line %zu, column %zu: %s '%s': %s", line, column, what,
				shown(r->arena, text), remark->invalid);
}

/* A string, or a list of strings; check says what is wrong with one of them. */
static bool read_strings(struct reader *r, const struct json *v, struct statement *s,
			 const char *what, struct str_list *out)
{
	const struct json *item = v->type == JSON_ARRAY ? v->first : v;
	for (; item != NULL; item = v->type == JSON_ARRAY ? item->next : NULL) {
		struct remark remark = {0};
		if (item->type != JSON_STRING)
			return fail(r, item->offset,
				    str_printf(r->arena, "expected %s to be a string or a list of strings", v->key));
		if (!check_characters(r, item->offset, item->text))
			return false;
		const char *wrong = out == &s->actions
					    ? grammar_action(item->text)
					    : grammar_resource(item->text, r->policy->version_2012, &remark);
		if (wrong != NULL)
			return fail_of(r, item->offset, what, item->text, wrong);
		note_remark(r, s, item->offset, what, item->text, &remark);
		str_list_add(r->arena, out, item->text);
	}
	if (out->count == 0)
		note_unknown(r, s, str_printf(r->arena, "an empty list under %s", v->key));
	return true;
}

static bool read_values(struct reader *r, struct statement *s, const struct json *v,
			struct condition *c)
{
	const struct json *item = v->type == JSON_ARRAY ? v->first : v;
	for (; item != NULL; item = v->type == JSON_ARRAY ? item->next : NULL) {
		struct remark remark = {0};
		const char *text;
		if (!read_text(r, item, &text))
			return false;
		const char *wrong = grammar_condition_value(c->operator, text, r->policy->version_2012,
							    &remark);
		if (wrong != NULL)
			return fail(r, item->offset,
				    str_printf(r->arena, "value '%s' of '%s' under '%s': %s",
					       shown(r->arena, text), shown(r->arena, c->key), c->operator, wrong));
		note_remark(r, s, item->offset, "value", text, &remark);
		str_list_add(r->arena, &c->values, text);
	}
	if (c->values.count == 0)
		note_unknown(r, s, str_printf(r->arena, "an empty list of values for '%s'",
					   shown(r->arena, c->key)));
	return true;
}

static bool read_condition_key(struct reader *r, struct statement *s, const char *operator,
			       const struct json *key, size_t first_of_block)
{
	struct condition *c = &s->conditions[s->condition_count++];
	c->operator= operator;
	c->key = key->key;
	if (*c->key == '\0')
		return fail(r, key_offset(r, key), "expected the name of a condition key");
	if (!check_characters(r, key_offset(r, key), c->key))
		return false;
	for (size_t i = first_of_block; i + 1 < s->condition_count; i++)
		if (str_equal_nocase(s->conditions[i].key, c->key))
			return fail(r, key_offset(r, key),
				    str_printf(r->arena,
					       "condition key '%s' stands twice under '%s', differing only in case",
					       shown(r->arena, c->key), operator));
	return read_values(r, s, key, c);
}

static bool read_operator(struct reader *r, struct statement *s, const struct json *conditions,
			  const struct json *op)
{
	struct remark remark = {0};
	size_t first = s->condition_count;
	if (!check_characters(r, key_offset(r, op), op->key))
		return false;
	const char *wrong = grammar_operator(op->key, &remark);
	if (wrong != NULL)
		return fail_of(r, key_offset(r, op), "condition operator", op->key, wrong);
	note_remark(r, s, op->offset, "condition operator", op->key, &remark);
	if (op->type != JSON_OBJECT)
		return fail_of(r, op->offset, "condition operator", op->key,
			       "expected an object of condition keys with their values");
	if (op->count == 0) {
		note_unknown(r, s, str_printf(r->arena, "condition operator '%s' without keys",
					   shown(r->arena, op->key)));
		str_list_add(r->arena, &s->empty_operators, op->key);
	}
	for (const struct json *x = conditions->first; x != op; x = x->next)
		if (str_equal_nocase(x->key, op->key))
			note_unknown(r, s, str_printf(r->arena, "operators that differ only in case: '%s' and '%s'",
						   x->key, op->key));
	for (const struct json *key = op->first; key != NULL; key = key->next)
		if (!read_condition_key(r, s, op->key, key, first))
			return false;
	return true;
}

static bool read_conditions(struct reader *r, const struct json *v, struct statement *s)
{
	size_t count = 0;
	if (v->type != JSON_OBJECT)
		return fail(r, v->offset, "expected Condition to be an object of operators");
	for (const struct json *op = v->first; op != NULL; op = op->next)
		count += op->count;
	s->conditions = arena_array(r->arena, count, sizeof *s->conditions);
	for (const struct json *op = v->first; op != NULL; op = op->next)
		if (!read_operator(r, s, v, op))
			return false;
	return true;
}

static bool read_effect(struct reader *r, const struct json *v, struct statement *s)
{
	if (v->type == JSON_STRING && strcmp(v->text, "Allow") == 0)
		s->effect = EFFECT_ALLOW;
	else if (v->type == JSON_STRING && strcmp(v->text, "Deny") == 0)
		s->effect = EFFECT_DENY;
	else
		return fail(r, v->offset, "expected Effect to be \"Allow\" or \"Deny\"");
	return true;
}

static bool read_sid(struct reader *r, const struct json *v, struct statement *s)
{
	if (v->type != JSON_STRING || !grammar_sid(v->text))
		return fail(r, v->offset, "expected Sid to hold only letters and digits");
	if (*v->text == '\0')
		return true;
	s->sid = v->text;
	for (size_t i = 0; i < s->index; i++)
		if (str_equal(r->policy->statements[i].sid, s->sid))
			return fail(r, v->offset,
				    str_printf(r->arena, "Sid '%s' stands twice: expected it once in a policy",
					       shown(r->arena, s->sid)));
	return true;
}

static const char *const elements[] = {"Sid",      "Effect",      "Action",   "NotAction",
				       "Resource", "NotResource", "Condition"};
enum { ELEMENTS = sizeof elements / sizeof elements[0] };

static bool unknown_element(struct reader *r, const struct json *v, const char *const *known,
			    size_t count, const char *where)
{
	const char *near = str_nearest(v->key, known, count), *key = shown(r->arena, v->key);
	return fail(r, key_offset(r, v),
		    near != NULL ? str_printf(r->arena, "unknown element '%s' in %s: did you mean '%s'?", key,
					      where, near)
				 : str_printf(r->arena, "unknown element '%s' in %s", key, where));
}

static bool read_member(struct reader *r, const struct json *v, struct statement *s)
{
	if (strcmp(v->key, "Sid") == 0)
		return read_sid(r, v, s);
	if (strcmp(v->key, "Effect") == 0)
		return read_effect(r, v, s);
	if (strcmp(v->key, "Action") == 0 || strcmp(v->key, "NotAction") == 0) {
		s->not_action = v->key[0] == 'N';
		return read_strings(r, v, s, "action", &s->actions);
	}
	if (strcmp(v->key, "Resource") == 0 || strcmp(v->key, "NotResource") == 0) {
		s->not_resource = v->key[0] == 'N';
		return read_strings(r, v, s, "resource", &s->resources);
	}
	if (strcmp(v->key, "Condition") == 0)
		return read_conditions(r, v, s);
	if (strcmp(v->key, "Principal") == 0 || strcmp(v->key, "NotPrincipal") == 0)
		return fail(r, key_offset(r, v),
			    str_printf(r->arena, "%s does not belong into an identity policy", v->key));
	return unknown_element(r, v, elements, ELEMENTS, "a statement");
}

/* Exactly one of the two stands in the statement. */
static bool one_of(struct reader *r, const struct json *v, const char *plain, const char *negated)
{
	const struct json *x = json_get(v, plain), *y = json_get(v, negated);
	if (x == NULL && y == NULL)
		return fail(r, v->offset,
			    str_printf(r->arena, "the statement needs one of %s and %s", plain, negated));
	if (x == NULL || y == NULL)
		return true;
	return fail(r, key_offset(r, x->offset > y->offset ? x : y),
		    str_printf(r->arena, "the statement has both %s and %s: expected one of them", plain,
			       negated));
}

static bool read_statement(struct reader *r, const struct json *v, struct statement *s)
{
	if (v->type != JSON_OBJECT)
		return fail(r, v->offset, "expected a statement to be an object");
	s->policy = r->policy;
	s->offset = v->offset;
	s->length = v->length;
	s->line = line_of(r, v->offset);
	for (const struct json *m = v->first; m != NULL; m = m->next)
		if (!read_member(r, m, s))
			return false;
	if (json_get(v, "Effect") == NULL)
		return fail(r, v->offset, "the statement has no Effect: expected \"Allow\" or \"Deny\"");
	return one_of(r, v, "Action", "NotAction") && one_of(r, v, "Resource", "NotResource");
}

static bool read_version(struct reader *r, const struct json *version)
{
	struct policy *p = r->policy;
	if (version == NULL)
		return true;
	p->version_given = true;
	p->version_2012 = version->type == JSON_STRING && strcmp(version->text, "2012-10-17") == 0;
	if (!p->version_2012 &&
	    (version->type != JSON_STRING || strcmp(version->text, "2008-10-17") != 0))
		return fail(r, version->offset, "expected Version \"2012-10-17\" or \"2008-10-17\"");
	return true;
}

static bool read_top(struct reader *r, const struct json *root)
{
	static const char *const known[] = {"Version", "Id", "Statement"};
	if (root->type != JSON_OBJECT)
		return fail(r, root->offset, "expected a policy document, an object with Statement");
	for (const struct json *m = root->first; m != NULL; m = m->next)
		if (strcmp(m->key, known[0]) != 0 && strcmp(m->key, known[1]) != 0 &&
		    strcmp(m->key, known[2]) != 0)
			return unknown_element(r, m, known, 3, "the policy");
	if (!read_version(r, json_get(root, "Version")))
		return false;
	const struct json *id = json_get(root, "Id");
	if (id != NULL && id->type != JSON_STRING)
		return fail(r, id->offset, "expected Id to be a string");
	if (id != NULL && !read_text(r, id, &r->policy->id))
		return false;
	const struct json *list = json_get(root, "Statement");
	if (list == NULL)
		return fail(r, root->offset, "the policy has no Statement");
	return true;
}

struct policy *policy_parse(struct arena *a, const char *text, size_t len, const char *source,
			    struct err *e)
{
	struct reader r = {.arena = a, .text = text, .source = source, .e = e, .line = 1,
			   .policy = arena_alloc(a, sizeof(struct policy))};
	if (len > DOCUMENT_READ_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "policy '%s': %zu bytes: expected at most %d", source, len,
			DOCUMENT_READ_MAX_BYTES);
		return NULL;
	}
	const struct json *root = json_parse(a, text, len, source, e);
	if (root == NULL)
		return NULL;
	struct policy *p = r.policy;
	p->source = arena_strdup(a, source);
	if (!read_top(&r, root))
		return NULL;
	const struct json *list = json_get(root, "Statement");
	bool array = list->type == JSON_ARRAY;
	p->count = array ? list->count : 1;
	p->statements = arena_array(a, p->count, sizeof *p->statements);
	const struct json *v = array ? list->first : list;
	for (size_t i = 0; i < p->count; i++, v = v->next) {
		p->statements[i].index = i;
		if (!read_statement(&r, v, &p->statements[i]))
			return NULL;
	}
	return p;
}

char *policy_text_digest(struct arena *a, const char *text)
{
	struct arena *scratch = arena_new(NULL);
	struct err e;
	const struct policy *p = policy_parse(scratch, text, strlen(text), "policy", &e);
	char *digest = p != NULL ? policy_digest(a, p) : sha256_hex(a, text, strlen(text));
	arena_free(scratch);
	return digest;
}

/* Characters, not bytes: UTF-8 continuation bytes do not count. */
size_t policy_size(const char *text)
{
	size_t size = 0;
	bool inside = false;
	for (const char *c = text; *c != '\0'; c++) {
		if (!inside && strchr(" \t\r\n", *c) != NULL)
			continue;
		if ((*c & 0xc0) != 0x80)
			size++;
		if (inside && *c == '\\' && c[1] != '\0') {
			c++;
			size++;
		} else if (*c == '"') {
			inside = !inside;
		}
	}
	return size;
}
