#!/usr/bin/env python3
"""Debian's stock kernel as the guest: every program, on each profile, CPU model and size of memory.

usage: matrix.py BUILD-FOLDER [BOOT...]

A boot is called PROFILE-MODEL-MEMORY-CPUS, with -pti or -protect at the end; --list prints them all.
If boots are given, only those are tried. Two run at a time, and each must end with status 0. Equal
boots must give equal counts, so the first boot of each profile is repeated (-again). Finally there are
kernels, initrds and options with which Linux cannot boot or ends badly (bad-input): each must end with
its own message.
"""

import concurrent.futures
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HASWELL, SKYLAKE, PENRYN = "corei7_haswell_4770", "corei7_skylake_x", "core2_penryn_t9600"
PROFILES = ["classic", "hardened", "modern"]
ALL = "pingpong,fork,exec,memory,fpu,signals,compile,hackbench"
SECONDS = 3600  # for one boot
BOOTS = ([f"{profile}-{HASWELL}-512M-1" for profile in PROFILES] +
         [f"{profile}-{HASWELL}-512M-1-again" for profile in PROFILES] +
         [f"{profile}-{SKYLAKE}-512M-1" for profile in PROFILES] +
         [f"{profile}-{HASWELL}-512M-1-pti" for profile in PROFILES] +
         [f"{profile}-{HASWELL}-3G-1" for profile in PROFILES] +
         [f"{profile}-{HASWELL}-512M-2" for profile in PROFILES] +
         [f"{profile}-{HASWELL}-512M-1-protect" for profile in ("classic", "hardened")] +
         [f"classic-{PENRYN}-512M-1", f"classic-{HASWELL}-512M-4"])


def lazyhv(build, *words, seconds=SECONDS):
    return subprocess.run([build / "tools/lazyhv", "linux", "--machine", "bochs",
                           "--time-limit", str(seconds), *words], capture_output=True, text=True)


def boot(build, name):
    profile, model, memory, cpus, *more = name.split("-")
    words = ["--profile", profile, "--cpu", model, "--memory", memory, "--cpus", cpus,
             "--run", ALL, "--verbose"]
    words += [f"--{word}" for word in more if word != "again"]
    start = time.monotonic()
    ran = lazyhv(build, *words)
    return name, ran, time.monotonic() - start


def results(ran):
    """The result lines. On one processor their ticks and counts are the same in every run."""
    return re.findall(r"^@result .*", ran.stdout, re.MULTILINE)


def figures(ran):
    found = []
    for line in results(ran):
        values = dict(re.findall(r"(\S+?)=(\S+)", line))
        count = int(values.get("switches") or values["operations"])
        if "exits" in values:
            name = values["workload"].split("/")[1]
            found.append(f"{name} {int(values['exits']) / count:.3f}")
    return ", ".join(found)


def try_matrix(build, names):
    failed, seen = [], {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, ran, seconds in pool.map(lambda name: boot(build, name), names):
            good = ran.returncode == 0
            print(f"{'ok  ' if good else 'FAIL'} {name} ({seconds:.0f} s)  exits: {figures(ran)}",
                  flush=True)
            if not good:
                failed.append(name)
                print(ran.stdout[-2000:] + ran.stderr[-2000:])
            seen[name] = results(ran)
    for name, lines in seen.items():
        first = seen.get(name.removesuffix("-again"))
        if name.endswith("-again") and first is not None and first != lines:
            failed.append(name + ": its counts differ from those of the first time")
    return failed


def try_bad_input(build):
    """Each case must fail with its message. Returns the names of those that do not."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = next((build / "linux").glob("**/vmlinuz*")).read_bytes()

        def file(name, content):
            path = Path(folder) / name
            path.write_bytes(content)
            return str(path)

        old = bytearray(kernel)
        old[0x206:0x208] = (0x0204).to_bytes(2, "little")
        narrow = bytearray(kernel)
        narrow[0x236] &= 0xFE
        cases = [
            ("no bzImage", ["--kernel", file("text", b"no kernel\n" * 1000)],
             "is not a Linux kernel for a boot loader"),
            ("an old one", ["--kernel", file("old", old)], "older than 2.12"),
            ("a 32-bit one", ["--kernel", file("narrow", narrow)], "without 64-bit entry"),
            ("a truncated one", ["--kernel", file("short", kernel[:len(kernel) // 2])],
             "ends too early"),
            ("an initrd that does not fit", ["--initrd", file("big", bytes(200 << 20)),
                                             "--memory", "256M"], "no place for the initrd"),
            ("a panic", ["--append", "rdinit=/none init=/none"], "Kernel panic - not syncing"),
            ("a hang", ["--append", "rdinit=/bin/busybox -- sleep 100000"], "time limit of 150 seconds"),
        ]
        failed = []
        for what, words, message in cases:
            ran = lazyhv(build, "--run", "signals", *words, seconds=150 if what == "a hang" else 600)
            said = ran.stdout + ran.stderr
            good = ran.returncode != 0 and message in said
            print(f"{'ok  ' if good else 'FAIL'} bad input: {what}", flush=True)
            if not good:
                failed.append(f"bad input: {what}")
                print(said[-2000:])
        return failed


def main():
    build, names = Path(sys.argv[1]).resolve(), sys.argv[2:]
    if names == ["--list"]:
        print("\n".join([*BOOTS, "bad-input"]))
        return 0
    names = names or [*BOOTS, "bad-input"]
    print(f"{len(names)} boots, two at a time; each takes two to ten minutes", flush=True)
    failed = try_matrix(build, [name for name in names if name != "bad-input"])
    if "bad-input" in names:
        failed += try_bad_input(build)
    for name in failed:
        print(f"failed: {name}")
    print("all passed" if not failed else f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
