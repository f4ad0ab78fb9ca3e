#!/usr/bin/env bash
# A second Docker Engine, newer than this machine's: that of Debian's next suite, or of the one that
# AMBA_SECOND_SUITE names (forky), in a root, a network namespace and a process namespace of its own,
# asked over TLS.
#
#   tests/docker/second_engine.sh start    makes what is missing, and waits until it answers
#   tests/docker/second_engine.sh stop     its containers end with it; images and data stay
#   tests/docker/second_engine.sh kill     all at once, as when its machine loses power
#   tests/docker/second_engine.sh remove   the namespace, too
#   tests/docker/second_engine.sh compose DIR WORDS...   its own Compose, version 2, in DIR
#
# For the other side it is at $SECOND_ADDRESS, port 2376, and this machine is at $FIRST_ADDRESS; its
# client's certificates are in $SECOND_CERTIFICATES (lib.sh).
# shellcheck disable=SC1091
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SUITE=${AMBA_SECOND_SUITE:-trixie}
HOME_DIR=$CACHE/second
SYSTEM=$HOME_DIR/$SUITE
PID_FILE=$HOME_DIR/pid
LOG=$HOME_DIR/dockerd.log
NAMESPACE=ambatest-second
LINK=ambatest0

make_system() {
    [ ! -e "$SYSTEM.made" ] || return 0
    local site part=$SYSTEM.part
    site=$("$(dirname "$0")/base_image.sh" --archive)
    [ -n "$site" ] || die "apt does not say where Debian's archive is"
    rm -rf "$part" "$SYSTEM"
    mkdir -p "$part"
    debian_root "$site" "$SUITE" "$part" \
        --include=docker.io,docker-cli,docker-compose,iptables,ca-certificates
    mv "$part" "$SYSTEM"
    touch "$SYSTEM.made"
}

# sign NAME EXTENSIONS: NAME.pem and NAME-key.pem, of our own authority
sign() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 \
        -extfile <(echo "$2") -out "$1.pem" 2>/dev/null
}

make_certificates() {
    [ ! -e "$SECOND_CERTIFICATES/key.pem" ] || return 0
    mkdir -p "$SECOND_CERTIFICATES"
    cd "$SECOND_CERTIFICATES"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=authority -keyout ca-key.pem \
        -out ca.pem 2>/dev/null
    sign server "subjectAltName = IP:$SECOND_ADDRESS"
    sign client "extendedKeyUsage = clientAuth"
    cp client.pem cert.pem
    chmod 644 client-key.pem # the fleet's image reads it as a user other than root
    mv client-key.pem key.pem
    cd - >/dev/null
}

make_namespace() {
    ! ip netns pids "$NAMESPACE" >/dev/null 2>&1 || return 0
    ip netns add "$NAMESPACE"
    ip link add "$LINK" type veth peer name eth0 netns "$NAMESPACE"
    ip address add "$FIRST_ADDRESS/30" dev "$LINK"
    ip link set "$LINK" up
    ip -n "$NAMESPACE" address add "$SECOND_ADDRESS/30" dev eth0
    ip -n "$NAMESPACE" link set eth0 up
    ip -n "$NAMESPACE" link set lo up
}

# What the first process of the Engine's namespaces does.
# shellcheck disable=SC2016  # another shell's
ENTER='
set -e
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
pivot_root . mnt
cd /
umount -l /mnt
exec dockerd --data-root /var/lib/docker -H unix:///run/docker.sock -H "tcp://$2:2376" --tlsverify \
    --tlscacert /certificates/ca.pem --tlscert /certificates/server.pem \
    --tlskey /certificates/server-key.pem --log-level warn
'

our_pid() {
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
    grep -qF unshare "/proc/$pid/cmdline" 2>/dev/null || return 1
    echo "$pid"
}

# The one process below unshare: dockerd, the first of its namespace.
dockerd_pid() { pgrep -P "$(our_pid)"; }

answers() { second docker version >/dev/null 2>&1; }

start() {
    make_system
    make_certificates
    make_namespace
    ! our_pid >/dev/null || return 0
    rm -rf "$SYSTEM/certificates"
    cp -r "$SECOND_CERTIFICATES" "$SYSTEM/certificates"
    setsid nsenter "--net=/run/netns/$NAMESPACE" unshare --mount --pid --fork --kill-child \
        sh -c "$ENTER" sh "$SYSTEM" "$SECOND_ADDRESS" >"$LOG" 2>&1 </dev/null 9>&- &
    echo "$!" >"$PID_FILE"
    local deadline=$((SECONDS + 60))
    until answers; do
        if ! kill -0 "$!" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            die "the second Engine did not start; the end of $LOG:"$'\n'"$(tail -n 20 "$LOG")"
        fi
        sleep 0.1
    done
}

# end SIGNAL PROCESS
end() {
    local pid deadline=$((SECONDS + 30))
    pid=$(our_pid) || return 0
    kill "-$1" "$("$2")"
    while kill -0 "$pid" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || die "the second Engine ($pid) does not end"
        sleep 0.1
    done
    rm -f "$PID_FILE"
}

# Of the same age as its Engine: Compose 2, which speaks to it over TLS as from anywhere.
own_compose() {
    local dir=$1
    shift
    # shellcheck disable=SC2016  # another shell's
    DOCKER_HOST=$SECOND_HOST DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/certificates \
        unshare --mount sh -c 'mount --make-rprivate / && mkdir -p "$1/$2" && mount --bind "$2" "$1/$2" &&
            root=$1 dir=$2 && shift 2 &&
            exec chroot "$root" sh -c "cd \"\$0\" && exec docker compose \"\$@\"" "$dir" "$@"' \
        sh "$SYSTEM" "$dir" "$@"
}

case ${1:-} in
    start) start ;;
    stop) end TERM dockerd_pid ;;
    kill) end KILL our_pid ;;
    remove)
        end TERM dockerd_pid
        ip netns del "$NAMESPACE" 2>/dev/null || true
        ;;
    compose) own_compose "${@:2}" ;;
    *) die "usage: second_engine.sh start|stop|kill|remove|compose DIR WORDS..." ;;
esac
