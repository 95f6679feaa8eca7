#pragma once
// Finds the VMI option ROM in the window where option ROMs live, and checks it. Pure: it only reads
// the bytes it is given, and trusts none of them.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace guest::paravirt {

/// Why a ROM that carries the VMI signature is not used.
enum class RomFault : std::uint8_t {
    none = 0,
    absent,        ///< no option ROM with the VMI signature
    truncated,     ///< it reaches beyond the window, or is shorter than its header
    checksum,      ///< its bytes do not sum to zero
    api_version,   ///< not VMI 3.0 or a later 3.x
    licence,       ///< neither "GPL" nor "GPL v2"
    pci_header,    ///< no PCI header where the ROM header says
    no_extension,  ///< no extension block for 64-bit kernels
    abi_version,   ///< the extension block is of another version
    bad_entry,     ///< vmi_init or get_reloc outside the image
    vcpu_area,     ///< the per-vCPU area overlaps the image, or lies beyond the window
    ring_capacity, ///< not the number of entries this kernel was built for
};
inline constexpr std::uint32_t rom_fault_count = 12;
inline constexpr std::array<std::string_view, rom_fault_count> rom_fault_names{
    "none",
    "no VMI ROM",
    "truncated",
    "wrong checksum",
    "wrong API version",
    "wrong licence",
    "no PCI header",
    "no extension for 64-bit kernels",
    "wrong ABI version",
    "entry point outside the ROM",
    "bad per-vCPU area",
    "wrong ring capacity"};

/// A usable ROM, or the fault of the first one that carries the VMI signature.
struct RomProbe {
    RomFault fault = RomFault::absent;
    std::uint32_t offset = 0;    ///< offset of the ROM within the window
    std::uint32_t vmi_init = 0;  ///< offset within the ROM
    std::uint32_t get_reloc = 0; ///< offset within the ROM
};

/// Scans `window`, the bytes of guest-physical [abi::rom_scan_begin, abi::rom_scan_end) or fewer.
[[nodiscard]] RomProbe probe_rom(std::span<const std::uint8_t> window);

} // namespace guest::paravirt
