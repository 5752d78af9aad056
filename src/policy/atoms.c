/* atoms: the distinct conditions of all statements, so that the same condition has the same truth
 * wherever it stands. */
#include <string.h>

#include "question.h"

/* Keys that are known to hold one value: a list would be a request AWS does not make (IAM User
 * Guide, "AWS global condition context keys" and "Multivalued context keys"). */
static bool single_valued(const char *name)
{
	static const char *const lists[] = {
		"aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist",
		"aws:resourceorgpaths", "aws:sourceorgpaths",
	};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (strcmp(name, lists[i]) == 0)
			return false;
	return str_starts(name, "aws:") || strstr(name, "tag/") != NULL;
}

static size_t key_number(struct question *q, const char *name)
{
	for (size_t i = 0; i < q->key_count; i++)
		if (str_equal_nocase(q->key[i].name, name))
			return i;
	q->key = arena_grow(q->arena, q->key, q->key_count, &q->key_cap, sizeof *q->key);
	char *lower = str_lower(q->arena, name);
	q->key[q->key_count] = (struct key){.name = lower, .lists = !single_valued(lower)};
	return q->key_count++;
}

static bool values_within(const struct condition *x, const struct condition *y)
{
	for (size_t i = 0; i < x->values.count; i++)
		if (!str_list_has(&y->values, x->values.item[i]))
			return false;
	return true;
}

static bool same_values(const struct condition *x, const struct condition *y)
{
	return values_within(x, y) && values_within(y, x);
}

static bool same_test(const struct operator_parts *x, const struct operator_parts *y)
{
	return x->family == y->family && x->quantifier == y->quantifier &&
	       x->relation == y->relation && x->like == y->like && x->ignore_case == y->ignore_case;
}

static uint32_t atom_number(struct question *q, const struct condition *c, bool version_2012)
{
	struct atom new = {c, version_2012, operator_parse(c->operator), key_number(q, c->key),
			   q->atom_count};
	for (size_t i = 0; i < q->atom_count; i++) {
		const struct atom *old = &q->atom[i];
		if (old->key != new.key || !same_test(&old->parts, &new.parts) ||
		    !same_values(old->c, c) || old->version_2012 != version_2012)
			continue;
		/* all operators that are not understood look alike: only the very same is the same */
		if (new.parts.family == FAMILY_UNKNOWN && !str_equal_nocase(old->c->operator, c->operator))
			continue;
		if (old->parts.negated == new.parts.negated && old->parts.if_exists == new.parts.if_exists)
			return (uint32_t)i;
		if (new.base == q->atom_count)
			new.base = old->base;
	}
	q->atom = arena_grow(q->arena, q->atom, q->atom_count, &q->atom_cap, sizeof *q->atom);
	if (new.parts.quantifier != QUANTIFIER_NONE)
		q->key[new.key].lists = true;
	q->atom[q->atom_count] = new;
	return (uint32_t)q->atom_count++;
}

void member_atoms(struct question *q, struct member *m)
{
	if (m->atoms_known)
		return;
	m->atoms_known = true;
	m->atom = arena_array(q->arena, m->s->condition_count, sizeof *m->atom);
	for (size_t i = 0; i < m->s->condition_count; i++) {
		uint32_t atom = atom_number(q, &m->s->conditions[i], m->s->policy->version_2012);
		bool known = false;
		for (size_t k = 0; k < m->atom_count; k++)
			known = known || m->atom[k] == atom;
		if (!known)
			m->atom[m->atom_count++] = atom;
	}
}
