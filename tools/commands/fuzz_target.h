#pragma once
// One target of the fuzzer: its program and its folders, a long run of it, and what libFuzzer
// prints.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct FuzzStatus {
    std::uint64_t executions = 0;
    std::uint64_t coverage = 0; ///< edges of the control-flow graph that were reached
    std::string artifact;       ///< file with the input that ended the run; empty: none did
    std::string report;         ///< all that was said but progress
};

/// Names of all targets, in alphabetical order.
std::vector<std::string> fuzz_targets();

struct FuzzTarget {
    std::string name;
    std::filesystem::path program;
    std::filesystem::path seeds;     ///< inputs that belong to the sources
    std::filesystem::path corpus;    ///< inputs found by runs in this build folder
    std::filesystem::path artifacts; ///< inputs that crashed it
};

/// Throws Failure for an unknown name, or when the target is not built.
FuzzTarget find_fuzz_target(const std::string& name);

/// Runs `jobs` processes of the target, showing progress. New inputs are kept in its corpus as they
/// are found. Returns the sum of what they said; `artifact` is set when one of them crashed, which
/// ends all. Throws Interrupted.
FuzzStatus run_fuzz_target(const FuzzTarget& target, std::chrono::seconds time, std::uint32_t jobs);

} // namespace tool
