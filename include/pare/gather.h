/* gather: findings, recommendations and principals, from AWS or from saved files, as one run's
 * material. Nothing is dropped: what cannot be used carries its reason. */
#ifndef PARE_GATHER_H
#define PARE_GATHER_H

#include "pare/config.h"
#include "pare/outcome.h"
#include "pare/port.h"
#include "pare/quota.h"
#include "pare/shard.h"

struct past;

struct gathered_item {
	struct finding *finding;
	struct recommendation *recommendation; /* NULL where none exists or was saved */
	const struct principal *principal;     /* NULL: not in the account state */
	const char *unusable; /* NULL, or why the finding itself is nothing to plan from */
	enum outcome_kind unusable_kind;
	const char *no_steps; /* NULL, or why its recommendation gives no plan: asked after the rules */
	enum outcome_kind no_steps_kind;
	const struct past *archived_by; /* NULL, or the plan that archived it and whose `until` has passed */
	bool derivable; /* no_steps because AWS makes no recommendation, and the finding lists what is
			 * unused: pare may derive a plan of its own */
};

struct history;

struct gathered {
	const struct history *history; /* or NULL: not known */
	const char *analyzer; /* ARN or NULL */
	int unused_access_age_days;
	bool organization;   /* the analyzer sees every account of an organization */
	const char *account; /* whose part this is, after gather_split; else NULL */
	struct gathered_item *item; /* sorted by resource, then finding id */
	size_t count;
	struct account_state state;
	struct quota quota;
	size_t aws_calls;
};

struct gather_filter {
	const char *role_glob; /* matches the principal's name or ARN; NULL all */
	const char *finding;   /* id; NULL all */
	size_t limit;          /* 0 none */
	const struct str_list *accounts; /* that own the principal; NULL or empty: all */
	const struct str_list *findings; /* ids; NULL all */
	struct shard shard;
	bool (*known)(void *self, const struct finding *f); /* left out; or NULL */
	void *self;
};

/* Live: ListFindingsV2 (ACTIVE), GetFindingV2 with all pages, GenerateFindingRecommendation,
 * GetFindingRecommendation polled until it is settled (1, 2, 4, 5, 5 … s, at most 5 minutes) over all its
 * pages, GetAccountAuthorizationDetails, GetAccountSummary, GetAnalyzer. First what the
 * analyzer's account knows; then the principals of the account whose credentials the port has, to which
 * all items belong. */
bool gather_findings(struct arena *a, const struct read_port *aws, const struct clock_port *clock,
		     const char *analyzer, const struct gather_filter *filter,
		     const struct progress_port *progress, struct gathered *out, struct err *e);
bool gather_principals(struct arena *a, const struct read_port *aws, const struct clock_port *clock,
		       const struct gather_filter *filter, const struct progress_port *progress,
		       struct gathered *out, struct err *e);

/* An organization's findings, one part for each account that owns principals: most findings first,
 * then by account. */
size_t gather_split(struct arena *a, const struct gathered *all, struct gathered **parts);
/* The account cannot be read: every finding of it says why, and no other account is held up. */
void gather_unreadable(struct arena *a, struct gathered *part, const struct err *why);

/* Keeps the items the filter asks for, sorted. */
void gather_filter_items(struct gathered *g, const struct gather_filter *filter);
/* Filters, and fills unusable and no_steps: the same judgement for both sources. */
void gather_classify(struct arena *a, struct gathered *g, const struct gather_filter *filter);

/* Saved AWS CLI output: texts with their names, recognised by shape: list-findings-v2,
 * get-finding-v2, get-finding-recommendation, get-account-authorization-details, and arrays or
 * concatenations of them. A recommendation without a finding id in it is matched by the id in its
 * file's name, else by its resource when that is unique. */
bool gather_saved(struct arena *a, const struct saved_text *finding_texts, size_t finding_count,
		  const struct saved_text *state_texts, size_t state_count,
		  const struct gather_filter *filter, struct gathered *out, struct err *e);

#endif
