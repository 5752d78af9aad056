#!/bin/sh
# Findings over time: followed to RESOLVED, the remainder linked to the plan before it, an archive ended
# when its rule said.
. "$(dirname "$0")/lib/common.sh"

start_box --seed examples/users/seed.json --state "$work/box.json" --faults work=50
make_review
mkdir "$work/rules"
tomorrow=$(date -u -d '+1 day' +%Y-%m-%d) later=$(date -u -d '+4 days' +%Y-%m-%dT00:00:00Z)
rules() { # what else the rule says
	cat >"$work/rules/own.lua" <<END
rule {
  name  = "own",
  about = "Dana keeps deleting files this time; Kim's password rests until tomorrow.",
  judge = function(c)
    if c.finding.type == "UnusedIAMUserPassword" then
      return archive("on leave", { $1 owner = "people" })
    end
    if c.principal.name == "Dana" and c.finding.type == "UnusedPermission" then $2 end
    return exempt("not today")
  end,
}
END
}
rules "until = \"$tomorrow\"," 'return keep("s3:DeleteObject", "still to be asked")'
sed -i 's/^}$/  rules = { "rules" }, limits = { percent = 100 },\n}/' "$work/pare.lua"

expect 2 "'--wait' goes with '--refresh'" "$PARE" status --wait 1
expect 0 '2 planned' "$PARE" plan
expect 0 'pare/111122223333/' "$PARE" propose
merge_proposal
expect 0 'applied' "$PARE" apply
plan=$(sed -n 's/^applied .*plan \([^ ]*Dana[^ :]*\).*/\1/p' "$work/out")
[ -n "$plan" ] || { cat "$work/out"; fail 'no plan for Dana was applied'; }

# The finding is followed; what is left over has another id and is known as the remainder.
expect 0 'applied' "$PARE" status
! grep -qF RESOLVED "$work/out" || fail 'status knows what it did not ask'
expect 0 'RESOLVED' "$PARE" status --refresh --wait 5
remainder=$(sed -n 's/.*the remainder is open as finding \([^,]*\),.*/\1/p' "$work/out")
[ -n "$remainder" ] || { cat "$work/out"; fail 'the remainder is not told of'; }
expect 0 'RESOLVED' "$PARE" status
expect 0 "\"remainder\": \"$remainder\"" "$PARE" --json status
rules "until = \"$tomorrow\"," 'return nil'
expect 0 "after plan $plan of" "$PARE" plan --finding "$remainder"
expect 0 "\"afterPlan\": \"$plan\"" "$PARE" --json plan --finding "$remainder"
expect 0 "after plan $plan of" "$PARE" status

# Nothing is asked again of what is resolved; an analyzer out of reach only leaves it open.
stop_box
expect 0 'RESOLVED' "$PARE" status
start_box --seed examples/users/seed.json --state "$work/box.json" --faults work=50

# The archive ends with its day; not before, and not where a rule archives it still.
expect 0 'finding' "$PARE" plan --role Kim
! grep -qF 'un-archived' "$work/out" || fail 'un-archived before its time'
rules 'until = "2099-01-01",' 'return nil'
expect 0 'and it stays so: rule own says archive' "$PARE" --now "$later" plan --role Kim
rules "until = \"$tomorrow\"," 'return nil'
sed -i 's/return exempt("not today")/return nil/' "$work/rules/own.lua"
expect 0 'the finding is un-archived' "$PARE" --now "$later" plan --role Kim
expect 0 'archived it (receipt of' "$PARE" --now "$later" explain Kim
expect 0 'pare/111122223333/' "$PARE" --now "$later" propose
merge_proposal
"$SANDBOX" --state "$work/box.json" --show Kim | grep -qF 'ARCHIVED UnusedIAMUserPassword' || fail 'not archived'
expect 0 'applied' "$PARE" apply
"$SANDBOX" --state "$work/box.json" --show Kim | grep -qF 'ACTIVE UnusedIAMUserPassword' || fail 'not un-archived'
expect 0 '0 broken' "$PARE" verify
