/* context: what a key's value can decide. For the conditions on one key, a list of values that
 * between them give every combination of answers any value gives. The answers come from the plain
 * evaluator; here is only the choice of values. */
#include <string.h>

#include "automaton.h"
#include "operators.h"
#include "question.h"

enum { ROWS_MAX = 1024, GROUPS_MAX = 6, TEXTS_MAX = 512 };

void forget_rows(struct question *q)
{
	for (size_t i = 0; i < q->key_count; i++)
		q->key[i].rows = NULL;
}

enum lookup_result find_fixed(const void *context, const char *key, const char **value)
{
	const struct question *q = context;
	if (q->fixed == NULL)
		return LOOKUP_OPEN;
	for (size_t i = 0; i < q->fixed->context_count; i++)
		if (str_equal_nocase(q->fixed->context[i].key, key)) {
			if (q->fixed->context[i].absent)
				return LOOKUP_ABSENT;
			*value = pattern_latin1(q->arena, q->fixed->context[i].values.item[0], NULL);
			return LOOKUP_VALUE;
		}
	return LOOKUP_ABSENT;
}

/* --- rows --- */

struct build {
	struct question *q;
	struct rows *rows;
	struct arena *scratch;
	const char *key;
	bool plain; /* some atom takes single values only */
	bool sets;  /* some atom takes lists */
	bool whole; /* the values give every combination */
};

/* A request with the fixed values and this one. */
static struct witness with_value(struct build *b, const struct context_value *value)
{
	const struct witness *fixed = b->q->fixed;
	size_t count = fixed != NULL ? fixed->context_count : 0;
	struct witness w = {.action = "", .resource = ""};
	w.context = arena_array(b->scratch, count + 1, sizeof *w.context);
	w.context[w.context_count++] = *value;
	for (size_t i = 0; i < count; i++)
		w.context[w.context_count++] = fixed->context[i];
	return w;
}

static bool known(const struct rows *r, const struct row *row)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->row[i].low == row->low && r->row[i].high == row->high &&
		    r->row[i].definite >= row->definite && r->row[i].guessed >= row->guessed)
			return true;
	return false;
}

static void push(struct build *b, struct row row)
{
	struct rows *r = b->rows;
	if (known(r, &row))
		return;
	if (r->count >= ROWS_MAX) {
		b->whole = false;
		return;
	}
	if (r->count == r->cap) {
		struct row *more = arena_array(b->q->arena, r->cap * 2, sizeof *more);
		memcpy(more, r->row, r->count * sizeof *more);
		r->row = more;
		r->cap *= 2;
	}
	r->row[r->count++] = row;
}

/* Whether ForAllValues takes an empty text for no value at all: however that is, it is the same for
 * all conditions that hang on nothing else. */
static bool hangs_on_empty(const struct atom *atom)
{
	for (size_t i = 0; i < atom->c->values.count; i++)
		if (strstr(atom->c->values.item[i], "${") != NULL)
			return false;
	return atom->parts.quantifier == QUANTIFIER_ALL && atom->parts.family == FAMILY_STRING &&
	       !atom->parts.ignore_case;
}

/* Undecided atoms may be true or false, but those of one base move together: "equals" and "not
 * equals" of one value are opposites, whatever the variable in it stands for. A list under an
 * operator for single values is guessed to match nothing (IAM wants a set operator there); the
 * evaluator leaves it undecided, so a verdict that hangs on it is UNKNOWN. */
