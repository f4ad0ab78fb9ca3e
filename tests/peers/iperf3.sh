#!/usr/bin/env bash
# iperf3 through the ambassador: up, down (-R), eight streams (-P 8) and both ways at once (--bidir).
# Bytes must flow each way; how many depends on the machine and is only told.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need iperf3 python3

seconds=1
[ "$FULL" = 1 ] && seconds=10

port=$(free_port)
front=$(free_port)
start iperf3 iperf3 -s --forceflush -B 127.0.0.1 -p "$port"
eventually 10 grep -q 'listening on' "$TMP/iperf3.log"
start_amba "$HOST:$front" check=off "127.0.0.1:$port"  # a check would be a test that fails

# Gbit/s of what each receiver has got, of a result in JSON.
received='
import json, sys
end = json.load(open(sys.argv[1]))["end"]
for key in ("sum_received", "sum_received_bidir_reverse"):
    if key in end:
        assert end[key]["bytes"] > 0, key
        print("%.1f" % (end[key]["bits_per_second"] / 1e9), end=" ")
'
for mode in "" "-R" "-P 8" "-P 8 -R" "--bidir"; do
    # The server takes one test at a time and may still be ending the last one.
    for try in {1..300}; do
        # shellcheck disable=SC2086  # several words
        for_at_most $((seconds + 120)) iperf3 -c "$HOST" -p "$front" -t "$seconds" $mode --json \
            >"$TMP/result" 2>&1 && break
        if ! grep -q 'busy' "$TMP/result" || [ "$try" = 300 ]; then
            fail "iperf3 $mode: $(tail -n 5 "$TMP/result")"
        fi
        sleep 0.1
    done
    gbits=$(python3 -c "$received" "$TMP/result") || fail "iperf3 $mode: nothing was received"
    say "iperf3 ${mode:-(up)}: $gbits Gbit/s"
done
