#pragma once
// A kernel that starts in protected mode, where a guest may only be in 64-bit mode.

#include "hypervisor/boot/loader/boot_area.h"

namespace hv {

struct Vcpu;

/// Interprets what the kernel runs until it is in 64-bit mode (instructions/interpreter/startup.h),
/// and loads its state then. Ends the run, by name, if it does not get there.
void interpret_start(Vcpu& vcpu, const LoadedGuest& guest);

} // namespace hv
