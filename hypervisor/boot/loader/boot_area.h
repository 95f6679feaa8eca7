#pragma once
// What a guest finds in the boot area at its first instruction, whatever kind of kernel it is: page
// tables, a GDT, a TSS (docs/guests.md).

#include "hypervisor/memory/memory_map.h"
#include "shared/guest_physical_layout.h"
#include "shared/start_info.h"

#include <cstdint>
#include <span>

namespace hv {

/// Where the loader's structures lie in the boot area.
namespace boot_area {
inline constexpr std::uint64_t start_info = abi::boot_area_base;
inline constexpr std::uint64_t memory_map = abi::boot_area_base + 0x100;
inline constexpr std::uint64_t command_line = abi::boot_area_base + 0x1000;
inline constexpr std::uint64_t gdt = abi::boot_area_base + 0x2000;
inline constexpr std::uint64_t tss = abi::boot_area_base + 0x3000;
inline constexpr std::uint64_t page_tables = abi::boot_area_base + 0x4000; ///< six pages
inline constexpr std::uint64_t boot_params = abi::boot_area_base + 0xA000; ///< Linux's
inline constexpr std::uint64_t rsdp = abi::boot_area_base + 0xB000;        ///< Linux's copy
inline constexpr std::uint64_t end = abi::boot_area_base + 0xC000;
} // namespace boot_area
static_assert(boot_area::end <= abi::boot_area_base + abi::boot_area_size);

inline constexpr PhysicalRange boot_area_range{abi::boot_area_base, boot_area::end};
inline constexpr PhysicalRange rom_window{abi::rom_scan_begin, abi::rom_scan_end};

/// Where in the boot area's GDT the segments lie.
struct BootSelectors {
    std::uint16_t code; ///< flat, 64-bit, ring 0
    std::uint16_t data; ///< flat, ring 0
    std::uint16_t tss;  ///< two slots
};
inline constexpr std::uint16_t boot_gdt_limit = 6 * 8 - 1;

/// Where a guest starts, and with what in its registers.
struct LoadedGuest {
    BootSelectors selectors;
    std::uint64_t entry; ///< linear, through the boot area's page tables
    std::uint64_t rdi;   ///< abi::StartInfo of a guest of ours, or 0
    std::uint64_t rsi;   ///< boot_params of Linux, or 0
};

/// The guest's view of memory while it is loaded.
struct GuestPlace {
    const MemoryMap& ram;      ///< what the guest may use
    const MemoryMap& loadable; ///< the same without what the file itself takes while it is loaded
    PhysicalRange monitor;     ///< what it may not, even where that is RAM
    std::uint64_t rsdp = 0;    ///< a copy of the ACPI RSDP, or 0
    /// The firmware's memory map, for what it says about addresses that are not RAM.
    std::span<const abi::MemoryRange> firmware{};
    PhysicalRange initrd{}; ///< where the boot loader has put it; empty: there is none
};

/// The low 4 GiB identically in 2 MiB pages, a flat GDT, a TSS.
void fill_boot_area(const BootSelectors& selectors);

} // namespace hv
