#!/usr/bin/env bash
# Makes debian:bookworm-slim where the Engine has none and no registry needs to be asked: from
# the Debian archive that this machine's apt uses. On another distribution it is pulled.
# `base_image.sh --archive` says where that archive is.
# shellcheck disable=SC1091
set -euo pipefail
. "$(dirname "$0")/lib.sh"

BASE=debian:bookworm-slim
SUITE=bookworm

# Where this machine's apt gets the suite from; empty when it does not know it.
archive() {
    # shellcheck disable=SC2016  # fields of apt, not of this shell
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' \
        2>/dev/null | awk -v suite="$SUITE" '$1 == suite && $2 == "main" {print $3; exit}'
}

apt_settings() { apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' || true; }

make_root() {
    local site=$1 root=$2 include=()
    [[ $site != https:* ]] || include=(--include=ca-certificates)
    debian_root "$site" "$SUITE" "$root" "${include[@]}"
    apt_settings >"$root/etc/apt/apt.conf.d/90-machine"
    # Slim: what only people read stays out, now and in what is installed later.
    printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$root/etc/dpkg/dpkg.cfg.d/slim"
    rm -rf "$root"/usr/share/{doc,man,locale,info}/* "$root"/var/lib/apt/lists/*
}

main() {
    ! docker image inspect "$BASE" >/dev/null 2>&1 || return 0
    local site dir
    site=$(archive)
    if [ -z "$site" ]; then docker pull "$BASE"; return; fi
    command -v debootstrap >/dev/null || die "no image $BASE, and debootstrap is not installed"
    mkdir -p "$CACHE"
    dir=$(mktemp -d "$CACHE/base.XXXXXX")
    # shellcheck disable=SC2064  # this directory, whatever `dir` is by then
    trap "rm -rf '$dir'" EXIT
    make_root "$site" "$dir"
    tar -C "$dir" -c . | docker import --change 'CMD ["bash"]' - "$BASE"
}

case ${1:-} in
    --archive) archive ;;
    *) main ;;
esac
