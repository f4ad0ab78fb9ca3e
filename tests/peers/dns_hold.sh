#!/usr/bin/env bash
# How long addresses stay that DNS has no more (`hold`): denied ones, obsolete ones, and those of a
# name that gives a few of many each time.
. "$(dirname "$0")/dns_lib.sh"

start_backends
start_scripted_dns
start_amba "$@"
# The address of each backend; those that leave say so.
states() {
    "$AMBA" status --json | python3 -c '
import json, sys
for frontend in json.load(sys.stdin)["frontends"]:
    print(*sorted(backend["address"].partition(":")[0] +
                  (" leaving" if backend["state"] == "leaving" else "")
                  for backend in frontend["backends"]))'
}
states_are() { [ "$(states)" = "$1" ]; }
lines() { grep -c "$1" "$TMP/amba.log" || true; }

# A denied name: one frontend holds its places for two seconds, another keeps them; a failure is no
# denial.
zone "db.lan A 127.1.0.1"
for_at_most 10 "$AMBA" reconfigure --wait "$FRONT" hold=2s resolve=1s "db.lan:$PORT" \
    + 127.127.0.3:$PORT hold=keep resolve=1s "db.lan:$PORT" >/dev/null
for denial in "nobody.lan A 127.1.0.9" "db.lan empty"; do
    zone "db.lan A 127.1.0.1"
    eventually 10 answered_by 127.1.0.1
    zone "db.lan servfail"
    known=$(asked "A db.lan")
    more_are_asked() { [ "$(asked "A db.lan")" -ge $((known + 3)) ]; }
    eventually 30 more_are_asked
    equal 127.1.0.1 "$(who)" "the backend while the name server fails"
    zone "$denial"
    eventually 20 nobody_answers
    equal "127.1.0.1" "$(cat <"/dev/tcp/127.127.0.3/$PORT")" "the backend with hold=keep"
done
logged "name db.lan does not resolve: .*; its last addresses stay: 127.1.0.1, for 2s or ever" ||
    fail "nothing was logged of the denial"
zone "db.lan A 127.1.0.2"
eventually 10 answered_by 127.1.0.2
say "denied addresses go after their hold, not before, and never where they are kept"

# A name that moves: the old address takes nothing new from then on, keeps its connection, and goes
# when its hold ends.
zone "moves.lan A 127.4.0.1"
python3 - >"$TMP/holder.log" 2>&1 <<'PYTHON' &
import socket, sys
listener = socket.create_server(("127.4.0.1", 6379))
listener.settimeout(60)
print("ready", flush=True)
while True:
    held, _ = listener.accept()
    if held.recv(1) == b"x":  # not a check, which ends without a word
        break
listener.close()
held.settimeout(60)
try:
    held.recv(1)
except ConnectionResetError:
    pass
print("ended", flush=True)
PYTHON
PIDS+=($!)
eventually 10 grep -q ready "$TMP/holder.log"
reconfigure "$FRONT" hold=4s resolve=1s removed=close check=off "moves.lan:$PORT"
exec 5<>"/dev/tcp/$HOST/$PORT"
echo -n x >&5
zone "moves.lan A 127.1.0.3"
eventually 10 answered_by 127.1.0.3
states_are "127.1.0.3 127.4.0.1 leaving" || fail "the states are $(states)"
if grep -q ended "$TMP/holder.log"; then fail "a connection was closed before its hold was over"; fi
for _ in {1..5}; do answered_by 127.1.0.3 || fail "the old address takes new connections"; done
eventually 20 states_are 127.1.0.3
eventually 10 grep -q ended "$TMP/holder.log"
exec 5>&-
say "a name that moves is followed at once; connections to the old address stay for its hold"

# A few each time.
zone "few.lan few 2 A 127.1.0.1 127.1.0.2 127.1.0.3 127.1.0.4 127.1.0.5 127.1.0.6"
reconfigure "$FRONT" resolve=1s "few.lan:$PORT"
eventually 30 states_are "127.1.0.1 127.1.0.2 127.1.0.3 127.1.0.4 127.1.0.5 127.1.0.6"
before=$(lines "name few.lan")
known=$(asked "A few.lan")
more_are_asked() { [ "$(asked "A few.lan")" -ge $((known + 4)) ]; }
eventually 30 more_are_asked
equal "$before" "$(lines "name few.lan")" "lines about a name that gives a few each time"
equal 6 "$(for _ in {1..6}; do who; done | sort -u | wc -l)" "backends that answer six connections"
reconfigure "$FRONT" resolve=1s retries=2 "few.lan:$PORT"
states_are "127.1.0.1 127.1.0.2 127.1.0.3 127.1.0.4 127.1.0.5 127.1.0.6" || fail "a swap forgot some"
say "a name that gives a few addresses each time has them all"
