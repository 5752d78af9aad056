#include "cover.h"

#include <string.h>

#include "action_index.h"
#include "evaluation.h"
#include "glob.h"

enum { PART_MAX = 256 };

static bool same_set(const struct str_list *x, const struct str_list *y)
{
	for (size_t i = 0; i < x->count; i++)
		if (!str_list_has(y, x->item[i]))
			return false;
	for (size_t i = 0; i < y->count; i++)
		if (!str_list_has(x, y->item[i]))
			return false;
	return true;
}

static bool subset(const struct str_list *x, const struct str_list *y)
{
	for (size_t i = 0; i < x->count; i++)
		if (!str_list_has(y, x->item[i]))
			return false;
	return true;
}

static bool has_variables(const struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (strstr(list->item[i], "${") != NULL)
			return true;
	return false;
}

/* "${" is a variable in version 2012-10-17 and plain text before. */
static bool same_language(const struct statement *x, const struct statement *y)
{
	if (x->policy->version_2012 == y->policy->version_2012)
		return true;
	if (has_variables(&x->resources) || has_variables(&y->resources))
		return false;
	for (size_t i = 0; i < x->condition_count; i++)
		if (has_variables(&x->conditions[i].values))
			return false;
	for (size_t i = 0; i < y->condition_count; i++)
		if (has_variables(&y->conditions[i].values))
			return false;
	return true;
}

static bool same_condition(const struct condition *x, const struct condition *y)
{
	return str_equal_nocase(x->operator, y->operator) && str_equal_nocase(x->key, y->key) &&
	       same_set(&x->values, &y->values);
}

/* Whoever meets x meets y: the same test of the same key, for fewer values (or, negated, against
 * more). */
static bool condition_within(const struct condition *x, const struct condition *y)
{
	if (!str_equal_nocase(x->operator, y->operator) || !str_equal_nocase(x->key, y->key))
		return false;
	struct operator_parts parts = operator_parse(x->operator);
	if (parts.family == FAMILY_UNKNOWN || parts.family == FAMILY_NULL)
		return same_set(&x->values, &y->values);
	return parts.negated ? subset(&y->values, &x->values) : subset(&x->values, &y->values);
}

/* t asks for no more than s does. */
static bool conditions_within(const struct statement *t, const struct statement *s)
{
	for (size_t i = 0; i < t->condition_count; i++) {
		bool found = false;
		for (size_t k = 0; k < s->condition_count && !found; k++)
			found = condition_within(&s->conditions[k], &t->conditions[i]);
		if (!found)
			return false;
	}
	return true;
}

static bool all_found(const struct statement *s, const struct statement *t)
{
	for (size_t i = 0; i < s->condition_count; i++) {
		bool found = false;
		for (size_t k = 0; k < t->condition_count && !found; k++)
			found = same_condition(&s->conditions[i], &t->conditions[k]);
		if (!found)
			return false;
	}
	return true;
}

static bool same_conditions(const struct statement *s, const struct statement *t)
{
	return all_found(s, t) && all_found(t, s);
}

/* The first five colons outside of variables; false when there are fewer, or a variable before
 * the last of them. */
static bool split_arn(const char *text, const char *colon[5])
{
	size_t n = 0;
	for (; n < 5; text++) {
		if (*text == '\0' || (text[0] == '$' && text[1] == '{'))
			return false;
		if (*text == ':')
			colon[n++] = text;
	}
	return true;
}

/* Part by part: then it holds in every reading of wildcards, whether they pass colons or not. */
bool cover_resource(const char *inner, const char *outer)
{
	const char *x[5], *y[5];
	char part_x[PART_MAX], part_y[PART_MAX];
	if (strcmp(inner, outer) == 0 || strcmp(outer, "*") == 0)
		return true;
	if (strcmp(inner, "*") == 0 || !split_arn(inner, x) || !split_arn(outer, y))
		return false;
	for (size_t i = 0; i < 5; i++) {
		const char *from_x = i == 0 ? inner : x[i - 1] + 1, *from_y = i == 0 ? outer : y[i - 1] + 1;
		size_t len_x = (size_t)(x[i] - from_x), len_y = (size_t)(y[i] - from_y);
		if (len_x == len_y && memcmp(from_x, from_y, len_x) == 0)
			continue;
		if (len_x >= PART_MAX || len_y >= PART_MAX)
			return false;
		memcpy(part_x, from_x, len_x);
		memcpy(part_y, from_y, len_y);
		part_x[len_x] = part_y[len_y] = '\0';
		if (!glob_within(part_x, part_y, false))
			return false;
	}
	return glob_within(x[4] + 1, y[4] + 1, false);
}

static bool each_within(const struct str_list *inner, const struct str_list *outer)
{
	for (size_t i = 0; i < inner->count; i++) {
		bool found = false;
		for (size_t k = 0; k < outer->count && !found; k++)
			found = cover_resource(inner->item[i], outer->item[k]);
		if (!found)
			return false;
	}
	return true;
}

static bool resources_within(const struct statement *s, const struct statement *t)
{
	if (!t->not_resource && str_list_has(&t->resources, "*"))
		return true;
	if (s->not_resource != t->not_resource)
		return false;
	return t->not_resource ? each_within(&t->resources, &s->resources)
			       : each_within(&s->resources, &t->resources);
}

struct cover {
	struct arena *arena;
	size_t count;
	const struct statement **statement;
	struct action_index **index; /* made when first asked for */
};

