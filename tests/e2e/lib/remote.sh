# shellcheck shell=sh
# Shared by the scripts about remotes: saved input with one role to plan for, a bare review
# repository, and pare's own words about a URL. Sourced with PARE set; no AWS is needed.
set -eu
: "${PARE:?}"

work=$(mktemp -d)
pids=
cleanup() {
	for p in $pids; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	chmod -R u+w "$work" && rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

fail() {
	echo "FAIL: $*"
	exit 1
}
skip() {
	echo "skipped: $*"
	exit 77
}
have() {
	command -v "$1" >/dev/null 2>&1
}
PATH=$PATH:/usr/sbin
have git || skip 'git is not here'

export HOME="$work/home" XDG_CONFIG_HOME="$work/home" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=Reviewer GIT_AUTHOR_EMAIL=reviewer@example.com
export GIT_COMMITTER_NAME=Reviewer GIT_COMMITTER_EMAIL=reviewer@example.com
export PARE_STATE="$work/state" PARE_CONFIG="$work/pare.lua" PARE_GIT_TIMEOUT_MS=5000
unset PARE_GIT_TOKEN PARE_GIT_USERNAME PARE_GIT_SSH_KEY PARE_GIT_KNOWN_HOSTS GIT_SSL_CAINFO SSH_AUTH_SOCK \
	http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy || true
mkdir -p "$HOME"

account=111122223333
role_arn=arn:aws:iam::$account:role/app/Web
analyzer=arn:aws:access-analyzer:us-east-1:$account:analyzer/unused-access

make_input() {
	mkdir -p "$work/in"
	cat >"$work/in/finding.json" <<-END
		{"id": "f-1", "analyzerArn": "$analyzer", "findingType": "UnusedPermission", "status": "ACTIVE",
		 "resource": "$role_arn", "resourceType": "AWS::IAM::Role", "resourceOwnerAccount": "$account",
		 "createdAt": "2026-10-01T00:00:00Z", "updatedAt": "2026-11-20T00:00:00Z",
		 "analyzedAt": "2026-11-20T00:00:00Z",
		 "findingDetails": [{"unusedPermissionDetails": {"serviceNamespace": "lambda",
		   "actions": [{"action": "ListFunctions"}, {"action": "ListLayers"}]}}]}
	END
	cat >"$work/in/recommendation.json" <<-END
		{"resourceArn": "$role_arn", "recommendationType": "UnusedPermissionRecommendation",
		 "status": "SUCCEEDED", "startedAt": "2026-11-20T01:00:00Z", "completedAt": "2026-11-20T01:00:10Z",
		 "recommendedSteps": [{"unusedPermissionsRecommendedStep":
		   {"recommendedAction": "DETACH_POLICY", "existingPolicyId": "ListLambda"}}]}
	END
	cat >"$work/state.json" <<-END
		{"RoleDetailList": [{"Path": "/app/", "RoleName": "Web", "RoleId": "AROAEXAMPLE1234567890",
		  "Arn": "$role_arn", "CreateDate": "2024-01-01T00:00:00Z", "Tags": [], "AttachedManagedPolicies": [],
		  "InstanceProfileList": [],
		  "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		    "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
		  "RolePolicyList": [{"PolicyName": "ListLambda", "PolicyDocument": {"Version": "2012-10-17",
		    "Statement": [{"Effect": "Allow", "Action": ["lambda:ListFunctions", "lambda:ListLayers"],
		    "Resource": "*"}]}}]}],
		 "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false}
	END
}

make_review() {
	git init -q --bare -b main "$work/review.git"
	git clone -q "$work/review.git" "$work/reviewer" 2>/dev/null
	(cd "$work/reviewer" && git checkout -q -b main && echo '# IAM review' >README.md &&
		git add README.md && git commit -q -m start && git push -q origin main)
}

# use URL: makes it the review repository, in a new state folder, and plans for it.
use() {
	rm -rf "$work/state"
	cat >"$work/pare.lua" <<-END
		return {
		  repository = { url = "$1", branch = "main", forge = "none" },
		  limits = { percent = 100 }, author = "pare-bot@example.com",
		}
	END
	"$PARE" --now 2026-11-24T03:09:23Z plan --findings "$work/in" --account-state "$work/state.json" \
		>"$work/out" 2>&1 || { cat "$work/out"; fail 'planning'; }
}

propose() {
	"$PARE" --now 2026-11-24T03:09:23Z propose
}

# expect CODE 'text in the output' command…
expect() {
	code=$1 text=$2
	shift 2
	set +e
	"$@" >"$work/out" 2>&1
	got=$?
	set -e
	[ "$got" = "$code" ] || { cat "$work/out"; fail "'$*': exit $got, expected $code"; }
	grep -qF -- "$text" "$work/out" || { cat "$work/out"; fail "'$*': the output lacks '$text'"; }
}

branches() {
	git -C "$work/review.git" for-each-ref --format='%(refname)' refs/heads/pare
}

drop_branches() {
	branches | while read -r ref; do git -C "$work/review.git" update-ref -d "$ref"; done
}

proposed_once() {
	[ "$(branches | wc -l)" = 1 ] || { branches; fail "$1: expected one branch"; }
	git -C "$work/review.git" fsck --strict --no-dangling >/dev/null 2>&1 || fail "$1: git fsck"
	branch=$(branches)
	[ "$(git -C "$work/review.git" rev-list --count "main..$branch")" = 2 ] || fail "$1: expected two commits"
	drop_branches
}

# wait_port PORT: until something listens there.
wait_port() {
	tries=0
	while ! port_open "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "nothing listens on port $1"
		sleep 0.1
	done
}
port_open() {
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null
}
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_input
make_review
