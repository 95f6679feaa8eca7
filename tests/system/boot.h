#pragma once
// What the tests that boot the monitor share.

#include "tests/system/command.h"

#include <map>
#include <string>
#include <vector>

namespace test {

/// The CPU models on which everything must work.
inline const std::vector<std::string> working_models{"corei5_lynnfield_750", "corei7_haswell_4770",
                                                     "corei7_skylake_x", "corei7_icelake_u",
                                                     "tigerlake"};

/// Has VT-x without EPT: profile classic alone works on it.
inline const std::string model_without_ept = "core2_penryn_t9600";

/// Some of each kind of workload that switches between tasks.
inline const std::vector<std::string> switching_workloads{"full",
                                                          "modern-ops",
                                                          "pingpong",
                                                          "pingpong-all",
                                                          "threads",
                                                          "threads-all",
                                                          "round-robin-4-all",
                                                          "round-robin-16-fpu",
                                                          "round-robin-64-tls",
                                                          "round-robin-256-debug",
                                                          "round-robin-256-all"};

/// The guest's word that chooses these workloads.
inline std::string joined(const std::vector<std::string>& names) {
    std::string text = "workload=";
    for (const std::string& name : names)
        text += (text.back() == '=' ? "" : ",") + name;
    return text;
}

/// `lazyhv run` of one of the guest's images in Bochs, with its lines for programs shown.
inline Outcome run_guest(const std::string& profile, const std::string& interface,
                         const std::vector<std::string>& words, const std::string& image = "guest",
                         const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"run",       "--machine", "bochs",       "--verbose",
                                       "--profile", profile,     "--interface", interface};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(guest_image(image));
    arguments.push_back("--");
    arguments.insert(arguments.end(), words.begin(), words.end());
    return lazyhv(arguments);
}

using Numbers = std::map<std::string, std::uint64_t>;

/// What a line says as KEY=NUMBER with blanks between, from `begin` on.
inline Numbers numbers_from(const std::string& output, std::size_t begin) {
    Numbers numbers;
    const std::size_t end = output.find('\n', begin);
    for (std::size_t position = begin; position < end;) {
        const std::size_t equals = output.find('=', position);
        std::size_t next = output.find(' ', equals);
        next = next == std::string::npos || next > end ? end : next;
        numbers[output.substr(position, equals - position)] =
            std::stoull(output.substr(equals + 1, next - equals - 1));
        position = next + 1;
    }
    return numbers;
}

/// The numbers of the first line that begins so; empty when there is none.
inline Numbers numbers_behind(const std::string& output, const std::string& beginning) {
    const std::size_t begin = output.find(beginning);
    return begin == std::string::npos ? Numbers{} : numbers_from(output, begin + beginning.size());
}

/// The numbers of the @result line of a workload on so many processors; empty when there is none.
inline Numbers result_of(const std::string& output, const std::string& workload,
                         std::uint32_t processors = 1) {
    std::string beginning = "@result workload=" + workload + " ";
    if (processors > 1)
        beginning += "cpus=" + std::to_string(processors) + " ";
    return numbers_behind(output, beginning);
}

} // namespace test
