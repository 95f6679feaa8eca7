#!/bin/bash
# Searches all states of the ring's protocol (ring.pml) with Spin.
#   check.sh FOLDER right TASKS HANDLERS        fails if an assertion can be violated
#   check.sh FOLDER BROKEN_... TASKS HANDLERS   fails if none can
# Generated files go to FOLDER.
set -euo pipefail

folder=$1 variant=$2 tasks=$3 handlers=$4
model=$(realpath "$(dirname "$0")")/ring.pml

fail() {
    echo "$variant: $1"
    cat "$folder/output"
    exit 1
}

mkdir -p "$folder"
cd "$folder"
spin -D"$variant" -DTASKS="$tasks" -DHANDLERS="$handlers" -a "$model"
# An error is found quickly and with a small hash table. Searching all states takes long enough for an
# optimised program to pay off. NOREDUCE: every step touches shared variables, so partial-order reduction
# gains nothing. MEMLIM is in MiB.
optimize=-O0 hash=-w18
if [[ $variant == right ]]; then optimize=-O2 hash=-w24; fi
gcc -w "$optimize" -DSAFETY -DNOREDUCE -DNOFAIR -DMEMLIM=2000 -o search pan.c
./search -m400000 "$hash" >output 2>&1 || true

grep -q 'Full statespace search' output || fail 'no full search'
found=$(grep -o 'assertion violated .*' output || true)
if [[ $variant == right ]]; then
    grep -q 'errors: 0' output || fail 'an error'
    # Each of these messages means that some states were not visited.
    if grep -Ei 'depth too small|not completed|out of memory|MEMLIM bound|truncated' output; then
        fail 'not all states were visited'
    fi
    echo "right, tasks: $tasks, nested handlers: $handlers: no error in any state"
else
    [[ -n $found ]] || fail 'Spin found no error'
    echo "$variant: $found"
fi
grep -E 'depth reached|states, stored|transitions' output
