#!/bin/sh
# Rules as a person meets them: the shipped ones, the manual's examples, pare init, and bad files.
set -eu
here=$(dirname "$0")
. "$here/lib/common.sh"
root=$(cd "$here/../.." && pwd)
unset PARE_CONFIG

# --- the manual's examples: each block says in its first line which file it is ---
mkdir -p "$work/manual/rules/tests"
awk -v dir="$work/manual" '
	/^```lua$/ { reading = 1; name = ""; next }
	/^```$/ && reading { reading = 0; close(name); next }
	reading && name == "" {
		if ($0 !~ /^-- rules\/[a-z_\/]+\.lua$/) { print "a block without a file name: " $0; exit 1 }
		name = dir "/" substr($0, 4); count++
	}
	reading { print > name }
	END { if (count < 8) { print "only " count + 0 " blocks"; exit 1 } }
' "$root/docs/rules.md" || fail 'reading docs/rules.md'
expect 0 ' rule tests passed, 0 failed' "$PARE" rules test "$work/manual/rules"
! grep -q 'has no test' "$work/out" || fail 'an example of the manual has no test'
expect 0 'month_end' "$PARE" rules list "$work/manual/rules"

# Every word of the definition file is one of the manual's and the other way round.
for word in $(sed -n 's/^function \([a-z_]*\)(.*/\1/p' "$root/rules/pare.d.lua"); do
	grep -q "$word" "$root/docs/rules.md" || fail "docs/rules.md lacks '$word'"
done

# The definition file is Lua, and its words are the ones a rule finds.
expect 2 'declares no rule' "$PARE" rules list "$root/rules/pare.d.lua"
mkdir -p "$work/words/tests"
{
	echo 'rule { name = "words", about = "x", judge = function(c)'
	sed -n 's/^function \([a-z_]*\)(.*/\1/p' "$root/rules/pare.d.lua" | grep -vx 'rule\|test' |
		sed 's/.*/assert(type(&) == "function", "&")/'
	echo 'end }'
} >"$work/words/words.lua"
echo 'test "all" { rule = "words", expect = "pass" }' >"$work/words/tests/words_test.lua"
expect 0 '1 rule tests passed, 0 failed' "$PARE" rules test "$work/words"
# Its subject's members are the ones a rule is given; the tests refuse any other.
for member in $(sed -n '/^---@class Principal/,/^$/s/^---@field \([a-z_]*\) .*/\1/p' "$root/rules/pare.d.lua"); do
	grep -q "[^a-z_]$member[^a-z_]" "$root/docs/rules.md" || fail "docs/rules.md lacks principal.$member"
	case $member in tags | attached | inline | trust) continue ;; esac
	echo "test 'x' { rule = 'words', expect = 'pass', subject = { principal = { $member = '1' } } }"
done >"$work/words/tests/words_test.lua"
expect 0 ' 0 failed' "$PARE" rules test "$work/words"

# --- the shipped ones, from anywhere ---
cd "$work"
expect 0 'disaster_recovery' "$PARE" rules list
expect 0 ' 0 failed' "$PARE" rules test
for rule in backup iac_pipeline disaster_recovery protected opt_out break_glass young; do
	expect 0 "$rule" "$PARE" rules list
	expect 0 "\"rule\": \"$rule\"" "$PARE" --json rules test
done
expect 0 '"sha256": "' "$PARE" rules list --json
expect 0 'ok     ' "$PARE" -v rules test

