#pragma once
// Writes over a call site what each kind of relocation asks for. Pure.

#include "shared/rom_header.h"

#include <cstdint>
#include <span>

namespace guest::paravirt {

enum class PatchFault : std::uint8_t {
    none = 0,
    site_too_short, ///< below min_site_length, or longer than one instruction can be
    target_too_far, ///< beyond the reach of a 32-bit displacement
    unknown_type,   ///< not a RelocationType
};

/// Rewrites `site`, which holds the native instruction and will run at linear address `address`, as
/// `relocation` says; `rom` is the linear address of the ROM's start. If the site stays native, or
/// on any fault, `site` is unchanged.
[[nodiscard]] PatchFault patch_site(std::span<std::uint8_t> site, std::uint64_t address,
                                    abi::Relocation relocation, std::uint64_t rom);

} // namespace guest::paravirt
