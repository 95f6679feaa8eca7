#include "tools/commands/linux_boots.h"

#include "tools/commands/profile_names.h"

#include <fmt/format.h>

namespace tool {

std::vector<LinuxBoot> choose_linux_boots(std::string_view profile) {
    std::vector<abi::Profile> profiles{abi::Profile::modern, abi::Profile::hardened,
                                       abi::Profile::classic};
    if (!profile.empty())
        profiles = {parse_profile(profile)};
    std::vector<LinuxBoot> boots;
    for (const abi::Profile each : profiles) {
        boots.push_back({each, true, false, abi::Interface::native});
        if (each != abi::Profile::hardened)
            boots.push_back({each, true, true, abi::Interface::native});
        boots.push_back({each, false, false, abi::Interface::native});
        boots.push_back({each, false, false, abi::Interface::lazy});
    }
    return boots;
}

std::string name(const LinuxBoot& boot) {
    if (boot.is_linux)
        return fmt::format("Linux on {}{}", abi::name(boot.profile),
                           boot.has_page_table_isolation ? " with pti" : "");
    return fmt::format("lazyhv's kernel on {}, {}", abi::name(boot.profile),
                       abi::name(boot.interface));
}

} // namespace tool
