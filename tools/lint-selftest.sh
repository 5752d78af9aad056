#!/bin/sh
# The checks of tools/lint.sh can fail: each rule is broken once in a small tree and must be the one
# that is reported; the unbroken tree must be clean.
set -u
lint=$PWD/tools/lint.sh
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
bad=0 cases=0

put() { # file; its text on standard input
	mkdir -p "$(dirname "$top/tree/$1")"
	cat >"$top/tree/$1"
}

# A tree with a module in every layer, each used by the next.
clean_tree() {
	rm -rf "$top/tree"
	for layer in base policy model flow adapt sandbox; do
		put "include/pare/${layer}_part.h" <<END
/* ${layer}_part: says printf("x") and TO-DO in a comment, which is no finding. */
#ifndef PARE_${layer}_PART_H
#define PARE_${layer}_PART_H

#include <stdbool.h>

/* One part. */
bool ${layer}_part(int number);

#endif
END
		put "src/$layer/${layer}_part.c" <<END
#include "pare/${layer}_part.h"

#include <string.h>

bool ${layer}_part(int number)
{
	return strlen("printf(") == (size_t)number; /* sprintf() in a comment */
}
END
	done
	put src/cli/main.c <<'END'
#include <stdio.h>

#include "pare/adapt_part.h"
#include "pare/base_part.h"
#include "pare/flow_part.h"
#include "pare/model_part.h"
#include "pare/policy_part.h"
#include "pare/sandbox_part.h"

int main(void)
{
	printf("%d\n", base_part(1) + policy_part(1) + model_part(1) + flow_part(1) + adapt_part(1) + sandbox_part(1));
	return 0;
}
END
	put src/flow/apply_part.c <<'END'
#include "apply_part.h"

void apply_part(struct write_port *port)
{
	(void)port;
}
END
	put src/flow/apply_part.h <<'END'
#ifndef PARE_APPLY_PART_H
#define PARE_APPLY_PART_H

struct write_port;
void apply_part(struct write_port *port);

#endif
END
	put tests/unit/test_part.c <<'END'
#include <stdio.h>

#include "pare/base_part.h"

int main(void)
{
	puts("tests may print");
	return base_part(6);
}
END
	put tools/one.sh <<'END'
#!/bin/sh
echo one
END
}

before() { # file: one line on standard input, put before everything in it
	{ cat; cat "$top/tree/$1"; } >"$top/new" && mv "$top/new" "$top/tree/$1"
}
behind() {
	cat >>"$top/tree/$1"
}

caught() { # rule texts…; every text must be in a finding of that rule, and no other rule may report
	rule=$1
	shift
	"$lint" "$top/tree" >"$top/out" 2>&1
	code=$?
	for text; do
		cases=$((cases + 1))
		[ $code = 1 ] && grep -qF -- "$text" "$top/out" && grep -q "^lint: $rule: " "$top/out" && continue
		echo "lint-selftest: rule '$rule' did not catch: $text"
		sed 's/^/    /' "$top/out"
		bad=$((bad + 1))
	done
	if grep -v "^lint: $rule: " "$top/out" | grep -qv 'findings$'; then
		echo "lint-selftest: breaking rule '$rule' reports more than that"
		sed 's/^/    /' "$top/out"
		bad=$((bad + 1))
	fi
	clean_tree
}

clean_tree
if ! "$lint" "$top/tree" >"$top/out" 2>&1; then
	echo 'lint-selftest: the clean tree is not clean'
	cat "$top/out"
	bad=1
fi

# Layers: every arrow that may not be.
arrows() { # from to…
	from=$1
	shift
	for to; do
		echo "#include \"pare/${to}_part.h\"" | before "src/$from/${from}_part.c"
	done
	caught layer "$from may not include pare/$1_part.h" \
		"$from may not include pare/${2:-$1}_part.h" "$from may not include pare/${3:-$1}_part.h"
}
arrows base policy model flow
arrows base adapt sandbox
arrows policy model flow adapt
arrows model flow adapt sandbox
arrows flow adapt sandbox
arrows adapt flow sandbox
arrows sandbox flow adapt
echo '#include "pare/flow_part.h"' | before include/pare/model_part.h
caught layer 'include/pare/model_part.h:1: model may not include pare/flow_part.h'
echo '#include "../flow/apply_part.h"' | before src/adapt/adapt_part.c
caught layer 'private header of another folder'
echo '#include "apply_part.h"' | before src/adapt/adapt_part.c
caught layer 'is not in src/adapt'
mkdir -p "$top/tree/src/extra" && echo 'static int x;' >"$top/tree/src/extra/x.c"
caught layer 'is no layer'

