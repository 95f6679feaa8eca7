#pragma once
// Address spaces: four-level page tables whose upper half is the kernel's, the same in all of them.

#include <cstdint>

namespace guest {

/// Owns its page tables, TLS page and stack pages; not the ring-3 image, which all share.
struct AddressSpace {
    std::uint64_t root; ///< physical address of the PML4: what CR3 holds
};

enum class PageAccess : std::uint8_t { read_execute, read_write };

namespace address_spaces {

/// The kernel's own: no user half.
AddressSpace& kernel();

/// Drops the identity mapping the kernel was booted with.
void drop_identity_mapping();

/// An address space with the ring-3 image, a TLS page and `stacks` stack pages (1..user_stacks).
/// The caller destroys it.
AddressSpace create(std::uint32_t stacks);

/// Releases everything it owns. It must not be the one in CR3.
void destroy(AddressSpace& space);

} // namespace address_spaces

/// The initial RSP of stack number `index` (below user_stacks).
std::uint64_t user_stack_top(std::uint32_t index);

} // namespace guest
