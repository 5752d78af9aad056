-- pare.lua: read from --config, $PARE_CONFIG, ~/.config/pare/pare.lua or /etc/pare/pare.lua,
-- never from the current directory and never from the reviewed repository.
-- Every key is checked; a path that is not absolute is relative to this file.
return {
  -- The unused-access analyzer whose findings are worked on.
  analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused-access",
  -- Instead, where 'pare plan --all-analyzers' looks for analyzers:
  -- regions = { "eu-west-1", "us-east-1" },

  -- Rule files or folders, in this order; "shipped" stands for the rules that come with pare.
  rules = { "shipped", "rules" },

  -- Where plans are reviewed: a local path, file://, https:// or ssh. The branch is the one that
  -- approved plans are merged into; protect it.
  repository = { url = "https://git.example/acme/iam-review.git", branch = "main", forge = "none" },
  -- With forge = "github", "gitlab" or "gitea" pull requests are opened, and there may be beside it:
  --   api = "https://git.example/api/v3", project = "acme/iam-review", labels = { "pare" },
  --   reviewers = { "alice", "acme/cloud-sec" }, credential_helper = { "git-credential-store" },

  -- Who must review what, for 'pare codeowners': accounts, paths of roles, roles, and the rest.
  -- owners = { ["111122223333"] = "@acme/cloud-sec", ["111122223333/app/"] = "@acme/payments", ["*"] = "@acme/security" },

  -- What makes a plan approved: it is merged into the protected branch; and so many people signed its
  -- digest ("pare approve", or sha256sum and ssh-keygen), by keys of a file of allowed signers. The
  -- plan's author does not count. Or a function of the plan that returns such a table.
  approval = { merged = true },
  -- approval = { merged = true, signatures = 2, signers = "allowed_signers", revoked = "revoked_keys" },

  -- The role assumed in each member account; without it, the caller's own credentials are used. A
  -- source identity stays on every session in CloudTrail; the role must allow sts:SetSourceIdentity.
  -- accounts = { assume_role = "pare-executor", external_id = "acme-iam-review", source_identity = "pare" },

  -- 'pare apply' works on these accounts first, wave by wave, and stops behind a wave that does not
  -- end well; accounts that no wave names come last. A wave holds accounts, organizational units with
  -- all that is inside them, and tags of accounts in AWS Organizations. Seconds between waves:
  -- waves = { { "111122223333", { tag = "wave=canary" } }, { "ou-ab12-34cd56ef" }, { "r-ab12" } }, pause = 600,

  -- Caps on what one run may change, and how old things may be.
  limits = {
    changes_per_run = 50, changes_per_account = 20, percent = 25,
    recommendation_age_days = 30, plan_valid_days = 7,
  },

  -- When plans may be applied, and when not at all: spans on the wall clock of a time zone (UTC unless
  -- named), freezes with their first and last day, and AWS Systems Manager change calendars.
  -- window = { open = { "Mon-Thu 09:00-16:00 Europe/Berlin" }, freeze = { "2026-12-18/2027-01-07" } },

  -- What AWS itself is asked about each plan: "off", "optional" (a plan goes without what cannot be
  -- asked) or "required" (it does not). All are off unless they stand here; no_new_access costs money.
  -- checks = { validate_policy = "optional", no_new_access = "off", simulate = "off", last_accessed = "required" },

  -- A change ticket that proposals carry: its pattern, and whether one is required.
  -- ticket = { pattern = "CHG%d+", required = true },

  -- What 'pare autofix' may carry out unattended: standing approvals of the review repository, and
  -- the people whose signatures on them count.
  -- autofix = { standing = { "detach-unused" }, signers = "standing_signers" },

  -- Principals that are never changed: ARN globs.
  protect = { "arn:*:iam::*:role/break-glass-*" },

  -- When a plan fails in the middle: "undo" what was done, or "stop" there.
  on_failure = "undo",

  -- Commits and plans carry this author.
  author = "pare-bot@example.com",
}
