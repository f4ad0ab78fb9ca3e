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

# load [COMMAND]: at the test's RATE for its TIME
load() { python3 "$ROOT/tests/peers/steady.py" "$HOST" "$PORT" "$RATE" "$TIME" "$@"; }
# during WHAT COMMAND [COMMAND OF LOAD]: the load, with that done a second after its beginning. None
# that begins afterwards may fail, none that was over by then, and at most five of those that were
# under way: what a server has read of a connection cannot be sent to another one. A moment belongs
# to the death: the last processes of a killed server still hold its socket. What the load said goes
# to $SAID.
during() {
    local from at
    { sleep 1; date +%s.%N >"$TMP/from"; $2; sleep 0.2; date +%s.%N >"$TMP/done_at"; } &
    SAID=$(load "${@:3}")
    wait $!
    from=$(cat "$TMP/from") at=$(cat "$TMP/done_at")
    [ "$2" != true ] || at=0 # it was done before
    [ "$(jq "[.failed_at[] | select(. < $from - 0.5)] | length" <<<"$SAID")" = 0 ] ||
        fail "expected no connection to fail that begins long before $from, $1: $SAID"
    [ "$(jq "[.failed_at[] | select(. > $at)] | length" <<<"$SAID")" = 0 ] ||
        fail "expected no connection to fail that begins after $at, $1: $SAID"
    [ "$(jq .failed <<<"$SAID")" -le 5 ] || fail "expected at most 5 to fail under way, $1: $SAID"
    say "$1: $SAID"
}
