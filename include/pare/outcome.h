/* outcome: what became of one finding in a run of `plan`: nothing is dropped silently. */
#ifndef PARE_OUTCOME_H
#define PARE_OUTCOME_H

#include "pare/finding.h"
#include "pare/plan.h"
#include "pare/recommendation.h"

enum outcome_kind {
	OUTCOME_PLANNED,     /* a plan with all gates passed */
	OUTCOME_BLOCKED,     /* a plan, but a gate fails or is unknown */
	OUTCOME_EXEMPT,      /* a rule exempts it */
	OUTCOME_HELD,        /* a rule wants a person to look, or a rule failed */
	OUTCOME_NOTHING,     /* nothing to do: no steps, or already so */
	OUTCOME_UNSUPPORTED, /* finding type or principal without recommendation; says why */
	OUTCOME_FAILED,      /* Access Analyzer's recommendation FAILED, or the input is wrong */
};
const char *outcome_name(enum outcome_kind k);
bool outcome_parse_kind(const char *name, enum outcome_kind *k);

struct outcome {
	enum outcome_kind kind;
	const char *reason; /* one sentence; never NULL */
	const struct finding *finding;
	const struct recommendation *recommendation; /* or NULL */
	const struct principal *principal;           /* or NULL */
	struct decision decision;
	const char *after_plan, *after_at; /* an earlier plan for the principal and its end, or NULL */
	struct str_list commands; /* handed on to a person: to be run by hand */
	struct plan *plan; /* or NULL */
	struct loss loss;  /* with a plan */
};

struct run_account { /* one account of a run over several */
	const char *account;
	const char *failed; /* why it could not be read, or NULL */
	size_t findings, planned, principals;
	int64_t removed;    /* actions that its plans take away */
};

struct run_source { /* an analyzer, or a region, of a run over several */
	const char *region;
	const char *analyzer; /* NULL: the region's analyzers */
	const char *failed;   /* why it could not be read, or NULL */
	size_t findings;      /* those that nothing before had reported */
};

struct run { /* one `pare plan` */
	struct run_account *account; /* most findings first; none in a run over one account */
	size_t account_count;
	struct run_source *source;   /* as they were asked; none in a run over one analyzer */
	size_t source_count;
	const char *analyzer; /* or NULL */
	const char *created_at;
	struct outcome *outcome; /* sorted by principal ARN, then finding id */
	size_t count;
	size_t principals_seen; /* in the account state: what percent limits count against */
	size_t aws_calls;
};

/* JSON: schema "pare.run/v1"; what `plan --json` prints and what the state folder keeps so that
 * explain and status work without network. run_parse gives back everything but raw policies:
 * plans by id and digest only (plan NULL, see plan_ref). */
void run_print(const struct run *r, struct buf *out);

struct run_entry { /* an outcome as read back */
	enum outcome_kind kind;
	const char *reason, *finding; /* never NULL */
	const char *finding_type, *resource, *account; /* or NULL */
	const char *plan_id, *plan_digest; /* or NULL */
	struct decision decision;
	struct str_list commands;
	struct gate *gate;
	size_t gate_count;
};
struct run_record {
	const char *analyzer, *created_at;
	struct run_entry *entry;
	size_t count;
};
struct run_record *run_parse(struct arena *a, const char *text, size_t len, const char *what,
			     struct err *e);

#endif
