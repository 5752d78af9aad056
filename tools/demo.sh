#!/bin/sh
# The main job on the embedded AWS: the scenario of AWS's blog post on unused access, from findings
# to an approved, applied and receipted change, and back. Real HTTP, signed requests, a real git
# repository; nothing leaves this machine.
set -eu

B=${B:-build}
pare=$PWD/$B/pare
sandbox=$PWD/$B/pare-sandbox
seed=$PWD/examples/blog/seed.json
role=IAMRole_IA2_Blog_EC2Role
work=$(mktemp -d)
box=

finish() {
	[ -z "$box" ] || kill "$box" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT INT TERM

title() { printf '\n==> %s\n' "$*"; }
run() {
	printf '$ %s\n' "$(echo "$*" | sed "s#$work#.#g; s#$pare#pare#g; s#$sandbox#pare-sandbox#g")"
	code=0
	"$@" >"$work/said" 2>&1 || code=$?
	sed "s#$work#.#g" "$work/said"
	[ $code = 0 ] || { echo "demo: '$*' ended with $code"; exit 1; }
}

title 'An AWS account in memory, on loopback'
"$sandbox" --seed "$seed" --state "$work/aws.json" --port-file "$work/port" >"$work/sandbox.log" 2>&1 &
box=$!
tries=0
while [ ! -s "$work/port" ]; do
	kill -0 "$box" 2>/dev/null || { cat "$work/sandbox.log"; exit 1; }
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo 'demo: the sandbox did not start'; exit 1; }
	sleep 0.1
done
export AWS_ENDPOINT_URL="http://127.0.0.1:$(cat "$work/port")"
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
export AWS_REGION=us-east-1 PARE_STATE="$work/state"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null PARE_CONFIG="$work/pare.lua"
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_IAM AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_ACCESSANALYZER 2>/dev/null || true
cat >"$work/pare.lua" <<END
return {
  analyzer   = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access",
  repository = { url = "$work/iam-review.git", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
}
END
"$sandbox" --state "$work/aws.json" --show "$role" >"$work/before.txt"
cat "$work/before.txt"

title 'A review repository'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=Reviewer GIT_AUTHOR_EMAIL=reviewer@example.com
export GIT_COMMITTER_NAME=Reviewer GIT_COMMITTER_EMAIL=reviewer@example.com
git init -q --bare -b main "$work/iam-review.git"
git clone -q "$work/iam-review.git" "$work/reviewer" 2>/dev/null
(cd "$work/reviewer" && git checkout -q -b main && echo '# IAM review' >README.md && git add README.md &&
	git commit -q -m 'start' && git push -q origin main)

title 'Plan: read findings and recommendations, apply the rules, prove; nothing is changed'
run "$pare" plan

title 'Preview one role'
run "$pare" show "$role"

title 'Propose: a branch for review'
run "$pare" propose "$role"

title 'A reviewer merges it'
merge() {
	(cd "$work/reviewer" && git fetch -q && branch=$(git branch -r --list 'origin/pare/1*' --no-merged main | head -n 1 | tr -d ' ') &&
		git log --oneline "main..$branch" && git merge -q --no-ff -m "Merge ${branch#origin/}" "$branch" && git push -q origin main)
}
merge

title 'Apply: what would be called, then for real'
run "$pare" apply --dry-run
run "$pare" apply

title 'The role afterwards'
"$sandbox" --state "$work/aws.json" --show "$role" | tee "$work/after.txt"
grep -q 'RESOLVED' "$work/after.txt" || { echo 'demo: the finding is not RESOLVED'; exit 1; }
run "$pare" status
run "$pare" verify

title 'Roll back: the inverse is a plan like any other'
run "$pare" rollback "$role"
run "$pare" propose "$role" -q
merge
run "$pare" apply
"$sandbox" --state "$work/aws.json" --show "$role" >"$work/restored.txt"
cat "$work/restored.txt"
if diff "$work/before.txt" "$work/restored.txt" >"$work/diff.txt"; then
	title 'The role is as it was, document for document.'
else
	cat "$work/diff.txt"
	echo 'demo: the role is not as it was'
	exit 1
fi
