#pragma once
// The ring-3 threads of the shootdown test, and what they share with the kernel.

#include <cstdint>

namespace guest::programs {

/// Pages from user_memory_base on whose mapping the kernel changes.
inline constexpr std::uint64_t shootdown_pages = 40;

/// The states of all those pages, in the low bits of ShootdownPage::state.
inline constexpr std::uint64_t pages_changing = 0; ///< nothing can be said
inline constexpr std::uint64_t pages_unmapped = 1;
inline constexpr std::uint64_t pages_read_only = 2;
inline constexpr std::uint64_t pages_writable = 3;
inline constexpr std::uint64_t pages_state_mask = 3;
inline constexpr std::uint64_t pages_state_step = 4; ///< added at each change

/// At user_scratch_page, written by the kernel.
struct ShootdownPage {
    std::uint64_t state;
    std::uint64_t content; ///< word 0 of page n is this + n
    std::uint64_t stop;    ///< not 0: the threads shall end
    std::uint64_t started; ///< threads that are in their loop; theirs
};

} // namespace guest::programs

extern "C" {
/// Entry: number of the thread, from 1. Reads and writes the pages, and reports each access that
/// was as a state before the last one allowed.
void shootdown_task();
/// Entry: address of a ShootdownPage. Waits for `stop`, and touches nothing else.
void spinning_task();
}
