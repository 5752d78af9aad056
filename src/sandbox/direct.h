/* direct: what each operation answers as struct call; private to src/sandbox. */
#ifndef PARE_SANDBOX_DIRECT_H
#define PARE_SANDBOX_DIRECT_H

#include "model.h"

/* Does what the call says and fills its answer; false with the problem. */
bool direct_call(const struct view *v, struct call *c, struct problem *p);

/* direct_checks.c: what AWS says of policies and of use. */
bool direct_check(const struct view *v, struct call *c, struct problem *p);

#endif
