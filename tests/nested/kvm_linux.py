#!/usr/bin/env python3
"""KVM with the programs of `lazyhv linux`: VM exits and instructions of each switch and fork.

usage: kvm_linux.py BUILD-FOLDER [CASE...]
       kvm_linux.py --log FILE      # prints the tables of an earlier run once more

Bochs boots Debian's kernel, whose KVM runs Debian's QEMU (kvm_linux.sh), which boots the same
kernel with the programs of guest/linux_programs/, in 512 MiB. The cases are ept (KVM with EPT),
shadow (without), and shadow-pti (the guest isolates its page tables as well). Before that lazyhv boots the
same on its profile modern, where the programs have no VM exits: those instructions are the guest's
own. There /dev/mem is locked, for a program that maps the monitor's counters has a mapping more to
copy in fork.

Exits are those of KVM's own counter (exits in debugfs), read while the guest is idle. Each program
runs with two counts, and the difference of the exits is divided by that of the counts, so that what
it takes to start it is left out. Instructions are ticks of the TSC, which in Bochs counts them,
KVM's and QEMU's included. They are of the smaller count, which is the one that the programs have by
themselves. All is run again with exits counted by reason, whose instructions are not used. What the
timers of host and guest take is in all figures, and "no timer" has the exits without those of
TIMER_EXITS.

Printed are a table for the cases, and one of exits by reason. "each exit" is what there is beyond
the guest's own instructions; "over ept" what the larger count has beyond case ept, for each exit
more than there, which asks nothing of another hypervisor. It takes some 25 minutes.
"""

import re
import shutil
import sys
import time
from pathlib import Path

import nested
from nested import copy, run

CASES = {"ept": "1 off", "shadow": "0 off", "shadow-pti": "0 on"}  # kvm_intel.ept, pti
# As many digits in both counts, for the console has exits too.
PROGRAMS = {"pingpong": ("02000", "12000"), "fork": ("0200", "0800")}
MEMORY = 2048  # MiB, of the machine that Bochs emulates
# As tools/linux/kernel_words.cpp has them; pti= comes behind them.
GUEST_WORDS = "console=ttyS0 quiet loglevel=1 panic=-1 tsc=reliable no_timer_check nokaslr"
SHOWN = 0.01  # fewer exits by one reason are not shown
# EXTERNAL_INTERRUPT, INTERRUPT_WINDOW, HLT, MSR_WRITE (the guest sets its timer), PREEMPTION_TIMER
TIMER_EXITS = {1, 7, 12, 32, 52}


class Program:
    """Runs of one program, the smaller count first."""

    def __init__(self):
        self.ticks, self.counts, self.counters = [], [], []

    def exits(self):
        return self.each("exits")

    def each(self, name):
        few, many = (counters.get(name, 0) for counters in self.counters)
        return (many - few) / (self.counts[1] - self.counts[0])

    def reasons(self):
        names = {name for counters in self.counters for name in counters}
        return {int(name.split(".")[1]): self.each(name)
                for name in names if name.startswith("reason.")}

    def without_timer(self):
        return sum(exits for reason, exits in self.reasons().items() if reason not in TIMER_EXITS)

    def instructions(self, which=0):
        return self.ticks[which] / self.counts[which]


def numbers(line):
    return {key: int(number) for key, number in re.findall(r"([\w.-]+)=(-?\d+)\b", line)}


def parse_result(line):
    name = re.search(r"workload=linux/(\S+)", line)[1]
    values = numbers(line)
    return name, values.get("switches") or values["operations"], values["ticks"]


class Case:
    """What was measured of one: Program by name, as it is and with exits counted by reason."""

    def __init__(self):
        self.plain, self.by_reason = {}, {}
        self.is_whole = False
        self.current, self.last, self.ran = self.plain, None, None

    def add(self, line):
        if line.startswith("@result"):
            name, count, ticks = parse_result(line)
            self.ran = self.current.setdefault(name, Program())
            self.ran.counts.append(count)
            self.ran.ticks.append(ticks)
        elif line.startswith("@kvm counters"):
            counters = numbers(line)
            if self.ran:
                self.ran.counters.append({name: number - self.last.get(name, 0)
                                          for name, number in counters.items()})
            self.last, self.ran = counters, None
        elif line.startswith("@kvm by_reason"):
            self.current = self.by_reason
        elif line.startswith("@kvm end"):
            self.is_whole = True


def own_instructions(lazyhv, pti):
    """A line of the log: instructions of each switch and fork when there are no VM exits."""
    nested.say(f"on lazyhv, profile modern, pti={pti}")
    words = ["--pti"] if pti == "on" else []
    output = run([lazyhv, "linux", "--machine", "bochs", "--profile", "modern", "--verbose",
                  "--time-limit", "1800", "--append", "lockdown=integrity",
                  "--run", ",".join(PROGRAMS), *words])
    results = [parse_result(line) for line in re.findall(r"^@result .*", output, re.MULTILINE)]
    found = " ".join(f"{name}={ticks // count}" for name, count, ticks in results)
    return f"@own pti={pti} {found}"


