#include "hypervisor/memory/memory_map.h"

#include <algorithm>

namespace hv {

bool MemoryMap::add(PhysicalRange range) {
    if (range.begin >= range.end)
        return true;
    if (ranges_.size() == ranges_.capacity())
        return false;
    ranges_.push_back(range);
    sort();
    return true;
}

bool MemoryMap::remove(PhysicalRange range) {
    for (std::uint32_t index = 0; index < ranges_.size(); ++index) {
        const PhysicalRange old = ranges_[index];
        if (!old.overlaps(range))
            continue;
        const PhysicalRange below{old.begin, std::max(old.begin, range.begin)};
        const PhysicalRange above{std::min(old.end, range.end), old.end};
        ranges_[index] = below;
        if (above.begin < above.end) {
            if (ranges_.size() == ranges_.capacity())
                return false;
            ranges_.push_back(above);
        }
    }
    ranges_.erase(std::remove_if(ranges_.begin(), ranges_.end(),
                                 [](const PhysicalRange& r) { return r.begin >= r.end; }),
                  ranges_.end());
    sort();
    return true;
}

void MemoryMap::sort() {
    std::sort(ranges_.begin(), ranges_.end(), [](const PhysicalRange& a, const PhysicalRange& b) {
        return a.size() != b.size() ? a.size() > b.size() : a.begin < b.begin;
    });
}

} // namespace hv
