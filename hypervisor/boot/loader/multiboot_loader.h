#pragma once
// Putting a Multiboot kernel into the guest's memory, with the information that the Multiboot
// specification promises it (0.6.96, section 3.3; 2.0, section 3.6).

#include "hypervisor/boot/loader/boot_area.h"
#include "hypervisor/boot/loader/elf_image.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// What a kernel finds in EAX (3.2).
inline constexpr std::uint32_t multiboot_loader_magic = 0x2BADB002;
inline constexpr std::uint32_t multiboot2_loader_magic = 0x36D76289;

/// Loads `file`, a copy that place.loadable leaves out, and fills the boot area: memory map,
/// command line ("guest" and the arguments), and place.initrd as the only module. Ends the run with
/// a message when the file cannot be booted, or when something does not fit.
LoadedGuest load_multiboot(std::span<const std::uint8_t> file, std::string_view arguments,
                           const GuestPlace& place);
/// The same for a kernel of Multiboot 2, which gets a copy of the ACPI RSDP as well.
LoadedGuest load_multiboot2(std::span<const std::uint8_t> file, std::string_view arguments,
                            const GuestPlace& place);

/// For kernels of both versions: loads the segments and the module, which may lie anywhere but on
/// them. Returns where the module is.
PhysicalRange load_multiboot_files(std::span<const std::uint8_t> file, const ElfImage& image,
                                   const GuestPlace& place);
/// KiB of memory from `begin` on, without a hole.
std::uint32_t kibibytes_from(const GuestPlace& place, std::uint64_t begin);
inline constexpr BootSelectors multiboot_selectors{.code = 0x08, .data = 0x10, .tss = 0x18};
/// What such a kernel is called on its command line.
inline constexpr std::string_view multiboot_program = "guest";
inline constexpr std::string_view multiboot_loader_name = "lazyhv";

} // namespace hv
