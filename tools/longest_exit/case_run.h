#pragma once
// Boots of lazyhv's guest that perform the steps of one case.

#include "tools/image/grub_config.h"
#include "tools/longest_exit/exit_case.h"
#include "tools/machine/machine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tool {

/// What the guest says of a step.
struct StepResult {
    std::uint64_t instructions = 0; ///< the longest that the monitor ran without an interrupt
    std::uint64_t exits = 0;        ///< of the whole step
    std::string reason;             ///< of the longest one
    std::string kind;
    std::string what;
};

struct CaseResult {
    std::vector<StepResult> steps; ///< of those that were performed
    std::string failure;           ///< how the run ended, if not as it should; empty otherwise
};

/// Performs a case. Throws Failure if the guest does not even begin, and Interrupted.
CaseResult run_exit_case(const Machine& machine, const MonitorOptions& monitor,
                         const ExitCase& one);

} // namespace tool
