# Shared by the end-to-end scripts: a sandbox, a review repository, a reviewer. Sourced with
# PARE and SANDBOX set to the programs under test.
set -eu
: "${PARE:?}" "${SANDBOX:?}"

work=$(mktemp -d)
box=
stop_box() {
	[ -z "$box" ] || { kill "$box" 2>/dev/null || true; wait "$box" 2>/dev/null || true; }
	box=
}
cleanup() {
	stop_box
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

fail() {
	echo "FAIL: $*"
	exit 1
}
skip() {
	echo "$*"
	exit 77
}

start_box() { # sandbox options…
	rm -f "$work/port"
	"$SANDBOX" --port-file "$work/port" "$@" >"$work/sandbox.log" 2>&1 &
	box=$!
	tries=0
	while [ ! -s "$work/port" ]; do
		kill -0 "$box" 2>/dev/null || { cat "$work/sandbox.log"; fail 'the sandbox ended'; }
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || fail 'the sandbox did not start within 20 s'
		sleep 0.02
	done
	AWS_ENDPOINT_URL="http://127.0.0.1:$(cat "$work/port")"
	export AWS_ENDPOINT_URL
}

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_IAM AWS_ENDPOINT_URL_STS AWS_CA_BUNDLE \
	AWS_ENDPOINT_URL_ACCESSANALYZER || true
export PARE_STATE="$work/state" PARE_CONFIG="$work/pare.lua" PARE_OBSERVE_GAP_MS=20
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME="$work"
export GIT_AUTHOR_NAME=Reviewer GIT_AUTHOR_EMAIL=reviewer@example.com
export GIT_COMMITTER_NAME=Reviewer GIT_COMMITTER_EMAIL=reviewer@example.com
analyzer=arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access
blog_role=IAMRole_IA2_Blog_EC2Role
seed_file=examples/blog/seed.json
: "$blog_role" "$seed_file"

write_config() { # review URL
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$1", branch = "main", forge = "none" },
  author     = "pare-bot@example.com",
}
END
}

# A rule beside the shipped ones: what is tagged rule=archive is archived.
write_archiving_rule() { # folder
	mkdir -p "$1/rules"
	cat >"$1/rules/archive_tagged.lua" <<-'END'
		rule {
		  name  = "archive_tagged",
		  about = "A tag asks for the finding to be archived.",
		  judge = function(c)
		    if c.principal.tags.rule == "archive" then return archive("tagged rule=archive") end
		  end,
		}
	END
}

make_review() {
	git init -q --bare -b main "$work/review.git"
	git clone -q "$work/review.git" "$work/reviewer" 2>/dev/null
	(cd "$work/reviewer" && git checkout -q -b main && echo '# IAM review' >README.md &&
		git add README.md && git commit -q -m start && git push -q origin main)
	write_config "$work/review.git"
}

merge_proposal() {
	(cd "$work/reviewer" && git fetch -q --prune && git checkout -q main && git merge -q --ff-only origin/main &&
		for branch in $(git branch -r --list 'origin/pare/[0-9]*' --no-merged main); do
			git merge -q --no-ff -m "Merge ${branch#origin/}" "$branch" || exit 1
		done && git push -q origin main) || fail 'merging the proposal'
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
