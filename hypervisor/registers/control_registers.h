#pragma once
// The guest's control registers: what may be written, and what the processor then holds.

#include "hypervisor/x86/control_register.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Bits of CR4 that affect nothing that the monitor is responsible for: the guest writes them
/// without an exit.
/// VME, PVI, TSD, DE, PSE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP, FSGSBASE, OSXSAVE.
inline constexpr std::uint64_t cr4_guest_owned = 0x0005'0FDF;

/// Writes the processor's CR0 from the value that the guest reads.
void write_guest_cr0(Vcpu& vcpu);

/// CLTS.
void clear_task_switched(Vcpu& vcpu);

/// Each judges a value and, with no error, loads it as the guest's. A guest stays in 64-bit mode.
/// Errors: bad_cr0.
abi::Error set_guest_cr0(Vcpu& vcpu, std::uint64_t value);
/// Errors: bad_cr3, root_lacks_kernel.
abi::Error set_guest_cr3(Vcpu& vcpu, std::uint64_t value);
/// Errors: bad_cr4.
abi::Error set_guest_cr4(Vcpu& vcpu, std::uint64_t value);

} // namespace hv
