# shellcheck shell=bash disable=SC1091
# Several Engines, and one that is newer than this machine's: Debian's next, with its Compose 2, over
# TLS on its own port (second_engine.sh).
. "$ROOT/tests/docker/fleet_lib.sh"

second_engine() { "$ROOT/tests/docker/second_engine.sh" "$@"; }

# An image that it has already is not sent again.
send_image() {
    local id
    id=$(docker image inspect -f '{{.Id}}' "$1")
    [ "$(second docker image inspect -f '{{.Id}}' "$1" 2>/dev/null)" = "$id" ] ||
        docker save "$1" | second docker load >/dev/null
}

# project_of_two: as project(), with ports that are published and servers that come back with their
# Engine; the file is linked.
project_of_two() {
    local image
    project
    trap both_down EXIT
    second_engine start
    for image in "$TOOLS" "$IMAGE"; do send_image "$image"; done
    sed -i -e 's/expose:/ports:/' -e 's/init: true/init: true\n    restart: always/' \
        -e '/^version/d' "$DIR/links.yml"
    fleet link links.yml app.yml
    ENGINES_RUN=(--network host -v "$SECOND_CERTIFICATES:/certificates:ro")
}

the_second_alone() { ENGINES=(--host "$SECOND_HOST" --tls --tls-certs /certificates); }
both() { the_second_alone; ENGINES+=(--host "unix:///var/run/docker.sock=$FIRST_ADDRESS"); }

# Of everything but images.
empty_engine() {
    local ids
    mapfile -t ids < <(docker ps -aq)
    [ ${#ids[@]} = 0 ] || docker rm -fv "${ids[@]}" >/dev/null
    mapfile -t ids < <(docker volume ls -q)
    [ ${#ids[@]} = 0 ] || docker volume rm "${ids[@]}" >/dev/null
    docker network prune -f >/dev/null
}

both_down() {
    fleet_down
    second_engine start
    second empty_engine
    second_engine remove
}

test_full_fleet_on_two_engines() {
    project_of_two
    both
    in_fleet up -d web
    second in_fleet up -d --scale redis=2 redis
    contains "$(fleet create)" "127.127.0.2:6379 -> 2 of redis" "what create says"
    contains "$(fleet configure)" "^0 configured, 1 had their table" "what configure says"
    eventually 5 count_answering 2
    # The other way round as well.
    second in_fleet up -d --no-recreate web
    in_fleet up -d redis
    contains "$(fleet create)" "^1 created.*, 1 kept" "what create says of a client elsewhere"
    contains "$(fleet configure)" "^1 configured, 1 had" "what configure says of a server elsewhere"
    eventually 5 count_answering 3
    eventually 5 second count_answering 3
    contains "$(fleet ps)" "redis +127.127.0.2:6379 +3/3 .*serving" "what ps says"
    contains "$(fleet weight redis=redis:1)" "redis +1 +3 +1 +100.0 %" "what weight says"
    contains "$(fleet delete)" "^2 removed" "what delete says"
    # An Engine without a certificate of the right authority is refused.
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=other -keyout "$DIR/key.pem" \
        -out "$DIR/ca.pem" 2>/dev/null
    cp "$DIR/ca.pem" "$DIR/cert.pem"
    chmod 644 "$DIR/key.pem"
    ENGINES=(--host "$SECOND_HOST" --tls --tls-certs "$DIR")
    exits 1 fleet ps
    contains "$SAID" "$SECOND_HOST.*certificate" "what ps says of an Engine of another authority"
}

test_full_fleet_controller_of_two_engines() {
    project_of_two
    both
    controller
    in_fleet up -d
    second in_fleet up -d --scale redis=2
    eventually 15 count_answering 3
    eventually 5 second count_answering 3
    # One Engine loses power. Its containers stay in the tables, where checks find them down, and
    # the work of the other Engine goes on.
    second_engine kill
    in_fleet up -d --scale redis=2
    eventually 5 tabled 4
    eventually 10 count_answering 2
    second_engine start
    eventually 30 count_answering 4
    eventually 5 second count_answering 4
    # An Engine that is told to end stops its containers first, and they leave the tables.
    second_engine stop
    eventually 10 tabled 2
    equal running "$(docker inspect -f '{{.State.Status}}' "$(name controller)")" "the controller"
}

# By Compose 2, in a file without a version.
test_full_fleet_newest_engine() {
    project_of_two
    the_second_alone
    in_fleet() { second_engine compose "$DIR" -p "$PROJECT" -f "$DIR/app.yml" "$@"; }
    contains "$(in_fleet version --short)" '^2\.' "the version of Compose"
    in_fleet up -d --scale redis=2
    contains "$(fleet create)" "127.127.0.2:6379 -> 2 of redis" "what create says"
    contains "$(fleet configure)" "^0 configured, 1 had their table" "what configure says"
    eventually 5 count_answering 2
    controller
    in_fleet up -d --scale redis=3 --scale web=2
    eventually 5 count_answering 3
    equal 2 "$(second ambassadors)" "ambassadors"
    in_fleet restart -t 0 web
    eventually 10 count_answering 3
    second_engine stop
    second_engine start
    eventually 30 count_answering 3
    in_fleet up -d --scale redis=1 --scale web=1
    eventually 5 count_answering 1
    eventually 10 second equal_ambassadors 1
}
