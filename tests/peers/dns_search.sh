#!/usr/bin/env bash
# The search list of resolv.conf, held against libc: a domain whose servers fail is not the end.
. "$(dirname "$0")/dns_lib.sh"

start_backends
start_scripted_dns
start_amba "$@"

# search "DOMAIN..." [OPTION...]: read before the next name is asked for
search() {
    local domains=$1
    shift
    printf '%s\n' "search $domains" "nameserver 127.0.0.1" "options timeout:1 attempts:1 $*" \
        >/etc/resolv.conf
    sleep 1.1
    reconfigure "$FRONT" 127.1.0.9:1 # so that the next one is asked for now
}
libc() { python3 -c 'import socket, sys; print(socket.gethostbyname(sys.argv[1]))' "$1" || true; }
# leads NAME ADDRESS: here, and with libc
leads() {
    equal "$2" "$(libc "$1")" "what libc says of $1"
    "$AMBA" reconfigure --wait=20s "$FRONT" resolve=1s "$1:$PORT" >/dev/null
    eventually 10 answered_by "$2"
}

zone "*.broken.example servfail" "db.partner.example A 127.1.0.1" "redis.good.example A 127.1.0.2" \
    "*.refuses.example refused" "alone A 127.1.0.3" "_redis._tcp.good.example SRV one.,6379,0,1" \
    "one A 127.1.0.4"
search "a.example b.example broken.example" ndots:5
leads db.partner.example 127.1.0.1
search "broken.example good.example"
leads redis 127.1.0.2
search "broken.example"
leads alone 127.1.0.3
search "refuses.example"
leads alone 127.1.0.3
search "broken.example good.example"
reconfigure "$FRONT" srv:_redis._tcp
eventually 10 answered_by 127.1.0.4
say "a domain that fails is not the end of the search, for hosts and for services"

# The domain that has it fails: the next one has the name as well, and does not step in.
zone "redis.one.example A 127.1.0.5" "redis.two.example A 127.1.0.6"
search "one.example two.example"
leads redis 127.1.0.5
zone "redis.one.example servfail" "redis.two.example A 127.1.0.6"
eventually 10 logged "name redis does not resolve.*its last addresses stay: 127.1.0.5"
answered_by 127.1.0.5 || fail "a domain further down stepped in for one that fails"
equal 0 "$(asked "A redis.two.example")" "questions for the domain further down"
zone "redis.two.example A 127.1.0.6"
eventually 10 answered_by 127.1.0.6
say "the domain that has the name fails: its addresses stay; it denies the name: the next one counts"
