# Signals, closed outputs, a vanishing network, credentials that end: at many moments. pare says 130
# and can be run again, or it is done; nothing is half-written; a run to the end gives the plan.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. tests/e2e/lib/common.sh
env --default-signal=INT true 2>/dev/null || skip "this 'env' cannot give back SIGINT to a background job"

seed=${INTERRUPT_SEED:-1}
random() { # MILLISECONDS: a delay up to it, the same for the same seed; into $delay
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	delay=$(printf '%d.%03d' $((seed / 65536 % $1 / 1000)) $((seed / 65536 % $1 % 1000)))
}
role() {
	"$SANDBOX" --state "$work/aws.json" --show "$blog_role" | sed '/^findings/,$d'
}
keep() { # name
	stop_box
	mkdir "$work/$1"
	cp -a "$work/aws.json" "$work/state" "$work/review.git" "$work/$1"
}
back_to() { # name, latency
	stop_box
	rm -rf "$work/state" "$work/review.git"
	cp -a "$work/$1/." "$work"
	start_box --state "$work/aws.json" --latency "${2-20}" --faults work=1
}
# Starts pare in a process group of its own, as a terminal does, with the signals as it finds them there.
begin() {
	setsid env --default-signal=INT,QUIT,HUP "$PARE" "$@" >"$work/out" 2>&1 &
	pid=$!
}
strike() { # signal: to the whole group, as Ctrl-C does
	kill -s "$1" -- "-$pid" 2>"$work/kill" || ! kill -0 $pid 2>/dev/null || fail "kill: $(cat "$work/kill")"
}
until_begun() { # its first write is about to be sent, and many calls are to follow
	tries=0
	until grep -q '"intent"' "$work"/state/journals/*.jsonl 2>/dev/null; do
		kill -0 $pid 2>/dev/null || { cat "$work/out"; fail 'apply ended before its first write'; }
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || { cat "$work/out"; fail 'apply did not come to its first write within 20 s'; }
		sleep 0.02
	done
}
finish() {
	code=0
	wait $pid || code=$?
}
good_end() { # what
	[ $code = 0 ] || [ $code = 130 ] || { cat "$work/out"; fail "$1: exit $code, expected 0 or 130"; }
	left=$(find "$work/state" -name '*.new')
	[ -z "$left" ] || fail "$1: half-written: $left"
	"$PARE" status --json >"$work/status" 2>&1 || { cat "$work/status"; fail "$1: status"; }
	ends="${ends-} $code"
}
as_planned() { # what
	expect 0 '' "$PARE" apply
	role >"$work/got"
	diff "$work/expected" "$work/got" || { cat "$work/out"; fail "$1: not as planned"; }
	expect 0 ' applied ' "$PARE" status
}

make_review
start_box --seed "$seed_file" --state "$work/aws.json"
mkdir -p "$work/state"
chmod 700 "$work/state"
keep unplanned
back_to unplanned 0
"$PARE" plan >/dev/null 2>&1
keep planned
back_to planned 0
"$PARE" propose -q "$blog_role" >/dev/null
merge_proposal
keep approved
back_to approved 0
expect 0 '6 of them writes' "$PARE" apply
role >"$work/expected"

# --- one signal, at any moment ------------------------------------------------------------------
for signal in INT TERM HUP INT; do
	random 900
	back_to unplanned
	begin plan
	sleep "$delay"
	strike $signal
	finish
	good_end "plan, SIG$signal after $delay s"
	expect 0 '1 planned' "$PARE" plan
done
for signal in INT TERM HUP INT; do
	random 60
	back_to planned
	begin propose "$blog_role"
	sleep "$delay"
	strike $signal
	finish
	good_end "propose, SIG$signal after $delay s"
	expect 0 '' "$PARE" propose "$blog_role"
	[ "$(git -C "$work/review.git" for-each-ref refs/heads/pare | wc -l)" = 1 ] ||
		fail "propose, SIG$signal after $delay s: not one branch"
done
echo "plan and propose, interrupted: exit$ends"
ends=
for signal in INT TERM HUP INT TERM HUP INT TERM HUP INT; do
	random 800
	back_to approved
	begin apply
	sleep "$delay"
	strike $signal
	finish
	good_end "apply, SIG$signal after $delay s"
	[ $code = 0 ] || grep -q 'pare apply' "$work/out" || { cat "$work/out"; fail 'it does not say how to go on'; }
	as_planned "apply, SIG$signal after $delay s"
done
echo "apply, interrupted: exit$ends"

# --- a second Ctrl-C does not wait for AWS ------------------------------------------------------
back_to approved 3000
begin apply
sleep 0.3
strike INT
sleep 0.3
strike INT
before=$(date +%s%N)
finish
took=$((($(date +%s%N) - before) / 1000000))
[ $code = 130 ] && [ $took -lt 1500 ] || { cat "$work/out"; fail "a second Ctrl-C: exit $code after $took ms"; }
back_to approved 0

# --- stopped and continued ----------------------------------------------------------------------
for round in 1 2; do
	random 500
	back_to approved
	begin apply
	sleep "$delay"
	kill -STOP $pid
	sleep 0.3
	kill -CONT $pid
	finish
	[ $code = 0 ] || { cat "$work/out"; fail "stopped and continued after $delay s ($round): exit $code"; }
	as_planned 'stopped and continued'
done

# --- nobody listens -----------------------------------------------------------------------------
back_to approved 0
code=$( ( set +e; "$PARE" apply 2>"$work/out"; echo $? >&3 ) 3>&1 >&- | cat)
[ "$code" = 0 ] || { cat "$work/out"; fail "standard output closed: exit $code, and it is applied"; }
as_planned 'standard output closed'
back_to approved 0
{
	code=0
	"$PARE" apply 2>"$work/out" || code=$?
	echo $code >"$work/code"
} | true
[ "$(cat "$work/code")" = 0 ] || { cat "$work/out"; fail "a pipe that nobody reads: exit $(cat "$work/code")"; }
as_planned 'a pipe that nobody reads'
back_to approved 0
expect 0 '' sh -c '"$1" apply 2>&-' sh "$PARE"
as_planned 'standard error closed'

# --- the terminal goes away ---------------------------------------------------------------------
if command -v script >/dev/null; then
	back_to approved 30
	rm -f "$work/pid"
	setsid script -qfc "echo \$\$ >'$work/pid'; exec '$PARE' apply" /dev/null </dev/null >"$work/terminal" 2>&1 &
	terminal=$!
	tries=0
	until [ -s "$work/pid" ] && git -C "$work/review.git" rev-parse -q --verify refs/pare/locks/111122223333 >/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || { cat "$work/terminal"; fail 'apply on a terminal did not start'; }
		sleep 0.02
	done
	sleep 0.3
	kill -9 $terminal
	wait $terminal 2>/dev/null || true
	tries=0
	while kill -0 "$(cat "$work/pid")" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || fail 'apply lives on for 10 s without its terminal'
		sleep 0.02
	done
	[ -z "$(git -C "$work/review.git" for-each-ref refs/pare/locks)" ] || fail 'the terminal went away: the lock was not given back'
	as_planned 'the terminal went away'
	back_to approved 0
	script -qfc "'$PARE' apply" /dev/null </dev/null >"$work/terminal" 2>&1
	grep -q 'step' "$work/terminal" || { cat -v "$work/terminal"; fail 'no progress on a terminal'; }
else
	echo "without 'script' there is no terminal to close"
fi

# --- AWS goes away, and comes back --------------------------------------------------------------
back_to approved 80
export AWS_MAX_ATTEMPTS=1 # the client's own patience is tested elsewhere
begin apply
unset AWS_MAX_ATTEMPTS
until_begun
kill -9 $box
wait $box 2>/dev/null || true
box=
finish
[ $code = 130 ] || { cat "$work/out"; fail "the endpoint vanished: exit $code"; }
for text in 'AWS does not answer' "to go on: pare apply"; do
	grep -q "$text" "$work/out" || { cat "$work/out"; fail "the endpoint vanished: it does not say '$text'"; }
done
expect 0 'begun and not ended' "$PARE" status
start_box --state "$work/aws.json" --faults work=1
as_planned 'the endpoint vanished'

back_to approved 80
begin apply
until_begun
kill -9 $box
wait $box 2>/dev/null || true
sleep 0.3
start_box --state "$work/aws.json" --faults work=1 --listen "127.0.0.1:${AWS_ENDPOINT_URL##*:}"
finish
[ $code = 0 ] || { cat "$work/out"; fail "the endpoint came back: exit $code"; }
as_planned 'the endpoint came back'

case $PARE in
*asan*) echo 'a preloaded library and the address sanitizer exclude each other' ;;
*)
	gcc -shared -fPIC -D_GNU_SOURCE -o "$work/at_write.so" tests/e2e/at_write.c -ldl
	for n in 1 3 5; do
		back_to approved 0
		expect 130 'AWS does not answer' env AWS_MAX_ATTEMPTS=1 AT_WRITE=$n AT_WRITE_HOW=gone LD_PRELOAD="$work/at_write.so" "$PARE" apply
		as_planned "the network went away at write $n"
		back_to approved 0
		expect 130 'to go on: pare apply' env AT_WRITE=$n AT_WRITE_HOW=stop LD_PRELOAD="$work/at_write.so" "$PARE" apply
		as_planned "SIGINT together with the answer to write $n"
	done
	;;
esac

# --- credentials that end -----------------------------------------------------------------------
back_to approved 0
stop_box
until=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
sed -i 's|"keys": \[|&{"accessKeyId":"ASIAEXAMPLESESSION00","secret":"c2Vzc2lvbg","token":"dG9rZW4","account":"111122223333","arn":"arn:aws:sts::111122223333:assumed-role/pare/run","userId":"AROAEXAMPLE:run","expiresAt":"'"$until"'"},|' "$work/aws.json"
start_box --state "$work/aws.json" --latency 200
expect 130 'credentials' env AWS_ACCESS_KEY_ID=ASIAEXAMPLESESSION00 AWS_SECRET_ACCESS_KEY=c2Vzc2lvbg \
	AWS_SESSION_TOKEN=dG9rZW4 "$PARE" apply
expect 1 'ExpiredToken' env AWS_ACCESS_KEY_ID=ASIAEXAMPLESESSION00 AWS_SECRET_ACCESS_KEY=c2Vzc2lvbg \
	AWS_SESSION_TOKEN=dG9rZW4 "$PARE" apply
as_planned 'the credentials ended'
echo 'terminals, outputs, endpoints and credentials that end: resumable, and then as planned'
