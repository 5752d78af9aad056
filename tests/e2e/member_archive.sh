#!/bin/sh
# Findings of an organization's analyzer, archived and un-archived for roles of member accounts: the
# analyzer is a delegated administrator's, in another region; the caller's keys are of a third account.
# Then rollback over several accounts, source identities, and each account that refuses, by name.
. "$(dirname "$0")/lib/common.sh"

tools=111122223333 admin=999988887777 one=100000000001 two=100000000002
analyzer=arn:aws:access-analyzer:eu-west-1:$admin:analyzer/organization

trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":ACTION,"Condition":{"StringEquals":{"sts:ExternalId":"acme"}}}]}'
service='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
inline='{"name":"Own","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}]}}'
executor() { # account actions
	printf '{"account":"%s","name":"pare-executor","createdAt":"-10d","usedActions":[],"trust":' "$1"
	printf '%s' "$trust" | sed "s/ACTION/$2/"
	printf '}'
}
role() { # account name tags
	printf ',{"account":"%s","name":"%s","createdAt":"-700d","lastUsedAt":"-2h","tags":{%s},"trust":%s,"inline":[%s],"usedActions":["s3:GetObject"]}' \
		"$1" "$2" "$3" "$service" "$inline"
}
seed() { # actions that the roles trust
	{
		printf '{"schema":"pare.sandbox/v1","accounts":[{"id":"%s"},{"id":"%s"},{"id":"%s"},{"id":"%s"}],' $tools $admin $one $two
		printf '"analyzers":[{"arn":"%s","type":"ORGANIZATION_UNUSED_ACCESS","createdAt":"-400d","unusedAccessAge":90}],"roles":[' $analyzer
		executor $admin "$1" && printf , && executor $one "$1" && printf , && executor $two "$1"
		role $one App '' && role $one Quiet '"rule":"archive"'
		role $two App '' && role $two Quiet '"rule":"archive"'
		printf ']}'
	} >"$work/seed.json"
}
config() { # accounts' members, further keys
	write_archiving_rule "$work"
	cat >"$work/pare.lua" <<-CONFIG
		return {
		  analyzer   = "$analyzer",
		  rules      = { "shipped", "rules" },
		  repository = { url = "$work/review.git", branch = "main", forge = "none" },
		  author     = "pare-bot@example.com",
		  limits     = { percent = 100 },
		  accounts   = { $1 },
		  $2
		}
	CONFIG
}
member='assume_role = "pare-executor", external_id = "acme"'
anew() { # actions
	stop_box
	rm -rf "$work/state" "$work/box.json" "$work/review.git" "$work/reviewer"
	seed "$1"
	start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
	git init -q --bare -b main "$work/review.git"
	git clone -q "$work/review.git" "$work/reviewer" 2>/dev/null
	(cd "$work/reviewer" && git checkout -q -b main && echo '# IAM review' >README.md && git add README.md &&
		git commit -q -m start && git push -q origin main)
}
planned() {
	expect 0 '2 accounts, 0 of them could not be read' "$PARE" plan
	grep -qF '4 findings: 4 planned' "$work/out" || { cat "$work/out"; fail 'not everything is planned'; }
	expect 0 proposed "$PARE" propose
	merge_proposal
}
archived() { # how many findings of the state file are
	tr -d ' \n' <"$work/box.json" | grep -o '"status":"ARCHIVED"' | wc -l | tr -d ' '
}
fault() { # account: its role is denied from now on
	stop_box
	sed -i "s/\"id\": \"$1\",/\"id\": \"$1\", \"fault\": \"denied\",/" "$work/box.json"
	start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
}
end_of() { # command: its exit code, its output in $work/out
	set +e
	"$@" >"$work/out" 2>&1
	code=$?
	set -e
}
has() { # text
	grep -qF -- "$1" "$work/out" || { cat "$work/out"; fail "the output lacks '$1'"; }
}

# --- archived with the administrator's credentials, the rest with the members' ----------------------
anew '"sts:AssumeRole"'
config '' ''
expect 3 'set accounts = { assume_role' "$PARE" plan
config "$member" ''
planned
expect 0 'UpdateFindings finding=' "$PARE" apply --dry-run
expect 0 '4 plans: 4 applied' "$PARE" apply
[ "$(archived)" = 2 ] || fail "$(archived) findings are archived, expected 2"
git -C "$work/review.git" ls-tree -r --name-only pare/log | grep -c '^receipts/' | grep -qx 4 || fail 'not four receipts'
runs=$(git -C "$work/review.git" grep -h '"run":' pare/log -- receipts | sort -u | wc -l)
[ "$runs" = 1 ] || fail "the receipts are of $runs runs, expected one"
git -C "$work/review.git" grep -qh "\"executor\": \"arn:aws:sts::$one:assumed-role/pare-executor/pare-" pare/log -- receipts/$one ||
	fail 'the executor is not the role of the member account'
