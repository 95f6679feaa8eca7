#pragma once
// One target of the fuzzer: its program and its folders, and a long run of it.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// What libFuzzer has printed about a run.
struct FuzzStatus {
    std::uint64_t executions = 0;
    std::uint64_t coverage = 0; ///< edges of the control-flow graph reached so far
    std::string artifact;       ///< file with the input that crashed; empty: none did
    std::string report;         ///< everything that was printed except progress
};

/// Names of all targets, in alphabetical order.
std::vector<std::string> fuzz_targets();

struct FuzzTarget {
    std::string name;
    std::filesystem::path program;
    std::filesystem::path seeds;     ///< inputs that are part of the sources
    std::filesystem::path corpus;    ///< inputs found by runs in this build folder
    std::filesystem::path artifacts; ///< inputs that crashed it
};

/// Throws Failure for an unknown name, or when the target is not built.
FuzzTarget find_fuzz_target(const std::string& name);

/// Runs `jobs` processes of the target for `time` and shows progress. New inputs are stored in its
/// corpus as they are found. Returns the sum of what the processes reported. If one crashes, all
/// end, and `artifact` is set. Throws Interrupted.
FuzzStatus run_fuzz_target(const FuzzTarget& target, std::chrono::seconds time, std::uint32_t jobs);

} // namespace tool
