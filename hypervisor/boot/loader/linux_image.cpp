#include "hypervisor/boot/loader/linux_image.h"

#include <algorithm>
#include <asm/bootparam.h>
#include <cstddef>
#include <cstring>

namespace hv {

namespace {

constexpr std::uint32_t header_magic = 0x53726448; // "HdrS"
/// The first with the command line as it is today; Linux 2.4.
constexpr std::uint16_t oldest_version = 0x0202;
// Protocols in which fields were added, and what a kernel of an older one expects.
constexpr std::uint16_t with_initrd_limit = 0x0203;
constexpr std::uint64_t default_initrd_limit = 0x37FFFFFF;
constexpr std::uint16_t with_relocation = 0x0205;
constexpr std::uint16_t with_command_line_size = 0x0206;
constexpr std::uint64_t default_command_line_size = 255;
constexpr std::uint16_t with_preferred_address = 0x020A;
constexpr std::uint64_t default_address = 0x100000;
constexpr std::uint64_t default_memory = 16 << 20; ///< to decompress a kernel, and to start it
constexpr std::uint16_t with_64_bit_entry = 0x020C;
constexpr std::uint64_t sector_size = 512;
constexpr std::uint64_t paragraph_size = 16; // of syssize
constexpr std::uint8_t default_setup_sectors = 4;
constexpr std::uint64_t header_offset = offsetof(boot_params, hdr);
/// The jump at the beginning of the header leads to its end: the distance is at offset 0x201 of the
/// file.
constexpr std::uint64_t jump_distance_offset = 0x201;

setup_header read_header(std::span<const std::uint8_t> file) {
    setup_header header{};
    std::memcpy(&header, file.data() + header_offset, sizeof(header));
    return header;
}

} // namespace

bool is_linux_image(std::span<const std::uint8_t> file) {
    std::uint32_t magic = 0;
    constexpr std::uint64_t offset = header_offset + offsetof(setup_header, header);
    if (file.size() < offset + sizeof(magic))
        return false;
    std::memcpy(&magic, file.data() + offset, sizeof(magic));
    return magic == header_magic;
}

std::string_view describe(LinuxError error) {
    switch (error) {
    case LinuxError::none:
        return "a Linux kernel";
    case LinuxError::not_linux:
        return "no Linux bzImage; give a vmlinuz as distributions install it";
    case LinuxError::truncated:
        return "a Linux bzImage that ends too early; copy it again";
    case LinuxError::too_old:
        return "a Linux kernel of a boot protocol older than 2.02; give Linux 2.4 or newer";
    case LinuxError::not_loaded_high:
        return "a Linux zImage, which is loaded below 1 MiB; give a bzImage";
    }
    return "";
}

namespace {

constexpr bool is_power_of_two(std::uint32_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

// Where kernel and initrd may lie.
void read_places(const setup_header& header, LinuxImage& image) {
    image.memory_size = image.kernel_size + default_memory;
    image.preferred_address = default_address;
    if (header.version >= with_preferred_address) {
        image.memory_size = std::max<std::uint64_t>(header.init_size, image.kernel_size);
        image.preferred_address = header.pref_address;
    }
    const bool is_relocatable = header.version >= with_relocation && header.relocatable_kernel != 0;
    image.alignment =
        is_relocatable && is_power_of_two(header.kernel_alignment) ? header.kernel_alignment : 0;
    image.initrd_end =
        (header.version >= with_initrd_limit ? header.initrd_addr_max : default_initrd_limit) + 1;
}

} // namespace

LinuxError parse_linux_image(std::span<const std::uint8_t> file, LinuxImage& image) {
    if (!is_linux_image(file))
        return LinuxError::not_linux;
    if (file.size() < header_offset + sizeof(setup_header))
        return LinuxError::truncated;
    const setup_header header = read_header(file);
    if (header.version < oldest_version)
        return LinuxError::too_old;
    if ((header.loadflags & LOADED_HIGH) == 0)
        return LinuxError::not_loaded_high;
    image.has_64_bit_entry =
        header.version >= with_64_bit_entry && (header.xloadflags & XLF_KERNEL_64) != 0;
    const std::uint64_t sectors =
        header.setup_sects == 0 ? default_setup_sectors : header.setup_sects;
    image.kernel_offset = (sectors + 1) * sector_size;
    image.kernel_size = std::uint64_t{header.syssize} * paragraph_size;
    if (file.size() < image.kernel_offset || image.kernel_size == 0 ||
        file.size() - image.kernel_offset < image.kernel_size)
        return LinuxError::truncated;
    read_places(header, image);
    image.command_line_size =
        header.version >= with_command_line_size ? header.cmdline_size : default_command_line_size;
    const std::uint64_t size =
        jump_distance_offset + 1 + file[jump_distance_offset] - header_offset;
    image.setup_header_size =
        static_cast<std::uint32_t>(size < sizeof(setup_header) ? size : sizeof(setup_header));
    return LinuxError::none;
}

} // namespace hv
