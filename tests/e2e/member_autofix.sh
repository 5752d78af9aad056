#!/bin/sh
# Auto-fix over the accounts of an organization: one standing approval, its caps counted over the whole
# run, one run in the log; an account that denies holds up no other; what was begun is gone on with.
. "$(dirname "$0")/lib/common.sh"
. "$(dirname "$0")/lib/organization.sh"
for tool in ssh-keygen git sha256sum; do
	command -v $tool >/dev/null 2>&1 || skip "skipped: no $tool on this machine"
done

config() { # further members
	cat >"$work/pare.lua" <<CONFIG
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
  limits     = { percent = 100 },
  autofix    = { standing = { "small" }, signers = "signers" },
  $1
}
CONFIG
}
member='accounts = { assume_role = "pare-executor", external_id = "acme" },'

standing() { # per-run per-day percent
	mkdir -p "$work/reviewer/standing"
	cat >"$work/reviewer/standing/small.json" <<STANDING
{
  "schema": "pare.standing/v1",
  "name": "small",
  "repository": "$work/review.git",
  "branch": "main",
  "scope": {
    "accounts": [
      "100000000001",
      "100000000002",
      "100000000003",
      "100000000004"
    ],
    "roles": [
      "/App*"
    ],
    "tags": [],
    "steps": [
      "archive-finding",
      "replace-inline"
    ],
    "rulesSha256": "$rules",
    "gates": [
      "no-new-access",
      "only-unused-lost"
    ]
  },
  "caps": {
    "perRun": $1,
    "perDay": $2,
    "percent": $3
  },
  "expiresAt": "2099-01-01T00:00:00Z",
  "signers": 1
}
STANDING
	rm -f "$work/reviewer/standing/small.json.alice.sig"
	ssh-keygen -q -Y sign -n standing-approval@pare -f "$work/alice" "$work/reviewer/standing/small.json" 2>/dev/null
	mv "$work/reviewer/standing/small.json.sig" "$work/reviewer/standing/small.json.alice.sig"
	(cd "$work/reviewer" && git add -A standing && git commit -q -m standing && git push -q origin main)
}
anew() { # accounts, the accounts' members, waves
	stop_box
	rm -rf "$work/state" "$work/box.json" "$work/review.git" "$work/reviewer"
	organization "$1"
	start_box --seed "$work/organization.json" --state "$work/box.json" --faults work=10
	make_review
	config "$2 $3"
}
receipts() {
	git -C "$work/review.git" ls-tree -r --name-only pare/log 2>/dev/null | grep -c '^receipts/' || true
}
count() {
	grep -cF -- "$1" "$work/out" || true
}
is() { # number expected what
	[ "$1" = "$2" ] || { cat "$work/out"; fail "$3: $1, expected $2"; }
}

ssh-keygen -q -t ed25519 -N '' -C alice@example.com -f "$work/alice"
echo "alice@example.com namespaces=\"standing-approval@pare\" $(cat "$work/alice.pub")" >"$work/signers"

