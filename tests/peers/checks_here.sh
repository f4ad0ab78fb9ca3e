#!/usr/bin/env bash
# What this host lacks is not held against a backend: ports that ran out, routes that are missing or
# forbid. And a check that connected to itself, which a dead backend's port can be given to, is a
# refusal, and leaves the port free at once. In a network of its own.
set -euo pipefail
if [ "${1-}" != inside ]; then
    unshare=(unshare --net)
    [ "$(id -u)" = 0 ] || unshare+=(--map-root-user)
    exec "${unshare[@]}" "$0" inside
fi
. "$(dirname "$0")/lib.sh"
need ip python3
ip link set lo up
ip address add 10.9.9.9/32 dev lo
ask() { for_at_most 60 "$AMBA_ASK" "$@"; }

equal nothing "$(ask 1 10.8.0.1:80)" "from a check without a route"
ip route add unreachable 10.10.0.0/24
ip route add prohibit 10.11.0.0/24
ip route add blackhole 10.12.0.0/24
for net in 10 11 12; do
    for check in tcp redis; do
        equal nothing "$(ask 1 "10.$net.0.1:80" check=$check)" "from a check against a route"
    done
done

# Eight ports are given to clients. Each is a dead backend's: of 100 connects some meet themselves.
echo '40000 40007' >/proc/sys/net/ipv4/ip_local_port_range
for address in 127.0.0.1 127.0.0.9 10.9.9.9; do
    for check in tcp redis; do
        for port in 40002 40003; do
            equal 'Connection refused' "$(ask 100 "$address:$port" check=$check)" \
                "from $address:$port, where nobody listens"
            python3 - "$address" "$port" <<'PYTHON' || fail "$address:$port is not free"
import socket, sys
with socket.socket() as server:
    server.bind((sys.argv[1], int(sys.argv[2])))
    server.listen()
PYTHON
        done
    done
done

# All are taken.
python3 -u - >"$TMP/taken" <<'PYTHON' &
import socket, time
server = socket.create_server(("10.9.9.9", 81))
taken = []
try:
    while True:
        taken.append(socket.create_connection(("10.9.9.9", 81)))
except OSError:
    print(len(taken))
time.sleep(60)
PYTHON
PIDS+=("$!")
eventually 20 grep -q 8 "$TMP/taken"
equal nothing "$(ask 1 10.9.9.9:81)" "from a check without a port"
say "no route, no port: nothing; connected to itself: refused, and the port is free"
