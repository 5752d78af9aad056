/* contain: the proof. Does a principal, after a change, get nothing new and lose only what is
 * unused? Decided offline for all its policies together; docs/proof.md says what exactly is proved
 * and under which assumptions.
 *
 * A proof is never guessed: what is not understood, a disagreement between the documented readings
 * of ARN wildcards, or a cap reached is UNKNOWN. A REFUTED carries a request that the plain
 * evaluator (evaluate.h) has confirmed. */
#ifndef PARE_CONTAIN_H
#define PARE_CONTAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/catalog.h"
#include "pare/document.h"
#include "pare/unused.h"

enum proof_verdict { PROOF_PROVED, PROOF_REFUTED, PROOF_UNKNOWN };
const char *proof_verdict_name(enum proof_verdict v); /* "PROVED" … */

struct policy_set { /* all identity policies of one principal */
	const struct policy **policy;
	size_t count;
};

struct context_value {
	const char *key;
	bool absent;
	bool multi; /* the key carries a list, possibly empty */
	struct str_list values;
};

struct witness { /* a concrete request */
	const char *action;
	const char *resource;
	struct context_value *context;
	size_t context_count;
	const char *kind; /* "feasible", "future-action", "infeasible-resource" */
};

struct proof_caps { /* every question is bounded; a cap reached is UNKNOWN */
	size_t states;         /* automaton states per dimension */
	size_t contexts;       /* condition contexts per (action, resource) class */
	uint64_t steps;        /* evaluator steps in all: the deterministic time budget */
};
struct proof_caps proof_caps_default(void);

struct proof {
	const char *question; /* "no-new-allow", "no-lost-deny", "only-unused-lost" */
	enum proof_verdict verdict;
	const char *reason;      /* one readable sentence, deterministic */
	struct witness *witness; /* only with REFUTED */
	const struct statement **statements; /* the statements that decide, offending first */
	size_t statement_count;
	size_t action_classes;
	size_t resource_classes;
	size_t contexts;
	bool syntactic; /* closed by the first, per-statement level */
};

/* allow(after) ⊆ allow(before) */
struct proof prove_no_new_allow(struct arena *a, struct policy_set before, struct policy_set after,
				const struct catalog *catalog, const struct proof_caps *caps);
/* deny(before) ⊆ deny(after): an identity policy's Deny also overrides resource policies */
struct proof prove_no_lost_deny(struct arena *a, struct policy_set before, struct policy_set after,
				const struct catalog *catalog, const struct proof_caps *caps);
/* allow(before), restricted to the catalogue's actions that `unused` does not list, ⊆ allow(after) */
struct proof prove_only_unused_lost(struct arena *a, struct policy_set before,
				    struct policy_set after, const struct unused *unused,
				    const struct catalog *catalog, const struct proof_caps *caps);

/* Which statement of `before` each Allow statement of `after` comes from: same effect, resource,
 * condition, and its actions within. NULL where there is none: then conditions are not kept as
 * text and the caller relies on the proofs. In order of policies, then statements. */
struct provenance {
	const struct statement *now;
	const struct statement *from;
};
struct provenance *provenance_of(struct arena *a, struct policy_set before, struct policy_set after,
				 size_t *count);

#endif
