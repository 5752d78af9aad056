/* refine: a narrower document, as Access Analyzer makes it: the unused actions go, structure, Sid,
 * Resource and Condition stay. The result is never trusted: the caller proves it. */
#ifndef PARE_REFINE_H
#define PARE_REFINE_H

#include "pare/catalog.h"
#include "pare/document.h"
#include "pare/unused.h"

/* p without the unused actions. Wildcards that cover unused actions are narrowed to what is used: to
 * shorter wildcards where they are exact over the catalogue, else to a list; nothing is written that
 * the old wildcard did not grant, today or ever. Left as they are: "*", Deny and NotAction
 * statements, statements that are not understood, and the wildcards of a service of which the
 * finding lists actions that the catalogue lacks (it is older than the finding). NULL when no
 * statement is left (the policy is wholly unused); the same pointer when nothing changes. */
struct policy *policy_refine(struct arena *a, const struct policy *p, const struct unused *unused,
			     const struct catalog *catalog);

/* Of p the grants of the actions that match a pattern, and nothing else: its Allow statements with
 * their Resources and Conditions, without Sids, each with the patterns that lie inside what it
 * grants, or, where wildcards overlap, the catalogue's actions that both match. NULL when it grants
 * none of them. Statements that are not understood are left out. */
struct policy *policy_select(struct arena *a, const struct policy *p, const struct str_list *patterns,
			     const struct catalog *catalog);

struct fit_setting {
	const struct policy *old; /* what p replaces: only what it granted may be widened to; or NULL */
	const struct unused *unused; /* what no new wildcard may match; or NULL */
	const struct catalog *catalog;
	size_t max_size;  /* characters a document (IAM's count) */
	size_t max_parts; /* documents */
};

/* The document of p in at most max_size characters. In this order, as far as needed: what other
 * patterns of the statement cover goes; wildcards that are exact over the catalogue and lie inside
 * what `old` granted with the same resources and conditions, so that they grant nothing that it
 * never granted, now or in future; Sids go; the statements are dealt out over several documents.
 * Returns the parts in order (*count >= 1; p itself when it fits), or NULL with the reason. */
struct policy **policy_fit(struct arena *a, const struct policy *p, const struct fit_setting *s,
			   size_t *count, struct err *e);

#endif
