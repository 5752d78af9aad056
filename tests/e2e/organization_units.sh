#!/bin/sh
# Accounts of an organization chosen by unit and tag, and a rollout in waves by unit and tag: a canary
# first, then dev, then production, with a pause, and a stop behind a wave that does not end well.
# Pages of two items, with an empty page before each.
. "$(dirname "$0")/lib/common.sh"
. "$(dirname "$0")/lib/organization.sh"

a1=100000000001 a2=100000000002 a3=100000000003 a4=100000000004 a5=100000000005 a6=100000000006
cat >"$work/units.json" <<END
{"root":"r-ab12","page":2,"emptyPages":true,
 "accounts":[{"id":"111122223333","name":"management"},{"id":"$a6","name":"closed","state":"SUSPENDED","tags":{"env":"prod"}}],
 "units":[
  {"id":"ou-ab12-dev00000","name":"dev","accounts":[{"id":"$a1","tags":{"env":"dev","team":"web"}}],
   "units":[{"id":"ou-ab12-devdeep0","name":"deep","units":[
    {"id":"ou-ab12-devdeepe","name":"deeper","accounts":[{"id":"$a2","tags":{"team":"data","env":"dev","ring":"canary"}},
     {"id":"$a3","tags":{"env":"dev","x":"y"}}]}]}]},
  {"id":"ou-ab12-prod0000","name":"prod","accounts":[{"id":"$a4","tags":{"env":"prod"}},{"id":"$a5","tags":{"env":"prod","team":""}}]},
  {"id":"ou-ab12-empty000","name":"empty"}]}
END
member='"keys":[{"accessKeyId":"AKIDEXAMPLE","secret":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","account":"111122223333","arn":"arn:aws:iam::111122223333:user/admin"},
 {"accessKeyId":"AKIDMEMBER","secret":"member-secret","account":"'$a1'","arn":"arn:aws:iam::'$a1':user/member"}],'
organization 6
{
	printf '{"organization":'
	cat "$work/units.json"
	printf ',%s' "$member"
	sed '1s/^{//' "$work/organization.json"
} >"$work/seed.json"
settings() { # a line for pare.lua
	write_config "$work/review.git"
	sed -i "s/^}\$/  limits = { percent = 100 }, accounts = { assume_role = \"pare-executor\", external_id = \"acme\" },\n$1\n}/" "$work/pare.lua"
}
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
make_review
settings ''

# --- seeds that are none -------------------------------------------------------------------------------
bad_seed() { # organization, 'text in the output'
	printf '{"schema":"pare.sandbox/v1","organization":%s}' "$1" >"$work/bad.json"
	! "$SANDBOX" --port-file "$work/bad-port" --seed "$work/bad.json" >"$work/out" 2>&1 || fail "a bad seed is taken: $1"
	grep -qF "$2" "$work/out" || { cat "$work/out"; fail "the seed '$1': the output lacks '$2'"; }
}
bad_seed '{"accounts":[]}' "expected 'root' as r-ab12"
bad_seed '{"root":"r-ab12","pages":2}' "unknown member 'pages'"
bad_seed '{"root":"r-ab12","accounts":[{"id":"12"}]}' "account '12': expected twelve digits"
bad_seed '{"root":"r-ab12","accounts":[{"id":"111122223333"}],"units":[{"id":"ou-ab12-dev00000","accounts":[{"id":"111122223333"}]}]}' 'and each once'
bad_seed '{"root":"r-ab12","units":[{"id":"dev"}]}' "unit 'dev': expected ou-"
bad_seed '{"root":"r-ab12","accounts":[{"id":"111122223333","tags":["a"]}]}' "expected 'tags' to be an object of texts"

# --- which accounts are planned ------------------------------------------------------------------
planned() { # last digits of the accounts, options…
	wanted=$1
	shift
	"$PARE" --json plan "$@" >"$work/json" 2>"$work/log" || { cat "$work/log"; fail "plan $*: exit $?"; }
	got=$(grep -oE '"account": "1000000000[0-9]+"' "$work/json" | grep -oE '[1-9]"$' | tr -d '"' | sort -u | tr -d '\n')
	[ "$got" = "$wanted" ] || { cat "$work/log"; fail "plan $*: accounts $got, expected $wanted"; }
}
planned 123 --ou ou-ab12-dev00000
planned 23 --ou ou-ab12-devdeep0
planned 2345 --ou ou-ab12-devdeepe --ou ou-ab12-prod0000
planned 12345 --ou r-ab12
grep -qF "left out, not active in the organization: $a6 'closed' (SUSPENDED)" "$work/log" || { cat "$work/log"; fail 'no word of the suspended account'; }
planned 123 --account-tag env=dev
planned 2 --account-tag env=dev --account-tag ring=canary
planned 5 --account-tag team=
planned 4 --ou r-ab12 --account-tag env=prod --account $a4
planned 1 --ou ou-ab12-dev00000 --account $a1 --account $a4
planned 123456
planned 6 --account $a6

