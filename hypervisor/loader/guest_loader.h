#pragma once
// Putting a guest into its memory, with what it finds at its first instruction (docs/guests.md).

#include "hypervisor/memory/memory_map.h"
#include "shared/guest_physical_layout.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// Where the loader's structures lie in the boot area.
namespace boot_area {
inline constexpr std::uint64_t start_info = abi::boot_area_base;
inline constexpr std::uint64_t memory_map = abi::boot_area_base + 0x100;
inline constexpr std::uint64_t command_line = abi::boot_area_base + 0x1000;
inline constexpr std::uint64_t gdt = abi::boot_area_base + 0x2000;
inline constexpr std::uint64_t tss = abi::boot_area_base + 0x3000;
inline constexpr std::uint64_t page_tables = abi::boot_area_base + 0x4000; ///< six pages
inline constexpr std::uint64_t end = abi::boot_area_base + 0xA000;
} // namespace boot_area
static_assert(boot_area::end <= abi::boot_area_base + abi::boot_area_size);

inline constexpr std::uint16_t boot_code_selector = 0x08;
inline constexpr std::uint16_t boot_data_selector = 0x10;
inline constexpr std::uint16_t boot_tss_selector = 0x18;
inline constexpr std::uint16_t boot_gdt_limit = 5 * 8 - 1;

struct LoadedGuest {
    std::uint64_t entry;
};

/// The guest's view of memory while it is loaded.
struct GuestPlace {
    const MemoryMap& ram;      ///< what the guest may use
    const MemoryMap& loadable; ///< the same without what the file itself takes while it is loaded
    PhysicalRange monitor;     ///< what it may not, even where that is RAM
    std::uint64_t rsdp;        ///< for StartInfo, or 0
};

/// Loads `file`, a copy outside all of the guest's segments, and fills the boot area. Ends the run
/// with a message when the file is no guest, does not fit, or overlaps the ROM window, the boot
/// area or the monitor.
LoadedGuest load_guest(std::span<const std::uint8_t> file, std::string_view arguments,
                       const GuestPlace& place);

} // namespace hv
