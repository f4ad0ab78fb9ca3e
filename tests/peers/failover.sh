#!/usr/bin/env bash
# Real Redis servers that are killed, restarted, cut off, stopped and promoted, under a steady rate
# of connections: no client notices more than a moment. When a server is killed or cut off,
# connections that it had accepted and not answered may be lost.
. "$(dirname "$0")/failover_lib.sh"
need redis-server redis-cli

PORT=6379
seconds=3
[ "$FULL" = 1 ] && seconds=20

# redis ADDRESS [OPTIONS]: its process id goes to $PID
redis() {
    start "redis-$1" redis-server --bind "$1" --port 6379 --save "" --appendonly no --dir "$TMP" \
        --protected-mode no "${@:2}"
    local pid=$PID
    eventually 10 redis-cli -h "$1" ping
    PID=$pid
}

redis "$A"; first=$PID
redis "$B"; second=$PID
measure redis 200 "$seconds"
start_amba "$HOST:6379" check=redis inter=500ms fall=2 rise=1 "$A:6379" "$B:6379"
eventually 10 becomes "$A" healthy

during "while a server is killed" "end_of $first"
eventually 10 becomes "$A" unhealthy
redis "$A"; first=$PID
eventually 10 becomes "$A" healthy

during "while a server is cut off" drop
# The delay of a hedge is 20 ms where connects are quick; a second would be a SYN sent again.
[ "$(jq ".p99_ms < 500 + 10 * $DIRECT" <<<"$SAID")" = true ] ||
    fail "expected a p99 below $((500 + 10 * DIRECT)) ms, got $SAID"
eventually 10 becomes "$A" unhealthy
during "with a server cut off" true
undrop
eventually 10 becomes "$A" healthy

# It accepts connections and answers none: the check of its protocol alone can see it.
kill -STOP "$first"
eventually 20 becomes "$A" unhealthy
during "with a server stopped" true
kill -CONT "$first"
eventually 10 becomes "$A" healthy

# ---- a primary and its replica: writes go where they can be made ----
redis-cli -h "$B" replicaof "$A" 6379 >/dev/null
reconfigure "$HOST:6379" check=redis check.role=primary inter=200ms fall=2 rise=1 \
    on-marked-down=close "$A:6379" "$B:6379"
eventually 10 becomes "$B" unhealthy
said=$(load "SET key value")
equal 0 "$(jq .failed <<<"$said")" "failed writes with one primary: $(jq -c .failures <<<"$said"); failed"
# A client that stays connected is sent away with the primary, not left on it.
start client redis-cli -h "$HOST" subscribe news
eventually 5 grep -q '^subscribe' "$TMP/client.log"
redis-cli -h "$B" replicaof no one >/dev/null
redis-cli -h "$A" replicaof "$B" 6379 >/dev/null
eventually 10 becomes "$A" unhealthy
eventually 10 becomes "$B" healthy
said=$(load "SET key value")
equal 0 "$(jq .failed <<<"$said")" "failed writes after the promotion: $(jq -c .failures <<<"$said"); failed"
eventually 5 grep -q '1 connection closed' "$TMP/amba.log"

kill "$second"
say "killed, cut off, stopped and promoted"
