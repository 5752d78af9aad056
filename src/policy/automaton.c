#include "automaton.h"

#include <string.h>

struct node {
	size_t place; /* in the pool */
	uint32_t count;
	uint32_t parent;
	uint32_t hash;
	unsigned char via;
	unsigned char domain;
};

struct walker {
	struct arena *arena;
	struct node *node;
	size_t count, cap;
	struct place *pool;
	size_t used, pool_cap;
	uint32_t *table; /* node number + 1, or 0 */
	size_t table_size;
	uint16_t **floor; /* by pattern and position: the lowest place a run there makes needless */
	struct place *next; /* the state being made */
	size_t next_count, next_cap;
};

/* --- domains --- */

enum { DEAD = 255, ARN_PART_1 = 4, ARN_LAST = 13 };

/* DOMAIN_ACTION: 0 empty, 1 service, 2 ':', 3 name.
 * DOMAIN_ARN: 0..3 "arn", then for each of the five colons a state behind it and one inside the
 * part; the last part must not be empty.
 * DOMAIN_TEXT: 0 empty, 1 something. */
static unsigned char domain_step(enum domain domain, unsigned char at, unsigned char c)
{
	switch (domain) {
	case DOMAIN_TEXT:
		return 1;
	case DOMAIN_ACTION:
		if (c == ' ' || (c >= 'A' && c <= 'Z'))
			return DEAD;
		if (c == ':')
			return at == 1 ? 2 : DEAD;
		return at == 0 || at == 1 ? 1 : 3;
	case DOMAIN_ARN:
		break;
	}
	if (at < 3)
		return c == (unsigned char)"arn"[at] ? at + 1 : DEAD;
	if (at == 3)
		return c == ':' ? ARN_PART_1 : DEAD;
	/* 4 partition, 5 inside; 6 service, 7 inside; 8 region, 9; 10 account, 11; 12 resource, 13 */
	if (at >= 12)
		return ARN_LAST;
	bool empty = at % 2 == 0, needed = at < 8;
	if (c == ':')
		return empty && needed ? DEAD : (unsigned char)(at + (empty ? 2 : 1));
	return empty ? at + 1 : at;
}

static bool domain_complete(enum domain domain, unsigned char at)
{
	switch (domain) {
	case DOMAIN_TEXT:
		return at == 1;
	case DOMAIN_ACTION:
		return at == 3;
	case DOMAIN_ARN:
		return at == ARN_LAST;
	}
	return false;
}

/* --- places --- */

static bool is_run(struct symbol s)
{
	return s.kind == SYMBOL_RUN || s.kind == SYMBOL_RUN_INSIDE;
}

static struct place settle(const struct walk *w, size_t pattern, size_t at)
{
	const struct pattern *p = &w->pattern[pattern];
	bool done = at + 1 == p->count && p->symbol[at].kind == SYMBOL_RUN;
	return (struct place){(uint16_t)pattern, done ? PLACE_DONE : (uint16_t)at};
}

bool place_accepts(const struct walk *w, struct place place)
{
	const struct pattern *p = &w->pattern[place.pattern];
	return place.at == PLACE_DONE || place.at == p->count ||
	       (place.at + 1u == p->count && is_run(p->symbol[place.at]));
}

/* A text that a lower place accepts is accepted from a later run, too, when the symbols between
 * take nothing that the run does not. So a run makes those lower places needless. */
static uint16_t *floors(struct arena *a, const struct pattern *p)
{
	uint16_t *floor = arena_array(a, p->count + 1, sizeof *floor);
	for (size_t i = 0; i < p->count; i++) {
		floor[i] = (uint16_t)i;
		if (p->symbol[i].kind == SYMBOL_RUN)
			floor[i] = 0;
		if (p->symbol[i].kind != SYMBOL_RUN_INSIDE)
			continue;
		size_t low = i;
		for (; low > 0; low--) {
			struct symbol s = p->symbol[low - 1];
			if (s.kind == SYMBOL_RUN || s.kind == SYMBOL_ONE ||
			    (s.kind == SYMBOL_CHAR && s.c == ':'))
				break;
		}
		floor[i] = (uint16_t)low;
	}
	return floor;
}

static void put(struct walker *k, struct place place)
{
	if (k->next_count == k->next_cap) {
		struct place *more = arena_array(k->arena, k->next_cap * 2, sizeof *more);
		memcpy(more, k->next, k->next_count * sizeof *more);
		k->next = more;
		k->next_cap *= 2;
	}
	k->next[k->next_count++] = place;
}

/* Adds a place of the pattern whose places begin at `from`: sorted, once, and without those that
 * a run makes needless. */
