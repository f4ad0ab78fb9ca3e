#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test through ctest.
#
#   tests/run.sh         every promise once; 20 minutes at most
#   tests/run.sh unit    all unit tests after an incremental build, in a minute
#   tests/run.sh full    the long counts, the sanitizers over everything, clang-tidy; an hour at
#                        most
#   tests/run.sh deps    installs what is missing and nothing more; `deps build` what building and
#                        the quickstart need
#   tests/run.sh fuzz [SECONDS]   libFuzzer on the parsers, by hand; 60 s each
#   tests/run.sh soak [SECONDS]   random tables under random clients, by hand; an hour
#
# The first failure ends the run and is the last thing on the screen, its cause the very last line.
# No test is judged by its time. Debian and Ubuntu, by apt.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILD_PACKAGES=(g++ cmake ninja-build ccache git libboost1.81-dev libboost-url1.81-dev nlohmann-json3-dev
    libspdlog-dev libfmt-dev libcli11-dev libc-ares-dev libmd-dev libyaml-cpp-dev libssl-dev)
UNIT_PACKAGES=(libgtest-dev libgmock-dev)
TEST_PACKAGES=("${UNIT_PACKAGES[@]}" clang-format python3 python3-clang python3-jsonschema
    redis-server redis-tools postgresql postgresql-contrib mariadb-server pgbouncer nginx-light
    patch curl iperf3 dnsmasq-base iproute2 iptables jq procps util-linux strace valgrind prometheus
    chromium chromium-driver python3-selenium fonts-dejavu-core
    docker.io docker-compose debootstrap ca-certificates openssl)

# A compiler cache, where there is one, serves clones in other directories too.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

say() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# deps PACKAGE...: installs those that are missing.
deps() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${missing[*]}"
    # Packages must not start their servers: tests start their own.
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [TARGET...]: configures and builds, all targets when none is named.
build() {
    say "building $*"
    cmake --preset "$1" -DAMBA_TESTS=ON >/dev/null
    cmake --build --preset "$1" ${2:+--target "${@:2}"}
}

# check PRESET CTEST-ARGUMENT...: in CI a test that is skipped is a failure.
check() {
    local preset=$1 log=build/$1/check.log
    shift
    if ! AMBA_BIN="$PWD/build/$preset/amba" ctest --test-dir "build/$preset" --output-on-failure \
        --stop-on-failure --no-tests=error -j "${JOBS-2}" "$@" | tee "$log"; then
        tests/first_failure.py "build/$preset/Testing/Temporary"
        return 1
    fi
    if [ "${CI-}" = true ] && grep -F '***Skipped' "$log"; then
        echo "skipped in CI, where every test is to run"
        return 1
    fi
}

# The unit tests of both programs' rooms, in one build.
run_unit() {
    deps "${BUILD_PACKAGES[@]}" "${UNIT_PACKAGES[@]}"
    build debug-fleet unit_tests
    check debug-fleet -L 'unit|fleet' -LE program
}

run_quick() {
    build release amba swap_under_load reconfigure_latency takeover_under_load bench_load ask
    say "the house, load, real peers, budgets"
    check release -L 'house|load|peers|budget'
    build asan unit_and_e2e chaos
    say "unit, end to end and chaos, under AddressSanitizer and UBSan"
    check asan -L 'unit|e2e|chaos'
    build fleet amba unit_fleet_rooms
    say "the rooms of the fleet"
    check fleet -L fleet
    say "a real Docker Engine, with the programs that were built"
    AMBA_IMAGE_BINARY=$PWD/build/release/amba AMBA_FLEET_BINARY=$PWD/build/fleet/amba \
        check release -L docker
}

# Most of the long counts wait more than they compute: four at a time.
run_full() {
    export AMBA_FULL=1
    local JOBS=4 tidy
    deps clang-tidy
    build release
    build asan
    say "everything, with the long counts"
    check release -LE docker
    say "everything under AddressSanitizer and UBSan"
    check asan -LE 'docker|house'
    build asan-fleet unit_fleet_rooms
    say "the rooms of the fleet under AddressSanitizer and UBSan"
    check asan-fleet -L fleet
    say "clang-tidy; beside it a real Docker Engine, with the images built from source"
    tests/house/tidy.py build/asan-fleet >build/tidy.log 2>&1 &
    tidy=$!
    trap 'kill "$tidy" 2>/dev/null || true' EXIT
    check release -L docker
    trap - EXIT
    wait "$tidy" || {
        cat build/tidy.log
        return 1
    }
}

run_soak() {
    deps "${BUILD_PACKAGES[@]}"
    build asan amba chaos
    build/asan/chaos --amba build/asan/amba --seconds "$1"
}

run_fuzz() {
    deps "${BUILD_PACKAGES[@]}" clang libclang-rt-14-dev
    cmake --preset fuzz >/dev/null
    cmake --build --preset fuzz --target fuzz_config_json fuzz_words
    local target
    for target in config_json words; do
        say "fuzzing $target for $1 s"
        mkdir -p "build/fuzz/corpus_$target"
        [ "$target" != config_json ] ||
            cp -n tests/config/*/*.json "build/fuzz/corpus_$target/" 2>/dev/null || true
        "build/fuzz/fuzz_$target" -max_total_time="$1" -timeout=10 -print_final_stats=0 \
            "build/fuzz/corpus_$target"
    done
}

case "${1-quick}" in
    unit)
        run_unit
        say "all passed"
        ;;
    fuzz) run_fuzz "${2-60}" ;;
    soak) run_soak "${2-3600}" ;;
    deps)
        [ "${2-}" = build ] && TEST_PACKAGES=(redis-server redis-tools)
        deps "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
        ;;
    quick | full)
        deps "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
        "run_${1-quick}"
        say "all passed"
        ;;
    *)
        sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
