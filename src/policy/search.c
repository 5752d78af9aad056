/* search: for members that match an action and a resource, is there a context that makes the
 * request a violation? Key by key, one value each, backing out as soon as the rest cannot matter. */
#include <stdlib.h>
#include <string.h>

#include "question.h"

struct memo {
	struct set hit;
	uint8_t certainty, known, violated;
};

enum { KEYS_MAX = 48, ATOMS_MAX = 64 };

/* --- a class --- */

static int compare_atoms(const void *x, const void *y)
{
	const uint32_t *p = x, *q = y;
	return (*p > *q) - (*p < *q);
}

/* The atoms on one key that any member of the class asks about, sorted. */
static size_t atoms_on(const struct class *c, size_t key, uint32_t *out)
{
	size_t n = 0;
	for (size_t m = 0; m < c->count; m++)
		for (size_t i = 0; i < c->member[m]->atom_count; i++) {
			uint32_t atom = c->member[m]->atom[i];
			bool known = c->q->atom[atom].key != key;
			for (size_t k = 0; k < n && !known; k++)
				known = out[k] == atom;
			if (!known && n < ATOMS_MAX)
				out[n++] = atom;
			else if (!known)
				return ATOMS_MAX + 1;
		}
	qsort(out, n, sizeof *out, compare_atoms);
	return n;
}

static void want(struct class *c, size_t index, const struct rows *rows)
{
	uint64_t *need = arena_array(c->arena, c->count, sizeof *need);
	for (size_t m = 0; m < c->count; m++)
		for (size_t i = 0; i < c->member[m]->atom_count; i++)
			for (size_t k = 0; k < rows->atom_count; k++)
				if (rows->atom[k] == c->member[m]->atom[i])
					need[m] |= (uint64_t)1 << k;
	c->rows[index] = rows;
	c->need[index] = need;
}

/* false: more keys or conditions than are looked at. */
static bool find_keys(struct class *c)
{
	size_t keys[KEYS_MAX], count = 0;
	uint32_t atom[ATOMS_MAX];
	for (size_t m = 0; m < c->count; m++) {
		member_atoms(c->q, c->member[m]);
		for (size_t i = 0; i < c->member[m]->atom_count; i++) {
			size_t key = c->q->atom[c->member[m]->atom[i]].key, k = 0;
			while (k < count && keys[k] != key)
				k++;
			if (k == KEYS_MAX)
				return false;
			if (k == count)
				keys[count++] = key;
		}
	}
	c->rows = arena_array(c->arena, count, sizeof(const struct rows *));
	c->need = arena_array(c->arena, count, sizeof(uint64_t *));
	for (; c->key_count < count; c->key_count++) {
		size_t atoms = atoms_on(c, keys[c->key_count], atom);
		if (atoms > ATOMS_MAX)
			return false;
		want(c, c->key_count, key_rows(c->q, keys[c->key_count], atom, atoms));
	}
	return true;
}

struct class *class_new(struct question *q, struct member **member, size_t count)
{
	struct arena *own = arena_new(q->arena);
	struct class *c = arena_alloc(own, sizeof *c);
	*c = (struct class){.q = q, .arena = own, .member = member, .count = count, .memo_size = 64};
	c->memo = arena_array(own, c->memo_size, sizeof *c->memo);
	for (size_t m = 0; m < count; m++) {
		set_add(&c->role[member[m]->role], m);
		if (member[m]->unread != NULL)
			set_add(&c->unread, m);
	}
	if (find_keys(c))
		return c;
	q->limit = "the number of conditions that are looked at together";
	class_free(c);
	return NULL;
}

void class_free(struct class *c)
{
	if (c != NULL)
		arena_free(c->arena);
}

/* --- the search --- */

struct choice { /* the rows of one key, cut down to the query */
	const struct row **row;
	struct set *dead; /* members that each row rules out */
	size_t count;
	struct set later; /* members that this or a later key can still rule out */
};

struct hunt {
	struct class *c;
	size_t words;
	struct set role[ROLES];
	struct choice choice[KEYS_MAX];
	size_t keys;
	size_t picked[KEYS_MAX];
	size_t depth; /* how many are picked when it is decided early */
	size_t contexts;
	bool out;
};

static bool meets(const struct set *x, const struct set *y, size_t words)
{
	uint64_t any = 0;
	for (size_t i = 0; i < words; i++)
		any |= x->word[i] & y->word[i];
	return any != 0;
}

static bool outside(const struct set *x, const struct set *y, size_t words)
{
	uint64_t any = 0;
	for (size_t i = 0; i < words; i++)
		any |= x->word[i] & ~y->word[i];
	return any != 0;
}

