# Many principals at once: throttled, the first ones alone, stopped after failures; and what status
# and explain say after a crash, with the review repository and without it.
. tests/e2e/lib/common.sh
. tests/e2e/lib/kinds.sh

keep() { # name
	stop_box
	mkdir "$work/$1"
	cp -a "$work/aws.json" "$work/state" "$work/review.git" "$work/$1"
}
back_to() { # name, sandbox options…
	world=$1
	shift
	stop_box
	rm -rf "$work/state" "$work/review.git"
	cp -a "$work/$world/." "$work"
	start_box --state "$work/aws.json" "$@"
}
account_of() { # ROLES: that many roles with a customer-managed policy each
	policies=$(own Files0 "$s3")
	roles=$(role Role0 "\"attached\":[$own_arn/Files0\"],\"usedActions\":[\"s3:GetObject\"]")
	i=0
	while [ $((i += 1)) -lt "$1" ]; do
		policies="$policies,$(own "Files$i" "$s3")"
		roles="$roles,$(role "Role$i" "\"attached\":[$own_arn/Files$i\"],\"usedActions\":[\"s3:GetObject\"]")"
	done
	account '' "$policies" "$roles"
}
all_roles() {
	i=-1
	while [ $((i += 1)) -lt 12 ]; do
		"$SANDBOX" --state "$work/aws.json" --show Role$i | sed '/^findings/,$d'
	done
}

make_review
write_archiving_config "$work" "$work/review.git"
account_of 12 >"$work/seed.json"
start_box --seed "$work/seed.json" --state "$work/aws.json" --faults work=1
expect 0 '12 planned' "$PARE" plan
"$PARE" propose -q >"$work/out" 2>&1 || { cat "$work/out"; fail 'propose'; }
merge_proposal
keep approved
all_roles >"$work/before"

# --- the first alone, then all ------------------------------------------------------------------
back_to approved
expect 0 '12 plans: 12 applied' "$PARE" apply
all_roles >"$work/expected"
[ "$(grep -c 'the first 3 plans are carried out and checked: going on with the 9 left' "$work/out")" = 1 ] ||
	{ cat "$work/out"; fail 'no word of the canaries'; }
[ "$(sed '/the first 3 plans/,$d' "$work/out" | grep -c ': begun')" = 3 ] ||
	{ cat "$work/out"; fail 'not three plans were begun before the canaries were done'; }
expect 0 'nothing to apply' "$PARE" apply

# --- throttled ----------------------------------------------------------------------------------
back_to approved --faults throttle=0.1
expect 0 '4 plans: 4 applied' "$PARE" apply --max-changes 4
stop_box
start_box --state "$work/aws.json"
expect 0 '8 plans: 8 applied' "$PARE" apply
all_roles | diff "$work/expected" - || fail 'throttled: not as planned'
back_to approved --faults throttle=1
expect 1 'Throttling' env AWS_MAX_ATTEMPTS=1 "$PARE" apply
all_roles | diff "$work/before" - || fail 'throttled for good: something was changed'
echo 'throttled: as planned, only later'

# --- stopped after three failures ---------------------------------------------------------------
back_to approved
stop_box
sed -i 's/"policies": 1500/"policies": 12/' "$work/aws.json" # no new policy fits any more
start_box --state "$work/aws.json"
expect 4 '3 plans failed: the 9 plans left are not started' "$PARE" apply
grep -q '12 plans: 3 undone, 9 refused' "$work/out" || { cat "$work/out"; fail 'no totals'; }
grep -q '^next: pare plan' "$work/out" || { cat "$work/out"; fail 'no word of what to run next'; }
[ "$(grep -c ': begun' "$work/out")" = 3 ] || { cat "$work/out"; fail 'more than three were begun'; }
all_roles | diff "$work/before" - || fail 'three failures: not undone'
stop_box
sed -i 's/"policies": 12/"policies": 1500/' "$work/aws.json"
start_box --state "$work/aws.json"
expect 0 '9 plans: 9 applied' "$PARE" apply
echo 'three failures: the others are left alone, and applied later'

# --- what concerns all of them stops all of them ------------------------------------------------
back_to approved --latency 5
AWS_MAX_ATTEMPTS=1 "$PARE" apply >"$work/out" 2>&1 &
pid=$!
tries=0
until grep -q ': begun' "$work/out"; do
	tries=$((tries + 1))
	[ $tries -lt 1000 ] || fail 'apply did not begin within 10 s'
	sleep 0.01
done
kill -9 $box
wait $box 2>/dev/null || true
box=
code=0
wait $pid || code=$?
[ $code = 130 ] || { cat "$work/out"; fail "AWS is gone: exit $code"; }
grep -q 'plans left are not started: they would stop for the same reason' "$work/out" ||
	{ cat "$work/out"; fail 'AWS is gone: no word of the plans left'; }
grep -q '^next: pare apply' "$work/out" || { cat "$work/out"; fail 'no word of what to run next'; }

# --- what status and explain say meanwhile ------------------------------------------------------
expect 0 'applying ' "$PARE" status
mv "$work/review.git" "$work/gone.git"
expect 0 'showing what this machine knows' "$PARE" status
begun=$(sed -n 's/.*-\(Role[0-9]*\)-.* applying .*/\1/p' "$work/out" | head -n 1)
[ -n "$begun" ] || { cat "$work/out"; fail 'without the review repository: nothing is being applied'; }
grep -q "run 'pare apply' to go on" "$work/out" || { cat "$work/out"; fail 'status does not say how to go on'; }
expect 0 'begun and not ended' "$PARE" explain "$begun"
expect 0 'drafted' "$PARE" status
mv "$work/gone.git" "$work/review.git"
start_box --state "$work/aws.json"
expect 0 'applied' "$PARE" apply
all_roles | diff "$work/expected" - || fail 'gone on with: not as planned'
expect 0 ' applied ' "$PARE" status
[ "$(grep -c ' applied ' "$work/out")" = 12 ] || { cat "$work/out"; fail 'not twelve are applied'; }
echo 'AWS gone: stopped, told, gone on with'
