#!/usr/bin/env bash
# A reader that pauses in the middle of a transfer, once the client and once the backend: the writer
# waits for it, every byte arrives, and the ambassador's memory stays what it was.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need python3 sha256sum

pause=3
[ "$FULL" = 1 ] && pause=120
size=$((64 << 20))
expected=$(python3 "$BYTES" sum "$size")

# while_paused LOG: looks at the ambassador until the reader goes on
while_paused() {
    local before grown most=0
    before=$(amba_anonymous)
    eventually 20 grep -q paused "$1"
    for ((i = 0; i < pause * 5; ++i)); do
        sleep 0.2
        grown=$(($(amba_anonymous) - before))
        [ "$grown" -gt "$most" ] && most=$grown
    done
    [ "$most" -lt 2048 ] || fail "the ambassador grew by $most KiB while the reader paused"
    say "a pause of $pause s ($2): memory grew by $most KiB"
}

down=$(free_port)
up=$(free_port)
front_down=$(free_port)
front_up=$(free_port)
start send python3 "$BYTES" send "$down" "$size"
start receive python3 "$BYTES" receive "$up" "$pause"
eventually 10 is_open 127.0.0.1 "$down"
eventually 10 is_open 127.0.0.1 "$up"
# Each server is for one connection: unchecked.
start_amba "$HOST:$front_down" check=off "127.0.0.1:$down" + "$HOST:$front_up" check=off "127.0.0.1:$up"

for_at_most $((pause + 300)) python3 "$BYTES" fetch "$HOST" "$front_down" "$pause" \
    >"$TMP/fetched" 2>"$TMP/fetch.log" &
fetch=$!
while_paused "$TMP/fetch.log" "the client"
wait "$fetch" || fail "the client failed: $(cat "$TMP/fetch.log")"
equal "$expected" "$(cat "$TMP/fetched")" "the checksum at the client"

# Half-close: the backend answers with its checksum behind the client's end.
put='
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((host, port)) as connection:
    while data := sys.stdin.buffer.read(1 << 18):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
    print(connection.makefile().read(), end="")
'
python3 "$BYTES" make "$size" \
    | for_at_most $((pause + 300)) python3 -c "$put" "$HOST" "$front_up" >"$TMP/sum" &
put=$!
while_paused "$TMP/receive.log" "the backend"
wait "$put" || fail "the writer failed: $(cat "$TMP/receive.log")"
equal "$expected" "$(cat "$TMP/sum")" "the checksum at the backend"
