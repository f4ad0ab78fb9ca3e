#!/usr/bin/env bash
# The check of mysql against a real MariaDB: alive, stopped, full, gone; and a thousand checks do not
# get the host blocked, with max_connect_errors at 5.
#
# A server counts nothing against 127.0.0.1: in a network of its own, clients come from 127.0.0.2, and
# /etc/hosts of that place knows them, as a host without a name is not counted either.
set -euo pipefail
if [ "${1-}" != inside ]; then
    unshare=(unshare --net --mount)
    [ "$(id -u)" = 0 ] || unshare+=(--map-root-user)
    exec "${unshare[@]}" "$0" inside
fi
. "$(dirname "$0")/lib.sh"
need mariadbd mariadb mariadb-install-db ip mount python3
ip link set lo up
ip route change local 127.0.0.0/8 dev lo table local src 127.0.0.2 proto kernel scope host
{ echo "127.0.0.2 checker" && cat /etc/hosts; } >"$TMP/hosts"
mount --bind "$TMP/hosts" /etc/hosts

user=root
if id mysql >/dev/null 2>&1 && chown mysql: "$TMP" 2>/dev/null; then user=mysql; fi
mariadb-install-db --no-defaults --user="$user" --datadir="$TMP/data" --skip-test-db \
    --auth-root-authentication-method=normal >"$TMP/install.log" 2>&1 \
    || fail "mariadb-install-db: $(cat "$TMP/install.log")"
[ "$user" = root ] || chown -R "$user:" "$TMP/data"
host=127.0.0.9
at=$host:3306
mariadb_server() {
    start mariadb mariadbd --no-defaults --user="$user" --datadir="$TMP/data" --port=3306 \
        --socket="$TMP/socket" --bind-address="$host" --pid-file="$TMP/pid" \
        --performance-schema=ON --max-connect-errors=5 --innodb-flush-log-at-trx-commit=0 "$@"
}
sql() { for_at_most 10 mariadb --no-defaults -u root -S "$TMP/socket" -N -e "$1"; }
ask() { for_at_most 600 "$AMBA_ASK" "$@"; }
expect_verdict() {
    local expected=$1 got
    shift
    [[ $* = *check.timeout=* ]] || set -- "$@" check.timeout=30s # for a busy machine
    got=$(ask 1 "$@" check=mysql)
    # shellcheck disable=SC2053  # a pattern
    [[ $got = $expected ]] || fail "check $*: expected '$expected', got '$got'"
}
errors() { sql 'select sum_connect_errors from performance_schema.host_cache where ip = "127.0.0.2"'; }

mariadb_server
server=$PID
eventually 60 sql 'select 1'
expect_verdict "*Host 'checker' is not allowed to connect* (1130)" "$at"
sql "create user app@'%' identified by 'secret'; create user monitor@'%';
    install soname 'auth_ed25519'; create user strange@'%' identified via ed25519 using password('s');
    create user unix@'%' identified via unix_socket; flush hosts"

# Checks that end after the greeting get the host blocked. This proves that the rest of the test can
# fail.
python3 - "$host" <<'PYTHON'
import socket, sys
for _ in range(6):
    with socket.create_connection((sys.argv[1], 3306)) as client:
        client.recv(1000)
PYTHON
expect_verdict "*Host '127.0.0.2' is blocked* (1129)" "$at"
sql 'flush hosts'

for name in amba monitor app strange unix nobody; do
    equal alive "$(ask 200 "$at" check=mysql check.user="$name" check.timeout=30s)" "from 200 checks as $name"
    equal 0 "$(errors)" "connect errors after 200 checks as $name"
done
# With a password, and of a database.
echo secret >"$TMP/right"
echo wrong >"$TMP/wrong"
sql "create database shop; grant select on shop.* to app@'%'; create database closed"
as_app=(check.user=app check.password-file="$TMP/right")
expect_verdict alive "$at" "${as_app[@]}"
expect_verdict alive "$at" "${as_app[@]}" check.database=shop
expect_verdict 'alive, but mysql said 1044 to check.database "closed"' "$at" "${as_app[@]}" \
    check.database=closed
expect_verdict 'alive, but mysql said 1045 to the password of its check' "$at" check.user=app \
    check.password-file="$TMP/wrong"
expect_verdict 'alive, but mysql asks for a way to log in other than *' "$at" check.user=strange \
    check.password-file="$TMP/right"
equal 0 "$(errors)" "connect errors after checks with passwords"
# A check that is let in leaves no trace: neither an aborted connection nor a line in the log.
before=$(sql 'show global status like "Aborted%"')
: >"$TMP/mariadb.log"
equal alive "$(ask 1000 "$at" check=mysql check.user=monitor check.timeout=30s)" "from 1,000 checks as monitor"
equal alive "$(ask 200 "$at" check=mysql "${as_app[@]}" check.database=shop check.timeout=30s)" \
    "from 200 checks as app"
equal "$before" "$(sql 'show global status like "Aborted%"')" "aborted connections"
equal "" "$(cat "$TMP/mariadb.log")" "in the log"
equal 0 "$(errors)" "connect errors after 1,000 checks"

kill -STOP "$server"
expect_verdict 'no answer in 300ms' "$at" check.timeout=300ms
kill -CONT "$server"
expect_verdict alive "$at" check.timeout=60s
sql 'set global max_connections = 10'
sleeper() {
    for_at_most 600 mariadb --no-defaults -h "$host" -u monitor -e 'select sleep(600)' \
        >/dev/null 2>&1 &
}
for _ in {1..12}; do sleeper; done
# Connections that were about to end may have held places that are free now: each try adds one more.
# They all end with the server.
full() {
    sleeper
    sleep 0.1
    ask 1 "$at" check=mysql check.user=monitor check.timeout=30s | grep -q 'Too many connections" (1040)'
}
eventually 10 full  # whoever is refused does not learn of it
kill -9 "$server"
wait "$server" 2>/dev/null || true
expect_verdict 'Connection refused' "$at"
say "mysql: 2,400 checks of all kinds of users, with passwords and a database, 0 connect errors; stopped, full, gone"
