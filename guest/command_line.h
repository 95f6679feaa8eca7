#pragma once
// The words of the command line. Pure.

#include <cstdint>
#include <string_view>

namespace guest {

enum class Crash : std::uint8_t {
    none = 0,
    triple_fault,
    hang,
    hang_processor_0, ///< for the watchdog to find
    hang_processor_1,
    deaf_processor_1, ///< it hangs with interrupts off
    shutdown,         ///< ends the emulator, and says nothing of how the run ended
};

/// What a command line asks for. The views point into the text that was parsed.
struct CommandLine {
    bool hello = false;             ///< `hello`
    bool test = false;              ///< `test`; also if nothing else is asked for
    bool test_processors = false;   ///< `test=processors`: only those for several processors
    bool test_differential = false; ///< `test=differential`: operations one by one and in batches
    bool test_boundaries = false;   ///< `test=boundaries`: an interrupt at each instruction
    bool test_worst_drain = false;  ///< `test=worst-drain`: how long a drain can take
    Crash crash = Crash::none;      ///< `crash=`: crash_words (command_line.cpp)
    bool run_workloads = false;     ///< `workload=` or `switches=` was there
    std::string_view workloads = "all"; ///< names separated by commas, or `all`, or `list`
    std::uint64_t switches = 1000;      ///< switches of each workload, at least 1
    std::string_view processors =
        "1"; ///< `processors=`: numbers of processors that run the workloads, separated by commas
    std::uint64_t stress = 0;      ///< `stress=`: millions of ticks of the TSC
    bool xapic = false;            ///< `xapic`: do not use x2APIC mode
    bool trampoline = false;       ///< `trampoline`: processors start in real mode
    std::string_view hostile;      ///< `hostile=`: an attack, `all`, `processors`; empty: none
    std::string_view longest_exit; ///< `longest-exit=`: steps (shared/longest_exit.h); empty: none
    std::string_view
        wrong_word; ///< the first word that is unknown or has an invalid value; empty if none
};

/// Parses words separated by blanks.
[[nodiscard]] CommandLine parse_command_line(std::string_view text);

/// Removes the text before the first `separator`, and the separator, from the front of `text`.
/// Returns that text without the separator.
std::string_view take_word(std::string_view& text, char separator);

/// Removes the first number from the front of a list like "1,2,4" and returns it; 0 if it is not a
/// valid number of processors.
std::uint32_t take_processors(std::string_view& list);

} // namespace guest
