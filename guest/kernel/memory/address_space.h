#pragma once
// Address spaces: four-level page tables whose upper half is the kernel's, the same in all of them.

#include "guest/kernel/cpu/ticket_lock.h"

#include <cstdint>

namespace guest {

/// Owns its page tables, TLS page, stack pages and what address_ranges::map_own mapped; not the
/// ring-3 image, which all share.
struct AddressSpace {
    std::uint64_t root; ///< physical address of the PML4: what CR3 holds
};

namespace address_spaces {

/// The kernel's own: no user half.
AddressSpace& kernel();

/// Held by whoever changes or reads the entries of an address space that others may change.
/// Different ones may have the same lock: nobody may hold two.
TicketLock& lock_of(std::uint64_t root);

/// Makes `root` this processor's, and remembers it: to ask CR3 may cost a VM exit.
void load(std::uint64_t root);

/// Drops the identity mapping the kernel was booted with.
void drop_identity_mapping();

/// Leaves the boot page tables for the kernel's final ones (memory/kernel_tables.cpp).
void enter_kernel_tables();
/// On another processor, which starts with them or with a copy of their upper half.
void enter_kernel_tables_again();

/// An address space with the ring-3 image, a TLS page and `stacks` stack pages (1..user_stacks).
/// The caller destroys it.
AddressSpace create(std::uint32_t stacks);

/// A copy: own pages are shared until one side writes. Nothing is copied but page tables, in one
/// lazy section; translations of `parent` are dropped behind it, on all processors.
AddressSpace fork(const AddressSpace& parent);

/// Releases everything it owns. It must not be the one in CR3 of any processor.
void destroy(AddressSpace& space);

} // namespace address_spaces

/// The initial RSP of stack number `index` (below user_stacks).
std::uint64_t user_stack_top(std::uint32_t index);

} // namespace guest
