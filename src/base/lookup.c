#include "pare/lookup.h"

#include <stdint.h>
#include <string.h>

enum { SLOTS_FIRST = 64 }; /* a power of two, at most half of them taken */

struct slot {
	const char *text;
	size_t len;
	size_t place;
};

struct lookup {
	struct arena *arena;
	struct slot *slot;
	size_t size, count;
};

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	return hash;
}

/* Where the text is, or belongs. */
static struct slot *slot_of(const struct lookup *l, const char *text, size_t len)
{
	size_t at = (size_t)hash_of(text, len) & (l->size - 1);
	while (l->slot[at].text != NULL &&
	       (l->slot[at].len != len || memcmp(l->slot[at].text, text, len) != 0))
		at = (at + 1) & (l->size - 1);
	return &l->slot[at];
}

static void make_slots(struct lookup *l, size_t size)
{
	l->slot = arena_array(l->arena, size, sizeof *l->slot);
	l->size = size;
}

struct lookup *lookup_new(struct arena *a)
{
	struct lookup *l = arena_alloc(a, sizeof *l);
	l->arena = a;
	make_slots(l, SLOTS_FIRST);
	return l;
}

static void grow(struct lookup *l)
{
	const struct slot *old = l->slot;
	size_t size = l->size;
	make_slots(l, size * 2);
	for (size_t i = 0; i < size; i++)
		if (old[i].text != NULL)
			*slot_of(l, old[i].text, old[i].len) = old[i];
}

void lookup_add(struct lookup *l, const char *text, size_t place)
{
	if (2 * (l->count + 1) > l->size)
		grow(l);
	size_t len = strlen(text);
	struct slot *s = slot_of(l, text, len);
	if (s->text != NULL)
		return;
	*s = (struct slot){text, len, place};
	l->count++;
}

bool lookup_find(const struct lookup *l, const char *text, size_t len, size_t *place)
{
	const struct slot *s = slot_of(l, text, len);
	*place = s->place;
	return s->text != NULL;
}