/* Is some member of the role certain by now: not ruled out and not to be? */
static bool settled(const struct hunt *h, enum role role, const struct set *dead,
		    const struct set *later)
{
	uint64_t any = 0;
	for (size_t i = 0; i < h->words; i++)
		any |= h->role[role].word[i] & ~dead->word[i] & ~later->word[i];
	return any != 0;
}

enum verdict { OPEN, HOPELESS, FOUND };

static enum verdict judge(const struct hunt *h, const struct set *dead, const struct set *later)
{
	bool deny = outside(&h->role[RIGHT_DENY], dead, h->words);
	if (!outside(&h->role[LEFT_ALLOW], dead, h->words) || settled(h, LEFT_DENY, dead, later) ||
	    (!deny && settled(h, RIGHT_ALLOW, dead, later)))
		return HOPELESS;
	if (!settled(h, LEFT_ALLOW, dead, later) || outside(&h->role[LEFT_DENY], dead, h->words))
		return OPEN;
	if (!outside(&h->role[RIGHT_ALLOW], dead, h->words) || settled(h, RIGHT_DENY, dead, later))
		return FOUND;
	return OPEN;
}

/* The keys in order, the value of each in order; explicit, so that depth costs no stack. */
static bool hunt(struct hunt *h)
{
	static const struct set none;
	struct set dead[KEYS_MAX + 1];
	uint64_t *steps = &h->c->q->steps;
	dead[0] = none;
	size_t depth = 0, next = 0;
	enum verdict v = judge(h, &dead[0], h->keys > 0 ? &h->choice[0].later : &none);
	h->depth = 0;
	if (v != OPEN)
		return v == FOUND;
	for (;;) {
		if (depth == h->keys || next == h->choice[depth].count) {
			if (depth == 0)
				return false;
			next = h->picked[--depth] + 1;
			continue;
		}
		if (++h->contexts > h->c->q->caps.contexts || *steps == 0) {
			h->out = true;
			return false;
		}
		--*steps;
		for (size_t i = 0; i < h->words; i++)
			dead[depth + 1].word[i] =
				dead[depth].word[i] | h->choice[depth].dead[next].word[i];
		v = judge(h, &dead[depth + 1],
			  depth + 1 < h->keys ? &h->choice[depth + 1].later : &none);
		h->picked[depth] = next;
		if (v == FOUND) {
			h->depth = depth + 1;
			return true;
		}
		if (v == HOPELESS) {
			next++;
		} else {
			depth++;
			next = 0;
		}
	}
}

/* A row rules a member out when it decides one of its conditions against it. In the search for
 * what is CERTAIN, doubt counts against a violation; for what is POSSIBLE, for it. */
static bool rules_out(const struct class *c, size_t key, size_t m, const struct row *row,
		      enum certainty certainty)
{
	enum role role = c->member[m]->role;
	if (set_has(&c->unread, m))
		return false;
	bool for_violation = role == LEFT_ALLOW || role == RIGHT_DENY;
	uint64_t true_bits = for_violation == (certainty == CERTAIN) ? row->low : row->high;
	return (c->need[key][m] & ~true_bits) != 0;
}

static bool add_choice(struct hunt *h, struct arena *scratch, size_t key, const struct set *hit,
		       enum certainty certainty)
{
	struct class *c = h->c;
	const struct rows *rows = c->rows[key];
	struct choice *x = &h->choice[h->keys];
	struct set asks = {{0}};
	bool any = false;
	for (size_t m = 0; m < c->count; m++)
		if (c->need[key][m] != 0 && set_has(hit, m)) {
			set_add(&asks, m);
			any = true;
		}
	if (!any)
		return false;
	*x = (struct choice){.later = asks};
	x->row = arena_array(scratch, rows->count, sizeof *x->row);
	x->dead = arena_array(scratch, rows->count, sizeof *x->dead);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];
		struct set dead = {{0}};
		if (!(certainty == CERTAIN ? row->definite : row->guessed))
			continue;
		for (size_t w = 0; w < h->words; w++)
			for (uint64_t left = asks.word[w]; left != 0; left &= left - 1) {
				size_t m = w * 64 + (size_t)__builtin_ctzll(left);
				if (rules_out(c, key, m, row, certainty))
					set_add(&dead, m);
			}
		bool same = false;
		for (size_t k = 0; k < x->count && !same; k++)
			same = memcmp(&x->dead[k], &dead, sizeof dead) == 0;
		if (same)
			continue;
		x->row[x->count] = row;
		x->dead[x->count++] = dead;
	}
	h->keys++;
	return true;
}

