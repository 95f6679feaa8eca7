#!/bin/bash
# Every C++ file is formatted as clang-format with our .clang-format would format it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/style/sources.sh

mapfile -t files < <(our_files '*.cpp' '*.h')
[ ${#files[@]} -gt 0 ] || { echo "no source files found" >&2; exit 1; }
wrong=$(clang-format --dry-run --Werror "${files[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error: .*//p' | sort -u) || true
[ -z "$wrong" ] || {
    echo "clang-format -i would change:"
    echo "$wrong"
    exit 1
}
echo "${#files[@]} files"
