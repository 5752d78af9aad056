#!/bin/sh
# Runs every test of build variant $B, $JOBS at a time (default 2): a line each, in the same order
# every time, the output of those that fail, the reasons of what was skipped, and a closing line.
# TEST=word (or a pattern with * and ?) runs those with the word in their name.
# A program skips itself with exit code 77 and its reason as the last line; a test within a cmocka
# program with a line "skipped: REASON".
set -u
B=${B:-build}
JOBS=${JOBS:-2}
TEST=${TEST:-}
PARE=$PWD/$B/pare
SANDBOX=$PWD/$B/pare-sandbox
# libgit2 1.5.1 leaks its regular-expression match data; see tests/lsan.supp.
LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
UBSAN_OPTIONS=print_stacktrace=1
export B PARE SANDBOX LSAN_OPTIONS UBSAN_OPTIONS

# --- one test: NUMBER KIND PATH; leaves number.{name,log,code} and prints the number -----------
if [ "${1-}" = --one ]; then
	number=$2 kind=$3 path=$4
	base=$LOGS/$number
	case $kind in
	program) set -- "$path" ;;
	replay) set -- "$path" "tests/fuzz/corpus/$(basename "$path")" ;;
	rules) set -- "$PARE" --state "$base.state" rules test "$path" ;;
	script) set -- sh "$path" ;;
	esac
	timeout -k 10 "${TEST_TIMEOUT:-300}" "$@" >"$base.log" 2>&1 </dev/null
	echo $? >"$base.code"
	echo "$number"
	exit 0
fi

LOGS=$(mktemp -d)
export LOGS
trap 'rm -rf "$LOGS"' EXIT
trap 'exit 130' INT TERM

# --- what there is to run ----------------------------------------------------------------------
number=0
add() { # name kind path
	# shellcheck disable=SC2254
	case $1 in *$TEST*) ;; *) return ;; esac
	number=$((number + 1))
	echo "$1" >"$LOGS/$number.name"
	echo "$number $2 $3" >>"$LOGS/list"
}
: >"$LOGS/list"
for source in tests/unit/test_*.c; do
	[ -f "$source" ] && name=$(basename "$source" .c) && add "$name" program "$B/test/$name"
done
for source in tests/flow/test_*.c; do
	[ -f "$source" ] && name=flow_$(basename "$source" .c) && add "$name" program "$B/test/$name"
done
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ -f "$source" ] && [ "$name" != replay ] && add "replay/$name" replay "$B/replay/$name"
done
[ -d rules/tests ] && add rules rules rules
for source in tests/e2e/*.sh; do
	[ -f "$source" ] && add "e2e/$(basename "$source" .sh)" script "$source"
done
if [ "$number" = 0 ]; then
	echo "no test has '$TEST' in its name"
	echo '0 passed, 0 failed, 0 skipped'
	exit 1
fi

# --- running, and telling in order -------------------------------------------------------------
# The number in cmocka's closing lines: "[  PASSED  ] 12 test(s)."; 0 when there is no such line.
count() { # word log
	sed -n "s/^\[ *$1 *\] \([0-9]*\) test(s).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

tell() { # number
	log=$LOGS/$1.log
	code=$(cat "$LOGS/$1.code")
	name=$(cat "$LOGS/$1.name")
	good=$(count PASSED "$log") bad=$(count FAILED "$log") left=$(count SKIPPED "$log")
	if [ "$code" = 77 ]; then
		skipped=$((skipped + 1))
		echo "skipped  $name: $(tail -n 1 "$log" | sed 's/^skipped: //')"
		return
	fi
	if [ "$code" = 0 ]; then
		[ $((good + left)) -gt 0 ] || good=1
		echo "ok       $name"
		grep -ah '^skipped: ' "$log" | sort -u | sed 's/^/         /'
	else
		[ "$bad" -gt 0 ] || bad=1
		case $code in
		124 | 137) why="it did not end within ${TEST_TIMEOUT:-300} s, or was killed" ;;
		*) why="exit $code" ;;
		esac
		echo "FAILED   $name ($why)"
		tail -n 60 "$log" | sed 's/^/         /'
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

xargs -P "$JOBS" -L 1 "$0" --one <"$LOGS/list" | {
	passed=0 failed=0 skipped=0 next=1
	while read -r _; do
		while [ -f "$LOGS/$next.code" ] && [ -s "$LOGS/$next.code" ]; do
			tell "$next"
			next=$((next + 1))
		done
	done
	if [ "$next" -le "$number" ]; then
		echo "FAILED   $((number - next + 1)) tests did not run to their end"
		failed=$((failed + number - next + 1))
	fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
