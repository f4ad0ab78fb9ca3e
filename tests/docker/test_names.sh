# shellcheck shell=bash
# Names: Docker's DNS, and a namespace whose /etc/hosts says that redis is the ambassador.

test_dns_all_addresses_of_a_name() {
    network net
    redis one --network "$(name net)" --network-alias backend
    redis two --network "$(name net)" --network-alias backend
    client client --network "$(name net)"
    sidecar amba client -- run 127.127.0.2:6379 backend:6379
    eventually 10 answers one client 127.127.0.2
    eventually 10 answers two client 127.127.0.2
}

test_dns_name_that_appears_later() {
    network net
    client client --network "$(name net)"
    sidecar amba client -- run 127.127.0.2:6379 resolve=1s backend:6379
    eventually 10 ready amba
    redis late --network "$(name net)" --network-alias backend
    eventually 15 answers late client 127.127.0.2
}

test_dns_backend_that_moves() {
    network net
    redis old --network "$(name net)" --network-alias backend
    client client --network "$(name net)"
    sidecar amba client -- run 127.127.0.2:6379 resolve=1s backend:6379
    eventually 10 answers old client 127.127.0.2
    redis new --network "$(name net)"
    docker network disconnect "$(name net)" "$(name new)"
    docker rm -fv "$(name old)" >/dev/null
    docker network connect --alias backend "$(name net)" "$(name new)"
    eventually 15 answers new client 127.127.0.2
}

# /etc/hosts comes from the Engine's --add-host; there is no DNS on the default bridge.
test_hosts_file_is_read() {
    redis redis
    client client --add-host "backend:$(address redis)"
    sidecar amba client -- run 127.127.0.2:6379 backend:6379
    eventually 10 answers redis client 127.127.0.2
}

test_never_to_itself() {
    network net
    redis redis --network "$(name net)" --network-alias redis
    client client --network "$(name net)" --add-host redis:127.127.0.2
    contains "$(docker exec "$(name client)" getent hosts redis)" "127\.127\.0\.2" \
        "redis in the client's hosts file"
    sidecar amba client -- run 127.127.0.2:6379 redis:6379
    eventually 10 answers redis client redis
    local before after
    before=$(status amba client '.frontends[0].connections_total')
    answers redis client redis
    after=$(status amba client '.frontends[0].connections_total')
    equal 1 "$((after - before))" "connections for one request"
    equal "$(address redis):6379" \
        "$(status amba client '[.frontends[].backends[].address] | join(" ")')" "every backend"
}

# With nobody behind the name in DNS there is no backend: a reset, not a loop.
test_never_to_itself_without_a_real_one() {
    network net
    client client --network "$(name net)" --add-host redis:127.127.0.2
    sidecar amba client -- run 127.127.0.2:6379 redis:6379
    eventually 10 ready amba
    # Bash connects once; redis-cli tries a second time when the reset is there before its request.
    exits 1 docker exec "$(name client)" timeout 5 bash -c 'cat </dev/tcp/redis/6379'
    contains "$SAID" "Connection reset by peer" "what the client sees"
    equal 1 "$(status amba client '.frontends[0].connections_total')" "connections"
}

test_itself_as_a_literal_is_an_error() {
    exits 2 docker run --rm --label "$LABEL" "$IMAGE" run 127.127.0.2:6379 127.127.0.2:6379
    contains "$SAID" "127\.127\.0\.2:6379" "the message"
}

# Compose scales a service, and Docker's DNS says so, with a TTL of 600 seconds. What else it needs is
# in test_compose.sh.
scale() { in_project up -d --scale "backend=$1"; }

# The ambassador has the addresses of the service's containers, and those alone.
follows() {
    local ids wanted got
    mapfile -t ids < <(in_project ps -q backend)
    equal "$1" "${#ids[@]}" "number of containers"
    wanted=$(docker inspect \
        -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}:6379{{end}}' "${ids[@]}" | sort | xargs)
    got=$(in_project exec -T amba amba status --json | in_project exec -T client jq -r \
        '.frontends[0].backends[] | select(.state != "leaving") | .address' | sort | xargs)
    equal "$wanted" "$got" "the backends"
}

# Each of so many servers answers, and nobody else.
all_answer() {
    local servers
    servers=$(for _ in $(seq $((2 * $1))); do run_id amba; done | sort -u | wc -l)
    equal "$1" "$servers" "number of servers that answer"
}

test_dns_compose_up_scale() {
    PROJECT=$(name scale | tr -d .)
    FILE=$CACHE/scale.yml
    cat >"$FILE" <<YAML
services:
  amba:
    image: $IMAGE
    command: 6379 resolve=1s backend:6379
  client:
    image: $TOOLS
    command: sleep infinity
  backend:
    image: $TOOLS
YAML
    trap down EXIT
    local servers
    for servers in 1 3 1; do
        scale "$servers"
        eventually 15 follows "$servers"
        all_answer "$servers"
    done
}
