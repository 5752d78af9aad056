#include "action_index.h"

#include <stdint.h>
#include <string.h>

#include "glob.h"

struct entry {
	struct entry *next;
	const char *text;
	uint32_t hash;
};

struct action_index {
	size_t size;            /* of both tables, a power of two */
	struct entry **by_text; /* every pattern */
	struct entry **by_service; /* those with wildcards */
	struct entry *everywhere;  /* those without a service: "*" */
};

static uint32_t hash_of(const char *text, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
	}
	return h ^ h >> 15;
}

/* The service of a pattern, its ':' included; 0 when a wildcard may stand for it. */
static size_t service_length(const char *pattern)
{
	size_t len = strcspn(pattern, ":*?");
	return pattern[len] == ':' ? len + 1 : 0;
}

static void add(struct arena *a, struct entry **list, const char *text, uint32_t hash)
{
	struct entry *e = arena_alloc(a, sizeof *e);
	e->text = text;
	e->hash = hash;
	e->next = *list;
	*list = e;
}

struct action_index *action_index_new(struct arena *a, const struct str_list *patterns)
{
	struct action_index *x = arena_alloc(a, sizeof *x);
	for (x->size = 4; x->size < patterns->count; x->size *= 2)
		;
	x->by_text = arena_array(a, x->size, sizeof *x->by_text);
	x->by_service = arena_array(a, x->size, sizeof *x->by_service);
	for (size_t i = 0; i < patterns->count; i++) {
		const char *text = patterns->item[i];
		size_t service = service_length(text);
		uint32_t hash = hash_of(text, strlen(text));
		add(a, &x->by_text[hash & (x->size - 1)], text, hash);
		if (service == 0)
			add(a, &x->everywhere, text, 0);
		else if (strpbrk(text, "*?") != NULL)
			add(a, &x->by_service[hash_of(text, service) & (x->size - 1)], text, 0);
	}
	return x;
}

bool action_index_lists(const struct action_index *x, const char *pattern)
{
	uint32_t hash = hash_of(pattern, strlen(pattern));
	for (const struct entry *e = x->by_text[hash & (x->size - 1)]; e != NULL; e = e->next)
		if (e->hash == hash && str_equal_nocase(e->text, pattern))
			return true;
	return false;
}

static bool any(const struct entry *e, const char *pattern, bool action)
{
	for (; e != NULL; e = e->next)
		if (action ? glob_action(e->text, pattern) : glob_within(pattern, e->text, true))
			return true;
	return false;
}

/* A pattern of one service lies only in patterns of that service, or of none. */
static bool find(const struct action_index *x, const char *pattern, bool action)
{
	size_t service = service_length(pattern);
	if (action_index_lists(x, pattern) || any(x->everywhere, pattern, action))
		return true;
	return service > 0 &&
	       any(x->by_service[hash_of(pattern, service) & (x->size - 1)], pattern, action);
}

bool action_index_holds(const struct action_index *x, const char *pattern)
{
	return find(x, pattern, false);
}

bool action_index_matches(const struct action_index *x, const char *action)
{
	return find(x, action, true);
}
