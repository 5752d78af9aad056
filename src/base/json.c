#include "pare/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json_scan.h"
#include "pare/str.h"

enum { SPANS_MAX_BYTES = 1 << 30 };

void json_position(const char *text, size_t offset, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset; i++) {
		(*column)++;
		if (text[i] == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

struct convert {
	struct arena *arena;
	const char *text;
	const struct json_span *span;
	size_t next;
	const char *duplicate;
	size_t duplicate_at;
};

static int compare_keys(const void *x, const void *y)
{
	const struct json *const *p = x, *const *q = y;
	return strcmp((*p)->key, (*q)->key);
}

/* Keys are compared decoded: "a" and "\u0061" are the same member to whoever reads them. */
static void find_duplicate(struct convert *c, const struct json *object)
{
	if (c->duplicate != NULL || object->count < 2)
		return;
	const struct json **child = arena_array(c->arena, object->count, sizeof(const struct json *));
	size_t n = 0;
	for (const struct json *v = object->first; v != NULL; v = v->next)
		child[n++] = v;
	qsort(child, n, sizeof(const struct json *), compare_keys);
	for (size_t i = 1; i < n && c->duplicate == NULL; i++)
		if (strcmp(child[i]->key, child[i - 1]->key) == 0) {
			c->duplicate = child[i]->key;
			c->duplicate_at = child[i]->offset > child[i - 1]->offset ? child[i]->offset
										  : child[i - 1]->offset;
		}
}

static struct json *convert(struct convert *c, const cJSON *from)
{
	struct json *v = arena_alloc(c->arena, sizeof *v);
	const struct json_span *span = &c->span[c->next++];
	v->offset = span->offset;
	v->length = span->length;
	if (cJSON_IsString(from)) {
		v->type = JSON_STRING;
		v->text = arena_strdup(c->arena, from->valuestring);
	} else if (cJSON_IsNumber(from)) {
		v->type = JSON_NUMBER;
		v->text = arena_copy(c->arena, c->text + v->offset, v->length);
	} else if (cJSON_IsBool(from)) {
		v->type = JSON_BOOL;
		v->boolean = cJSON_IsTrue(from) != 0;
	} else if (cJSON_IsNull(from)) {
		v->type = JSON_NULL;
	} else {
		v->type = cJSON_IsObject(from) ? JSON_OBJECT : JSON_ARRAY;
		const struct json **tail = &v->first;
		for (const cJSON *item = from->child; item != NULL; item = item->next) {
			struct json *child = convert(c, item);
			child->key = arena_strdup(c->arena, item->string);
			*tail = child;
			tail = &child->next;
			v->count++;
		}
		if (v->type == JSON_OBJECT)
			find_duplicate(c, v);
	}
	return v;
}

static const struct json *read_value(struct arena *a, const char *text, size_t len, size_t *end,
				     const char *what, struct err *e)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *spans = buf_new(scratch, SPANS_MAX_BYTES);
	size_t bad_at, line, column;
	const char *expected;
	const struct json *value = NULL;
	if (!json_scan(text, len, spans, end, &bad_at, &expected)) {
		json_position(text, bad_at, &line, &column);
		err_set(e, ERR_INPUT, "parsing '%s': line %zu, column %zu: expected %s", what, line, column,
			expected);
		arena_free(scratch);
		return NULL;
	}
	cJSON *tree = cJSON_ParseWithLengthOpts(text, end != NULL ? *end : len, NULL, 0);
	if (tree == NULL) {
		err_set(e, ERR_INPUT, "parsing '%s': the JSON library refuses it", what);
		arena_free(scratch);
		return NULL;
	}
	struct convert c = {.arena = a, .text = text, .span = (const struct json_span *)(void *)spans->data};
	value = convert(&c, tree);
	cJSON_Delete(tree);
	arena_free(scratch);
	if (c.duplicate != NULL) {
		json_position(text, c.duplicate_at, &line, &column);
		err_set(e, ERR_INPUT, "parsing '%s': line %zu, column %zu: member '%s' stands twice in its object",
			what, line, column, c.duplicate);
		return NULL;
	}
	return value;
}

const struct json *json_parse(struct arena *a, const char *text, size_t len, const char *what,
			      struct err *e)
{
	return read_value(a, text, len, NULL, what, e);
}

const struct json *json_parse_next(struct arena *a, const char *text, size_t len, size_t *end,
				   const char *what, struct err *e)
{
	return read_value(a, text, len, end, what, e);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *v = object->first; v != NULL; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

const char *json_text(const struct json *object, const char *key)
{
	const struct json *v = json_get(object, key);
	return v != NULL && v->type == JSON_STRING ? v->text : NULL;
}

bool json_bool(const struct json *object, const char *key, bool otherwise)
{
	const struct json *v = json_get(object, key);
	return v != NULL && v->type == JSON_BOOL ? v->boolean : otherwise;
}

bool json_integer(const struct json *value, int64_t *out)
{
	if (value == NULL || value->type != JSON_NUMBER || strpbrk(value->text, ".eE") != NULL)
		return false;
	errno = 0;
	*out = strtoll(value->text, NULL, 10);
	return errno == 0;
}

bool json_only(const struct json *object, const char *const *allowed, size_t count,
	       const char *what, struct err *e)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "reading %s: expected an object", what);
	for (const struct json *v = object->first; v != NULL; v = v->next) {
		bool known = false;
		for (size_t i = 0; i < count && !known; i++)
			known = strcmp(v->key, allowed[i]) == 0;
		if (known)
			continue;
		const char *near = str_nearest(v->key, allowed, count);
		return near != NULL
			       ? err_set(e, ERR_INPUT, "reading %s: unknown member '%s': did you mean '%s'?",
					 what, v->key, near)
			       : err_set(e, ERR_INPUT, "reading %s: unknown member '%s'", what, v->key);
	}
	return true;
}
