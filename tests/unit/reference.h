/* A second evaluator for the tests, written apart from the product's: two-valued, by recursion and
 * by strings, for the operators the random policies use. Requests it is asked about hold no empty
 * texts and no lists under single-valued operators, which is where the rules are unclear. */
#ifndef PARE_TEST_REFERENCE_H
#define PARE_TEST_REFERENCE_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pare/contain.h"
#include "pare/evaluate.h"

/* Wildcards after variables are put in: their values are plain text. */
enum { REF_STAR = 1, REF_ONE = 2, REF_STAR_INSIDE = 3, REF_ONE_INSIDE = 4 };

static inline bool ref_match(const char *p, const char *t, bool fold)
{
	if (*p == '\0')
		return *t == '\0';
	if (*p == REF_STAR || *p == REF_STAR_INSIDE) {
		if (ref_match(p + 1, t, fold))
			return true;
		return *t != '\0' && !(*p == REF_STAR_INSIDE && *t == ':') && ref_match(p, t + 1, fold);
	}
	if (*t == '\0')
		return false;
	if (*p == REF_ONE || (*p == REF_ONE_INSIDE && *t != ':'))
		return ref_match(p + 1, t + 1, fold);
	bool same = fold ? tolower((unsigned char)*p) == tolower((unsigned char)*t) : *p == *t;
	return same && ref_match(p + 1, t + 1, fold);
}

struct ref_value {
	const char *key;
	int count; /* -1: absent; -2: one plain value */
	const char *value[4];
};

struct ref_request {
	const char *action, *resource;
	struct ref_value context[8];
	int context_count;
};

static inline const struct ref_value *ref_find(const struct ref_request *q, const char *key)
{
	for (int i = 0; i < q->context_count; i++)
		if (strcasecmp(q->context[i].key, key) == 0 && q->context[i].count != -1)
			return &q->context[i];
	return NULL;
}

/* Puts variables in and codes wildcards; false when a variable has no value. */
static inline bool ref_expand(const struct ref_request *q, const char *text, bool variables,
			      bool wild, char out[512])
{
	size_t n = 0;
	for (; *text != '\0'; text++) {
		const char *end = variables && text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
		if (end != NULL && end - text == 3) {
			out[n++] = text[2];
			text = end;
		} else if (end != NULL) {
			char key[128], fallback[128] = "";
			const char *comma = memchr(text, ',', (size_t)(end - text));
			const char *stop = comma != NULL ? comma : end;
			snprintf(key, sizeof key, "%.*s", (int)(stop - text - 2), text + 2);
			if (comma != NULL)
				snprintf(fallback, sizeof fallback, "%.*s", (int)(end - comma - 4), comma + 3);
			const struct ref_value *v = ref_find(q, key);
			if (v == NULL && comma == NULL)
				return false;
			const char *value = v != NULL ? v->value[0] : fallback;
			memcpy(out + n, value, strlen(value));
			n += strlen(value);
			text = end;
		} else if (wild && *text == '*') {
			out[n++] = REF_STAR;
		} else if (wild && *text == '?') {
			out[n++] = REF_ONE;
		} else {
			out[n++] = *text;
		}
	}
	out[n] = '\0';
	return true;
}

/* The wildcards of the first five parts stay inside them, all or all but the last of a part. */
static inline void ref_keep_inside(char *p, bool but_final)
{
	int part = 0, parts = 1;
	for (char *c = p; *c != '\0'; c++)
		parts += *c == ':';
	for (char *c = p; *c != '\0' && part < 5; c++) {
		bool last_part = part + 1 >= parts;
		bool final = c[1] == ':' || c[1] == '\0';
		part += *c == ':';
		if (last_part && !but_final)
			break;
		if (*c == REF_ONE)
			*c = REF_ONE_INSIDE;
		if (*c == REF_STAR && !(but_final && final))
			*c = REF_STAR_INSIDE;
	}
}

static inline bool ref_resource(const struct ref_request *q, const char *text, bool variables,
				enum arn_reading reading)
{
	char p[512];
	int colons = 0;
	if (!ref_expand(q, text, variables, true, p))
		return false;
	for (const char *c = p; *c != '\0'; c++)
		colons += *c == ':';
	if (reading == ARN_PADDED && strcmp(text, "*") != 0)
		for (; colons < 5; colons++)
			strcat(p, (char[]){':', REF_STAR, 0});
	if (reading != ARN_FLAT)
		ref_keep_inside(p, reading == ARN_HYBRID);
	return ref_match(p, q->resource, false);
}

