#!/usr/bin/env bash
# Names, with a real dnsmasq as the name server: A, AAAA, the search domain, names that come, change
# and fail, another resolv.conf, and a hosts file in which the backend's name is the ambassador itself.
#
# All of it runs in network and mount namespaces of its own, because names are asked for on port 53
# of whatever /etc/resolv.conf says.
set -euo pipefail
if [ "${AMBA_DNS_INSIDE:-}" = "" ]; then
    export AMBA_DNS_INSIDE=1
    command -v unshare >/dev/null || {
        echo "dns: FAILED: not installed: unshare; run tests/run.sh deps" >&2
        exit 1
    }
    if [ "$(id -u)" = 0 ]; then exec unshare --mount --net "$0" "$@"; fi
    exec unshare --map-root-user --mount --net "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need dnsmasq python3 ip

ip link set lo up
ip -6 address add fd00::5/128 dev lo nodad
for file in resolv.conf hosts; do
    : >"$TMP/$file"
    [ -e "/etc/$file" ] || fail "there is no /etc/$file to put another one over"
    mount --bind "$TMP/$file" "/etc/$file"
done
echo "127.0.0.1 localhost" >/etc/hosts
printf 'search lan\nnameserver 127.0.0.1\n' >/etc/resolv.conf

PORT=6379
FRONT=$HOST:$PORT

# Backends that answer with the address at which they were reached.
cat >"$TMP/who.py" <<'PYTHON'
import select, socket
listeners = [socket.create_server((host, 6379), backlog=128)
             for host in [f"127.1.0.{i}" for i in range(1, 10)]
             + [f"127.2.0.{i}" for i in range(1, 201)]]
listeners.append(socket.create_server(("fd00::5", 6379), family=socket.AF_INET6))
poll = select.epoll()
by_fd = {listener.fileno(): listener for listener in listeners}
for fd in by_fd:
    poll.register(fd, select.EPOLLIN)
while True:
    for fd, _ in poll.poll():
        connection, _ = by_fd[fd].accept()
        connection.sendall(connection.getsockname()[0].encode() + b"\n")
        connection.close()
PYTHON

# A name server that has nothing but one kind of bad answer.
cat >"$TMP/bad_dns.py" <<'PYTHON'
import socket, sys
rcode = {"servfail": 2, "empty": 0}[sys.argv[1]]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
while True:
    query, client = server.recvfrom(4096)
    end = query.index(b"\0", 12) + 5  # the question, without EDNS
    head = query[:2] + bytes([0x81, 0x80 | rcode]) + b"\0\1\0\0\0\0\0\0"
    server.sendto(head + query[12:end], client)
PYTHON

# dns ADDRESS RECORDS: dnsmasq there, with "ADDRESS NAME" lines; its process id goes to $PID
dns() {
    start dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root \
        --no-resolv --no-hosts --listen-address="$1" --bind-interfaces --addn-hosts="$2" \
        --local=/lan/ --local=// --local-ttl=1 --log-facility=-
    local pid=$PID
    eventually 5 is_open "$1" 53
    PID=$pid
}

who() { for_at_most 5 cat <"/dev/tcp/$HOST/$PORT"; }
answered_by() { [ "$(who 2>/dev/null)" = "$1" ]; }
nobody_answers() { [ "$(who 2>/dev/null || true)" = "" ]; }
logged() { [ "$(grep -c -- "$1" "$TMP/amba.log")" -ge "${2:-1}" ]; }
backends() {
    "$AMBA" status --json | python3 -c '
import json, sys
for frontend in json.load(sys.stdin)["frontends"]:
    print(*sorted(backend["address"] for backend in frontend["backends"]
                  if backend["state"] != "leaving"))'
}

cat >"$TMP/records" <<'RECORDS'
127.1.0.1 db.lan
fd00::5 db.lan
127.1.0.1 plain.lan
fd00::5 six.lan
127.1.0.3 redis.lan
RECORDS
for i in {1..200}; do echo "127.2.0.$i many.lan"; done >>"$TMP/records"

start who python3 "$TMP/who.py"
eventually 10 is_open 127.2.0.200 "$PORT"
dns 127.0.0.1 "$TMP/records"
server=$PID
tell() { kill -HUP "$server"; }  # dnsmasq reads its records again
start_amba "$@"  # without a table

