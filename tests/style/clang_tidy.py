#!/usr/bin/env python3
"""clang-tidy with our .clang-tidy finds nothing in any source file of the build except tests. Tests
consist mostly of GoogleTest's headers and would take longer than everything else.

usage: clang_tidy.py BUILD-FOLDER [PATTERN]

clang-tidy spends most of its time on headers. So files with the same flags are checked together, one
after another in one translation unit. Files that define the same names cannot share a unit and go into
the next one. If there is a finding in a unit, its files are checked one by one. A file that was clean
is not checked again until the file, a header, or the configuration of clang-tidy changes.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = [".clang-tidy", "tools/.clang-tidy"]
FILES_A_UNIT = 12
# With -mgeneral-regs-only Clang rejects libstdc++, which uses floating point.
EXTRA_FLAGS = ["-mx87", "-msse2"]


def run(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def our_files(pattern):
    listing = run(["bash", "-c", f". tests/style/sources.sh; our_files '{pattern}'"])
    return listing.stdout.split()


# Flags of GCC that Clang does not know.
UNKNOWN_TO_CLANG = {"-fno-var-tracking-assignments", "-fno-tree-switch-conversion"}


def commands(build):
    """The flags of each source file, as a tuple. For a file compiled several times: the first ones."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        while not words[0].startswith("-"):  # the compiler, perhaps after a launcher such as ccache
            words.pop(0)
        file = str(Path(entry["file"]).relative_to(ROOT)) if entry["file"].startswith(
            str(ROOT)) else entry["file"]
        for word in ("-o", "-c"):
            if word in words:
                at = words.index(word)
                del words[at:at + 2]
        flags.setdefault(file, tuple(word for word in words if word not in UNKNOWN_TO_CLANG))
    return flags


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


class Tidy:
    def __init__(self, build):
        self.cache = build / "clang-tidy"
        # Units are written next to copies of the configurations that apply to their files.
        for name in CONFIGURATIONS:
            Path(self.cache, name).parent.mkdir(parents=True, exist_ok=True)
            Path(self.cache, name).write_text(Path(ROOT, name).read_text())
        self.flags = commands(build)
        self.common = digest(
            run(["clang-tidy", "--version"]).stdout,
            *(Path(ROOT, name).read_text()
              for name in [*CONFIGURATIONS, *our_files("*.h")]))

    def marker(self, file):
        return self.cache / digest(self.common, file, *self.flags[file],
                                   Path(ROOT, file).read_text())

    def clang_tidy(self, source, file):
        """Checks `source` with the flags of `file`."""
        return run(["clang-tidy", "--quiet", str(source), "--", *self.flags[file], *EXTRA_FLAGS])

    def one(self, file):
        """Findings in one file, checked alone."""
        result = self.clang_tidy(file, file)
        if result.returncode == 0:
            self.marker(file).touch()
            return ""
        return result.stdout + result.stderr

    def unit(self, files):
        """Findings in files, of which as many as possible are checked in one translation unit."""
        findings = ""
        while len(files) > 1:
            together = self.compatible(files)
            source = self.write_unit(together)
            if len(together) > 1 and self.clang_tidy(source, files[0]).returncode == 0:
                for file in together:
                    self.marker(file).touch()
            else:
                findings += "".join(self.one(file) for file in together)
            source.unlink()
            files = [file for file in files if file not in together]
        return findings + "".join(self.one(file) for file in files)

    def compatible(self, files):
        """The files without those that collide with an earlier one."""
        while True:
            source = self.write_unit(files)
            result = run(["clang++", "-fsyntax-only", "-w", "-ferror-limit=0",
                          *self.flags[files[0]],
                          *EXTRA_FLAGS, str(source)])
            source.unlink()
            colliding = set(re.findall(r"^([^:\n]+):\d+:\d+: error:", result.stderr, re.MULTILINE))
            left = [file for file in files if file not in colliding]
            if result.returncode == 0 or not left or len(left) == len(files):
                return left if left and result.returncode == 0 else files[:1]
            files = left

    def write_unit(self, files):
        folder = "tools" if files[0].startswith("tools/") else "."
        path = self.cache / folder / f"unit-{digest(*files)}.cpp"
        path.write_text("".join(f'#line 1 "{file}"\n' + Path(ROOT, file).read_text()
                                for file in files))
        return path


def unused_using_declarations(file):
    """clang-tidy misses these in a unit of several files, where another file may use the name."""
    text = Path(ROOT, file).read_text()
    return "".join(
        f"{file}: using declaration '{name}' is not used\n"
        for name in re.findall(r"^using [\w:]+::(\w+);", text, re.MULTILINE)
        if len(re.findall(rf"\b{name}\b", text)) == 1)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    build = Path(sys.argv[1]).resolve()
    pattern = sys.argv[2] if len(sys.argv) == 3 else "."
    tidy = Tidy(build)
    files = [file for file in our_files("*.cpp")
             if not file.startswith("tests/") and re.search(pattern, file)]
    for file in files:
        if file not in tidy.flags:
            print(f"not in the build, so not checked: {file}")
    files = [file for file in files if file in tidy.flags]
    if not files:
        sys.exit("no source files found")
    findings = "".join(unused_using_declarations(file) for file in files)
    groups = {}
    for file in files:
        if not tidy.marker(file).exists():
            folder = file.split("/")[0]
            groups.setdefault((folder, tidy.flags[file]), []).append(file)
    units = []
    for group in groups.values():
        # Files of one folder often define the same names, so each goes to another unit.
        count = -(-len(group) // FILES_A_UNIT)
        units += [group[number::count] for number in range(count)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings += "".join(pool.map(tidy.unit, units))
    print(findings, end="")
    print(f"{len(files)} files")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
