#!/bin/sh
# Every unused-access analyzer of several regions in one run: of an account and of the organization, in
# regions that serve, deny, cannot be reached or have none. What two of them report is planned once.
. "$(dirname "$0")/lib/common.sh"

own=111122223333 one=100000000001
east=arn:aws:access-analyzer:us-east-1:$own:analyzer
west=arn:aws:access-analyzer:eu-west-1:$own:analyzer
service='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}'
inline='{"name":"Own","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}]}}'
role() { # account name tags
	printf ',{"account":"%s","name":"%s","createdAt":"-700d","lastUsedAt":"-2h","tags":{%s},"trust":%s,"inline":[%s],"usedActions":["s3:GetObject"]}' \
		"$1" "$2" "$3" "$service" "$inline"
}
analyzer() { # ARN type status
	printf '{"arn":"%s","type":"%s","status":"%s","createdAt":"-400d","unusedAccessAge":90}' "$1" "$2" "$3"
}
{
	printf '{"schema":"pare.sandbox/v1","accounts":[{"id":"%s"},{"id":"%s"}],"analyzers":[' $own $one
	analyzer $east/account ACCOUNT_UNUSED_ACCESS ACTIVE && printf ,
	analyzer $east/external ACCOUNT ACTIVE && printf ,
	analyzer $west/organization ORGANIZATION_UNUSED_ACCESS ACTIVE && printf ,
	analyzer $west/account ACCOUNT_UNUSED_ACCESS ACTIVE && printf ,
	analyzer $west/old ACCOUNT_UNUSED_ACCESS DISABLED && printf ,
	analyzer arn:aws:access-analyzer:eu-west-1:$one:analyzer/theirs ACCOUNT_UNUSED_ACCESS ACTIVE
	printf '],"regions":[{"name":"eu-central-1","fault":"denied"},{"name":"ap-south-1","fault":"unreachable"}],"roles":['
	printf '{"account":"%s","name":"pare-executor","createdAt":"-10d","usedActions":[],"trust":%s}' $one "$trust"
	role $own Web '' && role $own Quiet '"rule":"archive"'
	role $one App '' && role $one Quiet '"rule":"archive"'
	printf ']}'
} >"$work/seed.json"
config() { # regions and more
	write_archiving_rule "$work"
	cat >"$work/pare.lua" <<-CONFIG
		return {
		  rules      = { "shipped", "rules" },
		  repository = { url = "$work/review.git", branch = "main", forge = "none" },
		  author     = "pare-bot@example.com",
		  limits     = { percent = 100, changes_per_account = ${cap:-20} },
		  accounts   = { assume_role = "pare-executor" },
		  $1
		}
	CONFIG
}
count() { # text: how many lines have it
	grep -cF -- "$1" "$work/out" || true
}
is() { # number expected what
	[ "$1" = "$2" ] || { cat "$work/out"; fail "$3: $1, expected $2"; }
}

start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
make_review
config ''

# --- what is asked for ------------------------------------------------------------------------------------
expect 2 "'--regions' goes with '--all-analyzers'" "$PARE" plan --regions us-east-1
expect 2 "'--analyzer' and '--all-analyzers' exclude each other" "$PARE" plan --analyzer $east/account --all-analyzers
expect 2 "option '--regions': expected names" "$PARE" plan --all-analyzers --regions EU
expect 2 "option '--regions': expected names" "$PARE" plan --all-analyzers --regions 'us-east-1/../x'
config 'regions = { "us east" },'
expect 2 "key 'regions'" "$PARE" plan --all-analyzers
config ''
expect 0 '2 findings: 2 planned' "$PARE" plan --all-analyzers # the region of the environment
is "$(count 'analyzer/account  2 findings')" 1 'the analyzer of the region'
is "$(count 'analyzer/external')" 0 'an analyzer for external access'
expect 1 'no active analyzer for unused access in the regions asked' "$PARE" plan --all-analyzers --regions us-west-2
expect 1 'no analyzer could be read; the first trouble was' "$PARE" plan --all-analyzers --regions eu-central-1 us-west-2
grep -qF 'AccessDenied' "$work/out" || fail 'no word of what was denied'

