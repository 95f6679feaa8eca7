#include "hypervisor/boot/loader/guest_loader.h"

#include "hypervisor/boot/loader/elf_image.h"
#include "hypervisor/boot/loader/load_segments.h"
#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"
#include "shared/start_info.h"

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

// docs/guests.md, "The state at the first instruction".
constexpr BootSelectors selectors{.code = 0x08, .data = 0x10, .tss = 0x18};

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
    load_segments(file, image, place);
    fill_start_info(arguments, place);
    fill_boot_area(selectors, StartMode::long_mode);
    return {.selectors = selectors, .entry = image.entry, .rdi = boot_area::start_info};
}

} // namespace hv
