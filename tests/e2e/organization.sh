#!/bin/sh
# An organization of 200 accounts, planned through one analyzer and a role in each account. Accounts that
# deny, throttle or cannot be reached are told of and hold up nobody.
. "$(dirname "$0")/lib/common.sh"
. "$(dirname "$0")/lib/organization.sh"

organization 200
start_box --seed "$work/organization.json" --faults work=10
make_review
sed -i 's/^}$/  limits = { changes_per_run = 500, percent = 100 },\n}/' "$work/pare.lua"

# Without a role to assume every account says so, and nothing is planned.
expect 0 'set accounts = { assume_role' "$PARE" plan --account 100000000001
grep -qF '1 accounts, 1 of them could not be read' "$work/out" || { cat "$work/out"; fail 'the summary is wrong'; }

sed -i 's/^}$/  accounts = { assume_role = "pare-executor", external_id = "acme" },\n}/' "$work/pare.lua"
began=$(date +%s)
expect 0 '200 accounts, 12 of them could not be read' "$PARE" plan
took=$(($(date +%s) - began))
[ $took -le 300 ] || fail "planning took $took s"
echo "200 accounts planned in $took s"
cp "$work/out" "$work/plan.txt"
grep -qF '220 findings: 208 planned' "$work/plan.txt" || { tail -3 "$work/plan.txt"; fail 'the totals are wrong'; }
# Most findings first; then by account; each that failed says why.
grep -A2 '^account  ' "$work/plan.txt" | sed -n 2p | grep -q '^100000000001  *2  *2 ' || fail 'the order is wrong'
grep -E '^100000000007 .*failed: .*AccessDenied' "$work/plan.txt" >/dev/null || fail 'no word of the account that denies'
grep -E '^100000000017 .*failed: .*(Throttling|Rate exceeded)' "$work/plan.txt" >/dev/null ||
	fail 'no word of the account that throttles'
grep -E '^100000000027 .*failed: ' "$work/plan.txt" >/dev/null || fail 'no word of the account out of reach'
[ "$(ls "$work/state/accounts" | wc -l)" = 188 ] || fail 'not every account that can be read has plans'
"$PARE" --json plan --account 100000000002 >"$work/json" || fail 'plan --json'
grep -qF '"account": "100000000002"' "$work/json" || fail 'the JSON has no accounts'
expect 2 'expected twelve digits' "$PARE" plan --account 1000

# Rolled out in waves: one account first; behind a wave that does not end well the next is not started.
stop_box
rm -rf "$work/state"
organization 3
start_box --seed "$work/organization.json" --state "$work/box.json" --faults work=10
sed -i 's/^}$/  waves = { { "100000000002" }, { "100000000003" } }, pause = 1,\n}/' "$work/pare.lua"
expect 0 '3 accounts, 0 of them' "$PARE" plan
expect 0 'proposed' "$PARE" propose
merge_proposal
expect 0 'PutRolePolicy role=App2' "$PARE" apply --dry-run --account 100000000001
cp "$work/pare.lua" "$work/good.lua"
expect 0 'wave 2 is done; waiting 1 s' "$PARE" apply
grep -qF '4 plans: 4 applied' "$work/out" || { cat "$work/out"; fail 'not all accounts were worked on'; }
order=$(sed -n 's/^applied .*plan [^-]*-\(1[0-9]*\)-.*/\1/p' "$work/out" | uniq | tr '\n' ' ')
[ "$order" = '100000000002 100000000003 100000000001 ' ] || { cat "$work/out"; fail "the order was $order"; }
git -C "$work/review.git" ls-tree -r --name-only pare/log | grep -c '^receipts/' | grep -qx 4 || fail 'not four receipts'
grep -qF '"executor": "arn:aws:sts::100000000002:assumed-role/pare-executor/pare-' <<END || fail 'the session has another name'
$(git -C "$work/review.git" grep -h '"executor"' pare/log -- receipts/100000000002)
END

# The first wave's account denies the role: nothing after it is started; without it the others go on.
stop_box
rm -rf "$work/state" "$work/review.git" "$work/reviewer" "$work/box.json"
git init -q --bare -b main "$work/review.git"
git clone -q "$work/review.git" "$work/reviewer" 2>/dev/null
(cd "$work/reviewer" && git checkout -q -b main && echo '# IAM review' >README.md && git add README.md &&
	git commit -q -m start && git push -q origin main)
start_box --seed "$work/organization.json" --state "$work/box.json" --faults work=10
expect 0 '3 accounts, 0 of them' "$PARE" plan
expect 0 'proposed' "$PARE" propose
merge_proposal
stop_box
sed -i 's/"id": "100000000002",/"id": "100000000002", "fault": "denied",/' "$work/box.json"
start_box --seed "$work/organization.json" --state "$work/box.json" --faults work=10
set +e
"$PARE" apply >"$work/out" 2>&1
code=$?
set -e
[ $code != 0 ] || fail 'a failing account is no failure'
grep -qF 'wave 1 did not end well: 3 plans were not started' "$work/out" || { cat "$work/out"; fail 'the rollout goes on'; }
sed -i '/^  waves/d' "$work/pare.lua"
set +e
"$PARE" apply >"$work/out" 2>&1
code=$?
set -e
[ $code = 1 ] || [ $code = 3 ] || { cat "$work/out"; fail "exit $code with one failing account"; }
grep -qF '4 plans: 3 applied, 1 interrupted' "$work/out" || { cat "$work/out"; fail 'one failing account holds up the others'; }
grep -qF 'why: account 100000000002' "$work/out" || { cat "$work/out"; fail 'the failing account is not told of'; }
"$PARE" --json apply >"$work/out" 2>/dev/null && fail 'the failing account is no failure any more'
grep -q '"why": "account 100000000002: .*AccessDenied' "$work/out" || { cat "$work/out"; fail 'JSON leaves its plans out'; }
