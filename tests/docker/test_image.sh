# shellcheck shell=bash
# The image itself: what is in it and what it says of itself.

inspect() { docker image inspect -f "$1" "$IMAGE"; }

test_image_settings() {
    equal 65532:65532 "$(inspect '{{.Config.User}}')" "the user"
    equal '["amba"]' "$(inspect '{{json .Config.Entrypoint}}')" "the entry point"
    equal '{"/run/amba":{}}' "$(inspect '{{json .Config.Volumes}}')" "the volumes"
    equal SIGTERM "$(inspect '{{.Config.StopSignal}}')" "the stop signal"
    equal '["CMD","amba","healthcheck"]' "$(inspect '{{json .Config.Healthcheck.Test}}')" \
        "the health check"
    equal 1m0s "$(inspect '{{.Config.Healthcheck.Interval}}')" "its interval"
    equal amba "$(inspect '{{index .Config.Labels "org.opencontainers.image.title"}}')" "the title"
}

test_image_is_small() {
    local size
    size=$(inspect '{{.Size}}')
    echo "the image has $size bytes"
    [ "$size" -le 4000000 ] || fail "at most 4000000 bytes, got $size"
}

# A container made from it, never started: its files are the image's.
test_image_holds_one_static_stripped_binary() {
    local files kind
    docker create --label "$LABEL" --name "$(name box)" "$IMAGE" >/dev/null
    files=$(docker export "$(name box)" | tar -t | grep -v '/$' \
        | grep -Ev '^(\.dockerenv|dev/console|etc/(hostname|hosts|mtab|resolv\.conf))$')
    equal usr/bin/amba "$files" "every file in the image"
    kind=$(docker cp "$(name box)":/usr/bin/amba - | tar -xO | docker run -i --rm "$TOOLS" file -)
    contains "$kind" "statically linked" "the binary"
    contains "$kind" "[^t] stripped" "the binary"
}

# With the effective bit too, nothing starts under --cap-drop ALL.
test_image_binary_may_bind_low_ports() {
    local caps
    docker create --label "$LABEL" --name "$(name box)" "$IMAGE" >/dev/null
    caps=$(docker cp "$(name box)":/usr/bin/amba - \
        | docker run -i --rm "$TOOLS" sh -c 'tar -x --xattrs --xattrs-include="*" && getcap amba')
    equal "amba cap_net_bind_service=p" "$caps" "the file's capabilities"
}

test_image_usage() {
    exits 0 docker run --rm --label "$LABEL" "$IMAGE"
    contains "$SAID" "amba run" "the usage"
    equal "" "$(docker run --rm --label "$LABEL" "$IMAGE" 2>&1 >/dev/null)" "standard error"
    exits 0 docker run --rm --label "$LABEL" "$IMAGE" --version
    contains "$SAID" "[0-9]+\.[0-9]+\.[0-9]+" "the version"
    # A binary from elsewhere brings its own commit.
    [ -n "${AMBA_IMAGE_BINARY:-}" ] || contains "$SAID" "docker-tests" "the commit in it"
}

test_image_wrong_command_line() {
    exits 2 docker run --rm --label "$LABEL" "$IMAGE" run 127.127.0.2:6379 redis
    contains "$SAID" redis "the message"
    exits 2 docker run --rm --label "$LABEL" "$IMAGE" nonsense
    contains "$SAID" nonsense "the message"
}

test_image_debugconfig() {
    exits 0 docker run --rm --label "$LABEL" "$IMAGE" debugconfig 80 www1 1234 www2:2345
    contains "$SAID" '"www2:2345"' "the table as JSON"
}
