#include "catalog_read.h"

#include <stdlib.h>
#include <string.h>

#include "pare/json.h"
#include "pare/str.h"

enum { ACTIONS_MAX = 5000, TYPES_MAX = 1000 };

struct reader {
	struct arena *arena;
	const char *prefix;
	struct err *e;
};

static bool fail(struct reader *r, const char *words)
{
	return err_set(r->e, ERR_INPUT, "reading service '%s' of the reference: %s", r->prefix, words);
}

static bool plain_name(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	return len > 0 && len < 200 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static bool printable(const char *text)
{
	if (str_empty(text) || strlen(text) > 1000)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	return true;
}

static const struct json *list_of(const struct json *object, const char *name)
{
	const struct json *list = json_get(object, name);
	return list != NULL && list->type == JSON_ARRAY ? list : NULL;
}

/* "arn:${Partition}:s3:::${BucketName}" as "arn:*:s3:::*". */
static const char *format_of(struct arena *a, const char *text)
{
	struct buf *b = buf_new(a, 4096);
	for (const char *c = text; *c != '\0'; c++) {
		const char *end = c[0] == '$' && c[1] == '{' ? strchr(c, '}') : NULL;
		if (end != NULL) {
			buf_putc(b, '*');
			c = end;
		} else if (*c != ' ') {
			buf_putc(b, *c);
		}
	}
	return buf_ok(b) && b->len > 0 ? b->data : NULL;
}

static bool read_type(struct reader *r, const struct json *v, struct catalog_type *out)
{
	out->name = json_text(v, "Name");
	if (!printable(out->name) || strchr(out->name, '+') != NULL || strchr(out->name, '*') != NULL)
		return fail(r, "a resource type without a plain name");
	const struct json *list = list_of(v, "ARNFormats");
	const char **arn = arena_array(r->arena, list != NULL ? list->count : 0, sizeof *arn);
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		if (x->type != JSON_STRING || !printable(x->text) ||
		    (arn[out->arn_count++] = format_of(r->arena, x->text)) == NULL)
			return fail(r, "an ARN format that is no plain text");
	}
	out->arn = arn;
	return true;
}

/* The properties do not exclude each other; the strictest says how an action is counted. */
static char level_of(const struct json *action)
{
	const struct json *p = json_get(json_get(action, "Annotations"), "Properties");
	return json_bool(p, "IsPermissionManagement", false) ? 'P'
	       : json_bool(p, "IsTaggingOnly", false)        ? 'T'
	       : json_bool(p, "IsWrite", false)              ? 'W'
	       : json_bool(p, "IsList", false)               ? 'L'
							     : 'R';
}

static bool read_action(struct reader *r, const struct json *v, struct catalog_action *out)
{
	const char *name = json_text(v, "Name");
	if (!plain_name(name))
		return fail(r, "an action without a plain name");
	out->full = str_printf(r->arena, "%s:%s", r->prefix, name);
	out->name = strchr(out->full, ':') + 1;
	out->level = level_of(v);
	const struct json *list = list_of(v, "Resources");
	const char **types = arena_array(r->arena, list != NULL ? list->count : 0, sizeof *types);
	for (const struct json *x = list != NULL ? list->first : NULL; x != NULL; x = x->next) {
		const char *type = json_text(x, "Name");
		if (type == NULL)
			return fail(r, "an action's resource type without a name");
		types[out->resource_type_count++] = type;
	}
	out->resource_types = types;
	return true;
}

static int compare_actions(const void *x, const void *y)
{
	const struct catalog_action *p = x, *q = y;
	int order = str_compare_nocase(p->name, q->name);
	return order != 0 ? order : strcmp(p->name, q->name);
}

static size_t settle(struct catalog_action *x, size_t count)
{
	size_t kept = 0;
	if (count > 1)
		qsort(x, count, sizeof *x, compare_actions);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !str_equal_nocase(x[i].name, x[kept - 1].name))
			x[kept++] = x[i];
	return kept;
}

