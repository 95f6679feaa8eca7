// Ring-3 tasks check, switch after switch, that TLS, FPU, kernel stack, debug registers and I/O
// permissions are their own: first yielding by system call, then preempted by the timer.

#include "guest/tests/task_tests.h"

#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/programs/test_task.h"
#include "guest/tests/memory_tests.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/task_checks.h"
#include "guest/tests/test_report.h"

#include <array>

namespace guest::tests {
namespace {

struct Phase {
    // Values of Cpu::switches and Cpu::ticks at which a processor's tasks shall stop.
    std::array<std::uint64_t, max_processors> last_switch;
    std::array<std::uint64_t, max_processors> last_tick;
    std::atomic<bool> over;    ///< all of them shall stop
    std::atomic<bool> gave_up; ///< the tasks had to be stopped
};
Phase phase;

constexpr std::uint64_t cooperative_switches = 4000;
constexpr std::uint64_t preemptive_switches = 1000;
constexpr std::uint64_t patience =
    2; ///< a phase is given up after this many times the wanted switches
constexpr std::uint64_t time_limit = 20 * std::uint64_t{timer::frequency}; ///< ticks of one phase

constexpr std::uint64_t port_flag(std::uint64_t port) { return port << programs::test_port_shift; }

/// One of every kind; neighbours differ in what they use.
constexpr std::array<std::uint64_t, 8> kinds{
    programs::test_tls | programs::test_fpu | programs::test_debug |
        port_flag(programs::first_test_port),
    programs::test_tls,
    programs::test_tls | programs::test_fpu,
    programs::test_tls | programs::test_debug,
    programs::test_tls | programs::test_fpu | port_flag(programs::second_test_port),
    programs::test_tls | programs::test_fpu,
    programs::test_tls | programs::test_fpu,
    0,
};
/// The index of the kind that runs as a thread in the address space of the one before it.
constexpr std::uint32_t thread = 6;

struct TestTasks {
    std::array<Task*, kinds.size()> task{};
    std::array<AddressSpace, kinds.size()> space{};
};

/// The identifiers start at `ids_before` + 1: those of one address space must differ, and all are
/// printed.
TestTasks create_tasks(std::uint64_t flags, std::uint64_t ids_before) {
    TestTasks tasks;
    for (std::uint32_t i = 0; i < kinds.size(); ++i) {
        const bool shares = i == thread;
        if (!shares)
            tasks.space[i] = address_spaces::create(2);
        TaskStart start{};
        start.id = ids_before + i + 1;
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

/// A scheduler::Alarm that ends a phase whose tasks do not notice that it is over.
bool give_up(Cpu&) {
    phase.gave_up = true;
    return true;
}

void run_tasks(std::string_view name, std::uint64_t flags, std::uint64_t wanted) {
    TestTasks tasks = create_tasks(flags, 0);
    run_phase(name, wanted);
    destroy_tasks(tasks);
}

} // namespace

void begin_phase(std::uint64_t wanted) {
    phase.gave_up = false;
    phase.over = false;
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        phase.last_switch[i] = cpu_of(i).switches + wanted;
        phase.last_tick[i] = cpu_of(i).ticks + time_limit;
    }
}

void begin_endless_phase() {
    phase.over = false;
    phase.last_switch.fill(~std::uint64_t{0});
    phase.last_tick.fill(~std::uint64_t{0});
}

void end_phase() { phase.over = true; }

bool run_phase_here(Cpu& cpu, std::uint64_t wanted) {
    scheduler::set_alarm(cpu, patience * wanted, give_up);
    scheduler::run();
    scheduler::clear_alarm(cpu);
    return !phase.gave_up;
}

void run_phase(std::string_view name, std::uint64_t wanted) {
    Cpu& cpu = this_cpu();
    const std::uint64_t before = cpu.switches;
    begin_phase(wanted);
    timer::start();
    run_phase_here(cpu, wanted);
    timer::stop();
    const std::uint64_t made = cpu.switches - before;
    if (phase.gave_up)
        failed(name, "the tasks get nowhere between two switches");
    else if (made >= wanted)
        passed(name);
    else
        failed(name, made, " switches instead of ", wanted);
}

bool phase_over() {
    const Cpu& cpu = this_cpu();
    return task_deaths() != 0 || phase.over || cpu.switches >= phase.last_switch[cpu.number] ||
           cpu.ticks >= phase.last_tick[cpu.number];
}

bool run_tasks_here(Cpu& cpu, bool preemptive, std::uint64_t wanted) {
    TestTasks tasks =
        create_tasks(preemptive ? programs::test_preemptive : 0, cpu.number * kinds.size());
    const std::uint64_t before = cpu.switches;
    const bool good = run_phase_here(cpu, wanted);
    destroy_tasks(tasks);
    return good && cpu.switches - before >= wanted;
}

Task* create_test_task(std::uint32_t number, const AddressSpace& space, std::uint32_t stack,
                       bool preemptive) {
    TaskStart start{};
    start.id = number + std::uint64_t{1};
    start.space = &space;
    start.stack = stack;
    start.entry = user_address(&test_task);
    start.argument[0] = start.id;
    start.argument[1] = kinds[number % kinds.size()] | (preemptive ? programs::test_preemptive : 0);
    return create_task(start);
}

void test_tasks() {
    begin_checks();
    run_tasks("cooperative-switches", 0, cooperative_switches);
    run_tasks("preemptive-switches", programs::test_preemptive, preemptive_switches);
    test_memory();
    report_checks();
}

} // namespace guest::tests
