#!/usr/bin/env bash
# The checks of redis, postgres and http against real servers: alive, stopped (SIGSTOP), gone, wanting
# a password, replica, and in recovery.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done
need redis-server redis-cli initdb postgres psql pg_ctl python3

# ask_once ask's words...: with a time-out of 30 s, for a busy machine, where none is given
ask_once() {
    [[ $* = *check.timeout=* ]] || set -- "$@" check.timeout=30s
    for_at_most 90 "$AMBA_ASK" 1 "$@"
}
# expect_verdict EXPECTED ask's words...: it may be a pattern
expect_verdict() {
    local expected=$1 got
    shift
    got=$(ask_once "$@")
    # shellcheck disable=SC2053  # a pattern
    [[ $got = $expected ]] || fail "check $*: expected '$expected', got '$got'"
}
# expect_stopped PID ask's words...: a time-out while the server is stopped, alive afterwards
expect_stopped() {
    local pid=$1
    shift
    kill -STOP "$pid"
    expect_verdict 'no answer in 300ms' "$@" check.timeout=300ms
    kill -CONT "$pid"
    expect_verdict alive "$@" check.timeout=60s
}
# expect_gone PID ADDRESS ask's words...
expect_gone() {
    kill -9 "$1"
    wait "$1" 2>/dev/null || true
    shift
    expect_verdict 'Connection refused' "$@"
}

# ---- redis ----
one=$(free_port)
two=$(free_port)
redis() {
    start "redis-$1" redis-server --bind 127.0.0.1 --save "" --appendonly no --dir "$TMP" --port "$@"
}
redis "$one"
first=$PID
redis "$two" --replicaof 127.0.0.1 "$one" --replica-serve-stale-data no
eventually 10 redis-cli -p "$one" ping
eventually 10 grep -q 'role:slave' <(redis-cli -p "$two" info replication)
eventually 20 sh -c "redis-cli -p $two info replication | grep -q master_link_status:up"
expect_verdict alive "127.0.0.1:$one" check=redis
expect_verdict alive "127.0.0.1:$one" check=redis check.role=primary
expect_verdict alive "127.0.0.1:$two" check=redis
expect_verdict 'redis is "slave", not a primary' "127.0.0.1:$two" check=redis check.role=primary
redis-cli -p "$two" replicaof no one >/dev/null
expect_verdict alive "127.0.0.1:$two" check=redis check.role=master
expect_stopped "$first" "127.0.0.1:$one" check=redis check.role=primary
redis-cli -p "$one" config set maxclients 1 >/dev/null
exec 3<>"/dev/tcp/127.0.0.1/$one"
expect_verdict '*max number of clients*' "127.0.0.1:$one" check=redis
exec 3>&-
redis-cli -p "$two" config set requirepass secret >/dev/null
expect_verdict alive "127.0.0.1:$two" check=redis
expect_verdict '*NOAUTH*role=primary needs*' "127.0.0.1:$two" check=redis check.role=primary
echo secret >"$TMP/right"
echo wrong >"$TMP/wrong"
expect_verdict alive "127.0.0.1:$two" check=redis check.role=primary check.password-file="$TMP/right"
expect_verdict 'redis said "-WRONGPASS"*' "127.0.0.1:$two" check=redis check.role=primary \
    check.password-file="$TMP/wrong"
expect_verdict 'alive, but redis said "-WRONGPASS"*' "127.0.0.1:$two" check=redis \
    check.password-file="$TMP/wrong"
expect_verdict 'cannot read the password in *: No such file or directory' "127.0.0.1:$two" check=redis \
    check.password-file="$TMP/none"
redis-cli -p "$two" -a secret acl setuser monitor on '>key' +ping +role >/dev/null 2>&1
echo key >"$TMP/key"
expect_verdict alive "127.0.0.1:$two" check=redis check.role=primary check.user=monitor \
    check.password-file="$TMP/key"
expect_verdict alive "127.0.0.1:$one" check=redis check.password-file="$TMP/key"  # it wants none
expect_verdict alive "127.0.0.1:$two" check=redis check.role=primary check.database=3 \
    check.password-file="$TMP/right"
expect_verdict 'alive, but redis said "-ERR DB index is out of range" to check.database "99"' \
    "127.0.0.1:$one" check=redis check.database=99
expect_verdict 'closed the connection*' "127.0.0.1:$two" check=http
expect_gone "$first" "127.0.0.1:$one" check=redis
expect_verdict 'Connection refused' "127.0.0.1:$one"
say "redis: primary, replica, stopped, full, with a password, gone"

