#pragma once
// The profiles and interfaces that `bench` measures.

#include "shared/profile.h"

#include <string_view>
#include <vector>

namespace tool {

struct Combination {
    abi::Profile profile;
    abi::Interface interface;

    friend bool operator==(const Combination&, const Combination&) = default;
};

/// Those that fit the names given, in the order of profile_order; "" fits all. The bare machine has
/// no ROM, so it goes with `native` only. Throws Failure for an unknown name and for a choice that
/// fits nothing.
std::vector<Combination> choose_combinations(std::string_view profile, std::string_view interface);

} // namespace tool
