#include "hypervisor/boot/loader/multiboot_image.h"

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

// Multiboot specification, 3.1: the header's fields.
struct Header {
    std::uint32_t magic;
    std::uint32_t flags;
    std::uint32_t checksum;
    MultibootAddresses addresses; ///< only with has_addresses
};
static_assert(sizeof(Header) == 32);

constexpr std::uint32_t header_magic = 0x1BADB002;
constexpr std::size_t searched_bytes = 8192;
constexpr std::size_t fixed_part = 12; ///< bytes of a header without addresses
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

// Bits of the flags. Modules are always aligned to pages, and memory is always described.
constexpr std::uint32_t aligned_modules = 1 << 0;
constexpr std::uint32_t memory_information = 1 << 1;
constexpr std::uint32_t video_mode = 1 << 2;
constexpr std::uint32_t requirements = 0xFFFF;
constexpr std::uint32_t has_addresses = 1 << 16;

// The offset of the header in the file; the file's size where there is none. What the file is too
// short for is 0 in `header`.
std::size_t find_header(std::span<const std::uint8_t> file, Header& header) {
    const std::size_t end = std::min(file.size(), searched_bytes);
    for (std::size_t offset = 0; offset + fixed_part <= end; offset += 4) {
        header = {};
        std::memcpy(&header, file.data() + offset, std::min(sizeof(header), file.size() - offset));
        if (header.magic == header_magic && header.magic + header.flags + header.checksum == 0)
            return offset;
    }
    return file.size();
}

} // namespace

bool is_multiboot_image(std::span<const std::uint8_t> file) {
    Header header{};
    return find_header(file, header) != file.size();
}

std::string_view describe(MultibootError error) {
    switch (error) {
    case MultibootError::none:
        return "a Multiboot kernel";
    case MultibootError::unknown_requirement:
        return "a Multiboot kernel that requires something the specification does not define";
    case MultibootError::wants_video:
        return "a Multiboot kernel that requires a video mode; the console is COM1";
    case MultibootError::bad_tags:
        return "a Multiboot kernel whose header has tags that do not end in it";
    case MultibootError::bad_addresses:
        return "a Multiboot kernel whose header has addresses that contradict each other or the "
               "file";
    case MultibootError::bad_elf:
        return "a Multiboot kernel without addresses in its header, and no whole ELF executable "
               "for x86";
    case MultibootError::above_4_gib:
        return "a Multiboot kernel with a segment or its entry above 4 GiB";
    }
    return "?";
}

MultibootError place_by_addresses(std::span<const std::uint8_t> file, std::size_t offset,
                                  const MultibootAddresses& addresses, ElfImage& image) {
    const std::uint64_t before = std::uint64_t{addresses.header} - addresses.load;
    if (addresses.load > addresses.header || before > offset)
        return MultibootError::bad_addresses;
    const std::uint64_t file_offset = offset - before;
    const std::uint64_t begin = addresses.load;
    const std::uint64_t file_end = addresses.load_end != 0 ? std::uint64_t{addresses.load_end}
                                                           : begin + (file.size() - file_offset);
    const std::uint64_t end = std::max<std::uint64_t>(file_end, addresses.bss_end);
    if (file_end < begin || file_end - begin > file.size() - file_offset || end > four_gib ||
        end == begin || addresses.entry < begin || addresses.entry >= end)
        return MultibootError::bad_addresses;
    image.segments.push_back({file_offset, file_end - begin, {begin, end}});
    image.entry = addresses.entry;
    return MultibootError::none;
}

MultibootError place_by_elf(std::span<const std::uint8_t> file, ElfImage& image) {
    if (parse_elf(file, image, ElfClasses::both) != ElfError::none)
        return MultibootError::bad_elf;
    const bool fits =
        image.entry < four_gib &&
        std::all_of(image.segments.begin(), image.segments.end(),
                    [](const LoadSegment& segment) { return segment.memory.end <= four_gib; });
    return fits ? MultibootError::none : MultibootError::above_4_gib;
}

MultibootError parse_multiboot_image(std::span<const std::uint8_t> file, ElfImage& image) {
    Header header{};
    const std::size_t offset = find_header(file, header);
    if ((header.flags & requirements & ~(aligned_modules | memory_information | video_mode)) != 0)
        return MultibootError::unknown_requirement;
    if ((header.flags & video_mode) != 0)
        return MultibootError::wants_video;
    if ((header.flags & has_addresses) != 0)
        return place_by_addresses(file, offset, header.addresses, image);
    return place_by_elf(file, image);
}

} // namespace hv
