#!/usr/bin/env bash
# Redis through the ambassador: redis-cli, redis-benchmark with and without pipelining while the table
# is swapped, and a subscriber that stays idle and then gets its message.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need redis-server redis-cli redis-benchmark python3

idle=3
[ "$FULL" = 1 ] && idle=130

one=$(free_port)
two=$(free_port)
front=$(free_port)
for port in "$one" "$two"; do
    start "redis-$port" redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no \
        --dir "$TMP"
    eventually 10 redis-cli -p "$port" ping
done
start_amba "$HOST:$front" "127.0.0.1:$one"
cli() { for_at_most 300 redis-cli -h "$HOST" -p "$front" "$@"; }

equal PONG "$(cli ping)" "the answer to PING"
equal OK "$(cli set greeting hello)" "the answer to SET"
equal hello "$(redis-cli -p "$one" get greeting)" "the value in the server"
head -c 8388608 /dev/urandom | base64 -w0 >"$TMP/large"
equal OK "$(cli -x set large <"$TMP/large")" "the answer to a SET of 11 MB"
cmp <(cli --raw get large | head -c -1) "$TMP/large" || fail "a value of 11 MB came back altered"

# Twenty thousand commands in one stream, their answers in the other.
for i in {1..20000}; do echo "SET key:$i value:$i"; done >"$TMP/commands"
said=$(cli --pipe <"$TMP/commands")
grep -q 'errors: 0, replies: 20000' <<<"$said" || fail "redis-cli --pipe said: $said"

for pipeline in 1 16; do
    for_at_most 600 redis-benchmark -h "$HOST" -p "$front" -t ping,set,get -n 20000 -c 50 \
        -P "$pipeline" -q --csv >"$TMP/benchmark" 2>&1 &
    benchmark=$!
    while kill -0 "$benchmark" 2>/dev/null; do
        reconfigure "$HOST:$front" "127.0.0.1:$two"
        reconfigure "$HOST:$front" "127.0.0.1:$one" weight=2 "127.0.0.1:$two"
    done
    wait "$benchmark" || fail "redis-benchmark -P $pipeline failed: $(cat "$TMP/benchmark")"
    equal "" "$(grep -i error "$TMP/benchmark" || true)" "from redis-benchmark"
    equal 1 "$(grep -c '^"GET"' "$TMP/benchmark")" "number of results for GET"
done

# The subscriber is on the one server; the table has only the other by the time of the message.
reconfigure "$HOST:$front" "127.0.0.1:$one"
start subscriber for_at_most $((idle + 300)) redis-cli -h "$HOST" -p "$front" subscribe news
eventually 5 grep -q '^subscribe' "$TMP/subscriber.log"
reconfigure "$HOST:$front" "127.0.0.1:$two"
sleep "$idle"
equal 1 "$(redis-cli -p "$one" publish news "late but there")" "number of subscribers"
eventually 5 grep -q '^late but there$' "$TMP/subscriber.log"
equal "" "$(redis-cli -p "$two" pubsub channels)" "a subscription on the other server"

say "redis-cli, redis-benchmark -P 1 and 16 during swaps, and a subscriber idle for $idle s"
