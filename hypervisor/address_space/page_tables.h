#pragma once
// Changes of the guest's page tables by one vCPU, or on its behalf.

#include "shared/error.h"
#include "shared/page_table_calls.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// SetPxE without `defer`: judges and writes the entry at `gpa`. Errors: those of
/// RegisteredTables::set_entry.
abi::Error set_page_table_entry(Vcpu& vcpu, std::uint64_t gpa, std::uint64_t value);

/// With EPT: sets the accessed bits on the path to `linear`, or, if all are set, the dirty bit. The
/// processor was to set them and could not, since the page tables are write-protected.
void set_used_bits(Vcpu& vcpu, std::uint64_t linear);

} // namespace hv
