#pragma once
// A kernel that leaves 64-bit mode for a moment, as Linux's decompressor does to choose between
// four and five levels of page tables.

#include <cstdint>

namespace hv {

struct Vcpu;

/// The guest, in compatibility mode, has written `cr0` with PG clear: what it runs until it is in
/// 64-bit mode again is interpreted (startup.h). Ends the run, by name, when it does not come back.
void run_without_paging(Vcpu& vcpu, std::uint64_t cr0);

} // namespace hv
