#include "hypervisor/boot/loader/boot_area.h"

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/x86/segment.h"

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

void fill_descriptors(const BootSelectors& selectors) {
    std::memset(direct_pointer(boot_area::gdt), 0, 2 * page_size); // the TSS's page too
    auto* gdt = reinterpret_cast<std::uint64_t*>(direct_pointer(boot_area::gdt));
    gdt[selectors.code / 8] = 0x00AF9B000000FFFF; // 64-bit code, ring 0, accessed
    gdt[selectors.data / 8] = 0x00CF93000000FFFF; // data, ring 0, accessed
    constexpr std::uint32_t present = 1U << 7;
    gdt[selectors.tss / 8] = descriptor_from_segment(
        {selectors.tss, boot_area::tss, 103, {present | segment_type::tss_busy}});
}

} // namespace

void fill_boot_area(const BootSelectors& selectors) {
    fill_page_tables();
    fill_descriptors(selectors);
}

} // namespace hv
