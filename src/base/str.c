#include "pare/buf.h"
#include "pare/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void str_list_add(struct arena *a, struct str_list *list, const char *text)
{
	list->item = arena_grow(a, list->item, list->count, &list->cap, sizeof *list->item);
	list->item[list->count++] = text;
}

bool str_list_has(const struct str_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->item[i], text) == 0)
			return true;
	return false;
}

static int compare_items(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

void str_list_sort(struct str_list *list)
{
	if (list->count < 2)
		return;
	qsort(list->item, list->count, sizeof *list->item, compare_items);
	size_t kept = 1;
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->item[i], list->item[kept - 1]) != 0)
			list->item[kept++] = list->item[i];
	list->count = kept;
}

char *str_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		abort();
	char *text = arena_alloc(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

char *str_lower(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);
	for (char *c = copy; *c != '\0'; c++)
		*c = fold(*c);
	return copy;
}

bool str_equal(const char *x, const char *y)
{
	if (x == NULL || y == NULL)
		return x == y;
	return strcmp(x, y) == 0;
}

int str_compare_nocase(const char *x, const char *y)
{
	while (*x != '\0' && fold(*x) == fold(*y)) {
		x++;
		y++;
	}
	return (unsigned char)fold(*x) - (unsigned char)fold(*y);
}

bool str_equal_nocase(const char *x, const char *y)
{
	if (x == NULL || y == NULL)
		return x == y;
	return str_compare_nocase(x, y) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);
	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

bool str_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

char *str_part(struct arena *a, const char *text, char separator, size_t index, bool rest)
{
	for (; index > 0; index--) {
		text = strchr(text, separator);
		if (text == NULL)
			return NULL;
		text++;
	}
	const char *end = rest ? NULL : strchr(text, separator);
	return arena_copy(a, text, end != NULL ? (size_t)(end - text) : strlen(text));
}

static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

char *str_percent_encode(struct arena *a, const char *text, const char *keep)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = arena_array(a, strlen(text) + 1, 3);
	char *at = out;
	for (; *text != '\0'; text++) {
		if (unreserved(*text) || (keep != NULL && strchr(keep, *text) != NULL)) {
			*at++ = *text;
			continue;
		}
		*at++ = '%';
		*at++ = hex[(unsigned char)*text >> 4];
		*at++ = hex[(unsigned char)*text & 15];
	}
	return out;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = fold(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *str_percent_decode(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1);
	char *at = out;
	for (; *text != '\0'; text++) {
		if (*text != '%') {
			*at++ = *text;
			continue;
		}
		int high = hex_value(text[1]);
		int low = high < 0 ? -1 : hex_value(text[2]);
		if (low < 0 || (high == 0 && low == 0))
			return NULL;
		*at++ = (char)(high * 16 + low);
		text += 2;
	}
	return out;
}

size_t utf8_decode(const char *text, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	if (left == 0)
		return 0;
	size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	*code = s[0];
	if (len <= 1)
		return len;
	if (len > left)
		return 0;
	*code = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

/* Characters that steer a terminal, turn the reading direction, or are there without being seen:
 * Unicode's Cc, Bidi_Control, line separators and Default_Ignorable_Code_Point. */
static bool hides(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
		{0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
		{0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
		{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
		{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && c >= ranges[i].first; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

void str_make_printable(char *text, bool keep_lines)
{
	char *to = text;
	for (const char *s = text; *s != '\0';) {
		uint32_t code;
		size_t len = utf8_decode(s, SIZE_MAX, &code);
		if (len == 0 || (hides(code) && !(keep_lines && code == '\n')))
			*to++ = '?';
		else
			to = (char *)memmove(to, s, len) + len;
		s += len == 0 ? 1 : len;
	}
	*to = '\0';
}

char *str_printable(struct arena *a, const char *text, bool keep_lines)
{
	char *copy = arena_strdup(a, text);
	str_make_printable(copy, keep_lines);
	return copy;
}

bool str_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

enum { NEAR_MAX = 63 };

static size_t edit_distance(const char *x, const char *y)
{
	size_t row[NEAR_MAX + 1], n = strlen(x), m = strlen(y);
	if (n > NEAR_MAX || m > NEAR_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t change = diagonal + (fold(x[i - 1]) != fold(y[j - 1]));
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			diagonal = row[j];
			row[j] = change < least ? change : least;
		}
	}
	return row[m];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 2;
	for (size_t i = 0; i < count; i++) {
		size_t distance = edit_distance(word, candidates[i]);
		if (distance < least) {
			least = distance;
			best = candidates[i];
		}
	}
	return best;
}

char *str_shell_word(struct arena *a, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,@%+";
	if (*text != '\0' && strspn(text, plain) == strlen(text))
		return arena_strdup(a, text);
	struct buf *b = buf_new(a, 4 * strlen(text) + 3);
	buf_putc(b, '\'');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, *c);
	}
	buf_putc(b, '\'');
	return b->data;
}
