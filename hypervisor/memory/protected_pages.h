#pragma once
// Which of the guest's pages are write-protected through EPT, and how often.

#include "hypervisor/memory/ept.h"

#include <boost/container/flat_map.hpp>
#include <boost/container/static_vector.hpp>

#include <cstdint>
#include <utility>

namespace hv {

/// Four tables of at most 64 KiB, each on at most 17 pages, twice while one replaces another.
inline constexpr std::uint32_t max_protected_pages = 2 * 4 * 17;

/// Counts the tables that lie on each page, so that a page is writable again when the last is gone.
class ProtectedPages {
  public:
    ProtectedPages() = default;
    /// The EPT must outlive this object.
    explicit ProtectedPages(Ept& ept) : ept_{&ept} {}

    /// Takes the right to write from the page that holds `gpa`. False when it is not mapped, or no
    /// more pages can be protected.
    [[nodiscard]] bool protect(std::uint64_t gpa);
    /// Undoes one protect of the page.
    void release(std::uint64_t gpa);
    bool contains(std::uint64_t gpa) const;

    /// Gives the right to write for one instruction, and takes it again; the page stays counted.
    void open(std::uint64_t gpa);
    void close(std::uint64_t gpa);

    /// Whether rights were taken since the last call: the caller then owes an INVEPT.
    bool take_rights_reduced() { return std::exchange(rights_reduced_, false); }

  private:
    using Counts = boost::container::flat_map<
        std::uint64_t, std::uint16_t, std::less<>,
        boost::container::static_vector<std::pair<std::uint64_t, std::uint16_t>,
                                        max_protected_pages>>;
    Ept* ept_ = nullptr;
    Counts counts_;
    bool rights_reduced_ = false;
};

} // namespace hv
