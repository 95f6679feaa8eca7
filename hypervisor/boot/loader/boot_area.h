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
/// Those of a Multiboot kernel.
inline constexpr std::uint64_t multiboot_information = abi::boot_area_base + 0xC000;
inline constexpr std::uint64_t multiboot_module = abi::boot_area_base + 0xC080;
inline constexpr std::uint64_t multiboot_memory_map = abi::boot_area_base + 0xC100;
/// Code that leaves IA-32e mode, for a machine without a monitor.
inline constexpr std::uint64_t leave_long_mode = abi::boot_area_base + 0xD000;
inline constexpr std::uint64_t end = abi::boot_area_base + 0xE000;
} // namespace boot_area
static_assert(boot_area::end <= abi::boot_area_base + abi::boot_area_size);

inline constexpr PhysicalRange boot_area_range{abi::boot_area_base, boot_area::end};
inline constexpr PhysicalRange rom_window{abi::rom_scan_begin, abi::rom_scan_end};

/// The mode in which a guest starts.
enum class StartMode : std::uint8_t { long_mode, protected_mode };

/// Where in the boot area's GDT the segments lie.
struct BootSelectors {
    std::uint16_t code; ///< flat, ring 0, of 64 bits or, in protected mode, 32
    std::uint16_t data; ///< flat, ring 0
    std::uint16_t tss;  ///< two slots
};
inline constexpr std::uint16_t boot_gdt_limit = 6 * 8 - 1;

/// Where a guest starts, and with what in its registers.
struct LoadedGuest {
    BootSelectors selectors;
    std::uint64_t entry; ///< linear, through the boot area's page tables
    StartMode mode = StartMode::long_mode;
    std::uint64_t rax = 0; ///< the magic number of Multiboot
    std::uint64_t rbx = 0; ///< the information of Multiboot
    std::uint64_t rdi = 0; ///< abi::StartInfo of a guest of ours
    std::uint64_t rsi = 0; ///< boot_params of Linux
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
void fill_boot_area(const BootSelectors& selectors, StartMode mode);

/// What a kernel is told of its memory: RAM as it has it; what the firmware keeps for itself; the
/// monitor, and what it shows the guest of itself. Sorted by address.
using MemoryDescription =
    boost::container::static_vector<abi::MemoryRange, std::size_t{3} * max_memory_ranges>;
/// Ends the run with a message when there are too many ranges.
MemoryDescription describe_memory(const GuestPlace& place);

} // namespace hv
