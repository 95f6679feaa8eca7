#include "guest/tests/stress.h"

#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/watchdog.h"
#include "guest/tests/task_checks.h"
#include "guest/tests/task_crowd.h"
#include "guest/tests/task_tests.h"

namespace guest::tests {
namespace {

struct Totals {
    std::uint64_t switches;
    std::uint64_t migrations;
    std::uint64_t errors; ///< errors of lazy modes and page-table operations
    std::uint64_t unflushed;
    std::uint64_t halted; ///< ticks of the TSC
};

Totals totals() {
    Totals sum{};
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        const Cpu& cpu = cpu_of(i);
        sum.switches += cpu.switches;
        sum.migrations += cpu.migrations;
        sum.errors += cpu.lazy_mode_errors;
        sum.unflushed += cpu.unflushed_switches;
        sum.halted += cpu.halted_ticks;
    }
    return sum;
}

void check_switches(bool on) {
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        cpu_of(i).check_switches = on;
}

/// Prints the last error of each processor that had one.
void name_errors() {
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        if (cpu_of(i).lazy_mode_errors != 0)
            console::print("stress: processor ", i, ": ", cpu_of(i).lazy_mode_errors,
                           " errors, the last ", cpu_of(i).last_lazy_error, "\n");
    }
}

} // namespace

bool run_stress(std::uint64_t million_ticks) {
    const std::uint64_t begin = paravirt::rdtsc();
    const Totals before = totals();
    begin_checks();
    check_switches(true);
    task_crowd::create(processors::count(), task_crowd::Waiting::both,
                       begin + million_ticks * 1'000'000);
    begin_endless_phase();
    processor_interrupts::forward_ticks(true);
    timer::start();
    watchdog::start();
    processors::run_on_all(task_crowd::run);
    watchdog::stop();
    timer::stop();
    processor_interrupts::forward_ticks(false);
    task_crowd::destroy();
    check_switches(false);
    const Totals after = totals();
    const std::uint64_t errors = after.errors - before.errors;
    const std::uint64_t unflushed = after.unflushed - before.unflushed;
    console::print(
        "stress: cpus=", processors::count(), " ticks=", paravirt::rdtsc() - begin,
        " halted=", after.halted - before.halted, " switches=", after.switches - before.switches,
        " migrations=", after.migrations - before.migrations, " forks=", task_crowd::forks(),
        " shootdowns=", shootdown::requests(), " checks=", checks_made(), " wrong=", wrong_checks(),
        " errors=", errors, " unflushed=", unflushed, "\n");
    name_errors();
    return wrong_checks() == 0 && errors == 0 && unflushed == 0 && checks_made() != 0;
}

} // namespace guest::tests
