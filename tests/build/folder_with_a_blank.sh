#!/bin/bash
# A copy of the sources in a folder with a blank in its name configures, and what is built by custom commands or
# with a linker script is built: the ROM, the prelinked library, an object of the fuzzer.
set -euo pipefail
source_folder=$(realpath "$(dirname "$0")/../..")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
copy="$folder/a blank"
mkdir "$copy"
cd "$source_folder"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from=- | tar --extract --directory="$copy"
cd "$copy"
cmake --preset default >/dev/null
object="$copy/build/tests/fuzz/objects/tests.fuzz.failure.cpp.o"
cmake --build build -- -j2 vmi_rom zydis_image "$object"
# The fuzzer's dependency file names its object, or it would be compiled again.
again=$(cmake --build build -- "$object")
[[ $again == *"no work to do"* ]] || { echo "$again"; exit 1; }
