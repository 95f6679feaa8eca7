#include "guest/kernel/paravirt/patch_site.h"

#include "guest/kernel/paravirt/call_site.h"

#include <array>
#include <cstddef>

namespace guest::paravirt {
namespace {

constexpr std::uint8_t call_opcode = 0xE8;
constexpr std::uint8_t jump_opcode = 0xE9;
constexpr std::size_t branch_length = 5;

constexpr std::size_t max_nop = 9;
constexpr std::size_t max_site = 15;

/// One instruction of each length that does nothing (Intel SDM vol. 2, NOP).
constexpr std::array<std::array<std::uint8_t, max_nop>, max_nop> nops{{
    {0x90},
    {0x66, 0x90},
    {0x0F, 0x1F, 0x00},
    {0x0F, 0x1F, 0x40, 0x00},
    {0x0F, 0x1F, 0x44, 0x00, 0x00},
    {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
    {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
}};

void fill_with_nops(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const std::size_t length = bytes.size() < max_nop ? bytes.size() : max_nop;
        for (std::size_t i = 0; i < length; ++i)
            bytes[i] = nops[length - 1][i];
        bytes = bytes.subspan(length);
    }
}

PatchFault branch(std::span<std::uint8_t> site, std::uint64_t address, std::uint8_t opcode,
                  std::uint64_t target) {
    const std::uint64_t displacement = target - (address + branch_length);
    const auto low = static_cast<std::uint32_t>(displacement);
    // The displacement must be representable in 32 bits: sign-extending the lower half gives it
    // back.
    if (static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(low))) !=
        displacement)
        return PatchFault::target_too_far;
    site[0] = opcode;
    for (std::size_t i = 0; i < sizeof(low); ++i)
        site[1 + i] = static_cast<std::uint8_t>(low >> (8 * i));
    fill_with_nops(site.subspan(branch_length));
    return PatchFault::none;
}

} // namespace

PatchFault patch_site(std::span<std::uint8_t> site, std::uint64_t address,
                      abi::Relocation relocation, std::uint64_t rom) {
    if (site.size() < min_site_length || site.size() > max_site)
        return PatchFault::site_too_short;
    switch (relocation.type) {
    case abi::RelocationType::none:
        return PatchFault::none;
    case abi::RelocationType::call_rel:
        return branch(site, address, call_opcode, rom + relocation.target);
    case abi::RelocationType::jump_rel:
        return branch(site, address, jump_opcode, rom + relocation.target);
    case abi::RelocationType::nop:
        fill_with_nops(site);
        return PatchFault::none;
    }
    return PatchFault::unknown_type;
}

} // namespace guest::paravirt
