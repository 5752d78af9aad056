#!/bin/sh
# Checks what the compiler does not: layers, doors, who may print, what is declared and never used.
# usage: tools/lint.sh [ROOT]. A line each finding: "lint: RULE: FILE[:LINE]: what is wrong".
# Needs sh, awk, grep and the compiler. tools/lint-selftest.sh breaks every rule once.
set -u
cd "${1:-.}" || exit 2
CC=${CC:-gcc}
found=$(mktemp) || exit 2
trap 'rm -rf "$found" "$found".d' EXIT
mkdir "$found.d"

sources=$(find src -name '*.c' 2>/dev/null | sort)
headers=$(find include src -name '*.h' 2>/dev/null | sort)
tests=$(find tests -name '*.[ch]' 2>/dev/null | sort)
scripts=$(find tools tests .ci -name '*.sh' -o -path '.ci/run' 2>/dev/null | sort)
generated=src/policy/catalog_table.c
[ -n "$sources" ] || { echo 'lint: no sources below src/'; exit 2; }

# Files without their comments and texts, lines kept; include lines stay whole.
mkdir -p "$found.d/bare"
strip() {
	awk -v out="$found.d/bare" '
	FNR == 1 { if (to != "") close(to); to = FILENAME; gsub("/", "%", to); to = out "/" to; comment = 0 }
	{
		line = $0; bare = ""
		if (!comment && line ~ /^[ \t]*#[ \t]*include/) { print line > to; next }
		while (line != "") {
			if (comment) {
				at = index(line, "*/")
				if (at == 0) break
				line = substr(line, at + 2); comment = 0; bare = bare " "
				continue
			}
			if (!match(line, /\/\*|\/\/|"|\047/)) { bare = bare line; break }
			mark = substr(line, RSTART, RLENGTH)
			bare = bare substr(line, 1, RSTART - 1)
			line = substr(line, RSTART + RLENGTH)
			if (mark == "//") break
			if (mark == "/*") { comment = 1; continue }
			while (line != "") { # a text or character constant
				c = substr(line, 1, 1); line = substr(line, 2)
				if (c == "\\") line = substr(line, 2)
				else if (c == mark) break
			}
			bare = bare mark mark
		}
		print bare > to
	}' "$@"
}
# shellcheck disable=SC2086
strip $sources $headers $tests
bare() { echo "$found.d/bare/$(echo "$1" | tr / %)"; }
report() { echo "lint: $*" >>"$found"; }

# --- layers: base <- policy <- model <- flow <- cli; model <- adapt <- cli; model <- sandbox <- cli ---
# A public header belongs to the lowest layer with a source file of its name.
below() {
	case $1 in
	base) echo base ;;
	policy) echo base policy ;;
	model) echo base policy model ;;
	flow | adapt | sandbox) echo base policy model "$1" ;;
	cli) echo base policy model flow adapt sandbox cli ;;
	esac
}
owner() { # name of a public header
	case $1 in
	version) echo base; return ;;
	esac
	for layer in base policy model flow adapt sandbox cli; do
		[ -f "src/$layer/$1.c" ] && echo $layer && return
	done
	grep -lE "^#include \"pare/$1\.h\"" src/*/*.c 2>/dev/null | awk -F/ '
		BEGIN { split("base policy model flow adapt sandbox cli", l, " "); for (i in l) rank[l[i]] = i + 0 }
		{ if (best == "" || rank[$2] < rank[best]) best = $2 }
		END { print best == "" ? "cli" : best }'
}
: >"$found.d/owners"
for h in include/pare/*.h; do
	[ -f "$h" ] || continue
	name=$(basename "$h" .h)
	echo "$name $(owner "$name")" >>"$found.d/owners"
done
for f in $sources $headers; do
	case $f in
	src/*/*) layer=${f#src/} layer=${layer%%/*} ;;
	*) layer=$(awk -v n="$(basename "$f" .h)" '$1 == n { print $2 }' "$found.d/owners") ;;
	esac
	allowed=$(below "$layer")
	if [ -z "$allowed" ]; then
		report "layer: $f: '$layer' is no layer"
		continue
	fi
	grep -nE '^[ \t]*#[ \t]*include[ \t]*"' "$(bare "$f")" | while IFS= read -r line; do
		at=${line%%:*} name=${line#*\"} name=${name%%\"*}
		case $name in
		pare/*)
			of=$(awk -v n="$(basename "$name" .h)" '$1 == n { print $2 }' "$found.d/owners")
			case " $allowed " in
			*" $of "*) ;;
			*) report "layer: $f:$at: $layer may not include $name, which is of ${of:-nobody}" ;;
			esac
			;;
		*/*) report "layer: $f:$at: '$name' is a private header of another folder" ;;
		*) [ -f "$(dirname "$f")/$name" ] || report "layer: $f:$at: '$name' is not in $(dirname "$f")" ;;
		esac
	done
