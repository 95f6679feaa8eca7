# Sourced: our C++ files, tracked or about to be, one a line, as git sees them; without git, all.
# $1: name patterns
our_files() {
    local files
    if files=$(git ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null) &&
        [ -n "$files" ]; then
        # Without those that are deleted but not yet committed as such.
        while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done <<<"$files" | sort -u
    else
        local names=() pattern
        for pattern in "$@"; do names+=(-o -name "$pattern"); done
        find . -path ./build -prune -o -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort
    fi
}
