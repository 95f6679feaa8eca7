#pragma once
// Extended page tables: what the guest may do with each guest-physical page (SDM vol. 3, 29.3).

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/memory/page_allocator.h"
#include "hypervisor/memory/page_table_editor.h"
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

/// EPT entries, for the editor (SDM vol. 3, tables 29-1 to 29-7). The rights of a page are those
/// that all entries on its path grant, so links grant every right and the last entry restricts.
struct EptFormat {
    static constexpr std::uint64_t link_bits = static_cast<std::uint64_t>(EptRights::all);

    /// The memory type lies in the same bits of both entries.
    static constexpr std::uint64_t small_entry(std::uint64_t large, std::uint64_t number) {
        return (large & ~paging::page_size) + number * page_size;
    }
};

/// The guest-physical address space: 4 levels, pages of 4 KiB and 2 MiB. Each vCPU has a view of
/// its own. Views differ in the first 2 MiB only: each view has its own four tables that lead
/// there, and all other tables are shared.
class Ept {
  public:
    constexpr Ept() = default;

    /// Takes a root page for the first view; ok() tells whether there was one. The allocator must
    /// outlive this object.
    explicit Ept(PageAllocator& pages) : pages_{&pages}, views_{1} { path_[0][0] = pages.take(); }

    /// Makes views that map the same as the first one, until there are `count` (at least 1). The
    /// first 2 MiB must be mapped by 4 KiB pages. Afterwards nothing more may be mapped for the
    /// first time. False when no page is left for a table.
    [[nodiscard]] bool make_views(std::uint32_t count);

    /// The EPT pointer for the VMCS: root, 4 levels, write-back.
    std::uint64_t pointer(std::uint32_t view) const { return pointer_to(root(view)); }
    static constexpr std::uint64_t pointer_to(std::uint64_t root) { return root | 3 << 3 | 6; }
    std::uint64_t root(std::uint32_t view) const { return path_[view][0]; }

    /// Maps the 2 MiB page at `gpa` to `physical`, both aligned. False when no page is left for a
    /// table. To be called before make_views.
    [[nodiscard]] bool map_large(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                                 MemoryType type);

    /// Maps the 4 KiB page at `gpa` to `physical`; a 2 MiB page that covers it is split. False when
    /// no page is left for a table. To be called before make_views.
    [[nodiscard]] bool map(std::uint64_t gpa, std::uint64_t physical, EptRights rights,
                           MemoryType type);

    /// Maps a 4 KiB page of the first 2 MiB in one view only. To be called after make_views.
    void map_in_view(std::uint32_t view, std::uint64_t gpa, std::uint64_t physical,
                     EptRights rights, MemoryType type);

    /// Changes the rights of the 4 KiB page that holds `gpa`, in all views; a 2 MiB page that
    /// covers it is split. False when it is not mapped, or no page is left for a table. The caller
    /// does INVEPT.
    [[nodiscard]] bool set_rights(std::uint64_t gpa, EptRights rights);

    /// The entry that maps the page of `gpa` in the first view; 0 when it is not mapped.
    std::uint64_t leaf(std::uint64_t gpa) const;

    bool ok() const { return path_[0][0] != 0; }

  private:
    PageAllocator* pages_ = nullptr;
    std::uint32_t views_ = 0;
    /// The tables that lead to the first 2 MiB in each view: physical addresses, the root first.
    std::array<std::array<std::uint64_t, FourLevelPaging::levels>, abi::max_vcpus> path_{};

    PageTableEditor<EptFormat> editor(std::uint32_t view) const {
        return PageTableEditor<EptFormat>{root(view)};
    }
    void share(std::uint64_t gpa) const;
};

} // namespace hv
