// Ring-3 tasks check, switch after switch, that TLS, FPU, kernel stack, debug registers and I/O
// permissions are their own: first yielding by system call, then preempted by the timer.

#include "guest/tests/task_tests.h"

#include "guest/console/console.h"
#include "guest/cpu/cpu.h"
#include "guest/interrupts/interrupts.h"
#include "guest/interrupts/timer.h"
#include "guest/paravirt/operations.h"
#include "guest/tasks/scheduler.h"
#include "guest/tests/check.h"
#include "guest/tests/memory_tests.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "guest/user/test_task.h"
#include "shared/error.h"

#include <array>

namespace guest::tests {
namespace {

struct Mismatch {
    std::uint64_t count;
    std::uint64_t task; ///< of the first one
    std::uint64_t expected;
    std::uint64_t found;
};

struct Phase {
    std::array<std::uint64_t, check_count> checked;
    std::array<Mismatch, check_count> mismatches;
    std::uint64_t deaths;
    // Values of Cpu::switches and Cpu::ticks at which the tasks shall stop.
    std::uint64_t last_switch;
    std::uint64_t last_tick;
    bool gave_up; ///< the tasks had to be stopped
};
Phase phase;

constexpr std::uint64_t cooperative_switches = 4000;
constexpr std::uint64_t preemptive_switches = 1000;
constexpr std::uint64_t patience = 2; ///< times that many switches, then the phase is given up
constexpr std::uint64_t time_limit = 20 * std::uint64_t{timer::frequency}; ///< ticks of one phase

constexpr std::uint64_t port_flag(std::uint64_t port) { return port << user::test_port_shift; }

/// One of every kind; neighbours differ in what they use.
constexpr std::array<std::uint64_t, 8> kinds{
    user::test_tls | user::test_fpu | user::test_debug | port_flag(user::first_test_port),
    user::test_tls,
    user::test_tls | user::test_fpu,
    user::test_tls | user::test_debug,
    user::test_tls | user::test_fpu | port_flag(user::second_test_port),
    user::test_tls | user::test_fpu,
    user::test_tls | user::test_fpu,
    0,
};
/// This one is a thread in the address space of the one before it.
constexpr std::uint32_t thread = 6;

struct TestTasks {
    std::array<Task*, kinds.size()> task{};
    std::array<AddressSpace, kinds.size()> space{};
};

TestTasks create_tasks(std::uint64_t flags) {
    TestTasks tasks;
    for (std::uint32_t i = 0; i < kinds.size(); ++i) {
        const bool shares = i == thread;
        if (!shares)
            tasks.space[i] = address_spaces::create(2);
        TaskStart start{};
        start.id = i + std::uint64_t{1};
        start.space = &tasks.space[shares ? i - 1 : i];
        start.stack = shares ? 1 : 0;
        start.entry = user_address(&test_task);
        start.argument[0] = start.id;
        start.argument[1] = kinds[i] | flags;
        tasks.task[i] = create_task(start);
        scheduler::add(*tasks.task[i]);
    }
    return tasks;
}

void destroy_tasks(TestTasks& tasks) {
    for (std::uint32_t i = 0; i < kinds.size(); ++i) {
        scheduler::remove(*tasks.task[i]);
        destroy_task(*tasks.task[i]);
        if (i != thread)
            address_spaces::destroy(tasks.space[i]);
    }
}

/// Ends a phase whose tasks do not notice that it is over.
bool give_up(Cpu&) {
    phase.gave_up = true;
    return true;
}

void run_tasks(std::string_view name, std::uint64_t flags, std::uint64_t wanted) {
    TestTasks tasks = create_tasks(flags);
    run_phase(name, wanted);
    destroy_tasks(tasks);
}

void report_check(std::uint32_t check) {
    const Mismatch& first = phase.mismatches[check];
    const std::string_view name = check_names[check];
    const Cpu& cpu = this_cpu();
    if (check == static_cast<std::uint32_t>(Check::fpu) && cpu.fpu_faults != 0)
        return failed(name, cpu.fpu_faults, " #NM inside context_switch");
    if (check == static_cast<std::uint32_t>(Check::tls) && cpu.segment_faults != 0)
        return failed(name, cpu.segment_faults, " faulting segment loads in context_switch, ",
                      first.count, " wrong values");
    if (first.count != 0)
        return failed(name, first.count, " wrong; first: task ", first.task, " expected ",
                      console::Hex{first.expected}, ", found ", console::Hex{first.found});
    if (phase.checked[check] == 0)
        return failed(name, "never checked");
    passed(name);
}

void report_lazy_mode_errors(const Cpu& cpu) {
    if (cpu.lazy_mode_errors == 0)
        passed("no-lazy-mode-error");
    else
        failed("no-lazy-mode-error", cpu.lazy_mode_errors,
               ", the last: ", abi::name(static_cast<abi::Error>(cpu.last_lazy_error)));
}

} // namespace

void run_phase(std::string_view name, std::uint64_t wanted) {
    Cpu& cpu = this_cpu();
    const std::uint64_t before = cpu.switches;
    phase.last_switch = before + wanted;
    phase.last_tick = cpu.ticks + time_limit;
    phase.gave_up = false;
    scheduler::set_alarm(cpu, patience * wanted, give_up);
    timer::start();
    scheduler::run();
    timer::stop();
    scheduler::clear_alarm(cpu);
    const std::uint64_t made = cpu.switches - before;
    if (phase.gave_up)
        failed(name, "the tasks get nowhere between two switches");
    else if (made >= wanted)
        passed(name);
    else
        failed(name, made, " switches instead of ", wanted);
}

bool mismatch(const Task& task, std::uint64_t check, std::uint64_t expected, std::uint64_t found) {
    if (check >= check_count)
        return false;
    Mismatch& entry = phase.mismatches[check];
    if (entry.count++ == 0)
        entry = {1, task.id, expected, found};
    return true;
}

bool checked(std::uint64_t check, std::uint64_t count) {
    if (check >= check_count)
        return false;
    phase.checked[check] += count;
    return true;
}

void task_died(const Task& task, const InterruptFrame& frame) {
    ++phase.deaths;
    console::print("guest: task ", task.id, " ended by exception ", frame.vector, ", error code ",
                   console::Hex{frame.error_code}, ", rip ", console::Hex{frame.rip}, ", cr2 ",
                   console::Hex{paravirt::get_cr2()}, "\n");
}

bool phase_over() {
    const Cpu& cpu = this_cpu();
    return phase.deaths != 0 || cpu.switches >= phase.last_switch || cpu.ticks >= phase.last_tick;
}

void test_tasks() {
    Cpu& cpu = this_cpu();
    phase = {};
    cpu.fpu_faults = 0;
    cpu.segment_faults = 0;
    run_tasks("cooperative-switches", 0, cooperative_switches);
    run_tasks("preemptive-switches", user::test_preemptive, preemptive_switches);
    test_memory();
    for (std::uint32_t check = 0; check < check_count; ++check)
        report_check(check);
    report_lazy_mode_errors(cpu);
    if (phase.deaths == 0)
        passed("no-task-died");
    else
        failed("no-task-died", phase.deaths, " of them");
}

} // namespace guest::tests
