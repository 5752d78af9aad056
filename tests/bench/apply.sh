# The executor over HTTP: 200 roles and about a thousand writes against a sandbox that answers after
# 50 ms, at several concurrencies, beside the floor that latency and concurrency set, and beside that
# floor after the canaries, whose waits nothing else may fill; then without
# latency, for the client's own work a call, beside boto3's. BENCH_ROLES makes it smaller.
. tests/e2e/lib/common.sh
gcc -O1 -o "$work/measure" tests/bench/lib/measure.c
cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
  limits     = { changes_per_run = 1000, changes_per_account = 1000, percent = 100 },
}
END
export PARE_OBSERVE_GAP_MS=1000
roles=${BENCH_ROLES:-226} # of which some are exempt
measured() { # number of the word behind "measured:"
	sed -n 's/^measured: //p' "$work/err" | cut -d' ' -f"$1"
}
per() { # a b: a/b
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (b > 0 ? a / b : 0) }'
}

# Once: the account, its plans, all of them merged.
start_box --generate "roles=$roles,seed=1" --state "$work/aws.json"
stop_box
start_box --seed "$work/aws.json" --latency 50 --faults work=1
"$work/measure" "$PARE" -v plan >"$work/out" 2>"$work/err"
calls=$(sed -n 's/.*; \([0-9]*\) AWS calls$/\1/p' "$work/out")
echo "bench: plan-live-calls $calls calls"
echo "bench: plan-live-wall $(measured 1) ms"
echo "bench: plan-live-cpu-per-call $(per "$(measured 2)" "$calls") ms"
echo "bench: plan-live-peak $(measured 3) KiB"
make_review_keeping_config() {
	cp "$work/pare.lua" "$work/kept.lua"
	make_review
	cp "$work/kept.lua" "$work/pare.lua"
}
make_review_keeping_config
(
	cd "$work/state" && find accounts -name plan.json >"$work/plans"
	tar cf - -T "$work/plans" | tar xf - -C "$work/reviewer"
	cd "$work/reviewer" && git add -A && git commit -q -m plans && git push -q origin main
)
mv "$work/review.git" "$work/review.merged"
mv "$work/state" "$work/state.planned"

run() { # name, latency, concurrency, more options of apply…
	name=$1 latency=$2 concurrency=$3
	shift 3
	stop_box
	# Put aside, not removed: for seconds after, ext4 searches for inodes that were not just freed.
	mkdir "$work/before.$name"
	for used in "$work/review.git" "$work/state"; do
		[ ! -e "$used" ] || mv "$used" "$work/before.$name"
	done
	cp -a "$work/review.merged" "$work/review.git"
	cp -a "$work/state.planned" "$work/state"
	start_box --seed "$work/aws.json" --latency "$latency"
	"$work/measure" "$PARE" -v apply --concurrency "$concurrency" "$@" >"$work/out" 2>"$work/err" ||
		{ tail -n 5 "$work/out" "$work/err"; fail "$name"; }
	totals=$(sed -n 's/.*[;:] \([0-9]*\) AWS calls, \([0-9]*\) of them writes$/\1 \2/p' "$work/out" | tail -n 1)
	calls=${totals% *} writes=${totals#* }
	plans=$(grep -c '^applied' "$work/out")
	echo "bench: $name-plans $plans plans"
	echo "bench: $name-calls $calls calls"
	echo "bench: $name-writes $writes calls"
	echo "bench: $name-calls-per-plan $(per "$calls" "$plans") calls"
	echo "bench: $name-calls-per-write $(per "$calls" "$writes") calls"
	echo "bench: $name-wall $(measured 1) ms"
	[ "$latency" = 0 ] || floors
	echo "bench: $name-cpu-per-call $(per "$(measured 2)" "$calls") ms"
	echo "bench: $name-peak $(measured 3) KiB"
	echo "bench: $name-connections $(sed -n 's/.* requests to AWS over \([0-9]*\) connections$/\1/p' "$work/err") connections"
}
# What no number of requests makes shorter: the first three plans are checked to their end before the
# others begin, and that is as long as one plan alone is: its round trips one after the other and the
# two gaps between three read-backs. Beside it the others' calls at the floor.
chain=0
floors() {
	echo "bench: $name-floor $((calls * latency / concurrency)) ms"
	echo "ratio: $name-wall $name-floor"
	[ "$chain" != 0 ] || return 0
	awk -v n="$name" -v calls="$calls" -v plans="$plans" -v ms="$latency" -v c="$concurrency" -v chain="$chain" 'BEGIN {
		printf "bench: %s-floor-after-canaries %.0f ms\n", n, chain + calls * (plans - 3) / plans * ms / c
	}'
	echo "ratio: $name-wall $name-floor-after-canaries"
}
run apply-alone 50 16 --max-changes 1
chain=$(measured 1)
run apply-16 50 16
run apply-8 50 8
run apply-1 50 1 --max-changes 20
PARE_OBSERVE_GAP_MS=20 run apply-no-latency 0 8

if python3 -c 'import boto3' 2>/dev/null; then
	start_box --seed "$work/aws.json"
	python3 - <<'END'
import boto3, resource, time
iam = boto3.client("iam")
names = [r["RoleName"] for p in iam.get_paginator("list_roles").paginate() for r in p["Roles"]]
def used():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime
before, n = used(), 0
while n < 1000:
    iam.get_role(RoleName=names[n % len(names)])
    n += 1
print("bench: boto3-cpu-per-call %.3f ms" % ((used() - before) * 1000 / n))
END
	echo 'ratio: boto3-cpu-per-call apply-no-latency-cpu-per-call'
else
	echo 'without boto3 there is nothing to compare with'
fi
