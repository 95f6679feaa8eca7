#pragma once
// The first bytes of the image: the VMI header, the PCI and PnP headers, and the strings.

#include "shared/rom_header.h"
#include "vmi_rom/option_rom.h"

#include <cstddef>
#include <cstdint>

namespace rom {

/// The code of bootstrap.S follows the header. Each of its two entries takes this many bytes.
inline constexpr std::uint32_t bootstrap_entry_size = 16;

struct alignas(bootstrap_entry_size) ImageHeader {
    abi::RomHeader vmi;
    PciHeader pci;
    PnpHeader pnp;
    char licence[4];
    char manufacturer[8];
    char product[32];
};
inline constexpr std::uint32_t vmi_init_offset = sizeof(ImageHeader);
inline constexpr std::uint32_t get_reloc_offset = vmi_init_offset + bootstrap_entry_size;

/// Then comes the code for 32-bit kernels (i386/), which begins with the same two entries. The
/// build reads this number.
inline constexpr std::uint32_t i386_offset = 0x120;
static_assert(i386_offset == get_reloc_offset + bootstrap_entry_size);

/// The offsets that finish_image writes to.
inline constexpr std::size_t image_length_offset =
    offsetof(ImageHeader, pci) + offsetof(PciHeader, image_length);
inline constexpr std::size_t length_offset = offsetof(abi::RomHeader, length);
inline constexpr std::size_t checksum_offset = offsetof(abi::RomHeader, pad);

} // namespace rom
