# What AWS itself is asked about a plan: off, optional, required; allowed, denied, with saved input; and
# a permission used between the plan and its execution.
. tests/e2e/lib/common.sh
. tests/e2e/lib/kinds.sh
command -v python3 >/dev/null 2>&1 || skip 'no python3 on this machine'

checks() { # members
	cat >"$work/pare.lua" <<END
return {
  analyzer   = "$analyzer",
  repository = { url = "$work/review.git", branch = "main", forge = "none" },
  checks     = { $1 },
  author     = "pare-bot@example.com",
}
END
}
gates() { # of the last plan: name result
	python3 -c 'import glob,json,sys
for f in sorted(glob.glob(sys.argv[1] + "/accounts/*/plans/*/plan.json"))[-1:]:
    for g in json.load(open(f))["gates"]: print(g["gate"], g["result"], g["evidence"])' "$work/state"
}
all='validate_policy = "required", no_new_access = "required", simulate = "required", last_accessed = "required"'

make_review
seed_of custom >"$work/seed.json"
start_box --seed "$work/seed.json" --state "$work/aws.json" --faults work=1

# --- off, required, allowed -----------------------------------------------------------------------
checks ''
expect 0 '1 planned' "$PARE" plan
[ "$(gates | wc -l)" = 10 ] || { gates; fail 'off is not left out'; }
rm -rf "$work/state"
checks "$all"
expect 0 '1 planned' "$PARE" plan
gates >"$work/gates"
[ "$(wc -l <"$work/gates")" = 14 ] || { cat "$work/gates"; fail 'not fourteen gates'; }
[ "$(head -n 10 "$work/gates" | tail -n 1 | cut -d' ' -f1)" = blast-radius ] || { cat "$work/gates"; fail 'the ten do not come first'; }
for text in 'validate-policy pass ValidatePolicy finds no error in 1 documents' \
	'aws-no-new-access pass CheckNoNewAccess passes 1 documents' \
	'simulate pass of 1 actions in use that IAM tracks, the 1 that the simulator allows stay allowed' \
	'last-accessed pass IAM saw no use of what goes since'; do
	grep -qF "$text" "$work/gates" || { cat "$work/gates"; fail "no gate '$text'"; }
done
expect 0 'last-accessed' "$PARE" show Custom

# --- used between plan and apply ------------------------------------------------------------------
expect 0 'proposed' "$PARE" propose
merge_proposal
stop_box
cp "$work/aws.json" "$work/aws.before"
python3 - "$work/aws.json" <<'END'
import json, sys
state = json.load(open(sys.argv[1]))
state["roles"][0]["lateActions"] = ["s3:PutObject"]
json.dump(state, open(sys.argv[1], "w"))
END
start_box --state "$work/aws.json"
expect 3 "'s3:PutObject' was used since" "$PARE" apply
"$SANDBOX" --state "$work/aws.json" --show Custom >"$work/role"
! grep -q recommended "$work/role" || { cat "$work/role"; fail 'it was applied all the same'; }
[ -z "$(git -C "$work/review.git" for-each-ref refs/pare/applied)" ] || fail 'a refused plan is marked as begun'
rm -rf "$work/scratch"
expect 0 'gate last-accessed' "$PARE" --state "$work/scratch" plan
stop_box
cp "$work/aws.before" "$work/aws.json"
start_box --state "$work/aws.json"
expect 0 'applied' "$PARE" apply

# --- not allowed: required blocks, optional goes without ------------------------------------------
stop_box
start_box --seed "$work/seed.json" --faults work=1
box_url=$AWS_ENDPOINT_URL
cat >"$work/deny.py" <<'END'
"""A proxy before the sandbox that denies what pare asks for its checks."""
import http.server, sys, urllib.error, urllib.request

class Door(http.server.BaseHTTPRequestHandler):
    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/policy/"):
            return self.answer(403, b'{"message":"no"}', {"x-amzn-ErrorType": "AccessDeniedException"})
        if b"LastAccessed" in body or b"SimulatePrincipalPolicy" in body:
            return self.answer(403, b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                               b"<Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>", {})
        # The host stays as it was signed.
        request = urllib.request.Request(sys.argv[1] + self.path, body or None, dict(self.headers), method=self.command)
        try:
            with urllib.request.urlopen(request) as a:
                self.answer(a.status, a.read(), dict(a.headers))
        except urllib.error.HTTPError as a:
            self.answer(a.code, a.read(), dict(a.headers))
    def answer(self, status, body, headers):
        self.send_response(status)
        for k, v in headers.items():
            if k.lower() in ("content-type", "x-amzn-errortype", "x-amzn-requestid"):
                self.send_header(k, v)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = do_PUT = forward
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
print(server.server_address[1], flush=True)
server.serve_forever()
END
python3 "$work/deny.py" "$box_url" >"$work/deny.port" 2>"$work/deny.log" &
door=$!
trap 'kill $door 2>/dev/null || true; cleanup' EXIT
tries=0
while [ ! -s "$work/deny.port" ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { cat "$work/deny.log"; fail 'the proxy did not start'; }
	sleep 0.1
done
AWS_ENDPOINT_URL="http://127.0.0.1:$(cat "$work/deny.port")"
export AWS_ENDPOINT_URL
for one in validate_policy no_new_access simulate last_accessed; do
	rm -rf "$work/state"
	checks "$one = \"required\""
	expect 0 'said AccessDenied' "$PARE" plan
	grep -qF '0 planned' "$work/out" || { cat "$work/out"; fail "$one: denied is not unknown"; }
	rm -rf "$work/state"
	checks "$one = \"optional\""
	expect 0 '1 planned' "$PARE" plan
	grep -qF 'goes without gate' "$work/out" || { cat "$work/out"; fail "$one: nothing is said of the gate left out"; }
	[ "$(gates | wc -l)" = 10 ] || { gates; fail "$one: the gate is not left out"; }
done

# At apply, too: what cannot be known and must be stops the plan.
rm -rf "$work/review.git" "$work/reviewer"
make_review
checks 'last_accessed = "optional"'
rm -rf "$work/state"
expect 0 '1 planned' "$PARE" plan
expect 0 'proposed' "$PARE" propose
merge_proposal
checks 'last_accessed = "required"'
expect 3 'asked again: unknown: AWS was asked and said AccessDenied' "$PARE" apply
checks 'last_accessed = "optional"'
expect 0 'goes without gate last-accessed' "$PARE" apply

# --- saved input, and wrong words -----------------------------------------------------------------
rm -rf "$work/state"
checks 'last_accessed = "required"'
expect 0 'AWS is not asked when the input is saved' "$PARE" --now 2026-11-25T20:00:00Z plan \
	--findings examples/blog/saved --account-state examples/blog/account-state.json
checks 'last_accessed = "yes"'
expect 2 'checks.last_accessed' "$PARE" plan
checks 'last_access = "off"'
expect 2 "last_accessed" "$PARE" plan
