# shellcheck shell=bash disable=SC1091
# Many ambassadors on one Engine: ten names a client, 20 ambassadors, or 200 with AMBA_FULL.
. "$ROOT/tests/docker/fleet_lib.sh"

many() {
    local i
    project
    {
        printf 'version: "3.8"\nservices:\n  web:\n    image: %s\n' "$TOOLS"
        printf '    command: sleep infinity\n    init: true\n    extra_hosts:\n'
        for i in $(seq 10); do printf '      redis%d: 127.127.0.%d\n' "$i" $((i + 1)); done
        printf '    labels:\n'
        for i in $(seq 10); do printf '      ambassador.link.redis%d: redis\n' "$i"; done
        printf '  redis:\n    image: %s\n    command: %s\n    init: true\n    expose: ["6379"]\n' \
            "$TOOLS" "$SERVER"
    } >"$DIR/app.yml"
}

# The processes of all ambassadors together, KiB of private memory.
private_memory() {
    local id
    for id in $(docker ps -q --filter "label=ambassador.project=$PROJECT"); do
        awk '/^Private_/ {sum += $2} END {print sum}' \
            "/proc/$(docker inspect -f '{{.State.Pid}}' "$id")/smaps_rollup"
    done | awk '{sum += $1} END {print sum, NR}'
}

volume_of() {
    docker inspect -f '{{range .Mounts}}{{if eq .Destination "/run/amba"}}{{.Source}}{{end}}{{end}}' "$1"
}

# From the start of the helper's process to its end, a hundred times.
latency() {
    python3 - "$@" <<'PYTHON'
import subprocess, sys, time
amba, directory = sys.argv[1:]
times = []
for i in range(100):
    begin = time.monotonic()
    subprocess.run([amba, "reconfigure", "--dir", directory, "--wait", "127.127.0.99:6379",
                    f"127.0.0.1:{7000 + i}", "check=off"], check=True, stdout=subprocess.DEVNULL)
    times.append((time.monotonic() - begin) * 1000)
times.sort()
print(f"p50 {times[50]:.1f} ms, p99 {times[98]:.1f} ms")
PYTHON
}

# helpers: those that ask and tell all ambassadors at once
helpers() { docker ps -aq --filter label=ambassador.writer | wc -l; }
no_helpers() { [ "$(helpers)" = 0 ]; }

test_full_fleet_many() {
    local clients=${AMBA_FULL:+20} begin last
    clients=${clients:-2}
    many
    in_fleet up -d --scale web="$clients" --scale redis=3 >/dev/null 2>&1
    begin=$(milliseconds)
    contains "$(fleet create)" "^$((clients * 10)) created" "what create says"
    echo "created $((clients * 10)), each with its table, in $(($(milliseconds) - begin)) ms"
    begin=$(milliseconds)
    contains "$(fleet configure)" "^0 configured, $((clients * 10)) had" "what configure says"
    echo "asked $((clients * 10)) in $(($(milliseconds) - begin)) ms"
    in_fleet up -d --scale web="$clients" --scale redis=4 >/dev/null 2>&1
    begin=$(milliseconds)
    contains "$(fleet configure)" "^$((clients * 10)) configured" "what configure says"
    echo "configured $((clients * 10)) in $(($(milliseconds) - begin)) ms"
    eventually 10 no_helpers
    equal $((clients * 10)) "$(ambassadors)" "ambassadors"
    contains "$(fleet ps | grep -c serving)" "^$((clients * 10))$" "those that serve"
    in_web redis-cli -h redis10 ping

    last=$(docker ps -q --filter "label=ambassador.project=$PROJECT" | head -n 1)
    docker cp "$last:/usr/bin/amba" "$DIR/amba"
    ln -s "$(volume_of "$last")" "$DIR/volume" # the Engine's path is too long for a socket's
    echo "reconfigure --wait of the last one: $(latency "$DIR/amba" "$DIR/volume")"
    echo "private memory of all (KiB) and how many: $(private_memory)"

    controller
    told_of 5 # and after that it knows what they have
    told_of 6
    equal 1 "$(helpers)" "helpers of the controller"
    local times first end
    times=$(lines '-> 6 of redis' | cut -d' ' -f1 | date -f - +%s%3N | sort)
    first=$(head -n 1 <<<"$times") end=$(tail -n 1 <<<"$times")
    begin=$(in_fleet ps -q redis | xargs docker inspect -f '{{.State.StartedAt}}' | sort | tail -n 1)
    begin=$(date -d "$begin" +%s%3N)
    echo "a new server is in the first table $((first - begin)) ms after its start, in the last" \
        "$((end - begin)) ms: all tables within $((end - first)) ms"
    # A controller that was killed leaves no helper behind.
    docker kill "$(name controller)" >/dev/null
    eventually 10 no_helpers
}

# told_of N: N servers, which all tables have
told_of() {
    in_fleet up -d --scale web="$clients" --scale redis="$1" >/dev/null 2>&1
    eventually 90 more_lines "-> $1 of redis" $((clients * 10 - 1))
}
