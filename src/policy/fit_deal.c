#include "fit_deal.h"

#include <stdint.h>
#include <string.h>

struct deal {
	struct arena *arena;
	const struct policy *from;
	size_t max;
	struct policy **part;
	size_t *size; /* of each part */
	size_t count, cap;
};

size_t fit_size(const struct policy *p)
{
	struct arena *scratch = arena_new(NULL);
	struct buf *b = buf_new(scratch, 32 * (size_t)DOCUMENT_READ_MAX_BYTES);
	policy_print_compact(p, b);
	size_t size = buf_ok(b) ? policy_size(b->data) : SIZE_MAX;
	arena_free(scratch);
	return size;
}

static size_t size_of_one(const struct deal *d, struct statement *s)
{
	struct policy alone = *d->from;
	alone.statements = s;
	alone.count = s != NULL;
	return fit_size(&alone);
}

static void new_part(struct deal *d)
{
	size_t cap = d->cap;
	d->part = arena_grow(d->arena, d->part, d->count, &cap, sizeof(struct policy *));
	d->size = arena_grow(d->arena, d->size, d->count, &d->cap, sizeof *d->size);
	struct policy *p = arena_alloc(d->arena, sizeof *p);
	*p = *d->from;
	p->id = NULL;
	p->statements = NULL;
	p->count = 0;
	d->size[d->count] = size_of_one(d, NULL);
	d->part[d->count++] = p;
}

static void append(struct deal *d, size_t index, const struct statement *s, size_t size)
{
	struct policy *p = d->part[index];
	struct statement *more = arena_array(d->arena, p->count + 1, sizeof *more);
	if (p->count > 0)
		memcpy(more, p->statements, p->count * sizeof *more);
	p->statements = more;
	more[p->count] = *s;
	more[p->count].index = p->count;
	for (size_t i = 0; i <= p->count; i++)
		more[i].policy = p;
	p->count++;
	d->size[index] = size;
}

/* Into the first document with room: first fit, in the order of the statements. */
static void place(struct deal *d, struct statement *s, size_t own_size)
{
	size_t bare = own_size - size_of_one(d, NULL);
	for (size_t i = 0; i < d->count; i++) {
		size_t size = d->size[i] + bare + (d->part[i]->count > 0);
		if (size <= d->max) {
			append(d, i, s, size);
			return;
		}
	}
	new_part(d);
	append(d, d->count - 1, s, own_size);
}

/* As many items of the list as fit beside the rest of the statement, from *next on; one does. Sizes
 * grow with every item, so the largest number that fits is found by halving. */
static void take_piece(struct deal *d, const struct str_list *all, size_t *next,
		       struct statement *piece, struct str_list *list)
{
	size_t low = 1, high = all->count - *next;
	while (low < high) {
		size_t mid = low + (high - low + 1) / 2;
		*list = (struct str_list){all->item + *next, mid, mid};
		if (size_of_one(d, piece) <= d->max)
			low = mid;
		else
			high = mid - 1;
	}
	*list = (struct str_list){all->item + *next, low, low};
	*next += low;
}

/* Does each item fit beside the rest of the statement? */
static bool each_fits(const struct deal *d, const struct statement *s, bool by_actions)
{
	const struct str_list *all = by_actions ? &s->actions : &s->resources;
	struct statement piece = *s;
	for (size_t i = 0; i < all->count; i++) {
		*(by_actions ? &piece.actions : &piece.resources) = (struct str_list){all->item + i, 1, 1};
		if (size_of_one(d, &piece) > d->max)
			return false;
	}
	return all->count > 1;
}

/* A Sid must stay unique among policies that people look at together: only the first piece has it. */
static void cut(struct deal *d, const struct statement *s, bool by_actions)
{
	const struct str_list *all = by_actions ? &s->actions : &s->resources;
	struct statement piece = *s;
	for (size_t next = 0; next < all->count; piece.sid = NULL) {
		take_piece(d, all, &next, &piece, by_actions ? &piece.actions : &piece.resources);
		place(d, &piece, size_of_one(d, &piece));
	}
}

static bool cut_large(struct deal *d, const struct statement *s)
{
	if (s->unknown != NULL)
		return false;
	bool by_actions = !s->not_action && each_fits(d, s, true);
	if (!by_actions && (s->not_resource || !each_fits(d, s, false)))
		return false;
	cut(d, s, by_actions);
	return true;
}

struct policy **fit_deal(struct arena *a, const struct policy *p, size_t max, size_t *count,
			 struct err *e)
{
	struct deal d = {.arena = a, .from = p, .max = max};
	for (size_t i = 0; i < p->count; i++) {
		struct statement *s = &p->statements[i];
		size_t size = size_of_one(&d, s);
		if (size <= max) {
			place(&d, s, size);
		} else if (!cut_large(&d, s)) {
			err_set(e, ERR_LIMIT,
				"fitting policy '%s': statement %zu does not fit %zu characters and cannot be cut",
				p->source, i, max);
			return NULL;
		}
	}
	*count = d.count;
	return d.part;
}
