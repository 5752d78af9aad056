/* decision: what the rules say of one finding. Strictest wins:
 * hold > archive > exempt > keep > pass. */
#ifndef PARE_DECISION_H
#define PARE_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/str.h"

enum verdict_kind { VERDICT_PASS, VERDICT_KEEP, VERDICT_EXEMPT, VERDICT_ARCHIVE, VERDICT_HOLD };
const char *verdict_name(enum verdict_kind k); /* "pass" … */
bool verdict_parse(const char *name, enum verdict_kind *k);

struct verdict { /* one rule's word */
	const char *rule;
	const char *rule_sha256; /* of the file the rule stands in */
	enum verdict_kind kind;
	const char *reason; /* or NULL for pass */
	const char *until;  /* ISO date or time, or NULL */
	const char *owner;  /* or NULL */
	struct str_list keep; /* keep(): action patterns "s3:Get*" */
	bool failed;        /* the rule erred or overran: a hold */
};

struct decision {
	enum verdict_kind outcome;
	struct verdict *verdict; /* in rule order; passes included */
	size_t count;
	const char *rules_sha256; /* digest over all rule files in force, in order */
};

/* Settles the verdicts at now_ms and sets outcome to the strictest. A verdict whose `until` has
 * passed becomes a pass (reason and until stay, so that people see why); a date alone ends with its
 * day in UTC. One whose `until` is no time becomes a hold that says so: nobody can tell when it
 * ends. */
/* Has this `until` passed? A date alone ends with its day in UTC; what is no time never passes. */
bool decision_until_passed(const char *until, int64_t now_ms);
void decision_combine(struct decision *d, int64_t now_ms);
/* After decision_combine: the first of the strictest verdicts, or NULL when all pass. */
const struct verdict *decision_deciding(const struct decision *d);

#endif
