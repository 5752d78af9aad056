# What the pages name is there: every test that security.md cites, every command and option in the
# manual page, every file that README and pages link to.
. tests/e2e/lib/common.sh

cited=$(sed -n '/^## The attacks/,/^## Hardening/p' docs/security.md | awk -F'|' 'NF > 4 { print $4 }' | grep -oE '`[a-z_0-9]+`' | tr -d '`' | sort -u)
[ "$(echo "$cited" | wc -l)" -ge 25 ] || fail 'security.md cites too few tests to check'
for name in $cited; do
	[ -f "tests/e2e/$name.sh" ] || [ -f "tests/flow/$name.c" ] || grep -rqw "$name" tests/unit tests/flow ||
		fail "security.md cites the test '$name', which is not there"
done

for command in $("$PARE" help | awk '/^  [a-z]+ / { print $1 }' | sort -u); do
	grep -q "^\.SS $command" docs/pare.1 || fail "the manual page has no section on '$command'"
	"$PARE" help "$command" | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | while read -r option; do
		sed 's/\\-/-/g; s/\\f[BIRP]//g' docs/pare.1 | grep -qF -- "$option" || fail "the manual page does not know '$option' of '$command'"
	done || exit 1
done
for section in $(sed -n 's/^\.SS \([a-z]*\).*/\1/p' docs/pare.1); do
	"$PARE" help "$section" >/dev/null 2>&1 || fail "the manual page describes '$section', which pare does not know"
done

for page in README.md CONTRIBUTING.md docs/*.md examples/*/README.md; do
	dir=$(dirname "$page")
	for link in $(grep -oE '\]\([^)#]+\)' "$page" | sed 's/](\(.*\))/\1/' | grep -v '^https\?:'); do
		[ -e "$dir/$link" ] || fail "$page links to '$link', which is not there"
	done
done
if command -v man >/dev/null 2>&1; then
	man --warnings -l docs/pare.1 >/dev/null 2>"$work/warnings" || true
	[ ! -s "$work/warnings" ] || { cat "$work/warnings"; fail 'the manual page has warnings'; }
else
	echo 'skipped: no man on this machine'
fi
