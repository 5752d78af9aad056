#!/bin/sh
# Runs every benchmark of build variant $B, $RUNS times (default 5), and prints medians.
# A benchmark prints samples, "bench: NAME VALUE UNIT", any number of each name, and the ratios it is
# about, "ratio: NAME NAME" (the first median by the second); other lines pass through once.
set -u
B=${B:-build}
RUNS=${RUNS:-5}
TEST=${TEST:-}
PARE=$PWD/$B/pare
SANDBOX=$PWD/$B/pare-sandbox
export PARE SANDBOX
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
: >"$log"
for source in tests/bench/*.c; do
	[ -f "$source" ] || continue
	name=$(basename "$source" .c)
	case $name in *"$TEST"*) ;; *) continue ;; esac
	run=0
	while [ $run -lt "$RUNS" ]; do
		run=$((run + 1))
		if ! "$B/bench/$name" >"$log.one" 2>&1; then
			echo "FAILED   $name"
			sed 's/^/         /' "$log.one"
			failed=$((failed + 1))
			break
		fi
		[ $run != 1 ] || grep -avE '^(bench|ratio): ' "$log.one"
		grep -aE '^(bench|ratio): ' "$log.one" >>"$log"
	done
done
for source in tests/bench/*.sh; do # scripts measure for minutes: once
	[ -f "$source" ] || continue
	name=$(basename "$source" .sh)
	case $name in *"$TEST"*) ;; *) continue ;; esac
	if ! sh "$source" >"$log.one" 2>&1; then
		echo "FAILED   $name"
		sed 's/^/         /' "$log.one"
		failed=$((failed + 1))
	fi
	grep -avE '^(bench|ratio): ' "$log.one"
	grep -aE '^(bench|ratio): ' "$log.one" >>"$log"
done
rm -f "$log.one"
sort -k2,2 -k3,3n "$log" | awk '
	$1 == "bench:" { value[$2, ++n[$2]] = $3; unit[$2] = $4; if (n[$2] == 1) order[++names] = $2 }
	$1 == "ratio:" && !(($2, $3) in seen) { seen[$2, $3] = 1; over[++ratios] = $2; under[ratios] = $3 }
	function median(name, half) {
		half = int((n[name] + 1) / 2)
		return n[name] % 2 ? value[name, half] : (value[name, half] + value[name, half + 1]) / 2
	}
	END {
		for (i = 1; i <= names; i++) {
			name = order[i]
			printf "%-44s %12.3f %-10s (%g to %g, %d samples)\n", name, median(name), unit[name],
				value[name, 1], value[name, n[name]], n[name]
		}
		for (i = 1; i <= ratios; i++)
			if (median(under[i]) > 0)
				printf "%-44s %12.2f times %s\n", over[i], median(over[i]) / median(under[i]), under[i]
	}'
[ $failed = 0 ]