# --- a run over four accounts, five plans: no more than the run's cap, whatever account they are of ---------
anew 4 "$member" ''
expect 0 '5 findings: 5 planned' "$PARE" plan
rules=$(sed -n 's/.*"rulesSha256": "\([0-9a-f]*\)".*/\1/p' "$work"/state/accounts/100000000002/plans/*/plan.json | head -n 1)
standing 3 20 100
expect 0 "standing approval 'small' allows 3 a run" "$PARE" autofix --dry-run
is "$(count 'covered ')" 3 'covered'
is "$(count 'waits ')" 2 'waiting'
expect 0 "standing approval 'small' allows 3 a run" "$PARE" autofix --dry-run --all-analyzers --regions us-east-1
is "$(count 'covered ')" 3 'covered of all analyzers'
expect 0 'covered ' "$PARE" autofix --dry-run --account 100000000003
is "$(count 'plan ')" 1 'plans of one account'
expect 0 '3 plans: 3 applied' "$PARE" autofix
is "$(receipts)" 3 'receipts'
is "$(git -C "$work/review.git" grep -h '"run":' pare/log -- receipts | sort -u | wc -l)" 1 'runs'
is "$(git -C "$work/review.git" ls-tree --name-only pare/log receipts/ | wc -l)" 2 'accounts with receipts'
git -C "$work/review.git" grep -qh '"executor": "arn:aws:sts::100000000002:assumed-role/pare-executor/pare-' pare/log -- \
	receipts/100000000002 || fail 'the executor is not the role of the member account'
expect 0 '' "$PARE" verify
# The day's cap counts the run before over all accounts.
standing 3 4 100
expect 0 "allows 4 a day, and 3 were carried out" "$PARE" autofix
is "$(receipts)" 4 'receipts after the second run'
expect 0 "allows 4 a day, and 4 were carried out" "$PARE" autofix
is "$(receipts)" 4 'receipts after the third run'

# --- within a run the day's cap is not counted twice: what its earlier accounts did has receipts already -----
anew 4 "$member" ''
standing 5 5 100
expect 0 '5 plans: 5 applied' "$PARE" autofix
is "$(receipts)" 5 'receipts of a run at its cap'
# Percentages count against the principals of all accounts: 9 here, 30 % of them are 2.
anew 4 "$member" ''
standing 5 5 30
expect 0 'allows 30 % of ' "$PARE" autofix
is "$(receipts)" 2 'receipts of a share'

# --- an account that denies ------------------------------------------------------------------------------
anew 4 "$member" ''
standing 5 5 100
sed 's/"id":"100000000002"/"id":"100000000002","fault":"denied"/' "$work/organization.json" >"$work/seed.json"
stop_box
rm -f "$work/box.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
expect 0 '4 plans: 4 applied' "$PARE" autofix
is "$(receipts)" 4 'receipts beside an account that denies'

# --- an account that another executor may have: said by name, and the others are done -----------------------
anew 4 "$member" ''
standing 5 5 100
git -C "$work/review.git" update-ref refs/pare/locks/100000000002 "$(git -C "$work/review.git" rev-parse main)"
set +e
"$PARE" --json autofix >"$work/out" 2>"$work/err"
code=$?
set -e
[ $code = 3 ] || [ $code = 1 ] || { cat "$work/out" "$work/err"; fail "exit $code with one account that is locked"; }
is "$(receipts)" 4 'receipts beside an account that is locked'
is "$(count '"result": "applied"')" 4 'applied in the JSON'
is "$(grep -A6 '"account": "100000000002"' "$work/out" | grep -c '"why": ".*100000000002')" 1 'why the fifth is not'
git -C "$work/review.git" update-ref -d refs/pare/locks/100000000002

# --- waves, as for apply --------------------------------------------------------------------------------
anew 4 "$member" 'waves = { { "100000000003" }, { "100000000002" } }, pause = 1,'
standing 5 5 100
expect 0 'wave 2 is done; waiting 1 s' "$PARE" autofix
order=$(sed -n 's/^applied .*plan [^-]*-\(1[0-9]*\)-.*/\1/p' "$work/out" | uniq | tr '\n' ' ')
is "$order" '100000000003 100000000002 100000000001 100000000004 ' 'the order'
expect 2 'expected twelve digits' "$PARE" autofix --account 12

# --- accounts and waves by unit and tag --------------------------------------------------------------------
anew 4 "$member" 'waves = { { { tag = "ring=canary" } }, { "ou-ab12-dev00000" } },'
standing 5 5 100
stop_box
rm -f "$work/box.json"
{
	printf '{"organization":{"root":"r-ab12","accounts":[{"id":"111122223333"},{"id":"100000000001"}],"units":[
	 {"id":"ou-ab12-dev00000","accounts":[{"id":"100000000004"},{"id":"100000000003","tags":{"ring":"canary"}}]},
	 {"id":"ou-ab12-prod0000","accounts":[{"id":"100000000002"}]}]},'
	sed '1s/^{//' "$work/organization.json"
} >"$work/seed.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
expect 0 'covered ' "$PARE" autofix --dry-run --ou ou-ab12-prod0000
is "$(count 'plan ')" 1 'plans of one unit'
expect 2 "option '--ou'" "$PARE" autofix --ou prod
expect 0 '5 plans: 5 applied' "$PARE" autofix
order=$(sed -n 's/^applied .*plan [^-]*-\(1[0-9]*\)-.*/\1/p' "$work/out" | uniq | tr '\n' ' ')
is "$order" '100000000003 100000000004 100000000001 100000000002 ' 'the order by tag and unit'

# --- without a role to assume only the caller's own account is worked in ----------------------------------
anew 2 '' ''
standing 5 5 100
expect 0 'no plan whose gates all pass' "$PARE" autofix
is "$(receipts)" 0 'receipts without a role'

# --- killed in the second account: the next run ends what was begun there, and begins nothing twice --------
case $PARE in *asan*) echo 'auto-fix in members: not killed under the address sanitizer' && exit 0 ;; esac
gcc -shared -fPIC -D_GNU_SOURCE -o "$work/kill_at.so" tests/e2e/kill_at.c -ldl
for n in 2 8 18; do
	anew 2 "$member" ''
	standing 5 5 100
	set +e
	KILL_AT=$n KILL_WHEN=after LD_PRELOAD="$work/kill_at.so" "$PARE" autofix >"$work/out" 2>&1
	code=$?
	set -e
	[ $code = 137 ] || { cat "$work/out"; fail "killed after record $n: exit $code"; }
	[ $n != 18 ] || is "$(receipts)" 2 'receipts of the first account'
	expect 0 'begun before' "$PARE" autofix
	is "$(receipts)" 3 "receipts after the run that was killed after record $n"
	expect 0 '' "$PARE" verify
done
echo 'auto-fix in member accounts: caps over the run, waves, accounts that deny, resumed'
