#pragma once
// The system calls by which a program talks to the test that runs it. Registers are used as by the
// kernel's own calls (kernel/tasks/system_call_number.h).

#include "guest/kernel/tasks/system_call_number.h"

#include <cstdint>

namespace guest::programs {

enum class ProgramCall : std::uint64_t {
    report_mismatch = first_program_call, ///< Check, expected, found
    report_checked,                       ///< Check, number of checks made
    stop_requested,                       ///< returns 1 when the test phase is over
    // Pages from user_memory_base on: number of the first, number of pages; 0 for success.
    map_pages,        ///< maps zeroed pages where nothing is mapped
    unmap_pages,      ///< unmaps and frees them
    protect_pages,    ///< third argument: 1 for writable, 0 for read-only
    move_pages,       ///< moves their contents to other frames
    yield_in_section, ///< yields inside a lazy section of the kernel; 1 if that left no trace
};

} // namespace guest::programs
