/* evaluate: one request, one answer. Three-valued throughout (Kleene): what is not understood is
 * UNKNOWN and spreads only as far as it decides. */
#include "evaluation.h"

#include <string.h>

#include "glob.h"
#include "operators.h"

const char *arn_reading_name(enum arn_reading r)
{
	static const char *const names[] = {"flat", "segmented", "hybrid", "padded"};
	return names[r];
}

/* --- actions and resources --- */

enum answer evaluate_actions(const struct statement *s, const char *action)
{
	if (s->actions.count == 0)
		return ANSWER_UNKNOWN;
	bool listed = false;
	for (size_t i = 0; i < s->actions.count && !listed; i++)
		listed = glob_action(s->actions.item[i], action);
	return listed != s->not_action ? ANSWER_YES : ANSWER_NO;
}

static const struct context_value *find_key(const struct witness *request, const char *key)
{
	for (size_t i = 0; i < request->context_count; i++)
		if (str_equal_nocase(request->context[i].key, key))
			return &request->context[i];
	return NULL;
}

static enum lookup_result find_value(const void *context, const char *key, const char **value)
{
	const struct evaluation *v = context;
	const struct context_value *found = find_key(v->request, key);
	bool beyond;
	if (found == NULL)
		return v->open ? LOOKUP_OPEN : LOOKUP_ABSENT;
	if (found->absent)
		return LOOKUP_ABSENT;
	if (found->multi || found->values.count != 1)
		return LOOKUP_UNCLEAR;
	*value = pattern_latin1(v->scratch, found->values.item[0], &beyond);
	return beyond ? LOOKUP_UNCLEAR : LOOKUP_VALUE;
}

enum answer evaluate_resources(const struct evaluation *v, const struct statement *s)
{
	const struct pattern_rules rules = {.kind = PATTERN_RESOURCE,
					    .variables = s->policy->version_2012,
					    .reading = v->reading,
					    .lookup = {find_value, v}};
	const char *resource = pattern_latin1(v->scratch, v->request->resource, NULL);
	enum answer listed = ANSWER_NO;
	if (s->resources.count == 0)
		return ANSWER_UNKNOWN;
	for (size_t i = 0; i < s->resources.count && listed != ANSWER_YES; i++) {
		struct pattern p = pattern_read(v->scratch, s->resources.item[i], &rules);
		listed = answer_or(listed, pattern_matches(v->scratch, &p, resource));
	}
	return s->not_resource ? answer_not(listed) : listed;
}

/* --- conditions --- */

struct pattern_rules condition_rules(struct operator_parts parts, bool version_2012,
				     struct lookup lookup)
{
	return (struct pattern_rules){
		.kind = parts.family == FAMILY_ARN ? PATTERN_ARN
			: parts.like		   ? PATTERN_LIKE
						   : PATTERN_EXACT,
		.fold = parts.ignore_case,
		.variables = version_2012,
		.lookup = lookup,
	};
}

/* Folding is defined for ASCII; what AWS does to other letters is not written anywhere. */
static bool folds_unclearly(struct operator_parts parts, const char *policy_value,
			    const char *request_value)
{
	if (!parts.ignore_case)
		return false;
	for (; *policy_value != '\0'; policy_value++)
		if ((unsigned char)*policy_value >= 0x80)
			return true;
	for (; *request_value != '\0'; request_value++)
		if ((unsigned char)*request_value >= 0x80)
			return true;
	return false;
}

static enum answer value_matches(const struct evaluation *v, struct operator_parts parts,
				 bool version_2012, const char *policy_value,
				 const char *request_value)
{
	bool text = parts.family == FAMILY_STRING || parts.family == FAMILY_ARN;
	if (!text)
		return version_2012 && strstr(policy_value, "${") != NULL
			       ? ANSWER_UNKNOWN
			       : operator_test(parts, policy_value, request_value);
	if (folds_unclearly(parts, policy_value, request_value))
		return ANSWER_UNKNOWN;
	const struct pattern_rules rules =
		condition_rules(parts, version_2012, (struct lookup){find_value, v});
	struct pattern p = pattern_read(v->scratch, policy_value, &rules);
	return pattern_matches(v->scratch, &p, pattern_latin1(v->scratch, request_value, NULL));
}

/* One value of the request against all of the condition, negation applied. */
static enum answer element_holds(const struct evaluation *v, struct operator_parts parts,
				 bool version_2012, const struct condition *c, const char *value)
{
	enum answer any = ANSWER_NO;
	for (size_t i = 0; i < c->values.count && any != ANSWER_YES; i++)
		any = answer_or(any, value_matches(v, parts, version_2012, c->values.item[i], value));
	return parts.negated ? answer_not(any) : any;
}

/* "ForAllValues … also returns true if … the key values resolve to a null data set, such as an
 * empty string": whether one empty text among others counts is not said. */
