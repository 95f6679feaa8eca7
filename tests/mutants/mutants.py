#!/usr/bin/env python3
"""Checks that the tests notice mistakes: each mutant of the sources must make a unit test fail.

usage: mutants.py BUILD-FOLDER [MUTANT...]

A mutant is a file NAME.patch: a line that says what is wrong, a line "Killed by TEST.", and a unified
diff of one source file. The mutated file is written to a folder of its own, never among the sources.
The objects that it affects are compiled, and linked ahead of the libraries of unit_tests together with
some of its tests. It is a failure if a mutant survives, does not apply or does not compile, and if a
test crashes instead of failing.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

MUTANTS = Path(__file__).resolve().parent
ROOT = MUTANTS.parents[1]
SECONDS = 60  # for one compilation or one test
# Flags that take time and find nothing here: only the tests are to fail.
DROPPED_FLAGS = re.compile(r"-fsanitize.*|-fno-sanitize.*|--coverage|-g|-O\d|-Werror")
# Tests whose objects are linked: those that mutants name.
TESTS = ["hypervisor/calls/drain", "hypervisor/calls/drain_pause", "hypervisor/calls/vmcall",
         "hypervisor/descriptors/descriptor_rules", "hypervisor/descriptors/processor_tables",
         "hypervisor/descriptors/protected_tables", "hypervisor/faults/page_fault",
         "hypervisor/faults/single_step", "hypervisor/memory/canonical_address",
         "hypervisor/page_tables/registered_changes", "hypervisor/page_tables/registered_tables",
         "hypervisor/processors/processor_start", "hypervisor/registers/exit_policy",
         "hypervisor/registers/memory_operand", "hypervisor/registers/msr_policy",
         "hypervisor/registers/port_policy", "hypervisor/translation/legacy_paging", "hypervisor/translation/shadow_work",
         "vmi_rom/drained_producer", "vmi_rom/interrupted_producer", "vmi_rom/ring_producer"]
LIBRARIES = ["hypervisor/libhypervisor_logic.a", "vmi_rom/libvmi_rom_logic.a"]
LINK = ["g++", "-fsanitize=address,undefined", "--coverage", "-Wl,--strip-all"]
SYSTEM_LIBRARIES = ["-lgmock", "-lgtest_main", "-lgtest", "-lZydis", "-ldl"]


class Failure(Exception):
    """Why a mutant, or the build without a mutant, is wrong."""


def run(command, environment=None):
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True,
                              timeout=SECONDS, env=environment)
    except subprocess.TimeoutExpired as expired:
        raise Failure(f"{command[0]} does not end") from expired


def succeed(failure, command):
    ran = run(command)
    if ran.returncode != 0:
        raise Failure(failure + "\n" + ran.stderr)


class Mutant:
    def __init__(self, path):
        self.name = path.stem
        self.what, killer, _, target, *diff = path.read_text().splitlines()
        self.test = re.fullmatch(r"Killed by (\S+)\.", killer).group(1)
        self.file = target.removeprefix("+++ b/")
        self.hunks = []
        for line in diff:
            if line.startswith("@@"):
                self.hunks.append([])
            else:
                self.hunks[-1].append(line)

    def source(self):
        """The mutated file. Hunks are found by their text, because line numbers may be out of date."""
        text = (ROOT / self.file).read_text()
        for hunk in self.hunks:
            before, after = ("".join(line[1:] + "\n" for line in hunk if line[0] != other)
                             for other in "+-")
            if text.count(before) != 1:
                raise Failure(f"does not apply to {self.file}")
            text = text.replace(before, after)
        return text


class Build:
    """The build folder's objects, without debug information, which would slow down every link."""

    def __init__(self, folder, temporary):
        units = folder / "tests/CMakeFiles/unit_tests.dir/unit"
        self.objects = [temporary / "tests.o"]
        # All fakes, as in unit_tests: the libraries need some of them that no test names.
        succeed("do not link", ["ld", "-r", "--strip-debug", "-o", self.objects[0],
                                *(units / f"{test}_test.cpp.o" for test in TESTS),
                                *sorted(units.glob("fake/*.o"))])
        for library in LIBRARIES:
            self.objects.append(temporary / Path(library).name)
            succeed("cannot be stripped",
                    ["strip", "--strip-debug", "-o", self.objects[-1], folder / library])
        entries = json.loads((folder / "compile_commands.json").read_text())
        # Commands of the libraries for unit tests, not of the monitor and the ROM.
        self.commands = {str(Path(entry["file"]).relative_to(ROOT)): shlex.split(entry["command"])
                         for entry in entries if "-DLAZYHV_UNIT_TEST" in entry["command"]}

    def sources_with(self, file):
        """What must be compiled when `file` changes: the file itself, or all that include the header."""
        if file in self.commands:
            return [file]
        return [source for source in self.commands
                if not source.startswith("tests/") and file in headers_of(source)]

    def compile(self, source, overlay):
        """Compiles a mutated source, or a source that includes a mutated header."""
        command = self.commands[source]
        flags = [word for word in command[1:command.index("-o")]
                 if not DROPPED_FLAGS.fullmatch(word)]
        mutated = overlay / source
        output = overlay / source.replace("/", "_")
        succeed("does not compile",
                [command[0], f"-I{overlay}", *flags, "-O0", "-o", f"{output}.o", "-c",
                 mutated if mutated.exists() else ROOT / source])
        return f"{output}.o"

    def link(self, objects, program):
        succeed("does not link",
                [*LINK, *objects, *self.objects, *SYSTEM_LIBRARIES, "-o", program])


