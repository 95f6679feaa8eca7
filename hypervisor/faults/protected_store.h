#pragma once
// A store of the guest's to a page that it may not write: decoded, judged and carried out in the
// one exit it took, or run as an instruction of its own.

#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Where the store went, as the exit tells it.
struct StoreTarget {
    std::uint64_t gpa;    ///< of its first byte in the page
    std::uint64_t linear; ///< the same; used under shadow paging only
};

/// Leaves the vCPU ready for VM entry: behind the store, in a single step, or in #GP.
void emulate_store(Vcpu& vcpu, StoreTarget target);

/// #GP for an access that is refused; counted as `refused`.
void refuse_access(Vcpu& vcpu, std::uint64_t gpa, abi::Error error);

} // namespace hv
