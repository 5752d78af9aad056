/* wire: one HTTP exchange with the sandbox after the door has read and authenticated it, and before
 * the model has answered it; private to src/sandbox. The door (http.c, signature.c) knows sockets
 * and signatures; the answers (query_*.c, rest.c) know the protocols; the model knows neither. */
#ifndef PARE_SANDBOX_WIRE_H
#define PARE_SANDBOX_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/sandbox.h"

enum wire_service { WIRE_IAM, WIRE_STS, WIRE_ANALYZER, WIRE_ORGANIZATIONS };

struct wire_param {
	const char *name, *value; /* percent-decoded */
};

struct wire_request {
	struct arena *arena; /* lives until the answer is sent */
	enum wire_service service;
	const char *method;
	const char *path;  /* as on the wire, still percent-encoded, without the query */
	struct wire_param *param; /* query string, then (IAM, STS) the form body; in order */
	size_t param_count;
	const char *target; /* Organizations: the operation, of X-Amz-Target */
	const char *body;  /* Access Analyzer, Organizations: JSON; NUL-terminated */
	size_t body_len;
	const char *account;    /* of the key that signed */
	const char *caller_arn;
	const char *region;     /* of the credential scope */
};

struct wire_answer {
	int status;
	const char *content_type;
	const char *request_id;  /* x-amzn-RequestId */
	const char *error_type;  /* x-amzn-ErrorType, or NULL */
	struct buf *body;
	enum { WIRE_SEND, WIRE_CUT } fate; /* WIRE_CUT: close the connection without an answer */
};

/* A key that may sign. */
struct wire_key {
	const char *access_key_id, *secret, *session_token; /* token NULL for long-lived keys */
	const char *account, *caller_arn;
	int64_t expires_ms; /* 0 never */
};

/* --- given by the model side (wire.c) --- */
/* NULL when nobody has this key. The result lives in the sandbox. */
const struct wire_key *wire_key(struct sandbox *s, const char *access_key_id);
/* Answers an authenticated request: faults, routing, protocol, model. Not thread-safe: the door
 * serialises calls. Never fails: an error is an answer. */
void wire_handle(struct sandbox *s, struct wire_request *request, struct wire_answer *answer);
/* An error of the door's own (SignatureDoesNotMatch …) in the service's own shape. */
void wire_error(struct sandbox *s, enum wire_service service, struct arena *a, int status,
		const char *code, const char *message, struct wire_answer *answer);
/* The sandbox's clock and how long an answer is to be held back. */
int64_t wire_now_ms(const struct sandbox *s);
int64_t wire_latency_ms(const struct sandbox *s);

#endif
