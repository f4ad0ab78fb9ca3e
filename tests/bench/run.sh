#!/usr/bin/env bash
# The benchmark: amba, HAProxy, nginx and no proxy at all, one after the other, round after round,
# over loopback in a network namespace of its own; the proxy on CPU 0, the load on CPU 1.
#
#   tests/bench/run.sh [PEER...] [OPTIONS of bench.py]
#   tests/bench/run.sh --scrape [ROUNDS]   what it costs to be looked at (scrape.py)
#
# Prints a table of medians with their spread and the ratios to HAProxy and to a direct connection;
# build/bench/bench.json and bench.svg have the same. Says so, and reports nothing, when the machine
# was too noisy. Needs root (a namespace, other users' processes); Debian and Ubuntu, by apt.
#
#   AMBA_BENCH_DOCKER=0   without `docker stats`, which starts an Engine
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PEERS=(haproxy nginx-light libnginx-mod-stream redis-server redis-tools iproute2 procps)

if [ "${1-}" = --inside ]; then
    shift
    ip link set lo up
    sysctl -qw net.ipv4.ip_local_port_range="1024 65535" net.ipv4.tcp_tw_reuse=1
    [ "${1-}" = --scrape ] && exec python3 tests/bench/scrape.py "${@:2}"
    exec python3 tests/bench/bench.py "$@"
fi

[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$@"
tests/run.sh deps
for package in "${PEERS[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' && continue
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${PEERS[@]}" >/dev/null
    break
done
cmake --preset release -DAMBA_TESTS=ON >/dev/null
cmake --build --preset release --target amba bench_load bench_start
ulimit -n "$(ulimit -Hn)"
weight=()
if [ "${AMBA_BENCH_DOCKER-1}" = 1 ] && [[ " $* " != *" --only "* ]] && [ "${1-}" != --scrape ]; then
    AMBA_IMAGE_BINARY=$PWD/build/release/amba tests/docker/run.sh weight >&2 || true
    weight=(--docker "${AMBA_TEST_CACHE:-$HOME/.cache/amba-tests}/weight.json")
fi
exec unshare -n "$0" --inside "${weight[@]}" "$@"
