#!/bin/sh
# The whole way over a forge with a memory, for each kind: opened, found again, updated with people's
# text kept, superseded, merged, applied with a comment; and what forges answer when they are unwell.
# shellcheck source=tests/e2e/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
command -v python3 >/dev/null || skip 'python3 is not here'
command -v git >/dev/null || skip 'git is not here'
unset GITHUB_TOKEN GITLAB_TOKEN GITEA_TOKEN GITHUB_API_URL PARE_FORGE_TOKEN CI_API_V4_URL GITEA_SERVER_URL || true
here=$(dirname "$0")
secret=sekret-forge-token-4711
server=

stop_forge() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
	server=
}
trap 'stop_forge; cleanup' EXIT

start_forge() {
	rm -f "$work/forge-port" "$work/forge.log"
	REVIEW="$work/review.git" python3 "$here/lib/fake_forge.py" "$1" "$secret" "$work/forge.log" "$work/forge-port" \
		>"$work/forge.out" 2>&1 &
	server=$!
	tries=0
	while [ ! -s "$work/forge-port" ]; do
		kill -0 "$server" 2>/dev/null || { cat "$work/forge.out"; fail 'the fake forge ended'; }
		tries=$((tries + 1))
		[ $tries -lt 200 ] || fail 'the fake forge did not start'
		sleep 0.1
	done
	at="http://127.0.0.1:$(cat "$work/forge-port")"
}

steer() { # what, JSON
	python3 -c 'import sys,urllib.request as u
print(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), {"content-type": "application/json"})).read().decode())' \
		"$at/_test/$1" "${2:-{\}}"
}

# state 'python expression over s': what the forge holds
state() {
	steer state | python3 -c 'import sys,json; s=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# calls: what was asked since the last time, a line each
calls() {
	[ ! -f "$work/forge.log" ] || python3 - "$work/forge.log" <<'END'
import json, sys
for line in open(sys.argv[1]):
    if line.startswith("WRONG"): print(line.strip()); continue
    x = json.loads(line)
    print(x["method"], x["path"])
END
	cat "$work/forge.log" >>"$work/all-$kind.log" 2>/dev/null || true
	: >"$work/forge.log"
}

no_secret() {
	grep -q "$secret" "$work/out" && { cat "$work/out"; fail 'the token is in the output'; }
	grep -rq "$secret" "$work/state" "$work/review.git" && fail 'the token is on the disk'
	grep -q '^WRONG' "$work/forge.log" && { cat "$work/forge.log"; fail 'a request was wrong'; }
	true
}

config() { # kind
	# By path for one, by HTTP for the others.
	url="$at/git/review.git" pull_ref=refs/pull/2/head
	case $1 in
	github) api=/api/v3 ;;
	gitlab) api=/api/v4 pull_ref=refs/merge-requests/2/head ;;
	gitea) api=/api/v1 url="$work/review.git" ;;
	esac
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$url", branch = "main", forge = "$1", api = "$at$api", project = "acme/iam-review",
                 reviewers = { "alice" } },
  approval   = { merged = true, reviews = 1 },
  author     = "pare-bot@example.com",
}
END
}

review() { # name, commit, the forge's number of the person; each later than the last
	minute=$((minute + 1))
	when=$(date -u -d "+$minute minutes" +%Y-%m-%dT%H:%M:%SZ)
	case $kind in
	github) more='"type": "User"}, "author_association": "MEMBER"' ;;
	gitea) more='"x": 1}, "official": true, "stale": false, "dismissed": false' ;;
	gitlab) more='"state": "active"}' ;;
	esac
	steer review "{\"n\": 2, \"user\": {\"id\": $3, \"login\": \"$1\", \"username\": \"$1\", $more, \"state\": \"APPROVED\",
		\"commit_id\": \"$2\", \"submitted_at\": \"$when\", \"approved_at\": \"$when\"}" >/dev/null
}
minute=0

