/* Roles R0, R1 …, each with a plan, and a state folder that holds nothing: for tests of the loop that
 * drives many plans. */
#ifndef PARE_APPLY_SCENE_H
#define PARE_APPLY_SCENE_H

#include "../unit/test.h"

#include "pare/apply.h"
#include "pare/str.h"

static inline void plan_of_role(struct arena *a, struct plan *p, size_t i)
{
	const struct principal nobody = {.name = ""};
	p->id = str_printf(a, "plan-%zu", i);
	p->digest = str_printf(a, "%064zu", i);
	p->account = "111122223333";
	p->partition = "aws";
	p->principal.type = PRINCIPAL_ROLE;
	p->principal.name = str_printf(a, "R%zu", i);
	p->principal.arn = str_printf(a, "arn:aws:iam::111122223333:role/R%zu", i);
	p->principal.unique_id = "AROA";
	p->principal.path = "/";
	p->preconditions.tags_sha256 = principal_tags_sha256(a, &nobody);
}

/* What GetRole says of the plan's role. */
static inline void answer_role(struct call *c, const struct plan *p)
{
	c->principal = arena_alloc(c->arena, sizeof *c->principal);
	*c->principal = (struct principal){.name = c->role, .arn = p->principal.arn, .unique_id = "AROA",
					   .path = "/", .partition = "aws", .account = "111122223333"};
}

static inline bool nothing_there(void *self, struct arena *a, const char *name, size_t max, const char **bytes,
			  size_t *len, struct err *e)
{
	(void)self, (void)a, (void)max, (void)bytes, (void)len;
	return err_set(e, ERR_NOT_FOUND, "%s", name);
}

static inline bool taken(void *self, const char *name, size_t at, const void *bytes, size_t len, struct err *e)
{
	(void)self, (void)name, (void)at, (void)bytes, (void)len, (void)e;
	return true;
}

#endif
