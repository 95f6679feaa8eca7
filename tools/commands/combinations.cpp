#include "tools/commands/combinations.h"

#include "tools/commands/profile_names.h"
#include "tools/host/failure.h"

#include <optional>

namespace tool {

std::vector<Combination> choose_combinations(std::string_view profile, std::string_view interface) {
    std::optional<abi::Profile> wanted_profile;
    if (!profile.empty())
        wanted_profile = parse_profile(profile);
    std::optional<abi::Interface> wanted_interface;
    if (!interface.empty())
        wanted_interface = parse_interface(interface);
    std::vector<Combination> chosen;
    for (const abi::Profile profile_here : profile_order) {
        for (std::uint32_t index = 0; index < abi::interface_count; ++index) {
            const auto interface_here = static_cast<abi::Interface>(index);
            const bool exists =
                profile_here != abi::Profile::bare || interface_here == abi::Interface::native;
            if (exists && wanted_profile.value_or(profile_here) == profile_here &&
                wanted_interface.value_or(interface_here) == interface_here)
                chosen.push_back({profile_here, interface_here});
        }
    }
    if (chosen.empty())
        throw Failure("the bare machine has no ROM: profile bare goes with interface native only");
    return chosen;
}

} // namespace tool
