#include "hypervisor/boot/loader/elf_image.h"

#include <cstring>
#include <elf.h>

namespace hv {

namespace {

/// The two kinds of files.
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Segment = Elf64_Phdr;
    static constexpr std::uint16_t machine = EM_X86_64;
};
struct Elf32 {
    using Header = Elf32_Ehdr;
    using Segment = Elf32_Phdr;
    static constexpr std::uint16_t machine = EM_386;
};

// Whether [offset, offset + size) lies inside `limit` bytes.
constexpr bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

template <typename Segment>
ElfError add_segment(const Segment& segment, std::uint64_t file_size, ElfImage& image) {
    const std::uint64_t begin = segment.p_paddr;
    const std::uint64_t size = segment.p_memsz;
    if (!inside(segment.p_offset, segment.p_filesz, file_size) || segment.p_filesz > size ||
        begin + size < begin)
        return ElfError::truncated;
    if (image.segments.size() == image.segments.capacity())
        return ElfError::too_many_segments;
    image.segments.push_back({segment.p_offset, segment.p_filesz, {begin, begin + size}});
    return ElfError::none;
}

template <typename Elf>
ElfError parse(std::span<const std::uint8_t> file, ElfImage& image) {
    typename Elf::Header header;
    if (file.size() < sizeof(header))
        return ElfError::truncated;
    std::memcpy(&header, file.data(), sizeof(header));
    if (header.e_machine != Elf::machine)
        return ElfError::wrong_machine;
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return ElfError::not_executable;
    typename Elf::Segment segment;
    if (header.e_phentsize != sizeof(segment) ||
        !inside(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(segment), file.size()))
        return ElfError::truncated;
    bool entry_found = false;
    for (std::uint32_t index = 0; index < header.e_phnum; ++index) {
        std::memcpy(&segment, file.data() + header.e_phoff + index * sizeof(segment),
                    sizeof(segment));
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
            continue;
        if (const ElfError error = add_segment(segment, file.size(), image);
            error != ElfError::none)
            return error;
        if (header.e_entry - segment.p_vaddr < segment.p_memsz) {
            image.entry = header.e_entry - segment.p_vaddr + std::uint64_t{segment.p_paddr};
            entry_found = true;
        }
    }
    if (image.segments.empty())
        return ElfError::no_segments;
    return entry_found ? ElfError::none : ElfError::entry_outside;
}

} // namespace

std::string_view describe(ElfError error) {
    switch (error) {
    case ElfError::none:
        return "a guest";
    case ElfError::not_elf:
        return "neither an ELF file, nor a Linux bzImage, nor a Multiboot kernel; give a guest "
               "kernel of one of these kinds";
    case ElfError::not_64_bit:
        return "a 32-bit ELF file without a Multiboot header (docs/guests.md)";
    case ElfError::wrong_byte_order:
        return "an ELF file whose bytes are in big-endian order";
    case ElfError::wrong_machine:
        return "built for another machine than x86";
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

ElfError parse_elf(std::span<const std::uint8_t> file, ElfImage& image, ElfClasses classes) {
    if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
        return ElfError::not_elf;
    if (file.size() < EI_NIDENT)
        return ElfError::truncated;
    if (file[EI_DATA] != ELFDATA2LSB)
        return ElfError::wrong_byte_order;
    if (file[EI_CLASS] == ELFCLASS64)
        return parse<Elf64>(file, image);
    return classes == ElfClasses::both ? parse<Elf32>(file, image) : ElfError::not_64_bit;
}

} // namespace hv
