#pragma once
// What exit handlers leave to be done once, before the guest runs on: a batch of entries may change
// the same register many times.

#include "hypervisor/cpu/vmx_instructions.h"
#include "hypervisor/shadow/shadow_tables.h"
#include "hypervisor/vmx/capability.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Bits of Vcpu::pending.
namespace pending {
inline constexpr std::uint8_t cr0 = 1 << 0; ///< cr0_shadow changed: the VMCS does not say so yet
inline constexpr std::uint8_t non_global_translations = 1 << 1; ///< a CR3 load was emulated
inline constexpr std::uint8_t all_translations = 1 << 2;        ///< CR4 or page tables changed
inline constexpr std::uint8_t ept_translations = 1 << 3;        ///< EPT rights were taken away
/// This vCPU holds the lock of the page tables, which may have changed: what that made stale is to
/// be dropped, and the lock given back.
inline constexpr std::uint8_t page_tables = 1 << 5;
inline constexpr std::uint8_t root_targets = 1 << 4; ///< other roots are published
} // namespace pending

/// How this processor drops translations of one vCPU: the INVVPID types it has.
struct Invalidation {
    cpu::InvvpidDescriptor descriptor;
    cpu::InvvpidType non_global;
    cpu::InvvpidType all;
};
Invalidation choose_invalidation(const Capabilities& capabilities, std::uint16_t vpid);

/// Does all that `pending` names, and clears it.
[[gnu::noinline]] void settle(Vcpu& vcpu);

/// Drops cached translations at once: all, or all but global ones. `stale` is not none.
void drop_translations(Vcpu& vcpu, Stale stale);

/// INVLPG on the guest's behalf; `linear` must be canonical.
void drop_translation(Vcpu& vcpu, std::uint64_t linear);

/// Drops what was cached from EPT (SDM vol. 3, 29.4.3.1): after rights were taken away.
void drop_ept_translations(Vcpu& vcpu);
/// The same of another EPT pointer than the vCPU's own.
void drop_ept_context(Vcpu& vcpu, std::uint64_t ept_pointer);

} // namespace hv
