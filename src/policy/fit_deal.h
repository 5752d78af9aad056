/* fit_deal: the statements of one document dealt out over several; private to src/policy. */
#ifndef PARE_FIT_DEAL_H
#define PARE_FIT_DEAL_H

#include "pare/document.h"

/* IAM's count of the compact form. */
size_t fit_size(const struct policy *p);

/* Documents of at most max characters that together say what p says: policies of one principal are
 * one union. Statements stay whole where they fit; one that is too large by itself is cut by its
 * actions, else by its resources, never where it lists exceptions (NotAction, NotResource). NULL
 * when something cannot be cut small enough. */
struct policy **fit_deal(struct arena *a, const struct policy *p, size_t max, size_t *count,
			 struct err *e);

#endif
