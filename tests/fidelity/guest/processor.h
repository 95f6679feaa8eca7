#pragma once
// The privileged instructions that the kernel itself uses.

#include "tests/fidelity/guest/layout.h"

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

inline std::uint32_t read_port32(std::uint16_t port) {
    std::uint32_t value = 0;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline void write_port32(std::uint16_t port, std::uint32_t value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

inline std::uint32_t read_extended_control() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}
inline void write_extended_control(std::uint64_t value) {
    asm volatile("xsetbv" : : "a"(static_cast<std::uint32_t>(value)), "d"(0), "c"(0) : "memory");
}

inline std::uint32_t read_local_apic(std::uint64_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(local_apic + offset);
}
inline void write_local_apic(std::uint64_t offset, std::uint32_t value) {
    *reinterpret_cast<volatile std::uint32_t*>(local_apic + offset) = value;
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
