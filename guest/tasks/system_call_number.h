#pragma once
// The system calls: number in RAX, arguments in RDI, RSI, RDX, result in RAX; RCX, R11 and the
// argument registers are lost.

#include <cstdint>

namespace guest {

enum class SystemCall : std::uint64_t {
    yield = 0,
    exit,            ///< ends the task
    set_tls,         ///< TLS entry (0..2), base below 4 GiB; 0 for success
    watch,           ///< address, or 0 for none: #DB on 8-byte writes to it
    debug_hits,      ///< the number of #DB so far
    debug_match,     ///< 1 if DR0-3 and DR7 are the task's
    grant_ports,     ///< first, count; 0 for success
    on_fault,        ///< ring-3 address that faults go to, or 0
    stack_owner,     ///< the id of the task on whose kernel stack this call runs
    report_mismatch, ///< tests::Check, expected, found
    report_checked,  ///< tests::Check, how many
    stop_requested,  ///< 1 when the test phase is over
    // Pages of user_memory_base, by number: first, count. (tests/memory_tests.cpp)
    map_pages,        ///< zeroed, where nothing is mapped
    unmap_pages,      ///< gives them up
    protect_pages,    ///< third argument: 1 writable, 0 not
    move_pages,       ///< the same contents in other frames
    yield_in_section, ///< yields inside a lazy section of the kernel; 1 if that left no trace
    fork,             ///< through the IDT only: the child's id, 0 in the child
};
/// What a system call that refuses its arguments, or does not exist, returns.
inline constexpr std::uint64_t system_call_refused = ~std::uint64_t{0};

} // namespace guest
