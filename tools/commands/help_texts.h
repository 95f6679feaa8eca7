#pragma once
// What `--help` prints below the options.

#include <string_view>

namespace tool::help {

inline constexpr std::string_view general = R"(
Examples:
  ./lazyhv build                                    builds everything and runs nothing
  ./lazyhv bench                                    what a context switch costs
  ./lazyhv compare old.json new.json                what changed between two results of bench
  ./lazyhv report results.json                      an HTML page about the results of bench
  ./lazyhv run build/guest/guest.elf -- test        the guest kernel's self-tests
  ./lazyhv linux                                    Debian's kernel, with a shell
  ./lazyhv test                                     every test
  ./lazyhv fuzz                                     looks for inputs that break the monitor
  ./lazyhv fidelity                                 looks for what a guest could notice
  ./lazyhv longest-exit                             looks for the exit that takes longest
  ./lazyhv doctor                                   what this host has, and what it lacks
)";

inline constexpr std::string_view build = R"(
Builds in build/ and runs nothing. Without TARGET it builds everything: monitor, ROM, guest, tools
and all test programs. The other commands build what they need by themselves.

A TARGET is a CMake target, a folder with /all after it, or a file in build/.

Examples:
  ./lazyhv build                              everything
  ./lazyhv build hypervisor/all vmi_rom       the monitor and the ROM
  ./lazyhv build unit_tests --jobs 2          the unit tests, with two compilers at a time
  ./lazyhv build guest/guest.elf              one file
  ./lazyhv build --list                       prints the targets

For a build of another kind (debug, release, asan, coverage, tidy) use CMake's presets:
  cmake --workflow --preset asan
)";

inline constexpr std::string_view run = R"(
Boots one guest image on the monitor, with its console on the terminal, until the guest ends the run.
The exit status is the guest's: 0 only for success.

Examples:
  ./lazyhv run build/guest/guest.elf -- test
  ./lazyhv run --profile modern --interface native build/guest/guest.elf -- workload=full
  ./lazyhv run --cpus 4 build/guest/guest.elf -- test
  ./lazyhv run --profile classic --checked --shadow-memory 512K build/guest/guest.elf -- test
  ./lazyhv run --image lazyhv.iso build/guest/guest.elf -- test
  ./lazyhv run --profile modern --module environment.txt multiboot-kernel.elf -- words for it
  ./lazyhv run --profile classic --protect off my-kernel.elf
  ./lazyhv run --profile classic --protect off --interface lazy my-vmi-kernel.elf
  ./lazyhv run --cpu corei7_skylake_x --memory 1G --emulator-log bochs.log my-kernel.elf -- debug
)";

inline constexpr std::string_view bench = R"(
Boots the guest once for each profile and interface, measures context switches and page-table
operations, and prints how many VM exits each takes, and how many instructions. Without --profile and
--interface it measures the bare machine (native), and classic, hardened and modern (each native,
eager, lazy). All figures are written to a file as well, and --details prints what the exits were.

With --all it measures every workload. Then it boots each combination again on a machine with --cpus
processors, measures some of the workloads on 2, 4 and 8 of them at the same time, and measures
shoot-downs of translations (shootdown/...). Workloads that are named are measured on several
processors if --cpus is given, and those that begin with shootdown/ in any case. Of a guest of your
own every workload is measured, on several processors only if --cpus is given: it is passed
processors=2,4,8, and its result lines must contain cpus=N.

Examples:
  ./lazyhv bench
  ./lazyhv bench --details full                                  what each exit of this workload was
  ./lazyhv bench --profile hardened --workload full,pingpong
  ./lazyhv bench --profile classic --cpu core2_penryn_t9600      a processor without EPT
  ./lazyhv bench --interface lazy --switches 100 --json results.json
  ./lazyhv bench --workload full,pingpong --cpus 4               on 1, 2 and 4 processors
  ./lazyhv bench --workload shootdown/unmap/8                    on 2, 4 and 8
  ./lazyhv bench --all --cpus 1                                  everything, on one processor
  ./lazyhv bench --all --details                                 everything that can be measured
  ./lazyhv bench my-kernel.elf --details
  ./lazyhv run build/guest/guest.elf -- workload=list            names the workloads
)";

inline constexpr std::string_view compare = R"(
Prints the counters that changed: first those that got worse, beginning with the one that got worse
by the largest part, then those that got better, then those that are neither (docs/report.md). In
Bochs counts repeat exactly, so every difference is a change of the software; under KVM times vary
and need a tolerance. Warns if the files were measured under different conditions.

Exit status: 0 if nothing got worse; 1 if a counter got worse by more than its tolerance, or if a
benchmark of OLD.json is missing in NEW.json (except with --subset); 2 if a file cannot be read.

Examples:
  ./lazyhv bench --json new.json
  ./lazyhv compare old.json new.json
  ./lazyhv compare old.json new.json --tolerance 2%
  ./lazyhv compare old.json new.json --tolerance '*_instructions_*=5%' --tolerance real_time=5%
  ./lazyhv compare old.json new.json --tolerance vmcs_accesses_per_exit=any
  ./lazyhv compare --subset --all old.json only-full.json
)";

