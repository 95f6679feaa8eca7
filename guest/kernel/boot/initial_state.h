#pragma once
// The state in which a processor enters the kernel, in the form that a monitor takes.

#include "guest/kernel/cpu/cpu.h"
#include "shared/processors.h"

#include <cstddef>

namespace guest {

// Indices into abi::InitialState::general.
inline constexpr std::size_t initial_rsp = 4;
inline constexpr std::size_t initial_rdi = 7;

/// Returns the state in which `cpu` enters the kernel: 64-bit mode, the control registers of this
/// processor, the kernel's page tables and IDT, and `cpu`'s own GDT, GS base and stack.
abi::InitialState initial_state(const Cpu& cpu);

} // namespace guest
