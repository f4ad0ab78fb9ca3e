#!/usr/bin/env bash
# Every header compiles by itself: it includes what it uses.
set -euo pipefail
cd "$(dirname "$0")/../.."

check() {
    "${CXX:-g++}" -std=c++20 -fsyntax-only -Iinclude -Isrc -Wall -Wextra -x c++ \
        -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION \
        -DBOOST_ASIO_NO_DEPRECATED - <<<"#include \"$1\"" || { echo "$2 does not stand alone"; return 1; }
}
export -f check
{
    find include -name '*.hpp' -printf '%P %p\n'
    find src -name '*.hpp' -printf '%P %p\n'
} | sort | xargs -P "$(nproc)" -L 1 bash -c 'check "$0" "$1"'
echo "$(find include src -name '*.hpp' | wc -l) headers stand alone"
