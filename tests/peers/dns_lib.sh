# shellcheck shell=bash disable=SC2034
# What the tests of names share. Sourced first, never run.
#
# All of it runs in network and mount namespaces of its own, because names are asked for on port 53
# of whatever /etc/resolv.conf says.
set -euo pipefail
if [ "${AMBA_DNS_INSIDE:-}" = "" ]; then
    export AMBA_DNS_INSIDE=1
    command -v unshare >/dev/null || {
        echo "$(basename "$0" .sh): FAILED: not installed: unshare; run tests/run.sh deps" >&2
        exit 1
    }
    if [ "$(id -u)" = 0 ]; then exec unshare --mount --net "$0" "$@"; fi
    exec unshare --map-root-user --mount --net "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
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

# Backends that answer with the address at which they were reached, and the port unless it is 6379.
cat >"$TMP/who.py" <<'PYTHON'
import select, socket
listeners = [socket.create_server((host, 6379), backlog=128)
             for host in [f"127.1.0.{i}" for i in range(1, 10)]
             + [f"127.2.0.{i}" for i in range(1, 201)]]
listeners += [socket.create_server((f"127.1.0.{i}", 6380), backlog=128) for i in range(1, 10)]
listeners.append(socket.create_server(("fd00::5", 6379), family=socket.AF_INET6))
poll = select.epoll()
by_fd = {listener.fileno(): listener for listener in listeners}
for fd in by_fd:
    poll.register(fd, select.EPOLLIN)
while True:
    for fd, _ in poll.poll():
        connection, _ = by_fd[fd].accept()
        host, port = connection.getsockname()[:2]
        try:
            connection.sendall(
                f"{host}\n".encode() if port == 6379 else f"{host}:{port}\n".encode())
        except OSError:
            pass  # a check: it ends with a reset
        connection.close()
PYTHON

# A name server that has nothing but one kind of bad answer; "half" has the A record 127.1.0.5 for
# every name and fails when it is asked for AAAA.
cat >"$TMP/bad_dns.py" <<'PYTHON'
import socket, sys
rcode = {"servfail": 2, "refused": 5, "empty": 0, "half": 2}[sys.argv[1]]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
while True:
    query, client = server.recvfrom(4096)
    end = query.index(b"\0", 12) + 5  # the question, without EDNS
    question = query[12:end]
    if sys.argv[1] == "half" and question[-4:-2] == b"\0\1":
        head = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes([127, 1, 0, 5])
        server.sendto(head + question + record, client)
        continue
    head = query[:2] + bytes([0x81, 0x80 | rcode]) + b"\0\1\0\0\0\0\0\0"
    server.sendto(head + question, client)
PYTHON

# A name server that says what zone() wrote last, a line for each name:
#
#   NAME A|AAAA|SRV WORD...   these records; of SRV "TARGET,PORT,PRIORITY,WEIGHT"
#   NAME few N A WORD...      N of them each time, and the next N the next time
#   NAME servfail|refused|empty|silent
#   NAME late SECONDS A ...   the rest of the line, but so late
#
# "*.DOMAIN" stands for all names of a domain without a line of their own; others do not exist. The
# TTL is 0, which amba takes for a second.
cat >"$TMP/scripted_dns.py" <<'PYTHON'
import socket, struct, sys, threading, time
zone, asked = sys.argv[1:]
kinds = {1: "A", 28: "AAAA", 33: "SRV"}
turns = {}

def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.rstrip(".").split(".")) + b"\0"

def data(kind, word):
    if kind == "SRV":
        target, *numbers = word.split(",")
        port, priority, weight = map(int, numbers)
        return struct.pack(">HHH", priority, weight, port) + wire(target)
    return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, word)

def look_up(name, kind):
    lines = dict(line.rstrip("\n").split(" ", 1) for line in open(zone) if line.strip())
    domain = name
    while domain and "*." + domain not in lines:
        domain = domain.partition(".")[2]
    words = (lines.get(name) or lines.get("*." + domain) or "").split()
    if words[:1] == ["late"]:
        time.sleep(float(words[1]))
        words = words[2:]
    if not words:
        return 3, []
    if words[0] in ("servfail", "refused", "empty", "silent"):
        return {"servfail": 2, "refused": 5, "empty": 0, "silent": None}[words[0]], []
    if words[0] == "few":
        count, words = int(words[1]), words[2:]
        if kind == words[0]:
            at = turns.get(name, 0)
            turns[name] = at + count
            rest = words[1:]
            words = words[:1] + [rest[(at + i) % len(rest)] for i in range(count)]
    return 0, [data(kind, word) for word in words[1:] if kind == words[0]]

def answer(query, client):
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += query[at] + 1
    number = struct.unpack(">H", query[at + 1:at + 3])[0]
    name, kind = ".".join(parts), kinds.get(number, "?")
    with open(asked, "a") as file:
        file.write(f"{kind} {name}\n")
    code, found = look_up(name, kind)
    if code is None:
        return
    out = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(found), 0, 0) + query[12:at + 5]
    for one in found:
        out += b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 0, len(one)) + one
    server.sendto(out, client)

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    threading.Thread(target=answer, args=server.recvfrom(4096), daemon=True).start()
PYTHON

# zone LINE...: what the scripted name server says from now on
zone() {
    printf '%s\n' "$@" >"$TMP/zone.new"
    mv "$TMP/zone.new" "$TMP/zone"
}
start_scripted_dns() {
    touch "$TMP/zone" "$TMP/asked"
    start scripted_dns python3 "$TMP/scripted_dns.py" "$TMP/zone" "$TMP/asked"
    eventually 10 grep -q ready "$TMP/scripted_dns.log"
}
# How often it was asked, as "A redis.lan"
asked() { grep -cx -- "$1" "$TMP/asked" || true; }

# dns ADDRESS RECORDS: dnsmasq there, with "ADDRESS NAME" lines; its process id goes to $PID. Records
# have a TTL of $TTL seconds. What is not in .lan and has no record is REFUSED.
TTL=1
dns() {
    start dnsmasq dnsmasq --keep-in-foreground --conf-file="$TMP/dns.conf" --pid-file= --user=root \
        --no-resolv --no-hosts --listen-address="$1" --bind-interfaces --addn-hosts="$2" \
        --local=/lan/ --local-ttl="$TTL" --log-queries --log-facility=-
    local pid=$PID
    eventually 5 is_open "$1" 53
    PID=$pid
}
: >"$TMP/dns.conf"

# end PID: one of what was started
end() {
    kill "$1"
    wait "$1" 2>/dev/null || true
}

start_backends() {
    start who python3 "$TMP/who.py"
    eventually 10 is_open 127.2.0.200 "$PORT"
}

who() { for_at_most 5 cat <"/dev/tcp/$HOST/$PORT"; }
answered_by() { [ "$(who 2>/dev/null)" = "$1" ]; }
# served_by ADDRESS WHAT: soon after a swap, which waits a second at the most for names that are new
served_by() { eventually 10 answered_by "$@"; }
nobody_answers() { [ "$(who 2>/dev/null || true)" = "" ]; }
logged() { [ "$(grep -c -- "$1" "$TMP/amba.log")" -ge "${2:-1}" ]; }
backends() {
    "$AMBA" status --json | python3 -c '
import json, sys
for frontend in json.load(sys.stdin)["frontends"]:
    print(*sorted(backend["address"] for backend in frontend["backends"]
                  if backend["state"] != "leaving"))'
}