# --- what is refused; nothing chosen is never everything --------------------------------------------
expect 1 'choosing accounts by --ou ou-ab12-empty000: no active account of the organization fits' "$PARE" plan --ou ou-ab12-empty000
expect 1 'no active account of the organization fits' "$PARE" plan --account-tag env=dev --account-tag env=prod
expect 1 'no active account of the organization fits' "$PARE" plan --account-tag Env=dev
expect 1 'no active account of the organization fits' "$PARE" plan --account $a4 --ou ou-ab12-dev00000
expect 1 "asking AWS Organizations what is in 'ou-ab12-99999999'" "$PARE" plan --ou ou-ab12-99999999
grep -qF 'this organization has no such unit' "$work/out" || { cat "$work/out"; fail 'not what to do'; }
for bad in ou-ab12 OU-AB12-DEV00000 r- dev 111122223333 'ou-ab12-dev00000 ' ../r-ab12; do
	expect 2 "option '--ou': expected the id of an organizational unit or root" "$PARE" plan --ou "$bad"
	expect 2 "option '--ou'" "$PARE" apply --ou "$bad"
done
for bad in env =dev ''; do
	expect 2 "option '--account-tag': expected KEY=VALUE" "$PARE" plan --account-tag "$bad"
	expect 2 "option '--account-tag'" "$PARE" apply --account-tag "$bad"
done
expect 2 'expected twelve digits' "$PARE" apply --account 1000
expect 2 "'--ou' asks AWS Organizations, and '--findings' is without network" "$PARE" plan \
	--findings examples/blog/saved --account-state examples/blog/account-state.json --ou r-ab12
expect 2 "'--account-tag' asks AWS Organizations" "$PARE" plan \
	--findings examples/blog/saved --account-state examples/blog/account-state.json --account-tag env=dev
expect 2 "unknown option '--account-tags': did you mean '--account-tag'?" "$PARE" plan --account-tags env=dev

# --- the AWS CLI sees the same organization -----------------------------------------------------------
denied() { # 'text in the output' command… ; version 1 of the AWS CLI ends with 255, version 2 with 254
	text=$1
	shift
	! "$@" >"$work/out" 2>&1 || fail "'$*' is answered"
	grep -qF "$text" "$work/out" || { cat "$work/out"; fail "'$*': the output lacks '$text'"; }
}
if command -v aws >/dev/null 2>&1; then
	[ "$(aws organizations list-accounts --query 'length(Accounts)')" = 7 ] || fail 'the AWS CLI sees other accounts'
	[ "$(aws organizations list-roots --query 'Roots[].Id' --output text)" = r-ab12 ] || fail 'the AWS CLI sees another root'
	aws organizations list-accounts-for-parent --parent-id ou-ab12-prod0000 --query 'Accounts[].Id' --output text | tr -d '\n\t' |
		grep -qx "$a4$a5" || fail 'the AWS CLI sees other accounts in the unit'
	[ "$(aws organizations list-organizational-units-for-parent --parent-id r-ab12 --query 'length(OrganizationalUnits)')" = 3 ] ||
		fail 'the AWS CLI sees other units'
	[ "$(aws organizations list-tags-for-resource --resource-id $a2 --query 'length(Tags)')" = 3 ] || fail 'the AWS CLI sees other tags'
	denied 'ParentNotFoundException' aws organizations list-accounts-for-parent --parent-id ou-ab12-99999999
	denied 'TargetNotFoundException' aws organizations list-tags-for-resource --resource-id 999999999999
	denied 'InvalidInputException' aws organizations list-accounts --no-paginate --next-token x
	denied 'InvalidInputException' aws organizations list-accounts --no-paginate --max-results 21
	(export AWS_SECRET_ACCESS_KEY=wrong; denied 'InvalidSignatureException' aws organizations list-accounts) || exit 1
else
	echo 'no AWS CLI on this machine: the organization is not looked at with it'
fi

# --- who may not ask, and where there is no organization -------------------------------------------------
(
	export AWS_ACCESS_KEY_ID=AKIDMEMBER AWS_SECRET_ACCESS_KEY=member-secret
	expect 1 'Organizations answers its management account and delegated administrators only' "$PARE" plan --ou r-ab12
) || exit 1
stop_box
start_box --seed "$work/organization.json"
expect 1 'is in no organization' "$PARE" plan --account-tag env=dev
stop_box

