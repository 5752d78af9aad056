/* reglob: shorter wildcards for a set of actions of one service; private to src/policy. */
#ifndef PARE_REGLOB_H
#define PARE_REGLOB_H

#include "pare/catalog.h"
#include "pare/str.h"
#include "pare/unused.h"

struct reglob {
	struct arena *arena;
	const struct catalog_service *service;
	const bool *granted; /* per action of the service: what the result must match, and no other */
	const struct unused *unused; /* names that it must not match either, catalogued or not; or NULL */
	bool words; /* cut names only where a word ends: "GetObject*", not "GetO*" */
	/* May this wildcard be written? Only where everything it can ever match was granted before. */
	bool (*inside)(void *user, const char *pattern);
	void *user;
};

/* Appends patterns that match exactly the granted actions of the catalogue: the shortest prefix
 * with a '*' that covers two or more of them, else the names one by one. */
void reglob(const struct reglob *r, struct str_list *out);

#endif
