#pragma once
// The header of the option ROM: VMI 3.0's, with lazyhv's extension for 64-bit kernels.

#include <array>
#include <cstddef>
#include <cstdint>

namespace abi {

inline constexpr std::uint16_t rom_signature = 0xAA55;
inline constexpr std::uint32_t vmi_signature = 0x696D5663; ///< "cVmi"
inline constexpr std::uint8_t vmi_api_major = 3;
inline constexpr std::uint8_t vmi_api_minor = 0;
inline constexpr std::uint32_t rom_size_unit = 512;
inline constexpr std::uint32_t pci_signature = 0x52494350; ///< "PCIR"
inline constexpr std::uint32_t pnp_signature = 0x506E5024; ///< "$PnP"
inline constexpr std::uint16_t vmi_pci_vendor = 0x15AD;
inline constexpr std::uint16_t vmi_pci_device = 0x0801;

/// lazyhv's extension block, in the bytes that VMI 3.0 reserves at offset 32. All offsets count
/// from the start of the ROM.
struct RomExtension {
    std::uint32_t signature;     ///< extension_signature
    std::uint16_t version;       ///< abi_version
    std::uint16_t size;          ///< sizeof(RomExtension)
    std::uint32_t vmi_init;      ///< offset of an entry: no argument; an Error in EAX
    std::uint32_t get_reloc;     ///< offset of an entry: call in EDI; a Relocation in RAX
    std::uint32_t vcpu_area;     ///< offset of the per-vCPU area (shared/vcpu_area.h)
    std::uint32_t ring_capacity; ///< in entries
};
inline constexpr std::uint32_t extension_signature = 0x76687A4C; ///< "Lzhv"
/// Changes whenever a kernel that was built for the old ABI would misread anything.
inline constexpr std::uint16_t abi_version = 3;
static_assert(sizeof(RomExtension) == 24);

/// An entry for 32-bit kernels, which call the field itself.
using BootstrapCode = std::array<std::uint8_t, 8>;

/// VMI 3.0's header (docs/abi.md, "The ROM").
struct [[gnu::packed]] RomHeader {
    std::uint16_t signature; ///< rom_signature
    std::uint8_t length;     ///< in units of rom_size_unit bytes
    std::uint8_t entry16[4]; ///< 16-bit option-ROM entry
    std::uint8_t pad;
    std::uint32_t vmi; ///< vmi_signature
    std::uint8_t api_minor;
    std::uint8_t api_major;
    std::uint8_t jump_slots;
    std::uint8_t reserved0;
    std::uint32_t virtual_top; ///< 0: no part of the 32-bit address space is reserved
    std::uint16_t reserved1;
    std::uint16_t licence; ///< offset of the licence string
    std::uint16_t pci;     ///< offset of the PCI header
    std::uint16_t pnp;     ///< offset of the PnP header
    std::uint32_t pad1;
    RomExtension extension;
    std::uint8_t reserved2[96 - sizeof(RomExtension)];
    BootstrapCode vmi_init32;
    BootstrapCode get_reloc32;
};
static_assert(offsetof(RomHeader, vmi) == 8);
static_assert(offsetof(RomHeader, virtual_top) == 16);
static_assert(offsetof(RomHeader, licence) == 22);
static_assert(offsetof(RomHeader, pci) == 24);
static_assert(offsetof(RomHeader, pnp) == 26);
static_assert(offsetof(RomHeader, extension) == 32);
static_assert(offsetof(RomHeader, vmi_init32) == 128);
static_assert(offsetof(RomHeader, get_reloc32) == 136);
static_assert(sizeof(RomHeader) == 144);

/// How a kernel patches a call site.
enum class RelocationType : std::uint8_t {
    none = 0,     ///< leave the native instruction in place
    call_rel = 1, ///< call the target
    jump_rel = 2, ///< jump to the target
    nop = 3,      ///< fill the site with NOP instructions
};

/// The 64-bit answer of get_reloc: in bits 31:0 the offset of the target from the start of the ROM,
/// in bits 39:32 the RelocationType; the rest is zero. (In the 32-bit ABI, bits 31:0 are the linear
/// address of the target.)
struct Relocation {
    std::uint32_t target;
    RelocationType type;

    static constexpr Relocation decode(std::uint64_t raw) {
        return {static_cast<std::uint32_t>(raw), static_cast<RelocationType>(raw >> 32 & 0xFF)};
    }
    constexpr std::uint64_t encode() const {
        return std::uint64_t{target} | std::uint64_t{static_cast<std::uint8_t>(type)} << 32;
    }
};

} // namespace abi
