#!/usr/bin/env python3
"""Who may include whom: the layers of docs/monitor.md, and the folders of docs/README.md.

usage: layers.py            prints each include that breaks a rule; fails when there is one
       layers.py --prove    adds one include that breaks each rule, in memory, and fails unless each
                            is found
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# What the files below a folder may include, by the beginning of the path; the longest match counts.
MAY_INCLUDE = {
    "shared/": ("shared/",),
    "hypervisor/": ("hypervisor/", "shared/"),
    "vmi_rom/": ("vmi_rom/", "shared/"),
    "guest/": ("guest/", "shared/"),
    "guest/kernel/": ("guest/kernel/", "shared/"),
    "guest/linux_programs/": ("guest/linux_programs/", "shared/"),
    "tools/": ("tools/", "shared/"),
    "tests/": ("",),
}


def layers():
    """The folders of hypervisor/ from the lowest up: the rows of the table "Layers"."""
    page = (ROOT / "docs/monitor.md").read_text()
    section = page.split("\n## Layers\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z0-9_/]+/)` \|", section, re.MULTILINE)


def sources():
    """Path and text of each C++ and assembly file of ours."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cpp", "*.S"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\n") if listed.returncode == 0 else []
    if not any(names):
        names = [str(path.relative_to(ROOT)) for folder in MAY_INCLUDE
                 for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp", ".S")]
    return {name: (ROOT / name).read_text() for name in set(names) if name and (ROOT / name).is_file()}


def longest_match(path, prefixes):
    return max((prefix for prefix in prefixes if path.startswith(prefix)), key=len, default=None)


def complaints(files, order):
    found = []
    for path, text in sorted(files.items()):
        folder = longest_match(path, MAY_INCLUDE)
        if folder is None:
            continue
        for included in INCLUDE.findall(text):
            if included.split("/")[0] not in {name.split("/")[0] for name in MAY_INCLUDE}:
                continue  # an include of the system's
            if not included.startswith(MAY_INCLUDE[folder]):
                found.append(f"{path} includes {included}: {folder} may include only "
                             + ", ".join(MAY_INCLUDE[folder]))
                continue
            if not path.startswith("hypervisor/") or not included.startswith("hypervisor/"):
                continue
            places = [longest_match(name.removeprefix("hypervisor/"), order)
                      for name in (path, included)]
            if None in places:
                found.append(f"{path} includes {included}: a folder is missing in docs/monitor.md, "
                             "\"Layers\"")
            elif order.index(places[1]) > order.index(places[0]):
                found.append(f"{path} includes {included}: {places[1]} is above {places[0]} "
                             "(docs/monitor.md, \"Layers\")")
    return found


def prove(files, order):
    """One include that breaks each rule is found, and only that."""
    bad = [(f"hypervisor/{lower}added.cpp", f"hypervisor/{upper}added.h")
           for lower, upper in zip(order, order[1:])]
    bad += [("hypervisor/not_listed/added.cpp", f"hypervisor/{order[0]}added.h")]
    bad += [(f"{folder}added.cpp", f"{other}added.h")
            for folder, allowed in MAY_INCLUDE.items() for other in MAY_INCLUDE
            if not other.startswith(allowed)]
    for path, included in bad:
        added = complaints({**files, path: f'#include "{included}"\n'}, order)
        if len(added) != 1 or not added[0].startswith(f"{path} includes {included}: "):
            sys.exit(f"{path} may include {included}: {added}")
    print(f"{len(bad)} includes that break a rule, each found")


def main():
    order, files = layers(), sources()
    found = complaints(files, order)
    print("\n".join(found))
    if found:
        sys.exit(f"{len(found)} includes break a rule")
    if sys.argv[1:] == ["--prove"]:
        prove(files, order)
    print(f"{len(files)} files, {len(order)} layers")


main()
