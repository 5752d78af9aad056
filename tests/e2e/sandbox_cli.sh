# The AWS CLI against the sandbox: every operation that pare and its users need, with outputs and
# error codes.
. tests/e2e/lib/common.sh
command -v aws >/dev/null 2>&1 || skip 'no AWS CLI on this machine'
command -v python3 >/dev/null 2>&1 || skip 'no python3 on this machine'

account=111122223333
role_arn=arn:aws:iam::$account:role/app/Worker
policy_arn=arn:aws:iam::$account:policy/app/Reader
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"'$account'"},"Action":"sts:AssumeRole"}]}'
reader='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:GetQueueUrl","sqs:ReceiveMessage"],"Resource":"arn:aws:sqs:*:'$account':jobs"}]}'
lister='{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"lambda:ListFunctions","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}'

# is 'expected' service operation options…: its values, one space between them. Not by --output text:
# that applies --query to each page alone.
is() {
	expected=$1
	shift
	aws "$@" --output json >"$work/out" 2>"$work/err" || { cat "$work/err"; fail "'aws $*' failed"; }
	got=$(python3 - "$work/out" <<'END'
import json, sys
def flat(v):
    return sum(map(flat, v), []) if isinstance(v, list) else [str(v)]
print(" ".join(flat(json.load(open(sys.argv[1])))))
END
	)
	[ "$got" = "$expected" ] || fail "'aws $*': '$got', expected '$expected'"
}
does() {
	aws "$@" --output json >"$work/out" 2>"$work/err" || { cat "$work/err"; fail "'aws $*' failed"; }
}
refuses() { # code service operation options…
	expected=$1
	shift
	! aws "$@" >"$work/out" 2>"$work/err" || fail "'aws $*' went through, expected $expected"
	grep -qF "($expected)" "$work/err" || { cat "$work/err"; fail "'aws $*': expected $expected"; }
}
same_json() { # 'expected' file
	python3 -c 'import json, sys; sys.exit(json.loads(sys.argv[1]) != json.load(open(sys.argv[2])))' "$1" "$2" ||
		{ cat "$2"; fail "expected $1"; }
}

start_box --seed "$seed_file"

# --- STS
is $account sts get-caller-identity --query Account
aws sts get-caller-identity --query Arn --output text | grep -q "^arn:aws:[a-z]*::$account:" || fail 'the caller'

# --- roles
is $role_arn iam create-role --role-name Worker --path /app/ --assume-role-policy-document "$trust" \
	--description 'does the work' --tags Key=team,Value=blue --query Role.Arn
refuses EntityAlreadyExists iam create-role --role-name worker --assume-role-policy-document "$trust"
refuses MalformedPolicyDocument iam create-role --role-name Other --assume-role-policy-document '{'
is 'Worker /app/ does the work' iam get-role --role-name Worker --query 'Role.[RoleName,Path,Description]'
does iam get-role --role-name Worker --query Role.AssumeRolePolicyDocument
same_json "$trust" "$work/out"
refuses NoSuchEntity iam get-role --role-name Nobody
does iam tag-role --role-name Worker --tags 'Key=cost centre,Value=a+b/c' Key=team,Value=green
is 'cost centre a+b/c team green' iam list-role-tags --role-name Worker --query 'sort_by(Tags,&Key)[].[Key,Value]'
is 1 iam list-role-tags --role-name Worker --max-items 1 --query 'length(Tags)'
refuses NoSuchEntity iam tag-role --role-name Nobody --tags Key=a,Value=b
is Worker iam list-roles --path-prefix /app/ --query 'Roles[].RoleName'
all=$(aws iam list-roles --query 'length(Roles)')
is "$all" iam list-roles --page-size 1 --query 'length(Roles)'
[ "$all" -ge 2 ] || fail "list-roles shows $all roles"
is 1 iam list-roles --max-items 1 --query 'length(Roles)'
first=$(aws iam list-roles --max-items 1 --query 'Roles[0].RoleName' --output json)
token=$(aws iam list-roles --max-items 1 --query NextToken --output json | tr -d '"')
second=$(aws iam list-roles --max-items 1 --starting-token "$token" --query 'Roles[0].RoleName' --output json)
case $second in '' | null | "$first") fail "the page after $first shows $second" ;; esac

