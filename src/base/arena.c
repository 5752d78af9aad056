#include "pare/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pare/digest.h"

/* Chunks grow: most arenas are scratch for one small question, some hold a whole account. */
enum { CHUNK_FIRST = 1024, CHUNK_LAST = 64 * 1024, ALIGN = 16 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char bytes[];
};

struct release {
	struct release *next;
	void (*release)(void *handle);
	void *handle;
};

struct arena {
	struct arena *parent, *first_child, *next_sibling, *previous_sibling;
	struct chunk *chunk;
	size_t chunk_bytes; /* of the newest shared chunk */
	struct release *release;
	bool wipes;
};

static void *must_allocate(size_t size)
{
	void *memory = calloc(1, size);
	if (memory == NULL)
		abort();
	return memory;
}

struct arena *arena_new(struct arena *parent)
{
	struct arena *a = must_allocate(sizeof *a);
	a->parent = parent;
	if (parent != NULL) {
		a->next_sibling = parent->first_child;
		if (a->next_sibling != NULL)
			a->next_sibling->previous_sibling = a;
		parent->first_child = a;
	}
	return a;
}

void arena_wipes(struct arena *a)
{
	a->wipes = true;
}

static void unlink_from_parent(struct arena *a)
{
	if (a->next_sibling != NULL)
		a->next_sibling->previous_sibling = a->previous_sibling;
	if (a->previous_sibling != NULL)
		a->previous_sibling->next_sibling = a->next_sibling;
	else if (a->parent != NULL)
		a->parent->first_child = a->next_sibling;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	while (a->first_child != NULL)
		arena_free(a->first_child);
	unlink_from_parent(a);
	for (struct release *r = a->release, *next; r != NULL; r = next) {
		next = r->next;
		r->release(r->handle);
		free(r);
	}
	for (struct chunk *c = a->chunk, *next; c != NULL; c = next) {
		next = c->next;
		if (a->wipes)
			wipe(c->bytes, c->used);
		free(c);
	}
	free(a);
}

static struct chunk *add_chunk(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - sizeof(struct chunk))
		abort();
	struct chunk *c = must_allocate(sizeof *c + size);
	c->size = size;
	c->next = a->chunk;
	a->chunk = c;
	return c;
}

#ifdef ARENA_SEPARATE
void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = add_chunk(a, size == 0 ? 1 : size);
	c->used = c->size;
	return c->bytes;
}
#else
/* A large object gets a chunk of its own behind the current one, which stays open. */
static void *alloc_large(struct arena *a, size_t size)
{
	struct chunk *open = a->chunk;
	struct chunk *c = add_chunk(a, size);
	c->used = size;
	if (open != NULL) {
		c->next = open->next;
		open->next = c;
		a->chunk = open;
	}
	return c->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		abort();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size == 0)
		size = ALIGN;
	if (size > CHUNK_LAST / 4)
		return alloc_large(a, size);
	struct chunk *c = a->chunk;
	if (c == NULL || c->size - c->used < size) {
		a->chunk_bytes = a->chunk_bytes == 0 ? CHUNK_FIRST : a->chunk_bytes * 2;
		while (a->chunk_bytes < 2 * size)
			a->chunk_bytes *= 2;
		if (a->chunk_bytes > CHUNK_LAST)
			a->chunk_bytes = CHUNK_LAST;
		c = add_chunk(a, a->chunk_bytes);
	}
	void *memory = c->bytes + c->used;
	c->used += size;
	return memory;
}
#endif

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = count < 4 ? 8 : count * 2;
	void *more = arena_array(a, *cap, size);
	if (count > 0)
		memcpy(more, items, count * size);
	return more;
}

char *arena_copy(struct arena *a, const void *bytes, size_t len)
{
	if (len == SIZE_MAX)
		abort();
	char *copy = arena_alloc(a, len + 1);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_copy(a, text, strlen(text));
}

void arena_defer(struct arena *a, void (*release)(void *handle), void *handle)
{
	struct release *r = must_allocate(sizeof *r);
	r->release = release;
	r->handle = handle;
	r->next = a->release;
	a->release = r;
}
