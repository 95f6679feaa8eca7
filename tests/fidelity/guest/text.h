#pragma once
// The console, and the text of a case: its hash always, the text itself when it is asked for.

#include <cstdint>
#include <string_view>

namespace fidelity {

/// Prints the end line with this status, and ends the emulator.
[[noreturn]] void end_run(std::uint64_t status);

/// A number that is written in hexadecimal, without 0x.
struct Hex {
    std::uint64_t value;
};

/// Prints on COM1.
void print(std::string_view text);
void print(Hex number);
void print(std::uint64_t number);

template <typename First, typename... Rest>
requires(sizeof...(Rest) > 0) void print(const First& first, const Rest&... rest) {
    print(first);
    (print(rest), ...);
}

/// Collects what is said of a case.
class Report {
  public:
    /// With `prints`, the text goes to the console as well.
    explicit Report(bool prints) : prints_(prints) {}

    template <typename... Arguments>
    void add(const Arguments&... arguments) {
        (put(arguments), ...);
    }
    [[nodiscard]] std::uint32_t hash() const {
        return static_cast<std::uint32_t>(hash_ ^ hash_ >> 32);
    }

  private:
    bool prints_;
    std::uint64_t hash_ = 0xCBF29CE484222325;

    void mix(std::uint64_t value);
    void put(std::string_view text);
    void put(Hex number);
};

} // namespace fidelity
