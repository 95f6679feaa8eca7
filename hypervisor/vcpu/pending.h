#pragma once
// What exit handlers leave to be done once, before the guest runs on: a batch of entries may change
// the same register many times. exits/settle.cpp does it.

#include <cstdint>

namespace hv {

/// Bits of Vcpu::pending, all done by settle().
namespace pending {
inline constexpr std::uint8_t cr0 = 1
                                    << 0; ///< cr0_shadow changed, the VMCS has not been written yet
inline constexpr std::uint8_t non_global_translations = 1 << 1; ///< a CR3 load was emulated
inline constexpr std::uint8_t all_translations = 1 << 2;        ///< CR4 or page tables changed
inline constexpr std::uint8_t ept_translations = 1 << 3;        ///< EPT rights were taken away
/// This vCPU holds the lock of the page tables, which may have changed: what that made stale is to
/// be dropped, and the lock given back.
inline constexpr std::uint8_t page_tables = 1 << 5;
inline constexpr std::uint8_t root_targets = 1 << 4; ///< other roots are published
} // namespace pending

} // namespace hv
