# shellcheck shell=bash disable=SC1091
# link, create, configure, ps, weight and delete on a real Engine, as the workshop has them.
. "$ROOT/tests/docker/fleet_lib.sh"

linked_and_up() {
    project
    fleet link links.yml app.yml
    in_fleet up -d "$@"
}

test_fleet_application() {
    linked_and_up --scale redis=2
    contains "$(cat "$DIR/app.yml")" 'redis: 127.127.0.2' "the linked file"
    local said
    said=$(in_web redis-cli -h redis ping 2>&1) || true
    contains "$said" "Connection refused" "what the client sees before there are ambassadors"
    said=$(fleet create)
    contains "$said" "/redis: ambassador [0-9a-f]{12} at 127.127.0.2" "what create says"
    contains "$said" "^1 created" "what create sums up"
    contains "$said" ", 127.127.0.2:6379 -> 2 of redis" "what create says of its table"
    # It was made with its table.
    count_answering 2
    contains "$(fleet configure)" "^0 configured, 1 had their table" "what configure says"
    # Once more, and nothing happens.
    contains "$(fleet create)" "^0 created.*, 1 kept" "what a second create says"
    contains "$(fleet configure)" "^0 configured, 1 had their table" "what a second configure says"
    contains "$(fleet ps)" "redis +127.127.0.2:6379 +2/2 .*serving" "what ps says"

    in_fleet up -d --scale redis=3 --scale web=2
    contains "$(fleet create)" "^1 created" "what create says of a new client"
    fleet configure
    count_answering 3
    equal 2 "$(ambassadors)" "ambassadors"
    in_fleet up -d --scale redis=1 --scale web=1
    contains "$(fleet create)" "nobody needs it any more" "what create says of an orphan"
    fleet configure
    count_answering 1
    equal 1 "$(ambassadors)" "ambassadors"
    contains "$(fleet delete)" "^1 removed" "what delete says"
    equal 0 "$(ambassadors)" "ambassadors"
}

test_fleet_one_for_each_client() {
    linked_and_up
    contains "$(fleet create --per-client)" "^1 created" "what create says"
    fleet configure
    count_answering 1
    # A client that is started again has a new namespace, and its ambassador follows.
    in_fleet restart -t 0 web
    contains "$(fleet ps)" "left behind" "what ps says of an ambassador left behind"
    contains "$(fleet create --per-client)" "started again: its client has a new" "what create says"
    fleet configure
    count_answering 1
}

# Labels as the workshop's scripts wrote them, and a helper for each reconfiguration.
test_fleet_knows_ambassadors_of_the_scripts() {
    linked_and_up
    local client server said
    client=$(in_fleet ps -q web | cut -c1-12)
    server=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
        "$(in_fleet ps -q redis)")
    docker run -d --net "container:$client" --label "$LABEL" \
        --label "ambassador.project=$PROJECT" --label "ambassador.container=$client" \
        --label ambassador.service=redis --label ambassador.bindaddr=127.127.0.2 \
        --name "$(name script)" "$IMAGE" run >/dev/null
    docker run --rm --volumes-from "$(name script)" "$IMAGE" reconfigure --wait 127.127.0.2:6379 \
        "$server" 6379
    count_answering 1
    said=$(fleet create)
    contains "$said" "^0 created.*, 1 kept" "what create says of an ambassador of the scripts"
    contains "$(fleet configure)" "^0 configured, 1 had their table" "what configure says of it"
}

test_fleet_weight() {
    project
    cat >>"$DIR/links.yml" <<YAML
  redis-next:
    image: $TOOLS
    command: $SERVER
    init: true
    expose: ["6379"]
    labels: {ambassador.serves: redis}
YAML
    fleet link links.yml app.yml
    in_fleet up -d --scale redis=3
    fleet create
    fleet configure
    count_answering 4
    local said
    said=$(fleet weight redis=redis:90,redis-next:10)
    contains "$said" "redis +90 +3 +3 +90.0 %" "what weight says of the old version"
    contains "$said" "redis-next +10 +1 +1 +10.0 %" "what weight says of the new version"
    # Of each ten connections nine and one; the counters begin with what was there before.
    local before after
    before=$(served redis-next)
    in_web sh -c 'for i in $(seq 200); do redis-cli -h redis ping; done' >/dev/null
    after=$(served redis-next)
    contains "$((after - before))" '^(19|20|21)$' "connections of 200 that the new version served"
    # It is remembered: configure does not take it back.
    contains "$(fleet configure)" "^0 configured" "what configure says"
    contains "$(fleet weight redis=)" "redis +- +3 +1 +75.0 %" "what weight says without shares"
    exits 2 fleet weight redis=blue
    contains "$SAID" '"blue": expected VERSION:SHARE' "what weight says of a share that is none"
    exits 1 fleet weight redis=redis:1,typo:1
    contains "$SAID" 'no container is of version "typo"' "what weight says of an unknown version"
}

served() { fleet weight redis | awk -v name="$1" '$1 == name {print $7}'; }

