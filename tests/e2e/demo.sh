# The demo runs to its end: plan, propose, merge, apply, finding resolved, rolled back exactly.
set -eu
B=$(dirname "$PARE")
export B PARE_OBSERVE_GAP_MS=20
out=$(mktemp)
trap 'rm -f "$out"' EXIT
B=${B#"$PWD"/} tools/demo.sh >"$out" 2>&1 || { cat "$out"; exit 1; }
for text in 'AmazonBedrockReadOnly' 'proposed' 'applied' 'RESOLVED' 'document for document'; do
	grep -qF "$text" "$out" || { cat "$out"; echo "FAIL: the demo does not say '$text'"; exit 1; }
done
