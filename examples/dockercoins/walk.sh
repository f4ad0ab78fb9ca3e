#!/usr/bin/env bash
# DockerCoins step by step: one worker, ten workers, and then three rngs behind ambassadors.
#
#   examples/dockercoins/walk.sh [DIR]              draws DIR/speed.svg; DIR is this one by default
#   SECONDS_EACH=5 examples/dockercoins/walk.sh     measures for 5 s each instead of 15
#
# Every command that matters is shown as it is run, so that it can be repeated by hand. Needs the
# images `amba` and `amba:fleet`, Docker on this machine, and docker-compose or docker compose.
# Removes the containers it has started, also on ^C; their images stay, and so do the picture, its
# numbers (speed.csv) and the rewritten Compose file (ambassadors.yml).
set -euo pipefail
out=$(cd "${1:-$(dirname "$0")}" && pwd)
cd "$(dirname "$0")"

SECONDS_EACH=${SECONDS_EACH:-15}
FLEET=${AMBA_FLEET_IMAGE:-amba:fleet}
export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-dockercoins}
unset COMPOSE_FILE

die() { echo "walk.sh: $*" >&2; exit 1; }
step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

compose=(docker compose)
! command -v docker-compose >/dev/null || compose=(docker-compose)

# amba ARGUMENTS...: the fleet tool, which needs the Engine's socket and this directory. As the user
# who runs it, in the socket's group: what it writes is the user's, and the socket opens.
case ${DOCKER_HOST:-} in
    '') socket=/var/run/docker.sock ;;
    unix://*) socket=${DOCKER_HOST#unix://} ;;
    *) die "expected DOCKER_HOST to be unset or unix://PATH, it is $DOCKER_HOST" ;;
esac
[ -S "$socket" ] || die "expected the Engine's socket at $socket"
amba() {
    docker run --rm --user "$(id -u):$(id -g)" --group-add "$(stat -Lc %g "$socket")" \
        -v "$socket:/var/run/docker.sock" -v "$PWD:$PWD" -w "$PWD" -e COMPOSE_PROJECT_NAME \
        "$FLEET" "$@"
}

# measure LABEL: the webui's counts, once a second
measure() {
    echo "measuring for $SECONDS_EACH s"
    "${compose[@]}" exec -T webui python3 measure.py "$SECONDS_EACH" "$1" </dev/null \
        >>"$out/speed.csv"
}

# Docker 20.10 at times counts an endpoint of a container that is gone (moby/moby#42119), and keeps
# the network for it until it is started again. Nothing else stays then, and that is no failure.
down() {
    run "${compose[@]}" down -v && return
    local ours="label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
    [ -z "$(docker ps -aq --filter "$ours")" ] || return
    echo "Every container is removed; what is left is said above."
}

created=
clean_up() {
    local code=$?
    trap - EXIT
    step "Removing what is left"
    [ -z "$created" ] || amba delete || true
    down || true
    exit "$code"
}

for image in amba "$FLEET"; do
    docker image inspect "$image" >/dev/null 2>&1 \
        || die "expected an image $image; README tells how it is built"
done
[ -z "$("${compose[@]}" ps -q)" ] \
    || die "a project $COMPOSE_PROJECT_NAME is up; end it, or set COMPOSE_PROJECT_NAME"
trap clean_up EXIT
trap 'exit 130' INT TERM
: >"$out/speed.csv"

step "1. One worker"
run "${compose[@]}" build
run "${compose[@]}" up -d
echo "It can be watched at http://$("${compose[@]}" port webui 80)"
measure "1 worker, 1 rng"

step "2. Ten workers: not ten times as fast, as rng answers ten times a second and no more"
run "${compose[@]}" up -d --scale worker=10
measure "10 workers, 1 rng"

step "3. Ten workers and three rngs: each worker's links become addresses of ambassadors of its own"
cat <<END
   amba stands for: docker run --rm --user \$(id -u):\$(id -g) --group-add SOCKET'S-GROUP \\
       -v $socket:/var/run/docker.sock -v \$PWD:\$PWD -w \$PWD -e COMPOSE_PROJECT_NAME $FLEET
END
run amba link docker-compose.yml ambassadors.yml
diff -u docker-compose.yml ambassadors.yml || true
run "${compose[@]}" -f ambassadors.yml up -d --scale worker=10 --scale rng=3
created=1
run amba create
run amba configure
run amba ps
echo "It can be watched at http://$("${compose[@]}" port webui 80)"
measure "10 workers, 3 rngs behind ambassadors"

step "4. The picture"
"${compose[@]}" exec -T webui python3 picture.py <"$out/speed.csv" >"$out/speed.svg"
echo "$out/speed.svg"

step "5. The end"
run amba delete
created=
down
trap - EXIT