# --- policies
is "$policy_arn v1 0 True" iam create-policy --policy-name Reader --path /app/ --policy-document "$reader" \
	--query 'Policy.[Arn,DefaultVersionId,AttachmentCount,IsAttachable]'
refuses EntityAlreadyExists iam create-policy --policy-name Reader --policy-document "$reader"
refuses MalformedPolicyDocument iam create-policy --policy-name Bad --policy-document '{"Version":"2012-10-17"}'
is 'Reader /app/' iam get-policy --policy-arn $policy_arn --query 'Policy.[PolicyName,Path]'
refuses NoSuchEntity iam get-policy --policy-arn arn:aws:iam::$account:policy/None
does iam get-policy-version --policy-arn $policy_arn --version-id v1 --query PolicyVersion.Document
same_json "$reader" "$work/out"
refuses NoSuchEntity iam get-policy-version --policy-arn $policy_arn --version-id v7
is 'v1 True' iam list-policy-versions --policy-arn $policy_arn --query 'Versions[].[VersionId,IsDefaultVersion]'
is $policy_arn iam list-policies --scope Local --path-prefix /app/ --query 'Policies[].Arn'
is None iam list-policies --scope Local --only-attached --path-prefix /app/ --query 'Policies[0].Arn'
does iam list-policies --scope AWS --query 'Policies[].PolicyName'
grep -q '"AmazonS3ReadOnlyAccess"' "$work/out" || fail 'no AWS-managed policies'

# --- attaching
does iam attach-role-policy --role-name Worker --policy-arn $policy_arn
does iam attach-role-policy --role-name Worker --policy-arn $policy_arn
refuses NoSuchEntity iam attach-role-policy --role-name Worker --policy-arn arn:aws:iam::$account:policy/None
is "Reader $policy_arn" iam list-attached-role-policies --role-name Worker \
	--query 'AttachedPolicies[].[PolicyName,PolicyArn]'
is Worker iam list-entities-for-policy --policy-arn $policy_arn --query 'PolicyRoles[].RoleName'
is 1 iam get-policy --policy-arn $policy_arn --query Policy.AttachmentCount
refuses DeleteConflict iam delete-policy --policy-arn $policy_arn

# --- inline
does iam put-role-policy --role-name Worker --policy-name List --policy-document "$lister"
refuses MalformedPolicyDocument iam put-role-policy --role-name Worker --policy-name Bad --policy-document '[]'
is List iam list-role-policies --role-name Worker --query PolicyNames
does iam get-role-policy --role-name Worker --policy-name List --query PolicyDocument
same_json "$lister" "$work/out"
refuses NoSuchEntity iam get-role-policy --role-name Worker --policy-name None

# --- the account at large
is "Worker List $policy_arn" iam get-account-authorization-details --filter Role --query \
	'RoleDetailList[?RoleName==`Worker`].[RoleName,RolePolicyList[0].PolicyName,AttachedManagedPolicies[0].PolicyArn]'
does iam get-account-authorization-details --filter Role LocalManagedPolicy
cp "$work/out" "$work/whole"
does iam get-account-authorization-details --filter Role LocalManagedPolicy --page-size 1
same_json "$(cat "$work/whole")" "$work/out"
is "$all" iam get-account-authorization-details --filter Role --query 'length(RoleDetailList)'
does iam get-account-authorization-details --filter Role --max-items 1
is "$all" iam get-account-summary --query SummaryMap.Roles
is 10 iam get-account-summary --query SummaryMap.AttachedPoliciesPerRoleQuota

# --- undoing
does iam delete-role-policy --role-name Worker --policy-name List
refuses NoSuchEntity iam delete-role-policy --role-name Worker --policy-name List
is '' iam list-role-policies --role-name Worker --query PolicyNames
does iam detach-role-policy --role-name Worker --policy-arn $policy_arn
refuses NoSuchEntity iam detach-role-policy --role-name Worker --policy-arn $policy_arn
does iam delete-policy --policy-arn $policy_arn
refuses NoSuchEntity iam delete-policy --policy-arn $policy_arn

