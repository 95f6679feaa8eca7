#pragma once
// Runs of the fidelity guest (tests/fidelity/guest/) on one machine and profile.

#include "shared/profile.h"
#include "tools/machine/machine.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tool {

/// A case, without some of its features (a bit for each, as the guest numbers them).
struct CaseName {
    std::uint64_t number;
    std::uint32_t without;

    bool operator==(const CaseName& other) const {
        return number == other.number && without == other.without;
    }
    bool operator<(const CaseName& other) const {
        return number != other.number ? number < other.number : without < other.without;
    }
};

/// What the guest says of a case.
struct CaseResult {
    std::string hash; ///< "-" if it was left out; empty if the run ended in it
    std::string what; ///< with details: what the case is
    std::string seen; ///< with details: what it did; if the run ended in it, how
};

using CaseResults = std::map<CaseName, CaseResult>;

struct FidelityRun {
    CaseResults results;
    std::map<std::string, std::uint64_t> kinds; ///< instructions of each kind
};

/// Which cases, and where.
struct FidelityPlace {
    Machine machine;
    abi::Profile profile;
    std::uint64_t seed;
    bool real_mode = false;
    std::string left_out; ///< kinds, separated by commas
    std::string without;  ///< features, separated by commas
};

/// Runs `count` cases from `first` on. When the run ends in a case, it continues with the next one
/// in another boot. Throws Failure if the guest does not even begin, and Interrupted.
FidelityRun run_cases(const FidelityPlace& place, std::uint64_t first, std::uint64_t count);

enum class ListRun {
    details,  ///< says what each case is and what it did
    variants, ///< runs each with every subset of its features left out
};
/// Runs the cases of a list. When the run ends in a case, it continues with the next one of the
/// list. Throws as above.
CaseResults run_listed_cases(const FidelityPlace& place, const std::vector<CaseName>& cases,
                             ListRun kind);

} // namespace tool
