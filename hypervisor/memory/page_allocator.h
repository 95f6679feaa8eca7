#pragma once
// Pages of the monitor's own memory. They are never given back. All are allocated at boot, except
// EPT tables for large pages that are split later, whose number is bounded by the pages that can be
// protected.

#include "hypervisor/memory/direct_map.h"

#include <cstdint>

namespace hv {

class PageAllocator {
  public:
    constexpr PageAllocator() = default;
    /// Hands out [begin, end), physical addresses of whole pages.
    PageAllocator(std::uint64_t begin, std::uint64_t end) : next_{begin}, end_{end} {}

    /// The physical address of `count` adjacent zeroed pages, or 0 when none are left.
    std::uint64_t take(std::uint64_t count = 1) {
        if (count > (end_ - next_) / page_size)
            return 0;
        const std::uint64_t page = next_;
        next_ += count * page_size;
        for (std::uint64_t offset = 0; offset < count * page_size; offset += sizeof(std::uint64_t))
            direct_word<std::uint64_t>(page + offset) = 0;
        return page;
    }

    std::uint64_t pages_left() const { return (end_ - next_) / page_size; }

  private:
    std::uint64_t next_ = 0;
    std::uint64_t end_ = 0;
};

} // namespace hv
