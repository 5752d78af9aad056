/* aws: IAM, Access Analyzer and STS over HTTP as the ports of port.h: request building, signing,
 * retries, errors turned into kinds. */
#ifndef PARE_AWS_H
#define PARE_AWS_H

#include "pare/http.h"
#include "pare/port.h"

/* --- credentials and settings, resolved as the SDKs do --- */

struct credentials {
	const char *access_key_id;
	char *secret_access_key;
	char *session_token;  /* or NULL */
	const char *source;   /* "environment", "profile 'x'" */
	const char *account;  /* whose they are, where the source says; or NULL */
	int64_t expires_ms;   /* 0: never, or nothing says */
	bool instance;        /* of instance metadata, which serves them past their end in need */
};

/* Where credentials come from, in the AWS CLI's order; the first that is configured serves or ends
 * the search (going on would sign as somebody else):
 *
 *   environment             AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   role                    the profile's role_arn with source_profile or credential_source
 *   web identity            AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's
 *   SSO                     the profile's sso_session or sso_start_url, from the CLI's token cache
 *   credentials file        static keys of the profile
 *   process                 the profile's credential_process
 *   config file             static keys of the profile
 *   CI identity             AWS_ROLE_ARN with a token of GitHub Actions or GitLab
 *   container               AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI
 *   instance metadata       IMDSv2 */
struct credential_setting {
	const char *region;  /* of STS, where neither environment nor profile names one; or NULL */
	const struct clock_port *clock;
	const struct progress_port *progress; /* told of what is odd, or NULL */
	/* Instead of the network, for tests: as http_do. */
	bool (*exchange)(void *self, struct http_exchange *x);
	void *self;
	int process_limit_ms; /* for credential_process; 0: a minute */
};

struct credential_note {
	const char *source;
	const char *why; /* it did not serve; NULL: it did */
};

struct credential_chain;
struct credential_chain *credentials_open(struct arena *a, const struct credential_setting *s);
/* Those of a role of another account, assumed with `base` and renewed alike: kept apart per account.
 * The texts are copied. */
struct member_role {
	const char *arn, *session;
	const char *external_id, *source_identity; /* or NULL */
};
struct credential_chain *credentials_assume(struct arena *a, const struct credential_setting *s,
					    struct credential_chain *base, const struct member_role *r);
/* The first call looks for them, later ones give the same until a quarter of an hour before their
 * end, when they are renewed from the same source and for the same account. What is still good is
 * kept when that fails. NULL: ERR_AUTH and others say what was tried and why it did not serve. The
 * result is good until the next call. */
const struct credentials *credentials_get(struct credential_chain *c, struct err *e);
/* AWS refused the key as expired. true: credentials_get gives others now. */
bool credentials_renew(struct credential_chain *c, const char *refused_key_id);
/* How the last search went, source by source. */
const struct credential_note *credentials_notes(const struct credential_chain *c, size_t *count);

struct aws_endpoint {
	const char *url;            /* scheme://host[:port][/prefix], no trailing slash */
	const char *signing_region;
	const char *signing_name;
	bool custom;
};

/* service: "iam", "accessanalyzer", "sts", "sso", "sso_oidc", "sqs", "organizations".
 * Custom endpoints come from AWS_ENDPOINT_URL[_SERVICE]
 * and the profile; FIPS and dual-stack from their variables. PARE_SIGNING_REGION overrides the
 * signing region of custom endpoints (a proxy in front of real IAM needs us-east-1). */
bool endpoint_resolve(struct arena *a, const char *service, const char *region, bool fips,
		      bool dual_stack, const char *custom_url, struct aws_endpoint *out,
		      struct err *e);

/* The region: `hint` (from an analyzer's ARN) first, then AWS_REGION, AWS_DEFAULT_REGION, the
 * profile's; and where it is from ("AWS_REGION", "profile 'x'"). false: ERR_USAGE says why. */
bool region_find(struct arena *a, const char *hint, const char **region, const char **from,
		 struct err *e);
/* Has it the form of a region's name? */
bool region_valid(const char *text);
/* "aws", "aws-cn" …: what the region's ARNs have for a partition. */
const char *region_partition(const char *region);

/* --- the client --- */

struct aws_setting {
	const char *region;      /* of the analyzer */
	unsigned max_attempts;   /* counting the first; 0: 3, and 10 for throttled calls;
				    AWS_MAX_ATTEMPTS and the profile's max_attempts come first */
	const char *account;     /* whose it is, for errors to name; or NULL */
	size_t concurrency;      /* requests under way at a service, and connections; 0: 8 */
	bool verbose;
	const struct progress_port *progress; /* one note per retry when verbose; or NULL */
	struct credential_chain *credentials; /* opened already; NULL: opened here */
};

struct aws;

/* Retries, clock correction and throttling: see adapt/retry.c and adapt/aws.c. A write that may
 * have happened is never sent again: ERR_UNCERTAIN. After a signal nothing more is sent: what
 * was not is given back as ERR_UNAVAILABLE. Settings that cannot be honoured
 * (AWS_USE_FIPS_ENDPOINT=yes, a bundle that cannot be read) are ERR_USAGE. */
struct aws *aws_new(struct arena *a, const struct aws_setting *s, const struct clock_port *clock,
		    struct err *e);
/* Calls about the analyzers of this account and region go there, with its own credentials; all others
 * go where they went. Errors then name the account. credentials NULL: such calls are answered with
 * `refused` and not sent. The first route to a place stays. */
struct aws_route {
	const char *account, *region;
	struct credential_chain *credentials;
	const struct err *refused;
};
bool aws_route(struct aws *aws, const struct aws_route *to, struct err *e);
struct read_port aws_read_port(struct aws *aws);
struct write_port aws_write_port(struct aws *aws);
/* Where "iam", "accessanalyzer" or "sts" is asked. */
const struct aws_endpoint *aws_endpoint_of(const struct aws *aws, const char *service);
size_t aws_exchanges(const struct aws *aws); /* HTTP requests sent, retries included */
size_t aws_connections(const struct aws *aws);

/* AWS Organizations (adapt/organizations.c), asked at the one endpoint of the region's partition; it
 * answers the management account and delegated administrators only. Retried as `struct aws` does. */
struct organization_port;
bool organizations_open(struct arena *a, const char *region, struct credential_chain *credentials,
			const struct clock_port *clock, struct organization_port *out, struct err *e);

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
