#!/usr/bin/env bash
# With their defaults checks disturb no server: after a thousand checks of each real server, idle
# and busy, there is not a line in a log nor a connect that is counted.
#
# In a network of its own, where clients come from 127.0.0.2 and have a name, as MariaDB counts
# nothing against 127.0.0.1 nor against a host without a name.
#
# A server sees a tcp check only when the checker was not given the CPU for 200 ms between two system
# calls. It takes that well but for MariaDB, so that of a thousand checks ten may be counted there.
set -euo pipefail
if [ "${1-}" != inside ]; then
    unshare=(unshare --net --mount)
    [ "$(id -u)" = 0 ] || unshare+=(--map-root-user)
    exec "${unshare[@]}" "$0" inside
fi
. "$(dirname "$0")/lib.sh"
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done
need redis-server redis-cli redis-benchmark initdb postgres psql pgbench pgbouncer mariadbd mariadb \
    mariadb-install-db nginx curl python3 ip mount
ip link set lo up
ip route change local 127.0.0.0/8 dev lo table local src 127.0.0.2 proto kernel scope host
{ echo "127.0.0.2 checker" && cat /etc/hosts; } >"$TMP/hosts"
mount --bind "$TMP/hosts" /etc/hosts
host=127.0.0.9

# owned USER DIRECTORY: made, and that user's where there is one to give it to
owned() {
    mkdir "$2"
    if [ "$(id -u)" = 0 ] && id "$1" >/dev/null 2>&1; then chown "$1:" "$2"; fi
}
as() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ] && id "$user" >/dev/null 2>&1; then
        setpriv --reuid="$user" --regid="$user" --clear-groups "$@"
    else
        "$@"
    fi
}

# ---- the servers, with their own defaults for what is logged ----
owned postgres "$TMP/pg"
cd "$TMP/pg"
as postgres "$(command -v initdb)" -D data -U postgres --auth=trust --no-sync --locale=C \
    >"$TMP/initdb.log" 2>&1 || fail "initdb: $(cat "$TMP/initdb.log")"
echo 'host all all 127.0.0.0/8 trust' >>data/pg_hba.conf
start postgres as postgres "$(command -v postgres)" -D data -p 5432 -c listen_addresses="$host" \
    -c unix_socket_directories= -c fsync=off -c max_connections=40
owned postgres "$TMP/bouncer"
cat >"$TMP/bouncer/pgbouncer.ini" <<INI
[databases]
* = host=$host port=5432
[pgbouncer]
listen_addr = $host
listen_port = 6432
unix_socket_dir =
auth_type = trust
auth_file = $TMP/bouncer/users
INI
echo '"postgres" ""' >"$TMP/bouncer/users"
start pgbouncer as postgres "$(command -v pgbouncer)" "$TMP/bouncer/pgbouncer.ini"
owned mysql "$TMP/maria"
user=root
if [ "$(id -u)" = 0 ] && id mysql >/dev/null 2>&1; then user=mysql; fi
mariadb-install-db --no-defaults --user="$user" --datadir="$TMP/maria" --skip-test-db \
    --auth-root-authentication-method=normal >"$TMP/install.log" 2>&1 \
    || fail "mariadb-install-db: $(cat "$TMP/install.log")"
start mariadb mariadbd --no-defaults --user="$user" --datadir="$TMP/maria" --port=3306 \
    --socket="$TMP/maria/socket" --bind-address="$host" --pid-file="$TMP/maria/pid" \
    --performance-schema=ON --innodb-flush-log-at-trx-commit=0
start redis redis-server --bind "$host" --port 6379 --protected-mode no --save "" \
    --appendonly no --dir "$TMP"
mkdir "$TMP/www"
echo here >"$TMP/www/index.html"
cat >"$TMP/nginx.conf" <<CONF
daemon off;
pid $TMP/nginx.pid;
error_log $TMP/nginx.log;
events {}
http { access_log $TMP/nginx.log; server { listen $host:80; root $TMP/www; } }
CONF
start nginx nginx -c "$TMP/nginx.conf"
start python python3 -u -m http.server --bind "$host" --directory "$TMP/www" 8080

sql() { for_at_most 10 psql -X -q -h "$host" -p "$1" -U postgres -d postgres -c "$2"; }
maria() { for_at_most 10 mariadb --no-defaults -u root -S "$TMP/maria/socket" -N -e "$1"; }
eventually 30 sql 5432 'select 1'
eventually 30 sql 6432 'select 1'
eventually 60 maria 'select 1'
maria "create user client@'%'"
eventually 10 redis-cli -e -h "$host" get x
eventually 10 curl -sf "http://$host/"
eventually 10 curl -sf "http://$host:8080/"

# ---- the checks ----
names=(postgres:5432 pgbouncer:6432 mariadb:3306 redis:6379 nginx:80 python:8080)
counted() {
    maria 'select ifnull(max(sum_connect_errors + count_handshake_errors), 0) from
        performance_schema.host_cache; show global status like "Aborted_connects"' |
        awk '{ sum += $NF } END { print sum }'
}
lines() { wc -l <"$TMP/$1.log"; }

# A connection that is made and reset is logged. This proves that the rest of the test can fail.
before=$(($(lines postgres) + $(lines python)))
seen=$(counted)
python3 - "$host" <<'PYTHON'
import socket, struct, sys
for port in (5432, 3306, 8080):
    with socket.create_connection((sys.argv[1], port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
PYTHON
told() { [ $(($(lines postgres) + $(lines python))) -gt $((before + 1)) ]; }
eventually 20 told
counts() { [ "$(counted)" -gt "$seen" ]; }
eventually 20 counts

check_all() {
    local name at before seen
    for name in "${names[@]}"; do
        at=$host:${name#*:}
        name=${name%:*}
        before=$(lines "$name")
        seen=$(counted)
        equal alive "$(for_at_most 200 "$AMBA_ASK" 1000 "$at")" "from 1,000 checks of $name, $1"
        sleep 0.3  # a line of the last one
        if [ "$name" = mariadb ]; then
            seen=$(($(counted) - seen + $(lines "$name") - before))
            [ "$seen" -le 20 ] || fail "mariadb, $1: $seen lines and counts of 1,000 checks"
        elif [ "$(lines "$name")" != "$before" ]; then
            fail "$name, $1: $(($(lines "$name") - before)) lines of 1,000 checks, the last one
$(tail -n 1 "$TMP/$name.log")"
        fi
    done
}
check_all idle
# Busy, with clients that log nothing themselves: each holds its connection.
echo 'select 1;' >"$TMP/one.sql"
start pgbench as postgres "$(command -v pgbench)" -h "$host" -U postgres -n -c 2 -T 300 \
    -f "$TMP/one.sql" postgres
loads=("$PID")
start client bash -c "while :; do echo 'select 1;'; done |
    mariadb --no-defaults -h $host -u client >/dev/null"
loads+=("$PID")
start benchmark redis-benchmark -q -l -h "$host" -c 4 -t get
loads+=("$PID")
check_all busy
for load in "${loads[@]}"; do
    kill -0 "$load" || fail "a client has ended: $(tail -n 3 "$TMP"/{pgbench,client,benchmark}.log)"
done
say "1,000 checks of each of ${#names[@]} servers, idle and busy: nobody noticed"
