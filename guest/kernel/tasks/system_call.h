#pragma once
// System calls, through SYSCALL and through interrupts::system_call_vector.

#include "guest/kernel/tasks/system_call_number.h"

#include <cstdint>

namespace guest {

/// Carries out one system call of the running task; interrupts are off. `number` and the arguments
/// are what ring 3 gave. Returns the call's result, or system_call_refused.
extern "C" std::uint64_t system_call(std::uint64_t number, std::uint64_t first,
                                     std::uint64_t second, std::uint64_t third);

} // namespace guest
