#include "hypervisor/boot/loader/linux_loader.h"

#include "hypervisor/boot/loader/linux_image.h"
#include "hypervisor/boot/loader/load_segments.h"
#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"

#include <algorithm>
#include <array>
#include <asm/bootparam.h>
#include <cstring>

namespace hv {

namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;
constexpr std::uint8_t unregistered_boot_loader = 0xFF;
/// Bytes of an RSDP of ACPI 2.0 (ACPI specification, 5.2.5.3); older ones are shorter.
constexpr std::uint64_t rsdp_size = 36;

// The protocol's __BOOT_CS and __BOOT_DS.
constexpr BootSelectors selectors{.code = 0x10, .data = 0x18, .tss = 0x20};

static_assert(sizeof(boot_params) == page_size);

// Where the kernel asks to be, or where there is room.
PhysicalRange place_kernel(const LinuxImage& image, const GuestPlace& place) {
    const std::uint64_t preferred = image.preferred_address;
    if (place.loadable.is_ram(preferred, image.memory_size))
        return {preferred, preferred + image.memory_size};
    const std::array taken{boot_area_range, rom_window, place.initrd};
    const std::uint64_t found =
        image.alignment == 0
            ? 0
            : place.loadable.find_highest(image.memory_size, image.alignment, four_gib, taken);
    if (found == 0)
        console::fail("Linux: the kernel needs ", image.memory_size >> 20,
                      " MiB in one piece; give more --memory");
    return {found, found + image.memory_size};
}

void fill_memory_map(boot_params& params, const GuestPlace& place) {
    static_assert(MemoryDescription::static_capacity <= std::size(boot_params{}.e820_table));
    for (const abi::MemoryRange& range : describe_memory(place))
        params.e820_table[params.e820_entries++] = {range.address, range.size, range.type};
}

void fill_command_line(const LinuxImage& image, std::string_view arguments) {
    if (arguments.size() > image.command_line_size)
        console::fail("Linux: the command line is longer than the ", image.command_line_size,
                      " characters that this kernel takes");
    char* text = reinterpret_cast<char*>(direct_pointer(boot_area::command_line));
    std::memcpy(text, arguments.data(), arguments.size());
    text[arguments.size()] = 0;
}

void fill_boot_params(std::span<const std::uint8_t> file, const LinuxImage& image,
                      const PhysicalRange& kernel, const PhysicalRange& initrd,
                      const GuestPlace& place) {
    boot_params& params = *reinterpret_cast<boot_params*>(direct_pointer(boot_area::boot_params));
    params = {};
    std::memcpy(&params.hdr, file.data() + offsetof(boot_params, hdr), image.setup_header_size);
    params.hdr.type_of_loader = unregistered_boot_loader;
    params.hdr.cmd_line_ptr = static_cast<std::uint32_t>(boot_area::command_line);
    params.hdr.code32_start = static_cast<std::uint32_t>(kernel.begin);
    params.hdr.ramdisk_image = static_cast<std::uint32_t>(initrd.begin);
    params.hdr.ramdisk_size = static_cast<std::uint32_t>(initrd.size());
    params.acpi_rsdp_addr = place.rsdp != 0 ? boot_area::rsdp : 0;
    fill_memory_map(params, place);
}

} // namespace

LoadedGuest load_linux(std::span<const std::uint8_t> file, std::string_view arguments,
                       const GuestPlace& place) {
    LinuxImage image{};
    if (const LinuxError error = parse_linux_image(file, image); error != LinuxError::none)
        console::fail("guest: the file is ", describe(error));
    // Before something else takes its place.
    if (place.rsdp != 0)
        std::memmove(direct_pointer(boot_area::rsdp), direct_pointer(place.rsdp), rsdp_size);
    const PhysicalRange kernel = place_kernel(image, place);
    const PhysicalRange initrd =
        move_initrd(place, std::min(image.initrd_end, four_gib), std::array{kernel});
    std::memcpy(direct_pointer(kernel.begin), file.data() + image.kernel_offset, image.kernel_size);
    fill_command_line(image, arguments);
    fill_boot_params(file, image, kernel, initrd, place);
    const StartMode mode =
        image.has_64_bit_entry ? StartMode::long_mode : StartMode::protected_mode;
    fill_boot_area(selectors, mode);
    return {.selectors = selectors,
            .entry = kernel.begin + (image.has_64_bit_entry ? linux_entry_offset : 0),
            .mode = mode,
            .rsi = boot_area::boot_params};
}

} // namespace hv
