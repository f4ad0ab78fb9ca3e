# shellcheck shell=bash
# Upgrades on a real Engine, as README says. The next image is the same one by another name.

NEXT_IMAGE=amba:test-next

# traffic CLIENT: a connection for each request, one after the other, until traffic_ends
traffic() {
    docker exec -d "$(name "$1")" sh -c '
        n=0 failed=0
        while [ ! -e /stop ]; do
            n=$((n + 1))
            [ "$(redis-cli -h 127.127.0.2 ping 2>&1)" = PONG ] || failed=$((failed + 1))
        done
        echo "$n $failed" >/traffic.next; mv /traffic.next /traffic'
}

traffic_ends() {
    local counts
    docker exec "$(name "$1")" touch /stop
    eventually 10 docker exec "$(name "$1")" test -e /traffic
    counts=$(docker exec "$(name "$1")" cat /traffic)
    echo "requests, and those that failed: $counts"
    equal 0 "${counts#* }" "failed requests"
    [ "${counts% *}" -gt 20 ] || fail "more than ${counts% *} requests"
}

starts() { docker inspect -f '{{.RestartCount}}' "$1"; }

serves_in_place() { contains "$(docker logs "$1" 2>&1)" " takeover: done" "the log of the next one"; }

test_takeover_by_docker() {
    redis one
    redis two
    client client
    docker tag "$IMAGE" "$NEXT_IMAGE"
    sidecar amba client --restart always -- run 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 answers one client 127.127.0.2
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address two)" 6379
    docker exec -d "$(name client)" sh -c \
        'echo $$ >/subscriber; exec redis-cli -h 127.127.0.2 subscribe news'
    traffic client
    docker update --restart=no "$(name amba)" >/dev/null
    start next --network "container:$(name client)" --volumes-from "$(name amba)" --restart always \
        "$NEXT_IMAGE" run --takeover 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 serves_in_place "$(name next)"
    answers two client 127.127.0.2 || fail "the table that served to serve"
    equal running "$(docker inspect -f '{{.State.Status}}' "$(name amba)")" "one with a connection"
    docker exec "$(name client)" sh -c 'kill $(cat /subscriber)'
    equal 0 "$(docker wait "$(name amba)")" "the exit code of the old one"
    traffic_ends client
    docker rm -v "$(name amba)" >/dev/null
    # Its volume is the next one's now, and a restart begins there.
    helper next reconfigure --wait 127.127.0.2:6379 "$(address one)" 6379
    docker restart "$(name next)" >/dev/null
    eventually 10 answers one client 127.127.0.2
    docker exec "$(name next)" amba healthcheck
}

# Who has handed over is started again by its restart policy. It does not take over again.
test_takeover_and_a_restart_policy() {
    redis redis
    client client
    local options=(--restart always -e AMBA_TAKEOVER=1)
    sidecar amba client "${options[@]}" -- run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    traffic client
    start next --network "container:$(name client)" --volumes-from "$(name amba)" "${options[@]}" \
        "$IMAGE" run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 serves_in_place "$(name next)"
    restarted() { [ "$(starts "$(name amba)")" -ge 2 ]; }
    eventually 15 restarted
    contains "$(logs amba)" "this container has handed over to another one" "the log of the old one"
    equal 0 "$(starts "$(name next)")" "restarts of the next one"
    docker rm -f "$(name amba)" >/dev/null
    answers redis client 127.127.0.2 || fail "the next one to serve"
    traffic_ends client
}

test_takeover_by_compose() {
    redis redis
    client client
    PROJECT=$(name takeover)
    FILE=$CACHE/takeover.yml
    trap down EXIT
    compose_file "$IMAGE"
    in_project up -d
    eventually 10 answers redis client 127.127.0.2
    docker tag "$IMAGE" "$NEXT_IMAGE"
    traffic client
    compose_file "$NEXT_IMAGE"
    local old
    old=$(in_project ps -q amba)
    docker update --restart=no "$old" >/dev/null
    in_project up -d --no-deps --no-recreate --scale amba=2 amba
    equal 0 "$(timeout 60 docker wait "$old")" "the exit code of the old one"
    docker rm "$old" >/dev/null
    in_project up -d --no-deps --no-recreate amba
    local now
    now=$(in_project ps -q amba)
    equal 1 "$(wc -w <<<"$now")" "ambassadors"
    equal "$NEXT_IMAGE" "$(docker inspect -f '{{.Config.Image}}' "$now")" "the image that serves"
    serves_in_place "$now"
    traffic_ends client
    # A later `up` finds that all is as the file says.
    in_project up -d
    equal "$now" "$(in_project ps -q amba)" "the container"
    answers redis client 127.127.0.2 || fail "it to serve"
}

compose_file() {
    cat >"$FILE" <<YAML
version: "2.4"
services:
  amba:
    image: $1
    command: run 127.127.0.2:6379 $(address redis) 6379
    environment: {AMBA_TAKEOVER: "1"}
    restart: always
    network_mode: container:$(name client)
    volumes: ["amba:/run/amba"]
volumes:
  amba: {}
YAML
}

test_volume_with_a_name_keeps_the_table() {
    redis one
    redis two
    client client
    volume state
    local mount=(-v "$(name state):/run/amba")
    sidecar amba client "${mount[@]}" -- run
    eventually 10 ready amba
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address two)" 6379
    docker rm -f "$(name amba)" >/dev/null
    sidecar amba client "${mount[@]}" -- run
    eventually 10 answers two client 127.127.0.2
}
