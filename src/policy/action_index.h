/* action_index: a statement's action patterns, found by text and by service; private to src/policy.
 * Policies hold hundreds of actions and are compared with policies that hold hundreds more. */
#ifndef PARE_ACTION_INDEX_H
#define PARE_ACTION_INDEX_H

#include "pare/document.h"

struct action_index;

struct action_index *action_index_new(struct arena *a, const struct str_list *patterns);
/* Does one of them match everything that `pattern` matches? Sound, as glob_within. */
bool action_index_holds(const struct action_index *x, const char *pattern);
/* Does one of them match this action? */
bool action_index_matches(const struct action_index *x, const char *action);
/* Is this one of them, to the letter but for case? */
bool action_index_lists(const struct action_index *x, const char *pattern);

#endif