static void add_place(const struct walk *w, size_t from, struct place place)
{
	struct walker *k = w->walker;
	const struct pattern *p = &w->pattern[place.pattern];
	if (k->next_count > from && k->next[k->next_count - 1].at == PLACE_DONE)
		return;
	if (place.at == PLACE_DONE) {
		k->next_count = from;
	} else if (place.at < p->count && is_run(p->symbol[place.at])) {
		uint16_t floor = k->floor[place.pattern][place.at];
		while (k->next_count > from && k->next[k->next_count - 1].at >= floor &&
		       k->next[k->next_count - 1].at < place.at)
			k->next_count--;
	}
	if (k->next_count > from && k->next[k->next_count - 1].at == place.at)
		return;
	/* places come in rising order but for one step back behind a run */
	size_t i = k->next_count;
	put(k, place);
	for (; i > from && k->next[i - 1].at > place.at; i--)
		k->next[i] = k->next[i - 1];
	if (i > from && k->next[i - 1].at == place.at) {
		memmove(k->next + i, k->next + i + 1, (k->next_count - i - 1) * sizeof *k->next);
		k->next_count--;
		return;
	}
	k->next[i] = place;
}

static void advance(const struct walk *w, struct place place, size_t from, unsigned char c)
{
	const struct pattern *p = &w->pattern[place.pattern];
	if (place.at == PLACE_DONE) {
		add_place(w, from, place);
		return;
	}
	size_t at = place.at;
	if (at < p->count && is_run(p->symbol[at])) {
		if (symbol_takes(p->symbol[at], p->fold, c))
			add_place(w, from, place);
		at++;
	}
	if (at < p->count && symbol_takes(p->symbol[at], p->fold, c))
		add_place(w, from, settle(w, place.pattern, at + 1));
}

/* --- states --- */

static uint32_t hash_places(const struct place *place, size_t count, unsigned char domain)
{
	uint32_t h = 2166136261u ^ domain;
	for (size_t i = 0; i < count; i++) {
		h = (h ^ place[i].pattern) * 16777619u;
		h = (h ^ place[i].at) * 16777619u;
	}
	return h ^ h >> 15;
}

static void grow(struct walker *k)
{
	if (k->count == k->cap) {
		struct node *more = arena_array(k->arena, k->cap * 2, sizeof *more);
		memcpy(more, k->node, k->count * sizeof *more);
		k->node = more;
		k->cap *= 2;
	}
	if (k->used + k->next_count > k->pool_cap) {
		size_t cap = k->pool_cap * 2 + k->next_count;
		struct place *more = arena_array(k->arena, cap, sizeof *more);
		memcpy(more, k->pool, k->used * sizeof *more);
		k->pool = more;
		k->pool_cap = cap;
	}
	if (2 * (k->count + 1) <= k->table_size)
		return;
	k->table_size *= 4;
	k->table = arena_array(k->arena, k->table_size, sizeof *k->table);
	for (size_t i = 0; i < k->count; i++) {
		size_t slot = k->node[i].hash & (k->table_size - 1);
		while (k->table[slot] != 0)
			slot = (slot + 1) & (k->table_size - 1);
		k->table[slot] = (uint32_t)i + 1;
	}
}

static void intern(struct walker *k, unsigned char domain, uint32_t parent, unsigned char via)
{
	grow(k);
	uint32_t hash = hash_places(k->next, k->next_count, domain);
	size_t slot = hash & (k->table_size - 1);
	for (; k->table[slot] != 0; slot = (slot + 1) & (k->table_size - 1)) {
		const struct node *n = &k->node[k->table[slot] - 1];
		if (n->hash == hash && n->count == k->next_count && n->domain == domain &&
		    (n->count == 0 || memcmp(k->pool + n->place, k->next, n->count * sizeof *k->next) == 0))
			return;
	}
	k->table[slot] = (uint32_t)k->count + 1;
	if (k->next_count > 0)
		memcpy(k->pool + k->used, k->next, k->next_count * sizeof *k->next);
	k->node[k->count++] = (struct node){k->used, (uint32_t)k->next_count, parent, hash, via, domain};
	k->used += k->next_count;
}

static void step(const struct walk *w, size_t number, unsigned char c)
{
	struct walker *k = w->walker;
	const struct node n = k->node[number];
	unsigned char domain = domain_step(w->domain, n.domain, c);
	if (domain == DEAD)
		return;
	k->next_count = 0;
	for (size_t i = 0; i < n.count;) {
		size_t from = k->next_count;
		uint16_t pattern = k->pool[n.place + i].pattern;
		for (; i < n.count && k->pool[n.place + i].pattern == pattern; i++)
			advance(w, k->pool[n.place + i], from, c);
	}
	if (w->reduce != NULL)
		k->next_count = w->reduce(w->context, k->next, k->next_count);
	*w->steps = *w->steps > n.count + 1 ? *w->steps - n.count - 1 : 0;
	intern(k, domain, (uint32_t)number, c);
}

/* --- the alphabet at a state: what its places name, ':' where it matters, and one other --- */

struct alphabet {
	unsigned char has[256];
	unsigned char list[256];
	size_t count;
};

static void name(struct alphabet *s, unsigned char c)
{
	if (!s->has[c]) {
		s->has[c] = 1;
		s->list[s->count++] = c;
	}
}

