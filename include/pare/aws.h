/* aws: IAM, Access Analyzer and STS over HTTP as the ports of port.h: request building, signing,
 * retries, errors turned into kinds. */
#ifndef PARE_AWS_H
#define PARE_AWS_H

#include "pare/http.h"
#include "pare/port.h"

/* --- credentials and settings, resolved as the SDKs do --- */

struct credentials {
	const char *access_key_id;
	char *secret_access_key; /* wiped with its arena */
	char *session_token;     /* or NULL; wiped with its arena */
	const char *source;      /* "environment", "profile 'x' in ~/.aws/credentials" */
};

/* Environment, then static keys of the profile (AWS_PROFILE or default) in the credentials and
 * config files. ERR_AUTH says everything that was tried and why it did not serve. A source that
 * is configured there and not supported (a role, SSO, web identity, login session, process,
 * container) is ERR_AUTH too and named: keys further down the SDKs' order would be somebody
 * else's. */
bool credentials_resolve(struct arena *a, struct credentials *out, struct err *e);

struct aws_endpoint {
	const char *url;            /* scheme://host[:port][/prefix], no trailing slash */
	const char *signing_region;
	const char *signing_name;
	bool custom;
};

/* service: "iam", "accessanalyzer", "sts". Custom endpoints come from AWS_ENDPOINT_URL[_SERVICE]
 * and the profile; FIPS and dual-stack from their variables. PARE_SIGNING_REGION overrides the
 * signing region of custom endpoints (a proxy in front of real IAM needs us-east-1). */
bool endpoint_resolve(struct arena *a, const char *service, const char *region, bool fips,
		      bool dual_stack, const char *custom_url, struct aws_endpoint *out,
		      struct err *e);

/* The region: `hint` (from an analyzer's ARN) first, then AWS_REGION, AWS_DEFAULT_REGION, the
 * profile's; NULL when nothing says. */
const char *region_resolve(struct arena *a, const char *hint);

/* --- the client --- */

struct aws_setting {
	const char *region;      /* of the analyzer */
	unsigned max_attempts;   /* counting the first; 0: 3, and 10 for throttled calls;
				    AWS_MAX_ATTEMPTS and the profile's max_attempts come first */
	bool verbose;
	const struct progress_port *progress; /* one note per retry when verbose; or NULL */
};

struct aws;

/* Retries, clock correction and throttling: see adapt/retry.c and adapt/aws.c. A write that may
 * have happened is never sent again: ERR_UNCERTAIN. After a signal nothing more is sent: what
 * was not is given back as ERR_UNAVAILABLE. Settings that cannot be honoured
 * (AWS_USE_FIPS_ENDPOINT=yes, a bundle that cannot be read) are ERR_USAGE. */
struct aws *aws_new(struct arena *a, const struct aws_setting *s, const struct clock_port *clock,
		    struct err *e);
struct read_port aws_read_port(struct aws *aws);
struct write_port aws_write_port(struct aws *aws);
size_t aws_exchanges(const struct aws *aws); /* HTTP requests sent, retries included */
size_t aws_connections(const struct aws *aws);

/* --- the pieces, for tests: one call to one HTTP request and back --- */
bool iam_request(struct arena *a, const struct call *call, struct buf *body, struct err *e);
bool iam_answer(struct call *call, long status, const char *body, size_t len);
bool analyzer_request(struct arena *a, const struct call *call, const char **method,
		      const char **path, const char **query, struct buf *body, struct err *e);
bool analyzer_answer(struct call *call, long status, const char *error_type_header,
		     const char *body, size_t len);

/* Sorts an AWS error code and HTTP status into a kind. write: a 5xx or timeout is ERR_UNCERTAIN. */
enum err_kind aws_error_kind(const char *code, long status, bool write);

#endif
