# Windows, stops and tickets on the ordinary road: what waits says until when, what is stopped says by
# whom, and a ticket goes from the command line to the receipt.
. tests/e2e/lib/common.sh
command -v git >/dev/null 2>&1 || skip 'skipped: no git on this machine'

config() { # further members
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
  $1
}
END
}
today=$(date -u +%Y-%m-%d)
frozen="window = { freeze = { \"$today/2098-01-01\" } },"
always='window = { open = { "Mon-Sun 00:00-24:00 UTC" } },'
ticket='ticket = { pattern = "CHG%d+", required = true },'

start_box --seed $seed_file
make_review

# --- what cannot happen in time is blocked when it is planned ------------------------------------------
config "$frozen"
expect 0 '1 blocked' "$PARE" plan
expect 0 "the freeze $today/2098-01-01 holds, and nothing opens before the plan expires" "$PARE" explain $blog_role
config "$always"
expect 0 '1 planned' "$PARE" plan
expect 0 'open until the plan expires' "$PARE" explain $blog_role

# --- tickets ----------------------------------------------------------------------------------------------
config "$always $ticket"
expect 2 "give '--ticket ID'" "$PARE" propose
expect 2 "does not match the configuration's pattern 'CHG%d+'" "$PARE" propose --ticket CHG
expect 2 'letters, digits' "$PARE" propose --ticket 'CHG1@x'
expect 2 "takes no option '--ticket'" "$PARE" plan --ticket CHG1
expect 0 'proposed' "$PARE" propose --ticket CHG0030001
branch=$(git -C "$work/review.git" for-each-ref --format='%(refname:short)' 'refs/heads/pare/1*/*')
[ "$(git -C "$work/review.git" log -1 --format='%(trailers:key=Change-Ticket,valueonly)' "$branch" | head -n 1)" = CHG0030001 ] ||
	fail 'the trailer is not there'
plan=$(basename "$(git -C "$work/review.git" ls-tree -d --name-only "$branch:accounts/111122223333/plans")")
git -C "$work/review.git" show "$branch:accounts/111122223333/plans/$plan/plan.md" | grep -q 'CHG0030001' ||
	fail 'the ticket is not in plan.md'
git -C "$work/review.git" show "$branch:accounts/111122223333/plans/$plan/plan.json" | grep -q 'CHG0030001' &&
	fail 'the ticket is in the plan file'
merge_proposal

# --- frozen: it waits, and says until when --------------------------------------------------------------
config "$frozen $ticket"
expect 3 "the freeze $today/2098-01-01 holds" "$PARE" apply "$plan"
expect 0 'not applied' "$PARE" apply
expect 0 "waits: the freeze $today/2098-01-01 holds" "$PARE" status
config "window = { calendar = { \"arn:aws:ssm:us-east-1:111122223333:document/x\" } }, $ticket"
expect 3 'asking the change calendar, without which nothing is changed' "$PARE" apply "$plan"
git -C "$work/review.git" for-each-ref refs/pare/applied | grep -q . && fail 'it was marked as begun'

# --- stopped ---------------------------------------------------------------------------------------------
config "$always $ticket"
git -C "$work/review.git" update-ref refs/pare/stop "$(git -C "$work/review.git" rev-parse main)"
expect 3 "a stop is ordered by ref 'refs/pare/stop'" "$PARE" apply "$plan"
expect 0 'a stop is ordered' "$PARE" status
git -C "$work/review.git" for-each-ref refs/pare/applied | grep -q . && fail 'it was marked as begun'
git -C "$work/review.git" for-each-ref refs/pare/locks | grep -q . && fail 'the lock was kept'
git -C "$work/review.git" update-ref -d refs/pare/stop

# --- the executor's own pattern decides ----------------------------------------------------------------
config "$always ticket = { pattern = \"PAY-%d+\" },"
expect 3 "its change ticket 'CHG0030001' does not match 'PAY-%d+'" "$PARE" apply "$plan"
config "$always $ticket"
(cd "$work/reviewer" && echo 'CHG1 `x`' >"accounts/111122223333/plans/$plan/ticket" && git commit -qam forged && git push -q origin main)
expect 3 "is no change ticket's id" "$PARE" apply "$plan"
(cd "$work/reviewer" && git rm -q "accounts/111122223333/plans/$plan/ticket" && git commit -qm gone && git push -q origin main)
expect 3 'it carries no change ticket' "$PARE" apply "$plan"
(cd "$work/reviewer" && git revert -n HEAD HEAD~1 >/dev/null && git commit -qm back && git push -q origin main)
expect 0 'applied' "$PARE" apply "$plan"
receipt=$(git -C "$work/review.git" ls-tree -r --name-only pare/log receipts)
git -C "$work/review.git" show "pare/log:$receipt" | grep -qF '"who": "CHG0030001"' || fail 'the receipt has no ticket'
expect 0 '' "$PARE" verify
echo 'windows, stops and tickets: each refusal by name, the ticket from the command line to the receipt'
