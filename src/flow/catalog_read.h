/* catalog_read: one service of the Service Authorization Reference; private to src/flow/catalog*. */
#ifndef PARE_CATALOG_READ_H
#define PARE_CATALOG_READ_H

#include "pare/catalog.h"

/* From one service's JSON, whose Name must be prefix. Actions are sorted and single. */
struct catalog_service *service_read(struct arena *a, const char *prefix, const char *text,
				     size_t len, struct err *e);

/* now with what only known has: its actions (counted in *kept) and resource types, and which types
 * an action requires, which the reference does not say. */
struct catalog_service *service_merge(struct arena *a, const struct catalog_service *now,
				      const struct catalog_service *known, size_t *kept);

#endif
