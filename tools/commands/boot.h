#pragma once
// From options to a machine and an image: what `run` and `bench` have in common.

#include "tools/commands/options.h"
#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"

namespace tool {

/// Throws Failure for a name that is none.
abi::Profile parse_profile(std::string_view name);
abi::Interface parse_interface(std::string_view name);

/// Chooses the machine, says on standard error which and why, and checks the CPU model. Throws
/// Failure for what cannot be.
Machine choose_machine(const BootOptions& options, std::chrono::seconds default_time_limit);

/// The image of the monitor and ROM beside this program (in its build folder) with the guest that
/// the options name, or the build folder's own. Throws Failure when the guest cannot be read.
BootImage choose_image(const BootOptions& options, abi::Profile profile, abi::Interface interface);

} // namespace tool
