/* step: one write call of a plan, and its inverse. */
#ifndef PARE_STEP_H
#define PARE_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/err.h"
#include "pare/json.h"
#include "pare/principal.h"

enum step_op {
	STEP_CREATE_POLICY,
	STEP_ATTACH_ROLE_POLICY,
	STEP_DETACH_ROLE_POLICY,
	STEP_PUT_ROLE_POLICY,
	STEP_DELETE_ROLE_POLICY,
	STEP_ARCHIVE_FINDING,
	STEP_DELETE_POLICY,     /* inverse of CREATE, only of a policy pare created */
	STEP_UNARCHIVE_FINDING, /* inverse of ARCHIVE */
	STEP_ATTACH_USER_POLICY,
	STEP_DETACH_USER_POLICY,
	STEP_PUT_USER_POLICY,
	STEP_DELETE_USER_POLICY,
	STEP_OP_COUNT,
};
const char *step_op_name(enum step_op op); /* "CreatePolicy" … "ArchiveFinding" */
bool step_op_parse(const char *name, enum step_op *op);
bool step_adds(enum step_op op);    /* Create, Attach, Put */
bool step_removes(enum step_op op); /* Detach, Delete… */
bool step_op_for_role(enum step_op op); /* writes to a role: AttachRolePolicy … */
bool step_op_for_user(enum step_op op);
/* The same for a role and a user. */
bool step_attaches(enum step_op op); /* AttachRolePolicy, AttachUserPolicy */
bool step_detaches(enum step_op op);
bool step_puts(enum step_op op);     /* an inline policy */
bool step_deletes_inline(enum step_op op);
/* The op for that type of principal: AttachRolePolicy and a user give AttachUserPolicy. */
enum step_op step_op_for(enum principal_type type, enum step_op op);

/* Which members an op uses (all others NULL):
 *   CreatePolicy        policy_arn, policy_name, path, document, document_sha256, tags, source_policy
 *   Attach/Detach*      policy_arn; a rollback's Attach also document, document_sha256
 *   Put*Policy          policy_name, document, document_sha256, source_policy
 *   Delete*Policy       policy_name, document, document_sha256 (of what is deleted)
 *   DeletePolicy        policy_arn, document_sha256
 *   (Un)ArchiveFinding  finding, analyzer */
struct action { /* an op with its members: a step's, or its inverse's */
	enum step_op op;
	const char *policy_arn;
	const char *policy_name;
	const char *path;
	const char *document; /* exact text to send */
	const char *document_sha256; /* policy_text_digest of it */
	const char *finding;
	const char *analyzer;
	struct tag *tag;
	size_t tag_count;
};

struct step {
	size_t n; /* 1-based */
	struct action action;
	struct action inverse;
	const char *source_policy; /* slot it belongs to: ARN or inline name of the existing policy */
	bool temporary;            /* part of a bridge: added and removed by the same plan */
};

void step_print(const struct step *s, struct json_writer *w);
bool step_parse(struct arena *a, const struct json *value, struct step *out, struct err *e);
/* Does the inverse undo the action: the opposite op on the same policy, document or finding? */
bool step_inverse_agrees(const struct step *s, struct err *e);

#endif
