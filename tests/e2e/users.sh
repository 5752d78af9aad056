#!/bin/sh
# Users end to end: planned, proposed, applied and rolled back as roles are; whole roles, access keys
# and passwords are ruled on and handed on with the commands for a person.
. "$(dirname "$0")/lib/common.sh"

start_box --seed examples/users/seed.json --state "$work/box.json" --faults work=50
make_review

expect 0 'user Dana' "$PARE" plan
for text in 'access key AKIAEXAMPLEDANA00001 is unused' \
	'$ aws iam update-access-key --user-name Dana --access-key-id AKIAEXAMPLEDANA00001 --status Inactive' \
	'$ aws iam delete-login-profile --user-name Kim' \
	"\$ aws iam delete-role-policy --role-name Retired --policy-name 'Old policy'"; do
	grep -qF -- "$text" "$work/out" || { cat "$work/out"; fail "the plan lacks '$text'"; }
done
! grep -qF AKIAEXAMPLEDANA00002 "$work/out" || fail 'a key in use is listed'
expect 0 'what a person would run' "$PARE" explain Kim
expect 0 '"aws iam delete-login-profile --user-name Kim"' "$PARE" --json explain Kim

# Rules see them, and the groups; an archive is a plan.
mkdir "$work/rules"
cat >"$work/rules/own.lua" <<'END'
rule {
  name  = "own",
  about = "What is not about permissions.",
  judge = function(c)
    if c.finding.type == "UnusedIAMUserAccessKey" then return archive("the rotation deletes it") end
    if c.finding.type == "UnusedIAMUserPassword" then return exempt("logs in once a year") end
    if c.finding.type == "UnusedIAMRole" then return hold("ask the owner") end
    if c.principal.groups[1] ~= "Developers" then return hold("the groups are missing") end
  end,
}
END
sed -i 's/^}$/  rules = { "rules" }, limits = { percent = 100 },\n}/' "$work/pare.lua"
expect 0 'logs in once a year' "$PARE" plan
grep -qF 'ask the owner' "$work/out" || fail 'the role is not held'
grep -qF 'archive: the rotation deletes it' "$work/out" || fail 'archiving the finding of the key is not planned'
! grep -qF 'aws iam' "$work/out" || fail 'commands for what a rule decided'

# From plan to rollback.
"$SANDBOX" --state "$work/box.json" --show Dana >"$work/before.txt"
expect 0 'pare/111122223333/' "$PARE" propose
(cd "$work/reviewer" && git fetch -q) && branch=$(cd "$work/reviewer" && git branch -r --list 'origin/pare/1*' | tr -d ' ')
(cd "$work/reviewer" && git ls-tree -r --name-only "$branch") >"$work/tree"
for file in accounts/111122223333/users/people/Dana/principal.json \
	accounts/111122223333/users/people/Dana/inline/Queues.json \
	accounts/111122223333/users/people/Dana/managed/Files.json; do
	grep -qxF "$file" "$work/tree" || { cat "$work/tree"; fail "the review lacks $file"; }
done
merge_proposal
expect 0 'AttachUserPolicy user=Dana' "$PARE" apply --dry-run
expect 0 'applied' "$PARE" apply
for text in 'AttachUserPolicy' 'DetachUserPolicy' 'PutUserPolicy' 'DeleteUserPolicy' 'ArchiveFinding'; do
	(cd "$work/reviewer" && git fetch -q && git grep -q "$text" origin/pare/log -- receipts) ||
		fail "no receipt names $text"
done
"$SANDBOX" --state "$work/box.json" --show Dana >"$work/after.txt"
grep -qF 'ARCHIVED UnusedIAMUserAccessKey' "$work/after.txt" || fail 'the finding of the key is not archived'
! grep -qF 'ACTIVE UnusedPermission' "$work/after.txt" || { cat "$work/after.txt"; fail 'the finding stays open'; }
! grep -qF 'sqs:DeleteQueue' "$work/after.txt" || fail 'the unused action is still there'
expect 0 '0 broken' "$PARE" verify
expect 0 'AttachUserPolicy' "$PARE" rollback Dana
plan=$(sed -n 's/.*pare propose //p' "$work/out")
expect 0 'pare/111122223333/' "$PARE" propose "$plan"
merge_proposal
expect 0 'applied' "$PARE" apply
"$SANDBOX" --state "$work/box.json" --show Dana | sed '/^findings/,$d' >"$work/back.txt"
sed '/^findings/,$d' "$work/before.txt" | cmp - "$work/back.txt" || fail 'the rollback is not exact'
expect 0 '0 broken' "$PARE" verify
