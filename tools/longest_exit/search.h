#pragma once
// The search for the longest exit: cases are drawn, and those that were longest are changed.

#include "tools/longest_exit/case_run.h"

#include <map>
#include <string>
#include <vector>

namespace tool {

/// The longest exit that a kind of step has caused so far.
struct ExitRecord {
    ExitCase one; ///< ends with that step
    StepResult step;
};

/// Keeps for each kind of step the case in which it took longest. A case of which one step took
/// long is thus the beginning of others, although another kind of step may take longer still.
class ExitSearch {
  public:
    /// `unaware_percent`: how many of the cases are drawn for an unaware kernel.
    ExitSearch(std::uint64_t seed, std::uint32_t unaware_percent)
        : random_(seed), unaware_percent_(unaware_percent) {}

    /// The next case. Depends on the seed and on what has been taken so far, and on nothing else.
    ExitCase next();
    /// What came of a case. Returns whether a step took longer than any before it.
    bool take(const ExitCase& one, const CaseResult& result);

    [[nodiscard]] const std::map<std::string, ExitRecord>& records() const { return records_; }
    /// The longest of all; null as long as there is none.
    [[nodiscard]] const ExitRecord* longest() const;
    [[nodiscard]] std::uint64_t cases() const { return cases_; }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

  private:
    CaseRandom random_;
    std::uint32_t unaware_percent_;
    std::map<std::string, ExitRecord> records_; ///< by kind of step and of kernel
    std::uint64_t cases_ = 0;
    std::uint64_t steps_ = 0;
};

} // namespace tool
