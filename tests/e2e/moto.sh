# The chain against servers that are not ours: moto's IAM and STS, judged by the AWS CLI. Plans come
# from saved findings, because moto has no unused-access recommendations.
. tests/e2e/lib/common.sh
command -v aws >/dev/null 2>&1 || skip 'no AWS CLI on this machine'
command -v moto_server >/dev/null 2>&1 || skip 'no moto_server on this machine'

port=$((20000 + $$ % 20000))
moto_server -H 127.0.0.1 -p $port >"$work/moto.log" 2>&1 &
box=$!
export AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing
tries=0
until aws sts get-caller-identity >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 60 ] || { cat "$work/moto.log"; fail 'moto did not start'; }
	sleep 0.5
done
account=$(aws sts get-caller-identity --query Account --output text)
analyzer=arn:aws:access-analyzer:us-east-1:$account:analyzer/unused-access
make_review

trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
reader='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:GetQueueUrl","sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"arn:aws:sqs:*:'$account':jobs"}]}'
lambda='{"Version":"2012-10-17","Statement":[{"Sid":"InlinePolicyLambda","Effect":"Allow","Action":["lambda:ListFunctions","lambda:ListLayers","lambda:ListAliases"],"Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"1.100.150.200/32"}}}]}'
spare='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}'
aws iam create-role --role-name App --assume-role-policy-document "$trust" >/dev/null
for p in reader spare; do
	eval "document=\$$p"
	aws iam create-policy --policy-name "$p" --policy-document "$document" >/dev/null
	aws iam attach-role-policy --role-name App --policy-arn "arn:aws:iam::$account:policy/$p"
done
aws iam put-role-policy --role-name App --policy-name List --policy-document "$lambda"

role_arn=arn:aws:iam::$account:role/App
id=11111111-2222-3333-4444-555555555555
date=$(date -u +%Y-%m-%dT%H:%M:%SZ)
updated=$(aws iam get-policy --policy-arn "arn:aws:iam::$account:policy/reader" --query Policy.UpdateDate --output text)
spare_updated=$(aws iam get-policy --policy-arn "arn:aws:iam::$account:policy/spare" --query Policy.UpdateDate --output text)
mkdir "$work/saved"
cat >"$work/saved/get-finding-v2-$id.json" <<END
{"analyzedAt":"$date","createdAt":"$date","updatedAt":"$date","id":"$id","resource":"$role_arn",
 "resourceType":"AWS::IAM::Role","resourceOwnerAccount":"$account","status":"ACTIVE","findingType":"UnusedPermission",
 "findingDetails":[
  {"unusedPermissionDetails":{"serviceNamespace":"sqs","actions":[{"action":"DeleteMessage"}]}},
  {"unusedPermissionDetails":{"serviceNamespace":"lambda","actions":[{"action":"ListAliases"}]}},
  {"unusedPermissionDetails":{"serviceNamespace":"sns"}}]}
END
cat >"$work/saved/get-finding-recommendation-$id.json" <<END
{"startedAt":"$date","completedAt":"$date","resourceArn":"$role_arn","recommendationType":"UnusedPermissionRecommendation","status":"SUCCEEDED",
 "recommendedSteps":[
 {"unusedPermissionsRecommendedStep":{"policyUpdatedAt":"$spare_updated","recommendedAction":"DETACH_POLICY","existingPolicyId":"arn:aws:iam::$account:policy/spare"}},
 {"unusedPermissionsRecommendedStep":{"policyUpdatedAt":"$updated","recommendedAction":"DETACH_POLICY","existingPolicyId":"arn:aws:iam::$account:policy/reader"}},
 {"unusedPermissionsRecommendedStep":{"policyUpdatedAt":"$updated","recommendedAction":"CREATE_POLICY","existingPolicyId":"arn:aws:iam::$account:policy/reader","recommendedPolicy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:GetQueueUrl\",\"sqs:ReceiveMessage\"],\"Resource\":\"arn:aws:sqs:*:$account:jobs\"}]}"}},
 {"unusedPermissionsRecommendedStep":{"recommendedAction":"CREATE_POLICY","existingPolicyId":"List","recommendedPolicy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"InlinePolicyLambda\",\"Effect\":\"Allow\",\"Action\":[\"lambda:ListFunctions\",\"lambda:ListLayers\"],\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":\"1.100.150.200/32\"}}}]}"}},
 {"unusedPermissionsRecommendedStep":{"recommendedAction":"DETACH_POLICY","existingPolicyId":"List"}}]}
END
aws iam get-account-authorization-details >"$work/state.json"

# The role is new; the rule `young` would exempt it, and this is not about rules.
mkdir -p "$work/rules"
cp rules/protected.lua "$work/rules/"
sed -i "s#^  author#  rules = { \"$work/rules\" },\n  author#" "$work/pare.lua"

snapshot() {
	for p in $(aws iam list-attached-role-policies --role-name App --query 'AttachedPolicies[].PolicyArn' --output text); do
		echo "attached $p"
		v=$(aws iam get-policy --policy-arn "$p" --query Policy.DefaultVersionId --output text)
		aws iam get-policy-version --policy-arn "$p" --version-id "$v" --query PolicyVersion.Document
	done
	for p in $(aws iam list-role-policies --role-name App --query PolicyNames --output text); do
		echo "inline $p"
		aws iam get-role-policy --role-name App --policy-name "$p" --query PolicyDocument
	done
}
snapshot >"$work/before"

expect 0 '1 planned' "$PARE" plan --findings "$work/saved" --account-state "$work/state.json"
expect 0 'proposed' "$PARE" propose
merge_proposal
expect 0 'applied' "$PARE" apply
snapshot >"$work/after"
for text in 'policy/pare/reader-recommended-' 'inline List-recommended-' 'sqs:ReceiveMessage' '1.100.150.200/32'; do
	grep -qF "$text" "$work/after" || { cat "$work/after"; fail "afterwards the AWS CLI does not show '$text'"; }
done
for text in 'policy/spare' 'sqs:DeleteMessage' 'lambda:ListAliases' 'sns:Publish'; do
	! grep -qF "$text" "$work/after" || { cat "$work/after"; fail "afterwards the AWS CLI still shows '$text'"; }
done
expect 0 'nothing to apply' "$PARE" apply

expect 0 'undoes' "$PARE" rollback App
expect 0 'proposed' "$PARE" propose App
merge_proposal
expect 0 'applied' "$PARE" apply
snapshot >"$work/restored"
diff "$work/before" "$work/restored" || fail 'after the rollback the AWS CLI sees a difference'
! aws iam list-policies --scope Local --query 'Policies[].Arn' --output text | grep -q /pare/ ||
	fail 'a policy that pare created was left'
