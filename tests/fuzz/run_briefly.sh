#!/bin/bash
# The inputs of a corpus, and some seconds of others that follow from them, always the same ones.
# What is found stays in the folder of the build; an input that crashes the target is in artifacts/.
# usage: run_briefly.sh TARGET CORPUS FOLDER
set -euo pipefail
target=$1 corpus=$2 folder=$3
[ -n "$(ls "$corpus")" ] || { echo "$corpus holds no inputs" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder/new" "$folder/artifacts"
exec "$target" -seed=1 -max_total_time=3 -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
    -artifact_prefix="$folder/artifacts/" -print_final_stats=1 "$folder/new" "$corpus"
