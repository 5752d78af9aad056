/* checks: see checks.c; private to src/sandbox. */
#ifndef PARE_SANDBOX_CHECKS_H
#define PARE_SANDBOX_CHECKS_H

#include "model.h"
#include "pare/call.h"
#include "pare/contain.h"
#include "pare/digest.h"

bool check_no_new_access(struct sandbox *s, struct arena *a, const char *new_document,
			 const char *old_document, bool *pass, struct problem *p);

const struct role *role_of_arn(const struct view *v, const char *arn, struct problem *p);
/* Services, each before its actions; those without use too. */
size_t role_accesses(struct sandbox *s, struct arena *a, const struct role *r, struct last_access **out);
const char *job_of(struct arena *a, const struct role *r);
const struct role *job_role(const struct view *v, struct arena *a, const char *job, struct problem *p);

struct simulation {
	const char *principal; /* ARN */
	struct str_list documents, without_arns, without_inline;
	struct policy_set set;
};
bool simulation_open(const struct view *v, struct arena *a, struct simulation *x, struct problem *p);
const char *simulation_decide(const struct simulation *x, const char *action);

#endif
