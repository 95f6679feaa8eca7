#include "hypervisor/boot/loader/multiboot_loader.h"

#include "hypervisor/boot/loader/load_segments.h"
#include "hypervisor/boot/loader/multiboot_image.h"
#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <cstring>

namespace hv {

namespace {

/// 3.3: the information that EBX leads to. The rest of it is not offered.
struct Information {
    std::uint32_t flags;
    std::uint32_t lower_memory; ///< KiB from address 0 on
    std::uint32_t upper_memory; ///< KiB from 1 MiB on
    std::uint32_t boot_device;
    std::uint32_t command_line;
    std::uint32_t module_count;
    std::uint32_t modules;
    std::uint32_t symbols[4];
    std::uint32_t memory_map_size; ///< bytes
    std::uint32_t memory_map;
    std::uint32_t drives_size;
    std::uint32_t drives;
    std::uint32_t configuration_table;
    std::uint32_t boot_loader_name;
    std::uint32_t unused[13];
};
static_assert(sizeof(Information) == 120);

constexpr std::uint32_t has_memory = 1 << 0;
constexpr std::uint32_t has_command_line = 1 << 2;
constexpr std::uint32_t has_modules = 1 << 3;
constexpr std::uint32_t has_memory_map = 1 << 6;
constexpr std::uint32_t has_boot_loader_name = 1 << 9;

// An entry of the memory map: its size without this word, and a range without its reserved word.
constexpr std::uint32_t range_size = 20;
constexpr std::uint32_t entry_size = 4 + range_size;

struct ModuleEntry {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t name;
    std::uint32_t reserved;
};
static_assert(sizeof(ModuleEntry) == 16);

// Bytes of the map, at boot_area::multiboot_memory_map.
std::uint32_t fill_memory_map(const GuestPlace& place) {
    static_assert(boot_area::multiboot_memory_map +
                      MemoryDescription::static_capacity * entry_size <=
                  boot_area::leave_long_mode);
    const MemoryDescription ranges = describe_memory(place);
    std::uint8_t* to = direct_pointer(boot_area::multiboot_memory_map);
    for (const abi::MemoryRange& range : ranges) {
        std::memcpy(to, &range_size, sizeof(range_size));
        std::memcpy(to + sizeof(range_size), &range, range_size);
        to += entry_size;
    }
    return static_cast<std::uint32_t>(ranges.size()) * entry_size;
}

// Copies a text with its terminating zero; returns the address after it.
std::uint64_t put_text(std::uint64_t to, std::string_view text) {
    std::memcpy(direct_pointer(to), text.data(), text.size());
    direct_pointer(to)[text.size()] = 0;
    return to + text.size() + 1;
}

void fill_information(std::string_view arguments, const PhysicalRange& module,
                      const GuestPlace& place) {
    std::uint64_t text = boot_area::command_line;
    text = put_text(text, multiboot_program) - 1;
    if (!arguments.empty())
        text = put_text(put_text(text, " ") - 1, arguments) - 1;
    const std::uint64_t name = text + 1;
    put_text(name, multiboot_loader_name);

    Information information{};
    information.flags = has_memory | has_command_line | has_memory_map | has_boot_loader_name;
    information.lower_memory = kibibytes_from(place, 0);
    information.upper_memory = kibibytes_from(place, std::uint64_t{1} << 20);
    information.command_line = static_cast<std::uint32_t>(boot_area::command_line);
    information.memory_map = static_cast<std::uint32_t>(boot_area::multiboot_memory_map);
    information.memory_map_size = fill_memory_map(place);
    information.boot_loader_name = static_cast<std::uint32_t>(name);
    if (module.size() != 0) {
        const ModuleEntry entry{static_cast<std::uint32_t>(module.begin),
                                static_cast<std::uint32_t>(module.end),
                                static_cast<std::uint32_t>(boot_area::command_line), 0};
        std::memcpy(direct_pointer(boot_area::multiboot_module), &entry, sizeof(entry));
        information.flags |= has_modules;
        information.module_count = 1;
        information.modules = static_cast<std::uint32_t>(boot_area::multiboot_module);
    }
    std::memcpy(direct_pointer(boot_area::multiboot_information), &information,
                sizeof(information));
}

} // namespace

PhysicalRange load_multiboot_files(std::span<const std::uint8_t> file, const ElfImage& image,
                                   const GuestPlace& place) {
    boost::container::static_vector<PhysicalRange, max_load_segments> taken;
    for (const LoadSegment& segment : image.segments)
        taken.push_back(segment.memory);
    const PhysicalRange module =
        move_initrd(place, std::uint64_t{1} << 32, {taken.data(), taken.size()});
    load_segments(file, image, place);
    return module;
}

std::uint32_t kibibytes_from(const GuestPlace& place, std::uint64_t begin) {
    for (const PhysicalRange& range : place.ram.ranges()) {
        if (!range.contains(begin, 1))
            continue;
        const std::uint64_t size = (range.end - begin) >> 10;
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(size, ~std::uint32_t{0}));
    }
    return 0;
}

LoadedGuest load_multiboot(std::span<const std::uint8_t> file, std::string_view arguments,
                           const GuestPlace& place) {
    ElfImage image;
    if (const MultibootError error = parse_multiboot_image(file, image);
        error != MultibootError::none)
        console::fail("guest: the file is ", describe(error));
    const PhysicalRange module = load_multiboot_files(file, image, place);
    fill_information(arguments, module, place);
    fill_boot_area(multiboot_selectors, StartMode::protected_mode);
    return {.selectors = multiboot_selectors,
            .entry = image.entry,
            .mode = StartMode::protected_mode,
            .rax = multiboot_loader_magic,
            .rbx = boot_area::multiboot_information};
}

} // namespace hv