struct catalog_service *service_read(struct arena *a, const char *prefix, const char *text,
				     size_t len, struct err *e)
{
	struct reader r = {a, prefix, e};
	struct catalog_service *s = arena_alloc(a, sizeof *s);
	const struct json *root = json_parse(a, text, len, prefix, e);
	const struct json *actions = list_of(root, "Actions"), *types = list_of(root, "Resources");
	if (root == NULL)
		return NULL;
	const char *wrong = !str_equal_nocase(json_text(root, "Name"), prefix) ? "expected its Name"
			    : actions == NULL				? "expected a list of Actions"
			    : actions->count > ACTIONS_MAX		? "it has too many actions"
			    : types != NULL && types->count > TYPES_MAX ? "it has too many resource types"
									: NULL;
	if (wrong != NULL) {
		fail(&r, wrong);
		return NULL;
	}
	struct catalog_action *action = arena_array(a, actions->count, sizeof *action);
	struct catalog_type *type = arena_array(a, types != NULL ? types->count : 0, sizeof *type);
	for (const struct json *v = types != NULL ? types->first : NULL; v != NULL; v = v->next)
		if (!read_type(&r, v, &type[s->type_count++]))
			return NULL;
	for (const struct json *v = actions->first; v != NULL; v = v->next)
		if (!read_action(&r, v, &action[s->action_count++]))
			return NULL;
	s->prefix = prefix;
	s->action = action;
	s->action_count = settle(action, s->action_count);
	s->type = type;
	return s;
}

/* --- merging --- */

static const struct catalog_action *action_of(const struct catalog_service *s, const char *name)
{
	for (size_t i = 0; i < s->action_count; i++)
		if (str_equal_nocase(s->action[i].name, name))
			return &s->action[i];
	return NULL;
}

static bool has_type(const struct catalog_service *s, const char *name)
{
	for (size_t i = 0; i < s->type_count; i++)
		if (strcmp(s->type[i].name, name) == 0)
			return true;
	return false;
}

static void mark_required(struct arena *a, struct catalog_action *x, const struct catalog_action *known)
{
	const char **types = arena_array(a, x->resource_type_count, sizeof *types);
	for (size_t i = 0; i < x->resource_type_count; i++) {
		const char *marked = str_printf(a, "%s*", x->resource_types[i]);
		bool required = false;
		for (size_t k = 0; k < known->resource_type_count && !required; k++)
			required = strcmp(known->resource_types[k], marked) == 0;
		types[i] = required ? marked : x->resource_types[i];
	}
	x->resource_types = types;
}

struct catalog_service *service_merge(struct arena *a, const struct catalog_service *now,
				      const struct catalog_service *known, size_t *kept)
{
	struct catalog_service *out = arena_alloc(a, sizeof *out);
	struct catalog_action *action =
		arena_array(a, now->action_count + known->action_count, sizeof *action);
	struct catalog_type *type = arena_array(a, now->type_count + known->type_count, sizeof *type);
	*out = (struct catalog_service){.prefix = known->prefix, .action = action, .type = type};
	for (size_t i = 0; i < now->type_count; i++)
		type[out->type_count++] = now->type[i];
	for (size_t i = 0; i < known->type_count; i++)
		if (!has_type(now, known->type[i].name))
			type[out->type_count++] = known->type[i];
	for (size_t i = 0; i < now->action_count; i++) {
		struct catalog_action *x = &action[out->action_count++];
		const struct catalog_action *before = action_of(known, now->action[i].name);
		*x = now->action[i];
		if (before != NULL)
			mark_required(a, x, before);
	}
	for (size_t i = 0; i < known->action_count; i++)
		if (action_of(now, known->action[i].name) == NULL) {
			action[out->action_count++] = known->action[i];
			(*kept)++;
		}
	out->action_count = settle(action, out->action_count);
	return out;
}
