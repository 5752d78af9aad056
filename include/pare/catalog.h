/* catalog: AWS's services and their actions, embedded in the binary, replaceable by a newer one from
 * the state folder (`pare catalog update`). Facts of AWS's Service Authorization Reference.
 * Read lazily: a service is unpacked when it is first asked for. */
#ifndef PARE_CATALOG_H
#define PARE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"

struct catalog_action {
	const char *name; /* "GetObject", in AWS's spelling */
	const char *full; /* "s3:GetObject" */
	char level;       /* R read, W write, L list, T tagging, P permissions management */
	const char *const *resource_types; /* names of the service's resource types it takes, "*"-suffixed when required */
	size_t resource_type_count;
};

struct catalog_type { /* a resource type */
	const char *name; /* "accesspoint"; some hold a space: "code signing config" */
	const char *const *arn; /* its ARN formats, "${…}" as '*' */
	size_t arn_count;
};

struct catalog_service {
	const char *prefix; /* "s3" */
	const struct catalog_action *action; /* sorted by name without case */
	size_t action_count;
	const struct catalog_type *type;
	size_t type_count;
	const char *const *arn_formats; /* of all its types together */
	size_t arn_format_count;
};

enum { CATALOG_MAX_BYTES = 16 * 1024 * 1024 };

struct catalog;

/* The embedded catalogue. Never NULL. */
const struct catalog *catalog_embedded(struct arena *a);
/* A catalogue in the text form that tools/catalog-pack describes, e.g. from the state folder. Every
 * line is checked; text must live as long as the catalogue. */
const struct catalog *catalog_parse(struct arena *a, const char *text, size_t len, const char *what,
				    struct err *e);
/* That text form of services sorted by prefix, whose actions are sorted by name without case.
 * Resource types that the service does not define are left out. */
void catalog_print(const char *date, const char *source, const struct catalog_service *const *service,
		   size_t count, struct buf *out);

const char *catalog_date(const struct catalog *c);   /* "2026-09-26" */
const char *catalog_source(const struct catalog *c); /* where it was taken from, for people */
size_t catalog_service_count(const struct catalog *c);
size_t catalog_action_count(const struct catalog *c); /* without unpacking anything */
const struct catalog_service *catalog_service_at(const struct catalog *c, size_t index);
const char *catalog_prefix_at(const struct catalog *c, size_t index); /* without unpacking it */
const struct catalog_service *catalog_service(const struct catalog *c, const char *prefix); /* any case; NULL */
const struct catalog_action *catalog_action(const struct catalog *c, const char *action); /* "s3:getobject"; NULL */

#endif
