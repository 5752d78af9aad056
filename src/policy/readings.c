/* readings: one class of actions under each documented reading of ARN wildcards, and with values for
 * the policy variables where the answer hangs on them. */
#include <string.h>

#include "question.h"

enum { INSTANCES_MAX = 24 };

static struct class *class_of(struct question *q, const struct set *hit)
{
	struct member **member = arena_array(q->arena, q->member_count, sizeof *member);
	size_t count = 0;
	for (size_t i = 0; i < q->member_count; i++)
		if (set_has(hit, i))
			member[count++] = &q->member[i];
	return class_new(q, member, count);
}

/* --- readings --- */

/* Readings differ only where a wildcard stands in the first five parts, or parts are missing. */
static void readings_of(const struct class *c, bool which[ARN_READING_COUNT])
{
	which[ARN_FLAT] = true;
	which[ARN_SEGMENTED] = which[ARN_HYBRID] = which[ARN_PADDED] = false;
	for (size_t m = 0; m < c->count; m++) {
		const struct str_list *list = &c->member[m]->s->resources;
		for (size_t i = 0; i < list->count; i++) {
			size_t colons = 0;
			bool wild = false;
			if (strcmp(list->item[i], "*") == 0)
				continue;
			for (const char *t = list->item[i]; *t != '\0' && colons < 5; t++) {
				colons += *t == ':';
				wild = wild || *t == '*' || *t == '?' || *t == '$';
				which[ARN_PADDED] = which[ARN_PADDED] || *t == '$'; /* its colons are no parts */
			}
			which[ARN_SEGMENTED] = which[ARN_SEGMENTED] || wild || colons < 5;
			which[ARN_HYBRID] = which[ARN_SEGMENTED];
			which[ARN_PADDED] = which[ARN_PADDED] || colons < 5;
		}
	}
}

/* true: the end, a confirmed violation. */
static bool try_reading(struct question *q, struct class *c, const char *action, bool *possible)
{
	struct violation v;
	enum search_end end = class_search(c, &v);
	if (end == SEARCH_NONE)
		return false;
	struct witness *w = witness_new(q, action, &v);
	if (witness_confirmed(q, w)) { /* a possible violation may well be a real one */
		q->witness = w;
		return true;
	}
	if (end == SEARCH_CERTAIN && !q->strictly && witness_confirmed_in(q, w, q->reading)) {
		q->refuted_when[q->reading] = true;
		return false;
	}
	*possible = true;
	if (q->possible == NULL)
		q->possible = w;
	return false;
}

static bool try_readings(struct question *q, struct class *c, const char *action, bool *possible)
{
	bool which[ARN_READING_COUNT], some = false;
	readings_of(c, which);
	q->strictly = false;
	for (int r = 0; r < ARN_READING_COUNT && q->steps > 0; r++) {
		q->reading = (enum arn_reading)r;
		if (!which[r])
			continue;
		if (try_reading(q, c, action, possible))
			return true;
		some = some || q->refuted_when[r];
	}
	if (!some || q->steps == 0)
		return false;
	q->strictly = true;
	bool ignored = false, found = try_reading(q, c, action, &ignored);
	q->strictly = false;
	return found;
}

/* --- variables --- */

static void variables_of(struct question *q, const struct set *hit, struct str_list *keys)
{
	for (size_t i = 0; i < q->member_count; i++) {
		const struct statement *s = q->member[i].s;
		if (!set_has(hit, i) || !s->policy->version_2012)
			continue;
		for (size_t k = 0; k < s->resources.count; k++)
			pattern_variables(q->arena, s->resources.item[k], keys);
		for (size_t k = 0; k < s->condition_count; k++)
			for (size_t n = 0; n < s->conditions[k].values.count; n++)
				pattern_variables(q->arena, s->conditions[k].values.item[n], keys);
	}
}

/* A value the policies themselves ask of a variable's key, or NULL. */
static const char *asked_value(const struct question *q, const struct set *hit, const char *key)
{
	for (size_t i = 0; i < q->member_count; i++)
		for (size_t k = 0; set_has(hit, i) && k < q->member[i].s->condition_count; k++) {
			const struct condition *c = &q->member[i].s->conditions[k];
			struct operator_parts parts = operator_parse(c->operator);
			if (str_equal_nocase(c->key, key) && parts.family == FAMILY_STRING &&
			    c->values.count > 0 && strpbrk(c->values.item[0], "*?$") == NULL &&
			    *c->values.item[0] != '\0')
				return c->values.item[0];
		}
	return NULL;
}

enum instance { DISTINCT, EQUAL, ABSENT, ASKED, INSTANCE_KINDS };

static struct witness *instance(struct question *q, const struct set *hit,
				const struct str_list *keys, enum instance kind)
{
	struct witness *w = arena_alloc(q->arena, sizeof *w);
	w->context = arena_array(q->arena, keys->count, sizeof *w->context);
	for (size_t i = 0; i < keys->count; i++) {
		struct context_value *v = &w->context[w->context_count++];
		const char *asked = kind == ASKED ? asked_value(q, hit, keys->item[i]) : NULL;
		v->key = keys->item[i];
		v->absent = kind == ABSENT;
		if (kind == EQUAL)
			asked = "same-value";
		if (!v->absent)
			str_list_add(q->arena, &v->values,
				     asked != NULL ? asked : str_printf(q->arena, "value-%zu", i + 1));
	}
	return w;
}

/* A violation that hangs on what variables stand for: put in values and look again. */
static bool try_instances(struct question *q, const struct set *hit, const char *action)
{
	struct str_list keys = {0};
	bool ignored = false, found = false;
	struct witness *possible = q->possible;
	bool refuted[ARN_READING_COUNT];
	memcpy(refuted, q->refuted_when, sizeof refuted);
	variables_of(q, hit, &keys);
	for (int kind = 0; keys.count > 0 && kind < INSTANCE_KINDS && !found; kind++) {
		if (q->instances++ >= INSTANCES_MAX || q->steps == 0)
			break;
		q->fixed = instance(q, hit, &keys, (enum instance)kind);
		forget_rows(q);
		struct class *c = class_of(q, hit);
		found = c != NULL && try_readings(q, c, action, &ignored);
		class_free(c);
	}
	q->fixed = NULL;
	forget_rows(q);
	q->possible = possible;
	memcpy(q->refuted_when, refuted, sizeof refuted);
	return found;
}

bool refute_class(struct question *q, const struct set *hit, const char *action)
{
	bool possible = false;
	struct class *c = class_of(q, hit);
	if (c == NULL)
		return false;
	bool found = try_readings(q, c, action, &possible);
	class_free(c);
	return found || (possible && q->steps > 0 && try_instances(q, hit, action));
}
