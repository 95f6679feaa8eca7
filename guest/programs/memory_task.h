#pragma once
// The program of the memory-integrity test.

#include <cstdint>

namespace guest::programs {

/// The number of pages, from user_memory_base on, that it maps and unmaps.
inline constexpr std::uint64_t memory_pages = 64;

/// Second argument of memory_task: it waits to be preempted instead of yielding.
inline constexpr std::uint64_t memory_preemptive = 1 << 0;

} // namespace guest::programs

/// Entry point; arguments: identifier, flags. Until the phase is over, changes its mappings and
/// checks every page.
extern "C" void memory_task();
