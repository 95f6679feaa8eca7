#include "hypervisor/boot/loader/linux_image.h"

#include <asm/bootparam.h>
#include <cstddef>
#include <cstring>

namespace hv {

namespace {

constexpr std::uint32_t header_magic = 0x53726448; // "HdrS"
/// 2.12: the first that says whether there is a 64-bit entry; Linux 3.8.
constexpr std::uint16_t oldest_version = 0x020C;
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
        return "a Linux bzImage of a boot protocol older than 2.12; give Linux 3.8 or newer";
    case LinuxError::not_64_bit:
        return "a Linux bzImage without 64-bit entry; give a kernel for x86-64";
    }
    return "";
}

LinuxError parse_linux_image(std::span<const std::uint8_t> file, LinuxImage& image) {
    if (!is_linux_image(file))
        return LinuxError::not_linux;
    if (file.size() < header_offset + sizeof(setup_header))
        return LinuxError::truncated;
    const setup_header header = read_header(file);
    if (header.version < oldest_version)
        return LinuxError::too_old;
    if ((header.xloadflags & XLF_KERNEL_64) == 0 || (header.loadflags & LOADED_HIGH) == 0)
        return LinuxError::not_64_bit;
    const std::uint64_t sectors =
        header.setup_sects == 0 ? default_setup_sectors : header.setup_sects;
    image.kernel_offset = (sectors + 1) * sector_size;
    image.kernel_size = std::uint64_t{header.syssize} * paragraph_size;
    if (file.size() < image.kernel_offset || image.kernel_size == 0 ||
        file.size() - image.kernel_offset < image.kernel_size)
        return LinuxError::truncated;
    image.memory_size = header.init_size > image.kernel_size ? header.init_size : image.kernel_size;
    image.preferred_address = header.pref_address;
    const bool is_power = header.kernel_alignment != 0 &&
                          (header.kernel_alignment & (header.kernel_alignment - 1)) == 0;
    image.alignment = header.relocatable_kernel != 0 && is_power ? header.kernel_alignment : 0;
    image.initrd_end = std::uint64_t{header.initrd_addr_max} + 1;
    image.command_line_size = header.cmdline_size;
    const std::uint64_t size =
        jump_distance_offset + 1 + file[jump_distance_offset] - header_offset;
    image.setup_header_size =
        static_cast<std::uint32_t>(size < sizeof(setup_header) ? size : sizeof(setup_header));
    return LinuxError::none;
}

} // namespace hv
