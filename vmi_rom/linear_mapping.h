#pragma once
// SetLinearMapping's slots: where the ROM finds the guest-physical address of a page-table entry.

#include "vmi_rom/machine.h"

#include <cstdint>

#pragma GCC visibility push(hidden)

namespace rom {

inline constexpr std::uint32_t page_shift = 12;

/// Not an address of a page-table entry: those are multiples of 4.
inline constexpr Word not_mapped = ~Word{0};

/// The guest-physical address of a linear one, or not_mapped. To be called with interrupts off, or
/// a handler could change a mapping of which one half has been read.
[[gnu::always_inline]] inline Word physical(const abi::ControlPage& control, Word linear) {
#pragma GCC unroll 4
    for (const abi::LinearMapping& mapping : control.linear_mapping) {
        // For an address below the range the offset wraps around, to a value beyond any range.
        const Word offset = linear - static_cast<Word>(peek(mapping.linear));
        if (offset >> page_shift < static_cast<Word>(peek(mapping.pages))) [[likely]] {
            return (static_cast<Word>(peek(mapping.frame)) << page_shift) + offset;
        }
    }
    return not_mapped;
}

} // namespace rom

#pragma GCC visibility pop