# --- pare init ---
expect 0 'written' "$PARE" init "$work/new/here"
expect 0 "kept     $work/new/here/pare.lua" "$PARE" init "$work/new/here//"
expect 0 '"written": false' "$PARE" --json init "$work/new/here"
expect 0 'month_end' "$PARE" --config "$work/new/here/pare.lua" rules list
expect 0 ' 0 failed' "$PARE" --config "$work/new/here/pare.lua" rules test
expect 0 '2 rule tests passed' "$PARE" rules test "$work/new/here/rules"
expect 0 '2 rule tests passed' "$PARE" rules test "$work/new/here/rules/month_end.lua"
echo 'mine' >"$work/new/here/pare.lua"
rm "$work/new/here/rules/month_end.lua"
ln -s "$work/elsewhere" "$work/new/here/rules/month_end.lua"
expect 0 'kept' "$PARE" init "$work/new/here"
[ "$(cat "$work/new/here/pare.lua")" = mine ] || fail 'pare init overwrote pare.lua'
[ ! -e "$work/elsewhere" ] || fail 'pare init wrote through a link'
touch "$work/file"
expect 1 'something else has that name' "$PARE" init "$work/file"
expect 1 "making folder '$work/file'" "$PARE" init "$work/file/below"
expect 2 'empty name' "$PARE" init ''
[ "$(id -u)" = 0 ] || { mkdir -m 500 "$work/closed"; expect 1 'Permission denied' "$PARE" init "$work/closed/x"; }
(mkdir "$work/plain" && cd "$work/plain" && "$PARE" -q init >/dev/null && [ -f pare.lua ]) || fail 'pare init here'

# --- usage ---
expect 2 'expected list or test behind it, got nothing' "$PARE" rules
expect 2 "got 'tets'" "$PARE" rules tets
expect 2 "'/nowhere': No such file" "$PARE" rules list /nowhere

# --- bad rules and bad tests ---
bad() { # code, text, command, then a.lua and its test on standard input
	rm -rf "$work/bad" && mkdir -p "$work/bad/tests"
	printf '%s\n' "$4" >"$work/bad/a.lua"
	[ -z "${5:-}" ] || printf '%s\n' "$5" >"$work/bad/tests/a_test.lua"
	expect "$1" "$2" "$PARE" rules "$3" "$work/bad"
}
good='rule { name = "a", about = "x", judge = function(c) return exempt("y") end }'
subject='test "t" { rule = "a", expect = "exempt" }'
bad 0 '1 rule tests passed' test "$good" "$subject"
bad 1 'no test was run' test "$good"
bad 1 'no test was run' test "$good" '-- nothing'
rm -rf "$work/bad" && mkdir "$work/bad"
expect 2 'no *.lua file in' "$PARE" rules list "$work/bad"
bad 2 'a.lua:2:' list 'rule {'
bad 2 'used more than 10 million instructions' list 'while true do end'
bad 2 "expected Lua source" list "$(printf '\033Lua')"
bad 2 'a_test.lua:2:' test "$good" 'test {'
bad 2 "did you mean 'expect'" test "$good" 'test "t" { rule = "a", expct = "exempt" }'
bad 2 'expected pass, keep' test "$good" 'test "t" { rule = "a", expect = "exmpt" }'
bad 2 'used more than 10 million instructions' test "$good" 'while true do end'
bad 1 "there is no rule 'b'" test "$good" 'test "t" { rule = "b", expect = "pass" }'
bad 1 'expected pass, got exempt: y' test "$good" 'test "t" { rule = "a", expect = "pass" }'
bad 1 "expected a reason with 'z'" test "$good" 'test "t" { rule = "a", expect = "exempt", reason = "z" }'
bad 1 'expected until 2027-01-01, got none' test "$good" 'test "t" { rule = "a", expect = "exempt", until = "2027-01-01" }'
bad 1 'expected owner me, got none' test "$good" 'test "t" { rule = "a", expect = "exempt", owner = "me" }'
bad 1 "unknown member 'pricipal'" test "$good" 'test "t" { rule = "a", expect = "exempt", subject = { pricipal = {} } }'
bad 1 "unknown member 'tag'" test "$good" 'test "t" { rule = "a", expect = "exempt", subject = { principal = { tag = {} } } }'
bad 1 'now: expected a time' test "$good" 'test "t" { rule = "a", expect = "exempt", subject = { now = "today" } }'
bad 1 'within themselves' test "$good" 'local s = {} s.principal = { trust = s } s.principal.trust = s.principal
test "t" { rule = "a", expect = "exempt", subject = s }'
bad 1 '10 million instructions' test 'rule { name = "a", about = "x", judge = function() while true do end end }' "$subject"
# One that overruns costs itself: the tests behind it run, in a fresh process.
bad 1 '2 rule tests passed, 1 failed' test 'rule { name = "a", about = "x", judge = function(c)
  if c.principal.name == "loop" then while true do end end
  return exempt("y")
