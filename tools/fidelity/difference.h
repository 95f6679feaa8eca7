#pragma once
// Cases that end differently under a profile than on the bare machine, made as small as possible.

#include "tools/fidelity/guest_run.h"

#include <functional>
#include <string>
#include <vector>

namespace tool {

struct Difference {
    CaseName name; ///< the smallest variant that still differs
    CaseResult bare;
    CaseResult other;
    /// What differs: the names of the fields, and the kinds of instructions. Differences with the
    /// same text probably have the same cause.
    std::string signature;
};

/// The cases whose results are not the same. Those that one of the two left out are not compared.
std::vector<CaseName> different_cases(const CaseResults& bare, const CaseResults& other);

/// Leaves features out of each case while it still differs, and finds out what differs. `place` is
/// that of the profile. Boots the bare machine as well. Throws Failure and Interrupted.
std::vector<Difference> explain(const FidelityPlace& place, const std::vector<CaseName>& cases);

/// What a person reads of it: the code, what the case had before it, and the fields that differ.
std::string text(const Difference& difference, const std::string& profile);

} // namespace tool
