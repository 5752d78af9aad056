# Approval end to end: two people sign, one with pare and one with sha256sum, ssh-keygen and git; the
# executor counts them by its own configuration, at the moment it runs; the receipt says who it was.
. tests/e2e/lib/common.sh
for tool in ssh-keygen sha256sum git; do
	command -v $tool >/dev/null 2>&1 || skip "skipped: no $tool on this machine"
done

approval_config() { # the value of approval
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
  approval   = $1,
}
END
}
two_of_three='{ merged = true, signatures = 2, signers = "allowed_signers", revoked = "revoked_keys" }'

start_box --seed $seed_file
make_review
for who in alice bob carol pare-bot; do
	ssh-keygen -q -t ed25519 -N '' -C "$who@example.com" -f "$work/$who"
	echo "$who@example.com namespaces=\"plan-approval@pare\" $(cat "$work/$who.pub")" >>"$work/allowed_signers"
done
: >"$work/revoked_keys"
approval_config "$two_of_three"
expect 0 '1 planned' "$PARE" plan
expect 0 'proposed' "$PARE" propose
grep -qF 'To approve, look at the plans' "$work/out" || fail 'the proposal does not say how to approve'
branch=$(git -C "$work/review.git" for-each-ref --format='%(refname:short)' 'refs/heads/pare/1*/*')
plan=$(basename "$(ls -d "$PARE_STATE"/accounts/111122223333/plans/*)")
digest=$(sha256sum "$PARE_STATE/accounts/111122223333/plans/$plan/plan.json" | cut -c1-64)

# --- what is missing, and from whom -----------------------------------------------------------------
expect 0 'waiting for merge and approval: 0 of 2 signatures: none yet; missing 2 of: alice@example.com, bob@example.com, carol@example.com' \
	"$PARE" status
grep -q 'pare-bot@example.com' "$work/out" && fail 'the author is asked to approve'
expect 0 '0 of 2 signatures' "$PARE" explain "$plan"
expect 0 '0 of 2 signatures' "$PARE" --json explain "$plan"

# --- pare approve ------------------------------------------------------------------------------------
expect 2 "'--key FILE'" "$PARE" approve "$branch"
expect 2 "'--key FILE'" "$PARE" approve --key "$work/alice"
expect 2 "give '--yes'" "$PARE" approve "$branch" --key "$work/alice"
grep -q "$digest" "$work/out" || fail 'the digest is not shown before the question'
grep -q 'Sign and push' "$work/out" && fail 'it asks where nobody can answer'
expect 2 'takes no' "$PARE" --now 2026-11-25 approve "$branch" --key "$work/alice" --yes
expect 2 "reading key '$work/nobody'" "$PARE" approve "$branch" --key "$work/nobody" --yes
expect 1 'no proposal' "$PARE" approve 0123456789ab --key "$work/alice" --yes
expect 1 "no open plan for the role 'Nobody'" "$PARE" approve "$branch" --key "$work/alice" --only Nobody --yes
expect 2 'takes away whole lists' "$PARE" approve "$branch" --key "$work/alice" --withdraw --only $blog_role --yes
git -C "$work/review.git" ls-tree -r --name-only "$branch" | grep -q '^approvals/' && fail 'something was signed'
expect 0 'approved  1 plan as alice@example.com' "$PARE" approve "$branch" --key "$work/alice" --yes
grep -q "$digest" "$work/out" || fail 'the digest is not shown'
grep -q 'no-new-access' "$work/out" || fail 'the gates are not shown'
expect 0 '1 of 2 signatures: alice@example.com; missing 1 of: bob@example.com, carol@example.com' "$PARE" status

# --- on a terminal it asks, and no is no ----------------------------------------------------------------
if command -v script >/dev/null 2>&1; then
	before=$(git -C "$work/review.git" rev-parse "$branch")
	echo n | script -qec "$PARE approve $branch --key $work/carol" /dev/null >"$work/out" 2>&1 && fail 'no was taken for yes'
	grep -q 'nothing was signed' "$work/out" || { cat "$work/out"; fail 'a no is not said'; }
	[ "$(git -C "$work/review.git" rev-parse "$branch")" = "$before" ] || fail 'it signed after a no'
	echo y | script -qec "$PARE approve $branch --key $work/carol" /dev/null >"$work/out" 2>&1 ||
		{ cat "$work/out"; fail 'yes was not taken'; }
	expect 0 'withdrawn' "$PARE" approve "$branch" --key "$work/carol" --withdraw --yes
