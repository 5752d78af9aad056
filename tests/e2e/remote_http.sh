#!/bin/sh
# git's own HTTP backend behind lighttpd with basic authentication; a redirect; a silent server; a
# proxy that loses answers; a refusing hook.
# shellcheck source=tests/e2e/lib/remote.sh
. "$(dirname "$0")/lib/remote.sh"

have python3 || skip 'python3 is not here'
have lighttpd || skip 'lighttpd is not here'
backend=$(git --exec-path)/git-http-backend
[ -x "$backend" ] || skip 'git-http-backend is not here'

port=$(free_port)
git -C "$work/review.git" config http.receivepack true
mkdir -p "$work/www/plain/info" && echo '<html>' >"$work/www/plain/info/refs"
printf 'bot:secret-token\n' >"$work/users"
cat >"$work/lighttpd.conf" <<END
server.modules = ("mod_alias", "mod_auth", "mod_authn_file", "mod_setenv", "mod_cgi")
server.document-root = "$work/www"
server.bind = "127.0.0.1"
server.port = $port
server.errorlog = "$work/lighttpd.log"
alias.url = ("/git" => "$backend")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "$work", "GIT_HTTP_EXPORT_ALL" => "1")
cgi.assign = ("git-http-backend" => "")
auth.backend = "plain"
auth.backend.plain.userfile = "$work/users"
auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
END
lighttpd -D -f "$work/lighttpd.conf" >"$work/lighttpd.out" 2>&1 &
pids="$pids $!"
wait_port "$port"
url="http://127.0.0.1:$port/git/review.git"

use "$url"
expect 1 'PARE_GIT_TOKEN' propose
export PARE_GIT_USERNAME=bot PARE_GIT_TOKEN=wrong
expect 1 'may not do this' propose
export PARE_GIT_TOKEN=secret-token
expect 0 'proposed' propose
expect 0 'already proposed' propose
proposed_once 'over http'
grep -rq secret-token "$work/state" && fail 'the token is on the disk'
use "http://127.0.0.1:$port/git/none.git"
expect 1 '404' propose
use "http://127.0.0.1:$port/plain"
expect 1 'smart protocol' propose

# A hook's own words, without what would steer a terminal.
use "$url"
printf '#!/bin/sh\nprintf "\\033[31mno ticket: see CHG-1\\a\\n" >&2\nexit 1\n' >"$work/review.git/hooks/pre-receive"
chmod +x "$work/review.git/hooks/pre-receive"
expect 3 'no ticket: see CHG-1' propose
grep -q "$(printf '\033')" "$work/out" && fail 'control characters reach the terminal'
[ -z "$(branches)" ] || fail 'the hook was passed by'
rm "$work/review.git/hooks/pre-receive"

# Two at once: one branch, both are content.
cp -r "$work/state" "$work/state2"
propose >"$work/first" 2>&1 &
first=$!
PARE_STATE="$work/state2" propose >"$work/second" 2>&1 || { cat "$work/second"; fail 'the second of two at once'; }
wait $first || { cat "$work/first"; fail 'the first of two at once'; }
proposed_once 'two at once'

# A redirect is an error, and its target sees no credentials; a lost answer is looked up; silence ends.
cat >"$work/odd.py" <<'END'
import http.server, socket, sys, threading, urllib.request
upstream, log = sys.argv[1], open(sys.argv[2], "a", buffering=1)
class Target(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        log.write("target %s %s\n" % (self.path, self.headers.get("authorization")))
        self.send_response(404); self.end_headers()
    do_POST = do_GET
    def log_message(self, *a): pass
target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
class Redirect(Target):
    def do_GET(self):
        log.write("redirect %s\n" % self.path)
        self.send_response(301)
        self.send_header("location", "http://127.0.0.1:%d%s" % (target.server_port, self.path))
        self.end_headers()
    do_POST = do_GET
class Lossy(Target):
    """Passes everything on; drops the answer to a push."""
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
        request = urllib.request.Request(upstream + self.path, data=body, method=self.command)
        for k in ("authorization", "content-type", "accept"):
            if self.headers.get(k): request.add_header(k, self.headers[k])
        answer = urllib.request.urlopen(request)
        data = answer.read()
        if self.command == "POST" and self.path.endswith("git-receive-pack"):
            log.write("lost\n")
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(data)))
        self.end_headers(); self.wfile.write(data)
    do_POST = do_GET
redirect = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
lossy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lossy)
silent = socket.create_server(("127.0.0.1", 0))
for s in (target, redirect, lossy): threading.Thread(target=s.serve_forever, daemon=True).start()
open(sys.argv[3] + ".new", "w").write("%d %d %d" % (redirect.server_port, lossy.server_port, silent.getsockname()[1]))
import os; os.rename(sys.argv[3] + ".new", sys.argv[3])
threading.Event().wait()
END
: >"$work/odd.log"
python3 "$work/odd.py" "http://127.0.0.1:$port" "$work/odd.log" "$work/ports" &
pids="$pids $!"
tries=0
while [ ! -s "$work/ports" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || fail 'the odd servers did not start'
	sleep 0.1
done
read -r redirect lossy silent <"$work/ports" || true

use "http://127.0.0.1:$redirect/git/review.git"
expect 1 'redirects are not followed' propose
grep -q '^redirect' "$work/odd.log" || fail 'the redirecting server was not asked'
grep -q '^target' "$work/odd.log" && fail 'the redirect was followed'

use "http://127.0.0.1:$lossy/git/review.git"
expect 0 'proposed' propose
grep -q '^lost' "$work/odd.log" || fail 'no answer was lost'
proposed_once 'after a lost answer'

use "http://127.0.0.1:$silent/git/review.git"
export PARE_GIT_TIMEOUT_MS=1000
start=$(date +%s)
expect 1 '127.0.0.1' propose
[ $(($(date +%s) - start)) -lt 10 ] || fail 'the silent server held us up'

use "http://127.0.0.1.example.invalid/git/review.git"
expect 2 'not https' propose
echo 'http: ok'
