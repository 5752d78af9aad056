#!/bin/sh
# Review repositories on this machine: a path, a file URL, one that is not there, one with a guard.
# shellcheck source=tests/e2e/lib/remote.sh
. "$(dirname "$0")/lib/remote.sh"

use "$work/review.git"
expect 0 'proposed' propose
expect 0 'already proposed' propose
grep -q 'Remove unused permissions of Web' "$work/out" || fail 'the pull request has no title'
grep -q "plans/20261124T030923Z-$account-Web-" "$work/out" || fail 'the pull request names no plan'
proposed_once 'by path'

use "file://$work/review.git"
expect 0 'proposed' propose
proposed_once 'by file URL'

use "$work/none.git"
expect 1 'none.git' propose

printf '#!/bin/sh\nexit 1\n' >"$work/review.git/hooks/pre-receive"
chmod +x "$work/review.git/hooks/pre-receive"
use "$work/review.git"
expect 3 'pre-receive' propose
rm "$work/review.git/hooks/pre-receive"

# A mirror that lost its objects is made new.
expect 0 'proposed' propose
rm -rf "$work"/state/mirrors/*.git/objects
expect 0 'already proposed' propose
proposed_once 'after damage'

use "https://bot:hunter2@127.0.0.1:1/x.git"
expect 2 'holds credentials' propose
grep -q hunter2 "$work/out" && fail 'the password is printed'
expect 0 'proposed' sh -c "sed -i 's|url = \"[^\"]*\"|url = \"$work/review.git\"|' $work/pare.lua && rm -rf $work/state &&
	$PARE --now 2026-11-24T03:09:23Z plan --findings $work/in --account-state $work/state.json >/dev/null &&
	$PARE --now 2026-11-24T03:09:23Z propose"
echo 'paths: ok'
