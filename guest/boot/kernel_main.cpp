// The kernel's start, in the order in which things come to life.

#include "guest/boot/command_line.h"
#include "guest/boot/machine.h"
#include "guest/boot/power.h"
#include "guest/boot/start_information.h"
#include "guest/boot/start_processors.h"
#include "guest/console/console.h"
#include "guest/cpu/control_register_setup.h"
#include "guest/cpu/cpu.h"
#include "guest/cpu/descriptor_tables.h"
#include "guest/hostile/run_attacks.h"
#include "guest/interrupts/timer.h"
#include "guest/memory/address_space.h"
#include "guest/memory/page_allocator.h"
#include "guest/paravirt/binding.h"
#include "guest/tasks/task.h"
#include "guest/tests/boundary_tests.h"
#include "guest/tests/crash.h"
#include "guest/tests/differential_tests.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/stress.h"
#include "guest/tests/worst_drain_tests.h"
#include "guest/workloads/run_workloads.h"

namespace guest {
namespace {

void initialise(std::uint64_t start_info) {
    console::initialise();
    Task& boot_task = initialise_boot_task();
    Cpu& cpu = cpu_of(0);
    initialise_cpu(cpu, 0, boot_task);
    enter_cpu(cpu);
    cpu.kernel_stack = boot_task.kernel_stack;
    fill_descriptor_tables(cpu);
    load_descriptor_tables(cpu);
    start_information::take(start_info);
    set_up_control_registers(cpu);

    // From here on the operations are the ROM's, and the tables are loaded again through them.
    paravirt::bind();
    address_spaces::enter_kernel_tables();
    load_descriptor_tables(cpu);
    load_task_register();
    timer::initialise();
}

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
    if (command_line.run_workloads) {
        good = workloads::run(command_line.workloads, command_line.switches,
                              command_line.processors) &&
               good;
    }
    return good ? 0 : 1;
}

} // namespace

/// `start_info` is guest-physical; interrupts are off; the stack is the boot task's.
extern "C" [[noreturn, gnu::used]] void kernel_main(std::uint64_t start_info) {
    initialise(start_info);
    console::print("guest: lazyhv's kernel on ", machine().lazyhv ? "lazyhv" : "the bare machine",
                   ", ", abi::name(machine().profile), "/", abi::name(machine().interface), "\n");
    const CommandLine command_line = parse_command_line(start_information::command_line());
    processors::start(command_line);
    power::finish(run(command_line));
}

} // namespace guest
