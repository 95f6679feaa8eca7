#pragma once
// Extended page tables: what the guest may do with each guest-physical page (SDM vol. 3, 29.3).

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/memory/page_allocator.h"
#include "shared/processors.h"

#include <array>
#include <cstdint>

namespace hv {

/// Rights an EPT entry grants.
enum class EptRights : std::uint8_t {
    none = 0,
    read = 1,
    read_write = 3,
    read_execute = 5,
    all = 7,
};

/// The guest-physical address space, 4 levels, leaves of 4 KiB and 2 MiB. Each vCPU has a view of
/// its own, which differs from the others' in the first 2 MiB: the tables that lead there are its
/// own, all others are shared.
class Ept {
  public:
    constexpr Ept() = default;

    /// Takes a root page for the first view; ok() tells whether there was one. The allocator must
    /// outlive this object.
    explicit Ept(PageAllocator& pages) : pages_{&pages}, views_{1} { way_[0][0] = pages.take(); }

    /// Makes `count` views in all, at least 1, alike. The first 2 MiB must be mapped by 4 KiB
    /// pages; nothing is mapped for the first time afterwards. False when no table page is left.
    [[nodiscard]] bool make_views(std::uint32_t count);

    /// The EPT pointer for the VMCS: root, 4 levels, write-back.
    std::uint64_t pointer(std::uint32_t view) const { return pointer_to(root(view)); }
    static constexpr std::uint64_t pointer_to(std::uint64_t root) { return root | 3 << 3 | 6; }
    std::uint64_t root(std::uint32_t view) const { return way_[view][0]; }

    /// Maps the 2 MiB page at `gpa` to `physical`, both aligned. False when no table page is left.
    /// Before make_views.
    [[nodiscard]] bool map_large(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                                 MemoryType type);

    /// Maps the 4 KiB page at `gpa` to `physical`, splitting a 2 MiB leaf where one is in the way.
    /// False when no table page is left. Before make_views.
    [[nodiscard]] bool map(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                           MemoryType type);

    /// The same in one view, of a page in the first 2 MiB.
    void map_in_view(std::uint32_t view, std::uint64_t gpa, std::uint64_t physical,
                     EptRights rights, MemoryType type);

    /// Changes the rights of the 4 KiB page that holds `gpa`, which must be mapped, in all views; a
    /// 2 MiB leaf is split. False when it is not mapped or no table page is left. The caller does
    /// INVEPT.
    [[nodiscard]] bool set_rights(std::uint64_t gpa, EptRights rights);

    /// The leaf entry that maps `gpa` in the first view, or 0.
    std::uint64_t leaf(std::uint64_t gpa) const;

    bool ok() const { return way_[0][0] != 0; }

  private:
    PageAllocator* pages_ = nullptr;
    std::uint32_t views_ = 0;
    /// Of each view the tables that lead to the first 2 MiB, the root first.
    std::array<std::array<std::uint64_t, 4>, abi::max_vcpus> way_{};

    std::uint64_t entry_address(std::uint64_t gpa, int level, bool allocate) const;
    bool split(std::uint64_t entry_address) const;
    void share(std::uint64_t gpa) const;
};

} // namespace hv
