# shellcheck shell=bash
# The applications of examples/dockercoins and examples/trainingwheels, as their Compose files say.

# up_example NAME [OPTIONS]: built and up, on ports that are free. The image is made by hand first:
# that takes AMBA_BUILD_FLAGS, and keeps the layers that Compose starts from, here and next time.
up_example() {
    export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 WEBUI_PORT=0 WWW_PORT=0
    build -t "amba-test-$1" --label amba.stage=tested "$ROOT/examples/$1"
    PROJECT=$(name "$1")
    FILE=$ROOT/examples/$1/docker-compose.yml
    trap end_example EXIT
    in_project up -d --build "${@:2}"
    client probe --network "${PROJECT}_default"
}

# A network that the Engine does not let go of (moby/moby#42119) is no fault of an example.
end_example() {
    docker rm -f "$(name probe)" >/dev/null 2>&1 || true
    down --rmi local || true
}

probe() { docker exec "$(name probe)" "$@"; }

filter() { docker exec -i "$(name probe)" jq -re "$1"; }

# get URL [CURL-OPTIONS]
get() { probe curl -sS --fail --max-time 10 "${@:2}" "http://$1"; }

# number URL FILTER: what jq makes of an answer
number() { get "$1" | filter "$2"; }

# more_than LEAST URL FILTER
more_than() {
    local got
    got=$(number "${@:2}") || fail "a number from $2"
    [ "$got" -gt "$1" ] || fail "more than $1 of $3, got $got"
}

# at_once COUNT CURL-ARGUMENTS...: how long so many requests take that are made together, in ms
at_once() {
    local begin
    begin=$(milliseconds)
    # shellcheck disable=SC2016  # for the shell in the container
    probe sh -c 'n=$1; shift
        for i in $(seq "$n"); do curl -sS --fail -o /dev/null "$@" || echo "$i" & done; wait' \
        sh "$@" >"$CACHE/at_once"
    equal "" "$(cat "$CACHE/at_once")" "requests that failed"
    echo $(($(milliseconds) - begin))
}

# measured SECONDS LABEL: tenths of hashes per second; the lines go to $CACHE/speed.csv
measured() {
    local said
    said=$(in_project exec -T webui python3 measure.py "$1" "$2" 2>&1 >>"$CACHE/speed.csv" \
        </dev/null) \
        || fail "measure.py to measure; it said: $said"
    echo "$said" >&2
    contains "$said" "^$2: [0-9]+\.[0-9] hashes/s" "what measure.py says"
    sed -En "s|^$2: ([0-9]+)\.([0-9]) hashes/s.*|\1\2|p" <<<"$said"
}

