/* recommendation: the steps Access Analyzer proposes for one principal. Shapes: Access Analyzer
 * API, GetFindingRecommendation. Complete only when all pages were read: the DETACH that pairs
 * with a CREATE may be on a later page, in any order. */
#ifndef PARE_RECOMMENDATION_H
#define PARE_RECOMMENDATION_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/json.h"

enum recommended_action { RECOMMEND_CREATE_POLICY, RECOMMEND_DETACH_POLICY, RECOMMEND_UNKNOWN };
enum recommendation_status {
	RECOMMENDATION_SUCCEEDED,
	RECOMMENDATION_IN_PROGRESS,
	RECOMMENDATION_FAILED,
	RECOMMENDATION_NONE, /* never generated, or cannot be */
};

struct recommended_step {
	enum recommended_action action;
	const char *action_text;        /* as AWS wrote it, or the unknown union member's name */
	const char *existing_policy_id; /* ARN, or the bare name of an inline policy, or NULL */
	const char *document;           /* CREATE_POLICY: JSON text, or NULL */
	const char *policy_updated_at;  /* managed only, or NULL */
};

struct recommendation {
	const char *finding_id; /* from the request or the file name; may be NULL */
	enum recommendation_status status;
	const char *resource; /* principal's ARN */
	const char *type_text;
	bool type_known; /* UnusedPermissionRecommendation, however spelled */
	const char *started_at;
	const char *completed_at;
	const char *error_code; /* only FAILED */
	const char *error_message;
	struct recommended_step *step;
	size_t count;
	const char *next_token; /* of the last page read; NULL when complete */
};

struct recommendation *recommendation_parse(struct arena *a, const struct json *value,
					    const char *what, struct err *e);
bool recommendation_merge(struct arena *a, struct recommendation *into,
			  const struct recommendation *page, struct err *e);
/* Canonical JSON in GetFindingRecommendation's member names, without tokens: the evidence file.
 * Its SHA-256 is the recommendation's digest. */
void recommendation_print(const struct recommendation *r, struct buf *out);
char *recommendation_sha256(struct arena *a, const struct recommendation *r);

#endif
