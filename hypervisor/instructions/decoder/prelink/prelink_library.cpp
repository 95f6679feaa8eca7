// Host tool of the build: turns a shared library (ELF, x86-64) into an assembly file, so that the
// monitor is linked with the library's own code and needs no loader.
//
// prelink_library LIBRARY SECTION PREFIX OUTPUT SYMBOL...
//
// The bytes from the first executable segment to the end of the last segment are laid out as the
// library was linked, in one page-aligned section. Each word that a dynamic linker would fill in
// becomes a .quad that the static linker fills in: a place inside the library, or a function that
// it imports, as PREFIX and its name. Weak imports are null. Each SYMBOL becomes global. The
// library's constructors and destructors are not run.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Library {
    std::vector<std::uint8_t> file;
    std::vector<std::uint8_t> image; ///< as loaded, from address 0
    std::uint64_t begin = 0;         ///< of what is kept: the first executable segment
    std::vector<Elf64_Rela> relocations;
    std::uint64_t symbols = 0; ///< addresses in the image
    std::uint64_t strings = 0;
    std::uint64_t symbol_count = 0;
};

/// Reads an object out of a byte array, or throws.
template <class T>
T read(const std::vector<std::uint8_t>& bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
        throw std::runtime_error("truncated: nothing at offset " + std::to_string(offset));
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::vector<std::uint8_t> read_file(const std::string& path) {
    std::ifstream input(path, std::ios::binary);
    if (!input) {
        throw std::runtime_error("cannot be opened");
    }
    return {std::istreambuf_iterator<char>(input), {}};
}

Elf64_Ehdr read_header(const std::vector<std::uint8_t>& file) {
    const auto header = read<Elf64_Ehdr>(file, 0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        throw std::runtime_error("not an ELF file");
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 ||
        header.e_type != ET_DYN) {
        throw std::runtime_error("not an x86-64 shared library");
    }
    return header;
}

/// Lays the segments out; returns the address of the dynamic section.
std::uint64_t lay_out(Library& library) {
    constexpr std::uint64_t largest_image = 64 << 20;
    const Elf64_Ehdr header = read_header(library.file);
    std::uint64_t dynamic = 0;
    bool executable = false;
    for (std::uint16_t i = 0; i < header.e_phnum; ++i) {
        const auto segment =
            read<Elf64_Phdr>(library.file, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (segment.p_type == PT_DYNAMIC) {
            dynamic = segment.p_vaddr;
        }
        if (segment.p_type == PT_TLS) {
            throw std::runtime_error("uses thread-local storage");
        }
        if (segment.p_type != PT_LOAD) {
            continue;
        }
        if (segment.p_memsz > largest_image || segment.p_vaddr > largest_image ||
            segment.p_filesz > segment.p_memsz || segment.p_offset > library.file.size() ||
            segment.p_filesz > library.file.size() - segment.p_offset) {
            throw std::runtime_error("a segment lies outside the file or is too large");
        }
        library.image.resize(
            std::max<std::size_t>(library.image.size(), segment.p_vaddr + segment.p_memsz));
        std::copy_n(library.file.begin() + static_cast<std::ptrdiff_t>(segment.p_offset),
                    segment.p_filesz,
                    library.image.begin() + static_cast<std::ptrdiff_t>(segment.p_vaddr));
        if ((segment.p_flags & PF_X) != 0 && !executable) {
            executable = true;
            library.begin = segment.p_vaddr;
        }
    }
    if (!executable || dynamic == 0) {
        throw std::runtime_error("has no executable segment or no dynamic section");
    }
    return dynamic;
}

void read_dynamic(Library& library, std::uint64_t dynamic) {
    std::map<std::int64_t, std::uint64_t> tag;
    for (;; dynamic += sizeof(Elf64_Dyn)) {
        const auto entry = read<Elf64_Dyn>(library.image, dynamic);
        if (entry.d_tag == DT_NULL) {
            break;
        }
        tag[entry.d_tag] = entry.d_un.d_val;
    }
    library.symbols = tag[DT_SYMTAB];
    library.strings = tag[DT_STRTAB];
    // No tag says how many symbols there are; the string table follows them.
    if (library.strings < library.symbols) {
        throw std::runtime_error("its string table does not follow its symbols");
    }
    library.symbol_count = (library.strings - library.symbols) / sizeof(Elf64_Sym);
    const auto append = [&library](std::uint64_t table, std::uint64_t size) {
        for (std::uint64_t at = 0; at < size; at += sizeof(Elf64_Rela)) {
            library.relocations.push_back(read<Elf64_Rela>(library.image, table + at));
        }
    };
    append(tag[DT_RELA], tag[DT_RELASZ]);
    append(tag[DT_JMPREL], tag[DT_PLTRELSZ]);
}

Elf64_Sym symbol(const Library& library, std::uint64_t index) {
    return read<Elf64_Sym>(library.image, library.symbols + index * sizeof(Elf64_Sym));
}

std::string symbol_name(const Library& library, const Elf64_Sym& of) {
    std::string name;
    for (std::uint64_t at = library.strings + of.st_name;; ++at) {
        const auto letter = read<char>(library.image, at);
        if (letter == '\0') {
            return name;
        }
        name += letter;
    }
}

/// A place in the kept part, as the assembler writes it.
std::string place(const Library& library, std::uint64_t address) {
    if (address < library.begin || address > library.image.size()) {
        throw std::runtime_error("a relocation points outside the kept segments: " +
                                 std::to_string(address));
    }
    return ".Limage + " + std::to_string(address - library.begin);
}

/// What a relocated word must hold, as the assembler writes it.
std::string word(const Library& library, const Elf64_Rela& relocation, const std::string& prefix) {
    const std::uint64_t type = ELF64_R_TYPE(relocation.r_info);
    const auto addend = static_cast<std::uint64_t>(relocation.r_addend);
    if (type == R_X86_64_RELATIVE) {
        return place(library, addend);
    }
    if (type != R_X86_64_64 && type != R_X86_64_GLOB_DAT && type != R_X86_64_JUMP_SLOT) {
        throw std::runtime_error("relocation type " + std::to_string(type) + " is not known");
    }
    const Elf64_Sym of = symbol(library, ELF64_R_SYM(relocation.r_info));
    if (of.st_shndx != SHN_UNDEF) {
        // Only R_X86_64_64 has an addend (x86-64 psABI, table 4.9).
        return place(library, of.st_value + (type == R_X86_64_64 ? addend : 0));
    }
    if (ELF64_ST_BIND(of.st_info) == STB_WEAK) {
        return "0";
    }
    return prefix + symbol_name(library, of);
}

void write_bytes(std::ofstream& output, const Library& library, std::uint64_t from,
                 std::uint64_t to) {
    for (std::uint64_t at = from; at < to; ++at) {
        output << ((at - from) % 32 == 0 ? "\n.byte " : ",") << unsigned{library.image[at]};
    }
    output << '\n';
}

void write_assembly(const Library& library, const std::string& section, const std::string& prefix,
                    const std::vector<std::string>& wanted, const std::string& path) {
    std::map<std::uint64_t, std::string> words;
    for (const Elf64_Rela& relocation : library.relocations) {
        if (relocation.r_offset < library.begin || relocation.r_offset > library.image.size() ||
            library.image.size() - relocation.r_offset < sizeof(std::uint64_t)) {
            throw std::runtime_error("a relocation lies outside the kept segments");
        }
        words[relocation.r_offset] = word(library, relocation, prefix);
    }
    std::ofstream output(path);
    output << ".section " << section << ", \"ax\", @progbits\n.balign 4096\n.Limage:\n";
    std::uint64_t at = library.begin;
    for (const auto& [offset, value] : words) {
        if (offset < at) {
            throw std::runtime_error("two relocations overlap");
        }
        write_bytes(output, library, at, offset);
        output << ".quad " << value << '\n';
        at = offset + sizeof(std::uint64_t);
    }
    write_bytes(output, library, at, library.image.size());
    output << ".balign 4096\n";
    for (const std::string& name : wanted) {
        bool found = false;
        for (std::uint64_t i = 0; i < library.symbol_count && !found; ++i) {
            const Elf64_Sym of = symbol(library, i);
            found = of.st_shndx != SHN_UNDEF && symbol_name(library, of) == name;
            if (found) {
                output << ".globl " << name << "\n.type " << name << ", @function\n"
                       << ".set " << name << ", " << place(library, of.st_value) << '\n';
            }
        }
        if (!found) {
            throw std::runtime_error("does not define " + name);
        }
    }
    output << ".section .note.GNU-stack, \"\", @progbits\n";
    output.close();
    if (!output) {
        throw std::runtime_error("its assembly cannot be written to " + path);
    }
}

} // namespace

int main(int count, char** arguments) {
    if (count < 5) {
        std::fputs("usage: prelink_library LIBRARY SECTION PREFIX OUTPUT SYMBOL...\n", stderr);
        return 2;
    }
    try {
        Library library;
        library.file = read_file(arguments[1]);
        read_dynamic(library, lay_out(library));
        write_assembly(library, arguments[2], arguments[3], {arguments + 5, arguments + count},
                       arguments[4]);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "prelink_library: %s: %s\n", arguments[1], error.what());
        return 1;
    }
}
