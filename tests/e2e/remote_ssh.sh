#!/bin/sh
# OpenSSH's server: keys of three kinds, a host that is unknown, a host whose key changed, no key, a
# refusing hook, a server that accepts and is silent.
# shellcheck source=tests/e2e/lib/remote.sh
. "$(dirname "$0")/lib/remote.sh"

have sshd || skip 'sshd is not here'
have ssh-keygen || skip 'ssh-keygen is not here'
have ssh || skip 'ssh is not here'
have python3 || skip 'python3 is not here'
user=$(id -un)
home=$(getent passwd "$user" | cut -d: -f6)
[ -d "$home" ] || skip 'this user has no home folder'

port=$(free_port)
mkdir -m 700 "$work/ssh"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/other"
: >"$work/ssh/authorized"
for kind in ed25519 ecdsa rsa; do
	ssh-keygen -q -t $kind -N '' -f "$work/ssh/$kind"
	cat "$work/ssh/$kind.pub" >>"$work/ssh/authorized"
done
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/stranger"
cat >"$work/ssh/config" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $work/ssh/host
AuthorizedKeysFile $work/ssh/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
END
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || true
"$(command -v sshd)" -D -e -f "$work/ssh/config" >"$work/sshd.log" 2>&1 &
pids="$pids $!"
server=$!
while ! port_open "$port"; do
	kill -0 "$server" 2>/dev/null || skip "sshd does not start here: $(tail -n 1 "$work/sshd.log")"
	sleep 0.1
done
url="ssh://$user@127.0.0.1:$port$work/review.git"
known() { # key file
	printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$1.pub")" >"$work/ssh/known"
}
export PARE_GIT_KNOWN_HOSTS="$work/ssh/known" PARE_GIT_SSH_KEY="$work/ssh/ed25519"

use "$url"
: >"$work/ssh/known"
expect 1 "host's key is not known" propose
known "$work/ssh/other"
expect 1 "not the one in known_hosts" propose
known "$work/ssh/host"
PARE_GIT_SSH_KEY="$work/ssh/stranger" expect 1 'none of our keys' propose
[ -z "$(branches)" ] || fail 'something was pushed'
for kind in ed25519 ecdsa rsa; do
	PARE_GIT_SSH_KEY="$work/ssh/$kind"
	expect 0 'proposed' propose
	expect 0 'already proposed' propose
	proposed_once "over ssh with $kind"
done

# A path with a quote in it is one word on the other side.
mkdir "$work/it's; touch pwned"
cp -r "$work/review.git" "$work/it's; touch pwned/r.git"
use "ssh://$user@127.0.0.1:$port$work/it's; touch pwned/r.git"
expect 0 'proposed' propose
if [ -e "$work/pwned" ] || [ -e "$home/pwned" ]; then fail 'the path ran as a command'; fi

use "ssh://$user@127.0.0.1:$port$work/none.git"
expect 1 'none.git' propose

use "$url"
printf '#!/bin/sh\necho "no ticket: see CHG-1" >&2\nexit 1\n' >"$work/review.git/hooks/pre-receive"
chmod +x "$work/review.git/hooks/pre-receive"
expect 3 'no ticket: see CHG-1' propose
[ -z "$(branches)" ] || fail 'the hook was passed by'
rm "$work/review.git/hooks/pre-receive"

if have ssh-agent; then
	eval "$(ssh-agent)" >/dev/null
	pids="$pids $SSH_AGENT_PID"
	ssh-add -q "$work/ssh/ecdsa"
	unset PARE_GIT_SSH_KEY
	expect 0 'proposed' propose
	proposed_once 'with an agent'
fi

python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(60)' "$work/silent" &
pids="$pids $!"
tries=0
while [ ! -s "$work/silent" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || fail 'the silent server did not start'
	sleep 0.1
done
use "ssh://$user@127.0.0.1:$(cat "$work/silent")/x.git"
export PARE_GIT_TIMEOUT_MS=1000
start=$(date +%s)
expect 1 'ssh' propose
[ $(($(date +%s) - start)) -lt 12 ] || fail 'the silent server held us up'
echo 'ssh: ok'
