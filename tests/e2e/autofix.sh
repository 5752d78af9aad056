# Auto-fix end to end: a standing approval, signed by two people, lets one kind of change run
# unattended; everything else becomes a proposal; each refusal by name; stop, window and ticket.
. tests/e2e/lib/common.sh
for tool in ssh-keygen git sha256sum; do
	command -v $tool >/dev/null 2>&1 || skip "skipped: no $tool on this machine"
done

config() { # further members
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
  limits     = { percent = 100 },
  $1
}
END
}
honour='autofix = { standing = { "small" }, signers = "signers", revoked = "revoked" },'

standing() { # roles steps per-day expires signers
	cat >"$work/small.json" <<END
{
  "schema": "pare.standing/v1",
  "name": "small",
  "repository": "$work/review.git",
  "branch": "main",
  "scope": {
    "accounts": [
      "111122223333"
    ],
    "roles": [
      "$1"
    ],
    "tags": [],
    "steps": [
$2
    ],
    "rulesSha256": "$rules",
    "gates": [
      "no-new-access",
      "only-unused-lost"
    ]
  },
  "caps": {
    "perRun": 5,
    "perDay": $3,
    "percent": 100
  },
  "expiresAt": "$4",
  "signers": $5
}
END
}
every_step='      "delete-unused-inline",
      "detach-unused-aws-managed",
      "detach-unused-customer-managed",
      "replace-aws-managed",
      "replace-customer-managed",
      "replace-inline"'

publish() { # signers…
	rm -rf "$work/reviewer/standing"
	mkdir -p "$work/reviewer/standing"
	cp "$work/small.json" "$work/reviewer/standing/small.json"
	for who in "$@"; do
		ssh-keygen -q -Y sign -n "${namespace:-standing-approval@pare}" -f "$work/$who" \
			"$work/reviewer/standing/small.json" 2>/dev/null
		mv "$work/reviewer/standing/small.json.sig" "$work/reviewer/standing/small.json.$who.sig"
	done
	(cd "$work/reviewer" && git add -A standing && git commit -q -m standing && git push -q origin main)
}
proposals() {
	git -C "$work/review.git" for-each-ref 'refs/heads/pare/1*/*' | wc -l
}
drop_proposals() {
	for ref in $(git -C "$work/review.git" for-each-ref --format='%(refname)' 'refs/heads/pare/1*/*'); do
		git -C "$work/review.git" update-ref -d "$ref"
	done
}
refused() { # text: nothing covers the plan, and it is proposed instead
	expect 0 "$1" "$PARE" autofix --dry-run
	grep -q covered "$work/out" && { cat "$work/out"; fail "covered in spite of: $1"; }
	return 0
}

start_box --seed $seed_file
make_review
for who in alice bob carol pare-bot; do
	ssh-keygen -q -t ed25519 -N '' -C "$who@example.com" -f "$work/$who"
	echo "$who@example.com namespaces=\"standing-approval@pare\" $(cat "$work/$who.pub")" >>"$work/signers"
