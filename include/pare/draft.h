/* judge, draft, prove: from gathered material to a run: per finding a decision, then a plan with
 * steps in a safe order, then its gates. Pure but for the rules port. */
#ifndef PARE_DRAFT_H
#define PARE_DRAFT_H

#include "pare/catalog.h"
#include "pare/config.h"
#include "pare/gather.h"
#include "pare/outcome.h"
#include "pare/port.h"

struct draft_setting {
	const struct config *config;
	const struct catalog *catalog;
	int64_t now_ms;
	const char *caller_arn; /* pare's own identity, never planned against; NULL with saved input */
	size_t planned_before; /* of the same run, before these findings */
	size_t planned_here;   /* of those, in the same account */
};

/* flow/judge.c: the decision for one item. */
bool judge(struct arena *a, const struct rules_port *rules, const struct gathered *g,
	   const struct gathered_item *item, int64_t now_ms, struct decision *out, struct err *e);
/* The item that is judged next, while this one is being planned. */
void judge_ahead(const struct rules_port *rules, const struct gathered *g,
		 const struct gathered_item *item, int64_t now_ms);

/* flow/draft.c: the plan for one item (steps, inverses, preconditions, impact; no gates yet), or
 * NULL with *nothing set to the reason when there is nothing to do. */
struct plan *draft(struct arena *a, const struct draft_setting *s, const struct gathered *g,
		   const struct gathered_item *item, const struct decision *d,
		   const char **nothing, struct err *e);

/* What the plan may take away: the finding's unused actions without those that the rules keep. */
const struct unused *draft_unused(struct arena *a, const struct draft_setting *s,
				  const struct gathered_item *item, const struct decision *d);
/* AWS made no recommendation: pare derives the documents itself, and the plan's
 * source.recommendationSha256 is null. */
bool draft_derives(const struct gathered_item *item);

/* Parts of drafting that a rollback needs, too. The stamp: whose plan it is, for which branch, from when
 * to when. */
void draft_stamp(struct arena *a, const struct draft_setting *s, struct plan *p);
void draft_preconditions(struct arena *a, const struct principal *x, struct plan *p);
void draft_impact(struct arena *a, const struct loss *l, struct plan *p);

/* flow/prove.c: fills every gate of the plan but blast-radius. `before` is the principal the plan
 * was drafted from. */
void prove(struct arena *a, const struct draft_setting *s, struct plan *p,
	   const struct principal *before, const struct unused *unused,
	   const struct recommendation *recommendation, const struct quota *quota);

/* Who protects this principal: AWS, pare itself (it is the caller's role), or the configuration.
 * NULL: nobody. */
const char *protected_by(struct arena *a, const struct config *config, const char *caller_arn,
			 const struct principal *p);

/* flow/plan.c: the whole of it for a run, with blast-radius over all plans, each plan sealed. */
bool plan_run(struct arena *a, const struct draft_setting *s, const struct rules_port *rules,
	      const struct gathered *g, const struct progress_port *progress, struct run *out,
	      struct err *e);

#endif