static void push_guesses(struct build *b, struct row row)
{
	const struct rows *r = b->rows;
	size_t group[GROUPS_MAX], groups = 0;
	uint64_t with[GROUPS_MAX] = {0}, against[GROUPS_MAX] = {0};
	for (size_t i = 0; i < r->atom_count; i++) {
		const struct atom *atom = &b->q->atom[r->atom[i]];
		uint64_t bit = (uint64_t)1 << i;
		bool together = !row.value.multi && atom->parts.quantifier == QUANTIFIER_NONE;
		size_t id = together ? atom->base : hangs_on_empty(atom) ? SIZE_MAX : r->atom[i], g = 0;
		if (((row.low ^ row.high) & bit) == 0)
			continue;
		if (row.value.multi && atom->parts.quantifier == QUANTIFIER_NONE &&
		    atom->parts.family != FAMILY_NULL)
			continue;
		while (g < groups && group[g] != id)
			g++;
		if (g == GROUPS_MAX) { /* too many to combine: any of them, each by itself */
			row.definite = false;
			row.guessed = true;
			push(b, row);
			return;
		}
		if (g == groups)
			group[groups++] = id;
		if (together && atom->parts.negated)
			against[g] |= bit;
		else
			with[g] |= bit;
	}
	row.definite = false;
	row.guessed = true;
	for (size_t guess = 0; guess < (size_t)1 << groups; guess++) {
		struct row one = row;
		for (size_t g = 0; g < groups; g++)
			one.low |= guess >> g & 1 ? with[g] : against[g];
		one.high = one.low;
		push(b, one);
	}
}

static void charge(struct build *b, uint64_t steps)
{
	b->q->steps -= b->q->steps > steps ? steps : b->q->steps;
	if (b->q->steps == 0)
		b->whole = false;
}

static struct row answers(struct build *b, struct context_value value)
{
	struct row row = {.value = value};
	struct witness w = with_value(b, &value);
	struct evaluation v = {b->scratch, &w, ARN_FLAT, b->q->fixed == NULL};
	for (size_t i = 0; i < b->rows->atom_count; i++) {
		const struct atom *atom = &b->q->atom[b->rows->atom[i]];
		enum answer answer = evaluate_condition(&v, atom->c, atom->version_2012);
		row.low |= (uint64_t)(answer == ANSWER_YES) << i;
		row.high |= (uint64_t)(answer != ANSWER_NO) << i;
		charge(b, 8 + 8 * atom->c->values.count);
	}
	return row;
}

static struct context_value single(const char *key, struct arena *a, const char *text)
{
	struct context_value v = {.key = key};
	str_list_add(a, &v.values, text);
	return v;
}

static void add_row(struct build *b, struct row row)
{
	row.definite = true;
	row.guessed = row.low == row.high;
	push(b, row);
	if (row.low != row.high)
		push_guesses(b, row);
}

static void add_value(struct build *b, struct context_value value)
{
	add_row(b, answers(b, value));
}

/* --- texts --- */

struct texts {
	struct build *b;
	struct str_list *out;
	uint64_t *seen; /* one set of accepting patterns after the other */
	size_t words, seen_count;
	bool full;
};

static enum visit see_text(void *context, const struct walk *w, const struct state *s)
{
	struct texts *t = context;
	if (!s->complete)
		return VISIT_ON;
	uint64_t *mine = t->seen + t->seen_count * t->words;
	memset(mine, 0, t->words * sizeof *mine);
	for (size_t i = 0; i < s->count; i++)
		if (place_accepts(w, s->place[i]))
			mine[s->place[i].pattern / 64] |= (uint64_t)1 << (s->place[i].pattern % 64);
	for (size_t i = 0; i < t->seen_count; i++)
		if (memcmp(t->seen + i * t->words, mine, t->words * sizeof *mine) == 0)
			return VISIT_ON;
	if (t->seen_count == TEXTS_MAX) {
		t->full = true;
		return VISIT_STOP;
	}
	t->seen_count++;
	str_list_add(t->b->q->arena, t->out,
		     pattern_utf8(t->b->q->arena, walk_text(t->b->scratch, w, s)));
	return VISIT_ON;
}

/* The texts that tell apart what the String, Arn and Bool conditions on this key ask. */
static void walk_values(struct build *b, const struct pattern *pattern, size_t count,
			struct str_list *out)
{
	struct question *q = b->q;
	struct texts t = {.b = b, .out = out, .words = count / 64 + 1};
	t.seen = arena_array(b->scratch, (TEXTS_MAX + 1) * t.words, sizeof *t.seen);
	struct walk w = {.pattern = pattern, .pattern_count = count, .domain = DOMAIN_TEXT,
			 .max_states = q->caps.states, .steps = &q->steps, .visit = see_text,
			 .context = &t};
	if (walk_texts(b->scratch, &w) != WALK_DONE || t.full)
		b->whole = false;
}

static bool literal(const struct pattern *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->symbol[i].kind != SYMBOL_CHAR)
			return false;
	return !p->fold;
}