done

# --- doors: a library's headers are included by one file only -----------------------------------
own='assert ctype dirent dlfcn errno fcntl float grp inttypes limits locale math netdb poll pthread pwd
setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string
strings termios time unistd wchar arpa/inet net/if netinet/in netinet/tcp linux/audit linux/filter
linux/seccomp sys/epoll sys/eventfd sys/file sys/ioctl sys/mman sys/prctl sys/random sys/resource
sys/select sys/signalfd sys/socket sys/stat sys/syscall sys/time sys/timerfd sys/types sys/uio sys/un
sys/utsname sys/wait'
for f in $sources $headers; do
	sed -n 's/^[ 	]*#[ 	]*include[ 	]*<\([^>]*\)\.h>.*/\1/p' "$(bare "$f")" | sed "s|\$| $f|"
done | awk -v own="$own" '
	BEGIN { split(own, o, /[ \n]+/); for (i in o) system_header[o[i]] = 1 }
	$1 in system_header { next }
	{
		library = $1
		sub(/\/.*/, "", library)
		if (library ~ /^(lua|lualib|lauxlib|luaconf)$/) library = "lua"
		if (!((library, $2) in seen)) { seen[library, $2] = 1; n[library]++; files[library] = files[library] " " $2 }
	}
	END { for (l in n) if (n[l] > 1) print "lint: door: " l " is included by" files[l] }' | sort >>"$found"

# --- words that may not stand in some files -----------------------------------------------------
forbid() { # rule, pattern, what is wrong, files…
	rule=$1 pattern=$2 why=$3
	shift 3
	for f in "$@"; do
		grep -nE "$pattern" "$(bare "$f")" | cut -d: -f1 | sed "s|.*|lint: $rule: $f:&: $why|"
	done >>"$found"
}
quiet=$(echo "$sources" | grep -v '^src/cli/')
head='(^|[^A-Za-z0-9_>.])'
# shellcheck disable=SC2086
{
	[ -z "$quiet" ] || forbid print "$head(v?printf|puts|putchar|perror|putc_unlocked)[ \t]*\(|$head(stdout|stderr)([^A-Za-z0-9_]|\$)" \
		'only src/cli prints' $quiet
	forbid banned "$head(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|system|popen|alloca|mktemp|tmpnam)[ \t]*\(" \
		'a function that is not used here: it cannot fail, or cannot know its bounds' $sources $headers
	others=$(find src/flow -name '*.[ch]' 2>/dev/null | grep -vE '^src/flow/(apply|rollback)' | sort)
	[ -z "$others" ] || forbid write_port '(^|[^A-Za-z0-9_])write_port([^A-Za-z0-9_]|$)' \
		'only flow/apply and flow/rollback may hold the means to write to AWS' $others
}

# --- looks --------------------------------------------------------------------------------------
for f in $sources $headers $tests; do
	[ "$f" = "$generated" ] && continue
	lines=$(wc -l <"$f")
	[ "$lines" -le 600 ] || report "length: $f: $lines lines; past 600 a file holds two things"
done
texts=$(find src include tests tools rules docs examples .ci Makefile README.md CONTRIBUTING.md -type f 2>/dev/null |
	grep -vE '^tests/(fuzz/corpus|data)/|\.(png|gz|zip)$|^tools/lint(-selftest)?\.sh$' | sort)
look() { # rule, pattern, what is wrong
	# shellcheck disable=SC2086
	grep -nIE "$2" $texts /dev/null | sed "s|^\([^:]*:[0-9]*\):.*|lint: $1: \1: $3|" >>"$found"
}
look space '[ 	]+$' 'white space at the end of the line'
look path '(^|[^A-Za-z0-9_./$}-])/(home|root|work|Users|mnt|build)/[A-Za-z0-9_]' 'a path of one machine'
look marker '(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_X]|$)' 'unfinished: do it, or open an issue'

# --- headers stand alone ------------------------------------------------------------------------
flags=$(pkg-config --cflags libcurl openssl libcjson libgit2 lua5.4 expat libmicrohttpd 2>/dev/null)
for h in $headers; do
	echo "#include \"$(basename "$h")\"" >"$found.d/alone.c"
	# shellcheck disable=SC2086
	$CC -std=c11 -D_GNU_SOURCE -Iinclude -I"$(dirname "$h")" $flags -Wall -Wextra -Wstrict-prototypes -Werror \
		-fsyntax-only "$found.d/alone.c" 2>"$found.d/alone.log" ||
		report "alone: $h: does not compile alone: $(grep -m 1 error "$found.d/alone.log" | sed 's/.*error: //')"
