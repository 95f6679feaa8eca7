#include "tools/trace/symbols.h"

#include "shared/guest_physical_layout.h"
#include "tools/host/child_process.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace tool {
namespace {

/// The longest function of which no size is known.
constexpr std::uint64_t longest_function = 0x10000;
/// Kernels map the first MiB at a multiple of 1 MiB.
constexpr std::uint64_t low_mask = 0xFFFFF;

bool is_elf(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string mark(4, '\0');
    stream.read(mark.data(), static_cast<std::streamsize>(mark.size()));
    return mark == "\x7F"
                   "ELF";
}

std::uint64_t hexadecimal(std::string_view text) {
    constexpr int base = 16;
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

} // namespace

Symbols::Symbols(const std::filesystem::path& file) {
    if (is_elf(file)) {
        *this = of_lines(capture({"nm", "-S", "-C", "--defined-only", file.string()}).output);
        return;
    }
    std::ifstream stream(file);
    *this = of_lines({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
}

Symbols Symbols::of_lines(const std::string& text) {
    Symbols symbols;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string address;
        std::string size;
        std::string type;
        words >> address >> size;
        const bool has_size = size.size() > 1;
        if (has_size)
            words >> type;
        else
            type = size;
        std::string name;
        if ((type == "t" || type == "T") && std::getline(words >> std::ws, name)) {
            symbols.by_address_.insert_or_assign(
                hexadecimal(address),
                Function{name.substr(0, name.find('(')), has_size ? hexadecimal(size) : 0});
        }
    }
    return symbols;
}

std::optional<Symbols::Place> Symbols::find(std::uint64_t address) const {
    const auto after = by_address_.upper_bound(address);
    if (after == by_address_.begin())
        return std::nullopt;
    const auto& [begin, function] = *std::prev(after);
    const std::uint64_t size = function.size == 0 ? longest_function : function.size;
    if (address - begin >= size)
        return std::nullopt;
    return Place{function.name, address - begin};
}

std::optional<Symbols::Place> GuestSymbols::find(std::uint64_t address) const {
    if (const std::optional<Symbols::Place> place = guest.find(address))
        return place;
    const std::uint64_t low = address & low_mask;
    return low >= abi::rom_base ? rom.find(low) : std::nullopt;
}

std::string GuestSymbols::function(std::uint64_t address) const {
    const std::optional<Symbols::Place> place = find(address);
    return place ? std::string(place->function) : fmt::format("{:#x}", address);
}

std::string GuestSymbols::place(std::uint64_t address) const {
    const std::optional<Symbols::Place> place = find(address);
    return place ? fmt::format("{}+{:#x}", place->function, place->offset)
                 : fmt::format("{:#x}", address);
}

} // namespace tool
