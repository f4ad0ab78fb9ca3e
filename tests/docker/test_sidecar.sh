# shellcheck shell=bash
# An ambassador in its client's network namespace, and the helper that configures it.

test_readme_flow() {
    redis redis
    client client
    sidecar amba client -- run
    eventually 10 ready amba
    refused client 127.127.0.2
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address redis)" 6379
    answers redis client 127.127.0.2 || fail "redis to answer once --wait has returned"
}

# The helper resolves nothing: the name means something in the client's network alone.
test_helper_gives_a_name_of_the_clients_network() {
    network net
    redis redis --network "$(name net)" --network-alias backend
    client client --network "$(name net)"
    sidecar amba client -- run
    eventually 10 ready amba
    helper amba reconfigure --wait 127.127.0.2:6379 backend 6379
    answers redis client 127.127.0.2 || fail "redis to answer once --wait has returned"
}

# docker run --rm --volumes-from ID IMAGE reconfigure ADDR:PORT A P A P
test_helper_in_the_workshops_form() {
    redis one
    redis two
    client client
    sidecar amba client -- run
    eventually 10 ready amba
    docker run --rm --label "$LABEL" --volumes-from "$(docker inspect -f '{{.Id}}' "$(name amba)")" \
        "$IMAGE" reconfigure 127.127.0.2:6379 "$(address one)" 6379 "$(address two)" 6379
    eventually 5 answers one client 127.127.0.2
    eventually 5 answers two client 127.127.0.2
}

test_helper_is_told_of_a_rejection() {
    redis redis
    client client
    sidecar amba client -- run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    # The server itself holds this one in the client's namespace.
    docker exec -d "$(name client)" redis-server --port 7000 --bind 127.127.0.3
    eventually 5 docker exec "$(name client)" redis-cli -h 127.127.0.3 -p 7000 ping
    exits 1 helper amba reconfigure --wait 127.127.0.3:7000 "$(address redis)" 6379
    contains "$SAID" "127\.127\.0\.3:7000" "the helper's message"
    contains "$(logs amba)" "127\.127\.0\.3:7000" "the ambassador's log"
    answers redis client 127.127.0.2 || fail "the table to go on after a rejection"
}

test_helper_of_another_uid() {
    redis one
    redis two
    client client
    sidecar amba client -- run
    eventually 10 ready amba
    local as_another=(docker run --rm --label "$LABEL" --volumes-from "$(name amba)" --user 1234)
    "${as_another[@]}" "$IMAGE" reconfigure --wait 127.127.0.2:6379 "$(address one)" 6379
    answers one client 127.127.0.2 || fail "one to answer"
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address two)" 6379
    answers two client 127.127.0.2 || fail "two to answer: the files of another are replaced"
    "${as_another[@]}" "$IMAGE" reconfigure --wait 127.127.0.2:6379 "$(address one)" 6379
    answers one client 127.127.0.2 || fail "one to answer again"
    exits 0 "${as_another[@]}" "$IMAGE" showconfig
    contains "$SAID" "$(address one):6379" "the table shown"
    exits 0 "${as_another[@]}" "$IMAGE" status --json
}

# Without a daemon the file stays, and the daemon that comes takes it.
test_helper_before_the_daemon() {
    redis redis
    client client
    volume state
    local on_volume=(docker run --rm --label "$LABEL" -v "$(name state):/run/amba" "$IMAGE")
    exits 0 "${on_volume[@]}" reconfigure 127.127.0.2:6379 "$(address redis)" 6379
    exits 1 "${on_volume[@]}" reconfigure --wait=300ms 127.127.0.2:6379 "$(address redis)" 6379
    sidecar amba client -v "$(name state):/run/amba" -- run
    eventually 10 answers redis client 127.127.0.2
}

test_single_string_command() {
    redis redis
    client client
    sidecar amba client -- "127.127.0.2:6379 $(address redis) 6379"
    eventually 10 answers redis client 127.127.0.2
    sidecar other client -- "run 127.127.0.3:6379 $(address redis) 6379"
    eventually 10 answers redis client 127.127.0.3
}

# --- its life ----------------------------------------------------------------------------------

test_restart_keeps_what_was_reconfigured() {
    redis one
    redis two
    client client
    sidecar amba client -- run 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 answers one client 127.127.0.2
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address two)" 6379
    docker restart "$(name amba)" >/dev/null
    eventually 10 answers two client 127.127.0.2
    docker kill -s KILL "$(name amba)" >/dev/null
    docker start "$(name amba)" >/dev/null
    eventually 10 answers two client 127.127.0.2
}

