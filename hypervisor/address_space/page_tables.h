#pragma once
// The guest's page tables as one vCPU changes them: through the machine's registered tables and
// shadows, with the translations this vCPU then has to drop.

#include "shared/error.h"
#include "shared/page_table_calls.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// SetPxE without `defer`: judges, writes, and marks stale translations to be dropped. Errors:
/// those of RegisteredTables::set_entry.
abi::Error set_page_table_entry(Vcpu& vcpu, std::uint64_t gpa, std::uint64_t value);

/// EPT: sets the accessed bits on the way to `linear`, and where they are all set the dirty bit,
/// as the processor wanted to and could not: the tables are write-protected.
void set_used_bits(Vcpu& vcpu, std::uint64_t linear);

} // namespace hv
