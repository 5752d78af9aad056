# kill -9 of `apply` at every journal record, before and after it is durable; then resume: the role
# ends exactly as an undisturbed run leaves it, and nothing is done twice.
. tests/e2e/lib/common.sh
case $PARE in *asan*) skip 'a preloaded library and the address sanitizer exclude each other' ;; esac

gcc -shared -fPIC -D_GNU_SOURCE -o "$work/kill_at.so" tests/e2e/kill_at.c -ldl
make_review
start_box --seed examples/blog/seed.json --state "$work/aws.json"
"$PARE" plan >/dev/null
"$PARE" propose -q "$blog_role" >/dev/null
merge_proposal
stop_box
cp "$work/aws.json" "$work/aws.before"
cp -a "$work/state" "$work/state.before"
cp -a "$work/review.git" "$work/review.before"

reset() {
	stop_box
	rm -rf "$work/state" "$work/review.git"
	cp -a "$work/state.before" "$work/state"
	cp -a "$work/review.before" "$work/review.git"
	cp "$work/aws.before" "$work/aws.json"
	start_box --seed examples/blog/seed.json --state "$work/aws.json"
}
role() {
	"$SANDBOX" --state "$work/aws.json" --show "$blog_role" | sed '/^findings/,$d'
}

reset
"$PARE" apply >"$work/clean.out" 2>&1 || { cat "$work/clean.out"; fail 'the undisturbed run'; }
role >"$work/expected"
grep -q 'recommended' "$work/expected" || fail 'the undisturbed run changed nothing'

for when in before after; do
	n=0
	while :; do
		n=$((n + 1))
		reset
		set +e
		KILL_AT=$n KILL_WHEN=$when LD_PRELOAD="$work/kill_at.so" "$PARE" apply >"$work/out" 2>&1
		code=$?
		set -e
		[ $code != 0 ] || break
		[ $code = 137 ] || { cat "$work/out"; fail "killed $when record $n: exit $code"; }
		expect 0 'applied' "$PARE" apply
		role >"$work/got"
		diff "$work/expected" "$work/got" || fail "killed $when record $n, resumed: not as planned"
		expect 0 'nothing to apply' "$PARE" apply
		"$PARE" verify >"$work/out" || { cat "$work/out"; fail "killed $when record $n: verify"; }
	done
	[ $n -gt 10 ] || fail "only $n records were seen"
	echo "killed $when each of $((n - 1)) journal records, resumed, as planned"
done
