#pragma once
// From options to a machine and an image: what `run` and `bench` have in common.

#include "tools/commands/options.h"
#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"

namespace tool {

/// The monitors that are built: `checked` compares its shadow page tables with the guest's after
/// every VM exit, and ends the run where they differ.
enum class MonitorBuild { plain, checked };

/// Chooses the machine, says on standard error which and why, and checks the CPU model. Throws
/// Failure for what cannot be.
Machine choose_machine(const BootOptions& options, std::chrono::seconds default_time_limit);

/// What the monitor is told. --shadow-memory is for profile classic; others are not told of it.
/// Throws Failure when its size makes no sense.
MonitorOptions monitor_options(const BootOptions& options, abi::Profile profile,
                               abi::Interface interface);

/// The image of a monitor and the ROM beside this program (in its build folder) with the guest that
/// the options name, or the build folder's own. Throws Failure when the guest cannot be read.
BootImage choose_image(const BootOptions& options, const MonitorOptions& monitor,
                       MonitorBuild build);

} // namespace tool
