# shellcheck shell=bash disable=SC2034
# What the tests of servers that fail share. Sourced first, never run.
#
# In a network namespace of its own, where a server can be cut off: its packets are dropped.
set -euo pipefail
if [ "${AMBA_FAILOVER_INSIDE:-}" = "" ]; then
    export AMBA_FAILOVER_INSIDE=1
    if [ "$(id -u)" = 0 ]; then exec unshare --net "$0" "$@"; fi
    exec unshare --map-root-user --net "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done
PATH=$PATH:/usr/sbin:/sbin
need python3 ip iptables jq
ip link set lo up
A=127.0.1.1
B=127.0.1.2

state() {
    "$AMBA" status --json |
        jq -r ".frontends[0].backends[] | select(.address == \"$1:$PORT\").state"
}
becomes() { [ "$(state "$1")" = "$2" ]; }
drop() { iptables -I INPUT -p tcp -d "$A" --dport "$PORT" -j DROP; }
undrop() { iptables -D INPUT -p tcp -d "$A" --dport "$PORT" -j DROP; }

STEADY=$ROOT/tests/peers/steady.py
# measure WHAT PER_SECOND SECONDS [COMMAND OF LOAD]: asks the server at $A directly for as much as it
# can answer. A third of that is the RATE of the loads, PER_SECOND at the most, for SECONDS or for
# thirty connections; DIRECT is its p99 in ms.
measure() {
    local said
    said=$(python3 "$STEADY" "$A" "$PORT" 0 2 "${@:4}")
    [ "$(jq .failed <<<"$said")" = 0 ] ||
        fail "$1 itself fails, asked directly: $(jq -c .failures <<<"$said")"
    DIRECT=$(jq '.p99_ms | ceil' <<<"$said")
    RATE=$(jq "[$2, (.per_second * 10 / 3 | ceil / 10)] | min" <<<"$said")
    TIME=$(jq -n "[$3, (30 / $RATE | ceil)] | max")
    BASELINE="$1 itself answers $(jq .per_second <<<"$said") a second, asked directly, p99 $DIRECT ms"
    say "$BASELINE; the load is $RATE a second for $TIME s"
}
# load [COMMAND]: at the test's RATE for its TIME
load() { python3 "$STEADY" "$HOST" "$PORT" "$RATE" "$TIME" "${@:-PING}" 30 "$TMP/begun"; }
# end_of PID: a server is killed. A moment belongs to the death: its last processes still hold its
# socket.
end_of() {
    kill -9 "$1"
    eventually 10 refuses
}
refuses() { ! is_open "$A" "$PORT"; }
# during WHAT COMMAND [COMMAND OF LOAD]: the load, with that done when a third of it has begun. No
# connection that begins afterwards may fail, nor one that was over by then. Of those under way at
# most half, and two more, may: what a server has read of a connection cannot be sent to another
# one. `true` is for what was done before. What the load said goes to $SAID.
during() {
    local from at early late under_way failed
    rm -f "$TMP/begun"
    {
        eventually 60 test -e "$TMP/begun"
        date +%s.%N >"$TMP/from"
        $2
        date +%s.%N >"$TMP/at"
    } &
    SAID=$(load "${@:3}")
    wait $! || fail "$2, $1"
    from=$(cat "$TMP/from") at=$(cat "$TMP/at")
    [ "$2" != true ] || at=0
    early=$(jq "[.failures[] | select(.[1] < $from)] | length" <<<"$SAID")
    late=$(jq "[.failures[] | select(.[0] > $at)] | length" <<<"$SAID")
    under_way=$(jq "[.lives[] | select(.[0] <= $at and .[1] >= $from)] | length" <<<"$SAID")
    failed=$(jq .failed <<<"$SAID")
    SAID=$(jq -c 'del(.lives)' <<<"$SAID")
    [ "$early" = 0 ] || fail "$early connections failed before $from, $1: $SAID"
    [ "$late" = 0 ] || fail "$late connections failed that had begun after $at, $1: $SAID"
    [ "$failed" -le $((under_way / 2 + 2)) ] ||
        fail "$failed of the $under_way connections under way failed, $1: $SAID"
    say "$1, with $under_way under way: $SAID"
}
