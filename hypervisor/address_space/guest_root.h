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

/// The shadow page table in CR3. The guest may have loaded another published root by itself.
ShadowNumber current_shadow_root(Vcpu& vcpu);

/// Makes `root`, a page of the guest's RAM, the guest's root. Under shadow paging its shadow is
/// brought in step, and published where that is allowed. False on hardened if the root is not
/// registered although some root is.
[[nodiscard]] bool load_root(Vcpu& vcpu, std::uint64_t root);

/// Stops offering roots, on this vCPU or on every vCPU: while page tables are out of step, and
/// before the shadow of a root is given up.
void withdraw_roots(Vcpu& vcpu);
void withdraw_roots_everywhere(Vcpu& vcpu);
/// The same on the vCPUs that offer the root at `frame`.
void withdraw_root_everywhere(Vcpu& vcpu, std::uint64_t frame);

/// The guest writes to the page, so it may soon be no root: a displaced root is put back.
void restore_root(Vcpu& vcpu, std::uint64_t frame);
/// For an unaware kernel, at the end of an exit with the page tables locked: makes sure that what
/// the guest does without an exit from now on is right. A displaced root that leads to a table out
/// of step is not offered, and INVLPG exits while such a table is in use.
void keep_free_running(Vcpu& vcpu);
/// For an unaware kernel that is about to change and invalidate an entry: unlinks the tables that
/// are out of step until one of them is used, so that INVLPG and loads of displaced roots need not
/// exit.
void set_tables_aside(Vcpu& vcpu);

/// Whether some vCPU runs on the root at `frame`, as far as the monitor has seen.
bool is_current_root(const VirtualMachine& machine, std::uint64_t frame);

/// This vCPU runs in no address space: it waits to be started.
void leave_roots(Vcpu& vcpu);

/// Gives the processor the CR3-target values that are published (pending::root_targets).
void write_root_targets(Vcpu& vcpu);

} // namespace hv
