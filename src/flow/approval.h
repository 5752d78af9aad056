/* approval: what approve and status both ask of the review repository; private to src/flow. */
#ifndef PARE_APPROVAL_H
#define PARE_APPROVAL_H

#include "pare/approve.h"

/* accounts/<account>/plans/<id>/plan.json taken apart; false when the path is none. */
bool plan_path_read(struct arena *a, const char *path, const char **account, const char **id);

/* The plan at a path of a commit. What cannot be read or parsed gives a plan of empty members with
 * its id, account and, where its bytes could be read, digest, and *wrong says why. */
struct plan *plan_at(struct arena *a, const struct review_port *review, const char *commit,
		     const char *path, const char **wrong);

/* Why this plan, merged, may not run now; NULL when it may. begun: it was begun in time, so its
 * expiry does not count any more. */
const char *plan_obstacle(struct arena *a, const struct config *config, const struct plan *p,
			  int64_t now_ms, bool begun);

/* The receipt for exactly these bytes on pare/log, or NULL with *e untouched when there is none;
 * damage is an error (ok=false). log "" means that there is no log yet. */
bool receipt_find(struct arena *a, const struct review_port *review, const char *log,
		  const struct plan *p, struct receipt **out, struct err *e);

/* The ticket that the plan's folder carries in that commit, against the configuration's pattern: why the
 * plan may not run, or NULL. One that is there is added to the approval's notes, for the receipt. */
const char *ticket_missing(struct arena *a, const struct review_port *review, const char *commit,
			   const struct config *config, struct approval *x);

/* Fetches, and gives the protected branch's tip, which must follow the one accepted last. */
bool protected_tip(struct arena *a, const struct review_port *review, const struct store_port *store,
		   const struct config *config, char tip[OID_HEX], struct err *e);
/* Does this machine's own journal say that it began these bytes? */
bool plan_begun_here(struct arena *a, const struct store_port *store, const struct plan *p);

/* Who approved, by the files of one commit (approval_policy.c). Opening reads all its lists of digests;
 * the lists of signers are read when a plan first needs them. port may be NULL: then only merging
 * can be judged. */
struct approval_desk;
bool approval_desk_open(struct arena *a, const struct review_port *review,
			const struct config *config, const struct approval_port *port,
			const char *commit, int64_t now_ms, struct approval_desk **out, struct err *e);
/* What is missing, and from whom, before the plan, which stands at that path, counts as approved;
 * NULL: nothing. The notes say who approved and how. */
const char *approval_missing(struct approval_desk *d, const struct plan *p, const char *path,
			     struct approval_note **note, size_t *count);

/* Under which name the key's signature counts for the plan now; NULL, and why it does not. */
const char *approval_signer(struct approval_desk *d, const struct plan *p, const struct ssh_key *key,
			    const char **why);

/* Does the commit that the receipt was approved on still show the signature its note tells of: the
 * list names the plan, the key of that fingerprint signed it? NULL: it does, else why not. */
const char *approval_evidence(struct arena *a, const struct review_port *review,
			      const struct receipt *r, const struct approval_note *note);

/* Where the state folder keeps the tip of pare/log that was seen last; and whether a log ("" none)
 * follows it. *last NULL: none was seen yet. (receipts.c) */
const char *log_tip_name(struct arena *a, const char *url);
bool log_follows(struct arena *a, const struct review_port *review, const struct store_port *store,
		 const char *log, const char **last, bool *yes, struct err *e);

#endif
