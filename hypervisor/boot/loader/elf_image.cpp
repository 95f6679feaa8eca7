#include "hypervisor/boot/loader/elf_image.h"

#include <cstring>

namespace hv {

namespace {

// The parts of the ELF specification used here.
struct FileHeader {
    std::uint8_t identification[16];
    std::uint16_t type;
    std::uint16_t machine;
    std::uint32_t version;
    std::uint64_t entry;
    std::uint64_t program_headers;
    std::uint64_t section_headers;
    std::uint32_t flags;
    std::uint16_t header_size;
    std::uint16_t program_header_size;
    std::uint16_t program_header_count;
    std::uint16_t section_header_size;
    std::uint16_t section_header_count;
    std::uint16_t section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    std::uint32_t type;
    std::uint32_t flags;
    std::uint64_t offset;
    std::uint64_t virtual_address;
    std::uint64_t physical_address;
    std::uint64_t file_size;
    std::uint64_t memory_size;
    std::uint64_t alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr std::uint8_t magic[4] = {0x7F, 'E', 'L', 'F'};
constexpr std::uint32_t class_index = 4;
constexpr std::uint8_t class_64 = 2;
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t type_shared = 3;
constexpr std::uint16_t machine_x86_64 = 62;
constexpr std::uint32_t program_load = 1;

// Whether [offset, offset + size) lies inside `limit` bytes.
constexpr bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

} // namespace

std::string_view describe(ElfError error) {
    switch (error) {
    case ElfError::none:
        return "a guest";
    case ElfError::not_elf:
        return "neither an ELF file nor a Linux bzImage; give a guest kernel of one of these kinds";
    case ElfError::not_64_bit:
        return "a 32-bit ELF file; guests are 64-bit (docs/guests.md)";
    case ElfError::wrong_machine:
        return "built for another machine than x86-64";
    case ElfError::not_executable:
        return "an ELF file, but no executable (an object or core file)";
    case ElfError::truncated:
        return "truncated: its headers point past its end";
    case ElfError::too_many_segments:
        return "made of more than 16 loadable segments";
    case ElfError::no_segments:
        return "without a loadable segment";
    case ElfError::entry_outside:
        return "without its entry point in a loadable segment";
    }
    return "?";
}

ElfError parse_elf(std::span<const std::uint8_t> file, ElfImage& image) {
    if (file.size() < sizeof(magic) || std::memcmp(file.data(), magic, sizeof(magic)) != 0)
        return ElfError::not_elf;
    if (file.size() < sizeof(FileHeader))
        return ElfError::truncated;
    FileHeader header;
    std::memcpy(&header, file.data(), sizeof(header));
    if (header.identification[class_index] != class_64)
        return ElfError::not_64_bit;
    if (header.machine != machine_x86_64)
        return ElfError::wrong_machine;
    if (header.type != type_executable && header.type != type_shared)
        return ElfError::not_executable;
    if (header.program_header_size != sizeof(ProgramHeader) ||
        !inside(header.program_headers,
                std::uint64_t{header.program_header_count} * sizeof(ProgramHeader), file.size()))
        return ElfError::truncated;

    bool entry_found = false;
    for (std::uint32_t index = 0; index < header.program_header_count; ++index) {
        ProgramHeader segment;
        std::memcpy(&segment, file.data() + header.program_headers + index * sizeof(segment),
                    sizeof(segment));
        if (segment.type != program_load || segment.memory_size == 0)
            continue;
        if (!inside(segment.offset, segment.file_size, file.size()) ||
            segment.file_size > segment.memory_size ||
            segment.physical_address + segment.memory_size < segment.physical_address)
            return ElfError::truncated;
        if (image.segments.size() == image.segments.capacity())
            return ElfError::too_many_segments;
        image.segments.push_back(
            {segment.offset,
             segment.file_size,
             {segment.physical_address, segment.physical_address + segment.memory_size}});
        if (header.entry - segment.virtual_address < segment.memory_size) {
            image.entry = header.entry - segment.virtual_address + segment.physical_address;
            entry_found = true;
        }
    }
    if (image.segments.empty())
        return ElfError::no_segments;
    return entry_found ? ElfError::none : ElfError::entry_outside;
}

} // namespace hv
