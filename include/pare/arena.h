/* arena: memory that lives as long as one command, one page or one plan.
 *
 * Everything taken from an arena goes away in one arena_free. Running out of memory aborts: the
 * executor must survive a crash at any instant anyway, so this is one more crash. Hostile input
 * is stopped by ceilings on buffers and documents, never by malloc.
 * Built with -DARENA_SEPARATE (the sanitizer variants) every object is its own malloc block. */
#ifndef PARE_ARENA_H
#define PARE_ARENA_H

#include <stddef.h>

struct arena;

/* A new arena; with a parent it is freed with the parent at the latest. Never NULL. */
struct arena *arena_new(struct arena *parent);

/* What the arena holds, now and later, is overwritten when it is freed: for secrets. Its children are
 * told themselves. */
void arena_wipes(struct arena *a);

/* Frees everything in it, its children first, then runs the deferred releases, newest first.
 * NULL is allowed. */
void arena_free(struct arena *a);

/* Zeroed memory, aligned for any object. Never NULL; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);

/* Zeroed array of count elements of size bytes; aborts when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* An array of count elements with room for one more: items itself, or a copy twice as large; *cap says
 * for how many. Start with NULL and a *cap of 0. */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size);

/* Copies: of len bytes with a NUL behind them; of a string (NULL gives NULL). */
char *arena_copy(struct arena *a, const void *bytes, size_t len);
char *arena_strdup(struct arena *a, const char *text);

/* Calls release(handle) when the arena is freed: how foreign handles are owned. */
void arena_defer(struct arena *a, void (*release)(void *handle), void *handle);

#endif
