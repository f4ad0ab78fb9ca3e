# shellcheck shell=bash
# What the tests of the fleet share. Sourced by them, never run.
#
# The application of these tests: `web`, a client with redis-cli, and `redis`, servers that answer
# their own name to `get who`. The project has the test's name.

FLEET=amba:fleet

# The Engine's socket on this machine.
socket() { local host=${DOCKER_HOST:-unix:///var/run/docker.sock}; echo "${host#unix://}"; }

# Where there are several Engines: words for every verb, and what their container needs.
ENGINES=()
ENGINES_RUN=(--network none)

# The tool in its image, as its user, with the socket's group and the project's directory.
fleet() {
    docker run --rm -i --label "$LABEL" "${ENGINES_RUN[@]}" \
        --group-add "$(stat -c %g "$(socket)")" --user "$(fleet_user)" \
        -e COMPOSE_PROJECT_NAME="$PROJECT" -e AMBA_IMAGE="$IMAGE" \
        -v "$(socket):/var/run/docker.sock" -v "$DIR:$DIR" -w "$DIR" "$FLEET" \
        "$1" "${ENGINES[@]}" "${@:2}"
}

# Not root, and able to write what `link` writes into the project's directory.
fleet_user() { echo 65532:65532; }

# A real server that knows its own name. After SIGTERM it goes on for a second, so that it finishes
# what it has accepted; with HASTY it is gone at once.
SERVER='["sh", "-c", "redis-server --protected-mode no --save \"\" & [ -n \"$HASTY\" ] || trap \"sleep 1; kill $$!; wait; exit\" TERM; until redis-cli set who $$(hostname); do sleep 0.1; done; wait"]'

# project: its directory, with a Compose file of today that has links
project() {
    export HASTY=${HASTY-} # Compose puts it into the command
    PROJECT=$(name fleet)
    DIR=$CACHE/fleet.$TEST
    rm -rf "$DIR"
    mkdir -p "$DIR"
    chmod 777 "$DIR"
    trap fleet_down EXIT
    cat >"$DIR/links.yml" <<YAML
version: "3.8"
services:
  web:
    image: $TOOLS
    command: sleep infinity
    init: true
    links:
      - redis
  redis:
    image: $TOOLS
    command: $SERVER
    init: true
    expose: ["6379"]
YAML
}

in_fleet() { compose -p "$PROJECT" -f "$DIR/${FILE:-app.yml}" "$@"; }

fleet_down() {
    docker rm -fv "$(name controller)" >/dev/null 2>&1 || true # or it would put right what goes
    fleet delete >/dev/null 2>&1 || true
    docker ps -aq --filter "label=ambassador.project=$PROJECT" | xargs -r docker rm -fv >/dev/null
    in_fleet kill >/dev/null 2>&1 || true
    in_fleet down -v --remove-orphans >/dev/null 2>&1 || true
    docker volume ls -q --filter "label=ambassador.project=$PROJECT" | xargs -r docker volume rm \
        >/dev/null
    rm -rf "$DIR"
}

# in_web COMMAND...: in the first client
in_web() { in_fleet exec -T web "$@"; }

# Which of the servers answer, in 20 connections.
answering() {
    in_web sh -c 'for i in $(seq 20); do redis-cli -h redis get who; done' | tr -d '\r' | sort -u
}

count_answering() { [ "$(answering | wc -l)" = "$1" ]; }

controller() {
    start controller --group-add "$(stat -c %g "$(socket)")" --user "$(fleet_user)" \
        "${ENGINES_RUN[@]}" -v "$(socket):/var/run/docker.sock" "$FLEET" \
        controller "${ENGINES[@]}" --project "$PROJECT" --image "$IMAGE" "$@"
}

# tabled N: the first ambassador has N backends
tabled() {
    local id
    id=$(docker ps -q --filter "label=ambassador.project=$PROJECT" | head -n 1)
    [ "$(docker exec "$id" amba showconfig | grep -c '"address"')" = "$1" ]
}

ambassadors() { docker ps -q --filter "label=ambassador.project=$PROJECT" | wc -l; }
