#pragma once
// Names of a guest's functions, and of the ROM's, by address.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tool {

/// The functions of one program.
class Symbols {
  public:
    Symbols() = default;
    /// Of an ELF file, or of the text of a System.map. None if the file has none.
    explicit Symbols(const std::filesystem::path& file);
    /// Of lines "ADDRESS [SIZE] TYPE NAME", as `nm -S` prints them.
    static Symbols of_lines(const std::string& lines);

    struct Place {
        std::string_view function;
        std::uint64_t offset;
    };
    /// In which function an address lies; nothing if in none.
    [[nodiscard]] std::optional<Place> find(std::uint64_t address) const;

  private:
    struct Function {
        std::string name;
        std::uint64_t size; ///< 0: not known
    };
    std::map<std::uint64_t, Function> by_address_;
};

/// A guest's functions, and those of the ROM, which kernels map with the rest of low memory.
struct GuestSymbols {
    Symbols guest;
    Symbols rom;

    /// "switch_to+0x1f"; the address in hexadecimal if it is in no function.
    [[nodiscard]] std::string place(std::uint64_t address) const;
    /// The same without the offset.
    [[nodiscard]] std::string function(std::uint64_t address) const;

  private:
    [[nodiscard]] std::optional<Symbols::Place> find(std::uint64_t address) const;
};

} // namespace tool
