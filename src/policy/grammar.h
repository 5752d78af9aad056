/* grammar: IAM's rules for the strings inside a policy document; private to src/policy.
 * Each check gives NULL when the string is fine, else what was expected. */
#ifndef PARE_GRAMMAR_H
#define PARE_GRAMMAR_H

#include <stdbool.h>

/* What a check has to say about a string that it lets through; each stays as it is otherwise. */
struct remark {
	const char *unknown; /* grammatical, and not understood: no proof can be made over it */
	const char *invalid; /* not to be written anew: IAM's grammar wants it otherwise */
};

bool grammar_sid(const char *text); /* letters and digits only */
const char *grammar_action(const char *text);
const char *grammar_resource(const char *text, bool version_2012, struct remark *remark);
const char *grammar_operator(const char *operator, struct remark *remark);
const char *grammar_condition_value(const char *operator, const char *text, bool version_2012,
				    struct remark *remark);

enum operator_family {
	FAMILY_UNKNOWN,
	FAMILY_STRING,
	FAMILY_ARN,
	FAMILY_NUMERIC,
	FAMILY_DATE,
	FAMILY_IP,
	FAMILY_BOOL,
	FAMILY_BINARY,
	FAMILY_NULL,
};
enum quantifier { QUANTIFIER_NONE, QUANTIFIER_ALL, QUANTIFIER_ANY };
enum relation { EQUALS, LESS, LESS_EQUALS, GREATER, GREATER_EQUALS };

struct operator_parts {
	enum operator_family family;
	enum quantifier quantifier;
	enum relation relation;
	bool negated, like, ignore_case, if_exists;
};
/* "ForAnyValue:StringNotLikeIfExists" taken apart, in any case. */
struct operator_parts operator_parse(const char *operator);

#endif
