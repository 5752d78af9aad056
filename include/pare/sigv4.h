/* sigv4: AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request"). */
#ifndef PARE_SIGV4_H
#define PARE_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/http.h"

struct sigv4_request {
	const char *method;
	const char *path;  /* as on the wire, percent-encoded once */
	const char *query; /* as on the wire, without '?'; NULL or "" for none */
	const struct http_header *header; /* to be signed; must hold host */
	size_t header_count;
	const char *body;
	size_t body_len;
	const char *region, *service;
	int64_t now_ms;
	bool keep_path; /* S3 style: neither normalise nor encode the path again */
};

struct sigv4 {
	const char *canonical_request;
	const char *string_to_sign;
	const char *signed_headers;
	const char *signature;
	const char *authorization;
	const char *amz_date;
};

/* Signs what is given, as given: x-amz-date and x-amz-security-token must be among the headers. */
struct sigv4 sigv4_sign(struct arena *a, const struct sigv4_request *r, const char *access_key_id,
			const char *secret_access_key);

#endif