end }' 'test "1" { rule = "a", expect = "exempt" }
test "2" { rule = "a", expect = "exempt", subject = { principal = { name = "loop" } } }
test "3" { rule = "a", expect = "exempt" }'
# Tests may share their subjects.
bad 0 '2 rule tests passed' test "$good" 'local s = { principal = { tags = { a = "b" } } }
test "1" { rule = "a", expect = "exempt", subject = s }
test "2" { rule = "a", expect = "exempt", subject = s }'
bad 0 "rule 'b' of" test "$good
rule { name = 'b', about = 'x', judge = function() end }" "$subject"
# Terminal escapes in names and reasons do not reach the terminal.
bad 1 'got exempt: ?[31m' test 'rule { name = "a", about = "x", judge = function() return exempt("\27[31m") end }' \
	'test "\27[2J" { rule = "a", expect = "pass" }'
! grep -q "$(printf '\033')" "$work/out" || fail 'an escape reached the terminal'

# --- what rules do to a plan, from saved findings ---
judged() { # what explain says, the rule's judge
	mkdir -p "$work/judging"
	printf 'rule { name = "a", about = "x", judge = function(c) %s end }\n' "$2" >"$work/judging/a.lua"
	printf 'return { rules = { "judging" } }\n' >"$work/pare.lua"
	expect 0 '1 finding' "$PARE" --config "$work/pare.lua" --now 2026-06-15T00:00:00Z plan \
		--findings "$root/tests/data/rules/finding.json" "$root/tests/data/rules/recommendation.json" \
		--account-state "$root/tests/data/rules/account-state.json"
	expect 0 "$1" "$PARE" --config "$work/pare.lua" explain Shop
}
judged 'Shop  planned' ''
judged 'held: rule a: look: shop' 'return hold("look: " .. c.principal.tags.team)'
judged 'held: rule a: the rule failed: a.lua:1: used more than 10 million' 'while true do end'
judged 'held: rule a: the rule failed: it ran longer than 2 s' '("x"):rep(1000000):find(".-.-.-.-y")'
judged 'rule a: why (until 2026-06-15)' 'return exempt("why", { until = "2026-06-15" })'
judged 'Shop  planned' 'return exempt("why", { until = "2026-06-14" })'
judged 'pass: why (until 2026-06-14)' 'return exempt("why", { until = "2026-06-14" })'
judged "its end 'soon' is no date" 'return exempt("why", { until = "soon" })'
judged 'the rules keep everything' 'return keep("s3:Delete*", "needed")'

# --- bad configurations name the file and the key ---
config() { # text, expected
	printf '%s\n' "$1" >"$work/pare.lua"
	expect 2 "$2" "$PARE" --config "$work/pare.lua" rules list
	grep -qF "$work/pare.lua" "$work/out" || fail 'the error does not name the file'
}
config 'return { rulse = {} }' "unknown key 'rulse': did you mean 'rules'?"
config 'return { limits = { percent = 200 } }' "key 'limits.percent': expected a whole number from 0 to 100"
config 'while true do end' 'used more than 10 million instructions'
printf 'return { rules = { "own" } }\n' >"$work/pare.lua"
mkdir "$work/own" && echo "$good" >"$work/own/a.lua"
(cd / && "$PARE" --config "$work/pare.lua" rules list) | grep -q '^a ' || fail 'rules relative to the file'
! (cd / && "$PARE" --config "$work/pare.lua" rules list) | grep -q backup || fail 'own rules instead of the shipped'
# The look-up order; never the current directory.
echo 'return { rulse = {} }' >"$work/plain/pare.lua"
(cd "$work/plain" && "$PARE" rules list >/dev/null) || fail 'the current directory was read'
mkdir -p "$work/.config/pare" && cp "$work/pare.lua" "$work/.config/pare/pare.lua"
expect 2 '/.config/pare/own' "$PARE" rules list
PARE_CONFIG="$work/pare.lua" expect 0 'a ' "$PARE" rules list
PARE_CONFIG=/nowhere expect 2 "'/nowhere'" "$PARE" rules list
PARE_CONFIG=/nowhere expect 0 'a ' "$PARE" --config "$work/pare.lua" rules list
echo 'rules: all well'
