#pragma once
// What the monitor is told on its command line.

#include "shared/profile.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tool {

struct MonitorOptions {
    abi::Profile profile;
    abi::Interface interface;
    /// Memory for shadow page tables; nothing: as the monitor decides.
    std::optional<std::uint32_t> shadow_kibibytes;
    /// Whether it owns the guest's descriptor tables on classic and hardened; nothing: as the
    /// monitor decides.
    std::optional<bool> protects_descriptors = std::nullopt;
};

/// "profile=classic interface=lazy shadow=2048 protect=0".
std::string monitor_command_line(const MonitorOptions& options);

} // namespace tool
