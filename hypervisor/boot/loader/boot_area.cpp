#include "hypervisor/boot/loader/boot_area.h"

#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/x86/segment.h"

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

// Root, pointers, four directories of 2 MiB pages.
void fill_page_tables() {
    constexpr std::uint64_t bits = paging::present | paging::writable;
    constexpr std::uint64_t pointers = boot_area::page_tables + page_size;
    constexpr std::uint64_t directories = pointers + page_size;
    std::memset(direct_pointer(boot_area::page_tables), 0, 2 * page_size);
    direct_word<std::uint64_t>(boot_area::page_tables) = pointers | bits;
    for (std::uint64_t index = 0; index < 4; ++index)
        direct_word<std::uint64_t>(pointers + index * 8) = (directories + index * page_size) | bits;
    for (std::uint64_t index = 0; index < 2048; ++index)
        direct_word<std::uint64_t>(directories + index * 8) =
            index * large_page_size | bits | paging::page_size;
}

void fill_descriptors(const BootSelectors& selectors, StartMode mode) {
    std::memset(direct_pointer(boot_area::gdt), 0, 2 * page_size); // the TSS's page too
    auto* gdt = reinterpret_cast<std::uint64_t*>(direct_pointer(boot_area::gdt));
    constexpr std::uint64_t code_64 = 0x00AF9B000000FFFF; // this and the next: ring 0, accessed
    constexpr std::uint64_t code_32 = 0x00CF9B000000FFFF;
    constexpr std::uint64_t data = 0x00CF93000000FFFF;
    gdt[selectors.code / 8] = mode == StartMode::long_mode ? code_64 : code_32;
    gdt[selectors.data / 8] = data;
    constexpr std::uint32_t present = 1U << 7;
    gdt[selectors.tss / 8] = descriptor_from_segment(
        {selectors.tss, boot_area::tss, 103, {present | segment_type::tss_busy}});
}

} // namespace

void fill_boot_area(const BootSelectors& selectors, StartMode mode) {
    fill_page_tables();
    fill_descriptors(selectors, mode);
}

MemoryDescription describe_memory(const GuestPlace& place) {
    MemoryDescription ranges;
    const auto add = [&ranges](const abi::MemoryRange& range) {
        if (ranges.size() == ranges.capacity())
            console::fail("guest: the machine's memory map has too many ranges");
        ranges.push_back(range);
    };
    for (const PhysicalRange& range : place.ram.ranges())
        add({range.begin, range.size(), abi::memory_type_ram, 0});
    for (const abi::MemoryRange& range : place.firmware)
        if (range.type != abi::memory_type_ram)
            add(range);
    add({rom_window.begin, rom_window.size(), abi::memory_type_reserved, 0});
    if (place.monitor.size() != 0)
        add({place.monitor.begin, place.monitor.size(), abi::memory_type_reserved, 0});
    std::sort(ranges.begin(), ranges.end(),
              [](const abi::MemoryRange& left, const abi::MemoryRange& right) {
                  return left.address < right.address;
              });
    return ranges;
}

} // namespace hv
