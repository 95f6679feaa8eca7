#include "vmi_rom/header.h"

#include "shared/guest_physical_layout.h"
#include "shared/ring.h"

#include <array>
#include <bit>

namespace rom {

namespace {

constexpr std::uint16_t offset16(std::size_t offset) { return static_cast<std::uint16_t>(offset); }

constexpr PnpHeader pnp_header() {
    PnpHeader header{};
    header.signature = abi::pnp_signature;
    header.revision = 1;
    header.size = sizeof(PnpHeader) / 16;
    header.manufacturer = offset16(offsetof(ImageHeader, manufacturer));
    header.product = offset16(offsetof(ImageHeader, product));
    std::uint8_t sum = 0;
    for (const std::uint8_t byte :
         std::bit_cast<std::array<std::uint8_t, sizeof(header)>>(header)) {
        sum = static_cast<std::uint8_t>(sum + byte);
    }
    header.checksum = static_cast<std::uint8_t>(-sum);
    return header;
}

/// JMP rel32 to the offset `to` in the ROM, for a kernel that calls the field itself.
constexpr abi::BootstrapCode jump(std::uint32_t from, std::uint32_t to) {
    constexpr std::uint32_t length = 5;
    const std::uint32_t distance = to - from - length;
    return {0xE9,
            static_cast<std::uint8_t>(distance),
            static_cast<std::uint8_t>(distance >> 8),
            static_cast<std::uint8_t>(distance >> 16),
            static_cast<std::uint8_t>(distance >> 24),
            0x90,
            0x90,
            0x90};
}

constexpr abi::RomHeader vmi_header() {
    return {
        .signature = abi::rom_signature,
        .length = 0,                         // finish_image sets it
        .entry16 = {0xCB, 0x90, 0x90, 0x90}, // RETF: a BIOS has nothing to do
        .pad = 0,                            // finish_image sets it
        .vmi = abi::vmi_signature,
        .api_minor = abi::vmi_api_minor,
        .api_major = abi::vmi_api_major,
        .jump_slots = 0,
        .reserved0 = 0,
        .virtual_top = 0,
        .reserved1 = 0,
        .licence = offset16(offsetof(ImageHeader, licence)),
        .pci = offset16(offsetof(ImageHeader, pci)),
        .pnp = offset16(offsetof(ImageHeader, pnp)),
        .pad1 = 0,
        .extension = {.signature = abi::extension_signature,
                      .version = abi::abi_version,
                      .size = sizeof(abi::RomExtension),
                      .vmi_init = vmi_init_offset,
                      .get_reloc = get_reloc_offset,
                      .vcpu_area = static_cast<std::uint32_t>(abi::vcpu_area_base - abi::rom_base),
                      .ring_capacity = abi::ring_capacity},
        .reserved2 = {},
        .vmi_init32 = jump(offsetof(abi::RomHeader, vmi_init32), i386_offset),
        .get_reloc32 =
            jump(offsetof(abi::RomHeader, get_reloc32), i386_offset + bootstrap_entry_size),
    };
}

constexpr PciHeader pci_header() {
    return {.signature = abi::pci_signature,
            .vendor = abi::vmi_pci_vendor,
            .device = abi::vmi_pci_device,
            .vital_product_data = 0,
            .size = sizeof(PciHeader),
            .revision = 0,
            .class_code = {},
            .image_length = 0, // finish_image sets it
            .code_revision = 1,
            .code_type = 0,
            .indicator = pci_last_image,
            .reserved = 0};
}

} // namespace

extern const ImageHeader image_header;
[[gnu::section(".header"), gnu::used]] constexpr ImageHeader image_header{.vmi = vmi_header(),
                                                                          .pci = pci_header(),
                                                                          .pnp = pnp_header(),
                                                                          .licence = "GPL",
                                                                          .manufacturer = "lazyhv",
                                                                          .product =
                                                                              "lazyhv VMI 3.0 ROM"};

} // namespace rom
