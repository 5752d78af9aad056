/* evaluation: the parts of the plain evaluator that the prover uses, too: whether one statement or
 * one condition holds; private to src/policy. */
#ifndef PARE_EVALUATION_H
#define PARE_EVALUATION_H

#include "grammar.h"
#include "pare/evaluate.h"
#include "pattern.h"

struct evaluation {
	struct arena *scratch;
	const struct witness *request;
	enum arn_reading reading;
	/* Variables whose keys the request does not mention are not absent but undecided: a value
	 * that hangs on one is UNKNOWN. */
	bool open;
};

enum answer evaluate_actions(const struct statement *s, const char *action);
enum answer evaluate_resources(const struct evaluation *v, const struct statement *s);
enum answer evaluate_condition(const struct evaluation *v, const struct condition *c,
			       bool version_2012);
enum answer evaluate_statement(const struct evaluation *v, const struct statement *s);

/* How the values of a String or Arn condition are read. */
struct pattern_rules condition_rules(struct operator_parts parts, bool version_2012,
				     struct lookup lookup);

#endif