# ---- postgres ----
as_postgres=()
if [ "$(id -u)" = 0 ]; then
    need setpriv
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
mkdir "$TMP/postgres"
[ ${#as_postgres[@]} = 0 ] || chown postgres: "$TMP/postgres"
cd "$TMP/postgres"
"${as_postgres[@]}" "$(command -v initdb)" -D data -U postgres --auth=trust --no-sync -E UTF8 \
    --locale=C >"$TMP/initdb.log" 2>&1 || fail "initdb: $(cat "$TMP/initdb.log")"
port=$(free_port)
postgres() {
    start postgres "${as_postgres[@]}" "$(command -v postgres)" -D data -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "$@"
}
sql() { for_at_most 10 psql -X -q -h 127.0.0.1 -p "$port" -U postgres -c "$1"; }
at=127.0.0.1:$port
postgres
server=$PID
eventually 20 sql 'select 1'
expect_verdict alive "$at" check=postgres check.user=nobody  # no such role: it answers
: >"$TMP/postgres.log"
equal alive "$(for_at_most 20 "$AMBA_ASK" 50 "$at" check=postgres)" "from 50 checks without a user"
equal "" "$(cat "$TMP/postgres.log")" "in the log of a server that is asked without a user"
expect_verdict '*role "amba" does not exist*28000*' "$at" check=postgres check.role=primary
expect_verdict alive "$at" check=postgres check.role=primary check.user=postgres
# A server that is stopped still has children that do not exist yet: nobody answers.
expect_stopped "$server" "$at" check=postgres check.user=postgres
: >"$TMP/postgres.log"
for_at_most 600 "$AMBA_ASK" 50 "$at" check=postgres check.role=primary check.user=postgres \
    check.timeout=30s >"$TMP/asked"
equal alive "$(cat "$TMP/asked")" "from 50 checks"
equal "" "$(cat "$TMP/postgres.log")" "in the log of a server that is asked by its user"
sql "create user locked password 'secret'"
sed -i '1i host all locked 127.0.0.1/32 scram-sha-256' data/pg_hba.conf
"${as_postgres[@]}" "$(command -v pg_ctl)" -D data reload >/dev/null
eventually 10 sh -c "! PGPASSWORD=wrong psql -X -h 127.0.0.1 -p $port -U locked -d postgres -c ''"
eventually 10 grep -q 'asks "locked" for a password' \
    <(ask_once "$at" check=postgres check.role=primary check.user=locked)
expect_verdict alive "$at" check=postgres check.user=locked
# With its password, in each way that a server may ask for it.
asks_by() { # asks_by USER METHOD: from now on
    : >"$TMP/postgres.log"
    sed -i "1i host all $1 127.0.0.1/32 $2" data/pg_hba.conf
    "${as_postgres[@]}" "$(command -v pg_ctl)" -D data reload >/dev/null
    eventually 10 grep -aq 'reloading configuration files' "$TMP/postgres.log"
}
sql "set password_encryption = md5; create user old password 'secret'"
with_passwords() { # with_passwords USER
    expect_verdict alive "$at" check=postgres check.user="$1" check.password-file="$TMP/right"
    expect_verdict alive "$at" check=postgres check.role=primary check.user="$1" \
        check.password-file="$TMP/right"
    expect_verdict 'alive, but postgres said "28P01" to the password of its check' "$at" check=postgres \
        check.user="$1" check.password-file="$TMP/wrong"
    expect_verdict 'postgres said "28P01" to the password of its check' "$at" check=postgres \
        check.role=primary check.user="$1" check.password-file="$TMP/wrong"
}
with_passwords locked
asks_by old md5
with_passwords old
asks_by locked password
with_passwords locked
asks_by locked scram-sha-256
expect_verdict 'alive, but postgres has no database "shop"' "$at" check=postgres check.user=locked \
    check.password-file="$TMP/right" check.database=shop
expect_verdict 'postgres has no database "shop"' "$at" check=postgres check.user=postgres \
    check.role=primary check.database=shop
sql "create database shop"
expect_verdict alive "$at" check=postgres check.user=locked check.password-file="$TMP/right" \
    check.role=primary check.database=shop
: >"$TMP/postgres.log"
equal alive "$(for_at_most 600 "$AMBA_ASK" 50 "$at" check=postgres check.role=primary \
    check.user=locked check.password-file="$TMP/right" check.timeout=30s)" \
    "from 50 checks with a password"
equal "" "$(cat "$TMP/postgres.log")" "in the log of a server that is asked with a password"
kill -INT "$server"
wait "$server" 2>/dev/null || true
expect_verdict 'Connection refused' "$at" check=postgres
# The same as a standby of nobody.
touch data/standby.signal
[ ${#as_postgres[@]} = 0 ] || chown postgres: data/standby.signal
postgres
eventually 20 sql 'select 1'
expect_verdict alive "$at" check=postgres check.user=postgres
expect_verdict 'postgres is in recovery, not a primary' "$at" check=postgres check.role=primary \
    check.user=postgres
kill -INT "$PID"
wait "$PID" 2>/dev/null || true
postgres -c hot_standby=off
eventually 20 is_open 127.0.0.1 "$port"
expect_verdict 'postgres said "the database system is * (57P03)' "$at" check=postgres check.user=postgres
say "postgres: alive, primary, standby, no hot standby, stopped, with a password, of a database, gone"

# ---- http ----
port=$(free_port)
mkdir "$TMP/www"
: >"$TMP/www/here"
start http python3 -u -m http.server --bind 127.0.0.1 --directory "$TMP/www" "$port"
eventually 10 is_open 127.0.0.1 "$port"
expect_verdict alive "127.0.0.1:$port" check=http
expect_verdict alive "127.0.0.1:$port" check=http check.method=HEAD check.path=/here check.expect=200
expect_verdict 'http status "404 File not found"' "127.0.0.1:$port" check=http check.path=/there
expect_verdict alive "127.0.0.1:$port" check=http check.path=/there check.expect=404
expect_verdict 'http status "501 *' "127.0.0.1:$port" check=http check.method=OPTIONS
expect_stopped "$PID" "127.0.0.1:$port" check=http
say "http: statuses, methods, stopped"