static inline bool ref_address_in(const char *range, const char *address)
{
	unsigned a[4], b[4], bits = 32;
	const char *slash = strchr(range, '/');
	if (sscanf(range, "%u.%u.%u.%u", &a[0], &a[1], &a[2], &a[3]) != 4 ||
	    sscanf(address, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		return false;
	if (slash != NULL)
		bits = (unsigned)atoi(slash + 1);
	unsigned long x = 0, y = 0;
	for (int i = 0; i < 4; i++) {
		x = x << 8 | a[i];
		y = y << 8 | b[i];
	}
	return bits == 0 || x >> (32 - bits) == y >> (32 - bits);
}

/* One value of the policy against one of the request; `name` is the bare operator, not negated. */
static inline bool ref_value_matches(const struct ref_request *q, const char *name,
				     const char *policy, const char *value, bool variables)
{
	char p[512];
	if (strncmp(name, "Numeric", 7) == 0 || strncmp(name, "Date", 4) == 0) {
		bool date = name[0] == 'D';
		const char *relation = name + (date ? 4 : 7);
		/* the dates the tests use are all of one form, so that texts compare as instants */
		double order = date ? strcmp(value, policy) : atof(value) - atof(policy);
		if (strcmp(relation, "Equals") == 0)
			return order == 0;
		if (strcmp(relation, "LessThan") == 0)
			return order < 0;
		if (strcmp(relation, "LessThanEquals") == 0)
			return order <= 0;
		return strcmp(relation, "GreaterThan") == 0 ? order > 0 : order >= 0;
	}
	if (strcmp(name, "IpAddress") == 0)
		return ref_address_in(policy, value);
	if (strcmp(name, "Bool") == 0)
		return strcasecmp(policy, value) == 0;
	bool arn = strncmp(name, "Arn", 3) == 0;
	if (!ref_expand(q, policy, variables, arn || strcmp(name, "StringLike") == 0, p))
		return false;
	if (arn)
		ref_keep_inside(p, false);
	return ref_match(p, value, strcmp(name, "StringEqualsIgnoreCase") == 0);
}

static inline bool ref_element(const struct ref_request *q, const struct condition *c,
			       const char *name, bool negated, const char *value, bool variables)
{
	bool any = false;
	for (size_t i = 0; i < c->values.count; i++)
		any = any || ref_value_matches(q, name, c->values.item[i], value, variables);
	return any != negated;
}

static inline bool ref_condition(const struct ref_request *q, const struct condition *c,
				 bool variables)
{
	char name[64];
	const struct ref_value *v = ref_find(q, c->key);
	const char *operator = c->operator;
	bool all = strncmp(operator, "ForAllValues:", 13) == 0;
	bool any = strncmp(operator, "ForAnyValue:", 12) == 0;
	snprintf(name, sizeof name, "%s", operator + (all ? 13 : any ? 12 : 0));
	char *end = name + strlen(name), *not = strstr(name, "Not");
	bool if_exists = end - name > 8 && strcmp(end - 8, "IfExists") == 0;
	if (if_exists)
		end[-8] = '\0';
	if (not != NULL)
		memmove(not, not + 3, strlen(not + 3) + 1);
	if (strcmp(name, "Null") == 0) {
		bool wanted = false;
		for (size_t i = 0; i < c->values.count; i++)
			wanted = wanted || (strcasecmp(c->values.item[i], "true") == 0) == (v == NULL);
		return wanted;
	}
	if (v == NULL)
		return any ? false : all || if_exists || not != NULL;
	if (v->count == -2)
		return ref_element(q, c, name, not != NULL, v->value[0], variables);
	bool each = true, some = false;
	for (int i = 0; i < v->count; i++) {
		bool holds = ref_element(q, c, name, not != NULL, v->value[i], variables);
		each = each && holds;
		some = some || holds;
	}
	return all ? each : some;
}

static inline bool ref_action(const struct statement *s, const char *action)
{
	bool listed = false;
	for (size_t i = 0; i < s->actions.count; i++) {
		char p[512];
		struct ref_request none = {.context_count = 0};
		ref_expand(&none, s->actions.item[i], false, true, p);
		listed = listed || ref_match(p, action, true);
	}
	return listed != s->not_action;
}

static inline bool ref_resources(const struct statement *s, const struct ref_request *q,
				 enum arn_reading reading)
{
	bool listed = false;
	for (size_t i = 0; i < s->resources.count; i++)
		listed = listed ||
			 ref_resource(q, s->resources.item[i], s->policy->version_2012, reading);
	return listed != s->not_resource;
}

static inline bool ref_conditions(const struct statement *s, const struct ref_request *q)
{
	for (size_t i = 0; i < s->condition_count; i++)
		if (!ref_condition(q, &s->conditions[i], s->policy->version_2012))
			return false;
	return true;
}

#endif
