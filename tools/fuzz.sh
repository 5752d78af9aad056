#!/bin/sh
# Runs every fuzz target of tests/fuzz for $FUZZ_SECONDS (default 20) with libFuzzer, from its corpus.
# New inputs stay below build/fuzz/corpus; an input that crashes goes to build/fuzz/crashes, from where
# it belongs into tests/fuzz/corpus/TARGET. TEST=word runs the targets with the word in their name.
set -u
FUZZ_SECONDS=${FUZZ_SECONDS:-20}
TEST=${TEST:-}

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo '#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data != 0 && size > 1u << 30; }' >"$probe/p.c"
if ! command -v clang >/dev/null 2>&1; then
	echo 'skipped: fuzz: no clang on this machine (the corpora are replayed by make test)'
	exit 0
fi
if ! clang -fsanitize=fuzzer,address -o "$probe/p" "$probe/p.c" >"$probe/log" 2>&1; then
	echo "skipped: fuzz: this clang has no libFuzzer: $(tail -n 1 "$probe/log")"
	exit 0
fi

"${MAKE:-make}" VARIANT=fuzz fuzzers || exit 1
LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
export LSAN_OPTIONS
mkdir -p build/fuzz/crashes
failed=0 run=0
for target in build/fuzz/fuzzer/*; do
	name=$(basename "$target")
	case $name in *"$TEST"*) ;; *) continue ;; esac
	[ -f "tests/fuzz/$name.c" ] || continue
	seeds=tests/fuzz/corpus/$name
	mkdir -p "build/fuzz/corpus/$name"
	run=$((run + 1))
	if "$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/crashes/$name-" "build/fuzz/corpus/$name" "$seeds" >"$probe/$name.log" 2>&1; then
		echo "ok       $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$probe/$name.log") inputs in $FUZZ_SECONDS s"
	else
		failed=$((failed + 1))
		echo "FAILED   $name"
		tail -n 40 "$probe/$name.log" | sed 's/^/         /'
	fi
done
[ $run -gt 0 ] || { echo "fuzz: no target has '$TEST' in its name"; exit 1; }
echo "$((run - failed)) targets passed, $failed failed"
[ $failed = 0 ]
