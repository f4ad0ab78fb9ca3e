#!/usr/bin/env bash
# One large body each way with curl, alone and both at once: their checksums are equal.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need curl python3 sha256sum

mebibytes=64
[ "$FULL" = 1 ] && mebibytes=1024
size=$((mebibytes << 20))

port=$(free_port)
front=$(free_port)
start http python3 "$BYTES" http "$port"
eventually 10 is_open 127.0.0.1 "$port"
start_amba "$HOST:$front" "127.0.0.1:$port"

python3 "$BYTES" make "$size" >"$TMP/body"
expected=$(sha256sum <"$TMP/body" | cut -d' ' -f1)
url=http://$HOST:$front
down() { for_at_most 600 curl -sS --fail "$url/$size" | sha256sum | cut -d' ' -f1; }
up() { for_at_most 600 curl -sS --fail -T "$TMP/body" "$url/"; }

held=$(amba_anonymous)
began=$(milliseconds)
equal "$expected" "$(down)" "the checksum of a body of $mebibytes MiB down"
middle=$(milliseconds)
equal "$expected" "$(up)" "the checksum of a body of $mebibytes MiB up"
ended=$(milliseconds)

down >"$TMP/down" &
downloading=$!
equal "$expected" "$(up)" "the checksum up, with another down"
wait "$downloading" || fail "curl down, with another up"
equal "$expected" "$(cat "$TMP/down")" "the checksum down, with another up"
grown=$(($(amba_anonymous) - held))
[ "$grown" -lt 4096 ] || fail "the ambassador grew by $grown KiB"

say "$mebibytes MiB down in $((middle - began)) ms, up in $((ended - middle)) ms, and both at once"
