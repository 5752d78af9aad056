/* door: which service an HTTP request is meant for, whether its signature holds, and what it says;
 * then the model's answer or the door's own error. Knows no sockets; private to src/sandbox. */
#ifndef PARE_SANDBOX_DOOR_H
#define PARE_SANDBOX_DOOR_H

#include <stdbool.h>

#include "signature.h"
#include "wire.h"

enum { DOOR_BODY_MAX = 1 << 20 };

struct door_request {
	struct arena *arena; /* lives until the answer is sent */
	const char *method;
	const char *target; /* path and query, as on the wire */
	const struct signature_header *header;
	size_t header_count;
	const struct buf *body;
	bool too_large; /* the body was not kept */
};

/* Not thread-safe, as wire_handle is not. Never fails: an error is an answer. */
void door_answer(struct sandbox *s, const struct door_request *in, struct wire_answer *out);

#endif
