# shellcheck shell=bash
# What an idle ambassador weighs where it is used: in the network namespace of a client.
#
# `docker stats` shows the cgroup's usage without inactive page cache. The kernel charges usage in
# batches of 64 pages for each CPU, so that one and the same process is shown with 250 KiB more or
# less; the test adds up the exact counters behind it, and prints what `docker stats` says.

KIB_AT_MOST=512

# Of the container in cgroup v2 or v1: anonymous memory, the kernel's, and active page cache, in KiB.
exact_kib() {
    local dir
    dir=$(find /sys/fs/cgroup -type d -name "*$1*" \( -path '*memory*' -o -path '*docker*' \) \
        -exec test -e '{}/memory.stat' \; -print -quit)
    [ -n "$dir" ] || fail "a memory cgroup of the container $1"
    if [ -e "$dir/memory.kmem.usage_in_bytes" ]; then
        awk 'FILENAME ~ /kmem/ {sum += $1}
             FILENAME ~ /stat/ && ($1 == "rss" || $1 == "active_file") {sum += $2}
             END {print int(sum / 1024)}' "$dir/memory.kmem.usage_in_bytes" "$dir/memory.stat"
    else
        awk '$1 == "anon" || $1 == "kernel" || $1 == "active_file" {sum += $2}
             END {print int(sum / 1024)}' "$dir/memory.stat"
    fi
}

least() { echo $(($1 < $2 ? $1 : $2)); }

full_id() { docker inspect -f '{{.Id}}' "$(name "$1")"; }

# As many descriptors as the Engine's machine allows, at most Docker's default.
most_descriptors() {
    local limit
    limit=$(ulimit -Hn)
    if [ "$limit" = unlimited ] || [ "$limit" -gt 1048576 ]; then limit=1048576; fi
    echo "$limit"
}

test_weight_at_idle() {
    local few=999999 many=999999 limit shown="" i
    limit=$(most_descriptors)
    client box
    sidecar warm box run 7001 127.0.0.9:7001 # takes the page cache of the program upon itself
    # The least of three: a container may be charged for what its neighbours use too.
    for i in 1 2 3; do
        sidecar "few$i" box --ulimit nofile=1024 -- run "71$i" 127.0.0.9:7001
        sidecar "many$i" box --ulimit "nofile=$limit" -- run "72$i" 127.0.0.9:7001
        sleep 2
        few=$(least "$few" "$(exact_kib "$(full_id "few$i")")")
        many=$(least "$many" "$(exact_kib "$(full_id "many$i")")")
        shown+=$(docker stats --no-stream --format '{{.MemUsage}}' "$(name "few$i")" \
            "$(name "many$i")" | sed 's, /.*,,' | tr '\n' ' ')
    done
    echo "nofile 1024: $few KiB, nofile $limit: $many KiB; docker stats shows $shown"
    printf '{"idle_kib": %s, "nofile": %s, "idle_kib_with_that": %s, "shown": "%s", ' \
        "$few" "$limit" "$many" "$shown" >"$CACHE/weight.json"
    printf '"image_bytes": %s}\n' "$(docker image inspect -f '{{.Size}}' "$IMAGE")" \
        >>"$CACHE/weight.json"
    [ "$few" -le $KIB_AT_MOST ] || fail "at most $KIB_AT_MOST KiB at idle, got $few"
    [ "$many" -le $KIB_AT_MOST ] \
        || fail "at most $KIB_AT_MOST KiB with $limit descriptors allowed, got $many"
}
