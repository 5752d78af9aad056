/* principal: a role or user with everything that decides what it may do, as read at one moment. */
#ifndef PARE_PRINCIPAL_H
#define PARE_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/contain.h"
#include "pare/err.h"
#include "pare/json.h"

enum principal_type { PRINCIPAL_ROLE, PRINCIPAL_USER };
const char *principal_type_name(enum principal_type t); /* "role" */

struct tag {
	const char *key;
	const char *value;
};

struct managed_policy { /* one managed policy's default version */
	const char *arn;
	const char *name;
	const char *default_version; /* "v3" */
	const char *update_date;     /* as AWS wrote it; ISO 8601 */
	const char *document;        /* decoded JSON text */
	const char *document_sha256; /* policy_text_digest of it */
	int64_t attachment_count;    /* entities it is attached to; -1 not known */
	int64_t boundary_count;      /* entities it bounds; -1 not known */
	bool attachable;
	struct tag *tag; /* only where the read returned them */
	size_t tag_count;
};

struct inline_policy {
	const char *name;
	const char *document;
	const char *document_sha256;
};

struct principal {
	enum principal_type type;
	const char *partition;
	const char *account;
	const char *arn;
	const char *name;
	const char *path;       /* "/" or "/app/" */
	const char *unique_id;  /* AROA… / AIDA… */
	const char *created_at; /* as AWS wrote it, or NULL */
	const char *last_used_at; /* or NULL: never, or not known */
	const char *trust;      /* trust policy, decoded JSON text, or NULL */
	const char *boundary;   /* permissions boundary ARN, or NULL */
	struct tag *tag;
	size_t tag_count;
	struct str_list groups; /* users only */
	struct managed_policy *attached; /* sorted by ARN */
	size_t attached_count;
	struct inline_policy *inline_policy; /* sorted by name */
	size_t inline_count;
};

/* Sorts tags, attachments and inline policies; fills digests. Call once after reading. */
void principal_settle(struct arena *a, struct principal *p);

const struct managed_policy *principal_attached(const struct principal *p, const char *arn);
const struct inline_policy *principal_inline(const struct principal *p, const char *name);
char *principal_tags_sha256(struct arena *a, const struct principal *p);

/* All identity policies, parsed: attached by ARN, then inline by name. A document that does not
 * parse is an error that names it. */
bool principal_policies(struct arena *a, const struct principal *p, struct policy_set *out,
			struct err *e);

/* AWS-owned roles nobody may change: service-linked (/aws-service-role/) and Identity Center
 * (/aws-reserved/). NULL when it is neither, else the words for it. */
const char *principal_aws_owned(const struct principal *p);

/* One principal in the form of GetAccountAuthorizationDetails, documents as text: what
 * account_state_add reads back. */
void principal_print(const struct principal *p, struct buf *out);

/* One account's principals and policies, as GetAccountAuthorizationDetails gives them. */
struct account_state {
	struct principal **principal;
	size_t count;
	size_t cap;
	struct managed_policy **policy; /* every managed policy seen, by ARN */
	size_t policy_count;
	size_t policy_cap;
};

/* Adds one page of GetAccountAuthorizationDetails in the AWS CLI's JSON form (RoleDetailList,
 * UserDetailList, Policies). Documents may be objects (the CLI decodes them), raw JSON text or
 * percent-encoded text. */
bool account_state_add(struct arena *a, struct account_state *s, const struct json *page,
		       const char *what, struct err *e);
/* After the last page: joins attachments with their policies and settles every principal. */
bool account_state_settle(struct arena *a, struct account_state *s, struct err *e);
const struct principal *account_state_find(const struct account_state *s, const char *arn);

#endif
