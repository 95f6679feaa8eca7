#!/usr/bin/env python3
"""The nested run: lazyhv as a hypervisor inside KVM, which runs in Bochs.

usage: nested.py BUILD-FOLDER [RUN...]

Bochs boots Debian's kernel. Its KVM runs Debian's QEMU (init.sh), which boots the same image that was
booted directly in Bochs just before. The script compares what the guest measured in both, and the VM
exits that lazyhv counted with those that KVM forwarded to it.

A run is called PROFILE-INTERFACE if it measures workloads, and PROFILE-INTERFACE-test if it runs the
guest's self-tests.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNS = ["hardened-lazy", "hardened-eager", "hardened-native", "classic-lazy", "classic-native",
        "modern-lazy", "modern-lazy-test", "classic-lazy-test"]
WORKLOADS = ["workload=full,pingpong", "switches=100"]
MODULES = ["irqbypass", "kvm", "kvm-intel"]  # in the order of their dependencies
FIRMWARE = [("seabios", "bios-256k.bin"), ("qemu", "kvmvapic.bin"),
            ("qemu", "linuxboot_dma.bin")]
KERNEL_WORDS = "console=ttyS0 quiet nowatchdog audit=0 mitigations=off cryptomgr.notests"
SECONDS = 5400  # for the run in Bochs
# As in tools/machine/bochs.cpp, except that COM1 is a file here and that there is more memory.
SETTINGS = """\
romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
display_library: term
plugin_ctrl: sb16=0, es1370=0, speaker=0
cpu: model=corei7_haswell_4770, count=1, ips=20000000
memory: guest={memory}, host={memory}
clock: sync=none, time0=946684800
com1: enabled=1, mode=file, dev={folder}/console
ata0-master: type=cdrom, path="{folder}/linux.iso", status=inserted
boot: cdrom
log: {folder}/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
port_e9_hack: enabled=0
magic_break: enabled=0
"""
GRUB_CONFIG = """\
serial --unit=0 --speed=115200
terminal_output serial
linux /boot/vmlinuz {words}
initrd /boot/initrd
boot
"""
# Not compared: the guest's clock counts instructions in Bochs, including those of KVM. How often the
# monitor accesses the VMCS depends on the VM-execution controls that it has, and the number of shadow
# page tables on the roots that it keeps.
NOT_COMPARED = {"ticks", "monitor_ticks", "vmcs_accesses", "shadow_ticks", "shadow_in_use"}


class Failure(Exception):
    """Why there is nothing to compare."""


def say(text):
    print(f"nested: {text}", flush=True)


def run(command, **options):
    """The standard output of a program. Raises Failure if its status is not 0."""
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if ran.returncode != 0:
        raise Failure(f"{Path(command[0]).name} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


class Debian:
    """Packages that need not be installed: downloaded once and unpacked in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder / "packages"
        self.folder.mkdir(exist_ok=True)
        dependency = re.search(r"Depends: (linux-image-(\S+))",
                               run(["apt-cache", "depends", "linux-image-amd64"]))
        if not dependency:
            raise Failure("apt does not know the package linux-image-amd64: run apt-get update first")
        self.kernel, self.version = self.package(dependency[1]), dependency[2]
        self.busybox = self.package("busybox-static") / "bin/busybox"

    def package(self, name):
        unpacked = self.folder / name
        if not unpacked.exists():
            say(f"downloading {name}")
            run(["apt-get", "download", name], cwd=self.folder)
            archive = next(self.folder.glob(f"{name}_*.deb"))
            begun = self.folder / f"{name}.begun"
            shutil.rmtree(begun, ignore_errors=True)
            run(["dpkg-deb", "-x", archive, begun])
            begun.rename(unpacked)
            archive.unlink()
        return unpacked

    def module(self, name):
        return next((self.kernel / "lib/modules" / self.version).rglob(f"{name}.ko"))


