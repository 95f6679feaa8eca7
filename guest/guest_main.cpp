// The guest: starts the kernel, and then what the command line asks for.

#include "guest/command_line.h"
#include "guest/hostile/run_attacks.h"
#include "guest/kernel/boot/initialise.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/power.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/boot/start_processors.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/longest_exit/run_case.h"
#include "guest/tests/boundary_tests.h"
#include "guest/tests/crash.h"
#include "guest/tests/differential_tests.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/stress.h"
#include "guest/tests/worst_drain_tests.h"
#include "guest/workloads/run_workloads.h"

namespace guest {
namespace {

void start_processors(const CommandLine& command_line) {
    processors::prepare({.xapic = command_line.xapic, .trampoline = command_line.trampoline});
    if (processors::several() && (command_line.test || command_line.test_processors))
        tests::test_forbidden_starts(cpu_of(1)); // while it waits for its start
    processors::start();
}

/// Returns the status that the run ends with: 0 if all went well.
std::uint8_t run(const CommandLine& command_line) {
    if (!command_line.wrong_word.empty()) {
        console::print("guest: unknown word: ", command_line.wrong_word, "\n");
        return 1;
    }
    if (command_line.hello)
        console::print("guest: hello, ", pages::untouched_bytes() >> 20, " MiB free\n");
    if (command_line.crash != Crash::none) {
        crash(command_line.crash);
        return 1;
    }
    bool good = true;
    if (command_line.stress != 0)
        good = tests::run_stress(command_line.stress) && good;
    if (command_line.test)
        good = tests::run_self_tests() && good;
    else if (command_line.test_processors)
        good = tests::run_processor_tests() && good;
    if (command_line.test_differential)
        good = tests::run_differential_test() && good;
    if (command_line.test_boundaries)
        good = tests::run_boundary_tests() && good;
    if (command_line.test_worst_drain)
        good = tests::run_worst_drain_tests() && good;
    if (!command_line.hostile.empty())
        good = hostile::run(command_line.hostile) && good;
    if (!command_line.longest_exit.empty())
        good = longest_exit::run_case(command_line.longest_exit) && good;
    if (command_line.run_workloads) {
        good = workloads::run(command_line.workloads, command_line.switches,
                              command_line.processors) &&
               good;
    }
    return good ? 0 : 1;
}

} // namespace

/// Called by entry.S as initialise_kernel says.
extern "C" [[noreturn, gnu::used]] void kernel_main(std::uint64_t start_info) {
    initialise_kernel(start_info);
    console::print("guest: lazyhv's kernel on ", machine().lazyhv ? "lazyhv" : "the bare machine",
                   ", ", abi::name(machine().profile), "/", abi::name(machine().interface), "\n");
    const CommandLine command_line = parse_command_line(start_information::command_line());
    start_processors(command_line);
    power::finish(run(command_line));
}

} // namespace guest
