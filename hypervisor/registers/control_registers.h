#pragma once
// The guest's control registers: what may be written, and what the processor then holds.

#include "hypervisor/x86/control_register.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Bits of CR0 that a guest whose CR0 is not protected writes without an exit: they affect nothing
/// that the monitor is responsible for. ET cannot change, so that a write without it must not exit.
inline constexpr std::uint64_t cr0_guest_owned = cr0::monitor_coprocessor | cr0::emulation |
                                                 cr0::task_switched | cr0::extension_type |
                                                 cr0::write_protect | cr0::alignment_mask;

/// Bits of CR4 that affect nothing that the monitor is responsible for: the guest writes them
/// without an exit. Where the processor has their features, CPUID offers them
/// (registers/cpuid_features.h).
inline constexpr std::uint64_t cr4_guest_owned =
    cr4::virtual_8086_mode_extensions | cr4::protected_mode_virtual_interrupts |
    cr4::time_stamp_disable | cr4::debugging_extensions | cr4::page_size_extensions |
    cr4::machine_check_enable | cr4::page_global_enable | cr4::performance_counter_enable |
    cr4::operating_system_fxsave | cr4::operating_system_xmm_exceptions |
    cr4::user_mode_instruction_prevention | cr4::fsgsbase | cr4::osxsave;

/// Writes the processor's CR0 from the value that the guest reads.
void write_guest_cr0(Vcpu& vcpu);

/// Makes `value` the guest's CR4.
void write_guest_cr4(Vcpu& vcpu, std::uint64_t value);

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
