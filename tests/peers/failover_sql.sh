#!/usr/bin/env bash
# Real PostgreSQL and MariaDB servers that are killed, cut off, stopped, restarted and promoted, under
# a steady rate of connections: none fails, but those that a server had accepted and not answered
# when it was killed or cut off.
. "$(dirname "$0")/failover_lib.sh"
need initdb postgres pg_ctl pg_basebackup psql mariadbd mariadb-install-db

per_second=100
seconds=3
[ "$FULL" = 1 ] && per_second=200 seconds=15

# of_two START: killed, cut off and stopped; START starts the server at $A again, its id in $PID
of_two() {
    measure "$WHAT" "$per_second" "$seconds" "$WHAT"
    eventually 20 becomes "$A" healthy
    during "$WHAT while a server is killed" "end_of $FIRST" "$WHAT"
    eventually 20 becomes "$A" unhealthy
    wait "$FIRST" 2>/dev/null || true
    "$1"
    FIRST=$PID
    eventually 60 becomes "$A" healthy
    during "$WHAT while a server is cut off" drop "$WHAT"
    eventually 20 becomes "$A" unhealthy
    undrop
    eventually 20 becomes "$A" healthy
    # It accepts connections and answers none: the check of its protocol alone can see it.
    kill -STOP "$FIRST"
    eventually 20 becomes "$A" unhealthy
    during "$WHAT with a server stopped" true "$WHAT"
    kill -CONT "$FIRST"
    eventually 20 becomes "$A" healthy
}

# ---- PostgreSQL ----
WHAT=postgres
PORT=5432
as_postgres=()
if [ "$(id -u)" = 0 ]; then
    need setpriv
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
mkdir "$TMP/postgres"
[ ${#as_postgres[@]} = 0 ] || chown postgres: "$TMP/postgres"
cd "$TMP/postgres"
# postgres_at ADDRESS DIRECTORY
postgres_at() {
    start "postgres-$1" "${as_postgres[@]}" "$(command -v postgres)" -D "$2" -p "$PORT" \
        -c listen_addresses="$1" -c unix_socket_directories= -c fsync=off
    local pid=$PID
    eventually 30 psql -X -q -h "$1" -p "$PORT" -U postgres -c 'select 1'
    PID=$pid
}
postgres_a() {
    rm -f a/postmaster.pid # of the one that was killed
    postgres_at "$A" a
}
"${as_postgres[@]}" "$(command -v initdb)" -D a -U postgres --auth=trust --no-sync -E UTF8 \
    --locale=C >"$TMP/initdb.log" 2>&1 || fail "initdb: $(cat "$TMP/initdb.log")"
postgres_a
FIRST=$PID
"${as_postgres[@]}" "$(command -v pg_basebackup)" -h "$A" -p "$PORT" -U postgres -D b -R --no-sync \
    -c fast >"$TMP/basebackup.log" 2>&1 || fail "pg_basebackup: $(cat "$TMP/basebackup.log")"
postgres_at "$B" b
start_amba "$HOST:$PORT" check=postgres check.user=postgres inter=500ms fall=2 rise=1 \
    "$A:$PORT" "$B:$PORT"
of_two postgres_a
# Writes go to the primary alone, also when it is another.
reconfigure "$HOST:$PORT" check=postgres check.user=postgres check.role=primary inter=200ms fall=2 \
    rise=1 "$A:$PORT" "$B:$PORT"
eventually 20 becomes "$B" unhealthy
write() {
    PGCONNECT_TIMEOUT=60 for_at_most 90 psql -X -q -h "$HOST" -p "$PORT" -U postgres \
        -v ON_ERROR_STOP=1 -c "$1"
}
for i in 1 2 3 4; do write "create table before_$i (n int)" || fail "a write to the primary"; done
kill -INT "$FIRST"
wait "$FIRST" 2>/dev/null || true
"${as_postgres[@]}" "$(command -v pg_ctl)" -D b promote >/dev/null
eventually 20 becomes "$B" healthy
eventually 20 becomes "$A" unhealthy
for i in 1 2 3 4; do write "create table after_$i (n int)" || fail "a write after the promotion"; done
say "postgres: promoted"

# ---- MariaDB ----
WHAT=mysql
PORT=3306
cd /
user=root
if id mysql >/dev/null 2>&1 && chown mysql: "$TMP" 2>/dev/null; then user=mysql; fi
# mariadb_at ADDRESS NAME
mariadb_at() {
    start "mariadb-$2" mariadbd --no-defaults --user="$user" --datadir="$TMP/$2" --port="$PORT" \
        --socket="$TMP/$2.socket" --bind-address="$1" --pid-file="$TMP/$2.pid" \
        --innodb-flush-log-at-trx-commit=0 --server-id="${1##*.}" --log-bin="$TMP/$2/log"
    local pid=$PID
    eventually 60 for_at_most 5 mariadb --no-defaults -u root -S "$TMP/$2.socket" -e \
        "create user if not exists amba@'%'"
    PID=$pid
}
mariadb_a() { mariadb_at "$A" mariadb_a; }
for name in mariadb_a mariadb_b; do
    mariadb-install-db --no-defaults --user="$user" --datadir="$TMP/$name" --skip-test-db \
        --auth-root-authentication-method=normal >"$TMP/install.log" 2>&1 ||
        fail "mariadb-install-db: $(cat "$TMP/install.log")"
    [ "$user" = root ] || chown -R "$user:" "$TMP/$name"
done
mariadb_a
FIRST=$PID
mariadb_at "$B" mariadb_b
reconfigure "$HOST:$PORT" check=mysql inter=500ms fall=2 rise=1 "$A:$PORT" "$B:$PORT"
of_two mariadb_a
# A replica is promoted. MySQL's handshake does not say who is the primary, so the replica is a
# backup: it takes nothing while the primary lives, and the writes after its end.
on() { for_at_most 10 mariadb --no-defaults -u root -S "$TMP/$1.socket" -N -e "$2"; }
write() {
    for_at_most 10 mariadb --no-defaults -u amba -h "$HOST" -P "$PORT" --connect-timeout=60 -e "$1"
}
on mariadb_a "grant all on app.* to amba@'%'; grant replication slave on *.* to amba@'%';
    create database app; create table app.written (n int)"
on mariadb_b "grant all on app.* to amba@'%'; create database app; create table app.written (n int);
    set global read_only = 1"
read -r log position _ <<<"$(on mariadb_a "show master status")"
on mariadb_b "change master to master_host='$A', master_port=$PORT, master_user='amba',
    master_log_file='$log', master_log_pos=$position; start slave"
reconfigure "$HOST:$PORT" check=mysql check.user=amba inter=200ms fall=2 rise=1 "$A:$PORT" \
    "$B:$PORT" backup=true
eventually 20 becomes "$B" healthy
for i in 1 2 3 4; do write "insert into app.written values ($i)" || fail "a write to the primary"; done
written() { [ "$(on mariadb_b "select count(*) from app.written")" = "$1" ]; }
eventually 20 written 4
kill -9 "$FIRST"
wait "$FIRST" 2>/dev/null || true
on mariadb_b "stop slave; reset slave all; set global read_only = 0"
eventually 20 becomes "$A" unhealthy
for i in 5 6 7 8; do write "insert into app.written values ($i)" || fail "a write after the promotion"; done
written 8 || fail "the new primary has not what was written"
say "mysql: promoted"

say "killed, cut off, stopped, restarted and promoted"
