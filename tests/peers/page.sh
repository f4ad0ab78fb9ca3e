#!/usr/bin/env bash
# The page of ADMIN in a real browser, headless Chromium: it loads, follows what happens, asks nobody
# else, takes nothing for HTML, and fits a phone. It is looked at in page.py.
#
#   page.sh [DIRECTORY]   screenshots go there: light.png, dark.png, phone.png
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need chromium chromedriver python3
shots=${1:-$TMP}
mkdir -p "$shots"
export XDG_CONFIG_HOME=$TMP/config XDG_CACHE_HOME=$TMP/cache

first=$(free_port)
second=$(free_port)
front=$(free_port)
admin=$(free_port)
start first python3 "$BYTES" http "$first"
start second python3 "$BYTES" http "$second"
second_pid=$PID
eventually 10 is_open 127.0.0.1 "$first"
eventually 10 is_open 127.0.0.1 "$second"
ambassador() {
    start_amba --admin "$HOST:$admin" "$HOST:$front" name=web inter=500ms fall=2 rise=1 \
        "127.0.0.1:$first" "127.0.0.1:$second"
}
ambassador

# Debian's own Python has its selenium.
start page /usr/bin/python3 "$ROOT/tests/peers/page.py" --page "http://$HOST:$admin/" \
    --amba "$AMBA" --amba-pid "$AMBA_PID" --front "$HOST:$front" --first "127.0.0.1:$first" \
    --second "127.0.0.1:$second" --second-pid "$second_pid" --stopped "$TMP/stopped" \
    --shots "$shots"
page=$PID
stopped_or_ended() { [ -e "$TMP/stopped" ] || ! kill -0 "$page"; }
eventually 900 stopped_or_ended
if [ -e "$TMP/stopped" ]; then ambassador; fi
wait "$page" || fail "$(cat "$TMP/page.log")"
say "$(cat "$TMP/page.log")"
