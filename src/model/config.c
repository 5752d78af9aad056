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
	       "  -- Instead, where 'pare plan --all-analyzers' looks for analyzers:\n"
	       "  -- regions = { \"eu-west-1\", \"us-east-1\" },\n"
	       "\n"
	       "  -- Rule files or folders, in this order; \"shipped\" stands for the rules that come with pare.\n"
	       "  rules = { \"shipped\", \"rules\" },\n"
	       "\n"
	       "  -- Where plans are reviewed: a local path, file://, https:// or ssh. The branch is the one that\n"
	       "  -- approved plans are merged into; protect it.\n"
	       "  repository = { url = \"https://git.example/acme/iam-review.git\", branch = \"main\", forge = \"none\" },\n"
	       "  -- With forge = \"github\", \"gitlab\" or \"gitea\" pull requests are opened, and there may be beside it:\n"
	       "  --   api = \"https://git.example/api/v3\", project = \"acme/iam-review\", labels = { \"pare\" },\n"
	       "  --   reviewers = { \"alice\", \"acme/cloud-sec\" }, credential_helper = { \"git-credential-store\" },\n"
	       "\n"
	       "  -- Who must review what, for 'pare codeowners': accounts, paths of roles, roles, and the rest.\n"
	       "  -- owners = { [\"111122223333\"] = \"@acme/cloud-sec\", [\"111122223333/app/\"] = \"@acme/payments\", [\"*\"] = \"@acme/security\" },\n"
	       "\n"
	       "  -- What makes a plan approved: it is merged into the protected branch; and so many people signed its\n"
	       "  -- digest (\"pare approve\", or sha256sum and ssh-keygen), by keys of a file of allowed signers. The\n"
	       "  -- plan's author does not count. Or a function of the plan that returns such a table.\n"
	       "  approval = { merged = true },\n"
	       "  -- approval = { merged = true, signatures = 2, signers = \"allowed_signers\", revoked = \"revoked_keys\" },\n"
	       "\n"
	       "  -- The role assumed in each member account; without it, the caller's own credentials are used. A\n"
	       "  -- source identity stays on every session in CloudTrail; the role must allow sts:SetSourceIdentity.\n"
	       "  -- accounts = { assume_role = \"pare-executor\", external_id = \"acme-iam-review\", source_identity = \"pare\" },\n"
	       "\n"
	       "  -- 'pare apply' works on these accounts first, wave by wave, and stops behind a wave that does not\n"
	       "  -- end well; accounts that no wave names come last. A wave holds accounts, organizational units with\n"
	       "  -- all that is inside them, and tags of accounts in AWS Organizations. Seconds between waves:\n"
	       "  -- waves = { { \"111122223333\", { tag = \"wave=canary\" } }, { \"ou-ab12-34cd56ef\" }, { \"r-ab12\" } }, pause = 600,\n"
	       "\n"
	       "  -- Caps on what one run may change, and how old things may be.\n"
	       "  limits = {\n"
	       "    changes_per_run = 50, changes_per_account = 20, percent = 25,\n"
	       "    recommendation_age_days = 30, plan_valid_days = 7,\n"
	       "  },\n"
	       "\n"
	       "  -- When plans may be applied, and when not at all: spans on the wall clock of a time zone (UTC unless\n"
	       "  -- named), freezes with their first and last day, and AWS Systems Manager change calendars.\n"
	       "  -- window = { open = { \"Mon-Thu 09:00-16:00 Europe/Berlin\" }, freeze = { \"2026-12-18/2027-01-07\" } },\n"
	       "\n"
	       "  -- What AWS itself is asked about each plan: \"off\", \"optional\" (a plan goes without what cannot be\n"
	       "  -- asked) or \"required\" (it does not). All are off unless they stand here; no_new_access costs money.\n"
	       "  -- checks = { validate_policy = \"optional\", no_new_access = \"off\", simulate = \"off\", last_accessed = \"required\" },\n"
	       "\n"
	       "  -- A change ticket that proposals carry: its pattern, and whether one is required.\n"
	       "  -- ticket = { pattern = \"CHG%d+\", required = true },\n"
	       "\n"
	       "  -- What 'pare autofix' may carry out unattended: standing approvals of the review repository, and\n"
	       "  -- the people whose signatures on them count.\n"
	       "  -- autofix = { standing = { \"detach-unused\" }, signers = \"standing_signers\" },\n"
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
