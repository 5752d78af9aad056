/* plan_check: private to model/plan*. */
#ifndef PARE_PLAN_CHECK_H
#define PARE_PLAN_CHECK_H

#include "pare/plan.h"

/* Do the members of a plan that was just read agree with each other? */
bool plan_agrees(struct arena *a, const struct plan *p, struct err *e);

#endif
