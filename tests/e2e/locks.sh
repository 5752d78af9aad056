# One executor an account: two started together, a crashed one's lock on its own machine and on
# another, an expired one, one that cannot be read; and what `pare status` says of each.
. tests/e2e/lib/common.sh

lock_ref=refs/pare/locks/111122223333
remote() {
	git -C "$work/review.git" "$@"
}
# A lock as some executor somewhere would have left it.
write_lock() { # host, until
	printf '{"account":"111122223333","host":"%s","id":"0123456789abcdef","number":7,"expiresAt":"%s"}\n' "$1" "$2" >"$work/lock.json"
	blob=$(remote hash-object -w "$work/lock.json")
	tree=$(printf '100644 blob %s\tlock.json\n' "$blob" | remote mktree)
	remote update-ref $lock_ref "$(remote commit-tree -m lock "$tree")"
}
wait_for_lock() {
	tries=0
	until remote rev-parse -q --verify $lock_ref >/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || fail 'nobody took the lock within 10 s'
		sleep 0.01
	done
}
role() {
	"$SANDBOX" --state "$work/aws.json" --show "$blog_role" | sed '/^findings/,$d'
}
reset() {
	stop_box
	rm -rf "$work/state" "$work/other" "$work/review.git"
	cp -a "$work/state.before" "$work/state"
	cp -a "$work/review.before" "$work/review.git"
	cp "$work/aws.before" "$work/aws.json"
	start_box --state "$work/aws.json" --latency "${1-0}"
}

make_review
start_box --seed "$seed_file" --state "$work/aws.json"
"$PARE" plan >/dev/null 2>&1
"$PARE" propose -q "$blog_role" >/dev/null
merge_proposal
stop_box
cp "$work/aws.json" "$work/aws.before"
cp -a "$work/state" "$work/state.before"
cp -a "$work/review.git" "$work/review.before"
reset
expect 0 '6 of them writes' "$PARE" apply
role >"$work/expected"
[ -z "$(remote for-each-ref refs/pare/locks)" ] || fail 'the lock was not given back'

# --- two at once, on two machines that share the remote -----------------------------------------
together() {
	PARE_STATE="$work/state" "$PARE" apply >"$work/one.out" 2>&1 &
	one=$!
	[ "$1" = together ] || wait_for_lock
	PARE_STATE="$work/other" "$PARE" apply >"$work/two.out" 2>&1 &
	two=$!
	if [ "$1" != together ]; then
		expect 0 "by a run of this state folder, on '$(hostname)', until 20" "$PARE" status
		expect 0 "locked by '$(hostname)' until 20" env PARE_STATE="$work/third" "$PARE" status
		expect 0 "\"holder\": \"$(hostname)\"" env PARE_STATE="$work/third" "$PARE" status --json
	fi
	code_one=0 code_two=0
	wait $one || code_one=$?
	wait $two || code_two=$?
	case $code_one$code_two in
	03) winner=one loser=two ;;
	30) winner=two loser=one ;;
	*) cat "$work/one.out" "$work/two.out"; fail "two at once: exit $code_one and $code_two" ;;
	esac
	grep -q "another executor (on '$(hostname)') works on account 111122223333 until 20..-..-..T..:..:..Z" "$work/$loser.out" ||
		grep -q 'another executor just took the lock' "$work/$loser.out" ||
		{ cat "$work/$loser.out"; fail 'the one that left does not say who works there, until when'; }
	grep -q ' 6 of them writes' "$work/$winner.out" || { cat "$work/$winner.out"; fail 'not six writes'; }
	role >"$work/got"
	diff "$work/expected" "$work/got" || fail 'two at once: not as planned'
	[ "$(remote ls-tree -r --name-only pare/log receipts | wc -l)" = 1 ] || fail 'two at once: not one receipt'
	expect 0 'nothing to apply' env PARE_STATE="$work/other" "$PARE" apply
	[ -z "$(remote for-each-ref refs/pare/locks)" ] || fail 'two at once: the lock was not given back'
}
reset 20
together 'one after the other'
for _ in 1 2; do
	reset 10
	together together
done
echo 'two at once: one works, the other leaves'

# --- one that crashed ---------------------------------------------------------------------------
crash() {
	"$PARE" apply >"$work/crashed.out" 2>&1 &
	crashed=$!
	wait_for_lock
	kill -9 $crashed
	wait $crashed 2>/dev/null || true
	# It may have died holding a ref's lock file: what pare then says to do (test_git_publish).
	find "$work/review.git/refs" -name '*.lock' -delete
	stop_box
	start_box --state "$work/aws.json"
}
reset 20
crash
expect 0 'by a run of this state folder' "$PARE" status
expect 0 'to take it back' "$PARE" apply
role >"$work/got"
diff "$work/expected" "$work/got" || fail 'the crashed one, gone on with: not as planned'
echo 'a crashed holder on this machine: taken over at once'

reset 20
crash
expect 3 'another executor (on' env PARE_STATE="$work/other" "$PARE" apply
role >"$work/untouched"
write_lock builder-7 2099-01-01T00:00:00Z
expect 3 "another executor (on 'builder-7') works on account 111122223333 until 2099-01-01T00:00:00Z" \
	env PARE_STATE="$work/other" "$PARE" apply
role | diff "$work/untouched" - || fail 'refused, and yet something was changed'
expect 0 "account 111122223333  locked by 'builder-7' until 2099-01-01T00:00:00Z at the latest" "$PARE" status
write_lock builder-7 2020-01-01T00:00:00Z
expect 0 "by 'builder-7' until 2020-01-01T00:00:00Z, which is over" "$PARE" status
expect 0 '"over": true' "$PARE" status --json
expect 0 'to take it back' env PARE_STATE="$work/other" "$PARE" apply
role >"$work/got"
diff "$work/expected" "$work/got" || fail 'an expired lock, taken over: not as planned'
expect 0 'nothing to apply' "$PARE" apply
echo 'on another machine: refused until the lock is over, then taken over'

# --- one that nobody can read -------------------------------------------------------------------
reset
echo rubbish >"$work/lock.json"
blob=$(remote hash-object -w "$work/lock.json")
tree=$(printf '100644 blob %s\tlock.json\n' "$blob" | remote mktree)
remote update-ref $lock_ref "$(remote commit-tree -m lock "$tree")"
expect 1 'reading the lock ref' "$PARE" apply
expect 0 'look at refs/pare/locks/111122223333' "$PARE" status
role | cmp -s - "$work/expected" && fail 'an unreadable lock was passed'
remote update-ref -d $lock_ref
expect 0 'to take it back' "$PARE" apply
echo 'one that cannot be read: nothing is touched'
