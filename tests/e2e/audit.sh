# The auditor's view: one row per change, with everything a sample is asked for, in three forms; and
# the chain of digests, which a changed receipt breaks.
. tests/e2e/lib/common.sh
make_review
start_box --seed examples/blog/seed.json
expect 0 '0 changes' "$PARE" audit
"$PARE" plan >/dev/null
"$PARE" propose -q "$blog_role" >/dev/null
merge_proposal
"$PARE" apply >/dev/null 2>&1 || fail apply

expect 0 '1 change' "$PARE" audit
for text in "$blog_role" 'requested by pare-bot@example.com' 'merged: main' 'user/pare'; do
	grep -qF "$text" "$work/out" || { cat "$work/out"; fail "audit lacks '$text'"; }
done
"$PARE" audit --csv >"$work/audit.csv"
[ "$(wc -l <"$work/audit.csv")" = 2 ] || { cat "$work/audit.csv"; fail 'audit --csv: expected a head and one row'; }
head -n 1 "$work/audit.csv" | grep -q '^finished_at,result,account,principal,plan,digest,requester,approved_by,merge_commit,' ||
	fail 'audit --csv: the head'
merge=$(git -C "$work/review.git" rev-parse main)
plan=$(git -C "$work/review.git" ls-tree -r --name-only main | grep '/plan.json$')
digest=$(git -C "$work/review.git" show "main:$plan" | sha256sum | cut -d ' ' -f 1)
for text in "$merge" "$digest" '10 of 10 pass' '1 CreatePolicy done ' '6 DeleteRolePolicy done '; do
	grep -qF "$text" "$work/audit.csv" || { cat "$work/audit.csv"; fail "audit --csv lacks '$text'"; }
done
"$PARE" audit --json >"$work/audit.json"
grep -q '"requestId": "[0-9a-f-]*"' "$work/audit.json" || { cat "$work/audit.json"; fail 'audit --json: no request ids'; }
expect 0 '0 changes' "$PARE" audit --to 2020-01-01
expect 0 '0 changes' "$PARE" audit --from 2099-01-01T00:00:00Z
expect 0 '1 change' "$PARE" audit --from 2020-01-01 --to 2099-01-01
expect 2 "option '--from'" "$PARE" audit --from yesterday
expect 2 'exclude each other' "$PARE" audit --csv --json

# What becomes of the file later changes nothing; a rewritten branch is told.
(cd "$work/reviewer" && git fetch -q && git merge -q --ff-only origin/main && git rm -q "$plan" &&
	git commit -qm 'tidy' && git push -q origin main) || fail 'tidying'
expect 0 'requested by pare-bot@example.com' "$PARE" audit
expect 0 '0 broken' "$PARE" verify
(cd "$work/reviewer" && git reset -q --hard "$(git rev-list --max-parents=0 HEAD)" && git push -q -f origin main) ||
	fail 'rewriting'
expect 0 'does not follow the commit' "$PARE" audit
expect 3 'BROKEN' "$PARE" verify
