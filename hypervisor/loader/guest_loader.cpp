#include "hypervisor/loader/guest_loader.h"

#include "hypervisor/console/console.h"
#include "hypervisor/loader/elf_image.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vmx/segment.h"
#include "shared/start_info.h"

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

using console::Hex;

constexpr PhysicalRange boot_range{abi::boot_area_base, boot_area::end};
constexpr PhysicalRange rom_window{abi::rom_scan_begin, abi::rom_scan_end};

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
    if (range.overlaps(boot_range))
        refuse("overlaps the boot area at ", Hex{boot_range.begin}, " to ", Hex{boot_range.end},
               "; link it at 2 MiB or above");
    if (!place.loadable.is_ram(range.begin, range.size()))
        refuse("is not all memory of this machine; link it lower or give more --memory");
}

template <typename T>
T& boot_object(std::uint64_t physical) {
    return *reinterpret_cast<T*>(direct_pointer(physical));
}

void fill_start_info(std::string_view arguments, const GuestPlace& place) {
    char* text = reinterpret_cast<char*>(direct_pointer(boot_area::command_line));
    std::memcpy(text, arguments.data(), arguments.size());
    text[arguments.size()] = 0;

    auto* entry = &boot_object<abi::MemoryRange>(boot_area::memory_map);
    std::uint32_t count = 0;
    for (const PhysicalRange& range : place.ram.ranges())
        entry[count++] = {range.begin, range.size(), abi::memory_type_ram, 0};
    entry[count++] = {rom_window.begin, rom_window.size(), abi::memory_type_reserved, 0};
    if (place.monitor.size() != 0)
        entry[count++] = {place.monitor.begin, place.monitor.size(), abi::memory_type_reserved, 0};
    std::sort(entry, entry + count, [](const abi::MemoryRange& a, const abi::MemoryRange& b) {
        return a.address < b.address;
    });

    boot_object<abi::StartInfo>(boot_area::start_info) = {
        .magic = abi::start_info_magic,
        .version = 1,
        .flags = 0,
        .module_count = 0,
        .modules = 0,
        .command_line = boot_area::command_line,
        .rsdp = place.rsdp,
        .memory_map = boot_area::memory_map,
        .memory_map_entries = count,
        .reserved = 0,
    };
}

// The low 4 GiB, identically: root, pointers, four directories of 2 MiB pages.
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

void fill_descriptors() {
    std::memset(direct_pointer(boot_area::gdt), 0, 2 * page_size); // the TSS's page too
    auto* gdt = &boot_object<std::uint64_t>(boot_area::gdt);
    gdt[boot_code_selector / 8] = 0x00AF9B000000FFFF; // 64-bit code, ring 0, accessed
    gdt[boot_data_selector / 8] = 0x00CF93000000FFFF; // data, ring 0, accessed
    constexpr std::uint32_t present = 1U << 7;
    gdt[boot_tss_selector / 8] = descriptor_from_segment(
        {boot_tss_selector, boot_area::tss, 103, {present | segment_type::tss_busy}});
}

} // namespace

LoadedGuest load_guest(std::span<const std::uint8_t> file, std::string_view arguments,
                       const GuestPlace& place) {
    ElfImage image;
    if (const ElfError error = parse_elf(file, image); error != ElfError::none)
        console::fail("guest: the file is ", describe(error));
    for (const LoadSegment& segment : image.segments)
        check_place(segment, place);
    for (const LoadSegment& segment : image.segments) {
        std::uint8_t* to = direct_pointer(segment.memory.begin);
        std::memcpy(to, file.data() + segment.file_offset, segment.file_size);
        std::memset(to + segment.file_size, 0, segment.memory.size() - segment.file_size);
    }
    fill_start_info(arguments, place);
    fill_page_tables();
    fill_descriptors();
    return {image.entry};
}

} // namespace hv
