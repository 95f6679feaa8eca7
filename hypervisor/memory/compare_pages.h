#pragma once
// Where two pages of memory differ.

#include "hypervisor/memory/direct_map.h"

#include <cstdint>

namespace hv {

/// The first of the 512 words, from `slot` on, in which the pages at two physical addresses differ;
/// 512 when there is none. Each word is read once.
inline std::uint32_t first_difference(std::uint64_t left, std::uint64_t right, std::uint32_t slot) {
    constexpr std::uint64_t size = sizeof(std::uint64_t);
#ifdef LAZYHV_UNIT_TEST
    while (slot < 512 && direct_word<std::uint64_t>(left + slot * size) ==
                             direct_word<std::uint64_t>(right + slot * size))
        ++slot;
    return slot;
#else
    const std::uint8_t* from = direct_pointer(left + slot * size);
    const std::uint8_t* to = direct_pointer(right + slot * size);
    std::uint64_t count = 512 - slot;
    bool equal = false;
    // RCX = 0 leaves ZF as it was: set, by the comparison of a register with itself.
    asm volatile("cmpq %%rcx, %%rcx\n\trepe cmpsq"
                 : "+S"(from), "+D"(to), "+c"(count), "=@cce"(equal)
                 :
                 : "memory");
    return equal ? 512 : 511 - static_cast<std::uint32_t>(count);
#endif
}

} // namespace hv
