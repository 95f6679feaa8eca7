#pragma once
// The privileged instructions that the kernel itself uses.

#include <cstdint>

namespace fidelity {

template <int Number>
std::uint64_t read_control_register() {
    std::uint64_t value = 0;
    asm volatile("movq %%cr%c1, %0" : "=r"(value) : "i"(Number) : "memory");
    return value;
}
template <int Number>
void write_control_register(std::uint64_t value) {
    asm volatile("movq %0, %%cr%c1" : : "r"(value), "i"(Number) : "memory");
}
template <int Number>
std::uint64_t read_debug_register() {
    std::uint64_t value = 0;
    asm volatile("movq %%db%c1, %0" : "=r"(value) : "i"(Number) : "memory");
    return value;
}
template <int Number>
void write_debug_register(std::uint64_t value) {
    asm volatile("movq %0, %%db%c1" : : "r"(value), "i"(Number) : "memory");
}

inline std::uint64_t read_msr(std::uint32_t number) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return std::uint64_t{high} << 32 | low;
}
inline void write_msr(std::uint32_t number, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(number), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

struct CpuidResult {
    std::uint32_t eax, ebx, ecx, edx;
};
inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidResult result{};
    asm volatile("cpuid"
                 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                 : "a"(leaf), "c"(subleaf));
    return result;
}

} // namespace fidelity
