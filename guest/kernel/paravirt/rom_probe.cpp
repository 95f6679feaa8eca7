#include "guest/kernel/paravirt/rom_probe.h"

#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"

#include <cstddef>
#include <cstring>

namespace guest::paravirt {
namespace {

template <typename T>
T read(std::span<const std::uint8_t> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::uint8_t sum(std::span<const std::uint8_t> bytes) {
    std::uint8_t total = 0;
    for (const std::uint8_t byte : bytes)
        total = static_cast<std::uint8_t>(total + byte);
    return total;
}

/// True if `image` holds `text` and a terminating zero at `offset`.
bool holds_string(std::span<const std::uint8_t> image, std::size_t offset, std::string_view text) {
    if (offset >= image.size() || image.size() - offset <= text.size())
        return false;
    return std::memcmp(image.data() + offset, text.data(), text.size()) == 0 &&
           image[offset + text.size()] == 0;
}

bool has_licence(std::span<const std::uint8_t> image, std::size_t offset) {
    return offset >= sizeof(abi::RomHeader) &&
           (holds_string(image, offset, "GPL") || holds_string(image, offset, "GPL v2"));
}

bool has_pci_header(std::span<const std::uint8_t> image, std::size_t offset) {
    if (offset < sizeof(abi::RomHeader) || image.size() - sizeof(std::uint32_t) < offset)
        return false;
    return read<std::uint32_t>(image, offset) == abi::pci_signature;
}

RomFault check_extension(std::span<const std::uint8_t> image, const abi::RomExtension& extension,
                         std::size_t bytes_to_window_end) {
    if (extension.signature != abi::extension_signature ||
        extension.size < sizeof(abi::RomExtension))
        return RomFault::no_extension;
    if (extension.version != abi::abi_version)
        return RomFault::abi_version;
    for (const std::uint32_t entry : {extension.vmi_init, extension.get_reloc})
        if (entry < sizeof(abi::RomHeader) || entry >= image.size())
            return RomFault::bad_entry;
    if (extension.ring_capacity != abi::ring_capacity)
        return RomFault::ring_capacity;
    if (extension.vcpu_area < image.size() || extension.vcpu_area > bytes_to_window_end ||
        bytes_to_window_end - extension.vcpu_area < sizeof(abi::VcpuArea))
        return RomFault::vcpu_area;
    return RomFault::none;
}

/// Checks the ROM at the start of `rest`, which reaches to the window's end.
RomFault check(std::span<const std::uint8_t> rest, const abi::RomHeader& header) {
    const std::size_t size = std::size_t{header.length} * abi::rom_size_unit;
    if (size < sizeof(abi::RomHeader) || size > rest.size())
        return RomFault::truncated;
    const std::span<const std::uint8_t> image = rest.first(size);
    if (sum(image) != 0)
        return RomFault::checksum;
    if (header.api_major != abi::vmi_api_major || header.api_minor < abi::vmi_api_minor)
        return RomFault::api_version;
    if (!has_licence(image, header.licence))
        return RomFault::licence;
    if (!has_pci_header(image, header.pci))
        return RomFault::pci_header;
    return check_extension(image, header.extension, rest.size());
}

} // namespace

RomProbe probe_rom(std::span<const std::uint8_t> window) {
    RomProbe result;
    for (std::size_t offset = 0;
         offset < window.size() && window.size() - offset >= sizeof(abi::RomHeader);
         offset += abi::rom_scan_step) {
        const std::span<const std::uint8_t> rest = window.subspan(offset);
        const auto header = read<abi::RomHeader>(rest, 0);
        if (header.signature != abi::rom_signature || header.vmi != abi::vmi_signature)
            continue;
        const RomFault fault = check(rest, header);
        if (fault == RomFault::none)
            return {fault, static_cast<std::uint32_t>(offset), header.extension.vmi_init,
                    header.extension.get_reloc};
        if (result.fault == RomFault::absent) {
            result.fault = fault;
            result.offset = static_cast<std::uint32_t>(offset);
        }
    }
    return result;
}

} // namespace guest::paravirt
