#include "tools/fidelity/disassembly.h"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace tool {
namespace {

std::uint64_t parse_hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

ZydisMachineMode machine_mode(std::string_view mode) {
    if (mode.starts_with("32"))
        return ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
    return mode.starts_with("16") ? ZYDIS_MACHINE_MODE_LONG_COMPAT_16 : ZYDIS_MACHINE_MODE_LONG_64;
}

} // namespace

std::vector<std::string> disassembled(std::string_view digits, std::string_view at,
                                      std::string_view mode) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t index = 0; index + 1 < digits.size(); index += 2)
        bytes.push_back(static_cast<std::uint8_t>(parse_hexadecimal(digits.substr(index, 2))));
    std::uint64_t address = parse_hexadecimal(at);
    std::vector<std::string> lines;
    for (std::size_t offset = 0; offset < bytes.size();) {
        ZydisDisassembledInstruction instruction;
        std::size_t length = 1;
        std::string words = "(not an instruction)";
        if (ZYAN_SUCCESS(ZydisDisassembleIntel(machine_mode(mode), address, bytes.data() + offset,
                                               bytes.size() - offset, &instruction))) {
            length = instruction.info.length;
            words = instruction.text;
        }
        std::string shown;
        for (std::size_t index = 0; index < length; ++index)
            shown += fmt::format("{:02x} ", bytes[offset + index]);
        lines.push_back(fmt::format("{:x}: {:<30} {}", address, shown, words));
        offset += length;
        address += length;
    }
    return lines;
}

} // namespace tool
