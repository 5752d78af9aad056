/* config_values: what the texts of pare.lua look like; private to src/adapt. Each check gives what was
 * expected of a text that is wrong, else NULL. */
#ifndef PARE_CONFIG_VALUES_H
#define PARE_CONFIG_VALUES_H

#include "pare/arena.h"
#include "pare/window.h"

const char *check_analyzer(struct arena *a, const char *text);
const char *check_forge(struct arena *a, const char *text);
const char *check_api(struct arena *a, const char *text);
const char *check_project(struct arena *a, const char *text);
const char *check_label(struct arena *a, const char *text);
const char *check_reviewer(struct arena *a, const char *text);
/* A key and a value of `owners`. */
const char *check_owned(const char *text);
const char *check_owners(const char *text);
const char *check_branch(struct arena *a, const char *text);
const char *check_arn_glob(struct arena *a, const char *text);
const char *check_role(struct arena *a, const char *text);
const char *check_external_id(struct arena *a, const char *text);
const char *check_source_identity(struct arena *a, const char *text);
const char *check_region(struct arena *a, const char *text);
const char *check_author(struct arena *a, const char *text);
const char *check_freeze(struct arena *a, const char *text);
const char *check_open(struct arena *a, const char *text);
const char *check_calendar(struct arena *a, const char *text);
const char *check_ticket(struct arena *a, const char *text);
const char *check_standing(struct arena *a, const char *text);
/* The zone must be there now: a window in a zone that nobody knows would never open. name NULL: *out
 * stays. */
const char *config_zone(struct arena *a, const char *name, const struct zone **out);

#endif