class Plan:
    """One run, as its name describes it."""

    def __init__(self, name):
        self.name = name
        self.profile, self.interface, *rest = name.split("-")
        self.is_test = rest == ["test"]
        self.words = ["test"] if self.is_test else WORKLOADS


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def make_initrd(debian, tree, target):
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with open(target, "wb") as archive:
        subprocess.run([debian.busybox, "cpio", "-o", "-H", "newc"], cwd=tree,
                       input=names.encode(), stdout=archive, stderr=subprocess.DEVNULL, check=True)


def make_linux(debian, folder, script, files, runs, words=KERNEL_WORDS):
    """Creates the ISO that Bochs boots: GRUB, the kernel, and an initrd with everything else: the
    script as the first program, KVM, QEMU, `files` by name, and a line for each run."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in ["proc", "sys", "dev", "tmp"]:
        (tree / name).mkdir(parents=True)
    copy(script, tree / "init")
    copy(debian.busybox, tree / "bin/busybox")
    for module in MODULES:
        copy(debian.module(module), tree / "modules" / f"{module}.ko")
    qemu = shutil.which("qemu-system-x86_64")
    copy(qemu, tree / "usr/bin/qemu-system-x86_64")
    for library in re.findall(r"(/\S+) \(0x", run(["ldd", qemu])):
        copy(library, tree / library.lstrip("/"))
    for package, name in FIRMWARE:
        copy(Path("/usr/share") / package / name, tree / "usr/share/qemu" / name)
    for name, source in files.items():
        copy(source, tree / name)
    (tree / "runs").write_text("".join(f"{line}\n" for line in runs))

    boot = folder / "image/boot"
    shutil.rmtree(boot, ignore_errors=True)
    (boot / "grub").mkdir(parents=True)
    (boot / "grub/grub.cfg").write_text(GRUB_CONFIG.format(words=words))
    copy(debian.kernel / f"boot/vmlinuz-{debian.version}", boot / "vmlinuz")
    make_initrd(debian, tree, boot / "initrd")
    run(["grub-mkrescue", "--directory=/usr/lib/grub/i386-pc",
         "--install-modules=linux normal serial boot iso9660 biosdisk", "--fonts=", "--locales=",
         "--themes=", "--compress=no", "-o", folder / "linux.iso", folder / "image"])


def boot_linux(folder, memory=1024):
    """Runs Bochs until it ends; yields the lines of the console as they arrive."""
    (folder / "bochsrc").write_text(SETTINGS.format(folder=folder, memory=memory))
    (folder / "debugger").write_text("c\n")  # Debian's Bochs waits for a command
    (folder / "console").write_text("")
    screen, terminal = pty.openpty()
    bochs = subprocess.Popen(["bochs", "-q", "-f", folder / "bochsrc", "-rc", folder / "debugger"],
                             stdin=terminal, stdout=terminal, stderr=terminal,
                             start_new_session=True)
    threading.Thread(target=read_screens, args=(screen,), daemon=True).start()
    end = time.monotonic() + SECONDS
    try:
        with open(folder / "console", errors="replace", newline="\n") as console:
            rest = ""
            while True:
                has_ended = bochs.poll() is not None
                *lines, rest = (rest + console.read()).split("\n")
                yield from (line.rstrip("\r") for line in lines)
                if has_ended:
                    return
                if time.monotonic() > end:
                    raise Failure(f"no end after {SECONDS} seconds; see {folder / 'console'}")
                time.sleep(0.5)
    finally:
        if bochs.poll() is None:
            os.killpg(bochs.pid, signal.SIGKILL)
        bochs.wait()


def read_screens(screen):
    """Discards what Bochs writes to its terminals: the one that it was given, and one that it opens
    and whose name it prints. If nobody reads the latter, it fills up and Bochs stops."""
    screens, printed = [screen], b""
    while screens:
        for ready in select.select(screens, [], [])[0]:
            try:
                text = os.read(ready, 65536)
            except OSError:  # the other end is closed
                text = b""
            if not text:
                screens.remove(ready)
                continue
            printed += text
            opened = re.search(rb'connected to screen "(/dev/pts/\d+)"', printed)
            if opened:
                printed = b""
                screens.append(os.open(opened[1], os.O_RDONLY | os.O_NOCTTY))
                tty.setraw(screens[-1])


class Console:
    """What monitor and guest printed in one run."""

    def __init__(self, lines):
        self.lines = lines
        text = "\n".join(lines)
        ended = re.search(r"^@end status=(\d+)", text, re.MULTILINE)
        self.status = int(ended[1]) if ended else None
        self.results = {}
        for workload, rest in re.findall(r"^@result workload=(\S+) (.*)", text, re.MULTILINE):
            numbers = (word.split("=") for word in rest.split())
            self.results[workload] = {key: int(number) for key, number in numbers}
        total = re.search(r"^lazyhv: (\d+) VM exits", text, re.MULTILINE)
        self.exits = int(total[1]) if total else None
        self.by_reason = {reason: int(count) for reason, count in
                          re.findall(r"^lazyhv:   ([A-Z_]+) (\d+)$", text, re.MULTILINE)}

    def counts(self, workload):
        """The counts that must be equal in Bochs and under KVM. KVM has no CR3-target values: a root
        that the ROM would otherwise load without a VM exit is one more entry of the batch."""
        numbers = dict(self.results.get(workload, {}))
        root_loads = numbers.pop("root_loads", 0)
        if root_loads:
            numbers["drained"] += root_loads
            numbers["entry.SetCR3"] = numbers.get("entry.SetCR3", 0) + root_loads
        return {key: number for key, number in numbers.items() if key not in NOT_COMPARED}


def reason_names():
    """The names of exit reasons by number, as the monitor and KVM spell them."""
    text = (ROOT / "shared/exit_reason.h").read_text()
    numbers = dict(re.findall(r"^    (\w+) = (\d+),", text, re.MULTILINE))
    return {int(numbers[word]): name for word, name in
            re.findall(r'ExitReasonName\{ExitReason::(\w+), "(\w+)"\}', text)}


class NestedRun:
    """One run under KVM: the console, and KVM's counts by exit reason."""

    def __init__(self):
        self.lines = []
        self.is_whole = False
        self.events = {"kvm_nested_vmexit": {}, "kvm_nested_vmexit_inject": {}}

    def console(self):
        return Console(self.lines)

    def add(self, line, names):
        counted = re.match(r"@nested event=(\w+) reason=(\d+) count=(\d+)", line)
        if counted:
            number = int(counted[2])
            # Bit 31: VM entry failed (SDM vol. 3, 25.9.1).
            name = names.get(number & 0xFFFF, str(number)) + (" at entry" if number >> 31 else "")
            self.events[counted[1]][name] = int(counted[3])
        elif line.startswith("@nested end"):
            self.is_whole = True
        elif not line.startswith("@nested"):
            self.lines.append(line)


