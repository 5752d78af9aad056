/* catalog_update: a newer action catalogue from AWS's Service Authorization Reference into the state
 * folder. Format: "Simplified AWS service information for programmatic access" (Service
 * Authorization Reference): a list of {service, url}, and one JSON document a service. */
#ifndef PARE_CATALOG_UPDATE_H
#define PARE_CATALOG_UPDATE_H

#include "pare/catalog.h"
#include "pare/port.h"
#include "pare/str.h"

#define CATALOG_URL "https://servicereference.us-east-1.amazonaws.com/"
#define CATALOG_FILE "catalog.txt" /* in the state folder */

struct catalog_update_setting {
	const struct fetch_port *web;
	const struct clock_port *clock;
	const struct store_port *store;
	const struct progress_port *progress; /* or NULL */
	const struct catalog *current; /* the one in force */
	const char *url; /* of the list; https, or http on this machine */
	int64_t now_ms;  /* becomes the catalogue's date */
};

struct catalog_change {
	const char *date, *source;
	size_t services_before, services_after, actions_before, actions_after;
	struct str_list new_services;
	struct str_list new_actions; /* of services known before */
	size_t kept_services, kept_actions; /* known before, not in the answer, kept */
};

/* Reads the list and every service at the same origin (only the paths of the list's URLs count),
 * checks all of it, and replaces the file in one step. What was known before and is not in the
 * answer is kept: a proof over a catalogue that forgets asks less. An answer with less than four
 * fifths of the services or actions known is refused as cut off (ERR_REFUSED), a broken one
 * likewise (ERR_INPUT); either leaves the file as it was. */
bool catalog_update(struct arena *a, const struct catalog_update_setting *s,
		    struct catalog_change *out, struct err *e);

#endif
