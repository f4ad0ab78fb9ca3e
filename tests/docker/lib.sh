# shellcheck shell=bash disable=SC2034
# What the Docker tests share. Sourced, never run.
#
# A test is a function `test_*` in a file `test_*.sh`; run.sh starts each in a shell of its own
# with `set -e`, so that any command that fails fails the test. Everything a test makes carries
# the label amba-test, so that it can be removed whatever happened; nothing else is ever removed.

CACHE=${AMBA_TEST_CACHE:-${HOME:-/root}/.cache/amba-tests}
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LABEL=amba-test
IMAGE=amba:test
TOOLS=amba-test-tools
PROMETHEUS=amba-test-prometheus
REGISTRY=amba-test-registry

# The second Engine (second_engine.sh), beside this machine's.
SECOND_ADDRESS=198.18.213.2
FIRST_ADDRESS=198.18.213.1
SECOND_HOST=tcp://$SECOND_ADDRESS:2376
SECOND_CERTIFICATES=$CACHE/second/certificates

# second COMMAND...: one of this machine's programs, or functions, with the second Engine
second() {
    # Compose 1 would prefer the bundles, where there are such.
    DOCKER_HOST=$SECOND_HOST DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$SECOND_CERTIFICATES \
        REQUESTS_CA_BUNDLE='' CURL_CA_BUNDLE='' "$@"
}

# The distribution's client where there is one: it is of the same age as its Engine.
docker() {
    if [ -x /usr/bin/docker ]; then /usr/bin/docker "$@"; else command docker "$@"; fi
}

compose() {
    if command -v docker-compose >/dev/null; then docker-compose "$@"; else docker compose "$@"; fi
}

die() { echo "$*" >&2; exit 1; }

# debian_root SITE SUITE DIRECTORY DEBOOTSTRAP-OPTIONS...: a minimal system, through apt's own proxy
debian_root() {
    local http_proxy='' https_proxy=''
    eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
    export http_proxy https_proxy
    # By the script of unstable, which fits suites that this debootstrap has never heard of.
    debootstrap --variant=minbase "${@:4}" "$2" "$3" "$1" /usr/share/debootstrap/scripts/sid \
        >"$CACHE/debootstrap.log" 2>&1 \
        || die "debootstrap failed:"$'\n'"$(tail -n 20 "$CACHE/debootstrap.log")"
    rm -rf "$3"/var/cache/apt/archives/*.deb
}

# --- saying what is expected -------------------------------------------------------------------

fail() { echo "expected: $*" >&2; exit 1; }

# equal EXPECTED ACTUAL WHAT
equal() { [ "$1" = "$2" ] || fail "$3 to be '$1', is '$2'"; }

# contains TEXT PATTERN WHAT: PATTERN is an extended regular expression
contains() { grep -Eq -- "$2" <<<"$1" || fail "$3 to match '$2', is '$1'"; }

# exits CODE COMMAND...: what the command said goes to $SAID
exits() {
    local want=$1 got=0
    shift
    SAID=$("$@" 2>&1) || got=$?
    [ "$got" = "$want" ] || fail "exit code $want from '$*', got $got: $SAID"
}

# eventually SECONDS COMMAND...: until it succeeds, for SECONDS where the machine is quick and idle, and
# for two minutes in any case: what succeeds returns then
eventually() {
    local deadline=$((SECONDS + ($1 > 120 ? $1 : 120))) said
    shift
    until said=$("$@" 2>&1); do
        [ "$SECONDS" -lt "$deadline" ] || fail "'$*' to succeed in time; it said: $said"
        sleep 0.1
    done
}

milliseconds() { date +%s%3N; }

# --- containers --------------------------------------------------------------------------------

# The full name of this test's container, network or volume.
name() { echo "ambatest-$TEST-$1"; }

# start NAME DOCKER-RUN-ARGUMENTS...
start() {
    local short=$1
    shift
    docker run -d --label "$LABEL" --name "$(name "$short")" "$@" >/dev/null
}

network() { docker network create --label "$LABEL" "$(name "$1")" >/dev/null; }

volume() { docker volume create --label "$LABEL" "$(name "$1")" >/dev/null; }

client() { start "$1" "${@:2}" "$TOOLS" sleep infinity; }

# redis NAME [DOCKER-RUN-OPTIONS]: a real server that knows its name under the key `who`
redis() {
    start "$1" "${@:2}" "$TOOLS"
    eventually 10 docker exec "$(name "$1")" redis-cli set who "$1"
}

# sidecar NAME CLIENT [DOCKER-RUN-OPTIONS... --] [AMBA-ARGUMENTS]
sidecar() {
    local short=$1 owner=$2 options=()
    shift 2
    while [ $# -gt 0 ] && [[ " $* " == *" -- "* ]]; do
        if [ "$1" = -- ]; then shift; break; fi
        options+=("$1")
        shift
    done
    start "$short" --network "container:$(name "$owner")" "${options[@]}" "$IMAGE" "$@"
}

# helper SIDECAR AMBA-ARGUMENTS...: one run of amba that sees the sidecar's volume alone
helper() {
    docker run --rm --label "$LABEL" --volumes-from "$(name "$1")" "$IMAGE" "${@:2}"
}

address() {
    docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(name "$1")"
}

logs() { docker logs "$(name "$1")" 2>&1; }

# --- asking ------------------------------------------------------------------------------------

# who CLIENT HOST [PORT]: the name of the server that answers
who() { docker exec "$(name "$1")" timeout 5 redis-cli -h "$2" -p "${3:-6379}" get who; }

# answers NAME CLIENT HOST [PORT]
answers() { [ "$(who "${@:2}")" = "$1" ]; }

# refused CLIENT HOST [PORT]
refused() {
    local said
    said=$(docker exec "$(name "$1")" redis-cli -h "$2" -p "${3:-6379}" ping 2>&1) || true
    contains "$said" "Connection refused" "what the client sees at $2"
}

ready() { docker exec "$(name "$1")" amba healthcheck; }

# status SIDECAR CLIENT FILTER: `amba status --json` through the client's jq
status() {
    docker exec "$(name "$1")" amba status --json | docker exec -i "$(name "$2")" jq -r "$3"
}

# --- removing ----------------------------------------------------------------------------------

# The label is on what the tests start, the name on what Compose starts for them.
made_by_tests() {
    { "$@" --filter "label=$LABEL"; "$@" --filter name=ambatest-; } | sort -u
}

remove_all() {
    local ids
    mapfile -t ids < <(made_by_tests docker ps -aq)
    [ ${#ids[@]} = 0 ] || docker rm -fv "${ids[@]}" >/dev/null 2>&1 || true
    mapfile -t ids < <(made_by_tests docker network ls -q)
    [ ${#ids[@]} = 0 ] || docker network rm "${ids[@]}" >/dev/null 2>&1 || true
    mapfile -t ids < <(made_by_tests docker volume ls -q)
    [ ${#ids[@]} = 0 ] || docker volume rm -f "${ids[@]}" >/dev/null 2>&1 || true
}
