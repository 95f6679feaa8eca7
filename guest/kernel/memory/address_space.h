#pragma once
// Address spaces: four-level page tables whose upper half is the kernel's, the same in all of them.

#include "guest/kernel/cpu/ticket_lock.h"

#include <cstdint>

namespace guest {

/// Owns its page tables, TLS page, stack pages and what address_ranges::map_own mapped. The ring-3
/// image is shared by all address spaces.
struct AddressSpace {
    std::uint64_t root; ///< physical address of the PML4: what CR3 holds
};

namespace address_spaces {

/// The kernel's own address space, without a user half.
AddressSpace& kernel();

/// The lock of the address space with this root. It must be held to change or read entries that
/// other processors may change. Several address spaces may share one lock, so nobody may hold two.
TicketLock& lock_of(std::uint64_t root);

/// Loads CR3 with `root`, and remembers it in Cpu::root: reading CR3 may cost a VM exit.
void load(std::uint64_t root);

/// Drops the identity mapping with which the kernel was booted.
void drop_identity_mapping();

/// Leaves the boot page tables for the kernel's final ones (kernel_tables.cpp).
void enter_kernel_tables();
/// The same on another processor, which starts with the final page tables or with a copy of their
/// upper half.
void enter_kernel_tables_again();

/// Creates an address space with the ring-3 image, a TLS page and `stacks` stack pages (1 to
/// user_stacks). The caller destroys it.
AddressSpace create(std::uint32_t stacks);

/// Copies an address space. Pages that it owns are shared until one side writes to them. Only page
/// tables are copied, in one lazy section; after it, translations of `parent` are dropped on all
/// processors.
AddressSpace fork(const AddressSpace& parent);

/// Releases everything it owns. No processor may have it in CR3.
void destroy(AddressSpace& space);

} // namespace address_spaces

/// The initial RSP of stack number `index` (below user_stacks).
std::uint64_t user_stack_top(std::uint32_t index);

} // namespace guest
