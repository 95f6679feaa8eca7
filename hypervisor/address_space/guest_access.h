#pragma once
// What the processor does for an access of the guest through the guest's own page tables (SDM vol.
// 3, 4.6 to 4.8), where the monitor does it in its place: it walks them, judges the access by the
// rights and the mode of the guest, and sets accessed and dirty bits. With the page tables locked.

#include "hypervisor/memory/paging_walk.h"
#include "hypervisor/translation/shadow/shadow_fill.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// An access and where the guest's page tables lead it.
struct GuestAccess {
    std::uint64_t linear;
    std::uint32_t access; ///< write, user and fetch, as in fault_code
    PageWalk walk;
    bool is_allowed = false;      ///< by all entries, CR0.WP, SMEP, SMAP, and the protection key
    std::uint32_t error_code = 0; ///< of the guest's #PF where it is not allowed; fault_code

  private:
    friend GuestAccess judge_access(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access,
                                    bool by_keys);
    friend GuestAccess access_in_mode(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access);
    // Walks; nothing has been judged yet.
    GuestAccess(Vcpu& vcpu, std::uint64_t its_linear, std::uint32_t its_access);
    // Has been walked already.
    GuestAccess(std::uint64_t its_linear, std::uint32_t its_access, const PageWalk& its_walk)
        : linear{its_linear}, access{its_access}, walk{its_walk} {}
};

/// Walks the guest's page tables for an access to `linear`, which is canonical. If it is allowed,
/// sets the accessed and dirty bits that the processor would set. A walk that left the guest's RAM
/// ends with WalkEnd::no_memory.
GuestAccess access_guest(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access);

/// access_guest() for operands of instructions, where protection keys apply as well. It is compiled
/// apart, so that page faults, of which there are many more, have the other one inlined in their
/// handler. It knows the paging modes of a guest that may leave IA-32e mode.
[[gnu::cold]] GuestAccess access_operand(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access);

/// Shadow paging: makes the shadow entries that lead to the address of an allowed access, below the
/// current root. Where a page table is out of step, the fault has dropped the translation of this
/// address alone; those of others are left to the guest to invalidate (rule 3 of
/// translation/stale_translations.h).
ShadowFill::Fill fill_shadows(Vcpu& vcpu, const GuestAccess& access);

/// With EPT: sets the accessed bits on the path to `linear`, or, if all are set, the dirty bit. The
/// processor was to set them and could not, since the page tables are write-protected.
void set_used_bits(Vcpu& vcpu, std::uint64_t linear);

} // namespace hv