def headers_of(source):
    found, rest = set(), [source]
    while rest:
        names = re.findall(r'^#include "(.*)"', (ROOT / rest.pop()).read_text(), re.MULTILINE)
        new = [name for name in names if name not in found and (ROOT / name).exists()]
        found.update(new)
        rest.extend(new)
    return found


def failed_tests(program, tests):
    """Runs tests; returns the names of the failed ones, without their parameters."""
    report = program.with_suffix(".json")
    report.unlink(missing_ok=True)
    # A parameterised test is called Prefix/Suite.Name/parameter.
    patterns = ":".join(f"{test}:*/{test}/*" for test in tests)
    # The libraries count the lines that unit_tests runs; these runs must not be counted.
    environment = {**os.environ, "GCOV_PREFIX": f"{program}.coverage"}
    ran = run([program, f"--gtest_filter={patterns}", f"--gtest_output=json:{report}"],
              environment)
    if ran.returncode not in (0, 1) or not report.exists():
        raise Failure("crashes\n" + ran.stdout + ran.stderr)
    results = {}
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = suite["name"].split("/")[-1] + "." + case["name"].split("/")[0]
            results.setdefault(name, []).extend(case.get("failures", []))
    for test in tests:
        if test not in results:
            raise Failure(f"there is no test {test}")
    return [name for name, failures in results.items() if failures]


def test_mutant(build, mutant, folder):
    mutated = folder / mutant.file
    mutated.parent.mkdir(parents=True)
    mutated.write_text(mutant.source())
    objects = [build.compile(source, folder) for source in build.sources_with(mutant.file)]
    build.link(objects, folder / "tests")
    if not failed_tests(folder / "tests", [mutant.test]):
        raise Failure(f"survives {mutant.test}: {mutant.what}")


def main():
    mutants = [Mutant(path) for path in sorted(MUTANTS.glob("*.patch"))
               if len(sys.argv) == 2 or path.stem in sys.argv[2:]]
    killed = 0
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        build = Build(Path(sys.argv[1]).resolve(), temporary)
        build.link([], temporary / "original")
        failed = failed_tests(temporary / "original", sorted({mutant.test for mutant in mutants}))
        if failed:
            raise Failure(f"without a mutant {', '.join(failed)} fails")
        for mutant in mutants:
            try:
                test_mutant(build, mutant, temporary / mutant.name)
                killed += 1
                print(f"mutant {mutant.name}: killed by {mutant.test}", flush=True)
            except Failure as failure:
                print(f"mutant {mutant.name}: {failure}", flush=True)
    print(f"{killed} of {len(mutants)} mutants killed")
    return 0 if mutants and killed == len(mutants) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(str(failure))
