# Bad inputs: each with one clear error that names what is wrong and what to do, the right exit code,
# and nothing lost or half-written.
. tests/e2e/lib/common.sh
trap 'umount "$work/small" 2>/dev/null || true; cleanup' EXIT

now=2026-11-25T20:00:00Z
finding=ca7fb67a-aa9d-4c4f-ab5d-4996463f9c05
plan_saved() { # folder of findings, account state
	"$PARE" --now $now plan --findings "$1" --account-state "$2"
}
fresh_saved() {
	rm -rf "$work/saved" "$work/state.json"
	cp -r examples/blog/saved "$work/saved"
	cp examples/blog/account-state.json "$work/state.json"
}
edit() { # sed expression, file
	sed -i "$1" "$2"
}
printf "return {}\n" >"$work/pare.lua"
rec=$work/saved/get-finding-recommendation-$finding.json
fresh_saved

# --- saved files ---------------------------------------------------------------------------------
expect 0 '1 planned' plan_saved "$work/saved" "$work/state.json"
expect 1 "'$work/none'" plan_saved "$work/none" "$work/state.json"
expect 1 "'$work/none.json'" plan_saved "$work/saved" "$work/none.json"
expect 2 '--account-state' "$PARE" --now $now plan --findings "$work/saved"
: >"$work/saved/empty.json"
expect 1 'empty.json' plan_saved "$work/saved" "$work/state.json"
fresh_saved
printf '{"findings": [' >"$work/saved/torn.json"
expect 1 'torn.json' plan_saved "$work/saved" "$work/state.json"
grep -q 'line 1' "$work/out" || fail 'a torn file: the line is not named'
fresh_saved
printf '{"hello": 1}' >"$work/saved/other.json"
expect 1 'not recognised' plan_saved "$work/saved" "$work/state.json"
fresh_saved
printf '\377\376{}' >"$work/saved/binary.json"
expect 1 'binary.json' plan_saved "$work/saved" "$work/state.json"

# --- recommendations that do not fit --------------------------------------------------------------
fresh_saved
edit 's#role/IAMRole_IA2_Blog_EC2Role"#role/SomebodyElse"#' "$rec"
expect 0 '0 planned' plan_saved "$work/saved" "$work/state.json"
grep -q 'another principal' "$work/out" || { cat "$work/out"; fail 'a recommendation for another role is not named'; }
fresh_saved
edit 's/"CREATE_POLICY"/"REPLACE_POLICY"/' "$rec"
expect 0 "'REPLACE_POLICY', is not understood" plan_saved "$work/saved" "$work/state.json"
fresh_saved
second=11111111-2222-3333-4444-555555555555
sed "s/$finding/$second/" "$work/saved/get-finding-v2-$finding.json" >"$work/saved/get-finding-v2-$second.json"
expect 0 'two active findings' plan_saved "$work/saved" "$work/state.json"
fresh_saved
cp "$rec" "$work/saved/again.json"
expect 1 'second recommendation' plan_saved "$work/saved" "$work/state.json"
fresh_saved
edit 's/"recommendedPolicy": "{\\"Version\\":/"recommendedPolicy": "{\\"Version\\":\\"2012-10-17\\",\\"Version\\":/' "$rec"
expect 0 '0 planned' plan_saved "$work/saved" "$work/state.json"
grep -q 'stands twice' "$work/out" || { cat "$work/out"; fail 'duplicate keys in a policy document are not named'; }
fresh_saved
edit 's/"s3:GetObject\\"/"s3:PutObject\\"/' "$rec"
expect 0 '1 blocked' plan_saved "$work/saved" "$work/state.json"
grep -q 'no-new-access' "$work/out" || { cat "$work/out"; fail 'a wider policy: the gate is not named'; }
fresh_saved
edit 's/"policyUpdatedAt": "[0-9]*/"policyUpdatedAt": "1999/' "$rec"
expect 0 'ask for a new recommendation' plan_saved "$work/saved" "$work/state.json"
fresh_saved
expect 0 'older than 30 days' "$PARE" --now 2027-03-01T00:00:00Z plan --findings "$work/saved" --account-state "$work/state.json"