/* Keys that many members ask about come first: they decide most. */
static void order_keys(struct hunt *h)
{
	for (size_t i = 1; i < h->keys; i++)
		for (size_t k = i; k > 0; k--) {
			size_t here = 0, before = 0;
			for (size_t w = 0; w < h->words; w++) {
				here += (size_t)__builtin_popcountll(h->choice[k].later.word[w]);
				before += (size_t)__builtin_popcountll(h->choice[k - 1].later.word[w]);
			}
			if (here <= before)
				break;
			struct choice swap = h->choice[k];
			h->choice[k] = h->choice[k - 1];
			h->choice[k - 1] = swap;
		}
	for (size_t i = h->keys; i > 1; i--)
		for (size_t w = 0; w < h->words; w++)
			h->choice[i - 2].later.word[w] |= h->choice[i - 1].later.word[w];
}

static void write_context(const struct hunt *h, struct context_value **context, size_t *count)
{
	struct question *q = h->c->q;
	const struct witness *fixed = q->fixed;
	size_t fixed_count = fixed != NULL ? fixed->context_count : 0;
	*context = arena_array(q->arena, h->depth + fixed_count, sizeof **context);
	*count = 0;
	for (size_t i = 0; i < h->depth; i++) {
		const struct choice *x = &h->choice[i];
		(*context)[(*count)++] = x->row[h->picked[i]]->value;
	}
	for (size_t i = 0; i < fixed_count; i++) {
		bool known = false;
		for (size_t k = 0; k < *count; k++)
			known = known || str_equal((*context)[k].key, fixed->context[i].key);
		if (!known)
			(*context)[(*count)++] = fixed->context[i];
	}
}

static bool search(struct class *c, const struct set *hit, enum certainty certainty,
		   struct context_value **context, size_t *context_count)
{
	struct arena *scratch = arena_new(c->q->arena);
	struct hunt *h = arena_alloc(scratch, sizeof *h);
	h->c = c;
	h->words = (c->count + 63) / 64;
	for (int role = 0; role < ROLES; role++)
		for (size_t w = 0; w < h->words; w++) {
			uint64_t here = c->role[role].word[w] & hit->word[w];
			bool for_violation = role == LEFT_ALLOW || role == RIGHT_DENY;
			/* What cannot be judged neither helps a certain violation nor hinders a
			 * possible one. */
			if (for_violation == (certainty == CERTAIN))
				here &= ~c->unread.word[w];
			h->role[role].word[w] = here;
		}
	bool found = false;
	if (meets(&h->role[LEFT_ALLOW], hit, h->words)) {
		for (size_t key = 0; key < c->key_count; key++)
			add_choice(h, scratch, key, hit, certainty);
		order_keys(h);
		found = hunt(h);
	}
	c->q->contexts += h->contexts;
	if (h->out)
		c->q->limit = c->q->steps == 0 ? "the cap on steps" : "the cap on contexts";
	if (found && context != NULL)
		write_context(h, context, context_count);
	arena_free(scratch);
	return found;
}

/* --- what was asked before --- */

static struct memo *recall(struct class *c, const struct set *hit, enum certainty certainty)
{
	uint64_t h = (uint64_t)certainty * 0x9e3779b97f4a7c15u;
	for (size_t w = 0; w < (c->count + 63) / 64; w++)
		h = (h ^ hit->word[w]) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
	for (size_t slot = h & (c->memo_size - 1);; slot = (slot + 1) & (c->memo_size - 1)) {
		struct memo *m = &c->memo[slot];
		if (!m->known)
			return m;
		if (m->certainty == certainty && memcmp(&m->hit, hit, sizeof *hit) == 0)
			return m;
	}
}

static void make_room(struct class *c)
{
	if (2 * c->memo_count < c->memo_size)
		return;
	struct memo *old = c->memo;
	size_t size = c->memo_size;
	c->memo_size *= 4;
	c->memo = arena_array(c->arena, c->memo_size, sizeof *c->memo);
	for (size_t i = 0; i < size; i++)
		if (old[i].known)
			*recall(c, &old[i].hit, old[i].certainty) = old[i];
}

bool class_violated(struct class *c, const struct set *hit, enum certainty certainty,
		    struct context_value **context, size_t *context_count)
{
	make_room(c);
	struct memo *m = recall(c, hit, certainty);
	if (m->known && (context == NULL || !m->violated))
		return m->violated != 0;
	bool violated = search(c, hit, certainty, context, context_count);
	if (!m->known)
		c->memo_count++;
	*m = (struct memo){*hit, (uint8_t)certainty, 1, violated};
	return violated;
}