done
: >"$work/revoked"
config ""
expect 0 '1 planned' "$PARE" plan
plan_file=$(ls "$PARE_STATE"/accounts/111122223333/plans/*/plan.json)
rules=$(sed -n 's/.*"rulesSha256": "\([0-9a-f]*\)".*/\1/p' "$plan_file" | head -n 1)

# --- what is refused ---------------------------------------------------------------------------------
expect 2 'honours no standing approval' "$PARE" autofix
expect 2 "takes no '--now'" "$PARE" --now 2026-11-25 autofix
config 'autofix = { standing = { "small" } },'
expect 2 "key 'autofix.signers'" "$PARE" autofix
config 'autofix = { standing = { "../small" }, signers = "signers" },'
expect 2 "key 'autofix.standing'" "$PARE" autofix
config "$honour"
refused "small.json"                                                 # there is none
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2
publish
refused '0 of 2 signatures'
publish alice
refused '1 of 2 signatures'
namespace=plan-approval@pare publish alice bob
refused '0 of 2 signatures'
publish alice pare-bot
refused 'pare-bot@example.com is who writes the plans'
publish alice bob
sed -i 's/"perDay": 20/"perDay": 21/' "$work/reviewer/standing/small.json"
(cd "$work/reviewer" && git commit -qam tampered && git push -q origin main)
refused '0 of 2 signatures'
publish alice bob
cat "$work/bob.pub" >"$work/revoked"
refused '1 of 2 signatures'
rm "$work/revoked"
refused 'the revoked keys'
: >"$work/revoked"
standing '/*' "$every_step" 20 2020-01-01T00:00:00Z 2 && publish alice bob
refused 'it expired at 2020-01-01T00:00:00Z'
standing '/other/*' "$every_step" 20 2099-01-01T00:00:00Z 2 && publish alice bob
refused 'is not in its scope'
standing '/*' '      "detach-unused-aws-managed"' 20 2099-01-01T00:00:00Z 2 && publish alice bob
refused 'is not in its scope'
true_rules=$rules rules=$(printf x | sha256sum | cut -c1-64)
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2 && publish alice bob
refused 'it was made for the rules'
rules=$true_rules
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2
sed -i 's/"perRun": 5/"perRun": 5, "surprise": 1/' "$work/small.json" && publish alice bob
refused "surprise"
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2
sed -i 's#"branch": "main"#"branch": "other"#' "$work/small.json" && publish alice bob
refused "branch 'other'"
[ "$(proposals)" = 0 ] || fail 'a dry run proposed something'

# --- what is not covered is proposed ------------------------------------------------------------------
expect 0 'Remove unused permissions' "$PARE" autofix
[ "$(proposals)" = 1 ] || fail 'not proposed'
drop_proposals
git -C "$work/review.git" rev-parse -q --verify refs/heads/pare/log >/dev/null && fail 'something was recorded'

# --- stop, window and ticket --------------------------------------------------------------------------
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2 && publish alice bob
git -C "$work/review.git" update-ref refs/pare/stop "$(git -C "$work/review.git" rev-parse main)"
expect 3 "a stop is ordered by ref 'refs/pare/stop'" "$PARE" autofix
expect 0 "a stop is ordered by ref 'refs/pare/stop'" "$PARE" status
git -C "$work/review.git" update-ref -d refs/pare/stop
(cd "$work/reviewer" && echo 'incident 4711' >STOP && git add STOP && git commit -qm stop && git push -q origin main)
expect 3 "file 'STOP' on branch 'main' (remove it to go on): incident 4711" "$PARE" autofix
expect 0 'incident 4711' "$PARE" status
"$PARE" --json status 2>/dev/null | grep -q '"stop": "a stop is ordered' || fail 'no stop in the JSON'
(cd "$work/reviewer" && git rm -q STOP && git commit -qm go && git push -q origin main)
config "$honour window = { freeze = { \"2020-01-01/2098-01-01\" } },"
expect 0 'no plan whose gates all pass' "$PARE" autofix
config "$honour ticket = { pattern = \"CHG%d+\", required = true },"
expect 2 "give '--ticket ID', which matches CHG%d+" "$PARE" autofix
expect 2 "'INC7' does not match" "$PARE" autofix --ticket INC7
expect 2 'letters, digits' "$PARE" autofix --ticket 'CHG1 x'

# --- carried out unattended ---------------------------------------------------------------------------
expect 0 'under standing approval small' "$PARE" autofix --dry-run --ticket CHG0030001
[ "$(proposals)" = 0 ] || fail 'a dry run proposed something'
expect 0 'applied' "$PARE" autofix --ticket CHG0030001
[ "$(proposals)" = 0 ] || fail 'what was covered was proposed, too'
log=refs/heads/pare/log
receipt=$(git -C "$work/review.git" ls-tree -r --name-only $log receipts)
git -C "$work/review.git" show "$log:$receipt" >"$work/receipt"
for text in '"method": "standing"' '"who": "small"' "sha256 $(sha256sum <"$work/small.json" | cut -c1-64)" \
	'signed by alice@example.com, bob@example.com' '"who": "CHG0030001"' '"result": "applied"'; do
	grep -qF -- "$text" "$work/receipt" || { cat "$work/receipt"; fail "the receipt lacks: $text"; }
done
id=$(basename "$receipt" .json)
recorded=$(git -C "$work/review.git" log --format=%H --diff-filter=A $log -- "accounts/111122223333/plans/$id/plan.json")
done_in=$(git -C "$work/review.git" log --format=%H --diff-filter=A $log -- "$receipt")
git -C "$work/review.git" merge-base --is-ancestor "$recorded" "$done_in" || fail 'not recorded before'
[ "$recorded" != "$done_in" ] || fail 'recorded only afterwards'
expect 0 '' "$PARE" verify
expect 0 'applied' "$PARE" status
expect 0 "$id" "$PARE" rollback $blog_role
# --- and back, on the ordinary road; at any hour -------------------------------------------------------
config "window = { freeze = { \"2020-01-01/2098-01-01\" } },"
expect 0 'a rollback may be applied at any time' "$PARE" rollback $blog_role
back=$(ls -td "$PARE_STATE"/accounts/111122223333/plans/* | head -n 1)
expect 0 'proposed' "$PARE" propose "$(basename "$back")"
merge_proposal
expect 0 'applied' "$PARE" apply
expect 0 '' "$PARE" verify

# --- a second run on the same day is over its cap -------------------------------------------------------
config "$honour"
standing '/*' "$every_step" 1 2099-01-01T00:00:00Z 2 && publish alice bob
expect 0 "standing approval 'small' allows 1 a day, and 1 were carried out" "$PARE" autofix
[ "$("$PARE" --json autofix | grep -c '"waits": true')" = 1 ] || fail 'it does not say that it waits'
# --- killed in the middle: the next run ends what this machine began, and nothing is done twice ----------
case $PARE in *asan*) echo 'auto-fix: not killed under the address sanitizer' && exit 0 ;; esac
gcc -shared -fPIC -D_GNU_SOURCE -o "$work/kill_at.so" tests/e2e/kill_at.c -ldl
stop_box
standing '/*' "$every_step" 20 2099-01-01T00:00:00Z 2 && publish alice bob
cp -a "$work/review.git" "$work/review.before"
kill_after() { # record
	stop_box
	rm -rf "$work/state" "$work/aws.json" "$work/review.git"
	cp -a "$work/review.before" "$work/review.git"
	git -C "$work/review.git" update-ref -d $log # the day is over
	for ref in $(git -C "$work/review.git" for-each-ref --format='%(refname)' refs/pare); do
		git -C "$work/review.git" update-ref -d "$ref"
	done
	start_box --seed $seed_file --state "$work/aws.json"
	set +e
	KILL_AT=$1 KILL_WHEN=after LD_PRELOAD="$work/kill_at.so" "$PARE" autofix >"$work/out" 2>&1
	code=$?
	set -e
	[ $code = 137 ] || { cat "$work/out"; fail "killed after record $1: exit $code"; }
}
on_log() { git -C "$work/review.git" ls-tree -r --name-only $log | sed -n "s#^$1.*111122223333/\(plans/\)*\([^/]*\).*#\2#p" | sed 's/\.json$//' | sort -u; }
for n in 1 4 7 10 13; do
	kill_after $n
	expect 0 'begun before' "$PARE" autofix
	grep -q '^applied' "$work/out" || { cat "$work/out"; fail "killed after record $n: not resumed"; }
	expect 0 '' "$PARE" verify
	"$SANDBOX" --state "$work/aws.json" --show "$blog_role" | sed '/^findings/,$d' >"$work/got"
	grep -q 'recommended' "$work/got" || fail "killed after record $n: not as planned"
	grep -q 'AmazonBedrockReadOnly$' "$work/got" && fail "killed after record $n: not detached"
done
# Between the mark and the journal: what this machine recorded is carried out, and nothing beside it.
kill_after 1
rm -r "$PARE_STATE/journals"
marked=$(on_log accounts)
sleep 1
expect 0 'applied' "$PARE" autofix
[ "$(on_log receipts)" = "$marked" ] || fail 'the marked plan is not the one that was carried out'
[ "$(on_log accounts)" = "$marked" ] || fail 'another plan was recorded'
expect 0 '' "$PARE" verify
# On a machine that never planned it, a plan on the log with a mark is anybody's: it plans for itself.
kill_after 1
rm -r "$PARE_STATE"
git -C "$work/review.git" update-ref -d refs/pare/locks/111122223333 # its lock is over
marked=$(on_log accounts)
sleep 1
expect 0 'applied' "$PARE" autofix
[ -n "$(on_log receipts)" ] && [ "$(on_log receipts)" != "$marked" ] || fail 'a plan of the log was believed'
expect 3 'begun, and there is no receipt' "$PARE" verify
echo 'auto-fix: covered, recorded, applied; refused by name; the rest proposed'
