/* cover: does one statement lie inside others, read as text? Sound under every reading of ARN
 * wildcards; private to src/policy. What it cannot see is left to the automata. */
#ifndef PARE_COVER_H
#define PARE_COVER_H

#include "action_index.h"
#include "pare/contain.h"

/* Of the same effect, t's resources hold those of s, and t asks for no more conditions: whatever
 * s and t agree on in actions, t matches where s does. */
bool cover_frame(const struct statement *s, const struct statement *t);
/* Everything the resource `inner` matches, `outer` matches. */
bool cover_resource(const char *inner, const char *outer);

/* One side's statements, made ready to be looked through. */
struct cover;
struct cover *cover_new(struct arena *a, struct policy_set set);

/* The actions of its i-th statement, counted through all policies. */
const struct action_index *cover_index(const struct cover *c, size_t i);

/* The statements that frame s. */
struct frames {
	const struct cover *cover;
	size_t *number;
	size_t count;
	bool whole; /* one of them holds all of s */
};
void cover_frames(const struct cover *by, const struct statement *s,
		  const struct action_index *actions, struct frames *out);
/* Does one of them hold this action pattern (or action) of s? */
bool cover_action(const struct frames *frames, const char *pattern);

/* The statement that covers s as a whole with the same resources and conditions, or NULL. */
const struct statement *cover_origin(const struct cover *by, const struct statement *s);

#endif
