#include "hypervisor/apic/register_image.h"

#include "hypervisor/apic/command_interception.h"
#include "hypervisor/host/processor/local_apic.h"

#include <cstring>

namespace hv {

namespace {

/// Registers are words of 4 bytes, each at the beginning of 16 (SDM vol. 3, 11.4.1).
constexpr std::uint32_t register_distance = 16;

struct Range {
    std::uint32_t first;
    std::uint32_t last; ///< inclusive
};
/// What every local APIC has (table 11-1), without the write-only register EOI.
constexpr Range readable[]{{0x20, 0x30},   {0x80, 0xA0},   {0xD0, 0xF0},   {0x100, 0x280},
                           {0x300, 0x310}, {0x320, 0x370}, {0x380, 0x390}, {0x3E0, 0x3E0}};

std::uint32_t word(const std::array<std::uint8_t, page_size>& bytes, std::uint32_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes[offset], sizeof(value));
    return value;
}

} // namespace

void take_apic_image(PageImage& image) {
    image.before.fill(0);
    for (const Range range : readable) {
        for (std::uint32_t offset = range.first; offset <= range.last;
             offset += register_distance) {
            const std::uint32_t value = cpu::read_xapic(offset);
            std::memcpy(&image.before[offset], &value, sizeof(value));
        }
    }
    image.now = image.before;
}

abi::Error apply_apic_image(Vcpu& vcpu, const PageImage& image, std::uint32_t offset) {
    for (std::uint32_t other = 0; other < page_size; other += sizeof(std::uint32_t))
        if (other != offset && word(image.now, other) != word(image.before, other))
            return abi::Error::bad_value;
    write_xapic(vcpu, offset, word(image.now, offset));
    return abi::Error::none;
}

} // namespace hv