# One analyzer of a member account: its principals are read there.
rm -rf "$work/state"
expect 0 '2 findings: 2 planned' "$PARE" plan --analyzer arn:aws:access-analyzer:eu-west-1:$one:analyzer/theirs
is "$(ls "$work/state/accounts/$one/plans" | wc -l)" 2 'plans of the account whose analyzer it is'
expect 1 'Analyzer not found' "$PARE" plan --analyzer arn:aws:access-analyzer:us-east-1:$one:analyzer/theirs
expect 2 "expected an analyzer's ARN" "$PARE" plan --analyzer arn:aws:iam::$one:role/theirs
expect 1 'no analyzer' "$PARE" plan --analyzer arn:aws:access-analyzer:..:$one:analyzer/theirs

# --- several regions, two kinds of analyzers, and what cannot be read ----------------------------------------
rm -rf "$work/state"
config 'regions = { "eu-central-1", "us-east-1", "ap-south-1", "eu-west-1", "us-west-2", "us-east-1" },'
expect 0 '4 findings: 4 planned' "$PARE" plan --all-analyzers
is "$(count 'region eu-central-1  failed: ')" 1 'the region that denies'
is "$(count 'region ap-south-1  failed: ')" 1 'the region that cannot be reached'
is "$(count 'region us-west-2  no active analyzer')" 1 'the region without an analyzer'
is "$(count "$east/account  2 findings")" 1 'the first region'
is "$(count "$west/account  0 findings")" 1 'what was reported before'
is "$(count "$west/organization  2 findings")" 1 'the analyzer of the organization'
is "$(count analyzer/old)" 0 'a disabled analyzer'
is "$(count '6 analyzers and regions asked, 2 of them could not be read')" 1 'the totals'
is "$(ls "$work"/state/accounts/*/plans | grep -c -- -)" 4 'plans in the state folder'
"$PARE" --json plan --all-analyzers >"$work/out" 2>"$work/err" || fail 'plan --json'
is "$(count '"region": ')" 6 'analyzers in the JSON'
is "$(count '"failed": "listing its analyzers')" 2 'failures in the JSON'
grep -q "^pare: region 'eu-central-1': " "$work/err" || { cat "$work/err"; fail 'nothing is said of it on stderr'; }
# The account's limit counts over its analyzers, its principals count once.
is "$(sed -n 's/.*"principalsSeen": \([0-9]*\),*$/\1/p' "$work/out" | tail -1)" 5 'principals seen'
cap=1 config 'regions = { "us-east-1", "eu-west-1" },'
expect 0 '2 planned' "$PARE" plan --all-analyzers
is "$(count 'blocked: ')" 2 'blocked by the account'\''s limit'
config 'regions = { "us-east-1", "eu-west-1" },'
expect 0 '3 findings: 3 planned' "$PARE" plan --all-analyzers --limit 3
expect 0 '2 findings: 2 planned' "$PARE" plan --all-analyzers --account $one
expect 0 '4 findings: 4 planned' "$PARE" plan --all-analyzers --regions us-east-1 eu-west-1

# --- carried out: each finding is archived in its analyzer's own region ---------------------------------------
expect 0 proposed "$PARE" propose
merge_proposal
expect 0 '4 plans: 4 applied' env AWS_REGION=us-west-2 "$PARE" apply
is "$(tr -d ' \n' <"$work/box.json" | grep -o '"status":"ARCHIVED"' | wc -l | tr -d ' ')" 2 'archived findings'
expect 0 'finding' "$PARE" status --refresh
is "$(count 'could not be asked about')" 0 'findings that could not be asked about'
expect 0 '0 findings' "$PARE" plan --all-analyzers

# --- an account that denies: the organization's analyzer goes on with the others --------------------------------
stop_box
rm -rf "$work/state" "$work/box.json" "$work/review.git" "$work/reviewer"
sed -i "s/{\"id\":\"$one\"}/{\"id\":\"$one\",\"fault\":\"denied\"}/" "$work/seed.json"
start_box --seed "$work/seed.json" --state "$work/box.json" --faults work=10
expect 0 '2 planned' "$PARE" plan --all-analyzers
grep -qE "^$one .*failed: .*AccessDenied" "$work/out" || { cat "$work/out"; fail 'no word of the account that denies'; }
echo 'every analyzer: several regions, both kinds, once each; what cannot be read is told of'
