#pragma once
// The system calls: number in RAX, arguments in RDI, RSI, RDX, result in RAX; RCX, R11 and the
// argument registers are clobbered.

#include <cstdint>

namespace guest {

enum class SystemCall : std::uint64_t {
    yield = 0,
    exit,        ///< ends the task
    set_tls,     ///< TLS entry (0..2), base below 4 GiB; 0 for success
    watch,       ///< address, or 0 for none: #DB on 8-byte writes to it
    debug_hits,  ///< the number of debug exceptions so far
    debug_match, ///< 1 if DR0-3 and DR7 are the task's
    grant_ports, ///< number of the first port, number of ports; 0 for success
    on_fault,    ///< ring-3 address that faults go to, or 0
    stack_owner, ///< the id of the task on whose kernel stack this call runs
    fork,        ///< through the IDT only; returns the child's identifier, 0 in the child
};

/// Calls from this number on are left to hooks::program_call.
inline constexpr std::uint64_t first_program_call = 16;

/// What a system call that refuses its arguments, or does not exist, returns.
inline constexpr std::uint64_t system_call_refused = ~std::uint64_t{0};

} // namespace guest
