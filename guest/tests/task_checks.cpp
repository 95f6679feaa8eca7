#include "guest/tests/task_checks.h"

#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/programs/check.h"
#include "guest/tests/test_report.h"
#include "shared/error.h"

#include <array>

namespace guest::tests {
namespace {

using programs::Check;
using programs::check_count;

struct Mismatch {
    std::atomic<std::uint64_t> count;
    std::uint64_t task; ///< identifier of the task of the first mismatch
    std::uint64_t expected;
    std::uint64_t found;
};

struct Checks {
    std::array<std::atomic<std::uint64_t>, check_count> checked;
    std::array<Mismatch, check_count> mismatches;
    std::atomic<std::uint64_t> deaths;
};
Checks checks;

/// The sum of a counter over all processors.
std::uint64_t sum(std::uint64_t Cpu::*counter) {
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        total += cpu_of(i).*counter;
    return total;
}

void report_check(std::uint32_t check) {
    const Mismatch& first = checks.mismatches[check];
    const std::string_view name = programs::check_names[check];
    const std::uint64_t fpu_faults = sum(&Cpu::fpu_faults);
    const std::uint64_t segment_faults = sum(&Cpu::segment_faults);
    const std::uint64_t count = first.count;
    if (check == static_cast<std::uint32_t>(Check::fpu) && fpu_faults != 0)
        return failed(name, fpu_faults, " #NM inside context_switch");
    if (check == static_cast<std::uint32_t>(Check::tls) && segment_faults != 0)
        return failed(name, segment_faults, " faulting segment loads in context_switch, ", count,
                      " wrong values");
    if (count != 0)
        return failed(name, count, " wrong; first: task ", first.task, " expected ",
                      console::Hex{first.expected}, ", found ", console::Hex{first.found});
    if (checks.checked[check] == 0)
        return failed(name, "never checked");
    passed(name);
}

void report_lazy_mode_errors() {
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        const Cpu& cpu = cpu_of(i);
        if (cpu.lazy_mode_errors != 0)
            return failed("no-lazy-mode-error", cpu.lazy_mode_errors, " on processor ", i,
                          ", the last: ", abi::name(static_cast<abi::Error>(cpu.last_lazy_error)));
    }
    passed("no-lazy-mode-error");
}

} // namespace

bool mismatch(const Task& task, std::uint64_t check, std::uint64_t expected, std::uint64_t found) {
    if (check >= check_count)
        return false;
    Mismatch& entry = checks.mismatches[check];
    if (entry.count.fetch_add(1) == 0) {
        entry.task = task.id;
        entry.expected = expected;
        entry.found = found;
    }
    return true;
}

bool checked(std::uint64_t check, std::uint64_t count) {
    if (check >= check_count)
        return false;
    checks.checked[check].fetch_add(count);
    return true;
}

void task_died(const Task& task, const InterruptFrame& frame) {
    checks.deaths.fetch_add(1);
    console::print("guest: task ", task.id, " ended by exception ", frame.vector, ", error code ",
                   console::Hex{frame.error_code}, ", rip ", console::Hex{frame.rip}, ", cr2 ",
                   console::Hex{paravirt::get_cr2()}, "\n");
}

void begin_checks() {
    for (std::uint32_t i = 0; i < check_count; ++i) {
        checks.checked[i] = 0;
        checks.mismatches[i].count = 0;
    }
    checks.deaths = 0;
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        cpu_of(i).fpu_faults = 0;
        cpu_of(i).segment_faults = 0;
    }
}

std::uint64_t wrong_checks() {
    std::uint64_t wrong = checks.deaths + sum(&Cpu::fpu_faults) + sum(&Cpu::segment_faults);
    for (const Mismatch& mismatch : checks.mismatches)
        wrong += mismatch.count;
    return wrong;
}

std::uint64_t checks_made() {
    std::uint64_t made = 0;
    for (const std::atomic<std::uint64_t>& count : checks.checked)
        made += count;
    return made;
}

void report_checks() {
    for (std::uint32_t check = 0; check < check_count; ++check)
        report_check(check);
    report_lazy_mode_errors();
    if (checks.deaths == 0)
        passed("no-task-died");
    else
        failed("no-task-died", checks.deaths.load(), " of them");
}

std::uint64_t task_deaths() { return checks.deaths; }

} // namespace guest::tests
