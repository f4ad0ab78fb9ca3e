# shellcheck shell=bash
# The volume in the states in which people hand it over, and the ways to run with less.

# One clear line, not one for each file that cannot be written.
one_line_about_the_directory() {
    local lines
    lines=$(logs "$1" | grep -E '/run/amba\b.*\b65532\b' || true)
    [ "$(wc -l <<<"$lines")" = 1 ] || fail "one line about the directory, got: $lines"
    contains "$lines" '(belongs|own).*(root|uid 0\b|\b0:0\b)' "the line"
}

test_volume_anonymous() {
    redis redis
    client client
    sidecar amba client -- run
    eventually 10 ready amba
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address redis)" 6379
    answers redis client 127.127.0.2 || fail "redis to answer"
    local modes
    modes=$(docker run --rm --label "$LABEL" --volumes-from "$(name amba)" "$TOOLS" \
        sh -c 'cd /run/amba && stat -c "%n %a" . amba.sock *.json')
    contains "$modes" '^\. 777' "the directory"
    contains "$modes" '^amba.sock 666' "the socket"
    contains "$modes" '^active.json 644' "active.json"
    contains "$modes" '^config.json 644' "config.json"
    contains "$modes" '^verdict.json 644' "verdict.json"
}

# Docker fills a new volume from the first image that uses it, with that image's owner.
test_volume_first_used_by_another_image() {
    redis one
    redis two
    client client
    volume state
    docker run --rm --label "$LABEL" -v "$(name state):/run/amba" "$TOOLS" touch /run/amba/theirs
    sidecar amba client -v "$(name state):/run/amba" -- run 127.127.0.2:6379 "$(address one)" 6379
    eventually 10 answers one client 127.127.0.2
    one_line_about_the_directory amba
    # A user who may write the volume can still reconfigure; the daemon reads it.
    docker run --rm --label "$LABEL" --user 0 --volumes-from "$(name amba)" "$IMAGE" \
        reconfigure 127.127.0.2:6379 "$(address two)" 6379
    eventually 10 answers two client 127.127.0.2
}

test_volume_bind_mount_owned_by_root() {
    redis redis
    client client
    # The Engine makes a directory that does not exist, for root.
    local dir
    dir=/tmp/$(name bind)-$$
    sidecar amba client -v "$dir:/run/amba" -- run 127.127.0.2:6379 "$(address redis)" 6379
    eventually 10 answers redis client 127.127.0.2
    one_line_about_the_directory amba
    equal running "$(docker inspect -f '{{.State.Status}}' "$(name amba)")" "the ambassador"
    docker run --rm --label "$LABEL" -v /tmp:/host "$TOOLS" rm -rf "/host/${dir#/tmp/}"
}

test_volume_bind_mount_made_for_the_user() {
    redis redis
    client client
    local dir
    dir=/tmp/$(name bind)-$$
    docker run --rm --label "$LABEL" -v "$dir:/d" "$TOOLS" chown 65532:65532 /d
    sidecar amba client -v "$dir:/run/amba" -- run
    eventually 10 ready amba
    # A helper of the same user; one of another uid would need a mode of 0777.
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address redis)" 6379
    answers redis client 127.127.0.2 || fail "redis to answer"
    docker run --rm --label "$LABEL" -v /tmp:/host "$TOOLS" rm -rf "/host/${dir#/tmp/}"
}

# works_with DOCKER-RUN-OPTIONS...: started empty, configured by a plain helper, restarted
works_with() {
    redis redis
    client client
    sidecar amba client "$@" -- run
    eventually 10 ready amba
    helper amba reconfigure --wait 127.127.0.2:6379 "$(address redis)" 6379
    answers redis client 127.127.0.2 || fail "redis to answer"
    docker restart "$(name amba)" >/dev/null
    eventually 10 answers redis client 127.127.0.2
}

test_run_as_root() { works_with --user 0; }

test_run_as_another_uid() { works_with --user 4321:4321; }

test_run_without_capabilities() { works_with --cap-drop ALL; }

test_run_without_new_privileges() { works_with --security-opt no-new-privileges; }

test_run_read_only() { works_with --read-only; }

test_run_with_little_memory() { works_with --memory 16m; }

# As a ConfigMap is mounted: the daemon reads its table there and can leave nothing behind.
test_volume_read_only() {
    redis redis
    client client
    volume state
    docker run --rm --label "$LABEL" -v "$(name state):/run/amba" "$IMAGE" \
        reconfigure 127.127.0.2:6379 "$(address redis)" 6379
    sidecar amba client -v "$(name state):/run/amba:ro" -- run
    eventually 10 answers redis client 127.127.0.2
    contains "$(logs amba)" '/run/amba' "the log"
}

test_volume_read_only_with_a_state_directory() {
    redis redis
    client client
    volume config
    docker run --rm --label "$LABEL" -v "$(name config):/run/amba" "$IMAGE" \
        reconfigure 127.127.0.2:6379 "$(address redis)" 6379
    sidecar amba client --read-only -v "$(name config):/run/amba:ro" \
        --tmpfs /state:mode=0777 -e AMBA_STATE=/state -- run
    eventually 10 answers redis client 127.127.0.2
    ready amba
    contains "$(docker exec "$(name amba)" amba showconfig)" "$(address redis):6379" "the table"
}
