/* approve: may this plan run now? Judged at execution time on what pare fetched itself. */
#ifndef PARE_APPROVE_H
#define PARE_APPROVE_H

#include "pare/config.h"
#include "pare/plan.h"
#include "pare/port.h"
#include "pare/receipt.h"

struct approval {
	struct plan *plan; /* as read from the protected branch's tip */
	char tip[OID_HEX];
	bool approved;
	bool finished;     /* a receipt says it was applied (or undone) already */
	bool started;      /* refs/pare/applied/<digest> exists, not finished: resume */
	const char *missing; /* why not, and from whom; NULL when approved */
	struct approval_note *note;
	size_t note_count;
};

/* Fetches once, checks that the tip descends from the last accepted one (kept in the store under
 * tips/), and lists every plan on the tip with its approval, judged now. account NULL: all
 * accounts. port NULL: signatures, reviews and a function of the plan cannot be judged, and what
 * needs them is not approved. */
bool approvals_read(struct arena *a, const struct review_port *review,
		    const struct store_port *store, const struct config *config,
		    const struct approval_port *port, const char *account, int64_t now_ms, struct approval **out, size_t *count,
		    char tip[OID_HEX], struct err *e);

/* A plan's mark, "refs/pare/applied/<digest>": made before the first write, so that a second runner
 * sees the plan as started even if this machine dies, and moved to the commit of its receipt. */
const char *applied_ref(struct arena *a, const char *digest);
/* Moves marks to one commit, together where the repository can. ERR_CONFLICT: one is not where it was
 * expected; others may have moved. */
bool applied_marks(const struct review_port *review, const struct review_move *mark, size_t count,
		   const char *oid, struct err *e);

/* What `pare approve` is about to sign, for a person to look at. */
struct approval_draft {
	const char *account;
	const char *branch; /* of the proposal; its approval is committed there */
	char tip[OID_HEX];  /* where that branch is; "" when it is made anew */
	char base[OID_HEX]; /* the commit that the approval goes on top of */
	struct plan **plan;
	const char **path;
	size_t count;
	const char *signer;  /* who signs, in words: principal, else the key's comment or fingerprint */
	const char *warning; /* why the signature will not count here as things are, or NULL */
	const char *file;    /* approvals/<account>/<digest12>-<signer>.sums */
	const char *sums;    /* what is signed */
};

/* Fetches and finds the proposal: a branch (pare/<account>/<digest12>), its <account>/<digest12>, its
 * <digest12>, or the id or digest of one plan. It stands for the plans on its branch that are not
 * merged yet, or, when all are, for those not carried out yet; only: for these roles alone. What may
 * not run anyway (expired, a gate, another repository) is refused. The proposal's branch is taken up
 * again from the protected branch once it is merged. */
bool approval_find(struct arena *a, const struct review_port *review, const struct config *config,
		   const struct approval_port *port, const struct ssh_key *key, const char *comment,
		   const char *proposal, const struct str_list *only, int64_t now_ms,
		   struct approval_draft *out, struct err *e);
/* Signs, commits and pushes. ERR_STALE when a plan changed since it was shown. */
bool approval_publish(struct arena *a, const struct review_port *review, const struct config *config,
		      const struct signer_port *signer, const struct approval_draft *d, int64_t now_ms,
		      char commit[OID_HEX], struct err *e);
/* Takes away every list of this key that names one of the draft's plans. ERR_NOT_FOUND: none. */
bool approval_withdraw(struct arena *a, const struct review_port *review, const struct config *config,
		       const struct ssh_key *key, const struct approval_draft *d, int64_t now_ms,
		       char commit[OID_HEX], struct str_list *files, struct err *e);

#endif
