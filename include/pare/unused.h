/* unused: the services and actions a finding calls unused. */
#ifndef PARE_UNUSED_H
#define PARE_UNUSED_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/json.h"
#include "pare/str.h"

struct unused_service {
	const char *namespace;    /* "s3" */
	const char *last_accessed; /* as AWS wrote it, or NULL */
	bool whole;               /* no action list was given: the whole service is unused */
	struct str_list actions;  /* bare names: "ListAliases" */
};

struct unused {
	struct unused_service *service;
	size_t count;
};

/* Is this action ("s3:GetObject", any case) listed, itself or by its whole service? */
bool unused_has(const struct unused *u, const char *action);

/* u without the actions that match one of the patterns ("s3:Get*", "s3:*"): what keep() leaves.
 * A whole service of which only some actions are kept is expanded over the catalogue. */
struct catalog;
struct unused *unused_without(struct arena *a, const struct unused *u,
			      const struct str_list *patterns, const struct catalog *catalog);

/* Accepts what `aws accessanalyzer get-finding-v2` prints, its findingDetails list, or a plain
 * list of "service" and "service:Action". */
struct unused *unused_parse(struct arena *a, const struct json *value, const char *what,
			    struct err *e);

#endif