static void literal_values(struct build *b, const struct pattern *pattern, size_t count,
			   struct str_list *out)
{
	for (size_t i = 0; i < count; i++) {
		char *text = arena_alloc(b->scratch, pattern[i].count + 1);
		for (size_t k = 0; k < pattern[i].count; k++)
			text[k] = (char)pattern[i].symbol[k].c;
		const char *utf8 = pattern_utf8(b->q->arena, text);
		if (pattern[i].count > 0 && !str_list_has(out, utf8))
			str_list_add(b->q->arena, out, utf8);
	}
	const char *other = "other";
	while (str_list_has(out, other))
		other = str_printf(b->q->arena, "%sx", other);
	str_list_add(b->q->arena, out, other);
}

static void text_values(struct build *b, struct str_list *out)
{
	struct question *q = b->q;
	size_t count = 0, room = 0;
	bool all_literal = true;
	for (size_t i = 0; i < b->rows->atom_count; i++)
		room += q->atom[b->rows->atom[i]].c->values.count;
	struct pattern *pattern = arena_array(b->scratch, room, sizeof *pattern);
	for (size_t i = 0; i < b->rows->atom_count; i++) {
		const struct atom *atom = &q->atom[b->rows->atom[i]];
		enum operator_family family = atom->parts.family;
		if (family != FAMILY_STRING && family != FAMILY_ARN && family != FAMILY_BOOL)
			continue;
		struct pattern_rules rules =
			condition_rules(atom->parts, atom->version_2012, (struct lookup){find_fixed, b->q});
		rules.fold = rules.fold || family == FAMILY_BOOL;
		for (size_t k = 0; k < atom->c->values.count; k++) {
			struct pattern p = pattern_read(b->scratch, atom->c->values.item[k], &rules);
			if (p.never || p.unread != NULL)
				continue;
			all_literal = all_literal && literal(&p);
			pattern[count++] = p;
		}
	}
	if (all_literal)
		literal_values(b, pattern, count, out);
	else
		walk_values(b, pattern, count, out);
	str_list_add(q->arena, out, "");
}

/* --- all values of a key --- */

/* Every text for String, Arn and Null conditions; typed values for the rest. Of two families on
 * one key the combinations are not all made. */
static void all_values(struct build *b, struct str_list *out)
{
	bool has[FAMILY_NULL + 1] = {false};
	size_t families = 0;
	struct str_list values[FAMILY_NULL + 1] = {{0}};
	for (size_t i = 0; i < b->rows->atom_count; i++) {
		const struct atom *atom = &b->q->atom[b->rows->atom[i]];
		enum operator_family family = atom->parts.family;
		has[family] = true;
		for (size_t k = 0; k < atom->c->values.count; k++)
			str_list_add(b->scratch, &values[family], atom->c->values.item[k]);
	}
	bool text = has[FAMILY_STRING] || has[FAMILY_ARN];
	for (int f = FAMILY_NUMERIC; f <= FAMILY_BINARY; f++) {
		if (!has[f] || (f == FAMILY_BOOL && text))
			continue;
		families++;
		operator_representatives(b->q->arena, (enum operator_family)f, &values[f], out);
	}
	if (text || families == 0)
		text_values(b, out);
	if (families + text > 1 || has[FAMILY_UNKNOWN])
		b->whole = false;
}

/* What a list decides, from what its parts decide: "some element …" is an OR over the elements,
 * "every element …" an AND; a list is null only where all its elements are. Equal answers stay
 * equal under growth, so a list that decides nothing new need not grow further. */
static struct row joined(const struct build *b, const struct row *x, const struct row *y)
{
	struct row row = {.value = {.key = b->key, .multi = true}};
	for (size_t i = 0; i < b->rows->atom_count; i++) {
		const struct operator_parts *parts = &b->q->atom[b->rows->atom[i]].parts;
		uint64_t bit = (uint64_t)1 << i;
		const struct row *null = (x->low ^ x->high) & bit ? y : x;
		uint64_t low = parts->family == FAMILY_NULL	       ? null->low
			       : parts->quantifier == QUANTIFIER_ANY ? x->low | y->low
								     : x->low & y->low;
		uint64_t high = parts->family == FAMILY_NULL		? null->high
				: parts->quantifier == QUANTIFIER_ALL ? x->high & y->high
								      : x->high | y->high;
		row.low |= low & bit;
		row.high |= high & bit;
	}
	return row;
}

