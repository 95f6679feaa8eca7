#include "guest/tests/program_calls.h"

#include "guest/kernel/tasks/task.h"
#include "guest/tests/memory_tests.h"
#include "guest/tests/task_checks.h"
#include "guest/tests/task_tests.h"

namespace guest::tests {

std::uint64_t program_call(Cpu& cpu, programs::ProgramCall number, std::uint64_t first,
                           std::uint64_t second, std::uint64_t third) {
    using programs::ProgramCall;
    switch (number) {
    case ProgramCall::report_mismatch:
        return mismatch(*cpu.current, first, second, third) ? 0 : system_call_refused;
    case ProgramCall::report_checked:
        return checked(first, second) ? 0 : system_call_refused;
    case ProgramCall::stop_requested:
        return phase_over() ? 1 : 0;
    case ProgramCall::map_pages:
    case ProgramCall::unmap_pages:
    case ProgramCall::protect_pages:
    case ProgramCall::move_pages:
        return change_pages(*cpu.current, number, first, second, third != 0) ? 0
                                                                             : system_call_refused;
    case ProgramCall::yield_in_section:
        return yield_in_section(cpu) ? 1 : 0;
    }
    return system_call_refused;
}

} // namespace guest::tests
