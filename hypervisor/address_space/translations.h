#pragma once
// Dropping what the processor has cached of page tables and EPT.

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/capability.h"

#include <cstdint>

namespace hv {

/// The INVVPID types that the processor has. Without VPID (0) each VM entry and VM exit drops all.
Invalidation choose_invalidation(const Capabilities& capabilities, std::uint16_t vpid);

// What is stale, and to be dropped before the guest runs (translation/stale_translations.h has the
// rules).

/// This vCPU drops these translations, not none, before it runs the guest.
inline void drop_before_entry(Vcpu& vcpu, Stale what) {
    vcpu.pending |=
        what == Stale::all ? pending::all_translations : pending::non_global_translations;
}

/// Asks the ledger: has this vCPU drop what it owes before it runs the guest, and notes what other
/// vCPUs have left. With the page tables locked; unlock_page_tables() does it.
void account_for_stale(Vcpu& vcpu);

/// Rule 3: what changes in the guest's page tables make stale while this object lives is left to
/// the guest to invalidate, on this vCPU too. What was made stale before, in the same exit, is not.
class LeftToGuest {
  public:
    explicit LeftToGuest(Vcpu& vcpu);
    ~LeftToGuest() { leave(); }
    LeftToGuest(const LeftToGuest&) = delete;
    LeftToGuest& operator=(const LeftToGuest&) = delete;

  private:
    Vcpu& vcpu_;
    void leave();
};

/// The ROMs of the vCPUs in `mask` pass invalidations on from now on: something is stale.
void tell_stale(VirtualMachine& machine, std::uint64_t mask);

/// The guest invalidates all, by FlushTLB or InvalPage: done before it runs on.
void drop_for_guest(Vcpu& vcpu);

// Dropping at once.

/// Notes in the ledger, and tells the ROM, that this vCPU is about to drop these.
[[gnu::cold, gnu::noinline]] void note_dropped(Vcpu& vcpu, Stale stale);

/// Drops cached translations at once: all, or all but global ones. `stale` is not none. The ledger
/// is told first: what another vCPU changes between the two is then noted as stale once more, which
/// is never wrong.
inline void drop_translations(Vcpu& vcpu, Stale stale) {
    if (vcpu.machine->stale.has_left(vcpu.number)) [[unlikely]]
        note_dropped(vcpu, stale);
    if (vcpu.vpid != 0)
        cpu::invvpid(stale == Stale::all ? vcpu.invalidation.all : vcpu.invalidation.non_global,
                     vcpu.invalidation.descriptor);
}

/// INVLPG on the guest's behalf; `linear` must be canonical.
void drop_translation(Vcpu& vcpu, std::uint64_t linear);

/// Drops what was cached from EPT (SDM vol. 3, 29.4.3.1): after rights were taken away.
void drop_ept_translations(Vcpu& vcpu);
/// The same of another EPT pointer than the vCPU's own.
void drop_ept_context(Vcpu& vcpu, std::uint64_t ept_pointer);

} // namespace hv
