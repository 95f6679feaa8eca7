#pragma once
// The root of the guest's page tables: what the guest has in CR3, what the processor has, and which
// roots the guest may load without a VM exit (docs/abi.md, "Roots without an exit").

#include "hypervisor/translation/shadow/shadow_pool.h"

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

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
