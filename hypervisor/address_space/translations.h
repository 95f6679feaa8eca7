#pragma once
// Dropping what the processor has cached of page tables and EPT.

#include "hypervisor/translation/shadow/shadow_tables.h"
#include "hypervisor/vcpu/invalidation.h"
#include "hypervisor/vmx/capability.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// The INVVPID types that the processor has. Without VPID (0) each VM entry and VM exit drops all.
Invalidation choose_invalidation(const Capabilities& capabilities, std::uint16_t vpid);

/// Drops cached translations at once: all, or all but global ones. `stale` is not none.
void drop_translations(Vcpu& vcpu, Stale stale);

/// INVLPG on the guest's behalf; `linear` must be canonical.
void drop_translation(Vcpu& vcpu, std::uint64_t linear);

/// Drops what was cached from EPT (SDM vol. 3, 29.4.3.1): after rights were taken away.
void drop_ept_translations(Vcpu& vcpu);
/// The same of another EPT pointer than the vCPU's own.
void drop_ept_context(Vcpu& vcpu, std::uint64_t ept_pointer);

} // namespace hv