static void add_lists(struct build *b, const struct str_list *elements)
{
	struct rows *r = b->rows;
	struct row *one = arena_array(b->scratch, elements->count, sizeof *one);
	add_value(b, (struct context_value){.key = b->key, .multi = true});
	size_t from = r->count;
	for (size_t i = 0; i < elements->count; i++) {
		struct context_value value = single(b->key, b->q->arena, elements->item[i]);
		value.multi = true;
		one[i] = answers(b, value);
		add_row(b, one[i]);
	}
	for (size_t i = from; i < r->count && r->count < ROWS_MAX; i++) {
		if (!r->row[i].definite)
			continue;
		for (size_t k = 0; k < elements->count && b->q->steps > 0; k++) {
			if (str_list_has(&r->row[i].value.values, elements->item[k]))
				continue;
			struct row more = joined(b, &r->row[i], &one[k]);
			if (known(r, &more))
				continue;
			for (size_t n = 0; n < r->row[i].value.values.count; n++)
				str_list_add(b->q->arena, &more.value.values, r->row[i].value.values.item[n]);
			str_list_add(b->q->arena, &more.value.values, elements->item[k]);
			add_row(b, more);
			charge(b, 4);
		}
	}
}

static void build_rows(struct build *b, bool lists)
{
	struct question *q = b->q;
	const struct witness *fixed = q->fixed;
	for (size_t i = 0; fixed != NULL && i < fixed->context_count; i++)
		if (strcmp(fixed->context[i].key, b->key) == 0) {
			add_value(b, fixed->context[i]);
			return;
		}
	struct str_list values = {0};
	add_value(b, (struct context_value){.key = b->key, .absent = true});
	all_values(b, &values);
	for (size_t i = 0; i < values.count && (b->plain || !b->sets); i++)
		add_value(b, single(b->key, q->arena, values.item[i]));
	if (b->sets) {
		add_lists(b, &values);
	} else if (lists) {
		struct context_value two = single(b->key, q->arena, "one");
		str_list_add(q->arena, &two.values, "two");
		two.multi = true;
		add_value(b, two);
	}
}

static struct rows *rows_new(struct question *q, size_t key, const uint32_t *atom, size_t count)
{
	struct rows *r = arena_alloc(q->arena, sizeof *r);
	uint32_t *copy = arena_array(q->arena, count, sizeof *copy);
	memcpy(copy, atom, count * sizeof *copy);
	r->atom = copy;
	r->atom_count = count;
	r->cap = 16;
	r->row = arena_array(q->arena, r->cap, sizeof *r->row);
	r->next = q->key[key].rows;
	q->key[key].rows = r;
	return r;
}

const struct rows *key_rows(struct question *q, size_t key, const uint32_t *atom, size_t count)
{
	for (struct rows *r = q->key[key].rows; r != NULL; r = r->next)
		if (r->atom_count == count && memcmp(r->atom, atom, count * sizeof *atom) == 0)
			return r;
	struct rows *r = rows_new(q, key, atom, count);
	struct build b = {.q = q, .rows = r, .scratch = arena_new(q->arena), .key = q->key[key].name,
			  .whole = true};
	for (size_t i = 0; i < count; i++) {
		const struct operator_parts *parts = &q->atom[atom[i]].parts;
		b.sets = b.sets || parts->quantifier != QUANTIFIER_NONE;
		b.plain = b.plain || (parts->quantifier == QUANTIFIER_NONE && parts->family != FAMILY_NULL);
	}
	build_rows(&b, q->key[key].lists);
	if (!b.whole) { /* whatever else there may be: nothing is known of it */
		uint64_t all = count == 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
		struct row blur = {.high = all, .guessed = true};
		blur.value = (struct context_value){.key = q->key[key].name, .absent = true};
		r->row[r->count - 1] = r->count >= ROWS_MAX ? blur : r->row[r->count - 1];
		if (r->count < ROWS_MAX)
			push(&b, blur);
	}
	arena_free(b.scratch);
	return r;
}
