#pragma once
// The answers to the system calls that programs make to the test that runs them.

#include "guest/kernel/cpu/cpu.h"
#include "guest/programs/program_call.h"

#include <cstdint>

namespace guest::tests {

/// Carries out one call of the running task. `number` and the arguments are what ring 3 gave.
/// Returns the call's result, or system_call_refused if it refuses them.
std::uint64_t program_call(Cpu& cpu, programs::ProgramCall number, std::uint64_t first,
                           std::uint64_t second, std::uint64_t third);

} // namespace guest::tests
