#include <stdlib.h>
#include <string.h>

#include "pare/json.h"
#include "pare/str.h"

static void put_escape(struct buf *out, uint32_t code)
{
	switch (code) {
	case '"':
		buf_puts(out, "\\\"");
		return;
	case '\\':
		buf_puts(out, "\\\\");
		return;
	case '\n':
		buf_puts(out, "\\n");
		return;
	case '\r':
		buf_puts(out, "\\r");
		return;
	case '\t':
		buf_puts(out, "\\t");
		return;
	}
	if (code >= 0x10000) {
		code -= 0x10000;
		buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)(code >> 10),
			   0xdc00 + (unsigned)(code & 0x3ff));
		return;
	}
	buf_printf(out, "\\u%04x", (unsigned)code);
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* What json_parse gave is valid UTF-8; of other texts every byte that is not becomes U+FFFD, so that
 * what was written can always be read. */
static void put_string(struct buf *out, const char *text)
{
	const char *s = text;
	buf_putc(out, '"');
	while (*s != '\0') {
		const char *from = s;
		while (plain((unsigned char)*s))
			s++;
		buf_put(out, from, (size_t)(s - from));
		if (*s == '\0')
			break;
		uint32_t code;
		size_t len = utf8_decode(s, SIZE_MAX, &code);
		put_escape(out, len > 0 ? code : 0xfffd);
		s += len > 0 ? len : 1;
	}
	buf_putc(out, '"');
}

void json_start(struct json_writer *w, struct buf *out, bool compact)
{
	*w = (struct json_writer){.out = out, .compact = compact};
	w->first[0] = true;
}

static void new_line(struct json_writer *w)
{
	if (w->compact)
		return;
	buf_putc(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

static void before_value(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (!w->first[w->depth])
		buf_putc(w->out, ',');
	w->first[w->depth] = false;
	if (w->depth > 0)
		new_line(w);
}

void json_open(struct json_writer *w, char bracket)
{
	before_value(w);
	buf_putc(w->out, bracket);
	if (w->depth == JSON_MAX_DEPTH)
		abort();
	w->first[++w->depth] = true;
}

void json_close(struct json_writer *w, char bracket)
{
	if (w->depth == 0)
		abort();
	bool empty = w->first[w->depth--];
	if (!empty)
		new_line(w);
	buf_putc(w->out, bracket);
}

void json_key(struct json_writer *w, const char *key)
{
	before_value(w);
	put_string(w->out, key);
	buf_puts(w->out, w->compact ? ":" : ": ");
	w->after_key = true;
}

void json_put_text(struct json_writer *w, const char *text)
{
	if (text == NULL) {
		json_put_null(w);
		return;
	}
	before_value(w);
	put_string(w->out, text);
}

void json_put_integer(struct json_writer *w, int64_t value)
{
	before_value(w);
	buf_printf(w->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, bool value)
{
	before_value(w);
	buf_puts(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
	before_value(w);
	buf_puts(w->out, "null");
}

void json_put_value(struct json_writer *w, const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		json_put_null(w);
		return;
	case JSON_BOOL:
		json_put_bool(w, value->boolean);
		return;
	case JSON_STRING:
		json_put_text(w, value->text);
		return;
	case JSON_NUMBER:
		before_value(w);
		buf_puts(w->out, value->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	bool object = value->type == JSON_OBJECT;
	json_open(w, object ? '{' : '[');
	for (const struct json *v = value->first; v != NULL; v = v->next) {
		if (object)
			json_key(w, v->key);
		json_put_value(w, v);
	}
	json_close(w, object ? '}' : ']');
}

void json_print(const struct json *value, struct buf *out, bool compact)
{
	struct json_writer w;
	json_start(&w, out, compact);
	json_put_value(&w, value);
}

void json_member_text(struct json_writer *w, const char *key, const char *text)
{
	json_key(w, key);
	json_put_text(w, text);
}

void json_member_integer(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_put_integer(w, value);
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	json_put_bool(w, value);
}

void json_member_list(struct json_writer *w, const char *key, const struct str_list *list)
{
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < list->count; i++)
		json_put_text(w, list->item[i]);
	json_close(w, ']');
}
