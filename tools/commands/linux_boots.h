#pragma once
// The boots of `lazyhv linux --bench`. Pure.

#include "shared/profile.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct LinuxBoot {
    abi::Profile profile;
    bool is_linux;                 ///< else lazyhv's own kernel
    bool has_page_table_isolation; ///< of Linux
    abi::Interface interface;      ///< native for Linux
};

/// For each profile, or the one given: Linux, on modern and classic again with page-table
/// isolation, and lazyhv's own kernel, native and lazy. Throws Failure for an unknown profile.
std::vector<LinuxBoot> choose_linux_boots(std::string_view profile);

/// "Linux on classic with pti", "lazyhv's kernel on classic, lazy".
std::string name(const LinuxBoot& boot);

} // namespace tool
