/* aws_private: shared by the files of the AWS client. */
#ifndef PARE_AWS_PRIVATE_H
#define PARE_AWS_PRIVATE_H

#include "pare/aws.h"
#include "pare/buf.h"

struct profile_set;

/* aws_request.c: one call to one signed request, and its answer into the call. */
struct aws_places {
	struct aws_endpoint iam, analyzer, sts;
};
bool aws_request(struct arena *a, const struct call *call, const struct aws_places *places,
		 const struct credentials *keys, int64_t now_ms, struct http_exchange *out,
		 struct err *e);
/* One signed request to an endpoint, of any AWS API; keys NULL: unsigned. */
struct aws_message {
	const struct aws_endpoint *endpoint;
	const char *method, *path, *query, *content_type; /* content_type: or NULL */
	const char *target; /* x-amz-target of the JSON protocols; or NULL */
	const char *body;
	size_t body_len;
	struct http_header *header; /* further ones, unsigned; or NULL */
	size_t header_count;
};
void aws_sign(struct arena *a, const struct aws_message *m, const struct credentials *keys,
	      int64_t now_ms, struct http_exchange *out);
void aws_answer(struct call *call, const struct http_exchange *x);
/* The page after this one: NULL after the last. A page that names itself as the next is refused. */
bool aws_next_page(struct call *call, const char *marker);

/* retry.c: when, how often and how soon a call is sent again. */
enum retry_cause { RETRY_NONE, RETRY_TRANSIENT, RETRY_TIMEOUT, RETRY_THROTTLED };
struct retry {
	unsigned attempts;	    /* counting the first */
	unsigned throttle_attempts; /* the same for throttled calls */
	bool revised;		    /* AWS_NEW_RETRIES_2026 */
	bool adaptive;		    /* retry_rate.c comes in */
	bool correct_skew;
	int tokens;
};
/* AWS_RETRY_MODE, AWS_MAX_ATTEMPTS and their keys in the profile. attempts: 0 for the default. */
bool retry_setting(const struct profile_set *set, unsigned attempts, struct retry *out,
		   struct err *e);
enum retry_cause retry_cause_of(const struct call *call);
bool retry_allowed(const struct retry *r, const struct call *call);
/* Takes a retry's cost from the bucket; 0 when there is not enough left. */
int retry_take(struct retry *r, enum retry_cause cause);
/* A call succeeded: what its last retry cost comes back, or 1 when it needed none. */
void retry_give(struct retry *r, int cost);
/* attempt: number of the attempt that failed, from 1. */
int64_t retry_delay_ms(const struct retry *r, enum retry_cause cause, unsigned attempt,
		       uint32_t random);
/* The delay that the answer's headers ask for, at least delay_ms. */
int64_t retry_after_ms(const struct retry *r, const struct http_exchange *x, int64_t delay_ms);
/* A signature refused because the clocks differ: *offset_ms becomes theirs minus ours. now_ms is
 * ours, used_ms the offset that the request was signed with. */
bool retry_skewed(const struct call *call, const struct http_exchange *x, int64_t now_ms,
		  int64_t used_ms, int64_t *offset_ms);
bool http_date_parse(const char *text, int64_t *ms); /* RFC 9110, IMF-fixdate */

/* retry_rate.c: of one service, in retry mode "adaptive". */
struct retry_rate {
	bool on; /* since the first throttling */
	double fill, capacity, tokens, last; /* seconds, and tokens a second */
	double w_max, k, last_fail;
	double measured, bucket, count;
};
void rate_open(struct retry_rate *r, int64_t now_ms);
/* When the next request may be sent: now_ms when it may at once. */
int64_t rate_due_ms(struct retry_rate *r, int64_t now_ms);
void rate_sent(struct retry_rate *r, int64_t now_ms);
void rate_answered(struct retry_rate *r, bool throttled, int64_t now_ms);

/* All set call->err and give false. */
bool aws_error_set(struct call *call, long status, const char *code, const char *message);
bool aws_error_malformed(struct call *call, const char *why);
bool aws_error_unreadable(struct call *call, long status, const char *body);

/* organizations.c: one request, for tests. */
void organizations_message(struct arena *a, const struct aws_endpoint *at, const char *op,
			   const char *body, size_t len, struct aws_message *out);

/* The error's code in an answer of a JSON protocol: header X-Amzn-ErrorType, else body "code", else
 * "__type"; cut at the first ':' or ';', then what is behind the last '#'. "" where there is none. */
struct json;
const char *aws_json_code(struct arena *a, const char *header, const struct json *root);

/* iam_details.c */
struct xml;
bool iam_details(struct call *call, const struct xml *result);

/* iam_checks.c: simulation and last use. true: the op is one of these, and *missing the first
 * parameter that it lacks. */
bool iam_check_request(struct arena *a, const struct call *call, struct buf *body,
		       const char **missing);
bool iam_check_answer(struct call *call, const struct xml *result);
void iam_put_pair(struct arena *a, struct buf *body, const char *key, const char *value);

/* profile.c: ~/.aws/config and ~/.aws/credentials, merged. */
struct profile_property {
	const char *key, *value;
	bool of_credentials; /* from the credentials file */
};
struct profile_section {
	const char *kind; /* "profile", "sso-session", "services" */
	const char *name;
	struct profile_property *property;
	size_t count, cap;
};
struct profile_set {
	struct profile_section *section;
	size_t count, cap;
	const char *readable; /* a file with secrets that every user of the machine can read */
};
/* Adds one file's text. credentials: the grammar of the credentials file. The error names file and
 * line. */
bool profile_add(struct arena *a, struct profile_set *set, const char *text, size_t len,
		 const char *what, bool credentials, struct err *e);
/* Where the file is looked for; NULL without a home. */
const char *profile_path(struct arena *a, bool credentials);
/* Both files from where the environment says; a missing file is empty. */
bool profile_read(struct arena *a, struct profile_set *set, struct err *e);
const char *profile_get(const struct profile_set *set, const char *kind, const char *name,
			const char *key);
/* The same with where it is from. NULL: there is none. */
const struct profile_property *profile_find(const struct profile_set *set, const char *name,
					    const char *key);
/* The variable, else the selected profile's key; NULL when neither says anything. */
const char *profile_setting(const struct profile_set *set, const char *variable, const char *key);
/* Only true and false: what was asked for with another word must not be forgotten. */
bool profile_flag(const struct profile_set *set, const char *variable, const char *key, bool *out,
		  struct err *e);
bool profile_has(const struct profile_set *set, const char *name,
		 const char *key); /* and not empty */
bool profile_exists(const struct profile_set *set, const char *name);
const char *profile_selected(void); /* AWS_PROFILE, AWS_DEFAULT_PROFILE, "default" */
/* A sub-property: `key = value` below `parent =`. */
const char *profile_nested(struct arena *a, const struct profile_set *set, const char *kind,
			   const char *name, const char *parent, const char *key);

/* endpoints.c: from settings alone: AWS_USE_FIPS_ENDPOINT and the like, configured endpoints, and
 * AWS_STS_REGIONAL_ENDPOINTS. */
bool endpoint_of(struct arena *a, const char *service, const char *region,
		 const struct profile_set *set, struct aws_endpoint *out, struct err *e);
/* The URL somebody configured for the service, or NULL. */
const char *endpoint_configured(struct arena *a, const char *service,
				const struct profile_set *set);

#endif
