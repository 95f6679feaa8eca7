#pragma once
// Which physical ranges are RAM, and which of them the guest owns.

#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

/// A half-open range of physical addresses.
struct PhysicalRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    /// Whether [address, address + size) lies inside; false when the sum wraps.
    constexpr bool contains(std::uint64_t address, std::uint64_t size) const {
        return address >= begin && size <= end - begin && address - begin <= end - begin - size;
    }
    constexpr bool overlaps(const PhysicalRange& other) const {
        return begin < other.end && other.begin < end;
    }
    constexpr std::uint64_t size() const { return end - begin; }
};

inline constexpr std::uint32_t max_memory_ranges = 32;

/// The guest's RAM: sorted by size, largest first, so that most look-ups end at the first range.
class MemoryMap {
  public:
    /// Adds a range; false when there are too many.
    bool add(PhysicalRange range);
    /// Takes a range out of all that was added, as far as it overlaps; false when there are too
    /// many ranges then.
    bool remove(PhysicalRange range);

    /// Whether [address, address + size) is the guest's RAM, in one piece.
    bool is_ram(std::uint64_t address, std::uint64_t size) const {
        for (const PhysicalRange& range : ranges_)
            if (range.contains(address, size))
                return true;
        return false;
    }

    /// The highest place below `limit` for `size` bytes, aligned, overlapping none of `taken`;
    /// 0 when there is none.
    template <typename Ranges>
    std::uint64_t find_highest(std::uint64_t size, std::uint64_t alignment, std::uint64_t limit,
                               const Ranges& taken) const;

    const auto& ranges() const { return ranges_; }

  private:
    boost::container::static_vector<PhysicalRange, max_memory_ranges> ranges_;

    void sort();
};

template <typename Ranges>
std::uint64_t MemoryMap::find_highest(std::uint64_t size, std::uint64_t alignment,
                                      std::uint64_t limit, const Ranges& taken) const {
    std::uint64_t best = 0;
    for (const PhysicalRange& range : ranges_) {
        const std::uint64_t end = range.end < limit ? range.end : limit;
        std::uint64_t top = end;
        while (top >= range.begin + size && top <= end) {
            const PhysicalRange candidate{(top - size) & ~(alignment - 1),
                                          ((top - size) & ~(alignment - 1)) + size};
            if (candidate.begin < range.begin)
                break;
            const PhysicalRange* obstacle = nullptr;
            for (const PhysicalRange& other : taken)
                if (candidate.overlaps(other))
                    obstacle = &other;
            if (obstacle == nullptr) {
                best = candidate.begin > best ? candidate.begin : best;
                break;
            }
            top = obstacle->begin;
        }
    }
    return best;
}

} // namespace hv
