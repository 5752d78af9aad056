/* rest: Access Analyzer's protocol: JSON over paths and methods; private to src/sandbox. */
#ifndef PARE_SANDBOX_REST_H
#define PARE_SANDBOX_REST_H

#include "model.h"
#include "pare/json.h"

struct rest {
	struct sandbox *s;
	struct arena *a;
	const struct wire_request *request;
	const struct json *body;  /* or NULL */
	const char *label;        /* the path's variable part, decoded, or NULL */
	struct json_writer out;
	struct buf *bytes;
	struct problem *p;
};

void rest_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer);
bool rest_writes(const struct wire_request *request);
void rest_error(struct wire_answer *answer, struct arena *a, const char *code, const char *message);

const struct box_analyzer *rest_analyzer(struct rest *q, const char *arn);
const char *rest_param(const struct rest *q, const char *name);
bool rest_page(struct rest *q, const char *token, const char *max, size_t otherwise, struct page *out);
bool rest_max(struct rest *q, char text[24]); /* maxResults of the body, "" when absent */

/* rest_findings.c */
bool rest_list_findings(struct rest *q);
bool rest_get_finding(struct rest *q);
bool rest_generate(struct rest *q);
bool rest_get_recommendation(struct rest *q);
bool rest_update_findings(struct rest *q);
/* rest_validate.c */
bool rest_validate(struct rest *q);
bool rest_check_no_new_access(struct rest *q);

#endif
