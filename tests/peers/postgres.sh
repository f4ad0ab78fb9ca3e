#!/usr/bin/env bash
# PostgreSQL through the ambassador: psql, a large COPY both ways, and pgbench while the table is
# swapped: no transaction fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Debian keeps the server's programs out of PATH.
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done
need initdb postgres psql pgbench python3

seconds=3
[ "$FULL" = 1 ] && seconds=30

# The server refuses to run as root.
as_postgres=()
if [ "$(id -u)" = 0 ]; then
    need setpriv
    id postgres >/dev/null 2>&1 || fail "there is no user postgres; run tests/run.sh deps"
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
mkdir "$TMP/postgres"
[ ${#as_postgres[@]} = 0 ] || chown postgres: "$TMP/postgres"

port=$(free_port)
front=$(free_port)
cd "$TMP/postgres"
"${as_postgres[@]}" "$(command -v initdb)" -D "$TMP/postgres/data" -U postgres --auth=trust \
    --no-sync -E UTF8 --locale=C >"$TMP/initdb.log" 2>&1 || fail "initdb: $(cat "$TMP/initdb.log")"
# The server listens on two addresses, which are two backends.
start postgres "${as_postgres[@]}" "$(command -v postgres)" -D "$TMP/postgres/data" -p "$port" \
    -c listen_addresses=127.0.0.1,127.0.0.3 -c unix_socket_directories= -c fsync=off
eventually 20 psql -h 127.0.0.1 -p "$port" -U postgres -c 'select 1'

start_amba "$HOST:$front" "127.0.0.1:$port"
export PGHOST=$HOST PGPORT=$front PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=60
sql() { for_at_most 300 psql -X -A -t -q -v ON_ERROR_STOP=1 "$@"; }

equal 42 "$(sql -c 'select 6 * 7')" "the answer to a query"
sql -c 'create table lines (number int, text text)'
seq 1 200000 | awk '{print $1 "\tline number " $1 " of a large copy"}' >"$TMP/lines"
sql -c '\copy lines from stdin' <"$TMP/lines"
cmp <(sql -c '\copy (select * from lines order by number) to stdout') "$TMP/lines" \
    || fail "COPY came back altered"

for_at_most 300 pgbench -i -s 1 -q >"$TMP/init" 2>&1 || fail "pgbench -i: $(cat "$TMP/init")"
# Once with connections that last, once with one for each transaction (-C).
for mode in "" -C; do
    # shellcheck disable=SC2086  # no word when it is empty
    for_at_most $((seconds + 300)) pgbench -c 8 -j 2 -T "$seconds" $mode >"$TMP/pgbench" 2>&1 &
    pgbench=$!
    swaps=0
    while kill -0 "$pgbench" 2>/dev/null; do
        reconfigure "$HOST:$front" "127.0.0.3:$port"
        reconfigure "$HOST:$front" "127.0.0.1:$port" "127.0.0.3:$port" weight=3
        swaps=$((swaps + 2))
        sleep 0.2
    done
    wait "$pgbench" || fail "pgbench $mode: $(cat "$TMP/pgbench")"
    grep -q 'number of failed transactions: 0 ' "$TMP/pgbench" \
        || fail "pgbench $mode: $(cat "$TMP/pgbench")"
    done_now=$(awk '/transactions actually processed/ {print $NF}' "$TMP/pgbench")
    say "pgbench $mode -c 8 -T $seconds: $done_now transactions, 0 failed, $swaps swaps"
done
