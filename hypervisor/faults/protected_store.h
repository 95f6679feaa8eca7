#pragma once
// A store by the guest to a page that it may not write: decoded, judged and carried out in the one
// exit that it took, or run by the guest itself in a single step (faults/single_step.h).

#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// The address of the store, from the exit information.
struct StoreTarget {
    std::uint64_t gpa;    ///< guest-physical address of its first byte in the page
    std::uint64_t linear; ///< linear address of the same byte; used under shadow paging only
    std::uint64_t cr3;    ///< the guest's, by which the code of the store is found
};

/// Leaves the vCPU ready for VM entry: after the store, in a single step, or with #GP injected.
/// With the page tables locked, unless the page is the local APIC's: so that no other vCPU changes
/// what is read, judged and written.
void emulate_store(Vcpu& vcpu, StoreTarget target);

/// A store to a page of Chipset::guarded_pages: dropped, as one through the ports is, counted as
/// refused, and named. #GP where the instruction is not a plain store.
void drop_store(Vcpu& vcpu, StoreTarget target);

/// Injects #GP for an access that is refused, and counts it as MemoryAccess::refused.
void refuse_access(Vcpu& vcpu, std::uint64_t gpa, abi::Error error);

} // namespace hv
