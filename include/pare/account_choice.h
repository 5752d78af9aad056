/* account_choice: which accounts of an organization a run is about, by id, unit and tag; and the
 * waves of a rollout that are given by unit or tag. Each thing is asked of Organizations once.
 *
 * Nothing chosen is an error, never "all": an empty list of accounts means all of them elsewhere. */
#ifndef PARE_ACCOUNT_CHOICE_H
#define PARE_ACCOUNT_CHOICE_H

#include "pare/config.h"
#include "pare/organization.h"
#include "pare/port.h"

struct account_choice;

/* Lists the organization's accounts. NULL: *e says why. progress may be NULL; port must live as long. */
struct account_choice *account_choice_open(struct arena *a, const struct organization_port *port,
					   const struct clock_port *clock,
					   const struct progress_port *progress, struct err *e);

/* Empty lists ask for nothing; the three together must hold. */
struct account_filter {
	const struct str_list *account; /* one of these */
	const struct str_list *unit;    /* in one of these, or in a unit inside it */
	const struct str_list *tag;     /* tagged with all of these: "KEY=VALUE" */
};
/* The active accounts that the filter asks for, at least one, sorted; those that are not active are
 * left out and told of. */
bool account_choice_select(struct account_choice *c, const struct account_filter *f,
			   struct str_list *out, struct err *e);

/* Adds to each wave those accounts of the run that its units and tags mean. A unit or tag without a
 * single active account in the whole organization is an error: the rollout would begin with the
 * accounts that were to come later. */
bool account_choice_waves(struct account_choice *c, struct wave *wave, size_t count,
			  const struct str_list *of_run, struct err *e);

/* "SUSPENDED" and the like; NULL: it is active, or not of this organization. */
const char *account_choice_inactive(const struct account_choice *c, const char *account);

#endif
