// The header of Multiboot 2 (specification 2.0, section 3.1).

#include "hypervisor/boot/loader/multiboot_image.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace hv {

namespace {

struct Header {
    std::uint32_t magic;
    std::uint32_t architecture; ///< 0: protected mode of i386
    std::uint32_t size;         ///< bytes, with all tags
    std::uint32_t checksum;
};
static_assert(sizeof(Header) == 16);

constexpr std::uint32_t header_magic = 0xE85250D6;
constexpr std::size_t searched_bytes = 32768;
constexpr std::size_t alignment = 8; ///< of the header and of each tag

struct Tag {
    std::uint16_t type;
    std::uint16_t flags;
    std::uint32_t size; ///< bytes, without what aligns the next tag
};
static_assert(sizeof(Tag) == 8);

constexpr std::uint16_t optional_flag = 1;
enum TagType : std::uint16_t {
    end_tag = 0,
    information_request = 1,
    addresses = 2,
    entry_address = 3,
    console_flags = 4, ///< a console is wanted: COM1 is one
    framebuffer = 5,
    module_alignment = 6,
    efi_entry_i386 = 8,  ///< for loaders that leave EFI running
    efi_entry_amd64 = 9, ///< the same
    relocatable = 10,    ///< a loader may move it
};

/// What the kernel can be told (multiboot2_loader.cpp): the command line, the loader's name, the
/// module, memory in two forms, and a copy of the ACPI RSDP of either version.
constexpr bool is_offered(std::uint32_t information) {
    return (information >= 1 && information <= 4) || information == 6 || information == 14 ||
           information == 15;
}

template <class T>
T read(std::span<const std::uint8_t> bytes, std::size_t offset) {
    T value{};
    if (offset < bytes.size())
        std::memcpy(&value, bytes.data() + offset, std::min(sizeof(T), bytes.size() - offset));
    return value;
}

// The offset of the header in the file; the file's size where there is none.
std::size_t find_header(std::span<const std::uint8_t> file, Header& header) {
    const std::size_t end = std::min(file.size(), searched_bytes);
    for (std::size_t offset = 0; offset + sizeof(Header) <= end; offset += alignment) {
        header = read<Header>(file, offset);
        if (header.magic == header_magic && header.architecture == 0 &&
            header.magic + header.architecture + header.size + header.checksum == 0)
            return offset;
    }
    return file.size();
}

/// What the tags say.
struct Wishes {
    std::optional<MultibootAddresses> place;
    std::optional<std::uint32_t> entry;
};

MultibootError read_tag(Tag tag, std::span<const std::uint8_t> content, Wishes& wishes) {
    switch (tag.type) {
    case addresses:
        wishes.place = read<MultibootAddresses>(content, 0);
        return MultibootError::none;
    case entry_address:
        wishes.entry = read<std::uint32_t>(content, 0);
        return MultibootError::none;
    case information_request:
        for (std::size_t offset = 0; offset < content.size(); offset += sizeof(std::uint32_t)) {
            if (!is_offered(read<std::uint32_t>(content, offset)) &&
                (tag.flags & optional_flag) == 0)
                return MultibootError::unknown_requirement;
        }
        return MultibootError::none;
    case framebuffer:
        return (tag.flags & optional_flag) != 0 ? MultibootError::none
                                                : MultibootError::wants_video;
    case console_flags:
    case module_alignment:
    case efi_entry_i386:
    case efi_entry_amd64:
    case relocatable:
        return MultibootError::none;
    default:
        return (tag.flags & optional_flag) != 0 ? MultibootError::none
                                                : MultibootError::unknown_requirement;
    }
}

MultibootError read_tags(std::span<const std::uint8_t> tags, Wishes& wishes) {
    for (std::size_t offset = 0; offset + sizeof(Tag) <= tags.size();) {
        const Tag tag = read<Tag>(tags, offset);
        if (tag.size < sizeof(Tag) || tag.size > tags.size() - offset)
            return MultibootError::bad_tags;
        if (tag.type == end_tag)
            return MultibootError::none;
        const MultibootError error =
            read_tag(tag, tags.subspan(offset + sizeof(Tag), tag.size - sizeof(Tag)), wishes);
        if (error != MultibootError::none)
            return error;
        offset += (tag.size + alignment - 1) / alignment * alignment;
    }
    return MultibootError::bad_tags;
}

} // namespace

bool is_multiboot2_image(std::span<const std::uint8_t> file) {
    Header header{};
    return find_header(file, header) != file.size();
}

MultibootError parse_multiboot2_image(std::span<const std::uint8_t> file, ElfImage& image) {
    Header header{};
    const std::size_t offset = find_header(file, header);
    if (header.size < sizeof(Header) || header.size > file.size() - offset)
        return MultibootError::bad_tags;
    Wishes wishes;
    const auto tags = file.subspan(offset + sizeof(Header), header.size - sizeof(Header));
    if (const MultibootError error = read_tags(tags, wishes); error != MultibootError::none)
        return error;
    if (wishes.place) {
        constexpr std::uint32_t whole_file = 0xFFFFFFFF; // instead of a load address
        if (wishes.place->load == whole_file)
            wishes.place->load = wishes.place->header - static_cast<std::uint32_t>(offset);
        // Without its own tag the entry lies in no segment.
        wishes.place->entry = wishes.entry.value_or(0);
        return place_by_addresses(file, offset, *wishes.place, image);
    }
    const MultibootError error = place_by_elf(file, image);
    image.entry = wishes.entry.value_or(static_cast<std::uint32_t>(image.entry));
    return error;
}

} // namespace hv
