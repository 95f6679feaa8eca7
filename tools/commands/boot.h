#pragma once
// Turns options into a machine and an image: what `run`, `bench` and `linux` have in common.

#include "tools/commands/options.h"
#include "tools/image/boot_image.h"
#include "tools/machine/machine.h"

namespace tool {

/// The builds of the monitor. `checked` compares its shadow page tables with the guest's after
/// every VM exit, and ends the run if they differ.
enum class MonitorBuild { plain, checked };

/// Chooses the machine, prints on standard error which one and why, and checks the CPU model.
/// Throws Failure for options that this host cannot meet.
Machine choose_machine(const BootOptions& options, std::chrono::seconds default_time_limit);

/// The options for the monitor's command line. --shadow-memory is passed on to profile classic
/// only. Throws Failure for a size that is out of range.
MonitorOptions monitor_options(const BootOptions& options, abi::Profile profile,
                               abi::Interface interface);

/// The image with monitor and ROM from the build folder and the guest that the options name, or
/// lazyhv's own guest. Throws Failure if the guest cannot be read.
BootImage choose_image(const BootOptions& options, const MonitorOptions& monitor,
                       MonitorBuild build);

} // namespace tool
