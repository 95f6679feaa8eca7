#pragma once
// The monitor's own command line: "profile=classic interface=lazy shadow=4096 protect=1 trace=1".

#include "shared/profile.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace hv {

struct Options {
    abi::Profile profile = abi::Profile::hardened;
    abi::Interface interface = abi::Interface::lazy;
    std::uint64_t shadow_kibibytes = 0; ///< for shadow tables; 0: the monitor's choice
    /// Whether classic and hardened own the descriptor tables, the TSS and CR0.TS. False for a
    /// kernel that was not written for a monitor that owns them.
    bool protects = true;
    bool traces = false; ///< a record of each VM exit (trace/exit_trace.h)
};

/// Reads the words; at the first one it does not know returns nothing, with that word in `unknown`.
std::optional<Options> parse_options(std::string_view command_line, std::string_view& unknown);

} // namespace hv
