#pragma once
// What exit handlers defer, to be done once before the guest continues: a batch of entries may
// change the same register many times. exits/settle.cpp does it.

#include <cstdint>

namespace hv {

/// Bits of Vcpu::pending, all done by settle().
namespace pending {
inline constexpr std::uint8_t cr0 = 1
                                    << 0; ///< cr0_shadow changed, the VMCS has not been written yet
inline constexpr std::uint8_t non_global_translations = 1 << 1; ///< a CR3 load was emulated
inline constexpr std::uint8_t all_translations = 1 << 2;        ///< CR4 or page tables changed
inline constexpr std::uint8_t ept_translations = 1 << 3;        ///< EPT rights were taken away
/// This vCPU holds the page-table lock, and page tables may have changed: translations that became
/// stale must be dropped, and the lock released.
inline constexpr std::uint8_t page_tables = 1 << 5;
inline constexpr std::uint8_t root_targets = 1 << 4; ///< the published roots have changed
inline constexpr std::uint8_t lines = 1 << 6;        ///< lines wait for the console
} // namespace pending

} // namespace hv
