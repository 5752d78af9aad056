# Rollback: in part, of a rollback, of a whole run, around what a person changed, and by hand.
. tests/e2e/lib/common.sh

show_role() { "$SANDBOX" --state "$work/aws.json" --show "$blog_role"; }
# The role's policies alone: findings come and go with time.
policies() { show_role | sed '/^findings/,$d'; }
plan_of() { "$PARE" "$@" --json | sed -n 's/^  "id": "\(.*\)",$/\1/p' | head -n 1; }
carry_out() { # plan id
	"$PARE" propose "$1" -q >"$work/out" 2>&1 || { cat "$work/out"; fail "proposing $1"; }
	merge_proposal
	expect 0 applied "$PARE" apply "$1"
}
fresh() {
	stop_box
	rm -rf "$work/aws.json" "$work/state" "$work/review.git" "$work/reviewer"
	start_box --seed "$seed_file" --state "$work/aws.json"
	make_review
	policies >"$work/before.txt"
	"$PARE" plan -q >"$work/out" 2>&1 || { cat "$work/out"; fail 'planning'; }
	id=$("$PARE" show "$blog_role" --json | sed -n 's/^  "id": "\(.*\)",$/\1/p' | head -n 1)
	[ -n "$id" ] || fail 'no plan'
	carry_out "$id"
	policies >"$work/narrowed.txt"
	! cmp -s "$work/before.txt" "$work/narrowed.txt" || fail 'applying changed nothing'
}
same() { # file 'what'
	policies >"$work/now.txt"
	diff "$1" "$work/now.txt" || fail "$2"
}

# --- usage
make_review
expect 2 'expected plans or roles' "$PARE" rollback
expect 2 'expected plans or roles' "$PARE" rollback Role --run last
expect 2 'expected a prefix such as s3' "$PARE" rollback Role --service 's3:*'
expect 2 'expected service:Action' "$PARE" rollback Role --action ListBucket
expect 2 'expected service:Action' "$PARE" rollback Role --action s3:
expect 1 'no receipt of an applied plan' "$PARE" rollback Nobody
expect 1 'no receipt of an applied plan of this run' "$PARE" rollback --run last
rm -rf "$work/review.git" "$work/reviewer" "$work/state"

# --- the documents of before are kept beside the plan, each under its digest
fresh
documents=$work/reviewer/accounts/111122223333/plans/$id/evidence/documents
(cd "$work/reviewer" && git pull -q origin main)
[ "$(find "$documents" -name '*.json' | wc -l)" = 3 ] || fail 'three documents beside the plan'

