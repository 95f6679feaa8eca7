#pragma once
// The command line of a test program: how often, and whether to fail.

#include <cstdint>

namespace linux_guest {

struct Arguments {
    std::uint32_t count;   ///< what is measured
    std::uint32_t warm_up; ///< what is done before, the same but not measured
    bool is_spoiled;       ///< something is wrong on purpose, and must be noticed
};

/// What --help says.
struct Usage {
    const char* purpose; ///< a sentence
    const char* unit;    ///< what is counted, in the plural
};

/// With --help it prints that and ends the process with status 0; with options that are wrong, with
/// status 2.
Arguments parse_arguments(int argument_count, char** arguments, const Usage& usage,
                          const Arguments& defaults);

} // namespace linux_guest
