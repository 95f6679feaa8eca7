#pragma once
// A kernel that starts by the Multiboot specification, version 0.6.96 ("Multiboot 1") or 2.0
// ("Multiboot 2"): judged completely before anything is loaded.

#include "hypervisor/boot/loader/elf_image.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// Why a file with a Multiboot header cannot be loaded; `none` if it can.
enum class MultibootError : std::uint8_t {
    none,
    unknown_requirement, ///< a flag or a tag that a loader must know, and lazyhv does not
    wants_video,
    bad_tags,      ///< Multiboot 2: they do not end, or not in the header
    bad_addresses, ///< in the header
    bad_elf,
    above_4_gib,
};

/// Whether the file has a header, whatever else is wrong with it: of Multiboot 1 in its first 8192
/// bytes, of Multiboot 2 in its first 32768.
bool is_multiboot_image(std::span<const std::uint8_t> file);
bool is_multiboot2_image(std::span<const std::uint8_t> file);

/// What to tell the user.
std::string_view describe(MultibootError error);

/// Reads the header of `file`: the segments are those of an ELF file of either class, or the one
/// that the addresses in the header describe. The entry is in protected mode, below 4 GiB.
MultibootError parse_multiboot_image(std::span<const std::uint8_t> file, ElfImage& image);
MultibootError parse_multiboot2_image(std::span<const std::uint8_t> file, ElfImage& image);

/// What a header of either version may say of addresses, instead of an ELF header.
struct MultibootAddresses {
    std::uint32_t header;
    std::uint32_t load;
    std::uint32_t load_end; ///< 0: the whole file
    std::uint32_t bss_end;  ///< 0: nothing follows
    std::uint32_t entry;
};
/// One segment, which begins as far before the header, at `offset` in the file, as the addresses
/// are apart.
MultibootError place_by_addresses(std::span<const std::uint8_t> file, std::size_t offset,
                                  const MultibootAddresses& addresses, ElfImage& image);
/// The segments of an ELF file of either class, below 4 GiB.
MultibootError place_by_elf(std::span<const std::uint8_t> file, ElfImage& image);

} // namespace hv
