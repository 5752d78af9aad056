/* document: an IAM identity policy document: parse, check, print, compare, measure.
 *
 * Grammar: IAM User Guide, "Grammar of the IAM JSON policy language"; quotas: "IAM and AWS STS
 * quotas". What the grammar allows but this program does not understand is marked in `unknown`,
 * never skipped: a proof over such a document is UNKNOWN. */
#ifndef PARE_DOCUMENT_H
#define PARE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/err.h"
#include "pare/str.h"

enum effect { EFFECT_ALLOW, EFFECT_DENY };

enum {
	DOCUMENT_MAX_BYTES = 131072,       /* IAM API: PolicyDocument 1..131072; what can be written */
	DOCUMENT_READ_MAX_BYTES = 1048576, /* AWS's own service policies are larger: 152,297 bytes seen */
};

struct condition {            /* one operator and key with its values, ANDed with the others */
	const char *operator; /* as written: "ForAnyValue:StringLikeIfExists" */
	const char *key;      /* as written: "aws:SourceIp" */
	struct str_list values;
};

struct statement {
	size_t index; /* 0-based in its document */
	size_t line;  /* 1-based line of the statement in the text parsed */
	size_t offset;
	size_t length;
	const char *sid; /* or NULL */
	enum effect effect;
	bool not_action;
	struct str_list actions; /* as written, in order */
	bool not_resource;
	struct str_list resources;
	struct condition *conditions;
	size_t condition_count;
	struct str_list empty_operators; /* operators without keys; then the statement is unknown */
	const char *unknown; /* NULL, or why no proof can be made over this statement */
	const char *invalid; /* NULL, or what in it must not be written anew, with line and column, though
			      * it may stand in an old document: an ARN with fewer than six parts, a variable
			      * under an operator that takes none */
	const struct policy *policy; /* the document it stands in */
};

struct policy {
	const char *source; /* where it came from, for messages: a file, an ARN, an inline name */
	const char *id;     /* Id element or NULL; evaluation ignores it; refine and fit leave it out */
	bool version_2012;  /* false: 2008-10-17 or no Version: ${…} is literal text */
	bool version_given;
	struct statement *statements;
	size_t count; /* 0: it grants and denies nothing; not to be written anew */
};

/* Parses and checks every grammar rule IAM enforces for identity policies (no Principal, one of
 * Action and NotAction, Sid form and uniqueness, action form, ARN fields, variables, operators,
 * character set U+0009 U+000A U+000D U+0020..U+00FF), in at most DOCUMENT_READ_MAX_BYTES. The error
 * names source, line, column (in bytes) and what was expected. In Version 2008-10-17, and where
 * there is no Version, "${…}" is plain text. */
struct policy *policy_parse(struct arena *a, const char *text, size_t len, const char *source,
			    struct err *e);

/* The form to send: compact JSON, statements and values in the order given, a single value as a
 * string; ASCII with \u00xx for the rest. */
void policy_print_compact(const struct policy *p, struct buf *out);

/* The form to review: canonical: fixed key order, lists for Action, Resource and condition values,
 * sorted without case then bytewise, duplicates dropped, two spaces, one element a line, LF at the
 * end, statements in their own order. */
void policy_print_canonical(const struct policy *p, struct buf *out);

/* p with its statements put in the order of `old`: matched by Sid, else by effect, resource and
 * condition, else by overlap of actions; new ones at the end. Meaning is unchanged. */
struct policy *policy_align(struct arena *a, const struct policy *p, const struct policy *old);

/* Digest of what the document says: SHA-256 (hex) of its canonical form with statements sorted.
 * Equal for documents that differ only in spelling (order, string or list, white space). */
char *policy_digest(struct arena *a, const struct policy *p);

/* The same for a text: of the parsed policy where it parses, else of the bytes themselves, so that
 * a document that pare cannot read still has a digest that changes when it changes. */
char *policy_text_digest(struct arena *a, const char *text);

/* IAM's own count: characters without insignificant white space. */
size_t policy_size(const char *text);

#endif
