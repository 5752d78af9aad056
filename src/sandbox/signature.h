/* signature: is this request signed as AWS demands (Signature Version 4), by whom and for what;
 * private to src/sandbox. Written apart from the client's signer on purpose: what the two agree on
 * is not one shared mistake. */
#ifndef PARE_SANDBOX_SIGNATURE_H
#define PARE_SANDBOX_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum { SIGNATURE_WINDOW_MS = 5 * 60 * 1000 };

struct signature_header {
	const char *name, *value;
};

struct signature_request {
	const char *method;
	const char *path;  /* as on the wire, without the query */
	const char *query; /* as on the wire, without '?'; NULL when there is none */
	const struct signature_header *header; /* in the order sent; a name may come twice */
	size_t header_count;
	const void *body;
	size_t body_len;
};

enum signature_verdict {
	SIGNATURE_GOOD,
	SIGNATURE_ABSENT,     /* no Authorization header */
	SIGNATURE_INCOMPLETE, /* a part is missing or malformed */
	SIGNATURE_KEY_UNKNOWN,
	SIGNATURE_TOKEN_WRONG, /* missing, not the key's, or given where the key has none */
	SIGNATURE_TOKEN_EXPIRED,
	SIGNATURE_MISMATCH, /* also: another service's scope, outside the time window */
};

struct signature_check {
	int64_t now_ms;
	const char *service; /* the scope it must have: "iam" */
	const struct wire_key *(*key)(void *self, const char *access_key_id);
	void *self;
};

struct signature_result {
	enum signature_verdict verdict;
	const char *message;        /* in AWS's words; NULL when good */
	const struct wire_key *key; /* when good */
	const char *region;         /* when good */
	const char *canonical;      /* the canonical request and string to sign; NULL before that */
	const char *to_sign;
};

/* A header's first value, or NULL; names without case. */
const char *signature_header(const struct signature_request *r, const char *name);
/* The service of the credential scope, or NULL when there is none to be read. */
const char *signature_service(struct arena *a, const struct signature_request *r);
void signature_verify(struct arena *a, const struct signature_request *r,
		      const struct signature_check *check, struct signature_result *out);

/* The canonical forms, for tests. */
char *signature_canonical_path(struct arena *a, const char *path);
char *signature_canonical_query(struct arena *a, const char *query);

#endif