# From a registry that asks for it, as `docker login` remembers it.
test_full_fleet_pulls_with_a_password() {
    linked_and_up
    local image
    start registry -p 127.0.0.1::5000 "$REGISTRY"
    image=$(docker port "$(name registry)" 5000/tcp)/team/amba:1
    eventually 10 docker --config "$DIR/login" login -u me -p secret "${image%%/*}"
    chmod -R a+rX "$DIR/login" # the fleet's user reads it
    docker tag "$IMAGE" "$image"
    docker --config "$DIR/login" push -q "$image" >/dev/null
    docker rmi "$image" >/dev/null
    exits 1 fleet create --image "$image"
    contains "$SAID" 'cannot pull ".*/team/amba:1": .*no basic auth credentials' \
        "what create says without a password"
    ENGINES_RUN+=(-e DOCKER_CONFIG="$DIR/login")
    contains "$(fleet create --image "$image")" "^1 created" "what create says"
    fleet configure
    count_answering 1
    fleet delete
    docker rmi "$image" >/dev/null
}

# README's own lines, with this Engine's socket.
test_full_fleet_readme() {
    project
    sed 's/--scale worker=10 --scale rng=3/--scale redis=2/' "$ROOT/README.md" \
        | awk '/^fleet\(\) \{/, /^fleet delete/' >"$DIR/lines.sh"
    contains "$(cat "$DIR/lines.sh")" "^fleet configure" "README's lines"
    sed -i -E "s#(%g|-v) /var/run/docker.sock#\1 $(socket)#g" "$DIR/lines.sh"
    sed -i 's/^fleet delete/docker-compose -f ambassadors.yml exec -T web redis-cli -h redis ping; &/' \
        "$DIR/lines.sh"
    mv "$DIR/links.yml" "$DIR/docker-compose.yml"
    cd "$DIR"
    FILE=ambassadors.yml
    exits 0 env COMPOSE_PROJECT_NAME="$PROJECT" bash -ec "$(cat lines.sh)"
    contains "$SAID" "127.127.0.2:6379 -> 2 of redis" "what configure says"
    contains "$SAID" "redis +127.127.0.2:6379 +2/2 .*serving" "what ps says"
    contains "$SAID" "^PONG" "what redis says"
    contains "$SAID" "^1 removed" "what delete says"
}

test_fleet_says_what_is_wrong() {
    project
    exits 1 fleet create
    contains "$SAID" "no container of Compose project" "what create says of a project that is not"
    exits 2 docker run --rm "$FLEET" delete
    contains "$SAID" "expected a project's name" "what delete says where nothing gives it a name"
    exits 1 fleet ps --host tcp://127.0.0.1:1
    contains "$SAID" "tcp://127.0.0.1:1" "what ps says of an Engine that is not there"
    exits 2 fleet ps --host nonsense://x
    exits 2 fleet link
    contains "$SAID" "COMPOSE_FILE" "what link expects"
    DIR=$DIR/nothing exits 1 fleet link missing.yml
}

# own_server PORT: a service `web` that has a server of its own there, on all addresses, and calls
# `redis` at 6379 and `cache`, which is the same, under another name.
own_server() {
    project
    cat >"$DIR/app.yml" <<YAML
version: "3.8"
services:
  web:
    image: $TOOLS
    command: redis-server --protected-mode no --save "" --port $1
    init: true
    extra_hosts: ["redis:127.127.0.2", "cache:127.127.0.3"]
    labels: {ambassador.link.cache: other}
  redis:
    image: $TOOLS
    command: $SERVER
    init: true
    expose: ["6379"]
  other:
    image: $TOOLS
    command: redis-server --protected-mode no --save "" --port 7000
    init: true
    expose: ["7000"]
YAML
    in_fleet up -d
    eventually 20 in_web redis-cli -p "$1" ping
}

# A client that listens on all addresses has the port of its ambassador too.
test_fleet_client_holds_the_port() {
    own_server 6379
    local says='/redis: cannot listen on 127.127.0.2:6379: redis-server \(pid [0-9]+\) of [^ ]*_web_1 listens on [^ ]*:6379, so that [^ ]* reaches itself at redis:6379; .*one address alone'
    exits 1 fleet create
    contains "$SAID" "$says" "what create says"
    contains "$SAID" "/cache: ambassador .* -> 1 of other" "what create says of the other name"
    exits 1 fleet configure
    contains "$SAID" "$says" "what configure says"
    contains "$(fleet ps)" "redis +127.127.0.2:6379 .*redis-server .*one address alone" "what ps says"
    contains "$(fleet ps)" "cache +127.127.0.3:7000 +1/1 .*serving" "what ps says of the other name"
    # With one ambassador for both names the other name is served all the same.
    fleet delete
    exits 1 fleet create --per-client
    contains "$SAID" 'cannot listen on 127.127.0.2:6379: redis-server' "what create says"
    exits 1 fleet configure
    contains "$(fleet ps)" "cache +127.127.0.3:7000 +1/1 .*serving" "what ps says of the other name"
    contains "$(fleet ps)" "redis +127.127.0.2:6379 .*redis-server .*one address alone" "what ps says"
    equal PONG "$(in_web redis-cli -h cache -p 7000 ping | tr -d '\r')" "what the other name answers"
    # The controller says it once, and when the port is free it is taken.
    controller --per-client
    eventually 20 more_lines 'cannot listen on 127.127.0.2:6379: redis-server' 0
    in_web redis-cli config set bind 127.0.0.1
    in_fleet up -d --scale redis=2
    eventually 60 in_web sh -c '[ "$(redis-cli -h redis get who)" != "" ]'
    equal 1 "$(lines 'cannot listen on 127.127.0.2:6379' | wc -l)" "times that the controller said it"
}
