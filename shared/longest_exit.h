#pragma once
// What guest and tools share to look for the VM exit in which the monitor works longest: the steps
// that a case consists of, and the bound that none may exceed.

#include <cstdint>
#include <optional>
#include <string_view>

namespace abi {

/// Monitor instructions between two moments at which the guest can take an interrupt, at most
/// (docs/monitor.md, "How long a VM exit can take").
inline constexpr std::uint64_t longest_exit_bound = 1'306'600;

/// One step of a case. The guest gives every value of every byte a meaning
/// (guest/longest_exit/steps.h), so steps can be drawn and changed without knowing any.
struct ExitStep {
    std::uint8_t kind;
    std::uint8_t subject;
    std::uint8_t amount; ///< of two neighbouring values, the higher one mostly means more
    std::uint8_t variation;

    [[nodiscard]] constexpr std::uint32_t code() const {
        return std::uint32_t{kind} << 24 | std::uint32_t{subject} << 16 |
               std::uint32_t{amount} << 8 | variation;
    }
    static constexpr ExitStep of_code(std::uint32_t code) {
        return {static_cast<std::uint8_t>(code >> 24), static_cast<std::uint8_t>(code >> 16),
                static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
    }
    friend constexpr bool operator==(const ExitStep&, const ExitStep&) = default;
};

/// On the guest's command line, `longest-exit=` and the steps in order, each as this many
/// hexadecimal digits of its code.
inline constexpr std::string_view longest_exit_word = "longest-exit=";
inline constexpr std::uint32_t exit_step_digits = 8;
inline constexpr std::uint32_t max_exit_steps = 96;

/// For each step the guest prints "@longest-exit step=N instructions=N exits=N reason=NAME
/// kind=NAME what=TEXT", where TEXT is the rest of the line.
inline constexpr std::string_view longest_exit_prefix = "@longest-exit ";

/// Removes the first step from the front of `text`; nothing if there is none.
constexpr std::optional<ExitStep> take_exit_step(std::string_view& text) {
    if (text.size() < exit_step_digits)
        return std::nullopt;
    std::uint32_t code = 0;
    for (const char digit : text.substr(0, exit_step_digits)) {
        if (digit >= '0' && digit <= '9')
            code = code << 4 | static_cast<std::uint32_t>(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            code = code << 4 | static_cast<std::uint32_t>(digit - 'a' + 10);
        else
            return std::nullopt;
    }
    text.remove_prefix(exit_step_digits);
    return ExitStep::of_code(code);
}

/// Whether `text` consists of steps, at least one and at most max_exit_steps.
constexpr bool are_exit_steps(std::string_view text) {
    std::uint32_t steps = 0;
    while (!text.empty()) {
        if (!take_exit_step(text))
            return false;
        ++steps;
    }
    return steps != 0 && steps <= max_exit_steps;
}

} // namespace abi
