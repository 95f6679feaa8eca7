#pragma once
// Paging as kernels of VMI's time have it: the first memory at its own address, and at 3 GiB.

#include <cstdint>

namespace guest::i386 {

enum class Paging : std::uint8_t { two_level, pae };

/// Where the first 4 MiB of memory can be found again.
inline constexpr std::uint32_t kernel_base = 0xC0000000;

/// Where a page table of its own maps memory, in two address spaces.
inline constexpr std::uint32_t window_base = 0xD0000000;
inline constexpr std::uint32_t window_pages = 512;
/// PAE paging alone: the third GiB, which maps nothing until show_low_memory_at_2_gib().
inline constexpr std::uint32_t two_gib = 0x80000000;

/// Turns paging off and on again in another mode, in the first address space.
void begin_paging(Paging paging);
/// What CR3 holds in address space `space`, 0 or 1.
std::uint32_t root_of(Paging paging, std::uint32_t space);
/// Where the kernel finds the entry of page `page` of the window in address space `space`.
std::uint32_t window_entry(Paging paging, std::uint32_t space, std::uint32_t page);
/// Changes one of the four entries that are loaded with CR3.
void show_low_memory_at_2_gib();

} // namespace guest::i386
