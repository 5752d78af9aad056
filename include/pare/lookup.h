/* lookup: places in a list by text, where going through the list each time would be too slow. */
#ifndef PARE_LOOKUP_H
#define PARE_LOOKUP_H

#include <stdbool.h>

#include "pare/arena.h"

struct lookup;

struct lookup *lookup_new(struct arena *a);
/* Borrows text. A text that is there already keeps its place. */
void lookup_add(struct lookup *l, const char *text, size_t place);
bool lookup_find(const struct lookup *l, const char *text, size_t len, size_t *place);

#endif
