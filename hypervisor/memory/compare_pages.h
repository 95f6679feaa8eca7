#pragma once
// Pages as 512 words: where two pages differ, where one is not zero. One instruction per word.

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

/// The first of the 512 words, from `slot` on, that is not 0; 512 when there is none. Each word is
/// read once.
inline std::uint32_t first_nonzero(std::uint64_t page, std::uint32_t slot) {
    constexpr std::uint64_t size = sizeof(std::uint64_t);
#ifdef LAZYHV_UNIT_TEST
    while (slot < 512 && direct_word<std::uint64_t>(page + slot * size) == 0)
        ++slot;
    return slot;
#else
    const std::uint8_t* at = direct_pointer(page + slot * size);
    std::uint64_t count = 512 - slot;
    bool equal = false;
    asm volatile("cmpq %%rcx, %%rcx\n\trepe scasq" // ZF as above
                 : "+D"(at), "+c"(count), "=@cce"(equal)
                 : "a"(std::uint64_t{0})
                 : "memory");
    return equal ? 512 : 511 - static_cast<std::uint32_t>(count);
#endif
}

/// Copies a page, each word read once.
inline void copy_page(std::uint64_t to, std::uint64_t from) {
#ifdef LAZYHV_UNIT_TEST
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t)) {
        const std::uint64_t word = direct_word<std::uint64_t>(from + offset);
        direct_word<std::uint64_t>(to + offset) = word;
    }
#else
    std::uint8_t* target = direct_pointer(to);
    const std::uint8_t* source = direct_pointer(from);
    std::uint64_t count = 512;
    asm volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(count) : : "memory");
#endif
}

/// Fills a page with zeroes.
inline void clear_page(std::uint64_t page) {
#ifdef LAZYHV_UNIT_TEST
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t))
        direct_word<std::uint64_t>(page + offset) = 0;
#else
    std::uint8_t* target = direct_pointer(page);
    std::uint64_t count = 512;
    asm volatile("rep stosq" : "+D"(target), "+c"(count) : "a"(std::uint64_t{0}) : "memory");
#endif
}

} // namespace hv
