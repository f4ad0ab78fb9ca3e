#!/usr/bin/env bash
# Every C++ file is as .clang-format has it.
set -euo pipefail
cd "$(dirname "$0")/../.."
find src include tests \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format --dry-run --Werror
echo "$(find src include tests \( -name '*.cpp' -o -name '*.hpp' \) | wc -l) files are formatted"