reconfigure "$FRONT" "db.lan:$PORT"
equal 127.1.0.1 "$(who)" "the backend of a name with A and AAAA"
equal "127.1.0.1:$PORT" "$(backends)" "addresses of a name with A and AAAA"

reconfigure "$FRONT" "six.lan:$PORT"
equal fd00::5 "$(who)" "the backend of a name with AAAA alone"

reconfigure "$FRONT" "plain:$PORT"
equal 127.1.0.1 "$(who)" "the backend of a name in the search domain"
say "A, AAAA where there is no A, and the search domain"

# A name that appears later is no error, and is used within `resolve` (and the second of the TTL).
reconfigure "$FRONT" resolve=1s "late:$PORT"
nobody_answers || fail "a name that does not exist has a backend"
logged "name late does not resolve" || fail "nothing was logged of the name that does not exist"
echo "127.1.0.4 late.lan" >>"$TMP/records"
tell
eventually 4 answered_by 127.1.0.4
say "a name that appears later"

sed -i 's/^.* late.lan/127.1.0.5 late.lan/' "$TMP/records"
tell
eventually 4 answered_by 127.1.0.5
equal "127.1.0.5:$PORT" "$(backends)" "addresses after the record changed"
say "a record that changes"

# NXDOMAIN, SERVFAIL and an answer without a record: each keeps the last addresses and is said once.
keeps_addresses() {
    eventually 8 logged "name late does not resolve.*its last addresses stay: 127.1.0.5" "$1"
    equal 127.1.0.5 "$(who)" "the backend while the name server says $2"
    sleep 1.5
    equal 127.1.0.5 "$(who)" "the backend while the name server still says $2"
    equal "$1" "$(grep -c 'name late .*its last addresses stay' "$TMP/amba.log")" \
        "number of lines about a name that fails"
}
is_well_again() { eventually 8 logged "name late is 127.1.0.5" "$1"; }

is_well_again 1
sed -i '/ late.lan/d' "$TMP/records"
tell
keeps_addresses 1 NXDOMAIN
echo "127.1.0.5 late.lan" >>"$TMP/records"
tell
is_well_again 2

count=2
for answer in servfail empty; do
    kill "$server"
    wait "$server" 2>/dev/null || true
    start bad_dns python3 "$TMP/bad_dns.py" "$answer"
    bad=$PID
    keeps_addresses "$count" "$answer"
    kill "$bad"
    wait "$bad" 2>/dev/null || true
    dns 127.0.0.1 "$TMP/records"
    server=$PID
    count=$((count + 1))
    is_well_again "$count"
done
say "NXDOMAIN, SERVFAIL and empty answers keep the last addresses"

# Another name server in resolv.conf, with another answer.
echo "127.1.0.6 late.lan" >"$TMP/records2"
dns 127.0.0.2 "$TMP/records2"
printf 'search lan\nnameserver 127.0.0.2\n' >/etc/resolv.conf
eventually 6 answered_by 127.1.0.6
printf 'search lan\nnameserver 127.0.0.1\n' >/etc/resolv.conf
eventually 6 answered_by 127.1.0.5
say "a resolv.conf that changes"

# What a shared network namespace with extra_hosts comes to: redis is the ambassador itself.
echo "$HOST redis" >>/etc/hosts
reconfigure "$FRONT" "redis:$PORT"
equal 127.1.0.3 "$(who)" "the backend of a name that /etc/hosts says is the ambassador"
logged "name redis.*is this ambassador itself" || fail "nothing was logged of the address skipped"
echo "127.1.0.7 elsewhere" >>/etc/hosts
reconfigure "$FRONT" "elsewhere:$PORT"
equal 127.1.0.7 "$(who)" "the backend of a name in /etc/hosts alone"
say "/etc/hosts: the ambassador's own address is passed over, others are used"

# More than a datagram holds.
reconfigure "$FRONT" "many:$PORT"
equal 200 "$(backends | wc -w)" "number of addresses of a name with 200 records"
for _ in {1..200}; do who; done | sort -u >"$TMP/seen"
equal 200 "$(wc -l <"$TMP/seen")" "number of backends that answered 200 connections"
say "a name with 200 addresses"
