#pragma once
// What libFuzzer says of a run, line by line.

#include <cstdint>
#include <string>
#include <string_view>

namespace tool {

struct FuzzStatus {
    std::uint64_t executions = 0;
    std::uint64_t coverage = 0; ///< edges of the control-flow graph that were reached
    std::string artifact;       ///< file with the input that ended the run; empty: none did
    std::string report;         ///< all that was said but progress
};

/// Takes a line of libFuzzer's output, without its line feed, into account.
void note_line(std::string_view line, FuzzStatus& status);

} // namespace tool
