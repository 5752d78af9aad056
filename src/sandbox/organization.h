/* organization: AWS Organizations' protocol (JSON 1.1), reads only; private to src/sandbox. The
 * organization is what the seed says:
 *
 *   "organization": {
 *     "management": "111122223333",        the account that may ask; by default the first
 *     "delegated": ["444455556666"],       further ones that may
 *     "root": "r-ab12",
 *     "page": 2, "emptyPages": true,       at most so many items a page; an empty one before each
 *     "accounts": [{"id": "…", "name": "…", "state": "ACTIVE", "tags": {"env": "dev"}}],
 *     "units": [{"id": "ou-ab12-34cd56ef", "name": "…", "accounts": […], "units": […]}]
 *   } */
#ifndef PARE_SANDBOX_ORGANIZATION_H
#define PARE_SANDBOX_ORGANIZATION_H

#include "model.h"
#include "pare/json.h"

/* The operation that the header X-Amz-Target names; NULL: it is none of Organizations'. */
const char *organization_operation(const char *target);
void organization_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer);
void organization_error(struct wire_answer *answer, const char *code, const char *message);
/* Is the seed's section what it must be? Its accounts are made. */
bool organization_check(struct sandbox *s, const struct json *v, const char *what, struct err *e);

#endif
