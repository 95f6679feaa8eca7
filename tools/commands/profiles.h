#pragma once
// Profiles and interfaces by name.

#include "shared/profile.h"

#include <array>
#include <string_view>

namespace tool {

/// The order in which a user sees profiles: the bare machine, then from the monitor that sees the
/// most of the guest to the one that sees the least.
inline constexpr std::array profile_order{abi::Profile::bare, abi::Profile::classic,
                                          abi::Profile::hardened, abi::Profile::modern};
static_assert(profile_order.size() == abi::profile_count);

/// Both throw Failure for an unknown name.
abi::Profile parse_profile(std::string_view name);
abi::Interface parse_interface(std::string_view name);

} // namespace tool
