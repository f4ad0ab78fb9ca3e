#!/usr/bin/env bash
# Services, with the SRV records of a real dnsmasq: ports, priorities, weights, targets that come,
# go and do not resolve, the ambassador itself among them, and as many as need TCP.
. "$(dirname "$0")/dns_lib.sh"

cat >"$TMP/records" <<'RECORDS'
127.1.0.1 one.lan
127.1.0.2 two.lan
127.1.0.3 spare.lan
127.3.0.1 dead.lan
127.3.0.2 dead.lan
127.127.0.2 self.lan
fd00::5 six.lan
RECORDS
for i in {1..200}; do echo "127.2.0.$i many$i.lan"; done >>"$TMP/records"

# serve "TARGET,PORT,PRIORITY,WEIGHT"...: a dnsmasq with those records of _redis._tcp.lan
serve() {
    printf 'srv-host=_redis._tcp.lan,%s\n' "$@" >"$TMP/dns.conf"
    serve_anew
}
# A dnsmasq with another dns.conf. Meanwhile the ambassador stands still: what it sees is an answer that
# is another, and never that nobody answers.
serve_anew() {
    [ -z "${AMBA_PID:-}" ] || kill -STOP "$AMBA_PID"
    if [ -n "${server:-}" ]; then end "$server"; fi
    dns 127.0.0.1 "$TMP/records"
    server=$PID
    [ -z "${AMBA_PID:-}" ] || kill -CONT "$AMBA_PID"
}
# ADDRESS:PORT/WEIGHT of each, with a "b" for backups
places() {
    "$AMBA" status --json | python3 -c '
import json, sys
print(*sorted("%s/%d%s" % (backend["address"], backend["weight"], "b" if backend["backup"] else "")
              for backend in json.load(sys.stdin)["frontends"][0]["backends"]
              if backend["state"] != "leaving"))'
}
are() { equal "$1" "$(places)" "the places of the service"; }
become() { eventually 6 is "$1"; }
is() {
    echo "$(places)"
    [ "$(places)" = "$1" ]
}
answers() { for _ in $(seq "$1"); do who || true; done | sort | uniq -c | awk '{print $2 "*" $1}' | xargs; }

start_backends
serve one.lan,6379,0,10 two.lan,6380,0,30 spare.lan,6379,5,7
start_amba "$@"

reconfigure "$FRONT" resolve=1s srv:_redis._tcp.lan
become "127.1.0.1:6379/10 127.1.0.2:6380/30 127.1.0.3:6379/7b"
equal "127.1.0.1*10 127.1.0.2:6380*30" "$(answers 40)" "who answers 40 connections"
"$AMBA" showconfig | "$AMBA" reconfigure --wait=60s --file - >/dev/null
become "127.1.0.1:6379/10 127.1.0.2:6380/30 127.1.0.3:6379/7b"
reconfigure "$FRONT" resolve=1s srv:_redis._tcp weight=2
become "127.1.0.1:6379/20 127.1.0.2:6380/60 127.1.0.3:6379/14b"
say "ports, weights, priorities, the search domain, showconfig taken back"

reconfigure "$FRONT" resolve=1s srv:_redis._tcp.lan
serve one.lan,6380,3,0 two.lan,6379,3,65535
become "127.1.0.1:6380/1 127.1.0.2:6379/256"
serve dead.lan,6379,0,1 spare.lan,6379,1,1
become "127.1.0.3:6379/1b 127.3.0.1:6379/1 127.3.0.2:6379/1"
equal "127.1.0.3*5" "$(answers 5)" "who answers while both addresses of the primary are dead"
serve six.lan,6379,0,1
become "[fd00::5]:6379/1"
equal "fd00::5*1" "$(answers 1)" "who answers"
say "records that change; backups; targets with two addresses, and with AAAA alone"

serve one.lan,6379,0,1 nobody.lan,6379,0,1 gone.lan,6379,1,1
become "127.1.0.1:6379/1"
eventually 5 logged "left out, as they do not resolve: gone.lan, nobody.lan"
sleep 2
equal 1 "$(grep -c "left out, as" "$TMP/amba.log")" "number of lines about targets that do not resolve"
say "targets that do not resolve are left out"

# The ambassador itself is at port 6379 of that address, and not at 6380.
serve self.lan,6380,0,1 self.lan,6379,0,1 two.lan,6379,0,1
become "127.1.0.2:6379/1 127.127.0.2:6380/1"
serve self.lan,6379,0,1 two.lan,6379,0,1
become "127.1.0.2:6379/1"
eventually 5 logged "srv:_redis._tcp.lan: $FRONT is this ambassador itself"
equal "127.1.0.2*3" "$(answers 3)" "who answers"
say "never to itself"

# keeps WHY COUNT: the last places stay, and it is said once
keeps() {
    eventually 6 logged "srv:_redis._tcp.lan does not resolve.*$1.*last addresses stay: 127.1.0.2:6379" 1
    sleep 2
    are "127.1.0.2:6379/1"
    equal "$2" "$(grep -c "srv:_redis._tcp.lan does not resolve" "$TMP/amba.log")" "lines about it"
    equal "127.1.0.2*1" "$(answers 1)" "who answers"
}
is_well_again() {
    serve two.lan,6379,0,1
    eventually 6 logged "srv:_redis._tcp.lan is 127.1.0.2:6379" "$1"
}
known=$(grep -c "srv:_redis._tcp.lan is 127.1.0.2:6379" "$TMP/amba.log")
serve nobody.lan,6379,0,1
keeps "target nobody.lan" 1
is_well_again $((known + 1))
: >"$TMP/dns.conf"
serve_anew
keeps "Domain name not found" 2
is_well_again $((known + 2))
printf 'srv-host=_redis._tcp.lan\n' >"$TMP/dns.conf"
serve_anew
keeps "there is no such service" 3
is_well_again $((known + 3))
for answer in servfail empty; do
    end "$server"
    start bad_dns python3 "$TMP/bad_dns.py" "$answer"
    bad=$PID
    sleep 2
    are "127.1.0.2:6379/1"
    end "$bad"
    server=
    serve two.lan,6379,0,1
done
say "no target, no name, no service, SERVFAIL and empty answers keep the last places"

# The hosts file comes first for targets too.
echo "127.1.0.4 two.lan" >>/etc/hosts
become "127.1.0.4:6379/1"
say "a target of the hosts file"

mapfile -t many < <(for i in {1..200}; do echo "many$i.lan,6379,0,1"; done)
serve "${many[@]}"
count_is() { [ "$(places | wc -w)" = "$1" ]; }
eventually 8 count_is 200
for _ in {1..200}; do who; done | sort -u >"$TMP/seen"
equal 200 "$(wc -l <"$TMP/seen")" "number of backends that answered 200 connections"
say "a service with 200 targets"

reconfigure "$FRONT" # nothing to keep
reconfigure "$FRONT" srv:_none._tcp.lan
equal srv:_none._tcp.lan "$("$AMBA" status --json |
    python3 -c 'import json, sys; print(*json.load(sys.stdin)["unresolved"])')" "what is unresolved"
nobody_answers || fail "a service that does not exist has a backend"
say "a service that does not exist"
