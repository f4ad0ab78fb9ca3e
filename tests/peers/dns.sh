#!/usr/bin/env bash
# Names, with a real dnsmasq as the name server: A, AAAA, search domains, names that come, change and
# fail, another resolv.conf, and a hosts file in which the backend's name is the ambassador itself.
. "$(dirname "$0")/dns_lib.sh"

cat >"$TMP/records" <<'RECORDS'
127.1.0.1 db.lan
fd00::5 db.lan
127.1.0.1 plain.lan
fd00::5 six.lan
127.1.0.3 redis.lan
127.1.0.2 two.far.lan
127.1.0.8 a.b.lan
127.1.0.9 a.b
RECORDS
for i in {1..200}; do echo "127.2.0.$i many.lan"; done >>"$TMP/records"

start_backends
dns 127.0.0.1 "$TMP/records"
server=$PID
tell() { kill -HUP "$server"; }  # dnsmasq reads its records again
start_amba "$@"  # without a table

reconfigure "$FRONT" "db.lan:$PORT"
served_by 127.1.0.1 "the backend of a name with A and AAAA"
equal "127.1.0.1:$PORT" "$(backends)" "addresses of a name with A and AAAA"

reconfigure "$FRONT" "six.lan:$PORT"
served_by fd00::5 "the backend of a name with AAAA alone"

reconfigure "$FRONT" "plain:$PORT"
served_by 127.1.0.1 "the backend of a name in the search domain"
say "A, AAAA where there is no A, and the search domain"

# A name that appears later is no error, and is used within `resolve` (and the second of the TTL).
reconfigure "$FRONT" # nothing to keep
reconfigure "$FRONT" resolve=1s "late:$PORT"
nobody_answers || fail "a name that does not exist has a backend"
eventually 5 logged "name late does not resolve"
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

# The ambassador stands still while one name server takes the place of another: that none is there
# would be an answer of its own.
is_bound() { grep -q ':0035 ' /proc/net/udp; }
count=2
for answer in servfail refused empty nothing; do
    kill -STOP "$AMBA_PID"
    end "$server"
    if [ "$answer" != nothing ]; then
        start bad_dns python3 "$TMP/bad_dns.py" "$answer"
        bad=$PID
        eventually 5 is_bound
    fi
    kill -CONT "$AMBA_PID"
    keeps_addresses "$count" "$answer"
    kill -STOP "$AMBA_PID"
    if [ "$answer" != nothing ]; then end "$bad"; fi
    dns 127.0.0.1 "$TMP/records"
    server=$PID
    kill -CONT "$AMBA_PID"
    count=$((count + 1))
    is_well_again "$count"
done
say "NXDOMAIN, SERVFAIL, REFUSED, an empty answer and no server keep the last addresses"

# A name has both families, and one of them gets no answer: its last address stays.
printf '%s lan-both.lan\n' 127.1.0.5 fd00::5 >>"$TMP/records"
tell
cat >"$TMP/both.json" <<JSON
{"frontends": [{"bind": "$FRONT", "family": "both", "resolve": "1s",
                "backends": [{"address": "lan-both:$PORT"}]}]}
JSON
both="127.1.0.5:$PORT [fd00::5]:$PORT"
"$AMBA" reconfigure --wait=60s --file "$TMP/both.json" >/dev/null
has_both() { [ "$(backends)" = "$both" ]; }
eventually 10 has_both
end "$server"
start bad_dns python3 "$TMP/bad_dns.py" half
bad=$PID
sleep 3
equal "$both" "$(backends)" "addresses while one family is not answered"
end "$bad"
dns 127.0.0.1 "$TMP/records"
server=$PID
sed -i '/fd00::5 lan-both/d' "$TMP/records"
tell
only_v4() { [ "$(backends)" = "127.1.0.5:$PORT" ]; }
eventually 6 only_v4
reconfigure "$FRONT" "late:$PORT"
say "with both families, one that is not answered keeps its addresses"

# Another name server in resolv.conf, with another answer; written in place, and as another file.
echo "127.1.0.6 late.lan" >"$TMP/records2"
dns 127.0.0.2 "$TMP/records2"
printf 'search lan\nnameserver 127.0.0.2\n' >/etc/resolv.conf
eventually 6 answered_by 127.1.0.6
eventually 5 logged "/etc/resolv.conf has changed"
printf 'search lan\nnameserver 127.0.0.1\n' >"$TMP/resolv.conf.new"
umount /etc/resolv.conf
mount --bind "$TMP/resolv.conf.new" /etc/resolv.conf
eventually 6 answered_by 127.1.0.5
say "a resolv.conf that changes"

# resolv FIRST-LINE...: read before the next name is asked for
resolv() {
    printf '%s\n' "$@" "nameserver 127.0.0.1" >/etc/resolv.conf
    sleep 1.1
}
# leads NAME ADDRESS: as a new name, so that it is asked for now
leads() {
    reconfigure "$FRONT" 127.1.0.1:1
    reconfigure "$FRONT" "$1:$PORT"
    served_by "$2" "the backend of $1 with $(tr '\n' ',' </etc/resolv.conf)"
}
resolv "search lan far.lan"
leads two 127.1.0.2
leads plain 127.1.0.1
leads a.b 127.1.0.9 # has a dot: as it is
resolv "search lan" "options ndots:2"
leads a.b 127.1.0.8 # has fewer dots than two: with the domain
leads a.b. 127.1.0.9
resolv "search lan" "options ndots:0" # as Docker has it
leads plain 127.1.0.1
leads a.b 127.1.0.9
resolv "search lan"
reconfigure "$FRONT" 127.1.0.1:1
reconfigure "$FRONT" "plain.:$PORT"
nobody_answers || fail "the backend of plain., which is absolute"
eventually 5 logged "name plain\. does not resolve: no name server answers it (SERVFAIL, REFUSED"
say "search domains and ndots"

# In a network namespace that is shared, with extra_hosts, redis is the ambassador itself.
echo "$HOST redis" >>/etc/hosts
reconfigure "$FRONT" "redis:$PORT"
served_by 127.1.0.3 "the backend of a name that /etc/hosts says is the ambassador"
eventually 5 logged "name redis.*is this ambassador itself"
echo "127.1.0.7 elsewhere" >>/etc/hosts
reconfigure "$FRONT" "elsewhere:$PORT"
served_by 127.1.0.7 "the backend of a name in /etc/hosts alone"
say "/etc/hosts: the ambassador's own address is passed over, others are used"

# More than a datagram holds.
reconfigure "$FRONT" "many:$PORT"
has_200() { [ "$(backends | wc -w)" = 200 ]; }
eventually 10 has_200
for _ in {1..200}; do who; done | sort -u >"$TMP/seen"
equal 200 "$(wc -l <"$TMP/seen")" "number of backends that answered 200 connections"
say "a name with 200 addresses"
