/* finding: what Access Analyzer says is unused. Shapes: Access Analyzer API, FindingSummaryV2 and
 * GetFindingV2. */
#ifndef PARE_FINDING_H
#define PARE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/json.h"
#include "pare/unused.h"

enum finding_type {
	FINDING_UNUSED_PERMISSION,
	FINDING_UNUSED_ROLE,
	FINDING_UNUSED_ACCESS_KEY,
	FINDING_UNUSED_PASSWORD,
	FINDING_OTHER, /* external or internal access, or a type newer than this program */
};

struct finding {
	const char *id;
	const char *analyzer; /* ARN, or NULL where the source did not say */
	enum finding_type type;
	const char *type_text; /* as AWS wrote it */
	const char *status;    /* ACTIVE, ARCHIVED, RESOLVED */
	const char *resource;  /* principal's ARN, or NULL */
	const char *resource_type;
	const char *owner_account;
	const char *created_at;
	const char *updated_at;
	const char *analyzed_at;
	const char *access_key_id; /* UNUSED_ACCESS_KEY, once detailed; or NULL */
	const char *last_accessed; /* of the role, key or password as a whole; NULL: never, or not known */
	const char *error;     /* INTERNAL_ERROR, ACCESS_DENIED, or NULL */
	bool detailed;         /* findingDetails were read, not only the summary */
	struct unused *unused; /* never NULL; empty until detailed */
};

/* From one FindingSummaryV2, or what GetFindingV2 answers (all pages of details merged by
 * finding_merge). Unknown members are ignored, unknown enum texts kept. */
struct finding *finding_parse(struct arena *a, const struct json *value, const char *what,
			      struct err *e);
/* Adds the details of a further page of the same finding. */
bool finding_merge(struct arena *a, struct finding *into, const struct finding *page,
		   struct err *e);
/* Canonical JSON in GetFindingV2's member names: the evidence file. */
void finding_print(const struct finding *f, struct buf *out);

#endif
