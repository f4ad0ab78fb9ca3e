# shellcheck shell=bash
# examples/compose/metrics.yml: Prometheus follows both services as they are scaled.

# asked EXPRESSION: what Prometheus says, one value a line
asked() {
    docker exec "$(name probe)" curl -sS --fail -G --data-urlencode "query=$1" \
        http://prometheus:9090/api/v1/query >"$CACHE/answer.json" || return 1
    docker exec -i "$(name probe)" jq -r '.data.result[].value[1]' <"$CACHE/answer.json" | xargs
}

# says VALUES EXPRESSION
says() {
    local got
    got=$(asked "$2") || fail "an answer from Prometheus"
    equal "$1" "$got" "$2"
}

# scaled WEBS LBS: so many ambassadors are scraped, each knows so many backends, and no other is left
scaled() {
    in_project up -d --scale "web=$1" --scale "lb=$2"
    eventually 30 says "$2" 'sum(up{job="amba"} == 1)'
    eventually 30 says "$2" "count(count by (instance) (amba_backend_up == 1) == $1)"
    eventually 30 says "" 'up{job="amba"} == 0'
}

test_compose_metrics() {
    export PROMETHEUS_PORT=0
    up metrics.yml --scale web=2 --scale lb=2
    client probe --network "${PROJECT}_default"
    scaled 2 2
    scaled 3 2
    scaled 1 1
    eventually 60 says 1 'sum(rate(amba_frontend_connections_total{frontend="web"}[20s])) > bool 1'
    in_project exec -T prometheus promtool query instant http://localhost:9090 \
        'sum by (backend) (amba_backend_up)'
    # Grafana is not run: no package has it. Its service is at least one that Compose takes.
    in_project --profile grafana config >/dev/null
    docker rm -fv "$(name probe)" >/dev/null # so that the project's network can go
}
