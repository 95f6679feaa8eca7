#pragma once
// The root of the guest's page tables: what the guest has in CR3, what the processor has, and which
// roots the guest may load without a VM exit (docs/abi.md, "Roots without an exit").

#include "hypervisor/shadow/root_cache.h"
#include "hypervisor/shadow/shadow_pool.h"
#include "hypervisor/vmx/field.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// A root of the guest's and its shadow.
struct ShadowedRoot {
    std::uint64_t guest = abi::no_root;  ///< as the guest writes it to CR3
    std::uint64_t loaded = abi::no_root; ///< what the processor's CR3 then holds
    ShadowNumber table = 0;
};

/// The value of an unused CR3-target field: no value for CR3, so a guest that tries it gets #GP.
inline constexpr std::uint64_t no_target = ~std::uint64_t{0};

inline constexpr std::array target_fields{Field::cr3_target_value_0, Field::cr3_target_value_1,
                                          Field::cr3_target_value_2, Field::cr3_target_value_3};
static_assert(target_fields.size() == abi::root_pairs);

/// Of one vCPU. Changed by it alone, and with known.lock held: other vCPUs look at it before they
/// let a root go. Under shadow paging each root named here pins its shadow.
struct GuestRoots {
    RootCache known;      ///< shadow paging: roots loaded before
    ShadowedRoot current; ///< where CR3 loads do not exit (modern) it is not kept

    std::array<ShadowedRoot, abi::root_pairs> published{};
    std::array<std::uint64_t, abi::root_pairs> targets{no_target, no_target, no_target,
                                                       no_target}; ///< as in the VMCS
    std::uint32_t limit = 0; ///< roots that may be published: CR3-target values; 0: none ever
    std::uint32_t next = 0;  ///< which is given up next
    /// Of an unaware kernel: roots that lie where the guest has them, pinned. Only they are
    /// published, each in its slot.
    std::array<ShadowNumber, abi::root_pairs> displaced{};
};

/// CR3 as the guest has it.
std::uint64_t guest_cr3(Vcpu& vcpu);

/// The shadow table in use. The guest may have changed to another published one by itself.
ShadowNumber current_shadow_root(Vcpu& vcpu);

/// Makes `root`, a page of the guest's RAM, the guest's; under shadow paging in step, and published
/// where that is allowed. False on hardened when it is not registered, but some root is.
[[nodiscard]] bool load_root(Vcpu& vcpu, std::uint64_t root);

/// No root is offered any more: while tables are out of step, and before the shadow of one is given
/// up. This vCPU's, or every one's.
void withdraw_roots(Vcpu& vcpu);
void withdraw_roots_everywhere(Vcpu& vcpu);
/// The same on the vCPUs that offer the root at `frame`.
void withdraw_root_everywhere(Vcpu& vcpu, std::uint64_t frame);

/// The guest writes to the page, so it may be no root for long: a displaced one goes back.
void restore_root(Vcpu& vcpu, std::uint64_t frame);
/// Of an unaware kernel, at the end of an exit with the page tables locked: what the guest does
/// from here on without an exit is right. No displaced root is offered that leads to a table out of
/// step, and INVLPG exits while there is such a table that it could be about.
void keep_free_running(Vcpu& vcpu);
/// Of an unaware kernel, which is about to change and invalidate an entry: nothing leads to tables
/// out of step until one of them is used, so INVLPG and loads of displaced roots need not exit.
void set_tables_aside(Vcpu& vcpu);

/// Whether the root at `frame` is some vCPU's, as far as the monitor has seen.
bool is_current_root(const VirtualMachine& machine, std::uint64_t frame);

/// This vCPU runs in no address space: it waits to be started.
void leave_roots(Vcpu& vcpu);

/// Gives the processor the CR3-target values that are published (pending::root_targets).
void write_root_targets(Vcpu& vcpu);

} // namespace hv
