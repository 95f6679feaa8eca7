#pragma once
// A kernel that is for a moment in a mode in which no vCPU can be: without paging, as Linux's
// decompressor is to choose between four and five levels of page tables, or, where a vCPU may be in
// protected mode, in real-address mode.

#include <cstdint>

namespace hv {

struct Vcpu;

/// The guest, not in 64-bit mode, has written `cr0` with PG clear, and PE too where a vCPU may be
/// in protected mode: what it runs until it is in 64-bit mode again, or in protected mode, is
/// interpreted (startup.h). Ends the run, by name, when it does not come back.
void run_without_paging(Vcpu& vcpu, std::uint64_t cr0);

} // namespace hv
