/* operators: the typed values of condition operators: numbers, dates, addresses, bytes, truth;
 * private to src/policy. What is not certainly a value of its type is ANSWER_UNKNOWN. */
#ifndef PARE_OPERATORS_H
#define PARE_OPERATORS_H

#include "grammar.h"
#include "pare/evaluate.h"

enum answer answer_not(enum answer x);
enum answer answer_and(enum answer x, enum answer y); /* NO decides, then UNKNOWN */
enum answer answer_or(enum answer x, enum answer y);  /* YES decides, then UNKNOWN */

/* Does the request's value stand in the operator's relation to the policy's, its negation left
 * out? For the families NUMERIC, DATE, IP, BOOL and BINARY. */
enum answer operator_test(struct operator_parts parts, const char *policy_value,
			  const char *request_value);

/* Request values that between them give every combination of answers that values of this family
 * can give against all of `values`: each constant, a value in each gap, one beyond each end. */
void operator_representatives(struct arena *a, enum operator_family family,
			      const struct str_list *values, struct str_list *out);

#endif