inline constexpr std::string_view report = R"(
Writes one HTML page that needs no other file and no network: exits per switch and per page-table
operation, what the exits were, instructions in guest and monitor, page-table operations by size,
and several processors. Each picture has its table. Several files are shown side by side, and what
differs from the first file is listed.

Examples:
  ./lazyhv bench --json results.json
  ./lazyhv report results.json
  ./lazyhv report old.json new.json -o difference.html
)";

inline constexpr std::string_view linux_guest = R"(
Boots Debian's stock kernel on the monitor, with its console on the terminal and a small file system
that holds busybox and a few test programs (guest/linux_programs/). Without --run you get a shell; `exit` ends
the run. Kernel and busybox are downloaded with apt-get once and kept in build/linux. The exit status
is 0 only if every program that --run names succeeds.

Programs: compile, exec, fork, fpu, hackbench, memory, pingpong, signals; each explains itself with
--help.

With --bench it boots once for each profile, and again with --pti on modern and classic, runs
pingpong and fork, and prints the VM exits of each context switch and each fork next to those of
lazyhv's own kernel. JSON names are linux/PROGRAM/PROFILE, and linux/PROGRAM/PROFILE/pti with --pti.

Examples:
  ./lazyhv linux
  ./lazyhv linux --profile classic --run pingpong,fork,memory
  ./lazyhv linux --profile hardened --protect --pti --run signals
  ./lazyhv linux --kernel /boot/vmlinuz --append "loglevel=7 nosmp"
  ./lazyhv linux --profile classic --interface lazy --kernel bzImage-2.6.34 --initrd initrd.gz
  ./lazyhv linux --bench --json results.json
)";

inline constexpr std::string_view fuzz = R"(
Runs the monitor's code on the host with inputs that libFuzzer generates, one target after another.
Inputs that reach new code are kept in build/fuzz/corpus/TARGET, where the next run starts. The first
input that crashes a target ends the command with status 1 and is kept in
build/fuzz/artifacts/TARGET. Ctrl-C ends a run; what was found is kept.

Targets: descriptors, drain, exits, hypercall, instruction, rom_probe (docs/fuzzing.md).

Examples:
  ./lazyhv fuzz                                     each target for ten minutes
  ./lazyhv fuzz hypercall exits --minutes 60 --jobs 4
  ./lazyhv fuzz drain --input build/fuzz/artifacts/drain/crash-0123abcd
)";

inline constexpr std::string_view fidelity = R"(
Runs random cases: a few instructions of every kind that can exit or fault, in a random state and
with random page tables. Each case is run on the bare machine and under each profile, in Bochs, and
everything that can be seen after it must be the same (docs/fidelity.md). A case that differs is
made smaller while it still differs, and printed with the command that repeats it. The exit status
is 1 if there is one. Ctrl-C ends a run.

Examples:
  ./lazyhv fidelity
  ./lazyhv fidelity --minutes 30 --seed 7
  ./lazyhv fidelity --profile hardened --cpu corei7_icelake_u --cases 20000
  ./lazyhv fidelity --profile classic --cpu core2_penryn_t9600 --first 4711 --cases 1
  ./lazyhv fidelity --leave-out lgdt,lidt,sgdt,sidt
  ./lazyhv fidelity --real-mode
)";

inline constexpr std::string_view longest_exit = R"(
Looks for the VM exit in which the monitor works longest: from the exit to the next moment at which
the guest can take an interrupt (docs/monitor.md). A case is a list of steps that build page tables,
call the monitor or execute what exits; lazyhv's guest performs and measures them, each case in a boot
of its own. For each kind of step the case in which it took longest is kept, and changed at random.
A longer exit than all before is printed at once, with the command that repeats it. The exit status is
1 if one takes longer than the bound. Ctrl-C ends a run; what was found is printed.

The same seed and number of cases find the same. In Bochs the unit is monitor instructions.

Examples:
  ./lazyhv longest-exit
  ./lazyhv longest-exit --minutes 60 --seed 7
  ./lazyhv longest-exit --profile hardened --seconds 300
  ./lazyhv longest-exit --memory 1G --shadow-memory 128M --cases 500
  ./lazyhv longest-exit --case 01000c21090112080901121a
)";

inline constexpr std::string_view trace = R"(
Carries out the command after --, which is `run`, `bench` or `linux` with its words, and writes down
every VM exit: when it came, where the guest was, what it was, what was drained, and how long the
monitor worked (docs/tracing.md). The monitor's counters and the guest's exits stay what they are.
Several outputs may be asked for at the same time. In Bochs times are instructions.

Examples:
  ./lazyhv trace -- run build/guest/guest.elf -- workload=full
  ./lazyhv trace --text -- run --profile classic build/guest/guest.elf -- workload=pingpong
  ./lazyhv trace --csv exits.csv --summary -- bench --profile hardened --workload full
  ./lazyhv trace --symbols System.map -- linux --profile classic --run fork
)";

inline constexpr std::string_view completion = R"(
Examples:
  source <(./lazyhv completion bash)                in this shell
  ./lazyhv completion fish > ~/.config/fish/completions/lazyhv.fish
  cmake --install build --prefix ~/.local           for all three shells, with the manual pages
)";

} // namespace tool::help
