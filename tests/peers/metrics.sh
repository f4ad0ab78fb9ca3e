#!/usr/bin/env bash
# /metrics, judged by Prometheus: promtool finds nothing to say, and a real server that scrapes it has an
# answer to every question of the dashboard. Counters survive a swap; what has left the table leaves.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need curl jq python3 prometheus promtool

BOARD=$ROOT/examples/grafana/amba.json
board() { python3 "$ROOT/tests/peers/dashboard.py" "$1" "$BOARD" "${@:2}"; }

fetch() {
    for_at_most 10 curl -sS --fail --unix-socket "$AMBA_DIR/amba.sock" http://amba/metrics >"$TMP/metrics"
}
# promtool is content, without a warning.
clean() {
    local said
    fetch
    said=$(for_at_most 20 promtool check metrics <"$TMP/metrics" 2>&1) \
        || fail "promtool check metrics: $said"
    equal "" "$said" "from promtool check metrics"
}

# sample NAME [LABEL=VALUE...]: the sum of the samples that have these labels; nothing when none has
sample() {
    awk -v name="$1" -v wanted="${*:2}" '
        BEGIN { count = split(wanted, pairs, " ") }
        /^#/ { next }
        { series = $1; sub(/\{.*/, "", series) }
        series != name { next }
        {
            for (i = 1; i <= count; i++) {
                at = index(pairs[i], "=")
                label = substr(pairs[i], 1, at - 1) "=\"" substr(pairs[i], at + 1) "\""
                if (!index($0, label)) next
            }
            sum += $NF
            found = 1
        }
        END { if (found) print sum }' "$TMP/metrics"
}
# is EXPECTED NAME [LABEL=VALUE...]
is() { equal "$1" "$(sample "${@:2}")" "as $(printf '%s ' "${@:2}")"; }
# The same, once it is.
becomes() { fetch && [ "$(sample "${@:2}")" = "$1" ]; }

# ---- the files beside it ----
promtool check config "$ROOT/examples/prometheus/prometheus.yml" >"$TMP/promtool" 2>&1 \
    || fail "promtool check config: $(cat "$TMP/promtool")"
board check || fail "the dashboard is not in order"
board rules >"$TMP/rules.yml"
promtool check rules "$TMP/rules.yml" >"$TMP/promtool" 2>&1 \
    || fail "expressions of the dashboard: $(cat "$TMP/promtool")"
say "$(jq '.groups[0].rules | length' "$TMP/rules.yml") expressions of the dashboard, and prometheus.yml"

# ---- one ambassador, two servers, and one that is not there ----
for name in one two; do
    port=$(free_port)
    # shellcheck disable=SC2153
    start "http-$name" python3 "$BYTES" http "$port"
    eventually 10 is_open 127.0.0.1 "$port"
    declare "$name=127.0.0.1:$port"
done
gone=127.0.0.1:$(free_port)
front=$(free_port)
bare=$(free_port)
admin=$(free_port)
# shellcheck disable=SC2154  # declared above
one_labels=(frontend=web backend="$one" origin="$one")
# shellcheck disable=SC2154
two_labels=(frontend=web backend="$two" origin="$two")
web=("$HOST:$front" name=web check=off hedge=off)
both=("${web[@]}" "$one" "$two" + "*:$bare" check=off observe=off "$gone")
get() { for _ in $(seq "$1"); do for_at_most 10 curl -sS --fail -o /dev/null "http://$HOST:$front/1000"; done; }
has_scraped() {
    curl -sS --fail "http://$server/api/v1/query?query=amba_generation" | grep -q '"value"'
}
get_none() { ! for_at_most 10 curl -sS -o /dev/null "http://127.0.0.1:$bare/" 2>/dev/null; }

export ADMIN=127.0.0.1:$admin
start_amba  # without a table
# It looks for targets five seconds after its start, and is asked at the end.
server=127.0.0.1:$(free_port)
cat >"$TMP/prometheus.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs: [{job_name: amba, static_configs: [{targets: ["127.0.0.1:$admin"]}]}]
YAML
start prometheus prometheus --config.file="$TMP/prometheus.yml" --storage.tsdb.path="$TMP/tsdb" \
    --web.listen-address="$server" --log.level=warn
clean
is 0 amba_generation
reconfigure "${both[@]}"
get 10
get_none || fail "expected no answer from a backend that is not there"
eventually 5 becomes 10 amba_frontend_session_seconds_count frontend=web
clean
families=$(grep -c '^# TYPE' "$TMP/metrics")
said=$(curl -sS -o /dev/null -w '%{http_code} %{content_type}' "http://127.0.0.1:$admin/metrics")
[[ $said = "200 text/plain; version=0.0.4"* ]] || fail "expected text/plain of version 0.0.4, got $said"

is 1 amba_generation
is 1 amba_tables_applied_total
is 0 amba_tables_rejected_total
is 1 amba_frontend_listening frontend=web
is 2 amba_frontend_backends frontend=web
is 10 amba_frontend_connections_total frontend=web
is 0 amba_frontend_connections frontend=web
is 0 amba_frontend_connections_failed_total frontend=web
is 5 amba_backend_connections_total "${one_labels[@]}"
is 5 amba_backend_connections_total "${two_labels[@]}"
is 1 amba_backend_up "${one_labels[@]}"
is 1 amba_backend_weight "${one_labels[@]}"
is 10 amba_frontend_connect_seconds_count frontend=web
is 10 amba_frontend_connect_seconds_bucket frontend=web le=+Inf
is 10 amba_frontend_ended_total frontend=web
bytes=$(sample amba_frontend_received_bytes_total frontend=web)
[ "$bytes" -gt 10000 ] || fail "expected more than 10000 bytes from the backends, got $bytes"
is "$bytes" amba_backend_received_bytes_total frontend=web
equal "$(sample amba_frontend_sent_bytes_total frontend=web)" \
    "$(sample amba_backend_sent_bytes_total frontend=web)" "bytes to the backends"
# The frontend that could not be served, by the name that status gives it.
other=$("$AMBA" status --json | jq -r '.frontends[] | select(.name != "web").name')
is 1 amba_frontend_connections_failed_total "frontend=$other"
is 1 amba_frontend_ended_total "frontend=$other" ended=SC
[ "$(sample amba_backend_connect_failures_total "frontend=$other")" -ge 1 ] \
    || fail "expected a failed connect"
say "$families metrics of web and $other; promtool has nothing to say"

# ---- names ----
# A label would have to escape these; a table with them is refused, so that none needs it.
for name in 'a"b' 'a\b' $'a\nb'; do
    jq -n --arg name "$name" --arg bind "$HOST:$front" --arg to "$one" \
        '{frontends: [{name: $name, bind: $bind, backends: [{address: $to}]}]}' >"$TMP/odd.json"
    code=0
    "$AMBA" reconfigure --wait --file "$TMP/odd.json" >/dev/null 2>&1 || code=$?
    equal 2 "$code" "an exit code for the name $name of"
done

# ---- a swap that keeps one backend, one that is refused, one that drops a frontend ----
reconfigure "${web[@]}" "$one" + "*:$bare" check=off observe=off "$gone"
eventually 5 becomes "" amba_backend_up "${two_labels[@]}"
clean
equal "" "$(grep -F "$two" "$TMP/metrics" || true)" "something of a backend that has left:"
is 5 amba_backend_connections_total "${one_labels[@]}"
is 10 amba_frontend_connections_total frontend=web
is "$bytes" amba_frontend_received_bytes_total frontend=web
is 10 amba_frontend_session_seconds_count frontend=web
is 2 amba_tables_applied_total
get 3
fetch
is 8 amba_backend_connections_total "${one_labels[@]}"

taken=${one#*:}
code=0
"$AMBA" reconfigure --wait "127.0.0.1:$taken" "$two" >/dev/null 2>&1 || code=$?
equal 1 "$code" "an exit code for a port that is taken of"
fetch
is 1 amba_tables_rejected_total
is 2 amba_generation

reconfigure "${web[@]}" "$one"
eventually 5 becomes "" amba_frontend_listening "frontend=$other"
clean
equal "" "$(grep -F "frontend=\"$other\"" "$TMP/metrics" || true)" "something of a frontend that has left:"
is 8 amba_backend_connections_total "${one_labels[@]}"
say "counters of what is kept go on, series of what has left are gone"

# ---- the dashboard: every metric is there, and a server that scrapes them has every answer ----
absent=$(comm -23 <(board names) <(sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' "$TMP/metrics" | sort -u))
equal "" "$absent" "of the dashboard and not in /metrics:"

eventually 20 has_scraped
reconfigure "${both[@]}"
for _ in 1 2 3 4; do
    get 5
    get_none || fail "expected no answer from a backend that is not there"
    sleep 1
done
eventually 10 board ask "http://$server"
say "Prometheus has an answer to every question of the dashboard"

# ---- README has them all, with their types, and no other ----
# shellcheck disable=SC2016  # not for this shell
listed=$(sed -n 's/^| `\([a-z_]*\)` | \(gauge\|counter\|histogram\) |.*/\1 \2/p' "$ROOT/README.md" | sort)
told=$(sed -n 's/^# TYPE \(.*\)$/\1/p' "$TMP/metrics" | sort)
equal "" "$(comm -3 <(echo "$listed") <(echo "$told"))" "in one of README and /metrics alone:"
