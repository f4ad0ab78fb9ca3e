#!/usr/bin/env bash
# Make before break: a frontend keeps the backends that it had until one of its new ones has an
# address. A name server that is slow, a name with a typo, several swaps in a row.
. "$(dirname "$0")/dns_lib.sh"

start_backends
start_scripted_dns
zone "old.lan A 127.1.0.1" "slow.lan late 3 A 127.1.0.2"
start_amba "$FRONT" "old.lan:$PORT"
eventually 10 answered_by 127.1.0.1

# applies CODE TABLE...: what reconfigure --wait says is in $SAID
applies() {
    local wanted=$1 code=0
    shift
    SAID=$(for_at_most 20 "$AMBA" reconfigure --wait=10s "$@" 2>&1) || code=$?
    equal "$wanted" "$code" "exit code of reconfigure --wait $*"
}
says() { grep -q -- "$1" <<<"$SAID" || fail "expected '$1' in '$SAID'"; }

applies 3 "$FRONT" resolve=1s "slow.lan:$PORT"
says "frontend $FRONT keeps its old backends until slow.lan:$PORT resolves"
until answered_by 127.1.0.2; do answered_by 127.1.0.1 || answered_by 127.1.0.2 || fail "refused"; done
eventually 5 logged "its new backends take over"
say "a name server that is slow: the old backends serve until it answers"

applies 3 "$FRONT" resolve=1s "typo.lan:$PORT"
says "unresolved so far: typo.lan:$PORT"
applies 3 "$FRONT" resolve=1s "typo2.lan:$PORT" "typo.lan:$PORT" "127.1.0.9:$PORT" weight=0
says "keeps its old backends until typo2.lan:$PORT or typo.lan:$PORT resolves"
equal 127.1.0.2 "$(who)" "the backend while no new one resolves"
"$AMBA" status | grep -q "keeps its old backends until typo2.lan" || fail "status says nothing of it"
grep -q '"until"' "$AMBA_DIR/verdict.json" || fail "verdict.json says nothing of it"
# The old name is looked after meanwhile.
zone "slow.lan A 127.1.0.3"
eventually 10 answered_by 127.1.0.3
zone "slow.lan A 127.1.0.3" "typo.lan A 127.1.0.4"
eventually 15 answered_by 127.1.0.4
say "names that do not resolve, twice in a row: the old backends serve, and their names are followed"

applies 3 "$FRONT" resolve=1s "typo3.lan:$PORT"
applies 0 "$FRONT" resolve=1s "typo.lan:$PORT"
equal 127.1.0.4 "$(who)" "the backend after a swap back"
applies 3 "$FRONT" resolve=1s "typo3.lan:$PORT" "127.1.0.5:$PORT"
equal 127.1.0.5 "$(who)" "the backend when one of the new ones is there"
applies 0 "127.127.0.3:$PORT" "127.1.0.6:$PORT"
applies 3 "$FRONT" resolve=1s "typo3.lan:$PORT"
nobody_answers || fail "a frontend that is new has a backend"
logged "resets connections: typo3.lan:$PORT does not resolve: Domain name not found" ||
    fail "the reason of the refusals is not in the log"
say "a swap back, one of several that is there, a frontend that had left, and why it refuses"
