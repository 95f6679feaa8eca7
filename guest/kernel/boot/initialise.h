#pragma once
// The kernel's start.

#include <cstdint>

namespace guest {

/// Initialises the kernel on the boot processor. `start_info` is the guest-physical address of the
/// start information. Interrupts are off, and the stack is the boot task's.
void initialise_kernel(std::uint64_t start_info);

} // namespace guest
