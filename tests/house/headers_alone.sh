#!/usr/bin/env bash
# Every header compiles by itself: it includes what it uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
# A compiler cache knows most of them; it wants files.
WORK=$(mktemp -d "${PWD}/build/headers.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
CACHE=$(command -v ccache || true)
export WORK CACHE CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

check() {
    local file=$WORK/${1//\//_}.cpp
    echo "#include \"$1\"" >"$file"
    (cd "$WORK" && $CACHE "${CXX:-g++}" -std=c++20 -I../../include -I../../src -Wall -Wextra \
        -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION \
        -DBOOST_ASIO_NO_DEPRECATED -c "$(basename "$file")" -o "$file.o") \
        || { echo "$2 does not stand alone"; return 1; }
}
export -f check
{
    find include -name '*.hpp' -printf '%P %p\n'
    find src -name '*.hpp' -printf '%P %p\n'
} | sort | xargs -P "$(nproc)" -L 1 bash -c 'check "$0" "$1"'
echo "$(find include src -name '*.hpp' | wc -l) headers stand alone"
