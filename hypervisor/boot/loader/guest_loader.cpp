#include "hypervisor/boot/loader/guest_loader.h"

#include "hypervisor/boot/loader/elf_image.h"
#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"
#include "shared/start_info.h"

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

using console::Hex;

// docs/guests.md, "The state at the first instruction".
constexpr BootSelectors selectors{.code = 0x08, .data = 0x10, .tss = 0x18};

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
    fill_boot_area(selectors);
    return {.selectors = selectors, .entry = image.entry, .rdi = boot_area::start_info, .rsi = 0};
}

} // namespace hv
