// Connects the kernel's hooks with the parts that answer them.

#include "guest/kernel/hooks.h"

#include "guest/hostile/caught.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/tests/memory_tests.h"
#include "guest/tests/program_calls.h"
#include "guest/tests/stepping.h"
#include "guest/tests/task_checks.h"

namespace guest::hooks {

bool take_exception(InterruptFrame& frame) {
    if (hostile::take_exception(frame))
        return true;
    // No segment load gets here: the descriptor tables are always mapped.
    return frame.vector == interrupts::debug && !frame.from_user() &&
           stepping::debug_exception(frame);
}

void task_died(const Task& task, const InterruptFrame& frame) { tests::task_died(task, frame); }

std::uint64_t program_call(Cpu& cpu, std::uint64_t number, std::uint64_t first,
                           std::uint64_t second, std::uint64_t third) {
    return tests::program_call(cpu, static_cast<programs::ProgramCall>(number), first, second,
                               third);
}

std::uint64_t fork(const InterruptFrame& frame) { return tests::fork_current(frame); }

} // namespace guest::hooks
