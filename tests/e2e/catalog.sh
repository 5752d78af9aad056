# pare catalog update against a mirror of the service reference on loopback: a good one replaces the
# catalogue, a smaller or broken one never does, and every command uses the newer one.
set -eu
: "${PARE:?}"
command -v python3 >/dev/null 2>&1 || {
	echo 'python3 is not here'
	exit 77
}
work=$(mktemp -d)
server=
cleanup() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
fail() {
	echo "FAIL: $*"
	exit 1
}
export PARE_STATE="$work/state" HOME="$work" PARE_CONFIG=
unset AWS_CA_BUNDLE || true

# A mirror: the embedded catalogue in AWS's shape, one service and one action more.
"$PARE" catalog show --json >"$work/all.json"
python3 - "$work" <<'END'
import json, os, sys
work = sys.argv[1]
os.makedirs(work + "/www/v1")
index = []
services = json.load(open(work + "/all.json"))
services.append({"service": "zz-new", "actions": [{"action": "zz-new:Begin", "level": "write", "resourceTypes": []}],
                 "resourceTypes": []})
for s in services:
    actions = [{"Name": a["action"].split(":")[1], "Annotations": {"Properties": {
        "IsList": a["level"] == "list", "IsPermissionManagement": a["level"] == "permissions",
        "IsTaggingOnly": a["level"] == "tagging", "IsWrite": a["level"] in ("write", "tagging", "permissions")}},
        "Resources": [{"Name": t.rstrip("*")} for t in a["resourceTypes"]]} for a in s["actions"]]
    if s["service"] == "s3":
        actions.append({"Name": "Frobnicate"})
    name = s["service"]
    with open("%s/www/v1/%s.json" % (work, name), "w") as f:
        json.dump({"Name": name, "Version": "v1", "Actions": actions,
                   "Resources": [{"Name": t["name"], "ARNFormats": t["arnFormats"]} for t in s["resourceTypes"]]}, f)
    index.append({"service": name, "url": "https://servicereference.us-east-1.amazonaws.com/v1/%s.json" % name})
json.dump(index, open(work + "/www/list.json", "w"))
json.dump(index[:50], open(work + "/www/short.json", "w"))
json.dump(index + [{"service": "zz-gone", "url": "/v1/gone.json"}], open(work + "/www/gone.json", "w"))
open(work + "/www/broken.json", "w").write("[{\"service\":")
END
cd "$work/www"
python3 -u -m http.server --bind 127.0.0.1 0 >"$work/server.log" 2>&1 &
server=$!
cd "$OLDPWD"
port=
tries=0
while [ -z "$port" ]; do
	kill -0 "$server" 2>/dev/null || { cat "$work/server.log"; fail 'the server ended'; }
	port=$(sed -n 's/.*http:\/\/127.0.0.1:\([0-9]*\)\/.*/\1/p' "$work/server.log" | head -n 1)
	tries=$((tries + 1))
	[ $tries -lt 200 ] || fail 'the server did not start within 20 s'
	[ -n "$port" ] || sleep 0.1
done
url=http://127.0.0.1:$port

refused() { # exit-code file words
	code=0
	"$PARE" catalog update --url "$url/$2" >"$work/out" 2>&1 || code=$?
	[ $code = "$1" ] || { cat "$work/out"; fail "update from $2: exit $code, expected $1"; }
	grep -q "$3" "$work/out" || { cat "$work/out"; fail "update from $2 does not say '$3'"; }
}

refused 3 short.json 'looks cut off'
refused 1 broken.json 'expected'
refused 1 nothing.json 'status 404'
refused 1 gone.json "service 'zz-gone'"
[ ! -e "$PARE_STATE/catalog.txt" ] || fail 'a refused answer was written'

"$PARE" --now 2031-02-03T04:05:06Z catalog update --url "$url/list.json" >"$work/out" 2>&1 || { cat "$work/out"; fail update; }
grep -q '^+ zz-new$' "$work/out" || fail 'the new service is not said'
grep -q '^+ s3:Frobnicate$' "$work/out" || fail 'the new action is not said'
"$PARE" catalog | grep -q '^action catalogue of 2031-02-03, ' || fail 'the newer one is not in force'
"$PARE" version | grep -q 2031-02-03 || fail 'version does not say it'
"$PARE" catalog show s3:frobnicate | grep -q 's3:Frobnicate' || fail 'the new action is not found'
cp "$PARE_STATE/catalog.txt" "$work/good.txt"
refused 3 short.json 'looks cut off'
refused 1 broken.json 'expected'
cmp -s "$work/good.txt" "$PARE_STATE/catalog.txt" || fail 'a refused answer replaced a good catalogue'

# An older one than the embedded, and a damaged one, are not used.
sed '1s/2031/2001/' "$work/good.txt" >"$PARE_STATE/catalog.txt"
"$PARE" catalog | grep -q 'embedded in pare' || fail 'an older catalogue is in force'
head -c 5000 "$work/good.txt" >"$PARE_STATE/catalog.txt"
"$PARE" catalog >"$work/out" 2>"$work/err"
grep -q 'embedded in pare' "$work/out" || fail 'a damaged catalogue is in force'
grep -q 'embedded action catalogue is used instead' "$work/err" || fail 'the damage is not said'
echo ok
