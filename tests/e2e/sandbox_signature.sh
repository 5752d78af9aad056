# The sandbox's door: good and bad signatures, sessions, rude clients, many at once.
. tests/e2e/lib/common.sh
command -v python3 >/dev/null 2>&1 || skip 'no python3 on this machine'

start_box --seed "$seed_file" --latency 20
python3 tests/e2e/sandbox_signature.py "$(cat "$work/port")" 20 "$blog_role" || fail 'the door'
kill -0 "$box" || { cat "$work/sandbox.log"; fail 'the sandbox ended'; }

# It ends when asked to, also while answers are held back, and removes its port file.
stop_box
[ ! -e "$work/port" ] || fail 'the port file is still there'
start_box --seed "$seed_file" --latency 60000
python3 - "$(cat "$work/port")" <<'END' &
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /analyzer HTTP/1.1\r\nHost: x\r\n\r\n")
while s.recv(65536):
    pass
END
waiting=$!
tries=0
until kill -0 "$box" && [ -n "$(ss -tn state established "( sport = :$(cat "$work/port") )" 2>/dev/null | tail -n +2)" ]; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || break
	sleep 0.1
done
kill -TERM "$box"
code=0
wait "$box" || code=$?
box=
[ $code = 0 ] || fail "ended by SIGTERM: exit $code"
wait $waiting || true
