#!/usr/bin/env bash
# When names are asked for again, with a real dnsmasq: the TTL with its floor and its ceiling, and at
# once when a connect fails.
. "$(dirname "$0")/dns_lib.sh"

start_backends
echo "127.1.0.1 db.lan" >"$TMP/records"

# serve TTL: dnsmasq anew, which says that TTL
serve() {
    if [ -n "${server:-}" ]; then end "$server"; fi
    TTL=$1
    dns 127.0.0.1 "$TMP/records"
    server=$PID
}
moves_to() {
    echo "$1 db.lan" >"$TMP/records"
    kill -HUP "$server"
}
queries() { grep -c "query\[A\] db.lan" "$TMP/dnsmasq.log" || true; }
# between LEAST MOST WHAT: the number of queries
between() {
    local count
    count=$(queries)
    [ "$count" -ge "$1" ] && [ "$count" -le "$2" ] ||
        fail "expected $1 to $2 queries $3, counted $count"
}
# anew WORDS...: so that the name is asked for now
anew() {
    reconfigure "$FRONT" 127.1.0.9:1
    : >"$TMP/dnsmasq.log"
    reconfigure "$@"
}

serve 0
start_amba "$@"
anew "$FRONT" resolve=60s "db.lan:$PORT"
sleep 4
between 3 5 "in four seconds with a TTL of 0 and resolve=60s"
say "a TTL of 0 is a second"

serve 2
anew "$FRONT" resolve=60s "db.lan:$PORT"
sleep 5
between 2 3 "in five seconds with a TTL of 2 and resolve=60s"
moves_to 127.1.0.2
eventually 4 answered_by 127.1.0.2
say "a TTL below resolve counts"

serve 600
anew "$FRONT" resolve=1s "db.lan:$PORT"
sleep 4
between 3 5 "in four seconds with a TTL of 600, as Docker says, and resolve=1s"
moves_to 127.1.0.3
eventually 3 answered_by 127.1.0.3
say "a TTL above resolve does not"

# A name that is known keeps its time to the next question, unless the new table wants it earlier.
moves_to 127.1.0.3
anew "$FRONT" resolve=60s "db.lan:$PORT"
moves_to 127.1.0.4
reconfigure "$FRONT" resolve=1s "db.lan:$PORT"
eventually 3 answered_by 127.1.0.4
say "a shorter resolve counts for a name that is known"

# Nobody is at 127.3.0.1; the name server says 600 s, and so does the table.
moves_to 127.3.0.1
anew "$FRONT" resolve=10m "db.lan:$PORT"
sleep 3
between 1 1 "in three seconds with resolve=10m"
end_at=$((SECONDS + 3))
while [ "$SECONDS" -lt "$end_at" ]; do
    nobody_answers || fail "somebody is at 127.3.0.1"
    sleep 0.05
done
between 3 6 "in three seconds of connects that fail"
moves_to 127.1.0.5
nobody_answers || true
eventually 3 answered_by 127.1.0.5
: >"$TMP/dnsmasq.log"
who >/dev/null
sleep 2
between 0 0 "when a connect succeeds"
say "a connect that fails asks again, at most once a second"
