#pragma once
// Profile `bare`: the guest on the machine itself, without VMXON.

#include "hypervisor/boot/loader/boot_area.h"

namespace hv {

/// Jumps to the guest in the state that a guest of the monitor starts in (docs/guests.md).
[[noreturn]] void start_bare(const LoadedGuest& guest);

} // namespace hv