def follow(lines, log, names):
    """The runs by name, from the lines of the console. Copies each line to the log."""
    runs, current = {}, None
    for line in lines:
        print(line, file=log, flush=True)
        begun = re.search(r"@nested begin=(\S+)", line)
        if begun:
            current = runs[begun[1]] = NestedRun()
            say(f"{begun[1]}: QEMU starts")
        elif "@nested error" in line:
            raise Failure(line)
        elif current:
            current.add(line, names)
    return runs


def differences(direct, nested):
    """Yields in words what is wrong. Self-tests are not run directly for comparison: timer
    interrupts arrive at any point, and with them some VM exits."""
    console = nested.console()
    if not nested.is_whole:
        yield "Bochs ended in the middle of the run"
    if console.status != 0:
        yield f"status {console.status}; the end of its console:\n" + "\n".join(console.lines[-12:])
    for workload in direct.results if direct else []:
        here, there = direct.counts(workload), console.counts(workload)
        for key in sorted(here.keys() | there.keys()):
            if here.get(key) != there.get(key):
                yield f"{workload}: {key} is {here.get(key)} in Bochs, {there.get(key)} under KVM"
    handed_on = nested.events["kvm_nested_vmexit_inject"]
    for reason in sorted(handed_on.keys() | console.by_reason.keys()):
        if handed_on.get(reason, 0) != console.by_reason.get(reason, 0):
            yield (f"{reason}: lazyhv counted {console.by_reason.get(reason, 0)}, "
                   f"KVM {handed_on.get(reason, 0)}")
    if sum(handed_on.values()) != console.exits:
        yield f"lazyhv counted {console.exits} VM exits, KVM {sum(handed_on.values())}"


