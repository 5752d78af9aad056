/* plan: the change to one principal: what is approved, carried out and rolled back.
 *
 * File: schema pare.plan/v1, canonical JSON (json.h); parse → print gives the same bytes, anything
 * else is refused. Its identity is the SHA-256 of its bytes and is not inside it. */
#ifndef PARE_PLAN_H
#define PARE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/decision.h"
#include "pare/err.h"
#include "pare/loss.h"
#include "pare/principal.h"
#include "pare/step.h"

#define PLAN_SCHEMA "pare.plan/v1"
enum { PLAN_MAX_BYTES = 1048576 };

enum gate_result { GATE_PASS, GATE_FAIL, GATE_UNKNOWN };
const char *gate_result_name(enum gate_result r);

struct gate {
	const char *name; /* "no-new-access" … */
	enum gate_result result;
	const char *evidence; /* deterministic: no durations, no host names */
};

struct precondition_attached {
	const char *arn;
	const char *default_version;
	const char *update_date;
	const char *document_sha256;
};

struct precondition_inline {
	const char *name;
	const char *document_sha256;
};

/* How much of the plan it undoes a rollback takes back. */
enum undo_scope {
	UNDO_WHOLE,     /* all of it: the principal is exactly as before */
	UNDO_UNTOUCHED, /* the policies that are still as the plan left them */
	UNDO_PART,      /* the actions that match `gives_back`, and nothing else */
};
const char *undo_scope_name(enum undo_scope s); /* "rollback", "rollback-untouched", "rollback-part" */

struct plan {
	const char *id;
	const char *repository; /* URL of the review repository, or "" when none is configured */
	const char *branch;
	const char *created_at;
	const char *expires_at;
	const char *author;
	const char *account;
	const char *partition;
	struct {
		enum principal_type type;
		const char *arn, *name, *unique_id, *path;
	} principal;
	struct {
		const char *analyzer;           /* ARN, or NULL with saved input that does not say */
		const char *finding;
		const char *finding_updated_at;
		const char *recommendation_sha256; /* NULL when pare derived the plan itself, or it only archives */
	} source;
	struct decision decision;
	const char *undoes; /* a rollback: digest of the plan it undoes; in the file it is the
			       decision's one verdict, of the rule "rollback" */
	const char *undoes_reason;
	enum undo_scope undo_scope;  /* in the file the verdict's word */
	struct str_list gives_back;  /* UNDO_PART: action patterns; in the file the verdict's `keep` */
	struct {
		struct precondition_attached *attached; /* sorted by arn */
		size_t attached_count;
		struct precondition_inline *inline_policy; /* sorted by name */
		size_t inline_count;
		const char *boundary; /* or NULL */
		const char *tags_sha256;
	} preconditions;
	struct step *step;
	size_t step_count;
	struct gate *gate;
	size_t gate_count;
	struct {
		int64_t actions_before, actions_after, actions_removed;
		struct str_list services_removed;
		struct str_list removed; /* "s3:GetObject", sorted */
	} impact;

	/* Not in the file: */
	const char *digest; /* SHA-256 of the file's bytes; set by plan_parse and plan_seal */
	const char *bytes;  /* the file */
	size_t len;
};

/* Strict: size, canonical form, known members only, every member present and well-formed, and all of
 * them in agreement: the id, the ARNs, the digests of documents, each step's inverse. Sets bytes, len
 * and digest. */
struct plan *plan_parse(struct arena *a, const char *bytes, size_t len, const char *what,
			struct err *e);
/* Prints into bytes/len and sets the digest. */
bool plan_seal(struct arena *a, struct plan *p, struct err *e);

bool plan_all_pass(const struct plan *p);
const struct gate *plan_gate(const struct plan *p, const char *name); /* or NULL */
/* Only archives or un-archives the finding, no IAM write. */
bool plan_archives_only(const struct plan *p);
/* "rollback" plans name the plan they undo: its digest, else NULL. */
const char *plan_undoes(const struct plan *p);

/* <yyyymmdd>T<hhmmss>Z-<account>-<name>-<8 hex of SHA-256(arn "\n" recommendation digest)> */
char *plan_id(struct arena *a, int64_t created_ms, const char *account, const char *name,
	      const char *arn, const char *recommendation_sha256);

/* A policy's name without the suffix that an earlier plan gave it ("-recommended-<8 hex>", also
 * "-recommended" alone): what names a slot over its life. */
char *policy_base_name(struct arena *a, const char *name);

/* The slot (source_policy) under which the plan shows what it does to a policy on the principal: its
 * own id; in a rollback, that of the policy from before which it stands for. */
const char *plan_slot(const struct plan *p, const char *id);

/* Folder of the plan below a state folder or review repository: accounts/<account>/plans/<id> */
char *plan_folder(struct arena *a, const struct plan *p);

/* The principal's policies after the plan, given them before: for proofs and previews. */
struct principal *plan_outcome(struct arena *a, const struct plan *p, const struct principal *now,
			       struct err *e);
/* The same after the first `steps` steps only. */
struct principal *plan_outcome_after(struct arena *a, const struct plan *p,
				     const struct principal *now, size_t steps, struct err *e);
/* Same unique id, ARN, boundary and tags as the preconditions say? */
bool plan_identity_holds(const struct plan *p, const struct principal *live, struct err *e);

#endif
