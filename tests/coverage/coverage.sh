#!/bin/bash
# Line and branch coverage of hypervisor/ and vmi_rom/ by the unit tests. Covers everything that is
# compiled for the host: all but the files of boot/ itself, host/processor/ and the ROM's bootstrap.
# usage: coverage.sh BUILD-FOLDER clear    clears the counters
#        coverage.sh BUILD-FOLDER report   prints each file; fails if too few lines were run
# There is no minimum for branches, because those of the sanitizers are counted too.
set -euo pipefail
build_folder=$(realpath "$1")
source_folder=$(realpath "$(dirname "$0")/../..")
at_least=90 # percent of lines
objects=("$build_folder/hypervisor" "$build_folder/vmi_rom")

case ${2:-} in
clear)
    find "${objects[@]}" -name '*.gcda' -delete
    ;;
report)
    if [ -z "$(find "${objects[@]}" -name '*.gcda' -print -quit)" ]; then
        echo "no unit test has run since the counters were cleared: ./lazyhv test -R unit" >&2
        exit 1
    fi
    gcovr --root "$source_folder" --filter "$source_folder/hypervisor/" \
        --filter "$source_folder/vmi_rom/" --exclude-unreachable-branches -j "$(nproc)" \
        --json-summary-pretty --json-summary "$build_folder/coverage.json" \
        --txt --print-summary --fail-under-line "$at_least" "${objects[@]}"
    ;;
*)
    sed -n '2,7s/^# //p' "$0" >&2
    exit 1
    ;;
esac
