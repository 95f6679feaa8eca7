#pragma once
// The state in which a processor enters the kernel, in the form a monitor takes it.

#include "guest/kernel/cpu/cpu.h"
#include "shared/processors.h"

#include <cstddef>

namespace guest {

// Places in abi::InitialState::general.
inline constexpr std::size_t initial_rsp = 4;
inline constexpr std::size_t initial_rdi = 7;

/// 64-bit mode with the control registers of this processor, the kernel's tables, and what is
/// `cpu`'s own.
abi::InitialState initial_state(const Cpu& cpu);

} // namespace guest
