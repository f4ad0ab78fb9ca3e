#!/usr/bin/env bash
# amba link from outside: its arguments, which files it writes and which it leaves alone. The rules
# of the rewriting are in tests/unit/fleet/link*.cpp.
#
# usage: link_verb.sh AMBA
set -euo pipefail
amba=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export DOCKER_HOST=unix://$work/no-engine.sock
unset COMPOSE_FILE COMPOSE_PROJECT_NAME

fail() {
    echo "FAILED: $*"
    sed 's/^/    stdout: /' out
    sed 's/^/    stderr: /' err
    exit 1
}

# expect CODE TEXT-IN-STDERR COMMAND...: runs it; "" expects an empty stderr.
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code"
    if [ -z "$text" ]; then
        [ ! -s err ] || fail "$*: expected nothing on stderr"
    else
        grep -qF -- "$text" err || fail "$*: expected on stderr: $text"
    fi
}

same() {
    cmp -s "$1" "$2" || fail "$1 is not $2: $(diff "$1" "$2")"
}

fresh() {
    cat >docker-compose.yml <<'END'
services:
  redis:
    image: redis
    expose: ["6379"]
  web:   # the page
    image: web
    links: [redis]
END
    cp docker-compose.yml before
}
cat >wanted <<'END'
services:
  redis:
    image: redis
    expose: ["6379"]
  web:   # the page
    image: web
    extra_hosts:
      redis: 127.127.0.2
END

# Arguments.
fresh
expect 2 'expected IN, or COMPOSE_FILE' "$amba" link
expect 2 'expected no OUT' "$amba" link a b --in-place
expect 2 'expected a file' "$amba" link - --in-place
expect 2 'not expected: c' "$amba" link a b c
expect 2 'expected one, or IN, or -f' env COMPOSE_FILE=a.yml:b.yml "$amba" link
for name in docker-compose.yml docker-compose.yaml compose.yml ./compose.yaml; do
    expect 2 'one would want to keep' env COMPOSE_FILE=$name "$amba" link
done
expect 1 'cannot read gone.yml' "$amba" link gone.yml
same docker-compose.yml before

# Two, one and none.
expect 0 '' "$amba" link docker-compose.yml two
same two wanted
same docker-compose.yml before
[ ! -e docker-compose.yml.orig ] || fail "expected a copy of what is rewritten alone"
cp before one
expect 0 "one: written in place; what it was is in $PWD/one.orig" "$amba" link one
same one wanted
same one.orig before
cp before none
expect 0 'none: written in place' env COMPOSE_FILE=none "$amba" link
same none wanted
expect 0 'written in place' env COMPOSE_FILE=docker-compose.yml "$amba" link --in-place
same docker-compose.yml wanted
# No older copy is lost, the same one is not kept twice, and none where none is wanted.
sed '1i # mine' before >one
cp one again
expect 0 'one.orig.1' "$amba" link one
same one.orig before
same one.orig.1 again
cp again one
expect 0 'one.orig.1' "$amba" link one
[ ! -e one.orig.2 ] || fail "expected one copy of the same"
cp before bare
expect 0 'bare: written in place' "$amba" link --no-copy bare
[ ! -e bare.orig ] || fail "expected no copy"
"$amba" link - <before >out
same out wanted
cp before 'with a blank'
expect 0 'written in place' "$amba" link 'with a blank'
same 'with a blank' wanted
expect 0 '' "$amba" link before -
same out wanted
expect 0 '' "$amba" link before /dev/stdout
same out wanted

# --diff writes nothing, and patch takes it.
fresh
expect 0 '' env COMPOSE_FILE=docker-compose.yml "$amba" link --diff
same docker-compose.yml before
cp out difference
patch -s docker-compose.yml difference
same docker-compose.yml wanted

# Mode and link stay; a file that does not change is not written.
fresh
rm -f docker-compose.yml.orig
chmod 640 docker-compose.yml
ln -s docker-compose.yml by-link
expect 0 'docker-compose.yml.orig' "$amba" link by-link
[ "$(stat -c %a docker-compose.yml.orig)" = 640 ] || fail "the copy has another mode"
[ -L by-link ] || fail "the symbolic link is gone"
same docker-compose.yml wanted
[ "$(stat -c %a docker-compose.yml)" = 640 ] || fail "the mode has changed"
touch -d '2001-01-01' docker-compose.yml
expect 0 '' "$amba" link docker-compose.yml
[ "$(stat -c %Y docker-compose.yml)" = "$(date -d '2001-01-01' +%s)" ] || fail "it was written"
[ -z "$(find . -name '.*.new')" ] || fail "a temporary file is left"

# ports.yml, beside the file or named, alone counts.
mkdir beside && cp before beside/a.yml && echo 'web: 80' >beside/ports.yml
expect 1 'beside/a.yml:7: Skipping link redis in service web (no port mapping defined): it stays a link.' \
    "$amba" link beside/a.yml -