scenario() {
	kind=$1
	rm -rf "$work/state" "$work/review.git" "$work/reviewer"
	make_review
	git -C "$work/review.git" config http.receivepack true
	start_box --seed "$seed_file"
	start_forge "$kind"
	config "$kind"
	expect 0 '' "$PARE" plan
	expect 1 'PARE_FORGE_TOKEN' "$PARE" propose
	[ -z "$(git -C "$work/review.git" for-each-ref 'refs/heads/pare')" ] || fail 'pushed without a token'
	export PARE_FORGE_TOKEN=wrong-token-1
	expect 1 '401' "$PARE" propose
	: >"$work/forge.log"
	export PARE_FORGE_TOKEN=$secret

	expect 0 'pull request opened' "$PARE" propose
	no_secret
	[ "$(state 'len(s["pulls"])')" = 1 ] || fail 'not one pull request'
	[ "$(state 's["pulls"][0]["labels"]')" = "['pare']" ] || fail 'its label'
	[ "$(state 'len(s["pulls"][0]["asked"])')" = 1 ] || fail 'its reviewer'
	[ "$(state 's["statuses"][0]["sha"] == s["pulls"][0]["sha"]')" = True ] || fail 'its status'
	calls >"$work/first"
	posts=$(grep -c '^P' "$work/first")
	expect 0 'pull request unchanged' "$PARE" propose
	calls >"$work/second"
	grep -q '^P' "$work/second" && { cat "$work/second"; fail 'a second run wrote'; }

	# Somebody writes around our part, and into it.
	steer body "$(state 'json.dumps({"n": 1, "body": "Ticket CHG-1\r\n\r\n" + s["pulls"][0]["body"].replace("How to approve", "How to cheat") + "\r\n\r\n/cc the team"})')" >/dev/null
	expect 0 'pull request updated' "$PARE" propose
	[ "$(state 's["pulls"][0]["body"].startswith("Ticket CHG-1") and s["pulls"][0]["body"].endswith("/cc the team")')" = True ] ||
		fail 'what people wrote is gone'
	[ "$(state '"cheat" in s["pulls"][0]["body"]')" = False ] || fail 'our part was left as it was found'
	expect 0 'pull request unchanged' "$PARE" propose

	# The same role anew: a new branch, and the old pull request closed with a link.
	expect 0 '' "$PARE" --now "$(date -u -d '+2 minutes' +%Y-%m-%dT%H:%M:%SZ)" plan
	expect 0 'pull request opened' "$PARE" propose
	[ "$(state '[p["state"] for p in s["pulls"]]')" = "['closed', 'open']" ] || fail 'the old one was not closed'
	[ "$(state 's["comments"]["1"][0].startswith("Superseded by http") and s["comments"]["1"][0].rstrip(".").endswith("/2")')" = True ] ||
		fail 'the old one has no link'
	expect 0 'pull request unchanged' "$PARE" propose
	[ "$(state 'len(s["comments"]["1"])')" = 1 ] || fail 'it was said twice'

	# Merged and applied: a comment with the result, once.
	branch=$(state 's["pulls"][1]["branch"]')
	(cd "$work/reviewer" && git fetch -q && git merge -q --no-ff -m merge "origin/$branch" && git push -q origin main) ||
		fail 'merging'
	steer merge >/dev/null
	# Its branch is removed, as forges do, and the mirror is a new machine's: the pull request's own ref is left.
	git -C "$work/review.git" update-ref "$pull_ref" "refs/heads/$branch"
	git -C "$work/review.git" update-ref -d "refs/heads/$branch"
	rm -rf "$work/state/mirrors"
	expect 0 'no pull request: the plans are merged already' "$PARE" propose
	# Not without a review; not by who opened it, nor of other bytes; then by Alice, on the head.
	expect 0 '0 of 1 reviews' "$PARE" apply
	head=$(state 's["pulls"][1]["sha"]') before=$(git -C "$work/review.git" rev-parse "main~1")
	review pare-bot "$head" 1
	review alice "$before" 2
	[ $kind = gitlab ] || expect 0 '0 of 1 reviews' "$PARE" apply
	review alice "$head" 2
	expect 0 'applied' "$PARE" apply
	no_secret
	[ "$(state 'len(s["comments"]["2"])')" = 1 ] || { cat "$work/out"; fail 'no comment after apply'; }
	[ "$(state '"**applied**" in s["comments"]["2"][0]')" = True ] || fail 'what the comment says'
	[ "$(state 's["statuses"][-1].get("context", s["statuses"][-1].get("name"))')" = pare/apply ] || fail 'no status after apply'
	expect 0 'nothing to apply' "$PARE" apply
	[ "$(state 'len(s["comments"]["2"])')" = 1 ] || fail 'a second comment'
	calls >/dev/null
	grep -q '^WRONG' "$work/all-$kind.log" && fail 'a request was wrong'
	[ "$posts" -ge 4 ] || fail 'too few calls'
	stop_forge
	stop_box
	unset PARE_FORGE_TOKEN
	echo "$kind: ok"
}

