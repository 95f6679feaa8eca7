#pragma once
// A guest's ELF file: judged completely before anything is loaded (docs/guests.md).

#include "hypervisor/memory/memory_map.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// One part of the file and where it goes.
struct LoadSegment {
    std::uint64_t file_offset;
    std::uint64_t file_size;
    PhysicalRange memory; ///< what follows the first file_size bytes is zeroed
};

inline constexpr std::uint32_t max_load_segments = 16;

struct ElfImage {
    std::uint64_t entry = 0; ///< physical
    boost::container::static_vector<LoadSegment, max_load_segments> segments;
};

/// Why a file is not a guest; `none` if it is one.
enum class ElfError : std::uint8_t {
    none,
    not_elf,
    not_64_bit,
    wrong_byte_order,
    wrong_machine,
    not_executable,
    truncated,
    too_many_segments,
    no_segments,
    entry_outside,
};

/// What to tell the user.
std::string_view describe(ElfError error);

/// Which files are wanted: those of x86-64, or those of i386 as well.
enum class ElfClasses : std::uint8_t { only_64_bit, both };

/// Reads the headers of `file`. Segments are placed by their physical addresses (p_paddr); `entry`
/// is translated from linear to physical through the segment that holds it.
ElfError parse_elf(std::span<const std::uint8_t> file, ElfImage& image,
                   ElfClasses classes = ElfClasses::only_64_bit);

} // namespace hv
