#pragma once
// The monitor's linear address space (docs/monitor.md).

/// Where GRUB loads the image; boot/relocate.cpp moves it to the top of memory.
#define IMAGE_LOAD_ADDRESS 0x100000
/// Where the image is linked, before and after the move.
#define IMAGE_VIRTUAL_BASE 0xFFFFFFFF80000000
/// Page tables that map the image until the move: 2 MiB of image each.
#define BOOT_IMAGE_TABLES 4

#ifdef __ASSEMBLER__
#define LOAD_ADDRESS(symbol) (symbol - IMAGE_VIRTUAL_BASE + IMAGE_LOAD_ADDRESS)
#else

#include <cstdint>

namespace hv {

inline constexpr std::uint64_t page_size = 0x1000;
inline constexpr std::uint64_t large_page_size = 0x200000;

/// All RAM, readable and writable, never executable: linear = direct_map_base + physical.
inline constexpr std::uint64_t direct_map_base = 0xFFFF800000000000;

/// Where each processor finds its own local APIC, in xAPIC mode; mapped uncached in the direct map.
inline constexpr std::uint64_t local_apic_base = 0xFEE00000;

/// Memory at the top of RAM that the monitor takes for itself whatever the machine's size: image,
/// its own page tables, EPT, vCPU pages. What grows with memory comes on top
/// (boot/monitor_memory.h).
inline constexpr std::uint64_t monitor_base_memory = 4 * large_page_size;

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

} // namespace hv
#endif