# --- Access Analyzer
is "$analyzer ACTIVE" accessanalyzer list-analyzers --type ACCOUNT_UNUSED_ACCESS --query 'analyzers[].[arn,status]'
is 'unused-access ACCOUNT_UNUSED_ACCESS' accessanalyzer get-analyzer --analyzer-name unused-access \
	--query 'analyzer.[name,type]'
refuses ResourceNotFoundException accessanalyzer get-analyzer --analyzer-name none
blog_arn=arn:aws:iam::$account:role/$blog_role
id=$(aws accessanalyzer list-findings-v2 --analyzer-arn $analyzer --filter '{"status":{"eq":["ACTIVE"]},"findingType":{"eq":["UnusedPermission"]}}' \
	--query "findings[?ends_with(resource,'/$blog_role')].id" --output text)
[ -n "$id" ] || fail 'no finding for the role'
is '' accessanalyzer list-findings-v2 --analyzer-arn $analyzer --filter '{"status":{"eq":["ARCHIVED"]}}' --query 'findings[].id'
refuses ResourceNotFoundException accessanalyzer list-findings-v2 --analyzer-arn "${analyzer}x"
is "$id AWS::IAM::Role $account ACTIVE UnusedPermission" accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id "$id" \
	--query '[id,resourceType,resourceOwnerAccount,status,findingType]'
does accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id "$id" --page-size 1 \
	--query 'findingDetails[].unusedPermissionDetails.serviceNamespace'
grep -q '"lambda"' "$work/out" || fail 'the details'
refuses ResourceNotFoundException accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id 00000000-0000-0000-0000-000000000000
refuses ResourceNotFoundException accessanalyzer get-finding-recommendation --analyzer-arn $analyzer --id "$id"
refuses ValidationException accessanalyzer generate-finding-recommendation --analyzer-arn $analyzer --id '!'
does accessanalyzer generate-finding-recommendation --analyzer-arn $analyzer --id "$id"
tries=0
while :; do
	status=$(aws accessanalyzer get-finding-recommendation --analyzer-arn $analyzer --id "$id" --query status --output text | head -n 1)
	[ "$status" = IN_PROGRESS ] || break
	tries=$((tries + 1))
	[ $tries -lt 60 ] || fail 'the recommendation is never ready'
	sleep 0.2
done
[ "$status" = SUCCEEDED ] || fail "the recommendation: $status"
does accessanalyzer get-finding-recommendation --analyzer-arn $analyzer --id "$id" \
	--query 'recommendedSteps[].unusedPermissionsRecommendedStep.join(`,`,[recommendedAction,existingPolicyId])'
cp "$work/out" "$work/steps"
grep -q "CREATE_POLICY,InlinePolicyListLambda" "$work/steps" || { cat "$work/steps"; fail 'no step creates'; }
grep -q "DETACH_POLICY,InlinePolicyListLambda" "$work/steps" || { cat "$work/steps"; fail 'no step detaches'; }
does accessanalyzer get-finding-recommendation --analyzer-arn $analyzer --id "$id" --page-size 1 \
	--query 'recommendedSteps[].unusedPermissionsRecommendedStep.join(`,`,[recommendedAction,existingPolicyId])'
diff "$work/steps" "$work/out" || fail 'page by page, the recommendation is another'
is "$blog_arn" accessanalyzer get-finding-recommendation --analyzer-arn $analyzer --id "$id" --query resourceArn
does accessanalyzer update-findings --analyzer-arn $analyzer --ids "$id" --status ARCHIVED
is ARCHIVED accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id "$id" --query status
does accessanalyzer update-findings --analyzer-arn $analyzer --ids "$id" --status ACTIVE
is ACTIVE accessanalyzer get-finding-v2 --analyzer-arn $analyzer --id "$id" --query status
is '' accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document "$reader" \
	--query 'findings[?findingType==`ERROR`].issueCode'
does accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document \
	'{"Version":"2012-10-17","Statement":[{"Effect":"Permit","Action":"sqs:SendMessage","Resource":"*"}]}'