for kind in github gitlab gitea; do
	scenario $kind
done

# --- unwell -----------------------------------------------------------------------------------
kind=github
rm -rf "$work/state" "$work/review.git" "$work/reviewer"
make_review
git -C "$work/review.git" config http.receivepack true
start_box --seed "$seed_file"
start_forge github
config github
export PARE_FORGE_TOKEN=$secret
expect 0 '' "$PARE" plan
pulls='"match": "/pulls"'
unwell() { # fault, exit code, words
	steer fault "$1" >/dev/null
	expect "$2" "$3" "$PARE" propose
	no_secret
	[ "$(state 'len(s["pulls"])')" = 0 ] || fail "a pull request after '$3'"
	steer state | grep -q '"faults": \[\]' || fail "the fault for '$3' was not met"
}
unwell "{$pulls, \"status\": 403, \"body\": \"{\\\"message\\\": \\\"no: $secret\\\"}\"}" 1 'may not do this (403)'
unwell "{$pulls, \"status\": 404, \"body\": \"{}\"}" 1 '404'
unwell "{$pulls, \"status\": 429, \"headers\": {\"retry-after\": \"3600\"}}" 1 'asks to wait 3600 s'
unwell "{$pulls, \"status\": 403, \"headers\": {\"x-ratelimit-remaining\": \"0\", \"x-ratelimit-reset\": \"99999999999\"}}" 1 'limit of requests'
unwell "{$pulls, \"status\": 200, \"type\": \"text/html\", \"body\": \"<html>log in</html>\"}" 1 'not JSON'
unwell "{$pulls, \"status\": 200, \"body\": \"[{\"}" 1 "the forge's answer"
unwell "{$pulls, \"status\": 302, \"headers\": {\"location\": \"$at/elsewhere\"}}" 1 'redirects are not followed'
unwell "{$pulls, \"method\": \"POST\", \"status\": 422, \"body\": \"{\\\"message\\\": \\\"Validation Failed\\\"}\"}" 1 'Validation Failed'
grep -q elsewhere "$work/forge.log" && fail 'a redirect was followed'
# Things that pass: a wait that is asked for, an answer that is cut, a server that fails once.
steer fault "{$pulls, \"status\": 429, \"headers\": {\"retry-after\": \"1\"}}" >/dev/null
steer fault "{$pulls, \"status\": 200, \"cut\": true, \"body\": \"[\"}" >/dev/null
steer fault "{$pulls, \"status\": 502, \"type\": \"text/html\", \"body\": \"<html>\"}" >/dev/null
# Opened, and the answer lost: found, not opened twice.
steer fault "{$pulls, \"method\": \"POST\", \"status\": 201, \"cut\": true, \"body\": \"{\", \"then\": true}" >/dev/null
expect 0 'pull request opened' "$PARE" propose
[ "$(state 'len(s["pulls"])')" = 1 ] || fail 'not one pull request after a lost answer'
[ "$(state 'len(s["faults"])')" = 0 ] || fail 'a fault was not met'