struct cover *cover_new(struct arena *a, struct policy_set set)
{
	struct cover *c = arena_alloc(a, sizeof *c);
	size_t room = 0;
	for (size_t p = 0; p < set.count; p++)
		room += set.policy[p]->count;
	c->arena = a;
	c->statement = arena_array(a, room, sizeof(const struct statement *));
	c->index = arena_array(a, room, sizeof *c->index);
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count; i++)
			c->statement[c->count++] = &set.policy[p]->statements[i];
	return c;
}

const struct action_index *cover_index(const struct cover *c, size_t i)
{
	if (c->index[i] == NULL)
		c->index[i] = action_index_new(c->arena, &c->statement[i]->actions);
	return c->index[i];
}

static bool action_within(const char *pattern, const struct statement *t,
			  const struct action_index *index)
{
	if (!t->not_action)
		return action_index_holds(index, pattern);
	for (size_t i = 0; i < t->actions.count; i++)
		if (!glob_disjoint(pattern, t->actions.item[i], true))
			return false;
	return true;
}

bool cover_frame(const struct statement *s, const struct statement *t)
{
	return t->effect == s->effect && t->unknown == NULL && s->unknown == NULL &&
	       same_language(s, t) && conditions_within(t, s) && resources_within(s, t);
}

/* NotAction inside NotAction: whatever t leaves out, s leaves out, too. */
static bool exclusion_within(const struct statement *s, const struct statement *t)
{
	if (!t->not_action)
		return str_list_has(&t->actions, "*");
	for (size_t i = 0; i < t->actions.count; i++) {
		bool found = false;
		for (size_t k = 0; k < s->actions.count && !found; k++)
			found = glob_within(t->actions.item[i], s->actions.item[k], true);
		if (!found)
			return false;
	}
	return true;
}

static bool same_texts(const struct str_list *x, const struct str_list *y)
{
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->item[i], y->item[i]) != 0)
			return false;
	return true;
}

/* Nothing is known of what is not understood, so it must be the same text in the same order. */
static bool same_letters(const struct statement *s, const struct statement *t)
{
	if (!same_texts(&s->resources, &t->resources) || !same_texts(&s->actions, &t->actions) ||
	    !same_texts(&s->empty_operators, &t->empty_operators))
		return false;
	for (size_t i = 0; i < s->condition_count; i++) {
		const struct condition *x = &s->conditions[i], *y = &t->conditions[i];
		if (strcmp(x->operator, y->operator) != 0 || strcmp(x->key, y->key) != 0 ||
		    !same_texts(&x->values, &y->values))
			return false;
	}
	return true;
}

/* The same statement but for the actions; where it is not understood, to the letter. */
static bool alike(const struct statement *s, const struct statement *t)
{
	if (s->effect != t->effect || s->policy->version_2012 != t->policy->version_2012 ||
	    s->not_action != t->not_action || s->not_resource != t->not_resource ||
	    s->condition_count != t->condition_count || (s->unknown == NULL) != (t->unknown == NULL))
		return false;
	if (s->unknown != NULL)
		return same_letters(s, t);
	return same_set(&s->resources, &t->resources) && same_conditions(s, t);
}

static bool all_listed(const struct str_list *patterns, const struct action_index *index)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (!action_index_lists(index, patterns->item[i]))
			return false;
	return true;
}

static bool identical(const struct statement *s, const struct statement *t,
		      const struct action_index *of_s, const struct action_index *of_t)
{
	return alike(s, t) && all_listed(&s->actions, of_t) && all_listed(&t->actions, of_s);
}

void cover_frames(const struct cover *by, const struct statement *s,
		  const struct action_index *actions, struct frames *out)
{
	*out = (struct frames){.cover = by, .number = arena_array(by->arena, by->count, sizeof(size_t))};
	for (size_t i = 0; i < by->count && !out->whole; i++) {
		const struct statement *t = by->statement[i];
		if (t->effect != s->effect)
			continue;
		out->whole = identical(s, t, actions, cover_index(by, i));
		if (out->whole || !cover_frame(s, t))
			continue;
		out->number[out->count++] = i;
		out->whole = s->not_action && exclusion_within(s, t);
	}
}

bool cover_action(const struct frames *frames, const char *pattern)
{
	for (size_t i = 0; i < frames->count; i++) {
		size_t n = frames->number[i];
		if (action_within(pattern, frames->cover->statement[n], cover_index(frames->cover, n)))
			return true;
	}
	return false;
}

/* The same resources under the same conditions, and all its actions. */
static bool origin(const struct statement *s, const struct action_index *actions,
		   const struct cover *by, size_t i)
{
	const struct statement *t = by->statement[i];
	if (t->effect != s->effect)
		return false;
	if (identical(s, t, actions, cover_index(by, i)))
		return true;
	if (!cover_frame(s, t) || !same_conditions(s, t) || !resources_within(t, s))
		return false;
	for (size_t k = 0; k < s->actions.count && !s->not_action; k++)
		if (!action_within(s->actions.item[k], t, cover_index(by, i)))
			return false;
	return !s->not_action || exclusion_within(s, t);
}

const struct statement *cover_origin(const struct cover *by, const struct statement *s)
{
	const struct action_index *actions = action_index_new(by->arena, &s->actions);
	for (size_t i = 0; i < by->count; i++)
		if (origin(s, actions, by, i))
			return by->statement[i];
	return NULL;
}
