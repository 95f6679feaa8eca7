#pragma once
// Counts what compiled code does to the guest's memory: the pages are made inaccessible, and each
// instruction that faults is let through alone, with the trap flag set. So it is the generated code
// that is seen, not the source: a compiler that reads a word again is caught.

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace hv::test {

/// What one instruction did to one place in memory.
struct CountedAccess {
    std::uint64_t physical; ///< of the first byte
    std::uint32_t size;     ///< in bytes
    bool read;
    bool write;          ///< with `read`: one instruction that does both, INC for one
    bool protected_page; ///< at that moment the guest could not write there
};

/// Runs `code`, which must not throw; returns every access that it makes to the current machine's
/// guest RAM and vCPU areas, in order. An instruction that accesses two places of one page (MOVS)
/// counts as one access.
std::vector<CountedAccess> count_accesses(const std::function<void()>& code);

/// How often each byte is read at a time when the guest can write it; no byte that never is.
std::map<std::uint64_t, std::uint32_t>
reads_of_writable(const std::vector<CountedAccess>& accesses);

} // namespace hv::test
