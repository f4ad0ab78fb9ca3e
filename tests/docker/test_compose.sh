# shellcheck shell=bash
# The Compose files of examples/compose, as they are.

# up FILE [OPTIONS]: an example as a project of this test's own; what is in $OVERRIDE is put over it
up() {
    PROJECT=$(name "$1" | tr -d .)
    FILE=$ROOT/examples/compose/$1
    trap down EXIT
    in_project up -d "${@:2}"
}

# down [OPTIONS]. Killed first: a `sleep` as PID 1 lets the Engine wait ten seconds.
down() {
    in_project logs --no-color
    in_project kill >/dev/null 2>&1
    in_project down -v --remove-orphans "$@" >/dev/null 2>&1
}

in_project() { compose -p "$PROJECT" -f "$FILE" ${OVERRIDE:+-f "$OVERRIDE"} "$@"; }

run_id() {
    in_project exec -T client timeout 5 redis-cli -h "$1" info server | tr -d '\r' \
        | sed -n 's/^run_id://p'
}

# differs FROM HOST: another server answers than FROM
differs() {
    local id
    id=$(run_id "$2")
    [ -n "$id" ] && [ "$id" != "$1" ]
}

pongs() { equal PONG "$(in_project exec -T client redis-cli -h "$1" ping | tr -d '\r')" "the answer"; }

test_compose_load_balancer() {
    up load-balancer.yml
    eventually 15 pongs redis
    eventually 10 differs "$(run_id redis)" redis
}

# The list, and the whole command as one string.
test_compose_remote_ambassador() {
    network far
    redis server --network "$(name far)"
    REDIS_HOST=$(address server) CACHE_HOST=$(address server)
    export REDIS_HOST CACHE_HOST
    up remote-ambassador.yml
    local service
    for service in redis cache; do
        docker network connect "$(name far)" "$(in_project ps -q "$service")"
        eventually 15 pongs "$service"
    done
}

test_compose_remote_ambassador_by_name() {
    REDIS_HOST=$(name server) CACHE_HOST=$(name server)
    export REDIS_HOST CACHE_HOST
    up remote-ambassador.yml
    redis server --network "${PROJECT}_default"
    eventually 20 pongs redis
    eventually 20 pongs cache
    docker rm -fv "$(name server)" >/dev/null   # so that the project's network can go
}

test_compose_sidecar() {
    up sidecar.yml
    local said
    eventually 10 in_project exec -T amba amba healthcheck
    said=$(in_project exec -T client redis-cli -h redis ping 2>&1) || true
    contains "$said" "Connection refused" "what the client sees before there is a table"
    in_project run --rm configure
    pongs redis
    in_project run --rm configure reconfigure --wait 127.127.0.2:6379 redis:6379 spare:6379
    eventually 10 differs "$(run_id redis)" redis
    in_project restart amba
    eventually 10 pongs redis
}

started() { date -d "$(docker inspect -f '{{.State.StartedAt}}' "$(in_project ps -q "$1")")" +%s%3N; }

# The server needs longer than the first check, after five seconds: the application waits for the
# second one, and its only command succeeds.
test_compose_wait_for_ready() {
    OVERRIDE=$CACHE/slow.yml
    cat >"$OVERRIDE" <<'YAML'
services:
  redis:
    command: ["sh", "-c", "sleep 7; exec redis-server --protected-mode no --save ''"]
YAML
    # Without its server it is live and not ready.
    up wait-for-ready.yml --no-deps amba
    eventually 10 in_project exec -T amba amba healthcheck
    exits 1 in_project exec -T amba amba healthcheck --ready
    contains "$SAID" "no usable backend" "what the check says"
    in_project rm -fs amba

    local waited
    in_project up -d
    waited=$(($(started app) - $(started redis)))
    echo "the application started $waited ms after the server's container"
    [ "$waited" -ge 7000 ] || fail "the application to wait for 7000 ms, got $waited"
    equal yes "$(in_project exec -T app redis-cli -h redis get started | tr -d '\r')" "what it stored"
    in_project exec -T amba amba healthcheck --ready
}