def make_guest(debian, build, folder):
    """What QEMU boots: name in the file system of its host, and file. The initramfs is that of
    tools/linux/linux_files.cpp, but for hackbench."""
    tree, guest = folder / "guest-tree", folder / "guest"
    for old in (tree, guest):
        shutil.rmtree(old, ignore_errors=True)
    copy(build / "guest/linux_programs/init", tree / "init")
    copy(debian.busybox, tree / "bin/busybox")
    for name in PROGRAMS:
        copy(build / "guest/linux_programs" / name, tree / "bin" / name)
    guest.mkdir()
    nested.make_initrd(debian, tree, guest / "initrd")
    (guest / "words").write_text(GUEST_WORDS)
    (guest / "programs").write_text("".join(f"{name} {counts[which]}\n" for which in (0, 1)
                                            for name, counts in PROGRAMS.items()))
    return {"guest/vmlinuz": debian.kernel / f"boot/vmlinuz-{debian.version}",
            "guest/initrd": guest / "initrd", "guest/words": guest / "words",
            "programs": guest / "programs"}


def follow(lines):
    """Cases by name; and the guest's own instructions by pti= and program."""
    cases, own, current = {}, {}, None
    for line in lines:
        begun = re.match(r"@kvm begin=(\S+)", line)
        if begun:
            current = cases[begun[1]] = Case()
        elif line.startswith("@own"):
            own[re.search("pti=(on|off)", line)[1]] = numbers(line)
        elif current:
            current.add(line)
    return cases, own


def logged(lines, log):
    for line in lines:
        print(line, file=log, flush=True)
        if re.match("@kvm (begin|error)", line):
            nested.say(line)
        yield line


def print_costs(cases, own):
    print(f"\n{'':<22}{'exits':>18}{'instructions':>36}{'instructions for':>24}")
    print(f"{'case':<12}{'program':<10}{'all':>9}{'no timer':>9}{'all':>12}{'larger count':>14}"
          f"{'own':>10}{'each exit':>12}{'over ept':>12}")
    for name, case in cases.items():
        for program, ran in case.plain.items():
            guest = own[CASES[name].split()[1]][program]
            each = (ran.instructions() - guest) / ran.exits()
            ept, over = cases.get("ept"), ""
            if ept and name != "ept":
                less = ept.plain[program]
                more = ran.instructions(1) - less.instructions(1)
                over = f"{more / (ran.exits() - less.exits()):.0f}"
            print(f"{name:<12}{program:<10}{ran.exits():>9.3f}"
                  f"{case.by_reason[program].without_timer():>9.3f}{ran.instructions():>12.0f}"
                  f"{ran.instructions(1):>14.0f}{guest:>10}{each:>12.0f}{over:>12}")


def print_reasons(cases):
    names = nested.reason_names()
    print(f"\n{'case':<12}{'program':<10}{'exit reason':<22}{'exits':>8}")
    for name, case in cases.items():
        for program, ran in case.by_reason.items():
            for reason, exits in sorted(ran.reasons().items(), key=lambda item: -item[1]):
                if exits >= SHOWN:
                    print(f"{name:<12}{program:<10}{names.get(reason, reason):<22}{exits:>8.3f}")
            print(f"{name:<12}{program:<10}{'all':<22}{sum(ran.reasons().values()):>8.3f}")
    print()


def measure(build, chosen):
    """Writes the log; returns its name."""
    folder = build / "nested"
    folder.mkdir(exist_ok=True)
    debian = nested.Debian(folder)
    nested.make_linux(debian, folder, nested.HERE / "kvm_linux.sh",
                      make_guest(debian, build, folder),
                      [f"{name} {CASES[name]}" for name in chosen],
                      nested.KERNEL_WORDS + " tsc=reliable")
    path = folder / "kvm-linux.log"
    begun = time.monotonic()
    with open(path, "w") as log:
        for pti in sorted({CASES[name].split()[1] for name in chosen}):
            print(own_instructions(build / "tools/lazyhv", pti), file=log, flush=True)
        nested.say("booting Linux in Bochs: two to five minutes, and three to ten for each case")
        follow(logged(nested.boot_linux(folder, MEMORY), log))
    nested.say(f"it took {time.monotonic() - begun:.0f} seconds; all that was said is in {path}")
    return path


def main():
    if sys.argv[1] == "--log":
        path, chosen = Path(sys.argv[2]), []
    else:
        chosen = sys.argv[2:] or list(CASES)
        if unknown := set(chosen) - CASES.keys():
            raise nested.Failure(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
        path = measure(Path(sys.argv[1]).resolve(), chosen)
    cases, own = follow(path.read_text().splitlines())
    whole = {name: case for name, case in cases.items() if case.is_whole}
    print_costs(whole, own)
    print_reasons(whole)
    broken = sorted((cases.keys() | set(chosen)) - whole.keys())
    for name in broken:
        print(f"{name}: did not come to its end")
    return 1 if broken else 0


if __name__ == "__main__":
    nested.as_command(main)
