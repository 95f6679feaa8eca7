#!/bin/bash
# Runs the inputs of a corpus, then for a few seconds inputs that libFuzzer derives from them; the seed
# is fixed. New inputs are kept in FOLDER/new, and one that crashes the target in FOLDER/artifacts.
# usage: run_briefly.sh TARGET CORPUS FOLDER
set -euo pipefail
target=$1 corpus=$2 folder=$3
[ -n "$(ls "$corpus")" ] || { echo "there are no inputs in $corpus" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder/new" "$folder/artifacts"
exec "$target" -seed=1 -max_total_time=3 -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
    -artifact_prefix="$folder/artifacts/" -print_final_stats=1 "$folder/new" "$corpus"