test_changed_command_line_wins_on_the_same_volume() {
    redis one
    redis two
    redis three
    client client
    volume state
    local mount=(-v "$(name state):/run/amba")
    sidecar amba client "${mount[@]}" -- run 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 answers one client 127.127.0.2
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address two)" 6379

    docker rm -f "$(name amba)" >/dev/null
    sidecar amba client "${mount[@]}" -- run 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 answers two client 127.127.0.2

    docker rm -f "$(name amba)" >/dev/null
    sidecar amba client "${mount[@]}" -- run 127.127.0.2:6379 "$(address three)" 6379
    eventually 10 answers three client 127.127.0.2
}

# Times are the Engine's own: what the client of the Engine takes to start is not amba's. Without
# connections it does not wait for the time that they have to end.
test_stop_is_at_once() {
    redis redis
    client client
    sidecar amba client -- run --drain-timeout 2m 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    local begin end finished
    begin=$(milliseconds)
    docker stop -t 150 "$(name amba)" >/dev/null
    end=$(milliseconds)
    finished=$(date -d "$(docker inspect -f '{{.State.FinishedAt}}' "$(name amba)")" +%s%3N)
    echo "ended after $((finished - begin)) ms, docker stop returned after $((end - begin)) ms"
    [ $((end - begin)) -lt 60000 ] || fail "docker stop to return long before the two minutes are over"
    equal 0 "$(docker inspect -f '{{.State.ExitCode}}' "$(name amba)")" "the exit code"
}

# A connection may end by itself for --drain-timeout; then it is ended, and that is no failure.
test_stop_drains() {
    redis redis
    client client
    sidecar amba client -- run --drain-timeout 2s 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    docker exec -d "$(name client)" redis-cli -h 127.127.0.2 subscribe news
    eventually 5 has_connections 1
    local begin took
    begin=$(milliseconds)
    docker stop -t 150 "$(name amba)" >/dev/null
    took=$(($(milliseconds) - begin))
    echo "ended after $took ms"
    if [ "$took" -lt 1900 ] || [ "$took" -ge 60000 ]; then fail "about 2000 ms, took $took ms"; fi
    equal 0 "$(docker inspect -f '{{.State.ExitCode}}' "$(name amba)")" "the exit code"
}

# Both are told to stop at the same moment, and the client has six seconds of work left.
test_stop_of_both_serves_the_client() {
    redis redis
    # shellcheck disable=SC2016  # for the container's own shell
    start client "$TOOLS" bash -c '
        work() {
            for ((i = 0; i < 60; i++)); do redis-cli -h 127.127.0.2 ping; sleep 0.1; done
            exit 0
        }
        trap work TERM
        while :; do sleep 0.1; done'
    sidecar amba client -- run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    docker stop -t 150 "$(name amba)" >/dev/null &
    docker stop -t 150 "$(name client)" >/dev/null
    wait "$!"
    equal 60 "$(logs client | grep -c PONG)" "pings that were answered"
    equal "" "$(logs client | grep -v PONG || true)" "what the client says beside"
    equal 0 "$(docker inspect -f '{{.State.ExitCode}}' "$(name amba)")" "the exit code"
}

# An ambassador whose client was restarted is in the namespace of the one before: it ends, and its own
# restart policy puts it into the new one. `docker stop` and SIGKILL, as by a crash.
test_restart_of_the_client_brings_it_along() {
    redis redis
    start client --restart always "$TOOLS" sleep infinity
    sidecar amba client --restart always -- \
        run --orphan-exit 1s 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    docker restart -t 0 "$(name client)" >/dev/null
    eventually 15 answers redis client 127.127.0.2
    contains "$(logs amba)" " orphan: the last link of the network namespace has left" "the log"
    docker exec "$(name amba)" amba healthcheck
    pid_is_new() {
        local now
        now=$(docker inspect -f '{{.State.Pid}}' "$(name client)")
        [ "$now" != 0 ] && [ "$now" != "$1" ]
    }
    local before
    before=$(docker inspect -f '{{.State.Pid}}' "$(name client)")
    kill -9 "$before"
    eventually 15 pid_is_new "$before"
    eventually 15 answers redis client 127.127.0.2
    equal 2 "$(logs amba | grep -c ' exit: the network namespace has no link')" "ends as an orphan"
}

