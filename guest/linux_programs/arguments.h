#pragma once
// The command line of a test program: how often it runs its loop, and whether it must fail.

#include <cstdint>

namespace linux_guest {

struct Arguments {
    std::uint32_t count;   ///< rounds that are measured
    std::uint32_t warm_up; ///< the same rounds before, which are not measured
    bool is_spoiled;       ///< something is done wrong on purpose, and must be noticed
};

/// What --help says.
struct Usage {
    const char* purpose; ///< a sentence
    const char* unit;    ///< what is counted, in the plural
};

/// Parses the arguments. With --help, prints `usage` and ends the process with status 0; with wrong
/// options, ends it with status 2.
Arguments parse_arguments(int argument_count, char** arguments, const Usage& usage,
                          const Arguments& defaults);

} // namespace linux_guest
