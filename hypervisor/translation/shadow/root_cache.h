#pragma once
// The roots that one vCPU has loaded, with their shadows: so that a context switch between them
// takes no lock that other vCPUs use.

#include "hypervisor/host/spin_lock.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/translation/shadow/shadow_pool.h"

#include <array>
#include <cstdint>

namespace hv {

/// All but `lock` is used with it held: by its vCPU, and by the holder of the page tables' lock
/// that releases a shadow. Whoever holds it waits for nothing.
class RootCache {
  public:
    SpinLock lock;

    /// The shadow of a guest's root; 0 when it is not known.
    ShadowNumber find(std::uint64_t root) const {
        const Entry& entry = entries_[index_of(root)];
        return entry.root == root ? entry.table : 0;
    }
    /// Another root may be forgotten for it.
    void put(std::uint64_t root, ShadowNumber table) { entries_[index_of(root)] = {root, table}; }
    void forget(std::uint64_t root) { entries_[index_of(root)] = {}; }

  private:
    struct Entry {
        std::uint64_t root = 0; ///< physical address 0 is nobody's root: table is 0
        ShadowNumber table = 0;
    };
    static constexpr std::size_t size = 256;
    std::array<Entry, size> entries_{};

    static std::size_t index_of(std::uint64_t root) { return root / page_size % size; }
};

} // namespace hv
