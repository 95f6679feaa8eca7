#pragma once
// The words of the command line. Pure.

#include <cstdint>
#include <string_view>

namespace guest {

enum class Crash : std::uint8_t { none = 0, triple_fault, hang };

/// What a command line asks for. Views into the text it was parsed from.
struct CommandLine {
    bool hello = false;                 ///< `hello`
    bool test = false;                  ///< `test`; also if nothing else is asked for
    Crash crash = Crash::none;          ///< `crash=triple-fault`, `crash=hang`
    bool run_workloads = false;         ///< `workload=` or `switches=` was there
    std::string_view workloads = "all"; ///< names with commas between, `all` or `list`
    std::uint64_t switches = 1000;      ///< of each workload, at least 1
    std::string_view wrong_word;        ///< the first word that makes no sense; empty if none
};

/// Parses words separated by blanks.
[[nodiscard]] CommandLine parse_command_line(std::string_view text);

/// Takes the text before the first `separator` off the front of `text`, and the separator too.
std::string_view take_word(std::string_view& text, char separator);

} // namespace guest
