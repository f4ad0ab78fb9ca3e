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
# every MS WHAT: there come to be three queries more, and no more than one every so many ms, and one
every() {
    local begun before asked most
    begun=$(milliseconds) before=$(queries)
    eventually 60 asked_again "$before" 3
    asked=$(($(queries) - before)) most=$((($(milliseconds) - begun) / $1 + 1))
    [ "$asked" -le "$most" ] || fail "expected at most $most queries $2, counted $asked"
}
asked_again() { [ "$(queries)" -ge $(($1 + $2)) ]; }
# anew WORDS...: so that the name is asked for now
anew() {
    reconfigure "$FRONT" 127.1.0.9:1
    : >"$TMP/dnsmasq.log"
    reconfigure "$@"
}

serve 0
start_amba "$@"
anew "$FRONT" resolve=1h "db.lan:$PORT"
every 900 "with a TTL of 0 and resolve=1h"
say "a TTL of 0 is a second"

serve 2
anew "$FRONT" resolve=1h "db.lan:$PORT"
every 1800 "with a TTL of 2 and resolve=1h"
moves_to 127.1.0.2
eventually 4 answered_by 127.1.0.2
say "a TTL below resolve counts"

serve 600
anew "$FRONT" resolve=1s "db.lan:$PORT"
every 900 "with a TTL of 600, as Docker says, and resolve=1s"
moves_to 127.1.0.3
eventually 3 answered_by 127.1.0.3
say "a TTL above resolve does not"

# A name that is known keeps its time to the next question, unless the new table wants it earlier.
moves_to 127.1.0.3
anew "$FRONT" resolve=1h "db.lan:$PORT"
moves_to 127.1.0.4
reconfigure "$FRONT" resolve=1s "db.lan:$PORT"
eventually 3 answered_by 127.1.0.4
say "a shorter resolve counts for a name that is known"

# Nobody is at 127.3.0.1; the name server says 600 s, and so does the table.
moves_to 127.3.0.1
anew "$FRONT" resolve=10m "db.lan:$PORT"
sleep 3
equal 1 "$(queries)" "queries in three seconds with resolve=10m"
begun=$(milliseconds)
until [ "$(queries)" -ge 4 ]; do
    nobody_answers || fail "somebody is at 127.3.0.1"
    [ $(($(milliseconds) - begun)) -lt 60000 ] || fail "connects that fail do not ask again"
    sleep 0.05
done
most=$((($(milliseconds) - begun) / 900 + 2))
[ "$(queries)" -le "$most" ] || fail "expected at most $most queries while connects fail, saw $(queries)"
moves_to 127.1.0.5
nobody_answers || true
eventually 3 answered_by 127.1.0.5
: >"$TMP/dnsmasq.log"
who >/dev/null
sleep 2
equal 0 "$(queries)" "queries when a connect succeeds"
say "a connect that fails asks again, at most once a second"
