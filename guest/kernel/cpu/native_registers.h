#pragma once
// What the control registers themselves say, read by the instruction and not through the ROM.

#include <cstdint>

namespace guest::native {

inline std::uint64_t read_cr0() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr0, %0" : "=r"(value));
    return value;
}
inline std::uint64_t read_cr3() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}
inline std::uint64_t read_cr4() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

} // namespace guest::native
