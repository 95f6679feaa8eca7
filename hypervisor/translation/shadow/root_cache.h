#pragma once
// The roots that one vCPU has loaded, with their shadow tables. Because of it, a context switch
// between them takes no lock that other vCPUs use.

#include "hypervisor/host/spin_lock.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/translation/shadow/shadow_pool.h"

#include <array>
#include <cstdint>

namespace hv {

/// Everything except `lock` is used with `lock` held: by the vCPU itself, and by the holder of the
/// page-table lock when it releases a shadow table. Whoever holds it waits for nothing.
class RootCache {
  public:
    SpinLock lock;

    /// The shadow table of a root of the guest; 0 when it is not in the cache.
    ShadowNumber find(std::uint64_t root) const {
        const Entry& entry = entries_[index_of(root)];
        return entry.root == root ? entry.table : 0;
    }
    /// Adds a root, which may take the place of another one.
    void put(std::uint64_t root, ShadowNumber table) { entries_[index_of(root)] = {root, table}; }
    void forget(std::uint64_t root) { entries_[index_of(root)] = {}; }
    void forget_all() { entries_ = {}; }

  private:
    struct Entry {
        std::uint64_t root = 0; ///< 0, which is never a root: the entry is empty
        ShadowNumber table = 0;
    };
    static constexpr std::size_t size = 256;
    std::array<Entry, size> entries_{};

    static std::size_t index_of(std::uint64_t root) { return root / page_size % size; }
};

} // namespace hv
