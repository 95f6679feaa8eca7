#pragma once
// The roots of the shadow tables outside IA-32e mode. There the processor uses PAE paging, whatever
// mode the guest is in (table_format.h): it loads four pointers from the root at each load of CR3
// and at each VM entry (SDM vol. 3, 4.4.1 and 27.3.2.4), each of which leads to a table of level 2.
//
// Each vCPU has one *pointer table* for this, for good. Its copy (ShadowTable::copy) has what the
// pointers stand for, in the format of 4-level paging:
//
//   the guest's mode   pointer n stands for
//   PAE paging         the n-th of the entries that the guest has loaded with CR3
//   32-bit paging      the n-th quarter of the guest's page directory
//   no paging          the n-th GiB of memory, as one page

#include "hypervisor/translation/shadow/shadow_table_set.h"

#include <array>
#include <cstdint>

namespace hv {

class PointerTables : public ShadowTableSet {
  public:
    using ShadowTableSet::ShadowTableSet;

    using Pointers = std::array<std::uint64_t, 4>;

    /// Makes a pointer table for the acting vCPU, whose pointers are all absent. It is pinned, and
    /// never released. 0: to be repeated.
    [[nodiscard]] ShadowNumber make_pointer_table();
    /// Loads what the pointers of `number` stand for in the guest's `mode`. Page tables that have a
    /// shadow table are brought in step and used at once; a fault makes the others. False: to be
    /// repeated.
    [[nodiscard]] bool load_pointers(ShadowNumber number, PagingMode mode,
                                     const Pointers& pointers);
    /// What pointer `index` stands for.
    std::uint64_t pointer(ShadowNumber number, std::uint32_t index) const {
        return pool_.entry(pool_.table(number).copy * shadow_slots + index);
    }
    /// What a pointer stands for that leads to the table at `address`, or that maps the GiB there.
    static constexpr std::uint64_t pointer_to(std::uint64_t address, bool maps_memory = false) {
        return address | shadow_bits::usable | shadow_bits::writable_and_dirty | paging::user |
               (maps_memory ? paging::page_size : 0);
    }

  protected:
    /// table_entry() for an entry of table `parent`: a pointer has no rights (table 4-8).
    std::uint64_t link_entry(ShadowNumber parent, ShadowNumber child, std::uint64_t guest,
                             int level) const {
        if (level == PaePaging::levels && is_pointer_table(parent)) [[unlikely]]
            return pool_.address(child) | paging::present;
        return table_entry(child, guest, level);
    }
};

} // namespace hv
