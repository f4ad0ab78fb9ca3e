#!/usr/bin/env bash
# amba in two minutes: builds it, starts two real Redis servers and one ambassador in front of them,
# and swaps the ambassador's table 100 times while redis-benchmark opens a new connection for every
# request. Ends with what happened, and leaves nothing behind, also on ^C.
#
# Debian and Ubuntu: what is missing is installed by apt.
set -euo pipefail
cd "$(dirname "$0")/.."

SWAPS=100
FRONT=127.127.0.2
AMBA=$PWD/build/release/amba

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

work=$(mktemp -d)
pids=()
clean_up() {
    local code=$?
    trap - EXIT
    touch "$work/stop"
    [ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# until_ready SECONDS COMMAND...: runs the command until it succeeds.
until_ready() {
    local tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "gave up on: $*" >&2; return 1; }
        sleep 0.05
    done
}

free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

start_redis() {
    redis-server --bind 127.0.0.1 --port "$1" --save '' --appendonly no --dir "$work" \
        >"$work/redis-$1.log" 2>&1 &
    pids+=($!)
    until_ready 10 redis-cli -p "$1" ping
}

# One batch after the other, a new connection for every request, until told to stop.
load() {
    local batches=0
    while [ ! -e "$work/stop" ]; do
        redis-benchmark -h $FRONT -p 6379 -c 50 -n 5000 -k 0 -t get --csv >"$work/batch" 2>&1 || {
            cat "$work/batch" >>"$work/errors"
        }
        grep -iE 'error|refused|reset|closed' "$work/batch" >>"$work/errors" || true
        batches=$((batches + 1))
        echo $((batches * 5000)) >"$work/requests"
    done
}

say "Installing what is missing, and building"
tests/run.sh deps build
cmake --preset release >/dev/null
cmake --build --preset release --target amba

say "Two Redis servers and one ambassador on $FRONT:6379"
one=$(free_port 7001)
start_redis "$one"
two=$(free_port $((one + 1)))
start_redis "$two"
export AMBA_DIR=$work/volume
"$AMBA" run >"$work/amba.log" 2>&1 &
pids+=($!)
until_ready 10 "$AMBA" healthcheck
"$AMBA" reconfigure --wait $FRONT:6379 127.0.0.1 "$one" "127.0.0.1:$two"
redis-cli -h $FRONT ping
redis-cli -h $FRONT config get port # each new connection goes to the next server
redis-cli -h $FRONT config get port
"$AMBA" status

say "$SWAPS swaps while redis-benchmark opens a connection for every request"
: >"$work/errors"
echo 0 >"$work/requests"
load &
load_pid=$!
for swap in $(seq $SWAPS); do
    case $((swap % 3)) in
        0) table=("127.0.0.1:$one" "127.0.0.1:$two") ;;
        1) table=("127.0.0.1:$two") ;;
        2) table=("127.0.0.1:$one" weight=3 "127.0.0.1:$two" weight=1) ;;
    esac
    before=$(date +%s%N)
    "$AMBA" reconfigure --wait $FRONT:6379 "${table[@]}" >/dev/null
    echo $((($(date +%s%N) - before) / 1000)) >>"$work/times"
done
touch "$work/stop"
wait "$load_pid"
"$AMBA" status

errors=$(wc -l <"$work/errors")
sort -n "$work/times" >"$work/sorted"
say "What happened"
echo "requests, each on a new connection   $(cat "$work/requests")"
echo "errors                               $errors"
echo "swaps                                $SWAPS"
echo "reconfigure until live, median       $(sed -n "$((SWAPS / 2))p" "$work/sorted") us"
echo "reconfigure until live, slowest      $(tail -n 1 "$work/sorted") us"
if [ "$errors" -gt 0 ]; then
    head "$work/errors"
    exit 1
fi

say "How to go on"
cat <<END
  build/release/amba run $FRONT:6379 HOST PORT     an ambassador of your own
  build/release/amba --help                         every command
  README.md                                         in Docker and Compose, and coming from hamba
  tests/run.sh                                      every promise, tested
END
