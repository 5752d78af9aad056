#include "pare/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"

static void release_data(void *handle)
{
	struct buf *b = handle;
	wipe(b->data, b->len);
	free(b->data);
	free(b);
}

struct buf *buf_new(struct arena *a, size_t max_bytes)
{
	struct buf *b = calloc(1, sizeof *b);
	char *data = calloc(1, 64);
	if (b == NULL || data == NULL)
		abort();
	b->data = data;
	b->cap = 64;
	b->max = max_bytes;
	arena_defer(a, release_data, b);
	return b;
}

static bool reserve(struct buf *b, size_t more)
{
	if (b->full || more > b->max || b->len > b->max - more) {
		b->full = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	char *data = malloc(cap);
	if (data == NULL)
		abort();
	/* Not realloc: it may leave a copy behind, and a buffer may hold a secret. */
	memcpy(data, b->data, b->len + 1);
	wipe(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len >= 0 && reserve(b, (size_t)len)) {
		vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
		b->len += (size_t)len;
	}
	va_end(args);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	b->data[0] = '\0';
}

bool buf_ok(const struct buf *b)
{
	return !b->full;
}

void buf_wipe(struct buf *b)
{
	wipe(b->data, b->cap);
	buf_clear(b);
}
