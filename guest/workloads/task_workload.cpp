// Ring-3 tasks that yield by system call, round robin. The measurement begins and ends between two
// switches, inside the scheduler.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/tasks/debug_registers.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/kernel/tasks/task.h"
#include "guest/programs/workload_task.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"

#include <array>

namespace guest::workloads {
namespace {

/// Enough rounds for fpu_counter to make the switch itself restore the FPU.
constexpr std::uint64_t warm_up_rounds = 10;

struct Run {
    std::uint64_t switches;
    bool measuring;
    std::array<Task*, max_tasks> task;
    std::array<AddressSpace, max_tasks> space;
};
std::array<Run, max_processors> runs; ///< runs, by processor

Run& own_run() { return runs[this_cpu().number]; }

bool at_boundary(Cpu& cpu) {
    Run& current = own_run();
    if (current.measuring) {
        end_measurement();
        return true;
    }
    current.measuring = true;
    scheduler::set_alarm(cpu, current.switches, at_boundary);
    begin_measurement();
    return false;
}

/// The base of a TLS block. Nothing is read there, but all bases differ.
std::uint32_t tls_base(std::uint32_t task, std::uint32_t slot) {
    return 0x10000000 + (task * tls_slots + slot) * 0x100;
}

Task* create(const Workload& workload, std::uint32_t number) {
    const Run& current = own_run();
    TaskStart start{};
    start.id = number + std::uint64_t{1};
    start.space = &current.space[workload.one_address_space ? 0 : number];
    start.stack = workload.one_address_space ? number : 0;
    start.entry = user_address(workload.uses.fpu ? &yielding_fpu_task : &yielding_task);
    if (workload.pages != 0) {
        start.entry = user_address(&touching_task);
        start.argument[0] = user_memory_base;
        start.argument[1] = workload.pages;
        address_ranges::map_own(*start.space, user_memory_base, workload.pages);
    }
    if (workload.uses.tls) {
        for (std::uint32_t i = 0; i < tls_slots; ++i)
            start.tls[i] = tls_descriptor(tls_base(number, i));
        start.fs = tls_selector(0);
        start.gs = tls_selector(1);
    }
    if (workload.uses.debug) {
        // DR7 enables a breakpoint at an address that nothing writes. The local and the global
        // enable bit have the same effect, but alternating them makes DR7 differ between successive
        // tasks.
        constexpr std::uint64_t local_enable = 1 << 0;
        constexpr std::uint64_t global_enable = 1 << 1;
        start.debug_address0 = 0x700000 + number * std::uint64_t{8};
        start.debug_control = (debug_registers::watch_8_byte_writes & ~local_enable) |
                              (number % 2 == 0 ? local_enable : global_enable);
    }
    return create_task(start);
}

void create_all(const Workload& workload) {
    Run& current = own_run();
    const std::uint32_t spaces = workload.one_address_space ? 1 : workload.tasks;
    for (std::uint32_t i = 0; i < spaces; ++i)
        current.space[i] = address_spaces::create(workload.one_address_space ? workload.tasks : 1);
    for (std::uint32_t i = 0; i < workload.tasks; ++i) {
        current.task[i] = create(workload, i);
        scheduler::add(*current.task[i]);
    }
}

void destroy_all(const Workload& workload) {
    Run& current = own_run();
    for (std::uint32_t i = 0; i < workload.tasks; ++i) {
        scheduler::remove(*current.task[i]);
        destroy_task(*current.task[i]);
    }
    const std::uint32_t spaces = workload.one_address_space ? 1 : workload.tasks;
    for (std::uint32_t i = 0; i < spaces; ++i)
        address_spaces::destroy(current.space[i]);
}

} // namespace

void run_tasks(const Workload& workload, std::uint64_t switches) {
    Cpu& cpu = this_cpu();
    Run& current = own_run();
    current.switches = switches;
    current.measuring = false;
    create_all(workload);
    scheduler::set_alarm(cpu, warm_up_rounds * workload.tasks, at_boundary);
    scheduler::run();
    scheduler::clear_alarm(cpu);
    destroy_all(workload);
}

} // namespace guest::workloads