# Throttled, and 5xx: asked again.
start_box --seed "$work/seed.json" --faults work=10,throttle=0.1,5xx=0.05
AWS_MAX_ATTEMPTS=20
export AWS_MAX_ATTEMPTS
planned 123 --account-tag env=dev --ou ou-ab12-dev00000
unset AWS_MAX_ATTEMPTS

# --- waves: the canary by its tag, then dev by its unit, then production ----------------------------------
fresh() { # pause
	stop_box
	rm -rf "$work/state" "$work/review.git" "$work/reviewer" "$work/box.json"
	make_review
	settings "  waves = { { { tag = \"ring=canary\" } }, { \"ou-ab12-dev00000\" }, { { tag = \"env=prod\" }, \"111122223333\" } }, pause = $1,"
	start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
	expect 0 'planned' "$PARE" plan --ou r-ab12
	expect 0 'proposed' "$PARE" propose
	merge_proposal
}
applied() { # last digits of the accounts, in the order in which their plans were applied
	sed -n 's/^applied  *App[0-9]  plan [^-]*-\(1[0-9]*\)-.*/\1/p' "$work/out" | uniq | grep -o '.$' | tr -d '\n'
}
fresh 1
"$PARE" --json apply --dry-run >"$work/json" 2>"$work/log" || { cat "$work/log"; fail 'apply --dry-run'; }
order=$(grep -oE '"plan": "[^"]*"' "$work/json" | sed 's/.*-\(1000000000[0-9]*\)-.*/\1/' | uniq | grep -o '.$' | tr -d '\n')
[ "$order" = 21345 ] || { cat "$work/json"; fail "the dry run's order is $order"; }
expect 0 'wave 1 is done; waiting 1 s' "$PARE" apply
grep -qF 'wave 2 is done; waiting 1 s' "$work/out" || { cat "$work/out"; fail 'no pause behind wave 2'; }
[ "$(applied)" = 21345 ] || { cat "$work/out"; fail "the order was $(applied)"; }

# A part of it: units and tags choose, the waves order.
fresh 0
expect 0 '2 plans: 2 applied' "$PARE" apply --ou ou-ab12-devdeepe --account-tag env=dev
[ "$(applied)" = 23 ] || { cat "$work/out"; fail "a part: the order was $(applied)"; }
expect 0 '2 plans: 2 applied' "$PARE" apply --account-tag env=prod
[ "$(applied)" = 45 ] || { cat "$work/out"; fail "the next part: the order was $(applied)"; }
expect 1 'no active account of the organization fits' "$PARE" apply --ou ou-ab12-empty000

# The second wave does not end well: production is not started.
fresh 0
stop_box
sed -i "1,/\"keys\": \[/ s/\"id\": \"$a3\",\$/\"id\": \"$a3\", \"fault\": \"denied\",/" "$work/box.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
set +e
"$PARE" apply >"$work/out" 2>&1
code=$?
set -e
[ $code != 0 ] || { cat "$work/out"; fail 'a failing account is no failure'; }
grep -qF 'wave 2 did not end well: 2 plans were not started' "$work/out" || { cat "$work/out"; fail 'the rollout goes on'; }
[ "$(applied)" = 21 ] || { cat "$work/out"; fail "before the stop: $(applied)"; }

# A wave that nobody is in would put the first ones last: nothing is begun.
sed -i 's/ring=canary/ring=cannary/' "$work/pare.lua"
expect 1 "key 'waves[1]': no active account of the organization has the tag 'ring=cannary'" "$PARE" apply
sed -i 's/{ tag = "ring=cannary" }/"ou-ab12-99999999"/' "$work/pare.lua"
expect 1 "key 'waves[1]': asking AWS Organizations what is in 'ou-ab12-99999999'" "$PARE" apply
sed -i 's/"ou-ab12-99999999"/"ou-ab12-empty000"/' "$work/pare.lua"
expect 1 "key 'waves[1]': no active account of the organization is in 'ou-ab12-empty000'" "$PARE" apply
sed -i 's/"ou-ab12-empty000"/{ tag = "ring" }/' "$work/pare.lua"
expect 2 "key 'waves[1]': expected a tag as" "$PARE" apply

# An account that was suspended since its plan was made is left out, and said so.
fresh 0
stop_box
sed -i "/\"organization\": {/,/\"policies\": \[/ s/\"id\": \"$a4\",\$/\"id\": \"$a4\", \"state\": \"SUSPENDED\",/" "$work/box.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
expect 3 "account $a4 is SUSPENDED in AWS Organizations" "$PARE" apply App1
expect 0 "account $a4 is SUSPENDED in AWS Organizations" "$PARE" apply
[ "$(applied)" = 2135 ] || { cat "$work/out"; fail "without the suspended one: $(applied)"; }
