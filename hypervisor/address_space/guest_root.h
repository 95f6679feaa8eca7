#pragma once
// The root of the guest's page tables: what the guest has in CR3, what the processor has in CR3,
// and which roots the guest may load without a VM exit (docs/abi.md, "Roots without an exit").

#include "hypervisor/address_space/guest_paging.h"
#include "hypervisor/translation/shadow/shadow_pool.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// The guest's value of CR3.
std::uint64_t guest_cr3(Vcpu& vcpu);

/// The shadow page table whose address is in CR3. The guest may have loaded another published root
/// without an exit.
ShadowNumber current_shadow_root(Vcpu& vcpu);

/// Makes `root`, a page of the guest's RAM, the guest's current root. Under shadow paging the page
/// tables below it are brought in step, and the root is published where that is allowed. Errors:
/// root_not_registered on hardened, if a registered root has been loaded before; `paused`.
[[nodiscard]] abi::Error load_root(Vcpu& vcpu, std::uint64_t root);

/// The same under shadow paging for a guest that is, or is about to be, in `mode`, outside IA-32e
/// mode; `cr3` is the guest's value. Under PAE paging it loads the four entries at `cr3`. Errors:
/// bad_cr3 where one of them has reserved bits set; `paused`.
[[nodiscard]] abi::Error load_legacy_root(Vcpu& vcpu, PagingMode mode, std::uint64_t cr3);
/// Shadow paging: load_root() when IA-32e mode begins, for the value that CR3 has already.
[[nodiscard]] abi::Error load_root_again(Vcpu& vcpu, std::uint64_t root);

/// Stops offering roots, on this vCPU / on every vCPU. Needed while page tables are out of step,
/// and before the shadow table of a root is given up.
void withdraw_roots(Vcpu& vcpu);
void withdraw_roots_everywhere(Vcpu& vcpu);
/// The same on the vCPUs that offer the root at `frame`.
void withdraw_root_everywhere(Vcpu& vcpu, std::uint64_t frame);

/// Restores the root at `frame` if it is displaced: the guest writes to the page, so it may soon no
/// longer be a root. False: to be repeated (translation/paused.h).
[[nodiscard]] bool restore_root(Vcpu& vcpu, std::uint64_t frame);
/// For an unaware kernel, at the end of an exit with the page tables locked: makes sure that what
/// the guest then does without an exit has the right effect. Displaced roots that lead to a table
/// out of step are withdrawn, and INVLPG exits while such a table is in use.
void keep_free_running(Vcpu& vcpu);
/// For an unaware kernel that is about to change and invalidate an entry: unlinks the shadow tables
/// that are out of step until one of them is needed, so that INVLPG and loads of displaced roots
/// need not exit.
void set_tables_aside(Vcpu& vcpu);

/// Whether some vCPU runs on the root at `frame`, as far as the monitor knows.
bool is_current_root(const VirtualMachine& machine, std::uint64_t frame);

/// This vCPU now waits to be started, and runs in no address space: its roots are given up.
void leave_roots(Vcpu& vcpu);

/// Writes the published roots to the CR3-target values in the VMCS (pending::root_targets).
void write_root_targets(Vcpu& vcpu);

} // namespace hv
