/* buf: a growable byte buffer with a ceiling.
 *
 * Remembers its first failure: after a put that would pass the ceiling nothing more is added and
 * buf_ok is false; check once at the end. The bytes always end with a NUL that is not counted. */
#ifndef PARE_BUF_H
#define PARE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* ceiling in bytes */
	bool full;  /* a put was refused */
};

/* A buffer owned by the arena. */
struct buf *buf_new(struct arena *a, size_t max_bytes);

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *b);
bool buf_ok(const struct buf *b);


/* Overwrites the bytes before emptying it: for secrets. */
void buf_wipe(struct buf *b);

#endif
