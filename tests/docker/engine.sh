#!/usr/bin/env bash
# A Docker Engine for the tests.
#
#   eval "$(tests/docker/engine.sh)"    use the Engine that answers, or start one of our own
#   tests/docker/engine.sh stop         end the one that this script started, and no other
#
# Our own keeps its data between runs, so that images and package layers are made only once. It
# prints AMBA_ENGINE_STARTED=1 when this very call started it.
# shellcheck disable=SC1091
set -euo pipefail
. "$(dirname "$0")/lib.sh"

HOME_DIR=$CACHE/engine
SOCKET=$HOME_DIR/docker.sock
PID_FILE=$HOME_DIR/dockerd.pid
LOG=$HOME_DIR/dockerd.log

# runs PID-FILE WORD: the pid in it, when that process runs and has WORD on its command line; a
# pid file may outlive its process, and the number may be another's by now.
runs() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$2" || return 1
    echo "$pid"
}

our_pid() { runs "$PID_FILE" "--pidfile $PID_FILE"; }

# The containers of a killed Engine may still run: their state stays, the next one takes them over.
# Only pid files that name none of our processes stand in its way.
forget_the_dead() {
    local containerd=$HOME_DIR/exec/containerd/containerd.pid
    rm -f "$PID_FILE" "$SOCKET"
    runs "$containerd" "$HOME_DIR/exec/" >/dev/null || rm -f "$containerd"
}

# After a clean end nothing uses the mounts that dockerd leaves.
unmount_all() {
    awk -v dir="$HOME_DIR/" 'index($5, dir) == 1 {print $5}' /proc/self/mountinfo | sort -r \
        | xargs -r umount -l
}

answers_at() { DOCKER_HOST=$1 docker info >/dev/null 2>&1; }

start() {
    local dockerd deadline
    dockerd=$(PATH=$PATH:/usr/sbin:/sbin command -v dockerd) \
        || die "no Docker Engine answers and dockerd is not installed (Debian: docker.io)"
    [ "$(id -u)" = 0 ] || die "no Docker Engine answers, and starting one takes root"
    mkdir -p "$HOME_DIR"
    forget_the_dead
    setsid "$dockerd" --data-root "$HOME_DIR/data" --exec-root "$HOME_DIR/exec" \
        --pidfile "$PID_FILE" -H "unix://$SOCKET" --log-level warn \
        >"$LOG" 2>&1 </dev/null 9>&- &
    local pid=$!
    deadline=$((SECONDS + 60))
    until answers_at "unix://$SOCKET"; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            kill "$pid" 2>/dev/null || true
            die "dockerd did not start; the end of $LOG:"$'\n'"$(tail -n 20 "$LOG")"
        fi
        sleep 0.1
    done
}

ensure() {
    if docker info >/dev/null 2>&1; then
        [ -z "${DOCKER_HOST:-}" ] || echo "export DOCKER_HOST=$DOCKER_HOST"
        return
    fi
    [ -z "${DOCKER_HOST:-}" ] || die "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST"
    if ! our_pid >/dev/null || ! answers_at "unix://$SOCKET"; then
        start
        echo "export AMBA_ENGINE_STARTED=1"
    fi
    echo "export DOCKER_HOST=unix://$SOCKET"
}

stop() {
    local pid deadline=$((SECONDS + 30))
    pid=$(our_pid) || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || die "dockerd ($pid) does not end"
        sleep 0.1
    done
    unmount_all
}

case ${1:-start} in
    start) ensure ;;
    stop) stop ;;
    *) die "usage: engine.sh [start|stop]" ;;
esac