# The token from a helper, without a shell.
unset PARE_FORGE_TOKEN
cat >"$work/helper" <<END
#!/bin/sh
[ "\$#" = 2 ] && [ "\$1" = 'a b; touch $work/shell' ] && [ "\$2" = get ] || exit 1
cat >"$work/asked"
echo username=bot
echo password=$secret
END
chmod +x "$work/helper"
sed "s|reviewers = |credential_helper = { \"$work/helper\", \"a b; touch $work/shell\" }, reviewers = |" "$work/pare.lua" >"$work/with.lua"
expect 0 'pull request unchanged' "$PARE" --config "$work/with.lua" propose
no_secret
[ ! -e "$work/shell" ] || fail 'a shell was used'
grep -q '^protocol=http$' "$work/asked" && grep -q '^host=127.0.0.1:' "$work/asked" || { cat "$work/asked"; fail 'what the helper was asked'; }
sed 's|exit 1|exit 2|; s|echo password.*|exit 3|' -i "$work/helper"
expect 1 'credential helper' "$PARE" --config "$work/with.lua" propose

# A token for GitHub itself goes to GitHub only.
GITHUB_TOKEN=$secret expect 1 'no token for github' "$PARE" propose
GITHUB_TOKEN=$secret GITHUB_API_URL="$at/api/v3" expect 0 'unchanged' "$PARE" propose
expect 2 'gitlab or gitea' "$PARE" propose --forge gitlub

# --- owners -----------------------------------------------------------------------------------
cat >"$work/owners.lua" <<'END'
return { owners = { ["*"] = "@acme/security", ["111122223333"] = "@acme/cloud-sec", ["111122223333/app/"] = "@acme/payments @acme/cloud-sec",
  ["111122223333/app/We.b+x"] = "someone@example.com" } }
END
expect 0 '/accounts/111122223333/roles/app/ @acme/payments @acme/cloud-sec' "$PARE" --config "$work/owners.lua" codeowners
grep -qx '/accounts/111122223333/ @acme/cloud-sec' "$work/out" || fail 'the account'
tail -n 1 "$work/out" | grep -qx '/CODEOWNERS @acme/security' || fail 'CODEOWNERS itself'
expect 0 'accounts/111122223333/roles/app/We[.]b[+]x/.* someone@example.com' "$PARE" --config "$work/owners.lua" codeowners --forge gitea
for bad in '["11112222333"] = "@a"' '["111122223333"] = "acme"' '["111122223333"] = "@a\n* @b"' '["111122223333"] = "@a #"' \
	'["111122223333"] = 7' '["111122223333"] = ""' '["111122223333/a b/"] = "@a"' '[1] = "@a"'; do
	echo "return { owners = { $bad } }" >"$work/owners.lua"
	expect 2 'owners' "$PARE" --config "$work/owners.lua" codeowners
done
echo 'return {}' >"$work/owners.lua"
expect 2 'nobody owns anything' "$PARE" --config "$work/owners.lua" codeowners

# --- GitHub's own description of its interface, from the npm registry where that can be reached ---
describe() {
	command -v npm >/dev/null && mkdir -p "$work/npm" && (cd "$work/npm" &&
		timeout 90 npm pack --silent @octokit/openapi >/dev/null 2>&1 &&
		tar -xzf octokit-openapi-*.tgz package/generated/api.github.com.json) 2>/dev/null
}
if describe; then
	python3 "$here/lib/github_description.py" "$work/npm/package/generated/api.github.com.json" "$work/all-github.log" \
		>"$work/out" || { cat "$work/out"; fail "GitHub's description says otherwise"; }
	cat "$work/out"
else
	echo "skipped: GitHub's description (no npm, or no registry)"
fi
echo 'forge: ok'
