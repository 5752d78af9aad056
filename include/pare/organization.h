/* organization: an organization of AWS Organizations: its accounts, the units that they are in, and
 * their tags, as the port through which the flow asks for them. */
#ifndef PARE_ORGANIZATION_H
#define PARE_ORGANIZATION_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/principal.h"
#include "pare/str.h"

/* An organizational unit's id, ou-EXAM-12345678, or a root's, r-EXAM (API reference, ParentId). */
bool unit_id_valid(const char *text);
/* "KEY=VALUE", cut at the first '='. The value may be empty. */
bool account_tag_valid(const char *pair);
bool account_tag_is(const char *pair, const struct tag *tag);

struct member_account {
	const char *id;    /* twelve digits */
	const char *name;  /* or "" */
	const char *state; /* "ACTIVE", "SUSPENDED", "PENDING_CLOSURE" …; only in ACTIVE ones can be worked */
};

/* Every list is whole: all its pages. A unit that is not there is ERR_NOT_FOUND; who may not ask,
 * ERR_AUTH. */
struct organization_port {
	void *self;
	/* All accounts, in no order. */
	bool (*accounts)(void *self, struct arena *a, struct member_account **out, size_t *count,
			 struct err *e);
	/* Ids of what is directly in a unit or root. */
	bool (*inside)(void *self, struct arena *a, const char *unit, struct str_list *accounts,
		       struct str_list *units, struct err *e);
	bool (*tags)(void *self, struct arena *a, const char *account, struct tag **out, size_t *count,
		     struct err *e);
};

#endif