def per_switch(numbers, key):
    return numbers[key] / numbers["switches"]


def print_switches(direct, runs):
    print(f"\n{'':<30}{'exits/switch':>20}{'instructions/switch':>24}")
    print(f"{'run':<20}{'workload':<10}{'in Bochs':>10}{'nested':>10}{'in Bochs':>12}{'nested':>12}")
    for name, nested in runs.items():
        if name not in direct:
            continue
        for workload, there in nested.console().results.items():
            here = direct[name].results[workload]
            print(f"{name:<20}{workload:<10}"
                  f"{per_switch(here, 'exits'):>10.3f}{per_switch(there, 'exits'):>10.3f}"
                  f"{per_switch(here, 'ticks'):>12.0f}{per_switch(there, 'ticks'):>12.0f}")


def print_exits(runs):
    print(f"\n{'run':<20}{'exit reason':<20}{'lazyhv':>8}{'KVM, forwarded':>16}{'KVM, all':>10}")
    for name, nested in runs.items():
        counted = nested.console().by_reason
        every, handed_on = nested.events.values()
        for reason in sorted(every.keys() | handed_on.keys() | counted.keys()):
            print(f"{name:<20}{reason:<20}{counted.get(reason, 0):>8}"
                  f"{handed_on.get(reason, 0):>16}{every.get(reason, 0):>10}")
        print(f"{name:<20}{'all':<20}{sum(counted.values()):>8}{sum(handed_on.values()):>16}"
              f"{sum(every.values()):>10}")
    print()


def main():
    build = Path(sys.argv[1]).resolve()
    plans = [Plan(name) for name in sys.argv[2:] or RUNS]
    folder = build / "nested"
    folder.mkdir(exist_ok=True)
    debian = Debian(folder)
    lazyhv, guest = build / "tools/lazyhv", build / "guest/guest.elf"
    direct = {}
    for plan in plans:
        words = ["--profile", plan.profile, "--interface", plan.interface, guest, "--", *plan.words]
        run([lazyhv, "run", "--image", folder / f"{plan.name}.iso", *words])
        if not plan.is_test:
            say(f"{plan.name}: in Bochs directly")
            output = run([lazyhv, "run", "--machine", "bochs", "--verbose", *words])
            direct[plan.name] = Console(output.splitlines())
    make_linux(debian, folder, HERE / "init.sh",
               {f"images/{plan.name}.iso": folder / f"{plan.name}.iso" for plan in plans},
               [plan.name for plan in plans])
    say("booting Linux in Bochs: takes two to five minutes, and one or two for each run")
    begun = time.monotonic()
    with open(folder / "log", "w") as log:
        runs = follow(boot_linux(folder), log, reason_names())
    say(f"Bochs ran for {time.monotonic() - begun:.0f} seconds; its output is in {folder / 'log'}")
    print_switches(direct, runs)
    print_exits(runs)
    wrong = 0
    for plan in plans:
        found = (list(differences(direct.get(plan.name), runs[plan.name]))
                 if plan.name in runs else ["it did not run"])
        good = "passed" if plan.is_test else "as in Bochs"
        print(f"{plan.name}: " + ("; ".join(found) if found else
                                  f"{good}; lazyhv and KVM counted the same exits"))
        wrong += bool(found)
    return 1 if wrong else 0


def as_command(main):
    """Runs `main` and ends with its status, with an error message, or as after a signal."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"lazyhv: error: {failure}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    as_command(main)