test_full_examples_dockercoins_services() {
    up_example dockercoins --scale worker=0
    eventually 15 get rng/0
    eventually 15 get hasher/
    equal 32 "$(get rng/32 | wc -c)" "bytes from rng"
    [ "$(get rng/32 | base64)" != "$(get rng/32 | base64)" ] || fail "rng to be random"
    exits 22 get rng/many
    equal "$(printf amba | sha256sum | cut -d' ' -f1)" "$(get hasher/ -d amba)" "the digest of amba"

    # rng serves one at a time, hasher all of them.
    local took alone
    took=$(at_once 20 http://rng/32)
    echo "twenty requests of rng: $took ms"
    [ "$took" -ge 2000 ] || fail "twenty of rng to take two seconds, took $took ms"
    alone=$(at_once 20 http://hasher/) # which has nothing to do
    took=$(at_once 20 -d amba http://hasher/)
    echo "twenty requests of hasher: $took ms, $alone ms where it does nothing"
    [ "$took" -lt $((alone + 1500)) ] || fail "twenty of hasher to have no turns, took $took ms"

    # Without redis the page's server says so, and it comes back with it.
    eventually 15 get webui/json
    equal "0 0" "$(number webui/json '"\(.coins) \(.hashes)"')" "coins and hashes at first"
    in_project pause redis
    equal 503 "$(get webui/json --no-fail -o /dev/null -w '%{http_code}')" \
        "the status without redis"
    in_project unpause redis
    eventually 15 get webui/json
}

test_full_examples_dockercoins() {
    local one ten
    : >"$CACHE/speed.csv"
    up_example dockercoins
    one=$(measured 8 "1 worker")
    in_project up -d --scale worker=10
    ten=$(measured 8 "10 workers")

    # Three sleeps of 0.1 s for one; rng's ten a second for all. Workers tell once a second, which
    # makes a few hashes more or less.
    # What is slow makes fewer.
    if [ "$one" -lt 1 ] || [ "$one" -gt 40 ]; then fail "4 hashes/s at the most of one worker"; fi
    [ "$ten" -gt "$one" ] || fail "ten workers to be faster than one"
    [ "$ten" -le 130 ] || fail "rng to allow no more than ten hashes/s, and some of before"

    eventually 30 more_than 0 webui/json .coins
    more_than 50 webui/json .hashes
    more_than 10 webui/history length
    contains "$(get webui/)" "<title>DockerCoins</title>" "the page"
    local published
    published=$(in_project port webui 80)
    contains "$(curl -sS --noproxy '*' --max-time 10 "$published/json")" '"hashes": [0-9]{2,}' \
        "what the published port says"

    # A coin is the bytes whose digest is its name.
    local coin
    coin=$(in_project exec -T redis redis-cli --raw hkeys wallet | sed -n '1s/\r$//;1p')
    contains "$coin" '^0[0-9a-f]{63}$' "a coin"
    equal "$coin" "$(in_project exec -T redis redis-cli --raw hget wallet "$coin" | head -c 32 \
        | sha256sum | cut -d' ' -f1)" "the digest of its bytes"

    in_project exec -T webui python3 picture.py <"$CACHE/speed.csv" >"$CACHE/speed.svg"
    in_project exec -T webui python3 -c \
        'import sys, xml.dom.minidom as x; x.parse(sys.stdin.buffer)' <"$CACHE/speed.svg"
    contains "$(cat "$CACHE/speed.svg")" "<title>.*1 worker: [0-9.]+; 10 workers: [0-9.]+</title>" \
        "the picture"
    exits 1 in_project exec -T webui python3 picture.py </dev/null
}

# walked LABEL: tenths of hashes per second, of what the walk said
walked() { sed -En "s|^$1: ([0-9]+)\.([0-9]) hashes/s.*|\1\2|p" <<<"$SAID"; }

# The walk removes its containers itself, unless it is killed.
end_walk() {
    docker ps -aq --filter "label=ambassador.project=$PROJECT" | xargs -r docker rm -fv >/dev/null
    down --rmi local || true
}

# The walk through with links, ambassadors and the picture, in a copy and as a project of this test.
test_full_examples_walk() {
    export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 WEBUI_PORT=0 SECONDS_EACH=5
    local dir=$CACHE/walk one ten three
    rm -rf "$dir"
    cp -r "$ROOT/examples/dockercoins" "$dir"
    rm -f "$dir/ambassadors.yml" "$dir/speed.csv" "$dir/speed.svg"
    PROJECT=$(name walk)
    FILE=$dir/docker-compose.yml
    export COMPOSE_PROJECT_NAME=$PROJECT
    [ ! -x /usr/bin/docker ] || PATH=/usr/bin:$PATH # as `docker` in lib.sh
    exits 1 env AMBA_FLEET_IMAGE=amba-test-none "$dir/walk.sh"
    contains "$SAID" "expected an image amba-test-none" "what it says of an image that is missing"

    build -t amba-test-dockercoins --label amba.stage=tested "$dir"
    trap end_walk EXIT
    exits 0 "$dir/walk.sh"
    echo "$SAID"
    one=$(walked "1 worker, 1 rng")
    ten=$(walked "10 workers, 1 rng")
    three=$(walked "10 workers, 3 rngs behind ambassadors")
    [ "$ten" -gt $((2 * one)) ] || fail "ten workers to be more than twice as fast as one"
    [ "$three" -gt $((ten * 3 / 2)) ] || fail "three rngs to be more than 1.5 times as fast as one"
    contains "$(cat "$dir/speed.svg")" \
        "<title>.*; 10 workers, 3 rngs behind ambassadors: [0-9.]+</title>" "the picture"
    contains "$(cat "$dir/ambassadors.yml")" "rng: 127\.127\.0\.2" "the rewritten file"
    contains "$SAID" "_worker_10 +rng +127\.127\.0\.2:80 +3/3" "what amba ps says"
    local label
    for label in com.docker.compose.project ambassador.project; do
        equal "" "$(docker ps -aq --filter "label=$label=$PROJECT")" "containers of $label left"
    done
}

# knows COUNT: so many web servers are in the load balancer's table and up
knows() {
    equal "$1" "$(in_project exec -T lb amba status --json \
        | filter '[.frontends[].backends[] | select(.state == "healthy")] | length')" "servers"
}

visits() { number lb/json '.counters | add // 0'; }

test_full_examples_trainingwheels() {
    up_example trainingwheels --scale www=3
    eventually 30 knows 3
    equal 0 "$(visits)" "visits, though the checks have asked"
    local i page
    for i in $(seq 30); do page=$(get lb/); done
    equal 30 "$(visits)" "visits"
    # The asking above took turns as well.
    equal "3 true" "$(number lb/json '"\(.counters | length) \(.counters | all(. >= 8))"')" \
        "servers that counted, and whether each had about a third"
    equal 4 "$(grep -c '<tr' <<<"$page")" "the rows of the page, with the heading"
    contains "$page" "visit number [0-9]+ of 30 in all" "the page"
    # The newest is in its turn as soon as it is there.
    in_project up -d --scale www=4
    eventually 30 knows 4
    for i in $(seq 8); do get lb/ >/dev/null; done
    equal "4 38" "$(number lb/json '"\(.counters | length) \(.counters | add)"')" \
        "servers and visits"
}

# Each example stands by itself, and has the same client of redis.
test_examples_share_one_client() {
    cmp "$ROOT/examples/dockercoins/app/resp.py" "$ROOT/examples/trainingwheels/app/resp.py"
}
