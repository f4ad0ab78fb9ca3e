# shellcheck shell=bash disable=SC1091
# The controller: what create and configure do, by the Engine's events.
. "$ROOT/tests/docker/fleet_lib.sh"

controlled() {
    project
    fleet link links.yml app.yml
    controller
    in_fleet up -d "$@"
    eventually 15 count_answering 1
}

test_fleet_controller_follows() {
    controlled
    equal 1 "$(ambassadors)" "ambassadors"
    in_fleet up -d --scale redis=3 --scale web=2
    eventually 5 count_answering 3
    eventually 5 equal_ambassadors 2
    # A sick server, here a paused one, is left out, and comes back.
    docker pause "$(in_fleet ps -q redis | head -n 1)" >/dev/null
    eventually 5 tabled 2
    docker unpause "$(in_fleet ps -q redis | head -n 1)" >/dev/null
    eventually 5 tabled 3
    # Each of them comes back when it is killed: an ambassador, its client, the controller.
    docker ps -q --filter "label=ambassador.project=$PROJECT" | xargs docker kill >/dev/null
    eventually 10 count_answering 3
    in_fleet restart -t 0 web
    eventually 10 count_answering 3
    docker kill "$(name controller)" >/dev/null
    in_fleet up -d --scale redis=1 --scale web=1
    docker start "$(name controller)" >/dev/null
    eventually 10 equal_ambassadors 1
    eventually 10 tabled 1
    count_answering 1
    docker stop "$(name controller)" >/dev/null
    equal 0 "$(docker inspect -f '{{.State.ExitCode}}' "$(name controller)")" "its exit code"
}

equal_ambassadors() { [ "$(ambassadors)" = "$1" ]; }

# Of two servers one is sick, by the Engine's own check.
test_full_fleet_controller_leaves_out_the_unhealthy() {
    project
    cat >>"$DIR/links.yml" <<'YAML'
    healthcheck:
      test: [CMD, test, "!", -e, /tmp/sick]
      interval: 1s
      retries: 1
YAML
    fleet link links.yml app.yml
    in_fleet up -d --scale redis=2
    controller
    eventually 15 count_answering 2
    in_fleet exec -T redis touch /tmp/sick
    eventually 5 tabled 1
    in_fleet exec -T redis rm /tmp/sick
    eventually 5 tabled 2
}

# A connection for each request, one after the other, until there is /tmp/stop.
LOAD='
fails=0 n=0
while [ ! -e /tmp/stop ]; do
    n=$((n+1))
    [ "$(redis-cli -h redis ping 2>&1)" = PONG ] || fails=$((fails+1))
done
echo "$n $fails" >>/tmp/sum
'

