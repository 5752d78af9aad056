# The worker on moto's SQS, with pare-sandbox as IAM and Access Analyzer: events raw and wrapped by SNS,
# twice, out of order, of other things; poison; two workers; killed at random moments; a signal.
. tests/e2e/lib/common.sh
. tests/e2e/lib/kinds.sh
command -v moto_server >/dev/null 2>&1 || skip 'no moto_server on this machine'
command -v python3 >/dev/null 2>&1 || skip 'no python3 on this machine'

moto=
stop_all() {
	[ -z "$moto" ] || { kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; }
	cleanup
}
trap stop_all EXIT
port=$((20000 + ($$ + 7919) % 20000))
moto_server -H 127.0.0.1 -p $port >"$work/moto.log" 2>&1 &
moto=$!
export AWS_ENDPOINT_URL_SQS="http://127.0.0.1:$port"
queue() { python3 tests/e2e/lib/queue.py "$AWS_ENDPOINT_URL_SQS" "$@"; }
tries=0
until queue create probe >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 60 ] || { cat "$work/moto.log"; fail 'moto did not start'; }
	sleep 0.5
done

event() { # finding [status [analyzer]]
	printf '{"version":"0","id":"e-%s","detail-type":"Unused Access Finding for IAM entities","source":"aws.access-analyzer","account":"111122223333","time":"2026-11-24T10:00:00Z","region":"us-east-1","resources":["%s"],"detail":{"findingId":"%s","version":"1","resource":"arn:aws:iam::111122223333:role/Hint","status":"%s","previousStatus":"","findingType":"UnusedPermission","isDeleted":false}}\n' \
		"$1" "${3:-$analyzer}" "$1" "${2:-ACTIVE}"
}
sns() { python3 -c 'import json,sys
for line in sys.stdin: print(json.dumps({"Type":"Notification","MessageId":"m","Message":line.strip()}))'; }
findings() { "$PARE" plan --json --state "$work/scratch" | python3 -c 'import json,sys
for f in json.load(sys.stdin)["outcomes"]: print(f["finding"], (f.get("resource") or "").rsplit("/",1)[-1], f["outcome"])'; }
branches() { git -C "$work/review.git" for-each-ref --format='%(refname)' refs/heads/pare/; }
# How many plans each proposed role has over all branches: more than one is a proposal too many.
plans_per_role() {
	for b in $(branches); do
		git -C "$work/review.git" ls-tree -r --name-only "$b" accounts/111122223333/plans
	done | sed -n 's#.*Z-111122223333-\(.*\)-[0-9a-f]\{8\}/plan.json#\1#p' | sort | uniq -c | awk '{print $1, $2}'
}

account_of() {
	policies=$(own Files0 "$s3")
	roles=$(role Role0 "\"attached\":[$own_arn/Files0\"],\"usedActions\":[\"s3:GetObject\"]")
	i=0
	while [ $((i += 1)) -lt "$1" ]; do
		policies="$policies,$(own "Files$i" "$s3")"
		roles="$roles,$(role "Role$i" "\"attached\":[$own_arn/Files$i\"],\"usedActions\":[\"s3:GetObject\"]")"
	done
	account '' "$policies" "$roles"
}

# --- what comes of each event --------------------------------------------------------------------
make_review
start_box --seed "$seed_file" --faults work=1
findings >"$work/findings"
id=$(awk -v r="$blog_role" '$2 == r { print $1 }' "$work/findings")
exempt=$(awk '$3 == "exempt" { print $1; exit }' "$work/findings")
[ -n "$id" ] && [ -n "$exempt" ] || { cat "$work/findings"; fail 'the scenario'; }
url=$(queue create events dead 3)
dead=$(echo "$url" | sed 's#/events$#/dead#')

{
	event "$id"
	event "$id" RESOLVED # a hint only: the finding is read again
	event "$id" | sns
	event "$exempt"
	event 00000000-0000-0000-0000-000000000000
	event "$id" | sed 's/Unused Access Finding for IAM entities/Access Analyzer Finding/'
} | queue send "$url"
expect 0 'proposed' "$PARE" worker --queue "$url" --once
cp "$work/out" "$work/first"
for text in 'purpose=backup\|pipelines of' 'the finding is gone' 'about nothing that pare changes'; do
	grep -q "$text" "$work/first" || { cat "$work/first"; fail "no line with '$text'"; }
done
[ "$(queue count "$url")" = 0 ] || { cat "$work/first"; fail 'the queue is not empty'; }
[ "$(branches | wc -l)" = 1 ] || fail 'not one branch'
[ "$(wc -l <"$work/first")" = 6 ] || { cat "$work/first"; fail 'not a line an event'; }

event "$id" | queue send "$url"
expect 0 '"result":"already-proposed"' "$PARE" worker --queue "$url" --once --json
python3 -c 'import json,sys; x=json.loads(open(sys.argv[1]).read()); assert x["removed"] and x["plan"] and x["branch"] and x["finding"], x' \
	"$work/out" || fail 'the JSON line'
[ "$(branches | wc -l)" = 1 ] || fail 'proposed twice'

# A person proposes the same by hand: one proposal all the same.
git -C "$work/review.git" for-each-ref --format='delete %(refname)' refs/pare/proposals | git -C "$work/review.git" update-ref --stdin
event "$id" | queue send "$url"
expect 0 'already-proposed' "$PARE" worker --queue "$url" --once
[ "$(branches | wc -l)" = 1 ] || fail 'proposed beside what is proposed'

# A reviewer who deletes the branch does not get it back.
git -C "$work/review.git" for-each-ref --format='delete %(refname)' refs/heads/pare | git -C "$work/review.git" update-ref --stdin
event "$id" | queue send "$url"
expect 0 'proposed' "$PARE" worker --queue "$url" --once
git -C "$work/review.git" for-each-ref --format='delete %(refname)' refs/heads/pare | git -C "$work/review.git" update-ref --stdin
event "$id" | queue send "$url"
expect 0 'its branch is gone' "$PARE" worker --queue "$url" --once
[ -z "$(branches)" ] || fail 'a deleted branch came back'
[ "$(queue count "$url")" = 0 ] || fail 'the queue is not empty'

# --- poison: never removed, in the dead-letter queue after its tries ------------------------------
{ echo 'not json'; echo '{"source":"aws.s3","detail":{}}'; event "$id" ACTIVE "$(echo "$analyzer" | sed 's/unused-access/other/')"; } |
	queue send "$url"
for _ in 1 2 3 4 5; do
	"$PARE" worker --queue "$url" --once >>"$work/poison" 2>&1 || { cat "$work/poison"; fail 'poison'; }
done
grep -q 'left to the dead-letter queue' "$work/poison" || { cat "$work/poison"; fail 'no word of the dead-letter queue'; }
[ "$(queue count "$url")" = 0 ] || fail 'poison stays in the queue'
[ "$(queue bodies "$dead" | sort -u | wc -l)" = 3 ] || fail 'poison is not in the dead-letter queue'

# --- trouble: the message stays -------------------------------------------------------------------
event "$exempt" | queue send "$url"
expect 2 'not a URL of AWS' env -u AWS_ENDPOINT_URL_SQS -u AWS_ENDPOINT_URL "$PARE" worker --queue "$url" --once
expect 2 "'--queue URL'" "$PARE" worker --once
expect 2 'expected its URL' "$PARE" worker --queue events --once
expect 1 'QueueDoesNotExist' "$PARE" worker --queue "${url}x" --once
[ "$(queue count "$url")" = 1 ] || fail 'the message is gone'
"$PARE" worker --queue "$url" >"$work/run" 2>&1 &
pid=$!
tries=0
until grep -q needless "$work/run"; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || { cat "$work/run"; fail 'the worker does not work'; }
	sleep 0.1
done
kill -TERM $pid
code=0
wait $pid || code=$?
[ $code = 0 ] || { cat "$work/run"; fail "a signal ends it with $code"; }
stop_box

# --- several workers, killed at random, events twice and out of order -----------------------------
rm -rf "$work/state" "$work/review.git" "$work/reviewer"
make_review
account_of 12 >"$work/seed.json"
start_box --seed "$work/seed.json" --faults work=1
findings | cut -d' ' -f1 >"$work/ids"
[ "$(wc -l <"$work/ids")" = 12 ] || { cat "$work/ids"; fail 'not twelve findings'; }
url=$(queue create many)
{ sort -R "$work/ids"; sort -R "$work/ids"; } | while read -r id; do event "$id"; done | queue send "$url"
round=0
while [ "$(queue count "$url")" -gt 0 ]; do
	round=$((round + 1))
	[ $round -le 60 ] || { cat "$work"/run.*; fail 'the queue does not become empty'; }
	for n in 1 2; do
		PARE_STATE="$work/state.$n" "$PARE" worker --queue "$url" --visibility 2 >>"$work/run.$n" 2>&1 &
		eval "worker$n=$!"
	done
	if [ $round -le 8 ]; then
		sleep "0.$(($(od -An -N1 -tu1 /dev/urandom) % 9 + 1))"
		kill -9 "$worker1" "$worker2"
	else
		sleep 3
		kill -TERM "$worker1" "$worker2"
	fi
	wait "$worker1" || true
	wait "$worker2" || true
done
plans_per_role >"$work/plans"
[ "$(wc -l <"$work/plans")" = 12 ] || { cat "$work/plans" "$work"/run.*; fail 'an event was lost'; }
! grep -qv '^1 ' "$work/plans" || { cat "$work/plans"; fail 'something was proposed twice'; }

# --- shards ---------------------------------------------------------------------------------------
rm -rf "$work/state" "$work/review.git" "$work/reviewer"
make_review
sed -i 's#^  author#  limits = { percent = 100 },\n  author#' "$work/pare.lua" # the caps are of a run, so of a shard
for i in 0 1 2; do
	AWS_BATCH_JOB_ARRAY_INDEX=$i AWS_BATCH_JOB_ARRAY_SIZE=3 PARE_STATE="$work/shard.$i" "$PARE" plan >"$work/out" 2>&1 ||
		{ cat "$work/out"; fail "shard $i"; }
	PARE_STATE="$work/shard.$i" "$PARE" propose >"$work/out" 2>&1 || { cat "$work/out"; fail "proposing shard $i"; }
done
plans_per_role >"$work/plans"
[ "$(wc -l <"$work/plans")" = 12 ] && ! grep -qv '^1 ' "$work/plans" || { cat "$work/plans"; fail 'the shards do not make a whole'; }
expect 2 'set PARE_SHARD_COUNT' env JOB_COMPLETION_INDEX=1 "$PARE" plan
expect 0 'planned' env JOB_COMPLETION_INDEX=1 PARE_SHARD_COUNT=3 "$PARE" plan
expect 2 'I from 0 to N-1' env JOB_COMPLETION_INDEX=3 PARE_SHARD_COUNT=3 "$PARE" plan
