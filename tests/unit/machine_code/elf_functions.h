#pragma once
// The machine code of functions, out of an ELF file.

#include <cstdint>
#include <string>
#include <vector>

namespace hv::test {

struct ElfFunction {
    std::string symbol;
    std::uint64_t address;
    std::vector<std::uint8_t> code;
};

/// The functions whose mangled names begin with `prefix`: what the compiler made of one of ours,
/// its clones (.isra, .constprop) and parts (.cold) among them. Empty when there are none, or no
/// such file.
std::vector<ElfFunction> elf_functions(const std::string& path, const std::string& prefix);

} // namespace hv::test
