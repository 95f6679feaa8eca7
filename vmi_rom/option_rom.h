#pragma once
// The two headers to which every option ROM points: the PCI data structure (PCI Firmware
// Specification, section 5.1.2) and the Plug and Play expansion header (Plug and Play BIOS
// Specification 1.0A, section 3.2).

#include <cstddef>
#include <cstdint>

namespace rom {

struct [[gnu::packed]] PciHeader {
    std::uint32_t signature; ///< abi::pci_signature
    std::uint16_t vendor;
    std::uint16_t device;
    std::uint16_t vital_product_data; ///< offset; 0 if there is none
    std::uint16_t size;               ///< sizeof(PciHeader)
    std::uint8_t revision;
    std::uint8_t class_code[3];
    std::uint16_t image_length; ///< in units of abi::rom_size_unit; set by finish_image
    std::uint16_t code_revision;
    std::uint8_t code_type; ///< 0: x86
    std::uint8_t indicator; ///< bit 7: this is the last image
    std::uint16_t reserved;
};
static_assert(sizeof(PciHeader) == 24);
static_assert(offsetof(PciHeader, image_length) == 16);
inline constexpr std::uint8_t pci_last_image = 0x80;

struct [[gnu::packed]] PnpHeader {
    std::uint32_t signature; ///< abi::pnp_signature
    std::uint8_t revision;
    std::uint8_t size; ///< in units of 16 bytes
    std::uint16_t next_header;
    std::uint8_t reserved0;
    std::uint8_t checksum; ///< makes the header's bytes sum to 0 modulo 256
    std::uint32_t device;
    std::uint16_t manufacturer; ///< offset of a zero-terminated string
    std::uint16_t product;      ///< offset of a zero-terminated string
    std::uint8_t device_type[3];
    std::uint8_t device_indicators;
    std::uint16_t boot_connection_vector;
    std::uint16_t disconnect_vector;
    std::uint16_t bootstrap_entry_vector;
    std::uint16_t reserved1;
    std::uint16_t static_resources;
};
static_assert(sizeof(PnpHeader) == 32);
static_assert(offsetof(PnpHeader, manufacturer) == 14);

} // namespace rom