grep -q '"findingType": "ERROR"' "$work/out" || { cat "$work/out"; fail 'validate-policy finds nothing'; }

# --- a session
aws sts assume-role --role-arn $role_arn --role-session-name e2e --duration-seconds 900 \
	--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text >"$work/session" || fail 'assume-role'
refuses AccessDenied sts assume-role --role-arn arn:aws:iam::$account:role/Nobody --role-session-name e2e
(
	read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <"$work/session"
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	is arn:aws:sts::$account:assumed-role/Worker/e2e sts get-caller-identity --query Arn
	is Worker iam get-role --role-name Worker --query Role.RoleName
	AWS_SESSION_TOKEN=another
	refuses InvalidClientTokenId iam get-role --role-name Worker
	refuses UnrecognizedClientException accessanalyzer list-analyzers
) || exit 1
(
	AWS_SECRET_ACCESS_KEY=wrong
	refuses SignatureDoesNotMatch iam get-role --role-name Worker
	refuses InvalidSignatureException accessanalyzer list-analyzers
) || exit 1

# --- the program
stop_box
expect 0 'Usage: pare-sandbox' "$SANDBOX" --help
expect 0 'pare-sandbox 0.' "$SANDBOX" --version
expect 0 'InlinePolicyListLambda' "$SANDBOX" --seed "$seed_file" --show "$blog_role"
expect 1 "there is no such role" "$SANDBOX" --seed "$seed_file" --show Nobody
expect 2 "did you mean '--listen'" "$SANDBOX" --lisen 127.0.0.1:0
expect 2 "unknown option 'word'" "$SANDBOX" word
expect 2 "expected FILE behind it" "$SANDBOX" --seed
expect 2 "expected FILE behind it" "$SANDBOX" --seed --help
expect 2 "takes no value" "$SANDBOX" --help=1
expect 2 "--allow-network" "$SANDBOX" --listen 0.0.0.0:0
expect 2 "--allow-network" "$SANDBOX" '--listen=[::]:0'
for bad in 127.0.0.1 127.0.0.1: :80 127.0.0.1:65536 127.0.0.1:x ::1:80 '[::1]' example.com:80 127.0.0.1:-1; do
	expect 2 "option '--listen'" "$SANDBOX" --listen "$bad"
done
for bad in -1 1x '' 3600001; do
	expect 2 "option '--latency'" "$SANDBOX" "--latency=$bad"
	expect 2 "option '--lag'" "$SANDBOX" "--lag=$bad"
done
for bad in roles=0 roles=x seed=1 5 roles=1,x=2 roles=-1 ''; do
	expect 2 "option '--generate'" "$SANDBOX" "--generate=$bad"
done
expect 2 'fault' "$SANDBOX" --faults nonsense=1
expect 1 "reading seed '$work/none'" "$SANDBOX" --seed "$work/none"
expect 1 "reading seed '$work'" "$SANDBOX" --seed "$work"
echo '{"a":' >"$work/bad.json"
expect 1 "$work/bad.json" "$SANDBOX" --seed "$work/bad.json"
expect 1 "writing port file '$work/none/port'" "$SANDBOX" --port-file "$work/none/port"
start_box
expect 1 'Address already in use' "$SANDBOX" --listen "127.0.0.1:$(cat "$work/port")"
grep -q "^pare-sandbox: listening on http://127.0.0.1:$(cat "$work/port"), access key AKIDEXAMPLE\$" "$work/sandbox.log" ||
	{ cat "$work/sandbox.log"; fail 'what it says when listening'; }
[ "$(wc -l <"$work/sandbox.log")" = 1 ] || { cat "$work/sandbox.log"; fail 'it says more than a line'; }
stop_box

# --- what is written survives
start_box --seed "$seed_file" --state "$work/aws.json"
does iam create-role --role-name Kept --assume-role-policy-document "$trust"
stop_box
start_box --seed "$seed_file" --state "$work/aws.json"
is Kept iam get-role --role-name Kept --query Role.RoleName
stop_box
start_box --generate roles=30,seed=7
[ "$(aws iam list-roles --query 'length(Roles)')" -ge 30 ] || fail 'generated roles'
