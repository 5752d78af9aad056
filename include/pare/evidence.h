/* evidence: the policy documents a plan was made from, kept beside it so that they can be had again
 * when the policies themselves are gone: accounts/<account>/plans/<id>/evidence/documents/<sha256>.json,
 * in canonical form. The name is policy_text_digest of what is inside, which is the same for any
 * spelling, so a document is checked against the preconditions of the plan and never taken on trust. */
#ifndef PARE_EVIDENCE_H
#define PARE_EVIDENCE_H

#include "pare/plan.h"
#include "pare/port.h"

struct document_list {
	struct evidence_document {
		const char *sha256, *text;
	} *item;
	size_t count, cap;
};

enum { EVIDENCE_DOCUMENTS_MAX = 512 }; /* of one plan */

/* Adds a text under its digest; one that is there already is not added again. */
void document_add(struct arena *a, struct document_list *list, const char *text);
/* All documents of a principal that were read. */
void document_add_principal(struct arena *a, struct document_list *list, const struct principal *p);
/* NULL: not there. */
const char *document_find(const struct document_list *list, const char *sha256);

/* The file for a document: name below the plan's folder, and its canonical text. */
char *document_path(struct arena *a, const char *folder, const char *sha256);
char *document_canonical(struct arena *a, const char *text);
/* Adds a file's text. ERR_REFUSED when its name is not its digest. */
bool document_take(struct arena *a, struct document_list *list, const char *path, const char *text,
		   struct err *e);

/* Adds the documents kept beside a plan in a commit of the review repository; none is no error. */
bool document_read_review(struct arena *a, const struct review_port *review, const char *commit,
			  const struct plan *p, struct document_list *list, struct err *e);

/* The principal as it was when the plan was made: the policies its preconditions name, with these
 * documents. ERR_NOT_FOUND names the first whose document is not there. */
struct principal *document_principal(struct arena *a, const struct plan *p,
				     const struct document_list *list, struct err *e);

#endif