# An ambassador of a job ends with it, and not before it has begun: where it sees its client's sockets
# alone, and where it sees its processes.
test_exit_with_clients() {
    redis redis
    start client "$TOOLS" bash -c 'until [ -e /go ]; do sleep 0.1; done
        for i in 1 2 3 4 5; do redis-cli -h 127.127.0.2 ping; sleep 1; done; exec sleep infinity'
    sidecar amba client -- run --exit-with-clients=3s 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 ready amba
    sleep 4
    equal running "$(docker inspect -f '{{.State.Status}}' "$(name amba)")" "before the client came"
    docker exec "$(name client)" touch /go
    equal 0 "$(timeout 60 docker wait "$(name amba)")" "the exit code"
    equal 5 "$(logs client | grep -c PONG)" "pings that were answered"
    contains "$(logs amba)" " exit: the last client has gone" "the log"
}

test_exit_with_clients_by_their_processes() {
    redis redis
    # As in a pod of Kubernetes: one container holds the namespaces, and has no part in the work.
    start pod "$TOOLS" sh -c 'cp /bin/sleep /pause; exec /pause infinity'
    local shared=(--network "container:$(name pod)" --pid "container:$(name pod)")
    start amba "${shared[@]}" "$IMAGE" run --exit-with-clients=1s 127.127.0.2:6379 \
        "$(address redis)" 6379
    eventually 10 ready amba
    sleep 2
    # It is idle for longer than that, and has no socket.
    start client "${shared[@]}" "$TOOLS" sh -c 'sleep 4; redis-cli -h 127.127.0.2 ping'
    equal 0 "$(timeout 60 docker wait "$(name client)")" "the exit code of the client"
    equal PONG "$(logs client)" "what the client was told"
    equal 0 "$(timeout 60 docker wait "$(name amba)")" "the exit code"
    contains "$(logs amba)" " exit: the last client has gone" "the log"
}

# More connections than the memory limit allows for: some wait, and nobody is killed.
test_memory_limit_is_kept() {
    redis redis
    client client
    sidecar amba client --memory 16m -- run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    docker exec "$(name client)" timeout 120 \
        redis-benchmark -h 127.127.0.2 -k 0 -c 4000 -n 8000 -q ping >/dev/null
    contains "$(logs amba)" " memory: .* the memory limit of its control group, 16 MB" "the log"
    equal false "$(docker inspect -f '{{.State.OOMKilled}}' "$(name amba)")" "killed by the kernel"
    equal 0 "$(docker inspect -f '{{.RestartCount}}' "$(name amba)")" "restarts"
    docker exec "$(name amba)" amba healthcheck
    eventually 10 answers redis client 127.127.0.2
}

has_connections() { equal "$1" "$(status amba client '.frontends[0].connections_current')" count; }

is_healthy() { equal healthy "$(docker inspect -f '{{.State.Health.Status}}' "$(name "$1")")" health; }

test_health_becomes_healthy() {
    client client
    sidecar amba client --health-interval=1s -- run
    eventually 15 is_healthy amba
    docker exec "$(name amba)" amba healthcheck
    exits 1 docker exec "$(name amba)" amba healthcheck --ready
}

# amba ends rather than run without listening, so that the restart policy sees it.
test_taken_port_at_start_exits_1() {
    client client
    docker exec -d "$(name client)" redis-server --port 6379 --bind 127.127.0.2
    eventually 5 docker exec "$(name client)" redis-cli -h 127.127.0.2 ping
    sidecar amba client -- run 127.127.0.2:6379 127.0.0.9 6379
    equal 1 "$(docker wait "$(name amba)")" "the exit code"
    contains "$(logs amba)" "127\.127\.0\.2:6379" "the log"
}

# Status needs the volume and nothing else; --watch needs a terminal as well.
test_status_from_a_helper_alone() {
    redis redis
    client client
    sidecar amba client -- run 127.127.0.2:6379 name=db "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    contains "$(helper amba status)" "^db 127\.127\.0\.2:6379 +listening" "what status says"
    contains "$(helper amba status --events)" " info applied: generation 1" "the events"
    exits 2 helper amba status --watch
    contains "$SAID" "docker run -it" "the helper's message"
    local watch="docker run --rm -it --label $LABEL --volumes-from $(name amba) $IMAGE status --watch"
    local seen=$CACHE/watch
    : >"$seen"
    { eventually 60 grep -aq 'db 127\.127\.0\.2:6379' "$seen"; printf q; } \
        | timeout 300 script -qfec "$watch" "$seen" >/dev/null || fail "exit code 0 after q"
    contains "$(tr -d '\0' <"$seen")" "db 127\.127\.0\.2:6379" "the screen of --watch"
}
