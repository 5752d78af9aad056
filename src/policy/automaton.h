/* automaton: walks through all texts at once, as far as a set of patterns can tell them apart
 * (joint subset construction, breadth first, so the first text found is a shortest one); private to
 * src/policy.
 *
 * A state is where every pattern can be after some text. Patterns that can match no longer are
 * absent from it; patterns that match whatever follows stand in it as DONE. The caller looks at
 * each state once and says whether to go on behind it. */
#ifndef PARE_AUTOMATON_H
#define PARE_AUTOMATON_H

#include <stdint.h>

#include "pattern.h"

enum domain {
	DOMAIN_ACTION,   /* service:Name, lower case */
	DOMAIN_ARN,      /* arn:partition:service:region:account:resource */
	DOMAIN_TEXT,     /* any text but the empty one */
};

struct place { /* pattern `pattern` stands before symbol `at` */
	uint16_t pattern;
	uint16_t at;
};
enum { PLACE_DONE = 0xffff, PATTERNS_MAX = 0xfff0, SYMBOLS_MAX = 0xfff0 };

struct state {
	const struct place *place; /* sorted */
	size_t count;
	size_t number;
	bool complete; /* the text so far is itself in the domain */
};

enum visit { VISIT_ON, VISIT_PRUNE, VISIT_STOP };

struct walk {
	const struct pattern *pattern; /* `never` and `unread` ones must be left out */
	size_t pattern_count;
	enum domain domain;
	size_t max_states;
	uint64_t *steps; /* counted down; the walk ends at 0 */
	enum visit (*visit)(void *context, const struct walk *w, const struct state *s);
	/* Optional: drops places that no longer matter, in place; gives the new count. */
	size_t (*reduce)(void *context, struct place *place, size_t count);
	void *context;
	struct walker *walker; /* the walk's own */
};

enum walk_end { WALK_DONE, WALK_STOPPED, WALK_STATES, WALK_STEPS, WALK_SIZE };

enum walk_end walk_texts(struct arena *scratch, struct walk *w);

/* Does the text so far match this place's pattern? */
bool place_accepts(const struct walk *w, struct place p);
/* The text that led to a state, Latin-1. */
char *walk_text(struct arena *a, const struct walk *w, const struct state *s);

#endif