expect 0 'RESOLVED' "$PARE" status --refresh
grep -qF 'could not be asked about' "$work/out" && { cat "$work/out"; fail 'a finding could not be asked about'; }

sed 's/accounts   = {.*/accounts = {},/' "$work/pare.lua" >"$work/alone.lua"

# --- rolled back, over the accounts of the run; one that denies holds up nobody -----------------------
expect 0 "\"undoes\"" "$PARE" --json rollback --run last
[ "$(grep -c '"undoes"' "$work/out")" = 4 ] || { cat "$work/out"; fail 'not four rollbacks'; }
[ "$(grep -c '"allGatesPass": true' "$work/out")" = 4 ] || { cat "$work/out"; fail 'not four good rollbacks'; }
expect 2 "plans of accounts $one and $two fit" "$PARE" rollback App
expect 2 'expected twelve digits' "$PARE" rollback --account 1 App
expect 3 'set accounts = { assume_role' env PARE_CONFIG="$work/alone.lua" "$PARE" rollback --account $one App
expect 0 "Nothing was changed. Next: pare propose" "$PARE" rollback --account $one App
fault $two
rm -rf "$work/state"
end_of "$PARE" --json rollback --run last
[ $code = 1 ] || [ $code = 3 ] || { cat "$work/out"; fail "exit $code with one account that denies"; }
[ "$(grep -c '"allGatesPass": true' "$work/out")" = 2 ] || { cat "$work/out"; fail 'one account holds up the other'; }
has "account $two"
# shellcheck disable=SC2046
expect 0 proposed "$PARE" propose $(sed -n 's/^ *"plan": "\(.*\)",$/\1/p' "$work/out")
merge_proposal
expect 0 '2 plans: 2 applied' "$PARE" apply
[ "$(archived)" = 1 ] || fail "$(archived) findings are archived after one rollback, expected 1"

# --- the administrator's account denies: what archives is refused by its name, the rest is done --------
anew '"sts:AssumeRole"'
planned
fault $admin
end_of "$PARE" apply
[ $code = 3 ] || [ $code = 1 ] || { cat "$work/out"; fail "exit $code where the analyzer's account denies"; }
has '2 applied, 2 refused'
has "account $admin"
[ "$(archived)" = 0 ] || fail 'something was archived'
git -C "$work/review.git" ls-tree -r --name-only pare/log | grep -c '^receipts/' | grep -qx 2 || fail 'not two receipts'

# --- a finding that somebody archived is archived already; one that is resolved is nothing to archive --
anew '"sts:AssumeRole"'
planned
stop_box
sed -i "s/\"status\": \"ACTIVE\"/\"status\": \"ARCHIVED\"/" "$work/box.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
expect 0 'applied' "$PARE" apply
anew '"sts:AssumeRole"'
planned
stop_box
sed -i 's/"s3:GetObject","s3:DeleteObject"/"s3:GetObject"/; s/s3:DeleteObject/s3:GetObject/' "$work/box.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
end_of "$PARE" apply
has 'is resolved: there is nothing to archive'

# --- source identity ------------------------------------------------------------------------------------
config "$member, source_identity = \"x\"" ''
expect 2 "key 'accounts.source_identity'" "$PARE" plan
config "$member, source_identity = \"a b\"" ''
expect 2 '2 to 64 characters' "$PARE" plan
config 'source_identity = "pare-ci"' ''
expect 2 "key 'accounts.assume_role'" "$PARE" plan
config "$member, source_identity = \"pare-ci\"" ''
end_of "$PARE" plan
[ $code = 1 ] || { cat "$work/out"; fail "exit $code where the source identity is not allowed"; }
has 'sts:SetSourceIdentity'
has 'take source_identity out'
# With the trust policy of the recipe, which allows one.
trust=$(cat examples/aws/member/trust.json)
anew ''
end_of "$PARE" plan
has 'not authorized to perform: sts:AssumeRole' # the external id is another one
config 'assume_role = "pare-executor", external_id = "acme-iam-review", source_identity = "pare-ci"' ''
end_of "$PARE" plan
has 'not authorized to perform: sts:SetSourceIdentity'
config 'assume_role = "pare-executor", external_id = "acme-iam-review", source_identity = "pare"' ''
planned
expect 0 '4 plans: 4 applied' "$PARE" apply
[ "$(grep -c '"sourceIdentity": "pare"' "$work/box.json")" -ge 6 ] || fail 'not every session has the source identity'
[ "$(archived)" = 2 ] || fail 'not archived'
echo 'member accounts: archived, rolled back, refused by name; source identities'
