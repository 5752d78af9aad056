/* call: one call of an AWS API, its parameters and its answer, independent of the wire.
 * One call is one HTTP exchange (with its retries): lists come page by page. */
#ifndef PARE_CALL_H
#define PARE_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/finding.h"
#include "pare/principal.h"
#include "pare/recommendation.h"

enum call_op {
	/* reads */
	CALL_GET_CALLER_IDENTITY,
	CALL_LIST_ANALYZERS,
	CALL_GET_ANALYZER,
	CALL_LIST_FINDINGS,
	CALL_GET_FINDING,
	CALL_GENERATE_RECOMMENDATION, /* starts AWS's own work; changes no permission */
	CALL_VALIDATE_POLICY,
	CALL_CHECK_NO_NEW_ACCESS, /* is document inside old_document? charged by AWS */
	CALL_GET_RECOMMENDATION,
	CALL_GET_ACCOUNT_DETAILS,
	CALL_GET_ACCOUNT_SUMMARY,
	CALL_GET_ROLE,
	CALL_LIST_ATTACHED_ROLE_POLICIES,
	CALL_LIST_ROLE_POLICIES,
	CALL_GET_ROLE_POLICY,
	CALL_GET_USER,
	CALL_LIST_ATTACHED_USER_POLICIES,
	CALL_LIST_USER_POLICIES,
	CALL_GET_USER_POLICY,
	CALL_GET_POLICY,
	CALL_GET_POLICY_VERSION,
	CALL_LIST_POLICY_VERSIONS,
	CALL_LIST_ENTITIES_FOR_POLICY,
	CALL_SIMULATE_PRINCIPAL_POLICY,
	CALL_GENERATE_LAST_ACCESSED, /* starts AWS's own work, too; by action */
	CALL_GET_LAST_ACCESSED,
	/* writes: everything from here on */
	CALL_CREATE_POLICY,
	CALL_ATTACH_ROLE_POLICY,
	CALL_DETACH_ROLE_POLICY,
	CALL_PUT_ROLE_POLICY,
	CALL_DELETE_ROLE_POLICY,
	CALL_ATTACH_USER_POLICY,
	CALL_DETACH_USER_POLICY,
	CALL_PUT_USER_POLICY,
	CALL_DELETE_USER_POLICY,
	CALL_DELETE_POLICY,
	CALL_UPDATE_FINDING, /* status ARCHIVED or ACTIVE */
	CALL_OP_COUNT,
};
const char *call_name(enum call_op op); /* "CreatePolicy", "ListFindingsV2" … */
bool call_writes(enum call_op op);
bool call_for_user(enum call_op op); /* GetUser, AttachUserPolicy …: the principal is a user */

struct account_summary { /* from GetAccountSummary; 0 where AWS did not say */
	size_t policies, policies_quota, attached_per_role_quota, attached_per_user_quota;
	size_t policy_size_quota, role_policy_size_quota, user_policy_size_quota, versions_quota;
};

struct analyzer {
	const char *arn, *name, *type, *status, *status_reason;
	int unused_access_age_days; /* 0 not known */
};

struct last_access { /* a service, or one of its actions, as IAM saw its last use */
	const char *service; /* "s3" */
	const char *action;  /* "GetObject"; NULL: the service as a whole */
	const char *at;      /* ISO 8601; NULL: not in the time that IAM remembers */
};

struct policy_issue { /* of ValidatePolicy */
	const char *type; /* ERROR, SECURITY_WARNING, WARNING, SUGGESTION */
	const char *code;
};

struct simulated {
	const char *action;
	const char *decision; /* allowed, explicitDeny, implicitDeny */
};

struct call {
	enum call_op op;
	struct arena *arena; /* the answer is allocated here; set by the caller */
	void *owner;         /* the caller's own; untouched */

	/* parameters; which ones an op uses follows AWS's names */
	const char *analyzer;    /* ARN */
	const char *finding;     /* id */
	const char *status;      /* UPDATE_FINDING; LIST_FINDINGS filter (NULL: ACTIVE) */
	const char *finding_type; /* LIST_FINDINGS filter; NULL: every type */
	const char *role;        /* name; in the operations for users the user's */
	const char *policy_arn;
	const char *policy_name;
	const char *path;
	const char *version;     /* "v1" */
	const char *document;    /* exact text to send */
	const struct tag *tag;
	size_t tag_count;
	const char *old_document; /* CHECK_NO_NEW_ACCESS */
	const char *principal_arn; /* SIMULATE, GENERATE_LAST_ACCESSED */
	struct str_list documents, actions; /* SIMULATE: policies beside the principal's own; what is asked */
	struct str_list without_arns, without_inline; /* SIMULATE: as if the role had them not */
	const char *job;         /* GET_LAST_ACCESSED */
	const char *marker;      /* page to read, or NULL for the first */

	/* the answer: ok, or err says why not */
	bool ok;
	struct err err;
	const char *request_id;  /* or NULL */
	unsigned attempts;       /* HTTP exchanges it took */
	const char *next_marker; /* NULL after the last page */
	const char *caller_arn, *caller_account;
	struct analyzer *analyzers;
	size_t analyzer_count;
	struct finding **findings;
	size_t finding_count;
	struct recommendation *recommendation;
	const struct json *account_details; /* one page, in the AWS CLI's JSON form */
	struct account_summary summary;
	struct principal *principal; /* GET_ROLE, GET_USER: identity, tags, boundary, dates; no policies */
	struct managed_policy *policy; /* GET_POLICY, CREATE_POLICY (no document) */
	struct str_list names;  /* inline policy names; version ids; entities as "role/Name" */
	struct str_list arns;   /* attached policy ARNs, beside names */
	const char *text;       /* decoded policy document */
	const char *started_job; /* GENERATE_LAST_ACCESSED */
	const char *job_status;  /* IN_PROGRESS, COMPLETED, FAILED */
	struct last_access *access;
	size_t access_count;
	struct policy_issue *issue;
	size_t issue_count;
	bool passed;             /* CHECK_NO_NEW_ACCESS */
	struct simulated *simulated;
	size_t simulated_count;
	size_t boundary_users;  /* LIST_ENTITIES: how many entities it bounds */
};

#endif