static void name_symbol(struct alphabet *s, const struct pattern *p, size_t at, bool lower_only)
{
	if (at >= p->count)
		return;
	struct symbol x = p->symbol[at];
	if (x.kind == SYMBOL_ONE_INSIDE || x.kind == SYMBOL_RUN_INSIDE)
		name(s, ':');
	if (x.kind != SYMBOL_CHAR)
		return;
	name(s, x.c);
	if (p->fold && !lower_only && x.c >= 'a' && x.c <= 'z')
		name(s, (unsigned char)(x.c - 'a' + 'A'));
}

static void alphabet_of(const struct walk *w, const struct node *n, struct alphabet *s)
{
	static const char others[] = "xyzabcdefghijklmnopqrstuvw0123456789-_/.+=@,XYZABCDEFGHIJKLMNOPQRSTUVW";
	bool lower_only = w->domain == DOMAIN_ACTION;
	memset(s->has, 0, sizeof s->has);
	s->count = 0;
	for (size_t i = 0; i < n->count; i++) {
		struct place place = w->walker->pool[n->place + i];
		const struct pattern *p = &w->pattern[place.pattern];
		if (place.at == PLACE_DONE)
			continue;
		name_symbol(s, p, place.at, lower_only);
		if (place.at < p->count && is_run(p->symbol[place.at]))
			name_symbol(s, p, place.at + 1u, lower_only);
	}
	if (w->domain == DOMAIN_ACTION && n->domain < 2)
		name(s, ':');
	if (w->domain == DOMAIN_ARN && n->domain < 12)
		name(s, n->domain < 3 ? (unsigned char)"arn"[n->domain] : (unsigned char)':');
	if (w->domain == DOMAIN_ARN && n->domain <= 3)
		return; /* nothing else leads on */
	for (const char *c = others; *c != '\0' && !(lower_only && *c == 'X'); c++)
		if (!s->has[(unsigned char)*c]) {
			name(s, (unsigned char)*c);
			return;
		}
	for (unsigned c = 0x21; c < 0x100; c++)
		if (!s->has[c] && (c < 0x7f || c > 0xa0) && c != ':' &&
		    !(lower_only && c >= 'A' && c <= 'Z')) {
			name(s, (unsigned char)c);
			return;
		}
}

/* --- the walk --- */

static struct walker *new_walker(struct arena *a, const struct walk *w)
{
	struct walker *k = arena_alloc(a, sizeof *k);
	k->arena = a;
	k->cap = 64;
	k->node = arena_array(a, k->cap, sizeof *k->node);
	k->pool_cap = 256;
	k->pool = arena_array(a, k->pool_cap, sizeof *k->pool);
	k->table_size = 256;
	k->table = arena_array(a, k->table_size, sizeof *k->table);
	k->next_cap = 64;
	k->next = arena_array(a, k->next_cap, sizeof *k->next);
	k->floor = arena_array(a, w->pattern_count, sizeof *k->floor);
	for (size_t i = 0; i < w->pattern_count; i++)
		k->floor[i] = floors(a, &w->pattern[i]);
	return k;
}

static enum walk_end walk_on(struct walk *w)
{
	struct walker *k = w->walker;
	struct alphabet letters;
	for (size_t i = 0; i < k->count; i++) {
		struct node n = k->node[i];
		struct state s = {k->pool + n.place, n.count, i, domain_complete(w->domain, n.domain)};
		enum visit visit = w->visit(w->context, w, &s);
		if (visit == VISIT_STOP)
			return WALK_STOPPED;
		if (visit == VISIT_PRUNE)
			continue;
		alphabet_of(w, &n, &letters);
		for (size_t c = 0; c < letters.count; c++)
			step(w, i, letters.list[c]);
		if (k->count > w->max_states)
			return WALK_STATES;
		if (*w->steps == 0)
			return WALK_STEPS;
	}
	return WALK_DONE;
}

enum walk_end walk_texts(struct arena *scratch, struct walk *w)
{
	if (w->pattern_count > PATTERNS_MAX)
		return WALK_SIZE;
	for (size_t i = 0; i < w->pattern_count; i++)
		if (w->pattern[i].count > SYMBOLS_MAX)
			return WALK_SIZE;
	w->walker = new_walker(scratch, w);
	for (size_t i = 0; i < w->pattern_count; i++)
		put(w->walker, settle(w, i, 0));
	if (w->reduce != NULL)
		w->walker->next_count =
			w->reduce(w->context, w->walker->next, w->walker->next_count);
	intern(w->walker, 0, 0, 0);
	return walk_on(w);
}

char *walk_text(struct arena *a, const struct walk *w, const struct state *s)
{
	const struct node *node = w->walker->node;
	size_t len = 0;
	for (size_t i = s->number; i != 0; i = node[i].parent)
		len++;
	char *text = arena_alloc(a, len + 1);
	for (size_t i = s->number; i != 0; i = node[i].parent)
		text[--len] = (char)node[i].via;
	return text;
}
