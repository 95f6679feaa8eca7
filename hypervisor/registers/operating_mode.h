#pragma once
// Changes of CR0, CR4 and IA32_EFER for a guest that may run in every operating mode of the
// processor: real-address mode, protected mode with and without paging, IA-32e mode. That needs a
// profile that does not own descriptor tables, and either the control "unrestricted guest" (SDM
// vol. 3, 26.6) or shadow paging. Under shadow paging the processor always has paging enabled: the
// shadow tables of a guest without paging map memory as it is, and there is no real-address mode
// (interpreted where a kernel's start needs it). Other guests stay in IA-32e mode.

#include "hypervisor/vcpu/vcpu.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

/// What a write of these registers would do besides storing the value, by the rules of MOV to CR0
/// and CR4 (SDM vol. 2; vol. 3, 4.1.2, 4.4.1, 10.8.5): IA-32e mode begins or ends with paging, and
/// PAE paging loads four entries from memory. To be called before the value is stored; with an
/// error nothing has changed. The values have been judged as far as they do not depend on the mode.
/// Errors: bad_cr0.
[[nodiscard]] abi::Error follow_cr0(Vcpu& vcpu, std::uint64_t value);
/// Errors: bad_cr4.
[[nodiscard]] abi::Error follow_cr4(Vcpu& vcpu, std::uint64_t value);

/// Outside IA-32e mode: makes `cr3` the guest's value of CR3, and loads PAE paging's four entries
/// where that is the mode. Errors: bad_cr3 where those have reserved bits set; `paused`.
[[nodiscard]] abi::Error load_root_outside_long_mode(Vcpu& vcpu, std::uint64_t cr3);

/// Loads CR3 as a task switch does where paging is on (8.3). False where PAE paging's entries have
/// reserved bits set.
[[nodiscard]] bool load_task_root(Vcpu& vcpu, std::uint32_t cr3);

/// Has VM entry go to IA-32e mode or to another one: the VM-entry control and EFER.LMA, which must
/// be equal (27.3.1.1). The calls that are accepted follow.
void set_long_mode_active(Vcpu& vcpu, bool active);

/// Loads the state after INIT and a SIPI with this vector (table 10-1): real-address mode.
void load_real_mode_state(Vcpu& vcpu, std::uint8_t vector);
/// Loads the state in which a Multiboot kernel starts: flat 32-bit segments, without paging.
void load_protected_mode_state(Vcpu& vcpu, std::uint16_t code_selector,
                               std::uint16_t data_selector);

} // namespace hv
