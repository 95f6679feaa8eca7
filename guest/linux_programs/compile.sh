#!/bin/sh
# A few hundred short processes with pipes between them, as when a program is compiled: "sources" are
# written, preprocessed, compiled and linked. All of it is done twice, and both results must agree.
#
#   compile [SOURCES]     so many sources (default 60)
#   compile --help
#   compile --spoil       something goes wrong on purpose, and must be noticed: status 1
set -eu

sources=60
spoil=
case ${1:-} in
--help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
--spoil) spoil=yes ;;
?*) sources=$1 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

write_source() { # NUMBER FILE
    awk -v number="$1" 'BEGIN {
        for (line = 0; line < 40; ++line)
            printf "function_%d_%d(a) /* line %d */ { return a * %d; }\n",
                   number, line, line, (number * 7919 + line * 104729) % 65521
    }' >"$2"
}

compile_source() { # SOURCE OBJECT
    sed -e 's,/\*.*\*/,,' -e 's/return/RETURN/' "$1" |
        awk '{ print length($0), $1, $NF, $(NF - 2) }' |
        sort -k 2 >"$2"
    md5sum <"$2" >>"$2"
}

build() { # FOLDER
    mkdir "$1"
    number=0
    while [ "$number" -lt "$sources" ]; do
        write_source "$number" "$1/$number.source" || exit 1
        compile_source "$1/$number.source" "$1/$number.object" || exit 1
        number=$((number + 1))
    done
    cat "$1"/*.object >"$1/program"
    md5sum <"$1/program"
}

first=$(build "$folder/first")
second=$(build "$folder/second")
[ -z "$spoil" ] || second="$second."
if [ "$first" != "$second" ]; then
    echo "compile: error: the same $sources sources gave $first and $second" >&2
    exit 1
fi
echo "compile: $sources sources, twice the same program ($first)"
