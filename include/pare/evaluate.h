/* evaluate: the plain evaluator: does a set of policies allow one concrete request?
 * Small enough to review by eye; everything the prover claims is checked against it.
 * Semantics: IAM User Guide, "Policy evaluation logic", "Condition operators", "Multivalued keys". */
#ifndef PARE_EVALUATE_H
#define PARE_EVALUATE_H

#include <stdbool.h>

#include "pare/contain.h"

/* The documented readings of '*' in an ARN differ (one segment, or across colons). */
enum arn_reading { ARN_FLAT, ARN_SEGMENTED, ARN_HYBRID, ARN_PADDED, ARN_READING_COUNT };
const char *arn_reading_name(enum arn_reading r);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* Some Allow matches and no Deny does. */
enum answer evaluate_allowed(struct policy_set set, const struct witness *request,
			     enum arn_reading reading);
/* Some Deny matches. */
enum answer evaluate_denied(struct policy_set set, const struct witness *request,
			    enum arn_reading reading);

#endif
