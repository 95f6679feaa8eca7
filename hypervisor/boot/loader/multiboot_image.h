#pragma once
// A kernel that starts by the Multiboot specification, version 0.6.96 ("Multiboot 1"): judged
// completely before anything is loaded.

#include "hypervisor/boot/loader/elf_image.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// Why a file with a Multiboot header cannot be loaded; `none` if it can.
enum class MultibootError : std::uint8_t {
    none,
    unknown_requirement, ///< of flags 0 to 15, one that no loader has to know
    wants_video,
    bad_addresses, ///< in the header
    bad_elf,
    above_4_gib,
};

/// Whether the first 8192 bytes have a Multiboot header, whatever else is wrong with the file.
bool is_multiboot_image(std::span<const std::uint8_t> file);

/// What to tell the user.
std::string_view describe(MultibootError error);

/// Reads the header of `file`: the segments are those of an ELF file of either class, or the one
/// that the addresses in the header describe. The entry is in protected mode, below 4 GiB.
MultibootError parse_multiboot_image(std::span<const std::uint8_t> file, ElfImage& image);

} // namespace hv