done

# --- public functions: defined, and used by the product -----------------------------------------
# Declarations stand at the start of a line in include/pare; definitions at the start of one in src.
# The sandbox's model and the plain evaluator are there for the tests, too: their use counts.
for_tests='sandbox evaluate'
public=$(find include -name '*.h' 2>/dev/null | sort)
if [ -n "$public" ]; then
	# shellcheck disable=SC2046
	awk '
	FNR == 1 { depth = 0; buffer = ""; header = FILENAME; gsub(/.*%|\.h$/, "", header) }
	/^[ \t]*#/ { next }
	{
		if (depth == 0) buffer = buffer " " $0
		depth += gsub(/\{/, "{") - gsub(/\}/, "}")
		if (depth > 0) { buffer = ""; next }
		if ($0 ~ /;[ \t]*$/ || $0 ~ /\}/) {
			if (buffer ~ /\(/ && buffer !~ /typedef/ && buffer !~ /^[ \t]*(static|\})/) {
				sub(/\(.*/, "", buffer)
				if (match(buffer, /[A-Za-z_][A-Za-z0-9_]*[ \t]*$/)) {
					name = substr(buffer, RSTART, RLENGTH); sub(/[ \t]+$/, "", name)
					print name, header
				}
			}
			buffer = ""
		}
	}' $(for h in $public; do bare "$h"; done) | sort -u >"$found.d/declared"
	# shellcheck disable=SC2046
	awk -v declared="$found.d/declared" -v for_tests="$for_tests" '
	BEGIN {
		split(for_tests, t, " ")
		for (i in t) tests_count[t[i]] = 1
		while ((getline line < declared) > 0) { split(line, f, " "); want[f[1]] = f[2] }
	}
	/^[ \t]*#[ \t]*include/ { next }
	{
		line = $0; start = line ~ /^[A-Za-z_]/ && line !~ /;[ \t]*$/
		while (match(line, /[A-Za-z_][A-Za-z0-9_]*/)) {
			word = substr(line, RSTART, RLENGTH); line = substr(line, RSTART + RLENGTH)
			if (!(word in want)) continue
			if (FILENAME ~ /\/tests%/) { if (want[word] in tests_count) used[word] = 1 }
			else if (start && line ~ /^[ \t]*\(/) defined[word] = 1
			else used[word] = 1
		}
	}
	END {
		for (name in want)
			if (!(name in defined)) print "lint: undefined: " name " is declared in include/ and defined nowhere"
			else if (!(name in used)) print "lint: unused: " name " is declared in include/ and used by no source (tests aside)"
	}' $(for f in $sources $tests; do bare "$f"; done) | sort >>"$found"
fi

# --- every source compiles without a warning (make lint asks for it) -----------------------------
if [ "${LINT_COMPILE-}" = 1 ]; then
	# shellcheck disable=SC2016,SC2086
	echo "$sources" | xargs -P 2 -I% sh -c '"$@" % 2>&1 | grep -E "(warning|error):" | sed "s/^/lint: compile: /" >>"$0"' "$found" \
		$CC -std=c11 -D_GNU_SOURCE -Iinclude $flags -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
		-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral -Werror -c -o /dev/null
fi

# --- scripts parse; and further tools where they are --------------------------------------------
for f in $scripts; do
	sh -n "$f" 2>"$found.d/script.log" || report "script: $f: $(head -n 1 "$found.d/script.log")"
done
if [ "${LINT_EXTRA-}" = 1 ]; then
	for tool in cppcheck clang-tidy shellcheck; do
		command -v $tool >/dev/null 2>&1 || { echo "lint: skipped: no $tool on this machine"; continue; }
		# shellcheck disable=SC2086
		case $tool in
		cppcheck) cppcheck --quiet --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
			-D_GNU_SOURCE -Iinclude --template='lint: cppcheck: {file}:{line}: {message}' src 2>>"$found" ;;
		clang-tidy) clang-tidy --quiet --checks='-*,bugprone-*,cert-err*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling' \
			$sources -- -std=c11 -D_GNU_SOURCE -Iinclude $flags 2>/dev/null | grep -E '(warning|error):' | sed 's/^/lint: clang-tidy: /' >>"$found" ;;
		shellcheck) shellcheck $scripts 2>&1 | grep -E '^In ' | sed 's/^/lint: shellcheck: /' >>"$found" ;;
		esac
	done
fi

cat "$found"
number=$(wc -l <"$found")
if [ "$number" != 0 ]; then
	echo "lint: $number findings"
	exit 1
fi
echo "lint: clean: $(echo "$sources" | wc -l) sources, $(echo "$headers" | wc -l) headers, $(echo "$tests" | grep -c .) tests"
