#include "pare/config.h"

void config_default(struct arena *a, struct config *c)
{
	(void)a;
	*c = (struct config){
		.repository = {.branch = "main", .forge = "none"},
		.approval = {.merged = true},
		.limits = {.changes_per_run = 50,
			   .changes_per_account = 20,
			   .percent = 25,
			   .recommendation_age_days = 30,
			   .plan_valid_days = 7},
		.on_failure = ON_FAILURE_UNDO,
		.author = "pare@localhost",
	};
}

const char *config_sample(void)
{
	return "-- pare.lua: read from --config, $PARE_CONFIG, ~/.config/pare/pare.lua or /etc/pare/pare.lua,\n"
	       "-- never from the current directory and never from the reviewed repository.\n"
	       "-- Every key is checked; a path that is not absolute is relative to this file.\n"
	       "return {\n"
	       "  -- The unused-access analyzer whose findings are worked on.\n"
	       "  analyzer = \"arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused-access\",\n"
	       "\n"
	       "  -- Rule files or folders, in this order; \"shipped\" stands for the rules that come with pare.\n"
	       "  rules = { \"shipped\", \"rules\" },\n"
	       "\n"
	       "  -- Where plans are reviewed: a local path, file://, https:// or ssh. The branch is the one that\n"
	       "  -- approved plans are merged into; protect it.\n"
	       "  repository = { url = \"https://git.example/acme/iam-review.git\", branch = \"main\", forge = \"none\" },\n"
	       "\n"
	       "  -- What makes a plan approved: it is merged into the protected branch.\n"
	       "  approval = { merged = true },\n"
	       "\n"
	       "  -- The role assumed in each member account; without it, the caller's own credentials are used.\n"
	       "  -- accounts = { assume_role = \"pare-executor\", external_id = \"acme-iam-review\" },\n"
	       "\n"
	       "  -- Caps on what one run may change, and how old things may be.\n"
	       "  limits = {\n"
	       "    changes_per_run = 50, changes_per_account = 20, percent = 25,\n"
	       "    recommendation_age_days = 30, plan_valid_days = 7,\n"
	       "  },\n"
	       "\n"
	       "  -- When plans may be applied, and when not at all.\n"
	       "  -- window = { open = { \"Mon-Thu 09:00-16:00 Europe/Berlin\" }, freeze = { \"2026-12-18/2027-01-07\" } },\n"
	       "\n"
	       "  -- Principals that are never changed: ARN globs.\n"
	       "  protect = { \"arn:*:iam::*:role/break-glass-*\" },\n"
	       "\n"
	       "  -- When a plan fails in the middle: \"undo\" what was done, or \"stop\" there.\n"
	       "  on_failure = \"undo\",\n"
	       "\n"
	       "  -- Commits and plans carry this author.\n"
	       "  author = \"pare-bot@example.com\",\n"
	       "}\n";
}
