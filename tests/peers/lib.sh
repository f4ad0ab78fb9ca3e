# shellcheck shell=bash disable=SC2034
# What the tests against real peers share. Sourced, never run.
#
# A test starts real servers on free ports of the loopback interface, one ambassador before them, and
# a real client. Whatever it started is ended with it, by its process id alone. Missing programs are
# an error that names them: tests/run.sh deps installs them.
#
#   AMBA_BIN    the program under test; build/release/amba otherwise
#   AMBA_FULL   1: the long counts

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
AMBA=${AMBA_BIN:-${AMBA_BUILT:-$ROOT/build/release/amba}}
FULL=${AMBA_FULL:-0}
[ "$FULL" = "" ] && FULL=0
BYTES=$ROOT/tests/peers/bytes.py
LEAST_TIMEOUT=60  # seconds: whatever is waited for gets at least this
BASELINE=""   # what a test has measured, for a failure to say first
HOST=127.127.0.2  # where the ambassador listens
PIDS=()
TMP=$(mktemp -d /tmp/amba-peers.XXXXXX)
chmod 755 "$TMP"
export AMBA_DIR=$TMP/volume
mkdir "$AMBA_DIR"

end_all() {
    local code=$? pid
    trap - EXIT
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do
        for _ in {1..200}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [ "$code" != 0 ] && [ -f "$TMP/amba.log" ]; then
        echo "the ambassador's last lines:"
        tail -n 20 "$TMP/amba.log"
    fi >&2
    rm -rf "$TMP"
    exit "$code"
}
trap end_all EXIT
trap 'exit 130' INT TERM

say() { echo "$(basename "$0" .sh): $*"; }

fail() {
    [ "$BASELINE" = "" ] || echo "$(basename "$0" .sh): $BASELINE" >&2
    echo "$(basename "$0" .sh): FAILED: $*" >&2
    exit 1
}

# need PROGRAM...
need() {
    local program missing=()
    for program in "$@"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    [ ${#missing[@]} = 0 ] || fail "not installed: ${missing[*]}; run tests/run.sh deps"
    [ -x "$AMBA" ] || fail "no program $AMBA; build it or set AMBA_BIN"
}

# equal EXPECTED ACTUAL WHAT
equal() { [ "$1" = "$2" ] || fail "expected $3 '$1', got '$2'"; }

# at_least SECONDS: but no less than LEAST_TIMEOUT
at_least() { echo $(($1 > LEAST_TIMEOUT ? $1 : LEAST_TIMEOUT)); }

# eventually SECONDS COMMAND...: until it succeeds, for SECONDS where the machine is quick and idle, and
# for LEAST_TIMEOUT in any case: what succeeds returns then, and what fails may take its time
eventually() {
    local deadline=$((SECONDS + $(at_least "$1"))) said=""
    shift
    until said=$("$@" 2>&1); do
        [ "$SECONDS" -lt "$deadline" ] || fail "not in time: $*: $said"
        sleep 0.1
    done
}

# for_at_most SECONDS COMMAND...: a client that hangs is ended, after LEAST_TIMEOUT at the earliest
for_at_most() { timeout --kill-after=10 "$(at_least "$1")" "${@:2}"; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("0.0.0.0", 0)); print(s.getsockname()[1])'
}

# is_open HOST PORT
is_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# start NAME COMMAND...: in the background; what it says goes to $TMP/NAME.log, its id to $PID
start() {
    local name=$1
    shift
    "$@" >>"$TMP/$name.log" 2>&1 &
    PID=$!
    PIDS+=("$PID")
}

# start_amba TABLE...
start_amba() {
    start amba "$AMBA" run "$@"
    AMBA_PID=$PID
    eventually 10 "$AMBA" healthcheck
    # "waiting for a table" is healthy as well
    if [ $# -gt 0 ]; then eventually 5 grep -q ' applied: ' "$TMP/amba.log"; fi
}

# A name that does not resolve yet (3) is not what the tests look at here.
reconfigure() { for_at_most 90 "$AMBA" reconfigure --wait=60s "$@" >/dev/null || [ $? = 3 ]; }

# Resident memory of the ambassador in KiB.
amba_anonymous() { awk '/^RssAnon:/ {print $2}' "/proc/$AMBA_PID/status"; }

milliseconds() { date +%s%3N; }
