#!/bin/bash
# clang-tidy with our .clang-tidy has nothing to say about any source file of the build, tests
# excepted: theirs are GoogleTest's headers first of all, and they would take longer than all else.
# usage: clang_tidy.sh BUILD-FOLDER [PATTERN]
# A file that was clean is not looked at again until it, a header, or the checks change.
set -euo pipefail
build_folder=$(realpath "$1")
pattern=${2:-.}
cd "$(dirname "$0")/../.."
. tests/style/sources.sh

cache=$build_folder/clang-tidy
mkdir -p "$cache"
# Sources that are compiled several times are looked at once. CMake writes one key a line.
awk '
    /^\{/ { entry = ""; next }
    /^\}/ { if (!(file in seen)) { seen[file]; printf "%s{\n%s}", separator, entry; separator = ",\n" } next }
    /^  "file"/ { file = $0 }
    /^  / { entry = entry $0 "\n" }
    BEGIN { print "[" }
    END { print "\n]" }
' "$build_folder/compile_commands.json" >"$cache/compile_commands.json.new"
mv "$cache/compile_commands.json.new" "$cache/compile_commands.json"

common=$({ clang-tidy --version; cat .clang-tidy; our_files '*.h' | xargs -d '\n' cat; } | sha256sum)

check_one() {
    local file=$1 key
    key=$({ echo "$common"; grep -F "/$file\"" -B1 "$cache/compile_commands.json"; cat "$file"; } | sha256sum | cut -d' ' -f1)
    [ ! -e "$cache/$key" ] || return 0
    # Clang refuses libstdc++ where there is no floating point at all (-mgeneral-regs-only).
    if clang-tidy --quiet --extra-arg=-mx87 --extra-arg=-msse2 -p "$cache" "$file" >"$cache/$key.log" 2>&1; then
        rm "$cache/$key.log"
        touch "$cache/$key"
    else
        cat "$cache/$key.log"
        rm "$cache/$key.log"
        return 1
    fi
}
export -f check_one
export cache common

mapfile -t files < <(our_files '*.cpp' | grep -v '^tests/' | grep -E "$pattern")
known=()
for file in "${files[@]}"; do
    if grep -qF "/$file\"" "$cache/compile_commands.json"; then
        known+=("$file")
    else
        echo "not in the build, so not checked: $file"
    fi
done
[ ${#known[@]} -gt 0 ] || { echo "no source files found" >&2; exit 1; }
printf '%s\0' "${known[@]}" | xargs -0 -n1 -P"$(nproc)" bash -c 'check_one "$1"' _
echo "${#known[@]} files"