grep -qF 'ports: ["80"]' out || fail "expected the port of ports.yml"
grep -qF 'links: [redis]' out || fail "expected the link to stay"
grep -qF 'links that stay as they were: 1' err || fail "expected how many links stay"
expect 0 'beside/a.yml:7: Skipping link redis in service web (no port mapping defined). Your code will probably break.' \
    "$amba" link --drop-unknown beside/a.yml -
! grep -qF 'links:' out || fail "expected no link"
echo 'redis: 6379' >named
expect 0 '' "$amba" link --ports named beside/a.yml -
grep -qF 'ports: ["6379"]' out || fail "expected the port of --ports"
echo 'redis: http' >named
expect 1 'named:1:8: port "http"' "$amba" link --ports named beside/a.yml -
expect 1 'cannot read gone' "$amba" link --ports gone beside/a.yml -

# What cannot be done leaves the file alone. Without an Engine an image has no ports.
printf 'services:\n  a: {image: a, links: [b]}\n  b: {image: b, expose: [1]}\n' >flow.yml
cp flow.yml flow.before
expect 1 'flow.yml:2:3: service "a" is in flow style' "$amba" link flow.yml
same flow.yml flow.before
grep -v expose before >bare.yml
sed -i 's/image: redis/image: store/' bare.yml
expect 1 'bare.yml:6: Skipping link redis' "$amba" link bare.yml -
grep -qF 'Its image: unix://' err || fail "expected why the image is not known"
# What else goes is told with the switch that leaves it.
cat >host.yml <<'END'
services:
  web:
    image: web
    ports: ["80:80"]
    volumes: ["./page:/page"]
END
expect 0 'host.yml:4: ports of service "web" are on random ports of the host now: 80:80 (--keep-ports' \
    "$amba" link host.yml -
expect 0 'host.yml:5: volume "./page:/page" of service "web" is gone' "$amba" link host.yml -
expect 0 '' "$amba" link --keep-ports --keep-volumes host.yml -
same out host.yml
echo 'web: 81' >other
expect 0 '' "$amba" link --ports other --keep-ports --keep-volumes host.yml -
same out host.yml
# Several files: services, ports and addresses of all count, and all are written or none.
cat >base.yml <<'END'
services:
  web:
    image: web
    links: [redis]
  redis:
    image: store
END
cat >more.yml <<'END'
services:
  web:
    links: [redis, "db:pg"]
  redis:
    expose: ["6379"]
  db:
    image: db
    expose: ["5432"]
END
cp base.yml base.before
cp more.yml more.before
expect 0 '' "$amba" link -f base.yml -f more.yml --suffix -linked
same base.yml base.before
grep -qF 'redis: 127.127.0.2' base.yml-linked || fail "expected the port of the other file to count"
grep -qF 'pg: 127.127.0.3' more.yml-linked || fail "expected an address that the other has not"
! grep -qE 'redis: 127|links: ' more.yml-linked || fail "expected each name once, and no links"
if command -v docker-compose >/dev/null; then
    docker-compose -f base.yml-linked -f more.yml-linked config >out 2>err || fail "Compose refuses it"
    grep -qF '127.127.0.3' out || fail "expected the address in what Compose makes of it"
fi
expect 0 '' "$amba" link -f base.yml-linked -f more.yml-linked
[ ! -e base.yml-linked.orig ] || fail "expected no change the second time"
sed 's/db:pg/gone:pg/' more.before >more.yml
expect 1 'more.yml:3:20: link "gone:pg" of service "web"' "$amba" link -f base.yml -f more.yml
same base.yml base.before
cp more.before more.yml
expect 0 'more.yml: written in place' "$amba" link -f base.yml --compose-file more.yml
same base.yml base.yml-linked
same more.yml more.yml-linked
expect 2 'expected each file behind a -f of its own' "$amba" link -f base.yml more.yml other.yml
expect 2 'each of them once' "$amba" link -f base.yml -f base.yml
expect 2 'expected -f FILE' "$amba" link --suffix x base.yml
# What is built is known by its Dockerfile, beside the Compose file, wherever that is called from.
mkdir -p project/api && printf 'FROM scratch\nEXPOSE 8080\n' >project/api/Dockerfile
printf 'services:\n  api: {build: ./api}\n  web:\n    image: web\n    links: [api]\n' >project/a.yml
expect 0 '' "$amba" link project/a.yml -
grep -qF 'api: 127.127.0.2' out || fail "expected the Dockerfile to be read"
cp bare.yml written.yml
expect 1 'links that stay as they were: 1' "$amba" link written.yml
grep -qF 'links: [redis]' written.yml || fail "expected the link in the file that was written"
expect 1 'cannot write' "$amba" link before gone/out
expect 1 'cannot write beside' "$amba" link before beside
echo "link: arguments, files and refusals are as they should be"
