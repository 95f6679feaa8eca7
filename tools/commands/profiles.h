#pragma once
// Profiles and interfaces by name.

#include "shared/profile.h"

#include <array>
#include <string_view>

namespace tool {

/// The order in which a user sees profiles: the bare machine, then from the monitor that sees most
/// to the one that sees least.
inline constexpr std::array profile_order{abi::Profile::bare, abi::Profile::classic,
                                          abi::Profile::hardened, abi::Profile::modern};
static_assert(profile_order.size() == abi::profile_count);

/// Throws Failure for a name that is none.
abi::Profile parse_profile(std::string_view name);
abi::Interface parse_interface(std::string_view name);

} // namespace tool