# --- rules and configuration ----------------------------------------------------------------------
mkdir "$work/rules"
write_rules_config() {
	printf 'return { rules = { "%s" } }\n' "$work/rules" >"$work/pare.lua"
}
write_rules_config
printf 'rule { name = "broken", judge = function(c) return\n' >"$work/rules/broken.lua"
expect 2 'broken.lua:' plan_saved "$work/saved" "$work/state.json"
printf 'rule { name = "loops", about = "x", judge = function(c) while true do end end }\n' >"$work/rules/broken.lua"
expect 0 '0 planned' plan_saved "$work/saved" "$work/state.json"
grep -q 'held' "$work/out" || { cat "$work/out"; fail 'a rule that loops does not hold'; }
printf 'rule { name = "eats", about = "x", judge = function(c) local t = {} while true do t[#t + 1] = string.rep("x", 100000) .. #t end end }\n' >"$work/rules/broken.lua"
expect 0 '0 planned' plan_saved "$work/saved" "$work/state.json"
grep -q 'held' "$work/out" || { cat "$work/out"; fail 'a rule that eats memory does not hold'; }
printf 'return { anlyzer = "x" }\n' >"$work/pare.lua"
expect 2 "did you mean 'analyzer'" plan_saved "$work/saved" "$work/state.json"
printf 'return {\n' >"$work/pare.lua"
expect 2 'pare.lua:' plan_saved "$work/saved" "$work/state.json"
rm "$work/pare.lua"
expect 2 "'$work/pare.lua'" plan_saved "$work/saved" "$work/state.json"
printf 'return {}\n' >"$work/pare.lua"

# --- the command line -----------------------------------------------------------------------------
expect 2 "did you mean 'plan'" "$PARE" plann
expect 2 "did you mean '--findings'" "$PARE" plan --findigs x
expect 2 'takes no option' "$PARE" show --limit 3
expect 2 "takes no '--now'" "$PARE" --now $now apply
expect 2 "option '--limit'" "$PARE" plan --limit many
expect 2 "option '--now'" "$PARE" --now yesterday plan
expect 2 'access-analyzer' "$PARE" plan --analyzer arn:aws:iam::111122223333:role/x

# --- plan files -----------------------------------------------------------------------------------
rm -rf "$PARE_STATE"
plan_saved "$work/saved" "$work/state.json" >/dev/null
plan=$(find "$PARE_STATE" -name plan.json)
for change in 's/DetachRolePolicy/DetachRolePolicX/' 's/"pass"/"fail"/' 's/^  "schema"/ "schema"/' 's/"author"/"Author"/'; do
	cp "$plan" "$work/plan.json"
	edit "$change" "$plan"
	expect 1 'plan.json' "$PARE" show "$blog_role"
	cp "$work/plan.json" "$plan"
done
expect 0 "$blog_role" "$PARE" show "$blog_role"

# --- the state folder -----------------------------------------------------------------------------
export PARE_STATE="$work/file"
: >"$work/file"
expect 1 "'$work/file'" plan_saved "$work/saved" "$work/state.json"
export PARE_STATE="$work/state"
if [ "$(id -u)" = 0 ] && mkdir "$work/small" && mount -t tmpfs -o size=24k none "$work/small" 2>/dev/null; then
	expect 1 "No space left" "$PARE" --state "$work/small/state" --now $now plan --findings "$work/saved" --account-state "$work/state.json"
	[ -z "$(find "$work/small" -name plan.json -size 0)" ] || fail 'a full disk: an empty plan was left'
	umount "$work/small"
else
	echo 'skipped: a full disk needs a small tmpfs, which cannot be mounted here'
fi

# --- AWS ------------------------------------------------------------------------------------------
export AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=1
expect 1 '127.0.0.1' "$PARE" plan --analyzer "$analyzer"
start_box --seed examples/blog/seed.json
AWS_SECRET_ACCESS_KEY=wrong expect 1 'SignatureDoesNotMatch' "$PARE" plan --analyzer "$analyzer"
AWS_ACCESS_KEY_ID=AKIANOBODY expect 1 'InvalidClientTokenId' "$PARE" plan --analyzer "$analyzer"
expect 1 'analyzer/none' "$PARE" plan --analyzer "${analyzer%/*}/none"
(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY && expect 1 'credentials' "$PARE" plan --analyzer "$analyzer") || exit 1

# --- the review repository ------------------------------------------------------------------------
"$PARE" plan --analyzer "$analyzer" >/dev/null
expect 2 'review repository' "$PARE" propose
expect 1 "$work/nowhere.git" "$PARE" propose --repo "$work/nowhere.git"
make_review
mkdir -p "$work/review.git/hooks"
expect 0 'proposed' "$PARE" propose -q
expect 0 'nothing to apply' "$PARE" apply
grep -q 'not applied' "$work/out" && fail 'a plan that is not merged is offered'
expect 1 'is its proposal merged' "$PARE" apply "$blog_role"
echo 'all bad inputs were refused with their reasons'
