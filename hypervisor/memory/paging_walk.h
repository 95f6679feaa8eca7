#pragma once
// Walks the guest's page tables as the processor would, for any paging mode (paging_mode.h), and
// says what an access through them does.

#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/x86/page_fault.h"
#include "hypervisor/x86/paging_mode.h"

#include <array>
#include <cstdint>

namespace hv {

/// How a walk ended.
enum class WalkEnd : std::uint8_t {
    mapped,      ///< at an entry that maps a page
    not_present, ///< at an entry that is not present
    reserved,    ///< at an entry with reserved bits set
    no_memory,   ///< at a table that does not lie in the guest's RAM
};

struct WalkStep {
    std::uint64_t address; ///< guest-physical address of the entry
    std::uint64_t entry;
};

struct PageWalk {
    WalkEnd end = WalkEnd::not_present;
    int level = 0; ///< the level at which it ended
    /// By level, from the top down to `level`; [0] is not used.
    std::array<WalkStep, 5> step{};
    bool writable = true; ///< this and the next two: what all entries together allow
    bool user = true;
    bool executable = true;
    std::uint64_t gpa = 0; ///< guest-physical address of the byte, when mapped

    /// Whether an access is forbidden by the entries; `write_protect` is CR0.WP.
    [[nodiscard]] constexpr bool forbids(std::uint32_t access, bool write_protect) const {
        const bool by_user = (access & fault_code::user) != 0;
        if (by_user && !user)
            return true;
        if ((access & fault_code::write) != 0 && !writable && (by_user || write_protect))
            return true;
        return (access & fault_code::fetch) != 0 && !executable;
    }
};

/// Walks from the table at `root`; each entry is read once. `linear` must be canonical.
template <typename Mode>
PageWalk walk_pages(const GuestMemory& memory, std::uint64_t root, std::uint64_t linear,
                    const PagingFeatures& features) {
    PageWalk walk;
    std::uint64_t table = root;
    for (int level = Mode::levels; level >= 1; --level) {
        walk.level = level;
        const std::uint64_t address =
            table + Mode::index(linear, level) * sizeof(typename Mode::Entry);
        const auto entry = memory.read<typename Mode::Entry>(address);
        if (!entry) {
            walk.end = WalkEnd::no_memory;
            return walk;
        }
        walk.step[static_cast<std::size_t>(level)] = {address, *entry};
        if ((*entry & paging::present) == 0) {
            walk.end = WalkEnd::not_present;
            return walk;
        }
        if ((*entry & Mode::reserved(*entry, level, features)) != 0) {
            walk.end = WalkEnd::reserved;
            return walk;
        }
        walk.writable = walk.writable && Mode::writable(*entry, level);
        walk.user = walk.user && Mode::user(*entry, level);
        walk.executable = walk.executable && Mode::executable(*entry, level);
        if (Mode::maps_page(*entry, level)) {
            const std::uint64_t offset_mask = (std::uint64_t{1} << Mode::shift(level)) - 1;
            walk.gpa = Mode::page_address(*entry, level) | (linear & offset_mask);
            walk.end = WalkEnd::mapped;
            return walk;
        }
        table = *entry & paging::address_mask;
    }
    return walk;
}

} // namespace hv
