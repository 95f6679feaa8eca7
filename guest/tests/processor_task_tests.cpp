// Runs the test tasks on every processor at once: first each on its own processor, then moving from
// processor to processor all the time.

#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/tasks/watchdog.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/task_checks.h"
#include "guest/tests/task_crowd.h"
#include "guest/tests/task_tests.h"
#include "guest/tests/test_report.h"

#include <algorithm>

namespace guest::tests {
namespace {

// Switches of each processor, if there are four.
constexpr std::uint64_t cooperative_switches = 1000;
constexpr std::uint64_t preemptive_switches = 200;
constexpr std::uint64_t cooperative_crowd_switches = 400;
constexpr std::uint64_t preemptive_crowd_switches = 200;

/// Reduces the number of switches where each takes several times as long, and where more than four
/// processors are emulated.
std::uint64_t affordable(std::uint64_t switches) {
    const std::uint64_t fair = switches * 4 / std::max(processors::count(), 4U);
    return processors::stores_wait() ? fair / 4 : fair;
}

std::atomic<std::uint64_t> failures;

void start_ticks() {
    processor_interrupts::forward_ticks(true);
    timer::start();
    watchdog::start();
}

void stop_ticks() {
    watchdog::stop();
    timer::stop();
    processor_interrupts::forward_ticks(false);
}

void run_cooperative(Cpu& cpu) {
    if (!run_tasks_here(cpu, false, affordable(cooperative_switches)))
        failures.fetch_add(1);
}

void run_preemptive(Cpu& cpu) {
    if (!run_tasks_here(cpu, true, affordable(preemptive_switches)))
        failures.fetch_add(1);
}

void run_switches(std::string_view name, Job job, std::uint64_t wanted) {
    failures = 0;
    begin_phase(wanted);
    start_ticks();
    processors::run_on_all(job);
    stop_ticks();
    if (failures == 0)
        passed(name);
    else
        failed(name, failures.load(), " processors did not make their switches");
}

std::uint64_t migrations() {
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        total += cpu_of(i).migrations;
    return total;
}

void run_crowd(std::string_view name, task_crowd::Waiting waiting, std::uint64_t switches) {
    const std::uint64_t before = migrations();
    task_crowd::create(processors::count(), waiting, 0);
    begin_phase(switches);
    start_ticks();
    processors::run_on_all(task_crowd::run);
    stop_ticks();
    task_crowd::destroy();
    const std::uint64_t made = migrations() - before;
    if (made >= switches / 4)
        passed(name);
    else
        failed(name, "only ", made, " migrations");
}

void check_switches(bool on) {
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        cpu_of(i).check_switches = on;
}

/// Nothing may be queued when a stack is left. Otherwise the entries would stay on this processor
/// when the task moves to another one.
void report_sections() {
    std::uint64_t unflushed = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        unflushed += cpu_of(i).unflushed_switches;
    if (unflushed == 0)
        passed("smp-lazy-sections");
    else
        failed("smp-lazy-sections", unflushed, " switches with something queued");
}

} // namespace

void test_processor_tasks() {
    begin_checks();
    check_switches(true);
    run_switches("smp-switches-cooperative", run_cooperative, affordable(cooperative_switches));
    run_switches("smp-switches-preemptive", run_preemptive, affordable(preemptive_switches));
    run_crowd("smp-migration-cooperative", task_crowd::Waiting::cooperative,
              affordable(cooperative_crowd_switches));
    run_crowd("smp-migration-preemptive", task_crowd::Waiting::preemptive,
              affordable(preemptive_crowd_switches));
    check_switches(false);
    report_sections();
    report_checks();
}

} // namespace guest::tests