# A header without a source file of its name belongs to the lowest layer that includes it.
printf '#ifndef H\n#define H\n\n#endif\n' | put include/pare/shape.h
echo '#include "pare/shape.h"' | before src/cli/main.c
echo '#include "pare/shape.h"' | before src/sandbox/sandbox_part.c
echo '#include "pare/shape.h"' | before src/adapt/adapt_part.c
caught layer 'src/sandbox/sandbox_part.c:1: sandbox may not include pare/shape.h, which is of adapt'

# Doors.
echo '#include <zlib.h>' | before src/adapt/adapt_part.c
echo '#include <zlib.h>' | before src/model/model_part.c
caught door 'zlib is included by src/adapt/adapt_part.c src/model/model_part.c'
echo '#include <lua.h>' | before src/adapt/adapt_part.c
echo '#include <lauxlib.h>' | before src/flow/flow_part.c
caught door 'lua is included by'

# Printing.
for call in 'printf("x")' 'puts("x")' 'fprintf(stderr, "x")' 'fputs("x", stdout)' 'perror("x")' 'putchar(65)'; do
	echo "static void say(void) { $call; }" | behind src/flow/flow_part.c
done
caught print flow_part.c:9: flow_part.c:10: flow_part.c:11: flow_part.c:12: flow_part.c:13: flow_part.c:14:

# Banned functions.
for call in 'strcpy(a, b)' 'strcat(a, b)' 'sprintf(a, b)' 'gets(a)' 'strtok(a, b)' 'system(a)' 'popen(a, b)'; do
	echo "static void risk(char *a, char *b) { $call; }" | behind src/cli/main.c
done
caught banned main.c:15: main.c:16: main.c:17: main.c:18: main.c:19: main.c:20: main.c:21:

# The means to write.
printf 'struct write_port;\n' | behind src/flow/flow_part.c
caught write_port 'src/flow/flow_part.c'

# Looks.
awk 'BEGIN { for (i = 0; i < 601; i++) print "/* line */" }' | behind src/base/base_part.c
caught length src/base/base_part.c
awk 'BEGIN { for (i = 0; i < 601; i++) print "/* line */" }' | behind tests/unit/test_part.c
caught length tests/unit/test_part.c
printf '/* two blanks */  \n' | behind src/base/base_part.c
caught space src/base/base_part.c:9
printf '/* see /home%sme/notes */\n' / | behind src/base/base_part.c
caught path src/base/base_part.c:9
for word in TODO FIXME XXX; do
	printf '/* %s: later */\n' $word | behind tests/unit/test_part.c
done
caught marker test_part.c:10: test_part.c:11: test_part.c:12:

# Headers alone.
printf 'size_t left_out;\n' | before include/pare/base_part.h
caught alone include/pare/base_part.h
printf 'static int never_used_here(int x);\n' | before src/flow/apply_part.h
caught alone src/flow/apply_part.h

# Dead code.
printf 'int nowhere(int x);\n' | behind include/pare/base_part.h
caught undefined nowhere
printf 'int never(int x);\n' | behind include/pare/base_part.h
printf 'int never(int x)\n{\n\treturn x;\n}\n' | behind src/base/base_part.c
printf 'int t(void)\n{\n\treturn never(1);\n}\n' | behind tests/unit/test_part.c
caught unused never

# Warnings.
printf 'static int nobody_reads_this;\n' | behind src/base/base_part.c
LINT_COMPILE=1
export LINT_COMPILE
caught compile 'base_part.c:9:12: error'
unset LINT_COMPILE

# Scripts.
printf 'if true; then\n' | behind tools/one.sh
caught script tools/one.sh

if [ $bad != 0 ]; then
	echo "lint-selftest: $bad of $cases failed"
	exit 1
fi
echo "lint-selftest: $cases broken rules, each caught"
