-- pare.lua: read from --config, $PARE_CONFIG, ~/.config/pare/pare.lua or /etc/pare/pare.lua,
-- never from the current directory and never from the reviewed repository.
-- Every key is checked; a path that is not absolute is relative to this file.
return {
  -- The unused-access analyzer whose findings are worked on.
  analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused-access",

  -- Rule files or folders, in this order; "shipped" stands for the rules that come with pare.
  rules = { "shipped", "rules" },

  -- Where plans are reviewed: a local path, file://, https:// or ssh. The branch is the one that
  -- approved plans are merged into; protect it.
  repository = { url = "https://git.example/acme/iam-review.git", branch = "main", forge = "none" },

  -- What makes a plan approved: it is merged into the protected branch.
  approval = { merged = true },

  -- The role assumed in each member account; without it, the caller's own credentials are used.
  -- accounts = { assume_role = "pare-executor", external_id = "acme-iam-review" },

  -- Caps on what one run may change, and how old things may be.
  limits = {
    changes_per_run = 50, changes_per_account = 20, percent = 25,
    recommendation_age_days = 30, plan_valid_days = 7,
  },

  -- When plans may be applied, and when not at all.
  -- window = { open = { "Mon-Thu 09:00-16:00 Europe/Berlin" }, freeze = { "2026-12-18/2027-01-07" } },

  -- Principals that are never changed: ARN globs.
  protect = { "arn:*:iam::*:role/break-glass-*" },

  -- When a plan fails in the middle: "undo" what was done, or "stop" there.
  on_failure = "undo",

  -- Commits and plans carry this author.
  author = "pare-bot@example.com",
}
