# The real program over HTTP, for plans of every kind: its Nth write breaks before its effect, after
# it, or the process is killed -9 there, N = 1, 2, 3 … until nothing is hit any more. Then it is run
# again, on the same machine or on a new one; the roles end as an undisturbed run leaves them. The
# same for the rollback of each kind.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of runs: what a disk takes is measured elsewhere
. tests/e2e/lib/common.sh
. tests/e2e/lib/kinds.sh
case $PARE in *asan*) skip 'a preloaded library and the address sanitizer exclude each other' ;; esac

gcc -shared -fPIC -D_GNU_SOURCE -o "$work/at_write.so" tests/e2e/at_write.c -ldl
top=$work
export PARE_OBSERVE_GAP_MS=10

# --- one kind, in a folder of its own ----------------------------------------------------------
show() { # what the account holds of the kind's roles, and which policies pare made
	for role in $(roles_of "$kind"); do
		"$SANDBOX" --state "$work/aws.json" --show "$role" >"$work/show"
		if [ "$kind" = archive ]; then
			sed 's/  *updated .*//' "$work/show"
		else
			sed '/^findings/,$d' "$work/show"
		fi
	done
	grep -o 'policy/pare/[^"]*' "$work/aws.json" | sort -u
}
keep() { # name: the state of the world under a name
	stop_box
	rm -rf "$work/$1"
	mkdir "$work/$1"
	cp -a "$work/aws.json" "$work/state" "$work/review.git" "$work/$1"
}
back_to() { # name
	stop_box
	rm -rf "$work/state" "$work/review.git" "$work/elsewhere"
	cp -a "$work/$1/." "$work"
	start_box --state "$work/aws.json" --faults work=1
}
propose_and_merge() {
	"$PARE" propose -q "$@" >"$work/out" 2>&1 || { cat "$work/out"; fail "$kind: propose"; }
	merge_proposal
}

disturbed() { # how N: false when nothing was hit
	rm -f "$work/hit"
	set +e
	AT_WRITE=$2 AT_WRITE_HOW=$1 AT_WRITE_HIT="$work/hit" LD_PRELOAD="$top/at_write.so" \
		"$PARE" apply --concurrency 1 >"$work/out" 2>&1
	code=$?
	set -e
	[ -e "$work/hit" ]
}
again() { # N: on this machine, or on one that never heard of it
	if [ $(($1 % 2)) = 0 ]; then
		expect 0 'rollback' "$PARE" apply
		expect 0 'nothing to apply' "$PARE" apply
		return
	fi
	# Its predecessor is known to be dead: its lock is taken away, as a person would.
	git -C "$work/review.git" update-ref -d refs/pare/locks/111122223333
	expect 0 'rollback' env PARE_STATE="$work/elsewhere" "$PARE" apply
	expect 0 'nothing to apply' "$PARE" apply
}
as_expected() { # expected, what
	show >"$work/got"
	diff "$work/$1" "$work/got" >"$work/diff" && return
	cat "$work/out" "$work/diff"
	fail "$kind: $2"
}
torture() { # what world expected
	writes=
	for how in before after kill-before kill-after; do
		n=0
		while [ $n != "$writes" ]; do
			n=$((n + 1))
			back_to "$2"
			disturbed $how $n || break
			case $how:$code in
			kill-*:137) again $n ;;
			before:0 | after:0) ;;
			*) cat "$work/out"; fail "$kind: $1, $how write $n: exit $code" ;;
			esac
			as_expected "$3" "$1, $how write $n: not as planned"
		done
		if [ -z "$writes" ]; then
			[ $code = 0 ] || { cat "$work/out"; fail "$kind: $1, undisturbed: exit $code"; }
			writes=$((n - 1))
		fi
		[ "$writes" -gt 0 ] || fail "$kind: $1: no write was seen"
		[ $n -ge "$writes" ] || fail "$kind: $1, $how: write $n was not seen"
		echo "$kind: $1, $how each of $writes writes: as planned"
	done
}

one_kind() {
	work=$top/$kind
	mkdir -p "$work"
	export PARE_STATE="$work/state" PARE_CONFIG="$work/pare.lua" HOME="$work"
	make_review
	write_archiving_config "$work" "$work/review.git"
	seed_of "$kind" >"$work/seed.json"
	start_box --seed "$work/seed.json" --state "$work/aws.json" --faults work=1
	"$PARE" plan >"$work/out" 2>&1 || { cat "$work/out"; fail "$kind: plan"; }
	propose_and_merge
	show >"$work/expected.before"
	keep world.before
	back_to world.before
	expect 0 'applied' "$PARE" apply
	show >"$work/expected.after"
	! cmp -s "$work/expected.before" "$work/expected.after" || fail "$kind: nothing was changed"
	for role in $(roles_of "$kind"); do
		"$PARE" rollback "$role" >"$work/out" 2>&1 || { cat "$work/out"; fail "$kind: rollback $role"; }
		propose_and_merge "$role"
	done
	keep world.after
	torture apply world.before expected.after
	torture rollback world.after expected.before
	stop_box
}

# --- all kinds, a few at a time ----------------------------------------------------------------
lanes=${TORTURE_LANES:-4}
running=
took() { # KIND:PID
	wait "${1#*:}" && return
	cat "$top/${1%%:*}.log"
	for lane in $running; do
		kill "${lane#*:}" 2>/dev/null || true
	done
	wait
	exit 1
}
for kind in ${TORTURE_KINDS:-$kinds}; do
	(
		trap stop_box EXIT
		one_kind
	) >"$top/$kind.log" 2>&1 &
	running="$running $kind:$!"
	# shellcheck disable=SC2086
	set -- $running
	if [ $# -ge "$lanes" ]; then
		first=$1
		shift
		running=$*
		took "$first"
	fi
done
for lane in $running; do
	running=${running#*"$lane"}
	took "$lane"
done
cat "$top"/*.log