static enum answer all_hold(const struct evaluation *v, struct operator_parts parts,
			    bool version_2012, const struct condition *c,
			    const struct context_value *request)
{
	enum answer all = ANSWER_YES;
	for (size_t i = 0; i < request->values.count; i++) {
		const char *value = request->values.item[i];
		enum answer one = element_holds(v, parts, version_2012, c, value);
		if (*value == '\0' && one == ANSWER_NO)
			one = ANSWER_UNKNOWN;
		all = answer_and(all, one);
	}
	return all;
}

static enum answer any_holds(const struct evaluation *v, struct operator_parts parts,
			     bool version_2012, const struct condition *c,
			     const struct context_value *request)
{
	enum answer any = ANSWER_NO;
	for (size_t i = 0; i < request->values.count; i++)
		any = answer_or(any, element_holds(v, parts, version_2012, c, request->values.item[i]));
	return any;
}

/* Whether a key with no value, or with nothing but empty ones, is null is not said clearly. */
static enum answer is_null(const struct condition *c, const struct context_value *request)
{
	enum answer any = ANSWER_NO, null = ANSWER_UNKNOWN;
	if (request == NULL || request->absent)
		null = ANSWER_YES;
	else
		for (size_t i = 0; i < request->values.count; i++)
			if (*request->values.item[i] != '\0')
				null = ANSWER_NO;
	for (size_t i = 0; i < c->values.count; i++) {
		enum answer wants = operator_test((struct operator_parts){.family = FAMILY_BOOL},
						  c->values.item[i], "true");
		any = answer_or(any, wants == ANSWER_UNKNOWN ? wants
				     : wants == ANSWER_YES   ? null
							     : answer_not(null));
	}
	return any;
}

static enum answer when_absent(struct operator_parts parts)
{
	if (parts.quantifier == QUANTIFIER_ANY)
		return ANSWER_NO; /* also with IfExists */
	if (parts.quantifier == QUANTIFIER_ALL)
		return ANSWER_YES;
	return parts.negated || parts.if_exists ? ANSWER_YES : ANSWER_NO;
}

enum answer evaluate_condition(const struct evaluation *v, const struct condition *c,
			       bool version_2012)
{
	struct operator_parts parts = operator_parse(c->operator);
	const struct context_value *request = find_key(v->request, c->key);
	if (parts.family == FAMILY_UNKNOWN || c->values.count == 0)
		return ANSWER_UNKNOWN;
	if (parts.family == FAMILY_NULL)
		return is_null(c, request);
	if (request == NULL || request->absent)
		return when_absent(parts);
	if (parts.quantifier == QUANTIFIER_ALL)
		return all_hold(v, parts, version_2012, c, request);
	if (parts.quantifier == QUANTIFIER_ANY)
		return any_holds(v, parts, version_2012, c, request);
	if (request->multi || request->values.count != 1)
		return ANSWER_UNKNOWN; /* a list needs a set operator */
	return element_holds(v, parts, version_2012, c, request->values.item[0]);
}

/* --- statements and sets --- */

enum answer evaluate_statement(const struct evaluation *v, const struct statement *s)
{
	enum answer all = evaluate_actions(s, v->request->action);
	if (all == ANSWER_NO)
		return ANSWER_NO;
	if (s->unknown != NULL)
		all = ANSWER_UNKNOWN;
	all = answer_and(all, evaluate_resources(v, s));
	for (size_t i = 0; i < s->condition_count && all != ANSWER_NO; i++)
		all = answer_and(all,
				 evaluate_condition(v, &s->conditions[i], s->policy->version_2012));
	return all;
}

static enum answer some_statement(const struct evaluation *v, struct policy_set set,
				  enum effect effect)
{
	enum answer any = ANSWER_NO;
	for (size_t p = 0; p < set.count; p++)
		for (size_t i = 0; i < set.policy[p]->count && any != ANSWER_YES; i++) {
			const struct statement *s = &set.policy[p]->statements[i];
			if (s->effect == effect)
				any = answer_or(any, evaluate_statement(v, s));
		}
	return any;
}

enum answer evaluate_denied(struct policy_set set, const struct witness *request,
			    enum arn_reading reading)
{
	struct evaluation v = {arena_new(NULL), request, reading, false};
	enum answer denied = some_statement(&v, set, EFFECT_DENY);
	arena_free(v.scratch);
	return denied;
}

enum answer evaluate_allowed(struct policy_set set, const struct witness *request,
			     enum arn_reading reading)
{
	struct evaluation v = {arena_new(NULL), request, reading, false};
	enum answer allowed = some_statement(&v, set, EFFECT_ALLOW);
	if (allowed != ANSWER_NO)
		allowed = answer_and(allowed, answer_not(some_statement(&v, set, EFFECT_DENY)));
	arena_free(v.scratch);
	return allowed;
}