fi
expect 1 'no approval by key' "$PARE" approve "$branch" --key "$work/carol" --withdraw --yes

# --- merged with one signature: not enough -----------------------------------------------------------
merge_proposal
expect 3 '1 of 2 signatures: alice@example.com; missing 1 of: bob@example.com, carol@example.com' "$PARE" apply "$plan"
expect 0 'not applied: plan' "$PARE" apply
expect 0 'merged; 1 of 2 signatures' "$PARE" status

# --- the author, and a second key of alice, do not help ------------------------------------------------
expect 0 'is the plan'"'"'s author' "$PARE" approve "$branch" --key "$work/pare-bot" --yes
ssh-keygen -q -t rsa -b 3072 -N '' -C laptop -f "$work/alice2"
echo "alice@example.com $(cat "$work/alice2.pub")" >>"$work/allowed_signers"
cd "$work/reviewer" && git pull -q origin main && mkdir -p approvals/more &&
	sha256sum "accounts/111122223333/plans/$plan/plan.json" >approvals/more/two.sums &&
	ssh-keygen -q -Y sign -n plan-approval@pare -f "$work/alice2" approvals/more/two.sums && git add . &&
	git commit -q -m 'alice again' && git push -q origin main && cd "$OLDPWD"
merge_proposal
expect 3 '1 of 2 signatures: alice@example.com' "$PARE" apply "$plan"

# --- sha256sum, ssh-keygen, git ---------------------------------------------------------------------
cd "$work/reviewer" && sha256sum "accounts/111122223333/plans/$plan/plan.json" >approvals/bob.sums &&
	ssh-keygen -q -Y sign -n plan-approval@pare -f "$work/bob" approvals/bob.sums && git add . &&
	git commit -q -m 'bob approves' && git push -q origin main && cd "$OLDPWD"
expect 0 'approved' "$PARE" status
# what bob made is what pare makes, and the other way round
cmp "$work/reviewer/approvals/bob.sums" "$work/reviewer/approvals/111122223333/${branch##*/}-alice@example.com.sums"
ssh-keygen -Y verify -n plan-approval@pare -I alice@example.com -f "$work/allowed_signers" -r "$work/revoked_keys" \
	-s "$work/reviewer/approvals/111122223333/${branch##*/}-alice@example.com.sums.sig" \
	<"$work/reviewer/approvals/bob.sums" >"$work/out" 2>&1 || { cat "$work/out"; fail 'ssh-keygen does not agree'; }

# --- the executor's own lists decide, when it runs ------------------------------------------------------
cat "$work/bob.pub" >"$work/revoked_keys"
expect 3 'is revoked' "$PARE" apply "$plan"
rm "$work/revoked_keys"
expect 3 'the revoked keys' "$PARE" apply "$plan"
: >"$work/revoked_keys"
approval_config 'function(plan, glob)
  if glob("*Blog*", plan.principal.name) then return { signatures = 3, signers = "allowed_signers" } end
  return { merged = true }
end'
expect 3 '2 of 3 signatures: ' "$PARE" apply "$plan"
approval_config 'function(plan) return plan.nothing.here end'
expect 3 'approval function' "$PARE" apply "$plan"
approval_config '{ merged = true, reviews = 1 }'
expect 3 'no forge is configured' "$PARE" apply "$plan"

# --- applied; the receipt says how it was approved -------------------------------------------------------
approval_config "$two_of_three"
expect 0 'applied' "$PARE" apply "$plan"
git -C "$work/review.git" show "pare/log:receipts/111122223333/$plan.json" >"$work/receipt"
for who in alice bob; do
	print=$(ssh-keygen -lf "$work/$who.pub" | cut -d' ' -f2)
	grep -A1 "\"who\": \"$who@example.com\"" "$work/receipt" | grep -qF "$print" ||
		{ cat "$work/receipt"; fail "the receipt lacks $who's key"; }
done
expect 0 'carried out before' "$PARE" apply "$plan"
expect 0 'approval: 2 signatures, as the receipt says' "$PARE" verify
