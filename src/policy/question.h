/* question: one containment question while it is being answered; private to src/policy.
 *
 * All three questions have one form: is everything the left side allows also allowed by the right
 * side? A violation is a request that some LEFT_ALLOW matches, no LEFT_DENY matches, and that
 * either no RIGHT_ALLOW matches or some RIGHT_DENY does. */
#ifndef PARE_QUESTION_H
#define PARE_QUESTION_H

#include <stdint.h>

#include "action_index.h"
#include "evaluation.h"
#include "pare/contain.h"

enum role { LEFT_ALLOW, LEFT_DENY, RIGHT_ALLOW, RIGHT_DENY, ROLES };

struct member { /* a statement in its role */
	size_t number;
	const struct statement *s;
	enum role role;
	const char *unread; /* NULL, or what of it cannot be judged */
	const struct action_index *index;
	bool atoms_known;
	uint32_t *atom;
	size_t atom_count;
};

struct atom { /* one distinct condition */
	const struct condition *c;
	bool version_2012;
	struct operator_parts parts;
	size_t key;
	size_t base; /* the first atom that differs at most in negation and IfExists */
};

struct key {
	const char *name; /* lower case */
	bool lists; /* its value may be a list */
	struct rows *rows; /* one for each set of atoms asked for so far */
};

/* One value of a key and what it decides: bit i for the i-th atom of the rows. */
struct row {
	uint64_t low;  /* certainly true */
	uint64_t high; /* possibly true */
	bool definite; /* take part in the search for certain violations */
	bool guessed;  /* … for possible ones */
	struct context_value value;
};

struct rows {
	struct rows *next;
	const uint32_t *atom;
	size_t atom_count;
	struct row *row;
	size_t count, cap;
};

enum { WORDS_MAX = 8, MEMBERS_MAX = 64 * WORDS_MAX };
struct set { /* of the members of a class */
	uint64_t word[WORDS_MAX];
};

struct seen { /* sets that were met before */
	struct set *set;
	size_t count, size;
};

struct question {
	struct arena *arena; /* gone when the question is answered */
	const struct catalog *catalog;
	struct proof_caps caps;
	uint64_t steps; /* left */
	struct member *member;
	size_t member_count;
	struct atom *atom;
	size_t atom_count, atom_cap;
	struct key *key;
	size_t key_count, key_cap;
	enum arn_reading reading;
	bool strictly; /* instead: for each statement the reading that is worst for a violation */
	const struct witness *fixed; /* values the variables' keys are given; NULL: undecided */
	const char *limit; /* NULL, or the cap that was reached or what could not be judged */
	size_t action_classes, resource_classes, contexts; /* for the report */

	/* what is asked */
	struct policy_set left, right;
	bool denies; /* about Deny statements themselves: they stand as LEFT_ALLOW and RIGHT_ALLOW */
	const struct unused *unused; /* not NULL: only catalogued actions that it does not list */
	struct target *target;
	size_t target_count;
	const char *uncatalogued; /* an action lost that the catalogue does not know, or NULL */
	/* what was found */
	struct witness *witness; /* confirmed: the end */
	bool refuted_when[ARN_READING_COUNT]; /* a violation in this reading, but not in all */
	struct witness *possible; /* a request that might be a violation */
	size_t instances; /* how often values were tried for variables */
	struct seen concerned, looked;
	uint8_t *framing; /* for each two members whether one frames the other, as far as asked */
};

struct target { /* where a violation must lie: actions that no statement of the other side holds */
	struct member *member;
	const char *pattern; /* NULL: all of its NotAction */
	const struct frames *frames;
};

/* --- atoms.c, context.c: conditions --- */

/* Fills in the member's atoms. */
void member_atoms(struct question *q, struct member *m);
/* What each value of the key decides about these atoms (sorted, at most 64). */
const struct rows *key_rows(struct question *q, size_t key, const uint32_t *atom, size_t count);
/* Forgets all rows: the fixed values have changed. */
void forget_rows(struct question *q);
/* A struct lookup's function over q->fixed. */
enum lookup_result find_fixed(const void *question, const char *key, const char **value);

/* --- search.c: is there a context? --- */

struct class { /* the members that one kind of action concerns */
	struct question *q;
	struct arena *arena; /* its own */
	struct member **member;
	size_t count;
	struct set role[ROLES];
	struct set unread;
	const struct rows **rows; /* of each key the members ask about */
	size_t key_count;
	uint64_t **need; /* by key and member: the bits of the rows it wants */
	struct memo *memo;
	size_t memo_count, memo_size;
};

enum certainty { CERTAIN, POSSIBLE };

/* NULL, with q->limit, when it is too large. */
struct class *class_new(struct question *q, struct member **member, size_t count);
void class_free(struct class *c);
/* A context for a request whose resource concerns the members `hit`: violation or not? With
 * `context` (may be NULL) the values that make it one. */
bool class_violated(struct class *c, const struct set *hit, enum certainty certainty,
		    struct context_value **context, size_t *context_count);

/* --- resource_classes.c --- */

struct violation {
	const char *resource;
	struct context_value *context;
	size_t context_count;
};
enum search_end { SEARCH_NONE, SEARCH_CERTAIN, SEARCH_POSSIBLE };

/* Walks through the resources of a class of actions as far as they can lead to a violation. What
 * it could not look at is said in q->limit. */
enum search_end class_search(struct class *c, struct violation *found);

/* --- readings.c --- */

/* Looks for a violation among actions that concern just the members `hit`. true: q->witness is one.
 * What may be one, or is one in some readings only, is noted in q. */
bool refute_class(struct question *q, const struct set *hit, const char *action);

/* --- action_classes.c --- */

/* Looks at every kind of action inside the targets. Ends early when q->witness is there. */
void search_actions(struct question *q);

/* --- witness.c --- */

/* A request as the plain evaluator takes it. */
struct witness *witness_new(struct question *q, const char *action, const struct violation *v);
/* Is it a violation in every reading? In this one? */
bool witness_confirmed(const struct question *q, const struct witness *w);
bool witness_confirmed_in(const struct question *q, const struct witness *w,
			  enum arn_reading reading);
/* A catalogued action that concerns the same members, or `action` itself. */
const char *witness_action(struct question *q, const struct set *hit, const char *action);
/* Copies w into a, tagged, and lists the statements that decide. */
void witness_publish(struct arena *a, struct question *q, const struct witness *w,
		     struct proof *proof);

/* As evaluate_actions, over the member's index. */
static inline bool member_concerned(const struct member *m, const char *action)
{
	return m->s->actions.count == 0 || action_index_matches(m->index, action) != m->s->not_action;
}

static inline void set_add(struct set *s, size_t i)
{
	s->word[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline bool set_has(const struct set *s, size_t i)
{
	return (s->word[i / 64] >> (i % 64) & 1) != 0;
}

#endif
