#!/usr/bin/env bash
# The Docker tests: the real image on a real Engine.
#
#   tests/docker/run.sh              all of them
#   tests/docker/run.sh NAME...      those whose name contains one of the words
#   tests/docker/run.sh --list       their names
#
# Long counts, test_full_*, run with AMBA_FULL in the environment, or when they are named.
#
# The image is built from the sources; AMBA_IMAGE_BINARY=build/release/amba puts that (static)
# binary into it instead, which takes a second; AMBA_FLEET_BINARY is the same for the fleet's image.
# AMBA_BUILD_FLAGS goes to every `docker build`
# (`--network host`, a proxy). An Engine that this run started is ended with it, and everything
# that the tests made is removed.
# shellcheck disable=SC1090,SC1091,SC2034
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
for file in "$HERE"/test_*.sh; do . "$file"; done

# Those called test_full_* are long counts: with AMBA_FULL, or when they are named.
names() {
    declare -F | awk -v full="${AMBA_FULL:-}${*}" \
        '$3 ~ /^test_/ && (full != "" || $3 !~ /^test_full_/) {print substr($3, 6)}'
}

build() {
    # shellcheck disable=SC2086  # several words on purpose
    DOCKER_BUILDKIT=0 docker build --force-rm ${AMBA_BUILD_FLAGS:-} "$@" >"$CACHE/build.log" 2>&1 \
        || die "docker build failed; the end of $CACHE/build.log:"$'\n'"$(tail -n 40 "$CACHE/build.log")"
}

# build_once NAME DIRECTORY: tagged by what it is made of, so that it is made anew only when that
# changes.
build_once() {
    local tag
    tag=$1:$(sha256sum "$2/Dockerfile" | cut -c1-12)
    docker image inspect "$tag" >/dev/null 2>&1 || build -t "$tag" "$2"
    docker tag "$tag" "$1"
}

# The stage before the last gets a tag as well: it keeps the layers that the next build starts
# from, while those of older sources go.
build_amba() {
    if [ -z "${AMBA_IMAGE_BINARY:-}" ]; then
        build_from_source --target files -t amba-build
        build_from_source -t "$IMAGE" --label amba.stage=tested
        docker image prune -f --filter label=amba.stage >/dev/null
    else
        build_around "$AMBA_IMAGE_BINARY" "$ROOT/docker/Dockerfile" build/release "$IMAGE"
    fi
    docker tag "$IMAGE" amba
}

build_from_source() {
    build "$@" --build-arg AMBA_COMMIT=docker-tests -f "$ROOT/docker/Dockerfile" "$ROOT"
}

# The same stages from `files` on; only the one that compiles is replaced.
build_around() {
    local binary=$1 dockerfile=$2 place=$3 tag=$4 dir=$CACHE/image
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$binary" "$dir/amba"
    {
        printf 'FROM %s AS build\nLABEL amba.stage=build\nWORKDIR /src\n' "$TOOLS"
        printf 'COPY amba %s/amba\n' "$place"
        sed -n '/^FROM build AS files/,$p' "$dockerfile"
    } >"$dir/Dockerfile"
    build -t "$tag" --label amba.stage=tested "$dir"
}

build_fleet() {
    if [ -z "${AMBA_FLEET_BINARY:-}" ]; then
        build -t amba:fleet --build-arg AMBA_COMMIT=docker-tests -f "$ROOT/docker/fleet.Dockerfile" \
            "$ROOT"
    else
        build_around "$AMBA_FLEET_BINARY" "$ROOT/docker/fleet.Dockerfile" build/fleet amba:fleet
    fi
}

# lend IMAGE OURS: what the examples name. Where the Engine has none, ours stands in for the time of
# the tests.
LENT=()
lend() {
    ! docker image inspect "$1" >/dev/null 2>&1 || return 0
    docker tag "$2" "$1"
    LENT+=("$1")
}

finish() {
    remove_all
    "$HERE/second_engine.sh" remove
    [ ${#LENT[@]} = 0 ] || docker rmi "${LENT[@]}" >/dev/null 2>&1 || true
    [ -z "${AMBA_ENGINE_STARTED:-}" ] || "$HERE/engine.sh" stop
}

container_logs() {
    local id
    for id in $(docker ps -aq --filter "label=$LABEL"); do
        echo "--- $(docker inspect -f '{{.Name}} {{.State.Status}} {{.State.ExitCode}}' "$id")"
        docker logs --tail 40 "$id" 2>&1
    done
}

run_one() {
    set -E
    trap 'echo "$(basename "${BASH_SOURCE[0]}"):$LINENO: failed: $BASH_COMMAND" >&2' ERR
    TEST=$1 # names what the test makes
    "test_$1"
}

# One test in a shell of its own, where `set -e` holds throughout.
run_test() {
    local log=$CACHE/test_$1.log begin
    begin=$(milliseconds)
    if bash "$HERE/run.sh" --one "$1" >"$log" 2>&1; then
        echo "ok $1 ($(($(milliseconds) - begin)) ms)"
        remove_all
        return 0
    fi
    container_logs >>"$log" 2>&1
    remove_all
    echo "FAIL $1"
    sed 's/^/    /' "$log"
    return 1
}

wanted() {
    local word
    [ $# -gt 1 ] || return 0
    for word in "${@:2}"; do [[ $1 != *$word* ]] || return 0; done
    return 1
}

main() {
    local test engine passed=0 failed=0
    mkdir -p "$CACHE"
    exec 9>"$CACHE/lock"
    flock -w 600 9 || die "another run of the Docker tests does not end"
    engine=$("$HERE/engine.sh")
    eval "$engine"
    trap finish EXIT
    trap 'exit 130' INT TERM
    remove_all
    "$HERE/base_image.sh"
    build_once "$TOOLS" "$HERE/tools"
    build_once "$PROMETHEUS" "$HERE/prometheus"
    build_once "$REGISTRY" "$HERE/registry"
    build_amba
    build_fleet
    lend redis:7 "$TOOLS"
    lend busybox:1 "$TOOLS"
    lend prom/prometheus "$PROMETHEUS"
    for test in $(names "$@"); do
        wanted "$test" "$@" || continue
        if run_test "$test"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    echo "docker: $passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

case ${1:-} in
    --list) names ;;
    --one) run_one "$2" ;;
    *) main "$@" ;;
esac
