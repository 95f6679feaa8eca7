# shellcheck shell=bash
# To be sourced. Prints our C++ files, one on each line: those that git tracks or would track; without
# git, all there are. Arguments: patterns for the names.
our_files() {
    local files
    if files=$(git ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null) &&
        [ -n "$files" ]; then
        # A file that was deleted may still be in git's index.
        while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done <<<"$files" | sort -u
    else
        local names=() pattern
        for pattern in "$@"; do names+=(-o -name "$pattern"); done
        find . \( -path ./build -o -path "./build-*" \) -prune -o -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort
    fi
}