# --- a role's name means its newest plan, also among those of one second
newest() { # day 'first' 'second': options of two rollbacks
	"$PARE" rollback "$blog_role" $2 --now "$1T03:09:23.100Z" -q >/dev/null
	last=$(plan_of rollback "$blog_role" $3 --now "$1T03:09:23.900Z")
	expect 0 "\"id\": \"$last\"" "$PARE" show "$blog_role" --json
}
newest 2027-01-01 '--action s3:ListBucket' '--service s3'
newest 2027-01-02 '--service s3' '--action s3:ListBucket'
rm -rf "$PARE_STATE"/accounts/*/plans/2027*

# --- in part: one action
expect 3 'took nothing away that matches' "$PARE" rollback "$blog_role" --action ec2:RunInstances
back=$(plan_of rollback "$blog_role" --action s3:ListBucket)
[ -n "$back" ] || fail 'nothing drafted in part'
expect 0 'gives back' "$PARE" show "$back"
carry_out "$back"
policies >"$work/part.txt"
grep -q 's3:ListBucket"' "$work/part.txt" || { cat "$work/part.txt"; fail 's3:ListBucket is not back'; }
! grep -q 's3:GetBucketAcl"' "$work/part.txt" || { cat "$work/part.txt"; fail 'more than s3:ListBucket is back'; }
! grep -q bedrock "$work/part.txt" || fail 'another service is back'
show_role | grep 'unused: s3:ListBucket$' >/dev/null || { show_role; fail 'the finding is not about s3:ListBucket'; }
expect 0 'gives back s3:ListBucket' "$PARE" explain "$blog_role"
"$PARE" status >"$work/out" 2>&1
grep -q "gave back s3:ListBucket" "$work/out" || { cat "$work/out"; fail 'status does not tell of it'; }
expect 0 '' "$PARE" verify

# --- a rollback taken back gives the narrowed state again, and that one the part again
again=$(plan_of rollback "$back")
[ -n "$again" ] || fail 'the rollback cannot be rolled back'
carry_out "$again"
same "$work/narrowed.txt" 'a rollback of a rollback gives the narrowed state again'
again=$(plan_of rollback "$again")
carry_out "$again"
same "$work/part.txt" 'and once more'
again=$(plan_of rollback "$again")
carry_out "$again"

# --- the whole, by run; then there is nothing left to take back
run=$("$PARE" status --json | sed -n 's/^    "run": "\(.*\)",$/\1/p' | sort | head -n 1)
[ -n "$run" ] || fail 'status shows no run'
expect 0 "run $run" "$PARE" audit
expect 0 "\"run\": \"$run\"" "$PARE" audit --json
expect 0 'the outcome is the state before plan' "$PARE" rollback --run "$run"
back=$("$PARE" show "$blog_role" --json | sed -n 's/^  "id": "\(.*\)",$/\1/p' | head -n 1)
carry_out "$back"
same "$work/before.txt" 'rolling back the run gives back what was there'
expect 3 'nothing to roll back' "$PARE" rollback "$id"
"$PARE" status >"$work/out"
grep "$id" "$work/out" | grep -q 'rolled back' || { cat "$work/out"; fail 'status does not say rolled back'; }

# --- the last run
fresh
expect 0 'the outcome is the state before plan' "$PARE" rollback --run last

# --- a whole service that had gone comes back reduced to what was asked for
back=$(plan_of rollback "$blog_role" --service bedrock)
carry_out "$back"
policies >"$work/now.txt"
grep -q AmazonBedrockReadOnly "$work/now.txt" || fail 'bedrock is not back'
! grep -q 's3:ListBucket"' "$work/now.txt" || fail 's3 came along'

# --- a hand-edited rollback that gives more is refused, whatever its gates say
fresh
back=$(plan_of rollback "$blog_role")
"$PARE" propose "$back" -q >/dev/null
merge_proposal
(cd "$work/reviewer" && sed -i 's#aws:policy/AmazonBedrockReadOnly#aws:policy/AdministratorAccess#' \
	"accounts/111122223333/plans/$back/plan.json" && git commit -qam 'more' && git push -q origin main) ||
	fail 'editing the rollback'
expect 3 'it does not lead back to what stood before' "$PARE" apply "$back"
same "$work/narrowed.txt" 'a refused rollback changes nothing'

# --- by hand, without pare
fresh
expect 0 'aws iam attach-role-policy --role-name' "$PARE" show "$id" --inverse-commands
expect 2 'expected a plan or a role' "$PARE" show --inverse-commands
if command -v aws >/dev/null 2>&1; then
	"$PARE" show "$id" --inverse-commands >"$work/undo.sh"
	sh -e "$work/undo.sh" >"$work/out" 2>&1 || { cat "$work/undo.sh" "$work/out"; fail 'undoing by hand'; }
	same "$work/before.txt" 'undoing by hand gives back what was there'
	expect 3 'as it was before the plan: nothing to roll back' "$PARE" rollback "$blog_role"
fi

# --- around a person
if ! command -v aws >/dev/null 2>&1; then
	echo 'skipped: no AWS CLI on this machine: a rollback around what a person changed'
	exit 0
fi
fresh
edited=$(aws iam list-role-policies --role-name "$blog_role" --query 'PolicyNames[0]' --output text)
aws iam put-role-policy --role-name "$blog_role" --policy-name "$edited" --policy-document \
	'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}]}'
expect 3 '"lambda:GetFunction"' "$PARE" rollback "$blog_role"
grep -q "inline policy $edited was changed" "$work/out" || { cat "$work/out"; fail 'the change is not named'; }
grep -q -- "--untouched" "$work/out" || fail 'the way on is not named'
expect 0 "inline policy '$edited' was changed since" "$PARE" rollback "$blog_role" --untouched
grep -q 'undoes, partially' "$work/out" || { cat "$work/out"; fail 'not marked as partial'; }
back=$("$PARE" show "$blog_role" --json | sed -n 's/^  "id": "\(.*\)",$/\1/p' | head -n 1)
carry_out "$back"
policies >"$work/now.txt"
for kept in AmazonS3ReadOnlyAccess AmazonBedrockReadOnly lambda:GetFunction InlinePolicyListLambda; do
	grep -q "$kept" "$work/now.txt" || { cat "$work/now.txt"; fail "'$kept' is not there"; }
done
! grep -q 'AmazonS3ReadOnlyAccess-recommended' "$work/now.txt" || fail 'the replacement stayed'
! aws iam list-policies --scope Local --query 'Policies[].Arn' --output text | grep -q '/pare/' ||
	fail "pare's own policy is left over"

# --- the role is gone
fresh
for arn in $(aws iam list-attached-role-policies --role-name "$blog_role" --query 'AttachedPolicies[].PolicyArn' --output text); do
	aws iam detach-role-policy --role-name "$blog_role" --policy-arn "$arn"
done
for name in $(aws iam list-role-policies --role-name "$blog_role" --query PolicyNames --output text); do
	aws iam delete-role-policy --role-name "$blog_role" --policy-name "$name"
done
expect 3 'is gone' "$PARE" rollback "$blog_role"
for profile in $(aws iam list-instance-profiles-for-role --role-name "$blog_role" --query 'InstanceProfiles[].InstanceProfileName' --output text 2>/dev/null); do
	aws iam remove-role-from-instance-profile --role-name "$blog_role" --instance-profile-name "$profile"
done
aws iam delete-role --role-name "$blog_role"
expect 3 "role '$blog_role' is gone" "$PARE" rollback "$blog_role"
