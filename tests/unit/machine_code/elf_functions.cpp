#include "tests/unit/machine_code/elf_functions.h"

#include <cstring>
#include <elf.h>
#include <fstream>

namespace hv::test {
namespace {

class ElfFile {
  public:
    explicit ElfFile(const std::string& path) {
        std::ifstream input(path, std::ios::binary | std::ios::ate);
        if (!input)
            return;
        bytes_.resize(static_cast<std::size_t>(input.tellg()));
        input.seekg(0);
        input.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    }

    template <typename T>
    T read(std::uint64_t offset) const {
        T value{};
        if (offset + sizeof(T) <= bytes_.size())
            std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }
    Elf64_Shdr section(std::uint64_t index) const {
        const auto header = read<Elf64_Ehdr>(0);
        return read<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
    }
    std::string string(std::uint64_t offset) const {
        return offset < bytes_.size() ? bytes_.data() + offset : "";
    }
    std::vector<std::uint8_t> part(std::uint64_t offset, std::uint64_t size) const {
        if (offset + size > bytes_.size())
            return {};
        return {bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                bytes_.begin() + static_cast<std::ptrdiff_t>(offset + size)};
    }

  private:
    std::vector<char> bytes_;
};

} // namespace

std::vector<ElfFunction> elf_functions(const std::string& path, const std::string& prefix) {
    const ElfFile file{path};
    std::vector<ElfFunction> functions;
    const std::uint64_t sections = file.read<Elf64_Ehdr>(0).e_shnum;
    for (std::uint64_t index = 0; index < sections; ++index) {
        const Elf64_Shdr table = file.section(index);
        if (table.sh_type != SHT_SYMTAB)
            continue;
        const std::uint64_t names = file.section(table.sh_link).sh_offset;
        for (std::uint64_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = file.read<Elf64_Sym>(table.sh_offset + at);
            const std::string name = file.string(names + symbol.st_name);
            if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || !name.starts_with(prefix))
                continue;
            const Elf64_Shdr text = file.section(symbol.st_shndx);
            functions.push_back(
                {name, symbol.st_value,
                 file.part(text.sh_offset + symbol.st_value - text.sh_addr, symbol.st_size)});
        }
    }
    return functions;
}

} // namespace hv::test
