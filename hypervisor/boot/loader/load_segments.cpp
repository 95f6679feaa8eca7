#include "hypervisor/boot/loader/load_segments.h"

#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"

#include <cstring>

namespace hv {

namespace {

using console::Hex;

void check_place(const LoadSegment& segment, const GuestPlace& place) {
    const PhysicalRange& range = segment.memory;
    const auto refuse = [&range](const auto&... what) {
        console::fail("guest: its segment at ", Hex{range.begin}, " to ", Hex{range.end}, ' ',
                      what...);
    };
    if (range.overlaps(rom_window))
        refuse("overlaps the ROM window at ", Hex{rom_window.begin}, " to ", Hex{rom_window.end},
               "; link it at 2 MiB or above");
    const auto& free = place.loadable.ranges(); // the largest first
    if (free.empty() || range.size() > free.front().size())
        refuse("is too big for this machine's memory; give more --memory");
    if (range.overlaps(place.monitor))
        refuse("overlaps the monitor at ", Hex{place.monitor.begin}, " to ", Hex{place.monitor.end},
               "; link it lower or give more --memory");
    if (range.overlaps(boot_area_range))
        refuse("overlaps the boot area at ", Hex{boot_area_range.begin}, " to ",
               Hex{boot_area_range.end}, "; link it at 2 MiB or above");
    if (!place.loadable.is_ram(range.begin, range.size()))
        refuse("is not all memory of this machine; link it lower or give more --memory");
}

} // namespace

void load_segments(std::span<const std::uint8_t> file, const ElfImage& image,
                   const GuestPlace& place) {
    for (const LoadSegment& segment : image.segments)
        check_place(segment, place);
    for (const LoadSegment& segment : image.segments) {
        std::uint8_t* to = direct_pointer(segment.memory.begin);
        std::memcpy(to, file.data() + segment.file_offset, segment.file_size);
        std::memset(to + segment.file_size, 0, segment.memory.size() - segment.file_size);
    }
}

PhysicalRange move_initrd(const GuestPlace& place, std::uint64_t limit,
                          std::span<const PhysicalRange> taken) {
    const std::uint64_t size = place.initrd.size();
    if (size == 0)
        return {};
    boost::container::static_vector<PhysicalRange, max_load_segments + 2> all;
    all.push_back(boot_area_range);
    all.push_back(rom_window);
    all.insert(all.end(), taken.begin(), taken.end());
    const std::uint64_t found = place.loadable.find_highest(size, page_size, limit, all);
    if (found == 0)
        console::fail("guest: there is no place for the initrd, or module, of ", size >> 10,
                      " KiB beside the kernel; give more --memory or a smaller file");
    std::memmove(direct_pointer(found), direct_pointer(place.initrd.begin), size);
    return {found, found + size};
}

} // namespace hv
