#pragma once
// The programs of the shootdown test, and the page that they share with the kernel.

#include <cstdint>

namespace guest::programs {

/// The number of pages, from user_memory_base on, whose mapping the kernel changes.
inline constexpr std::uint64_t shootdown_pages = 40;

/// The state of all those pages, in the low bits of ShootdownPage::state.
inline constexpr std::uint64_t pages_changing = 0; ///< they are being changed: any outcome is right
inline constexpr std::uint64_t pages_unmapped = 1;
inline constexpr std::uint64_t pages_read_only = 2;
inline constexpr std::uint64_t pages_writable = 3;
inline constexpr std::uint64_t pages_state_mask = 3;
inline constexpr std::uint64_t pages_state_step = 4; ///< added at each change

/// Lies at user_scratch_page, and is written by the kernel except where a field says otherwise.
struct ShootdownPage {
    std::uint64_t state;
    std::uint64_t content; ///< word 0 of page n is this + n
    std::uint64_t stop;    ///< not 0: the threads must end
    std::uint64_t started; ///< threads that have reached their loop; written by the threads
};

} // namespace guest::programs

extern "C" {
/// Entry point; argument: number of the thread, from 1. Reads and writes the pages, and reports
/// each access whose outcome is not what their state says.
void shootdown_task();
/// Entry point; argument: address of a ShootdownPage. Waits for `stop`, and touches nothing else.
void spinning_task();
}