# scale_under_load TIMES: up and down that often, with four clients at work: $REQUESTS, $FAILED, and how many
# servers were $STOPPED meanwhile.
scale_under_load() {
    local i sum
    controlled
    for i in 1 2 3 4; do
        docker exec -d "$(in_fleet ps -q web)" sh -c "$LOAD"
    done
    STOPPED=0
    for i in $(seq "$1"); do
        in_fleet up -d --scale redis=$((2 + i % 3)) >/dev/null 2>&1
        eventually 5 tabled $((2 + i % 3))
        in_fleet up -d --scale redis=1 >/dev/null 2>&1
        eventually 5 tabled 1
        STOPPED=$((STOPPED + 1 + i % 3))
    done
    in_web touch /tmp/stop
    eventually 10 in_web sh -c '[ "$(wc -l </tmp/sum)" = 4 ]'
    sum=$(in_web cat /tmp/sum | tr -d '\r' | awk '{n += $1; f += $2} END {print n, f}')
    REQUESTS=${sum% *} FAILED=${sum#* }
    echo "$REQUESTS requests, $FAILED failed, $STOPPED servers stopped"
    [ "$REQUESTS" -gt $((2 * STOPPED)) ] || fail "some requests for each server, got $REQUESTS"
}

# Servers that finish what they have accepted: no request fails.
test_fleet_controller_scales_under_load() {
    local times=${AMBA_FULL:+50}
    scale_under_load "${times:-2}"
    equal 0 "$FAILED" "failed requests of $REQUESTS"
}

# Servers that are gone at once: no more requests fail than may have been in flight there, one for
# each client.
test_full_fleet_controller_scales_hasty_servers() {
    local times=${AMBA_FULL:+10} HASTY=yes
    scale_under_load "${times:-1}"
    [ "$FAILED" -le $((4 * STOPPED)) ] || fail "$((4 * STOPPED)) failed requests at most, got $FAILED"
}

# lines PATTERN: what the controller said, with the Engine's time before it
lines() { docker logs -t "$(name controller)" 2>&1 | awk -v pattern="$1" '$0 ~ pattern'; }

more_lines() { [ "$(lines "$1" | wc -l)" -gt "$2" ]; }

# From the start of a container to the verdict on the table that has it: a second, and what the Engine
# itself needs here and now for some commands in a container.
test_fleet_controller_is_quick() {
    local begin end before most times=${AMBA_FULL:+3} said='-> 2 of redis'
    controlled
    begin=$(milliseconds)
    in_web true
    most=$((1000 + 5 * ($(milliseconds) - begin)))
    for _ in $(seq "${times:-1}"); do
        before=$(lines "$said" | wc -l)
        in_fleet up -d --scale redis=2 >/dev/null 2>&1
        eventually 5 more_lines "$said" "$before"
        begin=$(in_fleet ps -q redis | xargs docker inspect -f '{{.State.StartedAt}}' | sort \
            | tail -n 1)
        end=$(lines "$said" | tail -n 1 | cut -d' ' -f1)
        end=$(($(date -d "$end" +%s%3N) - $(date -d "$begin" +%s%3N)))
        echo "in the table $end ms after its start"
        if [ "$end" -lt 0 ] || [ "$end" -ge "$most" ]; then fail "less than $most ms, got $end"; fi
        in_fleet up -d --scale redis=1 >/dev/null 2>&1
        eventually 5 tabled 1
    done
}

# Milliseconds from the start of each client to the first table of its ambassador, ascending.
lags() {
    local id client begin end
    docker ps -q --filter "label=ambassador.project=$PROJECT" \
        | xargs docker inspect -f '{{.Id}} {{index .Config.Labels "ambassador.container"}}' \
        | while read -r id client; do
            begin=$(docker inspect -f '{{.State.StartedAt}}' "$client")
            end=$(docker logs -t "$id" 2>&1 | awk '/ applied: / {print $1; exit}')
            echo $(($(date -d "$end" +%s%3N) - $(date -d "$begin" +%s%3N)))
        done | sort -n
}

# Ambassadors that had to wait for their first table.
waiters() {
    local id
    for id in $(docker ps -q --filter "label=ambassador.project=$PROJECT"); do
        docker logs "$id" 2>&1
    done | grep -c 'no table yet' || true
}

# Many clients at once: each ambassador begins with its table. With AMBA_FULL 30 of them.
test_fleet_controller_brings_tables() {
    local clients=${AMBA_FULL:+30} all
    clients=${clients:-6}
    export COMPOSE_HTTP_TIMEOUT=600 # its own gives a busy Engine a minute
    controlled
    in_fleet up -d --scale web="$clients"
    eventually 120 equal_ambassadors "$clients"
    eventually 60 more_lines "-> 1 of redis" $((clients - 1))
    all=$(lags)
    echo "$clients ambassadors served, after their clients' start: the first after" \
        "$(head -n 1 <<<"$all") ms, half of them $(sed -n $(((clients + 1) / 2))p <<<"$all") ms," \
        "the last $(tail -n 1 <<<"$all") ms"
    equal 0 "$(waiters)" "ambassadors that waited for their table"
}

# A client that connects before there is a server waits for one, where that is asked for.
test_fleet_controller_holds_clients() {
    local id
    project
    printf '    labels: {ambassador.options: "empty=hold timeouts.queue=60s"}\n' >>"$DIR/links.yml"
    fleet link links.yml app.yml
    controller
    in_fleet up --no-start
    in_fleet start web
    eventually 20 equal_ambassadors 1
    id=$(docker ps -q --filter "label=ambassador.project=$PROJECT")
    eventually 10 docker exec "$id" amba healthcheck
    in_web redis-cli -h redis ping >"$DIR/answer" &
    eventually 10 queued "$id" 1
    in_fleet start redis
    wait "$!"
    contains "$(cat "$DIR/answer")" PONG "what a client is told that came before its server"
}

queued() { docker exec "$1" amba status --json | grep -q "\"queue_current\": $2"; }

# newer [LINE]: the image has another id
newer() {
    printf 'FROM amba:test\nLABEL newer=%s\n%s\n' "$(milliseconds)" "${1-}" \
        | DOCKER_BUILDKIT=0 docker build -q --label amba.stage=tested -t "$IMAGE" - >/dev/null
}

# of_images: of which images the ambassadors that run are, each once
of_images() {
    docker ps -q --no-trunc --filter "label=ambassador.project=$PROJECT" \
        | xargs docker inspect -f '{{.Image}}' | sort -u
}
all_of_the_image() {
    [ "$(of_images)" = "$(docker image inspect -f '{{.Id}}' "$IMAGE")" ] && [ "$(ambassadors)" = "$1" ]
}

first_web() { in_fleet ps -q web | head -n 1; }

# Ambassadors of a newer image take over, one after the other, and no request fails. One that cannot
# leaves the old one where it is.
test_fleet_controller_upgrades() {
    local IMAGE=amba:test-upgrade before sum
    docker tag amba:test "$IMAGE"
    controlled --scale web=2
    eventually 10 equal_ambassadors 2
    docker exec -d "$(first_web)" sh -c "$LOAD"
    newer
    eventually 60 all_of_the_image 2
    contains "$(logs controller)" " hands over to [0-9a-f]{12}, of image $IMAGE" "the log"
    in_fleet up -d --scale redis=3 --scale web=2
    eventually 10 count_answering 3
    # A client that starts anew brings its ambassador along.
    docker restart -t 0 "$(in_fleet ps -q web | tail -n 1)" >/dev/null
    eventually 20 all_of_the_image 2
    before=$(of_images)
    newer 'ENTRYPOINT ["amba", "listeners"]'
    could_not() { contains "$(logs controller)" 'serves on: .* could not take over' "the log"; }
    eventually 60 could_not
    newer 'ENTRYPOINT ["no such program"]'
    is_not() { contains "$(logs controller)" ' is not replaced: .*no such program' "the log"; }
    eventually 60 is_not
    equal "$before" "$(of_images)" "the images that serve"
    in_fleet up -d --scale redis=2 --scale web=2
    eventually 10 tabled 2
    equal 1 "$(logs controller | grep -c 'is not replaced')" "tries of what cannot be started"
    newer
    eventually 60 all_of_the_image 2
    eventually 10 tabled 2
    docker exec "$(first_web)" touch /tmp/stop
    eventually 10 docker exec "$(first_web)" test -e /tmp/sum
    sum=$(docker exec "$(first_web)" cat /tmp/sum)
    echo "requests, and those that failed: $sum"
    equal 0 "${sum#* }" "failed requests"
    docker rm -fv "$(name controller)" >/dev/null
    newer
    contains "$(fleet create)" "^2 created, started again, replaced or removed, 0 kept" "create"
    all_of_the_image 2 || fail "both to be of the image"
    equal 0 "$(docker ps -aq --filter "label=ambassador.project=$PROJECT" --filter status=exited \
        | wc -l)" "ambassadors that are left over"
}
